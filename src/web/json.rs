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

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn an_answer_says_its_type_and_its_length() {
        let response = json(StatusCode::CREATED, &serde_json::json!({ "name": "迅行" }));
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let length = response.headers()[CONTENT_LENGTH].clone();
        let body = response.into_body().collect().await.expect("whole");
        let body = body.to_bytes();
        assert_eq!(body, r#"{"name":"迅行"}"#);
        assert_eq!(length, body.len().to_string().as_str());
    }
}
