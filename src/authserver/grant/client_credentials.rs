//! Grant: a client's own access (RFC 6749 §4.4). No refresh token and no ID token (TK-07).

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use model::Response;
use model::ports::Receipt;

use crate::Ports;
use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::certificate::Binding;
use crate::step::scope::Granted;
use crate::step::standing::InGoodStanding;
use crate::token::access::{self, AccessToken};

/// A token that has been made and not yet told to anybody.
pub(crate) struct Issued {
    token: AccessToken,
    scope: String,
}

/// The answer (RFC 6749 §5.1; TK-01, TK-06).
#[derive(Serialize)]
struct Document<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: u64,
    scope: &'a str,
}

/// Issues a token: only to a client in good standing, only bound, only for granted scopes.
pub(crate) fn issue(
    issuer: &Issuer,
    ports: &Ports,
    client: &InGoodStanding<'_>,
    binding: &Binding,
    granted: &Granted,
    now: Timestamp,
) -> Result<Issued, Denied> {
    let token = access::make(
        issuer,
        client.client().id(),
        granted.scopes(),
        binding.thumbprint(),
        now,
        ports.random.as_ref(),
    )
    .map_err(Denied::Signing)?;
    Ok(Issued {
        token,
        scope: granted.scopes().to_string(),
    })
}

impl Issued {
    /// The scopes granted.
    pub(crate) fn scope(&self) -> &str {
        &self.scope
    }

    /// SHA-256 of the token's `jti`.
    pub(crate) fn jti_digest(&self) -> [u8; 32] {
        self.token.jti_digest
    }

    /// The answer. The receipt is the only way to it: no token without evidence (P4).
    pub(crate) fn into_response(self, _evidence: Receipt) -> Response {
        let document = Document {
            access_token: &self.token.text,
            token_type: "Bearer",
            expires_in: self.token.expires_in,
            scope: &self.scope,
        };
        let mut response = web::json(StatusCode::OK, &document);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
