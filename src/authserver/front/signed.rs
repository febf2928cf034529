//! A signed authorization response (JARM §2.1; JM-01 to JM-03). **Stops**: a response that is
//! changed on its way, that another server made, or that was meant for another client.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crypto::SignFailed;
use model::ClientId;

use crate::issuer::Issuer;

/// The JWT that holds these parameters for this client, signed with the key of the issuer's tokens.
/// An ID token has the same `typ`; what each demands the other lacks: this one has no `sub`, and
/// no other JWT of ours has a `code` or an `error`. `iss` is in it, and so not beside it (RFC 9207
/// §2.4).
pub(super) fn response<'p>(
    issuer: &Issuer,
    client: &ClientId,
    parameters: impl Iterator<Item = (&'p str, &'p str)>,
    now: Timestamp,
) -> Result<String, SignFailed> {
    let lifetime = issuer.profile.response_lifetime.as_secs();
    let exp = now.as_second().saturating_add_unsigned(lifetime);
    let mut claims: Map<String, Value> = parameters
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    claims.insert("iss".to_owned(), issuer.identifier.as_str().into());
    claims.insert("aud".to_owned(), client.as_str().into());
    claims.insert("exp".to_owned(), exp.into());
    issuer.ring.signer(now).sign("JWT", &claims)
}
