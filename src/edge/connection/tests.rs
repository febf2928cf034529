use std::time::Duration;

use http_body_util::{BodyExt, Full};
use model::{BodyBroken, MessageBody, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::*;
use crate::probe::{
    Pki, Tell, edge, endless, get, http1, http2, mirror, open_plain, raw, read_head, read_to_close,
    soon, text,
};
use crate::{ClientCertificates, Edge};

const SHORT: Duration = Duration::from_millis(60);

/// Answers with how the request's body ended.
fn swallowing() -> Edge {
    edge(async |_, request: Request| {
        let said = match request.into_body().collect().await {
            Ok(body) => format!("whole {}", body.to_bytes().len()),
            Err(error) => format!("{:?}", error.downcast_ref::<BodyBroken>()),
        };
        Response::new(model::full(said))
    })
}

/// Says `called`, then never answers; says `dropped` when it is dropped. Answers `/ready` only.
fn stuck(said: mpsc::UnboundedSender<&'static str>) -> Edge {
    edge(move |_, request: Request| {
        let said = said.clone();
        async move {
            if request.uri().path() == "/ready" {
                return Response::new(model::empty());
            }
            let _held = (Tell(said.clone(), "dropped"), request);
            said.send("called").unwrap();
            std::future::pending().await
        }
    })
}

/// Answers `/endless` with a body without an end, everything else with `ok`.
fn pouring(said: mpsc::UnboundedSender<&'static str>) -> Edge {
    edge(move |_, request: Request| {
        let said = said.clone();
        async move {
            if request.uri().path() == "/endless" {
                Response::new(endless(Tell(said, "dropped")))
            } else {
                Response::new(model::full("ok"))
            }
        }
    })
}

#[tokio::test]
async fn a_head_that_comes_too_slowly_ends_the_connection() {
    let edge = mirror();
    let limits = Limits {
        head_timeout: SHORT,
        ..Limits::default()
    };
    let address = open_plain(&edge, limits);
    let begun = Instant::now();
    assert_eq!(raw(address, b"GET / HTTP/1.1\r\nHost").await, "");
    assert!(begun.elapsed() >= SHORT);
    // Later heads have the same limit, also when they drip.
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 200"));
    let dripping = async {
        let mut ticks = tokio::time::interval(SHORT / 6);
        for byte in
            b"GET / HTTP/1.1\r\nHost: a\r\nX-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n"
        {
            ticks.tick().await;
            if tcp.write_all(&[*byte]).await.is_err() {
                return "closed";
            }
        }
        "whole"
    };
    assert_eq!(soon(dripping).await, "closed");
}

#[tokio::test]
async fn an_idle_connection_is_closed_on_both_versions() {
    let (pki, edge) = (Pki::new(), mirror());
    let limits = || Limits {
        idle_timeout: SHORT,
        ..Limits::default()
    };
    let mut tcp = TcpStream::connect(open_plain(&edge, limits()))
        .await
        .unwrap();
    let mut silent = TcpStream::connect(tcp.peer_addr().unwrap()).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert!(read_head(&mut tcp).await.starts_with("HTTP/1.1 200"));
    read_to_close(&mut tcp).await;
    assert_eq!(read_to_close(&mut silent).await, "");

    let address = pki.open(&edge, ClientCertificates::None, limits());
    let (mut sender, ended) = http2(&pki, address).await;
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert_eq!(answer.unwrap().status(), 200);
    soon(ended).await.unwrap().unwrap();
    drop(sender);
}

#[tokio::test]
async fn a_body_beyond_the_limit_breaks_at_once_or_when_it_gets_there() {
    let edge = swallowing();
    let limits = Limits {
        body_bytes: 10,
        ..Limits::default()
    };
    let address = open_plain(&edge, limits);
    let too_large = "Some(TooLarge { limit: 10 })";
    let exact =
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 10\r\n\r\n0123456789";
    assert!(raw(address, exact).await.ends_with("whole 10"));
    // Not a byte of it was sent, and no 100 (Continue) came.
    let declared =
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n";
    let answer = raw(address, declared).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with(too_large), "{answer}");
    let chunked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n012\r\n0\r\n\r\n";
    let answer = raw(address, chunked).await;
    assert!(answer.ends_with(too_large), "{answer}");
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_breaks() {
    let edge = swallowing();
    let limits = Limits {
        body_idle_timeout: SHORT,
        body_rate_min: 1_000_000,
        ..Limits::default()
    };
    let address = open_plain(&edge, limits);
    let stopped = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel";
    assert!(raw(address, stopped).await.ends_with("Some(TooSlow)"));
    // Each byte comes in time, but all together would take a minute.
    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = tcp.into_split();
    writing
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6000\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    let dripping = async {
        let mut ticks = tokio::time::interval(SHORT / 6);
        loop {
            ticks.tick().await;
            let _ = writing.write_all(b"x").await;
        }
    };
    tokio::select! {
        _ = soon(reading.read_to_string(&mut answer)) => {}
        () = dripping => {}
    }
    assert!(answer.ends_with("Some(TooSlow)"), "{answer}");
}

#[tokio::test]
async fn a_body_that_the_client_breaks_off_is_told_so() {
    let (say, mut said) = mpsc::unbounded_channel();
    let edge = edge(move |_, request: Request| {
        let say = say.clone();
        async move {
            let error = request.into_body().collect().await.unwrap_err();
            if error.downcast_ref() == Some(&BodyBroken::BrokenOff) {
                say.send("broken off").unwrap();
            }
            Response::new(model::empty())
        }
    });
    let address = open_plain(&edge, Limits::default());
    let mut tcp = TcpStream::connect(address).await.unwrap();
    tcp.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel")
        .await
        .unwrap();
    drop(tcp);
    assert_eq!(soon(said.recv()).await, Some("broken off"));
}

#[tokio::test]
async fn a_client_still_sending_gets_its_answer_and_no_reset() {
    let edge = edge(async |_, _| Response::new(model::full("early")));
    let address = open_plain(&edge, Limits::default());
    let tcp = TcpStream::connect(address).await.unwrap();
    let (mut reading, mut writing) = tcp.into_split();
    writing
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\n")
        .await
        .unwrap();
    writing.write_all(&vec![b'x'; 2_000_000]).await.unwrap();
    let mut answer = String::new();
    soon(reading.read_to_string(&mut answer)).await.unwrap();
    assert!(answer.contains("connection: close"), "{answer}");
    assert!(answer.ends_with("early"), "{answer}");
}

#[tokio::test]
async fn hanging_up_on_http1_drops_the_handlers_future() {
    let (say, mut said) = mpsc::unbounded_channel();
    let edge = stuck(say);
    let address = open_plain(&edge, Limits::default());
    for request in [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
    ] {
        let mut tcp = TcpStream::connect(address).await.unwrap();
        tcp.write_all(request.as_bytes()).await.unwrap();
        assert_eq!(soon(said.recv()).await, Some("called"));
        drop(tcp);
        assert_eq!(soon(said.recv()).await, Some("dropped"));
    }
}

#[tokio::test]
async fn resetting_an_http2_stream_drops_its_future_and_no_other() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (pki, edge) = (Pki::new(), stuck(say));
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut sender, _ended) = http2(&pki, address).await;
    let first = sender.send_request(get("https://localhost/1"));
    assert_eq!(soon(said.recv()).await, Some("called"));
    let second = sender.send_request(get("https://localhost/2"));
    assert_eq!(soon(said.recv()).await, Some("called"));
    drop(first);
    assert_eq!(soon(said.recv()).await, Some("dropped"));
    assert!(said.try_recv().is_err());
    // The end of the connection drops what is left.
    drop(second);
    drop(sender);
    assert_eq!(soon(said.recv()).await, Some("dropped"));
}

