//! What comes back, whole and broken.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::Response;
use http_body::{Body, Frame};
use http_body_util::{BodyExt, StreamBody};
use model::{BodyBroken, BodyError, Clock, MessageBody};

use crate::{Unacceptable, Unreachable, UpstreamFailure, UpstreamLimits, Waiting};

use super::bank::{Bank, Behaviour, echo_body, echo_head, silent};
use super::{House, every_protocol, get, post};

/// A body that sends these chunks and then fails, or never ends.
fn chunks(count: usize, then: Option<BodyError>) -> MessageBody {
    let chunk = || Ok(Frame::data(Bytes::from_static(&[7; 1_000])));
    let mut left: Vec<Result<Frame<Bytes>, BodyError>> = (0..count).map(|_| chunk()).collect();
    let ends = then.is_some();
    left.extend(then.map(Err));
    let frames = stream::iter(left);
    if ends {
        BodyExt::boxed_unsync(StreamBody::new(frames))
    } else {
        BodyExt::boxed_unsync(StreamBody::new(frames.chain(stream::pending())))
    }
}

fn broken(body: &BodyError) -> Option<BodyBroken> {
    body.downcast_ref().copied()
}

#[tokio::test]
async fn bodies_stream_both_ways() {
    for (name, bank, tls) in every_protocol(echo_body).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let sent: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
        let pieces: Vec<_> = sent.chunks(30_011).map(Bytes::copy_from_slice).collect();
        let frames = stream::iter(
            pieces
                .into_iter()
                .map(|p| Ok::<_, BodyError>(Frame::data(p))),
        );
        let body = BodyExt::boxed_unsync(StreamBody::new(frames));
        let answer = house.send(post("/echo", body)).await.expect(name);
        assert_eq!(house.upstream.in_use(), 1, "{name}");
        let back = answer.into_body().collect().await.expect(name).to_bytes();
        assert!(
            back == sent,
            "{name}: {} of {} bytes",
            back.len(),
            sent.len()
        );
        assert_eq!(house.upstream.in_use(), 0, "{name}");
        let answer = house
            .send(post("/echo", model::full("known length")))
            .await
            .expect(name);
        assert_eq!(answer.body().size_hint().exact(), Some(12), "{name}");
        let back = answer.into_body().collect().await.expect(name).to_bytes();
        assert_eq!(
            (&back[..], bank.accepted()),
            (&b"known length"[..], 1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_last_byte_frees_the_place_even_if_nobody_asks_for_more() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let mut answer = house.send(get("/rates")).await.expect(name);
        let length = answer.body().size_hint().exact().expect("a known length");
        let mut read = 0;
        while read < length {
            let frame = answer
                .body_mut()
                .frame()
                .await
                .expect("more")
                .expect("whole");
            read += frame.into_data().expect("data").len() as u64;
        }
        house
            .until("the place is free", |h| {
                h.upstream.in_use() == 0 || name == "h2"
            })
            .await;
        if name == "h2" {
            // The end of an HTTP/2 stream may come in a frame of its own.
            assert!(answer.body_mut().frame().await.is_none());
            assert_eq!(house.upstream.in_use(), 0);
        }
        assert!(answer.body().is_end_stream(), "{name}");
    }
}

#[tokio::test]
async fn a_silent_bank_is_given_up() {
    for (name, bank, tls) in every_protocol(silent).await {
        let limits = UpstreamLimits {
            head_timeout: Duration::from_millis(20),
            ..UpstreamLimits::default()
        };
        let house = House::new(&[&bank], tls, limits);
        for request in [get("/rates"), post("/pay", model::full("{}"))] {
            let failed = house.send(request).await.expect_err("silence");
            assert!(
                matches!(failed, UpstreamFailure::TimedOut(Waiting::Head)),
                "{name}: {failed:?}"
            );
        }
        assert_eq!(house.upstream.in_use(), 0, "{name}");
    }
}

#[tokio::test]
async fn the_callers_deadline_ends_the_wait_for_the_head() {
    let bank = Bank::plain(silent()).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let deadline = house.clock.monotonic() + Duration::from_millis(200);
    let failed = house
        .send_until(get("/rates"), deadline)
        .await
        .expect_err("silence");
    assert!(matches!(failed, UpstreamFailure::TimedOut(_)), "{failed:?}");
    assert_eq!(house.counts(), (0, 0, 0));
}

#[tokio::test]
async fn a_caller_slow_with_its_body_is_no_fault_of_the_banks() {
    for (name, bank, tls) in every_protocol(echo_body_after_all).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        house
            .send(post("/warm", model::full("x")))
            .await
            .expect(name);
        tokio::time::pause();
        let slow = stream::unfold(0, |sent| async move {
            // The clock of the runtime stands still: this moves it, and nobody waits.
            let later = tokio::time::Instant::now() + Duration::from_secs(20);
            tokio::time::sleep_until(later).await;
            let frame = Ok::<_, BodyError>(Frame::data(Bytes::from_static(b"slowly")));
            (sent < 4).then_some((frame, sent + 1))
        });
        let body = BodyExt::boxed_unsync(StreamBody::new(slow));
        let deadline = house.clock.monotonic() + Duration::from_mins(10);
        let answer = house
            .send_until(post("/echo", body), deadline)
            .await
            .expect(name);
        assert_eq!(answer.status(), 200, "{name}");
        tokio::time::resume();
    }
}

