//! A pushed authorization request (RFC 9126): checked whole, kept under a reference that nobody
//! guesses, and told to its client alone.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Serialize;

use model::Response;
use model::ports::{Push, PushedRequest, Receipt};

use crate::Ports;
use crate::denied::{Denied, RequestProblem};
use crate::issuer::Issuer;
use crate::issuer::limits::{REQUEST_BYTES_MAX, SECRET_BYTES};
use crate::request::{AuthorizationRequest, to_store};
use crate::step::request_object::Once;
use crate::step::scope::consent::Askable;
use crate::step::standing::InGoodStanding;

/// What every reference begins with (RFC 9126 §2.2).
pub(crate) const URN: &str = "urn:ietf:params:oauth:request_uri:";

/// A request that is kept, and not yet told of.
pub(crate) struct Pushed {
    request_uri: String,
    /// In seconds.
    expires_in: u64,
}

#[derive(Serialize)]
struct Document<'a> {
    request_uri: &'a str,
    expires_in: u64,
}

/// Keeps a checked request.
pub(crate) async fn push(
    issuer: &Issuer,
    ports: &Ports,
    client: &InGoodStanding<'_>,
    (request, _, _): (&AuthorizationRequest, Askable, Once),
    now: Timestamp,
) -> Result<Pushed, Denied> {
    let request = to_store(request);
    if request.len() > REQUEST_BYTES_MAX {
        return Err(Denied::Request(RequestProblem::TooLong));
    }
    // 256 bits (L-07).
    let reference = crypto::random_array::<SECRET_BYTES>(ports.random.as_ref());
    let request_uri = format!("{URN}{}", crypto::base64url(&reference));
    let lifetime = issuer.profile.request_uri_lifetime;
    let kept = PushedRequest {
        digest: crypto::sha256(request_uri.as_bytes()),
        client: client.client().id().clone(),
        request,
        expires: now.checked_add(lifetime).unwrap_or(now),
    };
    match ports.grants.push(&issuer.bank, kept, now).await {
        Ok(Push::Kept) => Ok(Pushed {
            request_uri,
            expires_in: lifetime.as_secs(),
        }),
        Ok(Push::Full) => Err(Denied::Request(RequestProblem::TooMany)),
        Err(unavailable) => Err(Denied::Store(unavailable)),
    }
}

impl Pushed {
    /// The answer (RFC 9126 §2.2; PA-05).
    pub(crate) fn into_response(self, _evidence: Receipt) -> Response {
        let document = Document {
            request_uri: &self.request_uri,
            expires_in: self.expires_in,
        };
        let mut response = web::json(StatusCode::CREATED, &document);
        let uncached = HeaderValue::from_static("no-cache, no-store");
        response.headers_mut().insert(CACHE_CONTROL, uncached);
        response
    }
}