#[tokio::test]
async fn hanging_up_drops_an_answer_that_is_being_streamed() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (pki, edge) = (Pki::new(), pouring(say));
    let mut tcp = TcpStream::connect(open_plain(&edge, Limits::default()))
        .await
        .unwrap();
    tcp.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    read_head(&mut tcp).await;
    drop(tcp);
    assert_eq!(soon(said.recv()).await, Some("dropped"));

    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut sender, _ended) = http2(&pki, address).await;
    let answer = soon(sender.send_request(get("https://localhost/endless"))).await;
    drop(answer.unwrap());
    assert_eq!(soon(said.recv()).await, Some("dropped"));
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert_eq!(text(answer.unwrap()).await, "ok");
}

#[tokio::test]
async fn a_client_that_does_not_read_loses_its_connection_or_its_stream() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (pki, edge) = (Pki::new(), pouring(say));
    let limits = || Limits {
        write_timeout: SHORT,
        ..Limits::default()
    };
    let mut tcp = TcpStream::connect(open_plain(&edge, limits()))
        .await
        .unwrap();
    tcp.write_all(b"GET /endless HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(soon(said.recv()).await, Some("dropped"));

    let address = pki.open(&edge, ClientCertificates::None, limits());
    let (mut sender, _ended) = http2(&pki, address).await;
    let answer = soon(sender.send_request(get("https://localhost/endless"))).await;
    let held = answer.unwrap();
    assert_eq!(soon(said.recv()).await, Some("dropped"));
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert_eq!(text(answer.unwrap()).await, "ok");
    assert!(soon(held.into_body().collect()).await.is_err());
}