fn echo_body_after_all() -> Behaviour {
    Arc::new(|request| {
        Box::pin(async move {
            let _ = request.into_body().collect().await;
            Response::new(model::empty())
        })
    })
}

#[tokio::test]
async fn a_head_over_its_limits_is_refused() {
    let many: Behaviour = Arc::new(|_| {
        let mut answer = Response::new(model::empty());
        for n in 0..101 {
            let name = http::HeaderName::try_from(format!("x-{n}")).expect("valid");
            answer
                .headers_mut()
                .insert(name, http::HeaderValue::from_static("1"));
        }
        Box::pin(async { answer })
    });
    let long: Behaviour = Arc::new(|_| {
        let mut answer = Response::new(model::empty());
        let value = http::HeaderValue::try_from("x".repeat(70_000)).expect("valid");
        answer.headers_mut().insert("x-long", value);
        Box::pin(async { answer })
    });
    let pki = super::Pki::new();
    for behaviour in [many, long] {
        for alpn in ["h2", "http/1.1"] {
            let bank = Bank::tls(&pki, &[alpn], behaviour.clone()).await;
            let house = House::new(&[&bank], Some(pki.client_tls()), UpstreamLimits::default());
            let failed = house.get("/rates").await.expect_err("too much");
            assert!(
                matches!(failed, UpstreamFailure::Invalid(_)),
                "{alpn}: {failed:?}"
            );
            assert_eq!(house.upstream.in_use(), 0, "{alpn}");
        }
    }
}

#[tokio::test]
async fn informational_answers_are_passed_over() {
    let said = b"HTTP/1.1 103 Early Hints\r\nset-cookie: a=b\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n\
                 HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let bank = Bank::saying(said).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let answer = house.send(get("/rates")).await.expect("answered");
    assert!(!answer.headers().contains_key("set-cookie"));
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    assert_eq!(body, "ok");
}

#[tokio::test]
async fn trailers_end_an_answer_cleanly_and_go_no_further() {
    let with_trailers: Behaviour = Arc::new(|_| {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("set-cookie", http::HeaderValue::from_static("a=b"));
        let frames = [
            Ok(Frame::data(Bytes::from_static(b"ok"))),
            Ok(Frame::trailers(trailers)),
        ];
        let body = BodyExt::boxed_unsync(StreamBody::new(stream::iter(frames)));
        Box::pin(async { Response::new(body) })
    });
    let pki = super::Pki::new();
    let said = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: set-cookie\r\n\r\n\
                 2\r\nok\r\n0\r\nset-cookie: a=b\r\n\r\n";
    for (name, bank, tls) in [
        ("plain", Bank::repeating(said).await, None),
        (
            "h2",
            Bank::tls(&pki, &["h2"], with_trailers).await,
            Some(pki.client_tls()),
        ),
    ] {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        for _ in 0..3 {
            let answer = house.send(get("/rates")).await.expect(name);
            assert!(!answer.headers().contains_key("trailer"), "{name}");
            let mut body = answer.into_body();
            let data = body.frame().await.expect(name).expect(name).into_data();
            assert_eq!(data.expect(name), "ok", "{name}");
            assert!(body.frame().await.is_none(), "{name}");
            assert!(body.is_end_stream(), "{name}");
            drop(body);
            house
                .until("the connection is unused", |house| {
                    house.counts() == (0, 1, 1)
                })
                .await;
        }
        assert_eq!((bank.requests(), bank.accepted()), (3, 1), "{name}");
    }
}

#[tokio::test]
async fn an_answer_to_head_ends_with_its_head() {
    // Over HTTP/2 the stream is ended by a frame of its own.
    let ends_later: fn() -> Behaviour = || {
        Arc::new(|_| {
            let body = BodyExt::boxed_unsync(StreamBody::new(stream::empty()));
            let answer = Response::builder().header("content-length", "7").body(body);
            Box::pin(async { answer.expect("valid") })
        })
    };
    for (name, bank, tls) in every_protocol(ends_later).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        for _ in 0..3 {
            let mut request = get("/rates");
            *request.method_mut() = http::Method::HEAD;
            let answer = house.send(request).await.expect(name);
            assert!(answer.body().is_end_stream(), "{name}");
            assert_eq!(answer.headers()["content-length"], "7", "{name}");
            house
                .until("the connection is unused", |house| {
                    house.counts() == (0, 1, 1)
                })
                .await;
        }
        assert_eq!((bank.requests(), bank.accepted()), (3, 1), "{name}");
    }
}

