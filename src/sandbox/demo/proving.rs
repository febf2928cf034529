//! Who asks: how a demo app proves itself to the bank, and binds its tokens to itself.

use std::fmt;

use crypto::{Random, SigningKey, base64url, random_array, sha256};
use http::Method;
use jiff::Timestamp;
use serde::Serialize;

use super::trouble::Trouble;

/// How long an assertion is good, in seconds.
const ASSERTION_LIFETIME_S: i64 = 60;
/// What kind of assertion it is (RFC 7523 §2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How an app proves itself to the token endpoint and its kin, and what its tokens are bound to.
/// Connections show its certificate in both cases.
pub enum DemoProof {
    /// By an assertion signed with this key (`private_key_jwt`, RFC 7523); tokens are bound to the
    /// certificate (RFC 8705 §3).
    Assertion(SigningKey),
    /// By the certificate (`tls_client_auth`, RFC 8705 §2.1); tokens are bound to this key, whose
    /// public part the bank need not know before (DPoP, RFC 9449).
    Certificate(SigningKey),
}

/// What a DPoP proof is for.
pub(super) struct Proven<'a> {
    pub(super) method: &'a Method,
    /// The URL without query and fragment.
    pub(super) url: &'a str,
    /// The access token that goes along, to an API.
    pub(super) token: Option<&'a str>,
    /// What the server wants to see in it (RFC 9449 §8).
    pub(super) nonce: Option<&'a str>,
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

#[derive(Serialize)]
struct DpopClaims<'a> {
    jti: String,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<&'a str>,
}

impl DemoProof {
    /// The parameters of a form that prove the client, beside its `client_id`.
    pub(super) fn parameters(
        &self,
        client: &str,
        issuer: &str,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Vec<(&'static str, String)>, Trouble> {
        let Self::Assertion(key) = self else {
            return Ok(Vec::new());
        };
        let iat = now.as_second();
        let assertion = Assertion {
            iss: client,
            sub: client,
            aud: issuer,
            iat,
            exp: iat.saturating_add(ASSERTION_LIFETIME_S),
            jti: base64url(&random_array::<16>(random)),
        };
        // A key that was read signs.
        let signed = key.sign("JWT", &assertion).or(Err(Trouble::Unreadable))?;
        Ok(vec![
            ("client_assertion_type", ASSERTION_TYPE.to_owned()),
            ("client_assertion", signed),
        ])
    }

    /// The header `DPoP` (RFC 9449 §4.2), where tokens are bound to a key.
    pub(super) fn header(
        &self,
        proven: &Proven<'_>,
        now: Timestamp,
        random: &dyn Random,
    ) -> Result<Option<String>, Trouble> {
        let Self::Certificate(key) = self else {
            return Ok(None);
        };
        let claims = DpopClaims {
            jti: base64url(&random_array::<16>(random)),
            htm: proven.method.as_str(),
            htu: proven.url,
            iat: now.as_second(),
            ath: proven
                .token
                .map(|token| base64url(&sha256(token.as_bytes()))),
            nonce: proven.nonce,
        };
        let signed = key.sign_as_key("dpop+jwt", &claims);
        signed.map(Some).or(Err(Trouble::Unreadable))
    }

    /// The thumbprint of the key that tokens are to be bound to: `dpop_jkt` (RFC 9449 §10).
    pub(super) fn thumbprint(&self) -> Option<String> {
        match self {
            Self::Assertion(_) => None,
            Self::Certificate(key) => Some(key.verification_key().thumbprint().to_owned()),
        }
    }

    /// The scheme that tokens are sent under (RFC 6750 §2.1, RFC 9449 §7.1).
    pub(super) const fn scheme(&self) -> &'static str {
        match self {
            Self::Assertion(_) => "Bearer",
            Self::Certificate(_) => "DPoP",
        }
    }
}

impl fmt::Debug for DemoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Assertion(_) => "Assertion",
            Self::Certificate(_) => "Certificate",
        })
    }
}
