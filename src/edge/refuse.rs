//! What the edge itself answers: a request that is not HTTP as we read it never reaches a handler.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap};
use http::{HeaderValue, StatusCode};
use model::{InteractionId, Refusal, Response};

const INTERACTION_ID: &str = "x-fapi-interaction-id";

/// A rule of HTTP that a request breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Breach {
    /// The status that says it.
    pub(crate) status: StatusCode,
    /// What is wrong, and what would be right. No quotes or backslashes: it is set into JSON.
    pub(crate) what: &'static str,
}

/// Answers a breach with a problem document (RFC 9457), echoing the interaction id where the
/// partner sent a fit one.
pub(crate) fn refuse(breach: Breach, request_headers: &HeaderMap) -> Response {
    let Breach { status, what } = breach;
    let code = Refusal::MalformedRequest { what }.code();
    let body = format!(
        r#"{{"type":"about:blank","title":"{}","status":{},"code":"{}","detail":"{what}"}}"#,
        status.canonical_reason().unwrap_or("Refused"),
        status.as_u16(),
        code.as_str(),
    );
    let mut answer = Response::new(model::full(body));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let sent = request_headers.get(INTERACTION_ID);
    if let Some(value) = sent.filter(|value| is_interaction_id(value)) {
        headers.insert(INTERACTION_ID, value.clone());
    }
    answer
}

fn is_interaction_id(value: &HeaderValue) -> bool {
    value
        .to_str()
        .is_ok_and(|text| InteractionId::parse(text).is_some())
}
