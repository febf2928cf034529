//! Step: who asks (RFC 6749 §2.3; CA-01 to CA-08). The registered method, and no other:
//! `private_key_jwt`, or a certificate of the connection.

pub(crate) mod private_key_jwt;
mod tls_client_auth;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;

use model::{ClientId, Connection, PartnerId};

use self::private_key_jwt::Assertion;
use crate::Ports;
use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::registered::Registered;
use crate::step::form::Parameters;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who proved to hold the registered key; what it proved that with is not used up yet.
pub(crate) struct Proved<'a> {
    who: Registered<'a>,
    assertion: Option<Assertion>,
}

impl<'a> Proved<'a> {
    /// The name it is registered under.
    pub(crate) fn id(&self) -> &'a ClientId {
        self.who.id()
    }

    /// The partner it belongs to; none for a service of the bank's own.
    pub(crate) fn partner(&self) -> Option<&'a PartnerId> {
        match self.who {
            Registered::Client(client) => Some(&client.settings().partner),
            Registered::Server(_) => None,
        }
    }

    /// What is registered.
    pub(crate) fn who(&self) -> Registered<'a> {
        self.who
    }

    /// The assertion it proved itself with; `None` when that was its certificate, whose key the
    /// handshake used.
    pub(crate) fn assertion(&self) -> Option<&Assertion> {
        self.assertion.as_ref()
    }
}

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

/// Finds the client and verifies that it made the assertion, or holds the certificate's key.
/// Nothing is used up yet. A certificate beside an assertion is no second method: the token is
/// bound to it (CA-03).
pub(crate) fn check<'a>(
    issuer: &'a Issuer,
    ports: &Ports,
    connection: &Connection,
    now: Timestamp,
    scheme: Option<&'static str>,
    form: &Parameters,
) -> Result<Proved<'a>, Denied> {
    let Some(text) = form.get("client_assertion") else {
        // CA-01, CA-04: a secret is no method here, and a name alone proves nothing.
        let has_secret = form.get("client_secret").is_some() || scheme.is_some();
        let named = form.get("client_id").filter(|_| !has_secret);
        let (Some(client_id), Some(chain)) = (named, &connection.chain) else {
            return Err(Denied::NoAssertion { scheme });
        };
        let who = tls_client_auth::verify(issuer, ports, client_id, chain, now)?;
        return Ok(Proved {
            who,
            assertion: None,
        });
    };
    if form.get("client_secret").is_some() || scheme.is_some() {
        return Err(Denied::SeveralMethods); // CA-03
    }
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(Denied::AssertionType); // PK-01
    }
    let (who, assertion) = private_key_jwt::verify(issuer, text, now)?;
    Ok(Proved {
        who,
        assertion: Some(assertion),
    })
}
