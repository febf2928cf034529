//! Message heads at the border between two connections (RFC 9110 §7.6.1, RFC 9112 §6): the fields
//! that frame a message or speak to one hop are ours on each side, never copied across.

use http::header::{self, HeaderMap, HeaderValue};
use http::uri::{PathAndQuery, Scheme};
use http::{Extensions, Method, Request, Response, Uri, Version};
use http_body::Body;

use model::{Alpn, strip_hop_by_hop};

use crate::Unacceptable;
use crate::endpoint::Endpoint;

/// Makes a request's head ours: its length is said by its body, its target is a path, and nothing
/// of the caller's connection is left. Returns the target, from which each endpoint's URI is made.
pub(crate) fn prepare<B: Body>(request: &mut Request<B>) -> Result<PathAndQuery, Unacceptable> {
    let target = request.uri().path_and_query();
    let target = target
        .filter(|t| t.as_str().starts_with('/') && request.method() != Method::CONNECT)
        .ok_or(Unacceptable::NotForwardable)?
        .clone();
    // RFC 9110 §8.6: a method that usually has content says that it has none this time.
    let says_zero = request.body().is_end_stream()
        && matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        );
    *request.extensions_mut() = Extensions::new();
    let headers = request.headers_mut();
    strip_hop_by_hop(headers);
    for name in [header::HOST, header::CONTENT_LENGTH, header::EXPECT] {
        headers.remove(name);
    }
    if says_zero {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    Ok(target)
}

/// Directs a prepared request to an endpoint: origin-form and `Host` for HTTP/1.1 (RFC 9112
/// §3.2.1), scheme and authority for HTTP/2 (RFC 9113 §8.3.1).
pub(crate) fn direct<B>(
    request: &mut Request<B>,
    target: &PathAndQuery,
    endpoint: &Endpoint,
    protocol: Alpn,
) -> Result<(), Unacceptable> {
    match protocol {
        Alpn::Http1 => {
            *request.uri_mut() = Uri::from(target.clone());
            *request.version_mut() = Version::HTTP_11;
            let host = endpoint.host_field.clone();
            request.headers_mut().insert(header::HOST, host);
        }
        Alpn::Http2 => {
            let mut parts = http::uri::Parts::default();
            parts.scheme = Some(Scheme::HTTPS);
            parts.authority = Some(endpoint.authority.clone());
            parts.path_and_query = Some(target.clone());
            *request.uri_mut() =
                Uri::from_parts(parts).map_err(|_| Unacceptable::NotForwardable)?;
            *request.version_mut() = Version::HTTP_2;
            request.headers_mut().remove(header::HOST);
        }
    }
    Ok(())
}

/// Judges an answer's head, and frees it of what concerned the bank's connection only.
pub(crate) fn accept<B>(
    mut answer: Response<B>,
    headers_max: usize,
) -> Result<Response<B>, Unacceptable> {
    if answer.status().is_informational() {
        return Err(Unacceptable::Switched);
    }
    let headers = answer.headers();
    if headers.len() > headers_max {
        let count = headers.len();
        return Err(Unacceptable::TooManyHeaders { count });
    }
    if !framing_is_plain(headers) {
        return Err(Unacceptable::Framing);
    }
    *answer.extensions_mut() = Extensions::new();
    // The version belongs to the hop (RFC 9110 §2.5): an answer over HTTP/1.0 is no reason to
    // answer the caller with HTTP/1.0.
    *answer.version_mut() = Version::HTTP_11;
    strip_hop_by_hop(answer.headers_mut());
    Ok(answer)
}

/// Whether only one reading of the message's length is possible (RFC 9112 §6.3): `chunked` alone,
/// or no transfer coding.
fn framing_is_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => true,
        (Some(coding), None) => {
            coding.as_bytes().eq_ignore_ascii_case(b"chunked")
                && !headers.contains_key(header::CONTENT_LENGTH)
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, uri: &str, headers: &[(&str, &str)]) -> Request<model::MessageBody> {
        let mut builder = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(model::empty()).expect("valid")
    }

    fn answer(status: u16, headers: &[(&str, &str)]) -> Response<()> {
        let mut builder = Response::builder().status(status);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(()).expect("valid")
    }

    #[test]
    fn nothing_of_the_callers_connection_goes_to_the_bank() {
        let mut request = request(
            "POST",
            "/pay?x=1",
            &[
                ("host", "api.harbour.example"),
                ("connection", "close, X-Hop"),
                ("x-hop", "1"),
                ("keep-alive", "timeout=5"),
                ("transfer-encoding", "chunked"),
                ("content-length", "44"),
                ("upgrade", "websocket"),
                ("te", "trailers"),
                ("proxy-authorization", "Basic eDp5"),
                ("expect", "100-continue"),
                ("x-kept", "1"),
            ],
        );
        request.extensions_mut().insert("hidden");
        let target = prepare(&mut request).expect("forwardable");
        assert_eq!(target, "/pay?x=1");
        assert!(request.extensions().is_empty());
        let left: Vec<_> = request.headers().iter().collect();
        let zero = HeaderValue::from_static("0");
        let one = HeaderValue::from_static("1");
        assert_eq!(left.len(), 2, "{left:?}");
        assert_eq!(request.headers().get("content-length"), Some(&zero));
        assert_eq!(request.headers().get("x-kept"), Some(&one));
    }

    #[test]
    fn a_tunnel_or_a_target_without_path_is_not_forwarded() {
        for (method, uri) in [("CONNECT", "bank.example:443"), ("OPTIONS", "*")] {
            let refused = prepare(&mut request(method, uri, &[]));
            assert!(
                matches!(refused, Err(Unacceptable::NotForwardable)),
                "{method}"
            );
        }
    }

    #[test]
    fn an_answer_that_can_be_read_in_two_ways_is_refused() {
        for headers in [
            &[("transfer-encoding", "chunked"), ("content-length", "3")][..],
            &[("transfer-encoding", "gzip, chunked")],
            &[
                ("transfer-encoding", "chunked"),
                ("transfer-encoding", "chunked"),
            ],
            &[("transfer-encoding", "identity")],
        ] {
            let refused = accept(answer(200, headers), 100);
            assert!(matches!(refused, Err(Unacceptable::Framing)), "{headers:?}");
        }
        accept(answer(200, &[("transfer-encoding", "Chunked")]), 100).expect("plain");
        accept(answer(200, &[("content-length", "3")]), 100).expect("plain");
    }

    #[test]
    fn an_upgrade_and_a_flood_of_fields_are_refused() {
        let refused = accept(answer(101, &[("upgrade", "x")]), 100);
        assert!(matches!(refused, Err(Unacceptable::Switched)));
        let refused = accept(answer(200, &[("a", "1"), ("a", "2"), ("b", "3")]), 2);
        assert!(matches!(
            refused,
            Err(Unacceptable::TooManyHeaders { count: 3 })
        ));
    }

    #[test]
    fn what_concerned_the_banks_connection_does_not_go_on() {
        let mut answer = answer(
            200,
            &[
                ("connection", "x-hop"),
                ("x-hop", "1"),
                ("keep-alive", "timeout=5"),
                ("trailer", "x-sum"),
                ("proxy-authenticate", "Basic"),
                ("content-length", "3"),
            ],
        );
        *answer.version_mut() = Version::HTTP_10;
        let answer = accept(answer, 100).expect("plain");
        assert_eq!(answer.version(), Version::HTTP_11);
        let left: Vec<_> = answer.headers().keys().collect();
        assert_eq!(left, [header::CONTENT_LENGTH]);
    }
}
