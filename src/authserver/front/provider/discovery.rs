//! What a provider publishes of itself: its metadata (OpenID Connect Discovery §3) and its keys.

use http::Uri;
use http::uri::Scheme;
use oauth2::{AuthUrl, RedirectUrl, TokenUrl};
use serde::Deserialize;
use serde_json::Value;

use crypto::{Jwks, VerificationKey};

use super::client::{Oauth, oauth};
use super::{ProviderFailed, ProviderSettings};

pub(super) const DOING: &str = "reading the provider's metadata";
pub(super) const DOING_KEYS: &str = "reading the provider's keys";

/// The most keys of a provider that are looked at.
const KEYS_MAX: usize = 50;

/// What is known of a provider.
pub(super) struct Discovered {
    /// Knows its authorization and its token endpoint.
    pub(super) client: Oauth,
    pub(super) jwks_uri: String,
    /// Whether its answers say who it is (RFC 9207 §3).
    pub(super) says_iss: bool,
    /// Whether it takes the parameter `claims` (OpenID Connect Core §5.5).
    pub(super) takes_claims: bool,
}

/// A member that stands twice is an error.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    #[serde(default)]
    claims_parameter_supported: bool,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// Reads the metadata of the provider of these settings, and of no other (Discovery §4.3).
pub(super) fn read(
    bytes: &[u8],
    settings: &ProviderSettings,
) -> Result<Discovered, ProviderFailed> {
    let unfit = |rule| ProviderFailed::Unfit { doing: DOING, rule };
    let document: Document = serde_json::from_slice(bytes)
        .map_err(|_| unfit("it must be a JSON object with the members of OpenID Discovery"))?;
    if document.issuer != settings.issuer {
        return Err(unfit("its issuer must be the one that was asked"));
    }
    for url in [
        &document.authorization_endpoint,
        &document.token_endpoint,
        &document.jwks_uri,
    ] {
        if !is_web_address(url) {
            return Err(unfit("its endpoints must be https, without fragments"));
        }
    }
    let no_url = |_| unfit("its endpoints must be URLs");
    let client = oauth(
        settings.client_id.as_str(),
        AuthUrl::new(document.authorization_endpoint).map_err(no_url)?,
        TokenUrl::new(document.token_endpoint).map_err(no_url)?,
        RedirectUrl::new(settings.redirect_uri.clone()).map_err(no_url)?,
    );
    Ok(Discovered {
        client,
        jwks_uri: document.jwks_uri,
        says_iss: document.authorization_response_iss_parameter_supported,
        takes_claims: document.claims_parameter_supported,
    })
}

/// `https`, with a host and without user information and fragment.
fn is_web_address(url: &str) -> bool {
    let parsed: Option<Uri> = url.parse().ok();
    let parsed = parsed.filter(|uri| uri.scheme() == Some(&Scheme::HTTPS));
    let authority = parsed.as_ref().and_then(Uri::authority);
    authority.is_some_and(|authority| !authority.as_str().contains('@')) && !url.contains('#')
}

/// Reads the provider's keys. Those that no ID token of ours may be signed with are passed over:
/// providers publish theirs for all whom they serve (C-01, C-06).
pub(super) fn keys(bytes: &[u8]) -> Result<Jwks, ProviderFailed> {
    let unfit = |rule| ProviderFailed::Unfit {
        doing: DOING_KEYS,
        rule,
    };
    let set: KeySet =
        serde_json::from_slice(bytes).map_err(|_| unfit("they must be a JWK set (RFC 7517)"))?;
    if set.keys.len() > KEYS_MAX {
        return Err(unfit("there must be at most 50"));
    }
    let keys = set.keys.iter();
    let keys: Vec<_> = keys
        .filter_map(|key| VerificationKey::from_jwk(key).ok())
        .collect();
    if keys.is_empty() {
        return Err(unfit("there must be one for PS256, ES256 or EdDSA"));
    }
    Ok(Jwks::from_keys(keys))
}
