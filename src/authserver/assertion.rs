//! The client's side of `private_key_jwt`: a fresh assertion, for the command line.

use jiff::Timestamp;
use serde::Serialize;

use crypto::{Random, SignFailed, SigningKey};
use model::ClientId;

/// How long an assertion lives, in seconds.
const LIFETIME_S: i64 = 60;

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
}

/// Makes a client assertion (RFC 7523 §2.2) that lives for 60 seconds and is good once: `aud` is
/// the issuer's identifier as a string (FAPI 2.0 §5.3.2.1; PK-03), `jti` has 128 random bits.
/// Fails when the key cannot sign.
pub fn assertion(
    client: &ClientId,
    issuer: &str,
    key: &SigningKey,
    now: Timestamp,
    random: &dyn Random,
) -> Result<String, SignFailed> {
    let iat = now.as_second();
    let claims = Claims {
        iss: client.as_str(),
        sub: client.as_str(),
        aud: issuer,
        iat,
        exp: iat.saturating_add(LIFETIME_S),
        jti: crypto::base64url(&crypto::random_array::<16>(random)),
    };
    key.sign("JWT", &claims)
}
