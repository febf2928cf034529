//! From certificate and token to a caller.
//!
//! **For**: saying who calls, and proving it. **Doors**: [`Certificates`] (presented chain →
//! partner, asked on every request), [`AccessTokens`] (bearer token → verified facts, cached),
//! [`binding`] (token ↔ certificate), [`Caller`]; [`Operators`] for whoever runs the gateway.
//! **How a value goes through**: a `PresentedChain` of the edge becomes a [`Verdict`] under a
//! bank's [`Trust`]; a token's text becomes an [`AccessToken`] under the bank's [`Issuer`]; both
//! and their binding become a [`Caller`], which cannot be made otherwise. [`Rehearsal`] shows a
//! trust store every kind of certificate, under an authority of its own. **Absent on purpose**:
//! sockets, HTTP, stores, and agreements: who may do what is decided in `gateway`.
//!
//! Attacks stopped here: a certificate of another CA, expired, revoked or meant for servers; a
//! revocation list that is too old to be believed; a token of another issuer or audience, signed
//! with another algorithm or key, expired; a stolen token shown with another certificate
//! (RFC 8705 §3); another partner's token shown with one's own certificate; a certificate that
//! passes for two partners; a chain that takes more time to judge than there is.

mod access_token;
mod binding;
mod caller;
mod certificate;
mod known_by;
mod metrics;
mod operators;
mod refused;
mod rehearsal;
mod trust;

#[cfg(test)]
mod test_house;

pub use access_token::{AccessToken, AccessTokens, Issuer, IssuerKeys, Issuers, KeyTime};
pub use binding::{Bound, binding};
pub use caller::Caller;
pub use certificate::{Certificates, Verdict};
pub use known_by::KnownBy;
pub use operators::{Operators, Outsiders};
pub use rehearsal::{CannotRehearse, Rehearsal, Shown};
pub use trust::{BadTrust, BankTrust, Revocation, Trust, Trusts};
