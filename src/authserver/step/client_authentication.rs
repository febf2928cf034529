//! Step: who asks (RFC 6749 §2.3; CA-01 to CA-08). One method: `private_key_jwt`.

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::form::Parameters;
use crate::step::private_key_jwt::{self, Proved};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The challenge that answers an `Authorization` header, if there was one: in its own scheme
/// (RFC 6749 §5.2), from a closed list so that nothing of the header is repeated.
pub(crate) fn scheme(headers: &HeaderMap) -> Option<&'static str> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let word = value.split(|b| *b == b' ').next().unwrap_or_default();
    Some(if word.eq_ignore_ascii_case(b"bearer") {
        "Bearer realm=\"token\""
    } else if word.eq_ignore_ascii_case(b"dpop") {
        "DPoP realm=\"token\""
    } else {
        "Basic realm=\"token\""
    })
}

/// Finds the client and verifies that it made the assertion. Nothing is used up yet.
pub(crate) fn check<'a>(
    issuer: &'a Issuer,
    now: Timestamp,
    scheme: Option<&'static str>,
    form: &Parameters,
) -> Result<Proved<'a>, Denied> {
    let Some(assertion) = form.client_assertion.as_deref() else {
        // CA-01, CA-04: neither a secret nor a certificate alone is a method here.
        return Err(Denied::NoAssertion { scheme });
    };
    if form.client_secret.is_some() || scheme.is_some() {
        return Err(Denied::SeveralMethods); // CA-03
    }
    if form.client_assertion_type.as_deref() != Some(ASSERTION_TYPE) {
        return Err(Denied::AssertionType); // PK-01
    }
    private_key_jwt::verify(issuer, assertion, now)
}
