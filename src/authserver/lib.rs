//! The authorization server: read `endpoints.rs` first, it lists every endpoint and its steps.
//!
//! **For**: giving partners' clients sender-constrained access tokens (RFC 6749, RFC 9068,
//! RFC 8705, RFC 9449) under the FAPI 2.0 Security Profile, with Message Signing where a bank wants
//! it, and publishing what they need to know.
//! **Doors**: [`AuthServer::open`] with one [`IssuerSettings`] per bank, or [`Elsewhere`] for one
//! that has an authorization server of its own; [`AuthServer::answer`] for an [`Endpoint`];
//! [`AuthServer::keys`] for the road; [`AuthServer::change_keys`] for whoever rotates them;
//! [`AuthServer::fetch_keys`] at a start, so that [`PublishedKeys`] are there before they are
//! needed; [`well_known_path`]; [`Profile`]; [`assertion`] for the command line; [`DetailSchema`]
//! for whoever reads the file; [`fuzz_assertion`], [`fuzz_authorization_details`],
//! [`fuzz_claims`], [`fuzz_provider`] and [`fuzz_request_object`] for fuzzers.
//!
//! **How a value goes through**: a form becomes an authenticated client (its key, its `jti` used
//! once), a client in good standing; with a certificate of the same partner or a proved key, and
//! granted scopes, or a code or refresh token of its own, these make a token, and only the log's
//! receipt lets it out. A customer comes by a pushed request, signed or not, logs in at the bank
//! (by our page and a service of its, or at its own OpenID provider), and approves or not, at the
//! bank's consent desk where it has one: that is one change in the store, with its event and its
//! consent. Whoever has a token for it may ask who the customer is. What is refused becomes one of
//! `denied::Denied`, or a page, and is put into words once.
//!
//! **Absent on purpose**: shared client secrets, bearer tokens that are bound to nothing, refresh
//! tokens for clients' own access, sockets, SQL, the log's format, scripts on pages.
//!
//! Attacks stopped here: a replayed assertion (single-use `jti`); an assertion made for another
//! server (`aud` is our issuer and nothing else); a token type passed off as an assertion
//! (`typ`); a weaker algorithm (the registered key decides); a token asked for with somebody
//! else's certificate; a proof of another request, or a second time; a code redeemed without the
//! key it is bound to; asking which clients exist (same answer and same work for unknown clients
//! and wrong keys); keys fetched from wherever somebody says (one URL a client, of a listed host,
//! bounded); sealed keys swapped between banks or key ids in the store (bound as AAD).

mod assertion;
mod denied;
mod endpoints;
mod evidence;
mod front;
mod grant;
mod issuer;
mod jwks;
mod keys;
mod metadata;
mod metrics;
mod oauth_error;
mod page;
mod request;
mod server;
mod settings;
mod step;
#[cfg(test)]
mod test_house;
mod token;

pub use assertion::assertion;
pub use endpoints::Endpoint;
pub use front::provider::{OpenIdProvider, ProviderSettings, ShownClaim, fuzz_provider};
pub use front::tries::WrongLogIns;
pub use issuer::agreement::Agreement;
pub use issuer::profile::{FAPI2, FAPI2_MESSAGE_SIGNING, Profile, ResponseMode};
pub use issuer::published::PublishedKeys;
pub use keys::distrust::Distrusted;
pub use keys::rotation::{KeyChange, RingKey, Unchanged};
pub use metadata::{openid_path, well_known_path};
pub use page::try_pages;
pub use request::details::fuzz_authorization_details;
pub use request::details::schema::titles::MemberTitle;
pub use request::details::schema::{BadDetailSchema, DetailSchema};
pub use server::AuthServer;
pub use settings::{
    Authorization, BoundBy, ClientAuthentication, ClientSettings, Customers, DetailSettings,
    Elsewhere, IssuerSettings, Ports, ResourceServer, Userinfo,
};
pub use step::client_authentication::private_key_jwt::fuzz_assertion;
pub use step::openid::fuzz_claims;
pub use step::request_object::fuzz_request_object;