#[tokio::test]
async fn a_connection_closes_gracefully_after_its_share_of_requests() {
    let (pki, edge) = (Pki::new(), mirror());
    let limits = || Limits {
        requests_per_connection: 2,
        ..Limits::default()
    };
    let twice_and_more = b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n".repeat(5);
    let answer = raw(open_plain(&edge, limits()), &twice_and_more).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 2, "{answer}");
    assert_eq!(answer.matches("connection: close").count(), 1, "{answer}");

    let address = pki.open(&edge, ClientCertificates::None, limits());
    let (mut sender, ended) = http2(&pki, address).await;
    for _ in 0..2 {
        let answer = soon(sender.send_request(get("https://localhost/"))).await;
        assert_eq!(answer.unwrap().status(), 200);
    }
    soon(ended).await.unwrap().unwrap();
}

#[tokio::test]
async fn no_more_streams_run_at_once_than_allowed() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (pki, edge) = (Pki::new(), stuck(say));
    let limits = Limits {
        h2_streams: 2,
        ..Limits::default()
    };
    let address = pki.open(&edge, ClientCertificates::None, limits);
    let (mut sender, _ended) = http2(&pki, address).await;
    // From the answer on, the client knows our limit.
    let ready = soon(sender.send_request(get("https://localhost/ready"))).await;
    assert_eq!(ready.unwrap().status(), 200);
    let mut open: Vec<_> = (0..5)
        .map(|_| sender.send_request(get("https://localhost/")))
        .collect();
    assert_eq!(soon(said.recv()).await, Some("called"));
    assert_eq!(soon(said.recv()).await, Some("called"));
    drop(open.swap_remove(0));
    // A third is called only after one has ended.
    assert_eq!(soon(said.recv()).await, Some("dropped"));
    assert_eq!(soon(said.recv()).await, Some("called"));
}

#[tokio::test]
async fn a_flood_of_resets_ends_the_connection() {
    let (say, mut said) = mpsc::unbounded_channel();
    let (pki, edge) = (Pki::new(), stuck(say));
    let limits = Limits {
        h2_pending_resets: 0,
        ..Limits::default()
    };
    let address = pki.open(&edge, ClientCertificates::None, limits);
    let config = pki.client(&rustls::version::TLS13, &[b"h2"], None);
    let mut stream = crate::probe::tls(address, config).await.unwrap();
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream_id in [1_u8, 3, 5, 7] {
        // HEADERS with END_STREAM and END_HEADERS: GET https / of the static table, :authority a.
        flood.extend([
            0, 0, 6, 1, 5, 0, 0, 0, stream_id, 0x82, 0x87, 0x84, 0x41, 0x01, b'a',
        ]);
        flood.extend([0, 0, 4, 3, 0, 0, 0, 0, stream_id, 0, 0, 0, 8]);
    }
    stream.write_all(&flood).await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(stream.read_to_end(&mut answer)).await;
    // GOAWAY (type 7) with ENHANCE_YOUR_CALM (11).
    let goaway = answer
        .windows(17)
        .find(|frame| frame[3] == 7 && frame[5..9] == [0; 4]);
    assert_eq!(goaway.map(|frame| frame[16]), Some(11), "{answer:?}");
    assert!(said.try_recv().is_err());
}

#[tokio::test]
async fn hop_by_hop_fields_of_an_answer_do_not_leave() {
    let (pki, edge) = (
        Pki::new(),
        edge(async |_, _| {
            let mut answer = Response::new(model::full("x"));
            for (name, value) in [
                ("keep-alive", "timeout=5"),
                ("connection", "x-hop"),
                ("x-hop", "1"),
            ] {
                answer.headers_mut().insert(name, value.parse().unwrap());
            }
            answer
        }),
    );
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut sender, _ended) = http2(&pki, address).await;
    let over_h2 = soon(sender.send_request(get("https://localhost/")))
        .await
        .unwrap();
    let mut sender = http1(open_plain(&edge, Limits::default())).await;
    let over_h1 = soon(sender.send_request(get("/"))).await.unwrap();
    for answer in [over_h2, over_h1] {
        let mut names: Vec<_> = answer
            .headers()
            .keys()
            .map(http::HeaderName::as_str)
            .collect();
        names.sort_unstable();
        assert_eq!(names, ["content-length", "date"]);
    }
}

