//! The port `fetch`, its contract: whom it asks, what it believes, and what it bears.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use http::header::{ACCEPT, HOST, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use model::ports::{Fetch, FetchFailed, FetchRequest, Fetched};
use model::{BankId, BodyError, MessageBody, MovedClock, UpstreamId};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

use crate::{EndpointSettings, Fetcher, UpstreamSettings, Upstreams};

use super::bank::{Bank, Behaviour, Pki, silent};

const AMPLE: Duration = Duration::from_secs(30);
const BYTES_MAX: usize = 1_024;

/// A fetcher with these hosts on its list, each with its authority.
fn fetcher(hosts: &[(&str, u16, &Pki)]) -> Fetcher {
    let clock: Arc<MovedClock> = Arc::new(MovedClock::stopped());
    let upstreams = Upstreams::new(clock.clone(), TaskTracker::new());
    let bank = BankId::parse("harbour").expect("an id");
    let listed = hosts.iter().enumerate().map(|(index, (host, port, pki))| {
        let id = UpstreamId::parse(&format!("host-{index}")).expect("an id");
        let host = EndpointSettings {
            host: (*host).to_owned(),
            port: *port,
        };
        let settings = UpstreamSettings::fetched_from(id, host, vec![pki.authority()]);
        upstreams.upstream(&bank, &settings).expect("valid")
    });
    Fetcher::new(listed.collect::<Vec<_>>(), clock.clone())
}

fn asking(method: Method, url: &str, body: &'static str) -> FetchRequest {
    FetchRequest {
        method,
        url: url.parse().expect("a URL"),
        headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
        body: Bytes::from_static(body.as_bytes()),
        answer_bytes_max: BYTES_MAX,
    }
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Fetched, FetchFailed> {
    fetcher.fetch(asking(Method::GET, url, ""), AMPLE).await
}

fn url(server: &Bank, path: &str) -> String {
    format!("https://127.0.0.1:{}{path}", server.port)
}

/// A server that answers with what it was asked.
fn telling() -> Behaviour {
    Arc::new(|request| {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body.collect().await.expect("whole").to_bytes();
            let accept = head.headers.get(ACCEPT).cloned();
            let said = format!(
                "{} {} {accept:?} {}",
                head.method,
                head.uri.path_and_query().expect("a path"),
                String::from_utf8_lossy(&body),
            );
            Response::new(model::full(said))
        })
    })
}

/// A server that answers so.
fn saying(answer: fn() -> Response<MessageBody>) -> Behaviour {
    Arc::new(move |_| Box::pin(async move { answer() }))
}

/// Content of so many bytes whose length nobody says beforehand; then its end, or silence.
fn streamed(bytes: usize, ends: bool) -> MessageBody {
    let chunks = (0..bytes.div_ceil(256)).map(|_| Bytes::from_static(&[b'x'; 256]));
    let chunks: Vec<Result<Frame<Bytes>, BodyError>> =
        chunks.map(|chunk| Ok(Frame::data(chunk))).collect();
    let rest = stream::unfold(ends, |ends| async move {
        if !ends {
            std::future::pending::<()>().await;
        }
        None
    });
    let all = futures_util::StreamExt::chain(stream::iter(chunks), rest);
    StreamBody::new(all).boxed_unsync()
}

#[tokio::test]
async fn a_listed_host_is_asked_over_either_protocol() {
    let pki = Pki::new();
    for alpn in ["http/1.1", "h2"] {
        let server = Bank::open_to_all(&pki, &[alpn], telling()).await;
        let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
        let answer = get(&fetcher, &url(&server, "/keys?of=us")).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.status, StatusCode::OK, "{alpn}");
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(
            said, "GET /keys?of=us Some(\"application/json\") ",
            "{alpn}"
        );
        let asked = asking(Method::POST, &url(&server, ""), "code=x");
        let answer = fetcher.fetch(asked, AMPLE).await.expect("an answer");
        let said = String::from_utf8_lossy(&answer.body).into_owned();
        assert_eq!(said, "POST / Some(\"application/json\") code=x", "{alpn}");
    }
}

