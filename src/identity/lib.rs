//! From certificate and token to a caller.
//!
//! **For**: saying who calls, and proving it. **Doors**: [`Certificates`] (presented chain →
//! partner, asked on every request), [`AccessTokens`] (token → verified facts, cached), [`Proofs`]
//! (DPoP proof → key, once), [`binding`] (token ↔ certificate, key), [`Caller`]; [`identify()`],
//! which is all of these in their order, for whatever takes access tokens; [`details()`], what a
//! token says in detail; [`Consents`], what a token's consent covers, and [`Ending`], by which
//! consents end; [`Operators`] for whoever runs the gateway; [`fuzz_proof`] for fuzzers.
//! **How a value goes through**: a `PresentedChain` of the edge becomes a [`Verdict`] under a
//! bank's [`Trust`]; a token's text becomes an [`AccessToken`] under the bank's [`Issuer`]; a
//! `DPoP` header becomes a [`Proved`] key; these and their binding become a [`Caller`], which
//! cannot be made otherwise. [`Rehearsal`]
//! shows a trust store every kind of certificate, under an authority of its own. **Absent on
//! purpose**: sockets, HTTP's answers, stores, and agreements: who may do what is decided in
//! `gateway`. Which proofs were used is remembered in memory alone: after a start a nonce is
//! demanded until that does not matter.
//!
//! Attacks stopped here: a certificate of another CA, expired, revoked or meant for servers; a
//! revocation list that is too old to be believed; a token of another issuer or audience, signed
//! with another algorithm or key, expired; a stolen token shown with another certificate
//! (RFC 8705 §3) or without its key (RFC 9449); a proof used twice, or for another request; another
//! partner's token shown with one's own certificate; a certificate that passes for two partners; a
//! chain that takes more time to judge than there is.

mod access_token;
mod binding;
mod caller;
mod certificate;
mod consents;
mod dpop;
mod ending;
mod identify;
mod known_by;
mod metrics;
mod operators;
mod refused;
mod rehearsal;
mod revoked;
mod trust;

#[cfg(test)]
mod test_house;

pub use access_token::{
    AccessToken, AccessTokens, Confirmation, Issuer, IssuerKeys, Issuers, KeyTime, OnBehalf,
    TOKEN_BYTES_MAX,
};
pub use binding::{Bound, binding};
pub use caller::Caller;
pub use certificate::{Certificates, Verdict, VouchedBy};
pub use consents::{Access, AccessTo, ConsentBook, Consents, LiveConsent, Looked, Spent};
pub use dpop::{BankProofs, Good, Nonces, ProofFor, Proofs, Proved, fuzz_proof};
pub use ending::{End, Ending};
pub use identify::{
    Judges, Knock, Place, TokenDetails, Witness, details, identify, names_dpop, not_ended,
};
pub use known_by::KnownBy;
pub use operators::{Operators, Outsiders};
pub use rehearsal::{CannotRehearse, Rehearsal, Shown};
pub use revoked::{Moment, Revoked};
pub use trust::{BadTrust, BankTrust, Revocation, Trust, Trusts};