#[tokio::test]
async fn an_answer_to_head_has_the_length_of_the_one_to_get_and_no_content() {
    let edge = edge(async |_, request: Request| {
        let mut answer = match request.uri().path() {
            "/streamed" => Response::new(MessageBody::new(http_body_util::StreamBody::new(
                futures_util::stream::iter([Ok(http_body::Frame::data("streamed".into()))]),
            ))),
            "/empty" => Response::new(model::empty()),
            _ => Response::new(model::full("content")),
        };
        if request.uri().path() == "/said" {
            answer.headers_mut().insert("content-length", 1234.into());
        }
        answer
    });
    let pki = Pki::new();
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut h2, _ended) = http2(&pki, address).await;
    let mut h1 = http1(open_plain(&edge, Limits::default())).await;
    for (path, status, length) in [
        ("/known", 200, Some("7")),
        ("/said", 200, Some("1234")),
        ("/streamed", 200, None),
        ("/empty", 200, None),
        // Refused by the edge: the probe's refusal says `HEAD` and what is wrong.
        ("/refused", 417, Some("32")),
    ] {
        let head = |uri: String| {
            let mut request = get(&uri);
            *request.method_mut() = http::Method::HEAD;
            if status == 417 {
                let value = http::HeaderValue::from_static("200-ok");
                request.headers_mut().insert("expect", value);
            }
            request
        };
        let over_h2 = soon(h2.send_request(head(format!("https://localhost{path}")))).await;
        let over_h1 = soon(h1.send_request(head(path.to_owned()))).await;
        for answer in [over_h2.unwrap(), over_h1.unwrap()] {
            let shown = format!("{path} {:?}", answer.version());
            assert_eq!(answer.status(), status, "{shown}");
            let said = answer.headers().get("content-length");
            assert_eq!(said.map(|value| value.to_str().unwrap()), length, "{shown}");
            // No DATA frame follows the head, not even an empty one.
            assert!(http_body::Body::is_end_stream(answer.body()), "{shown}");
        }
    }
}

#[tokio::test]
async fn the_handler_sees_host_on_http2_too() {
    let (pki, edge) = (Pki::new(), mirror());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut sender, _ended) = http2(&pki, address).await;
    let request = http::Request::get("https://api.example:1/x?y").body(Full::default());
    let answer = soon(sender.send_request(request.unwrap())).await;
    let said = text(answer.unwrap()).await;
    assert!(said.contains("\"host\": \"api.example:1\""), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_lost_among_many_at_once() {
    let elsewhere = tokio_util::task::TaskTracker::new();
    let edge = edge(move |_, request: Request| {
        // The answer is made on another task, and wakes the connection's from there.
        let answered = elsewhere.spawn(async move {
            tokio::task::yield_now().await;
            request.uri().path().to_owned()
        });
        async move { Response::new(model::full(answered.await.unwrap())) }
    });
    let pki = Pki::new();
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (sender, _ended) = http2(&pki, address).await;
    let mut asking: futures_util::stream::FuturesUnordered<_> = (0..40)
        .map(|lane| {
            let mut sender = sender.clone();
            async move {
                for turn in 0..50 {
                    let uri = format!("https://localhost/{lane}/{turn}");
                    let answer = soon(sender.send_request(get(&uri))).await.unwrap();
                    assert_eq!(text(answer).await, format!("/{lane}/{turn}"));
                }
            }
        })
        .collect();
    let mut lanes = 0;
    while futures_util::StreamExt::next(&mut asking).await.is_some() {
        lanes += 1;
    }
    assert_eq!(lanes, 40);
}

#[tokio::test]
async fn a_large_body_goes_both_ways_whole() {
    let echo = || edge(async |_, request: Request| Response::new(request.into_body()));
    let (pki, edge) = (Pki::new(), echo());
    let address = pki.open(&edge, ClientCertificates::None, Limits::default());
    let (mut h2, _ended) = http2(&pki, address).await;
    let mut h1 = http1(open_plain(&edge, Limits::default())).await;
    let bytes = bytes::Bytes::from(vec![7; 3 * 1024 * 1024]);
    let request = |uri: &str| {
        let body = Full::new(bytes.clone());
        http::Request::post(uri)
            .header("host", "localhost")
            .body(body)
            .unwrap()
    };
    let over_h2 = soon(h2.send_request(request("https://localhost/"))).await;
    let over_h1 = soon(h1.send_request(request("/"))).await;
    for answer in [over_h2.unwrap(), over_h1.unwrap()] {
        let body = soon(answer.into_body().collect()).await.unwrap();
        assert!(body.to_bytes() == bytes);
    }
}

/// A frame of HTTP/2 (RFC 9113 §4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A whole request, its fields as literals (RFC 7541 §6.2.2).
fn whole_request(stream: u32) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in [
        (":method", "GET"),
        (":scheme", "https"),
        (":authority", "localhost"),
        (":path", "/"),
    ] {
        block.push(0);
        for text in [name, value] {
            block.push(u8::try_from(text.len()).unwrap());
            block.extend_from_slice(text.as_bytes());
        }
    }
    frame(1, 5, stream, &block)
}