#[tokio::test]
async fn who_is_not_on_the_list_is_sent_nothing() {
    let pki = Pki::new();
    let server = Bank::open_to_all(&pki, &["h2"], telling()).await;
    let port = server.port;
    let fetcher = fetcher(&[("localhost", port, &pki), ("::1", port, &pki)]);
    for url in [
        format!("https://127.0.0.1:{port}/"),
        format!("https://localhost.:{port}/"),
        format!("https://localhost.example:{port}/"),
        format!("https://x.localhost:{port}/"),
        format!("https://user@localhost:{port}/"),
        format!("https://localhost:{}/", port ^ 1),
        format!("http://localhost:{port}/"),
        "https://localhost/".to_owned(),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "/keys".to_owned(),
    ] {
        let failed = get(&fetcher, &url).await.expect_err(&url);
        assert!(matches!(failed, FetchFailed::NotListed { .. }), "{url}");
    }
    assert_eq!(server.accepted(), 0, "nobody connected");
    // The same host in other letters is the same host (RFC 9110 §4.2.3); the name is not borne.
    let failed = get(&fetcher, &format!("https://LOCALHOST:{port}/")).await;
    let failed = failed.expect_err("its certificate is for the address");
    assert!(matches!(failed, FetchFailed::Broken { .. }), "{failed:?}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_server_that_is_not_whom_the_list_says_is_asked_nothing() {
    let (pki, other, expired) = (Pki::new(), Pki::new(), Pki::expired());
    for (what, serves, trusted, host) in [
        ("another name", &pki, &pki, "localhost"),
        ("another authority", &pki, &other, "127.0.0.1"),
        ("an expired certificate", &expired, &expired, "127.0.0.1"),
    ] {
        let server = Bank::open_to_all(serves, &["h2", "http/1.1"], telling()).await;
        let fetcher = fetcher(&[(host, server.port, trusted)]);
        let asked = asking(
            Method::POST,
            &format!("https://{host}:{}/", server.port),
            "x",
        );
        let failed = fetcher.fetch(asked, AMPLE).await.expect_err(what);
        assert!(
            matches!(failed, FetchFailed::Broken { .. }),
            "{what}: {failed:?}"
        );
        assert_eq!(server.requests(), 0, "{what}");
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_is_not_followed() {
    let pki = Pki::new();
    let server = Bank::open_to_all(
        &pki,
        &["h2"],
        saying(|| {
            let answer = Response::builder()
                .status(302)
                .header(LOCATION, "/elsewhere");
            answer.body(model::empty()).expect("an answer")
        }),
    )
    .await;
    let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
    let answer = get(&fetcher, &url(&server, "/")).await.expect("an answer");
    assert_eq!(answer.status, StatusCode::FOUND);
    assert_eq!(server.requests(), 1);
}

#[tokio::test]
async fn no_more_is_read_than_was_asked_for() {
    let pki = Pki::new();
    let long: [fn() -> MessageBody; 3] = [
        || model::full(vec![b'x'; BYTES_MAX + 1]),
        || streamed(10 << 20, true),
        || streamed(2 * BYTES_MAX, false),
    ];
    for (index, body) in long.into_iter().enumerate() {
        for alpn in ["http/1.1", "h2"] {
            let answer: Behaviour =
                Arc::new(move |_| Box::pin(async move { Response::new(body()) }));
            let server = Bank::open_to_all(&pki, &[alpn], answer).await;
            let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
            let failed = get(&fetcher, &url(&server, "/"))
                .await
                .expect_err("too long");
            let is_too_long = matches!(
                failed,
                FetchFailed::TooLong {
                    bytes_max: BYTES_MAX
                }
            );
            assert!(is_too_long, "{index} {alpn}: {failed:?}");
        }
    }
    let exact: Behaviour = saying(|| Response::new(streamed(BYTES_MAX, true)));
    let server = Bank::open_to_all(&pki, &["h2"], exact).await;
    let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
    let answer = get(&fetcher, &url(&server, "/")).await.expect("an answer");
    assert_eq!(answer.body.len(), BYTES_MAX);
}

#[tokio::test]
async fn the_deadline_holds_until_the_last_byte() {
    let pki = Pki::new();
    let slow_body = saying(|| Response::new(streamed(256, false)));
    for (what, behaviour) in [("a slow head", silent()), ("a slow body", slow_body)] {
        for alpn in ["http/1.1", "h2"] {
            let server = Bank::open_to_all(&pki, &[alpn], Arc::clone(&behaviour)).await;
            let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
            let asked = asking(Method::GET, &url(&server, "/"), "");
            let failed = fetcher.fetch(asked, Duration::from_millis(300)).await;
            let failed = failed.expect_err(what);
            assert!(
                matches!(failed, FetchFailed::TimedOut),
                "{what}: {failed:?}"
            );
            assert_eq!(server.requests(), 1, "{what} {alpn}");
        }
    }
    // One that accepts and never says a word of TLS.
    let mute = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = mute.local_addr().expect("bound").port();
    let fetcher = fetcher(&[("127.0.0.1", port, &pki)]);
    let asked = asking(Method::GET, &format!("https://127.0.0.1:{port}/"), "");
    let failed = fetcher.fetch(asked, Duration::from_millis(300)).await;
    assert!(matches!(failed, Err(FetchFailed::TimedOut)), "{failed:?}");
}

#[tokio::test]
async fn a_connection_that_breaks_is_a_failure_and_no_answer() {
    let pki = Pki::new();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let server = Bank::around(&listener, None);
    let config = pki.server_config_for_all(&["http/1.1"]);
    server.accept_with(listener, move |stream, _| {
        let acceptor = TlsAcceptor::from(Arc::clone(&config));
        async move {
            let mut stream = acceptor.accept(stream).await.expect("TLS");
            let _ = stream.read(&mut [0; 64]).await;
        }
    });
    let fetcher = fetcher(&[("127.0.0.1", server.port, &pki)]);
    let asked = asking(Method::POST, &url(&server, "/"), "code=x");
    let failed = fetcher.fetch(asked, AMPLE).await.expect_err("a reset");
    assert!(matches!(failed, FetchFailed::Broken { .. }), "{failed:?}");
    assert_eq!(
        server.accepted(),
        1,
        "what may have had an effect is not sent again"
    );
    drop(server);
    let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("a port");
    let port = gone.local_addr().expect("bound").port();
    drop(gone);
    let fetcher = self::fetcher(&[("127.0.0.1", port, &pki)]);
    let failed = get(&fetcher, &format!("https://127.0.0.1:{port}/")).await;
    assert!(
        matches!(failed, Err(FetchFailed::Broken { .. })),
        "{failed:?}"
    );
}

#[tokio::test]
async fn what_is_asked_and_answered_is_not_printed() {
    let mut asked = asking(
        Method::POST,
        "https://keys.example/p?code=planted",
        "secret=planted",
    );
    asked
        .headers
        .insert(HOST, HeaderValue::from_static("planted"));
    let answer = Fetched {
        status: StatusCode::OK,
        headers: asked.headers.clone(),
        body: Bytes::from_static(b"planted"),
    };
    let printed = format!("{asked:?} {answer:?}");
    assert!(
        printed.contains("keys.example") && printed.contains("200"),
        "{printed}"
    );
    assert!(!printed.contains("planted"), "{printed}");
}
