//! Bodies of requests: JSON objects of a few lines, read whole.

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::{BodyExt, Limited};
use serde::de::DeserializeOwned;

use model::MessageBody;

use super::refused::Refused;

/// The longest body that is read, in bytes.
pub(super) const BYTES_MAX: usize = 16 * 1024;

/// Reads the body of a request with these headers, which must be JSON by its type.
pub(super) async fn whole(headers: &HeaderMap, body: MessageBody) -> Result<Bytes, Refused> {
    let kind = headers.get(CONTENT_TYPE);
    if kind.is_none_or(|kind| kind.as_bytes() != b"application/json") {
        return Err(Refused::Body {
            rule: "must be application/json",
        });
    }
    let body = Limited::new(body, BYTES_MAX).boxed_unsync();
    let body = body.collect().await.map_err(|_| Refused::Body {
        rule: "must come whole, and be at most 16 KiB long",
    })?;
    Ok(body.to_bytes())
}

/// The object that the body is; `rule` says what it must be.
pub(super) fn object<T: DeserializeOwned>(body: &[u8], rule: &'static str) -> Result<T, Refused> {
    // Of an array serde would take the items for the members.
    let is_object = body.trim_ascii_start().first() == Some(&b'{');
    let object = is_object.then(|| serde_json::from_slice(body).ok());
    object.flatten().ok_or(Refused::Body { rule })
}