/// Asks again and again on one HTTP/2 connection and answers no PING; gives the kinds and the
/// streams of the frames that came until it was closed, and the codes of the resets.
async fn ask_on_and_on(pki: &Pki, address: std::net::SocketAddr) -> (Vec<u8>, Vec<u32>) {
    let config = pki.client(&rustls::version::TLS13, &[b"h2"], None);
    let (mut reading, mut writing) =
        tokio::io::split(crate::probe::tls(address, config).await.unwrap());
    writing
        .write_all(
            &[
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                &frame(4, 0, 0, b"")[..],
            ]
            .concat(),
        )
        .await
        .unwrap();
    let asking = async {
        let mut ticks = tokio::time::interval(SHORT / 10);
        for number in 0_u32.. {
            ticks.tick().await;
            let _ = writing.write_all(&whole_request(2 * number + 1)).await;
            let _ = writing.flush().await;
        }
    };
    let mut came = Vec::new();
    tokio::select! {
        _ = soon(reading.read_to_end(&mut came)) => {}
        () = asking => {}
    }
    let (mut kinds, mut resets) = (Vec::new(), Vec::new());
    let mut rest = &came[..];
    while let [a, b, c, kind, ..] = *rest {
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        let Some(payload) = rest.get(9..9 + length) else {
            break;
        };
        kinds.push(kind);
        if kind == 3 {
            resets.push(u32::from_be_bytes(payload.try_into().unwrap()));
        }
        rest = &rest[9 + length..];
    }
    (kinds, resets)
}

const GOAWAY: u8 = 7;
const REFUSED_STREAM: u32 = 7;

#[tokio::test]
async fn a_client_that_gives_no_heed_to_goaway_is_served_no_longer_than_the_grace() {
    let (pki, edge) = (Pki::new(), mirror());
    let limits = Limits {
        requests_per_connection: 3,
        write_timeout: SHORT,
        ..Limits::default()
    };
    let address = pki.open(&edge, ClientCertificates::None, limits);
    let (kinds, resets) = ask_on_and_on(&pki, address).await;
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
    assert!(!resets.is_empty(), "{kinds:?}");
    assert!(
        resets.iter().all(|code| *code == REFUSED_STREAM),
        "{resets:?}"
    );
}

#[tokio::test]
async fn a_changed_listener_cuts_who_does_not_finish_and_no_other() {
    let (say, mut said) = mpsc::unbounded_channel();
    let edge = edge(move |_, _| {
        let _ = say.send("called");
        async { Response::new(model::full("ok")) }
    });
    let pki = Pki::new();
    let address = pki.open(&edge, ClientCertificates::Optional, Limits::default());
    let changing = async {
        assert_eq!(soon(said.recv()).await, Some("called"));
        let settings = pki.listener(address, ClientCertificates::None, Limits::default());
        edge.apply(edge.stage(None, settings).unwrap(), SHORT);
        http2(&pki, address).await
    };
    let asking = ask_on_and_on(&pki, address);
    let ((kinds, _), (mut sender, _ended)) = tokio::join!(asking, changing);
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
    let answer = soon(sender.send_request(get("https://localhost/"))).await;
    assert_eq!(answer.unwrap().status(), 200);
}
