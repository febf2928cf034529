//! The access token: a JWT of the type `at+jwt` (RFC 9068), bound to a certificate (RFC 8705 §3.1;
//! AT-01, MT-04).

use jiff::Timestamp;
use serde::Serialize;

use crypto::{Random, SignFailed};
use model::{ClientId, ScopeSet};

use crate::issuer::Issuer;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    /// The client itself: nobody else is acting (RFC 9068 §2.2). Customers' subjects come from
    /// another space, so that no client passes for one (RFC 9700 §4.15).
    sub: &'a str,
    aud: Audience<'a>,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    scope: String,
    cnf: Confirmation,
}

/// One audience is a string, several are an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
}

#[derive(Serialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256")]
    certificate: String,
}

/// A signed access token, on its way to evidence and only then to the client.
pub(crate) struct AccessToken {
    /// The compact JWS. Never logged.
    pub(crate) text: String,
    /// How long it lives, in seconds.
    pub(crate) expires_in: u64,
    /// SHA-256 of its `jti`, for the record.
    pub(crate) jti_digest: [u8; 32],
}

/// Makes a token for a client's own access, bound to the certificate with this SHA-256.
pub(crate) fn make(
    issuer: &Issuer,
    client: &ClientId,
    scope: &ScopeSet,
    certificate: &[u8; 32],
    now: Timestamp,
    random: &dyn Random,
) -> Result<AccessToken, SignFailed> {
    // 128 bits: nobody guesses one that is in use (L-08).
    let jti = crypto::base64url(&crypto::random_array::<16>(random));
    let expires_in = issuer.access_token_lifetime.as_secs();
    let iat = now.as_second();
    let claims = Claims {
        iss: &issuer.identifier,
        sub: client.as_str(),
        aud: match issuer.audience.as_slice() {
            [one] => Audience::One(one),
            several => Audience::Several(several),
        },
        client_id: client.as_str(),
        iat,
        exp: iat.saturating_add_unsigned(expires_in),
        jti: &jti,
        scope: scope.to_string(),
        cnf: Confirmation {
            certificate: crypto::base64url(certificate),
        },
    };
    Ok(AccessToken {
        text: issuer.ring.signer(now).sign("at+jwt", &claims)?,
        expires_in,
        jti_digest: crypto::sha256(jti.as_bytes()),
    })
}