#[tokio::test]
async fn an_answer_cut_in_the_middle_is_never_taken_for_a_whole_one() {
    for said in [
        &b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel"[..],
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\nzz\r\n",
    ] {
        let bank = Bank::saying(said).await;
        let house = House::new(&[&bank], None, UpstreamLimits::default());
        let answer = house.send(get("/rates")).await.expect("a head");
        let cut = answer.into_body().collect().await.expect_err("cut");
        assert_eq!(broken(&cut), Some(BodyBroken::BrokenOff));
        assert_eq!(house.counts(), (0, 0, 0));
    }
    for (name, bank, tls) in every_protocol(half_an_answer).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let answer = house.send(get("/rates")).await.expect("a head");
        let cut = answer.into_body().collect().await.expect_err("cut");
        assert_eq!(broken(&cut), Some(BodyBroken::BrokenOff), "{name}");
        assert_eq!(house.upstream.in_use(), 0, "{name}");
    }
}

fn half_an_answer() -> Behaviour {
    Arc::new(|_| {
        // The pause before the break lets the head leave.
        let breaks = stream::once(async {
            tokio::task::yield_now().await;
            Err::<Frame<Bytes>, BodyError>("the bank's own trouble".into())
        });
        let data = stream::iter([Ok(Frame::data(Bytes::from_static(b"half")))]);
        let body = BodyExt::boxed_unsync(StreamBody::new(data.chain(breaks)));
        Box::pin(async { Response::new(body) })
    })
}

fn endless_answer() -> Behaviour {
    Arc::new(|_| Box::pin(async { Response::new(chunks(3, None)) }))
}

#[tokio::test]
async fn an_answer_that_pauses_too_long_is_broken_off() {
    for (name, bank, tls) in every_protocol(endless_answer).await {
        let limits = UpstreamLimits {
            body_idle_timeout: Duration::from_millis(30),
            ..UpstreamLimits::default()
        };
        let house = House::new(&[&bank], tls, limits);
        let answer = house.send(get("/rates")).await.expect(name);
        let slow = answer
            .into_body()
            .collect()
            .await
            .expect_err("a pause without end");
        assert_eq!(broken(&slow), Some(BodyBroken::TooSlow), "{name}");
        assert_eq!(house.upstream.in_use(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_dropped_answer_frees_its_place_at_once() {
    for (name, bank, tls) in every_protocol(endless_answer).await {
        let house = House::new(&[&bank], tls, UpstreamLimits::default());
        let mut answer = house.send(get("/rates")).await.expect(name);
        answer
            .body_mut()
            .frame()
            .await
            .expect("a frame")
            .expect("data");
        assert_eq!(house.counts(), (1, 1, 0), "{name}");
        drop(answer);
        if name == "h2" {
            assert_eq!(house.counts(), (0, 1, 1));
            house
                .send(get("/rates"))
                .await
                .expect("the same connection");
            assert_eq!(bank.accepted(), 1);
        } else {
            assert_eq!(house.counts(), (0, 0, 0), "{name}");
            bank.until_open(0).await;
        }
    }
}

#[tokio::test]
async fn a_request_whose_body_breaks_is_the_callers_failure() {
    let breaks: [(BodyError, BodyBroken); 3] = [
        (BodyBroken::TooSlow.into(), BodyBroken::TooSlow),
        (
            BodyBroken::TooLarge { limit: 5 }.into(),
            BodyBroken::TooLarge { limit: 5 },
        ),
        ("something else".into(), BodyBroken::BrokenOff),
    ];
    for (error, expected) in breaks {
        let text = error.to_string();
        let again = || -> BodyError {
            match text.as_str() {
                "something else" => "something else".into(),
                _ => expected.into(),
            }
        };
        for (name, bank, tls) in every_protocol(echo_body_after_all).await {
            let house = House::new(&[&bank], tls, UpstreamLimits::default());
            let failed = house.send(post("/pay", chunks(2, Some(again())))).await;
            match failed {
                Err(UpstreamFailure::Request(how)) => assert_eq!(how, expected, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
            assert_eq!(house.upstream.in_use(), 0, "{name}");
        }
    }
}

#[tokio::test]
async fn a_tunnel_is_not_opened() {
    let bank = Bank::plain(echo_head()).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let mut request = get("/");
    *request.method_mut() = http::Method::CONNECT;
    let refused = house.send(request).await.expect_err("a tunnel");
    assert!(matches!(
        refused,
        UpstreamFailure::Invalid(Unacceptable::NotForwardable)
    ));
    assert_eq!(bank.accepted(), 0);
}

#[tokio::test]
async fn a_stream_that_the_bank_refused_was_not_processed() {
    let pki = super::Pki::new();
    let bank = Bank::refusing_streams(&pki).await;
    let house = House::new(&[&bank], Some(pki.client_tls()), UpstreamLimits::default());
    let failed = house.get("/rates").await.expect_err("refused");
    assert!(
        matches!(
            failed,
            UpstreamFailure::Unavailable(Unreachable::RefusedStream(_))
        ),
        "{failed:?}"
    );
    assert_eq!(house.counts(), (0, 1, 1));
}
