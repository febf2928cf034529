//! JSON answers.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use model::Response;

/// An answer with a JSON body (RFC 8259, UTF-8).
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    typed(status, HeaderValue::from_static("application/json"), value)
}

pub(crate) fn typed(status: StatusCode, kind: HeaderValue, value: &impl Serialize) -> Response {
    let bytes = serde_json::to_vec(value).unwrap_or_default();
    let length = HeaderValue::from(bytes.len());
    let mut response = Response::new(model::full(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response
}
