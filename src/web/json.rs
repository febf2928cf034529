//! JSON answers, and bodies that are JSON.

use bytes::Bytes;
use http::header::{
    CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;

use model::{Refusal, Request, Response};

use crate::form::whole;

/// How long clients may keep a published document.
const DOCUMENT_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// An answer with a JSON body (RFC 8259, UTF-8).
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    typed(status, HeaderValue::from_static("application/json"), value)
}

/// The same to one person alone: nobody keeps it.
pub fn json_for_one(status: StatusCode, value: &impl Serialize) -> Response {
    let mut response = json(status, value);
    let headers = response.headers_mut();
    for (name, rule) in [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(rule));
    }
    response
}

/// Whether a request says that its body is JSON.
pub fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next());
    kind.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a request's body as JSON of this shape, of at most `limit` bytes. `None` when it is longer
/// or of another shape, or did not arrive whole.
pub async fn read_json<T: DeserializeOwned>(request: Request, limit: usize) -> Option<T> {
    let body = whole(request, limit).await;
    serde_json::from_slice(&body.ok()?).ok()
}

/// A published JSON document, as GET and HEAD ask for it; clients may keep it for a minute.
///
/// Errors: [`Refusal::MethodNotAllowed`] for any other method.
pub fn document(method: &Method, json: &Bytes) -> Result<Response, Refusal> {
    let body = match *method {
        Method::GET => model::full(json.clone()),
        Method::HEAD => model::empty(),
        _ => {
            let allow = vec![Method::GET, Method::HEAD];
            return Err(Refusal::MethodNotAllowed { allow });
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(json.len()));
    headers.insert(CACHE_CONTROL, DOCUMENT_CACHE);
    Ok(response)
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
    async fn a_document_is_read_by_get_and_head_alone() {
        let json = Bytes::from_static(b"{}");
        for (method, body) in [(Method::GET, &b"{}"[..]), (Method::HEAD, b"")] {
            let response = document(&method, &json).expect("a document");
            assert_eq!(response.headers()[CONTENT_LENGTH], "2", "{method}");
            assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
            assert_eq!(response.headers()[CACHE_CONTROL], "public, max-age=60");
            let read = response.into_body().collect().await.expect("whole");
            assert_eq!(read.to_bytes(), body, "{method}");
        }
        let allow = vec![Method::GET, Method::HEAD];
        let refused = document(&Method::POST, &json).err();
        assert_eq!(refused, Some(Refusal::MethodNotAllowed { allow }));
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_its_limit_and_in_its_shape_alone() {
        async fn read(body: &str, limit: usize) -> Option<std::collections::BTreeMap<String, u8>> {
            let request = Request::new(model::full(body.to_owned()));
            read_json(request, limit).await
        }
        let body = r#"{"a":1}"#;
        assert_eq!(read(body, 7).await.map(|read| read["a"]), Some(1));
        assert_eq!(read(body, 6).await, None);
        for other in [r#"{"a":"1"}"#, "[]", "", r#"{"a":1}{}"#] {
            assert_eq!(read(other, 100).await, None, "{other}");
        }
    }

    #[test]
    fn json_is_told_by_its_type_whatever_the_case_and_the_parameters() {
        for (kind, is) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("text/plain", false),
            ("application/jsonp", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            assert!(!is_json(&headers));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(is_json(&headers), is, "{kind}");
        }
    }

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
