//! The ID token (OIDC Core §2; OC-01): who logged in, told to one client. It says what was asked
//! for and no more: no personal data beside the `sub` that this client alone knows.

use jiff::Timestamp;
use serde::Serialize;

use crypto::SignFailed;
use model::ClientId;

use crate::issuer::Issuer;
use crate::token::access::AccessToken;

/// Its type. An access token has another, so that neither passes for the other.
pub(crate) const TYP: &str = "JWT";

/// What it says, and to whom.
pub(crate) struct Says<'a> {
    /// The client.
    pub(crate) client: &'a ClientId,
    /// The customer, as the client's partner knows them.
    pub(crate) sub: &'a str,
    /// As the request had it; none in a token by refresh (OIDC Core §12.2).
    pub(crate) nonce: Option<&'a str>,
    /// When the customer logged in, in Unix seconds, where that was asked for.
    pub(crate) auth_time: Option<i64>,
    /// How strongly, where that was asked for.
    pub(crate) acr: Option<&'a str>,
    /// The id of the consent, where that was asked for.
    pub(crate) openbanking_intent_id: Option<&'a str>,
    /// The access token that goes with it, and whose end is its end.
    pub(crate) access: &'a AccessToken,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    openbanking_intent_id: Option<&'a str>,
    at_hash: String,
}

/// Makes an ID token, signed as access tokens are.
pub(crate) fn make(issuer: &Issuer, says: &Says<'_>, now: Timestamp) -> Result<String, SignFailed> {
    let signer = issuer.ring.signer(now);
    let iat = now.as_second();
    let claims = Claims {
        iss: &issuer.identifier,
        sub: says.sub,
        aud: says.client.as_str(),
        iat,
        exp: iat.saturating_add_unsigned(says.access.expires_in),
        nonce: says.nonce,
        auth_time: says.auth_time,
        acr: says.acr,
        openbanking_intent_id: says.openbanking_intent_id,
        at_hash: crypto::half_hash(signer.algorithm(), says.access.text.as_bytes()),
    };
    signer.sign(TYP, &claims)
}
