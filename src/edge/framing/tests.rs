use super::*;
use crate::probe::{mirror, open_plain, raw};

/// What the edge says to these bytes, sent on a connection of their own.
async fn status_of(bytes: &[u8]) -> (String, String) {
    let edge = mirror();
    let address = open_plain(&edge, Limits::default());
    let answer = raw(address, bytes).await;
    let status = answer.split(' ').nth(1).unwrap_or("none").to_owned();
    (status, answer)
}

#[tokio::test]
async fn each_breach_of_framing_is_refused_and_closes_the_connection() {
    let cases: [(&str, &[u8]); 37] = [
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost:\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n"),
        ("400", b"GET http://other/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET a HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET /?q=\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"GET /\xc0\xaf HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\nhello"),
        ("501", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("501", b"CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n"),
        ("417", b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 5\r\n\r\nhello"),
        ("400", b"POST / HTTP/1.0\r\nHost: a\r\n\r\nhello"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nConnection: Content-Length\r\nContent-Length: 5\r\n\r\nhello"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, host\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nConnection: Authorization\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: X-FAPI-Interaction-Id\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nAuthorization: a\r\nAuthorization: b\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Type: a/c\r\n\r\n"),
        // What hyper's parser refuses stays refused.
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
        ("400", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n"),
        ("400", b"GET / HTTP/1.1\r\nHost: a\r\nX : a\r\n\r\n"),
        ("400", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ];
    for (expected, bytes) in cases {
        let (status, answer) = status_of(bytes).await;
        let sent = bytes.escape_ascii();
        assert_eq!(status, expected, "{sent}: {answer}");
        let answers = answer.lines().filter(|line| line.starts_with("HTTP/"));
        assert_eq!(answers.count(), 1, "{sent}: {answer}");
        assert!(answer.contains("connection: close"), "{sent}: {answer}");
    }
}

#[tokio::test]
async fn the_handler_says_how_a_breach_is_told() {
    let (status, answer) = status_of(b"PUT / HTTP/1.1\r\n\r\n").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert_eq!(status, "400");
    assert!(head.contains("\r\ndate: "));
    assert_eq!(body, "PUT Host must be sent");
}

#[tokio::test]
async fn what_is_longer_or_more_than_allowed_is_refused() {
    let fields = "X: v\r\n".repeat(101);
    let (status, _) = status_of(format!("GET / HTTP/1.1\r\n{fields}\r\n").as_bytes()).await;
    assert_eq!(status, "431");
    let path = "a".repeat(9_000);
    let sent = format!("GET /{path} HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(status_of(sent.as_bytes()).await.0, "414");
    let value = "a".repeat(40_000);
    let sent = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n");
    assert_eq!(status_of(sent.as_bytes()).await.0, "431");
}

#[tokio::test]
async fn honest_forms_pass() {
    let cases: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a.example:8443\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1]:8443\r\nConnection: close, te\r\n\r\n",
        b"GET http://A/x?y=%0d HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length:\t5\r\n\r\nhello",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: Chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\nContent-Length: 9\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    ];
    for bytes in cases {
        let (status, answer) = status_of(bytes).await;
        assert_eq!(status, "200", "{}: {answer}", bytes.escape_ascii());
    }
}

#[tokio::test]
async fn expecting_100_continue_gets_it_when_the_body_is_wanted() {
    let (status, answer) = status_of(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-Continue\r\nContent-Length: 5\r\n\r\nhello",
    )
    .await;
    assert_eq!(status, "100");
    assert!(answer.contains("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test]
async fn fields_with_an_underscore_do_not_reach_the_handler() {
    let (status, answer) = status_of(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent_Length: 5\r\nTransfer_Encoding: chunked\r\nContent-Length: 2\r\n\r\nhi",
    )
    .await;
    assert_eq!(status, "200");
    assert!(!answer.contains('_'), "{answer}");
    assert!(answer.ends_with("Ok(2)"), "{answer}");
}

#[tokio::test]
async fn hop_by_hop_fields_of_a_request_do_not_reach_the_handler() {
    let (status, answer) = status_of(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mortise-Identity\r\nX-Mortise-Identity: 1\r\nTE: trailers\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\nTransfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    )
    .await;
    assert_eq!(status, "200");
    let (_, seen) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        seen.contains("\"x-kept\"") && seen.ends_with("Ok(2)"),
        "{seen}"
    );
    for name in [
        "connection",
        "identity",
        "te\"",
        "upgrade",
        "settings",
        "encoding",
    ] {
        assert!(!seen.contains(name), "{name}: {seen}");
    }
}

/// hyper's parser resolves these before we see them: each is one request, read in one way.
#[tokio::test]
async fn what_the_parser_makes_unambiguous_is_one_request_read_in_one_way() {
    let (status, answer) = status_of(
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    )
    .await;
    assert_eq!(status, "200");
    assert_eq!(answer.matches("content-length\"").count(), 1, "{answer}");
    // RFC 9112 §6.1: Transfer-Encoding is believed and the connection closes.
    let lengths: [&[u8]; 2] = [
        b"Content-Length: 4\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: chunked\r\nContent-Length: 4",
    ];
    for length in lengths {
        let sent = [
            b"POST / HTTP/1.1\r\nHost: a\r\n",
            length,
            b"\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
        .concat();
        let (status, answer) = status_of(&sent).await;
        assert_eq!(status, "200");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(!answer.contains("content-length\""), "{answer}");
    }
    let (status, answer) =
        status_of(b"GET /a#b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert_eq!(status, "200");
    assert!(answer.contains("GET /a {"), "{answer}");
}

fn head(uri: &str, headers: &[(&'static str, &'static str)]) -> Parts {
    let mut request = http::Request::get(uri).version(Version::HTTP_2);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap().into_parts().0
}

#[test]
fn an_http2_request_has_one_authority_and_the_scheme_of_its_connection() {
    let limits = Limits::default();
    let admitted = |mut head: Parts| admit(&mut head, true, &limits).map(|()| head);
    let plain = admitted(head("https://a:8443/x", &[])).unwrap();
    assert_eq!(plain.headers[HOST], "a:8443");
    assert!(admitted(head("https://a/x", &[("host", "A")])).is_ok());
    assert!(admitted(head("/x", &[("host", "a")])).is_ok());
    for bad in [
        head("/x", &[]),
        head("https://a/x", &[("host", "b")]),
        head("/x", &[("host", "a"), ("host", "a")]),
        head("http://a/x", &[]),
        head("https://u@a/x", &[]),
        head("https://a/x", &[("x-padded", "v ")]),
        head("https://a/x", &[("expect", "200-ok")]),
    ] {
        let shown = format!("{bad:?}");
        assert!(admitted(bad).is_err(), "{shown}");
    }
}
