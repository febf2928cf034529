//! The ID token (OIDC Core §2; OC-01): who logged in, told to one client. It says what was asked
//! for and no more: no personal data beside the `sub` that this client alone knows.

use jiff::Timestamp;
use serde::Serialize;

use crypto::{Algorithm, SignFailed};
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
        at_hash: at_hash(signer.algorithm(), &says.access.text),
    };
    signer.sign(TYP, &claims)
}

/// The left half of the access token's hash (OIDC Core §3.1.3.6), by the hash of the signature's
/// algorithm (RFC 7518 §3.1, RFC 8032 §5.1).
fn at_hash(algorithm: Algorithm, access_token: &str) -> String {
    let token = access_token.as_bytes();
    match algorithm {
        Algorithm::Ps256 | Algorithm::Es256 => left_half(&crypto::sha256(token)),
        Algorithm::EdDsa => left_half(&crypto::sha512(token)),
    }
}

fn left_half(digest: &[u8]) -> String {
    let (left, _) = digest.split_at(digest.len() / 2);
    crypto::base64url(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oc_01_the_access_tokens_hash_is_that_of_the_specification() {
        // OIDC Core §A.3's access token and its at_hash.
        let token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
        let expected = "77QmUPtjPfzWtF2AnpK9RQ";
        assert_eq!(at_hash(Algorithm::Es256, token), expected);
        assert_eq!(at_hash(Algorithm::Ps256, token), expected);
        // Of SHA-512 ("abc"), FIPS 180-4's example, the first 32 bytes.
        let abc = "3a81oZNherrMQXNJriBBMRLm-k6JqX6iCp7u5ktV05o";
        assert_eq!(at_hash(Algorithm::EdDsa, "abc"), abc);
    }
}
