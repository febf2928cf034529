//! Every way in which a bank may fail: what is said of it, and how often the bank was called.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use http::{Method, Response};
use http_body_util::BodyExt;
use model::{BodyBroken, MessageBody};

use crate::{Trouble, UpstreamFailure, UpstreamLimits};

use super::bank::{Bank, Pki, echo_head, silent};
use super::raw::{self, Play};
use super::{House, get, post};

/// What a call came to: the failure's word, or `None` for a whole answer.
async fn outcome(house: &House, request: http::Request<MessageBody>) -> Option<Trouble> {
    match house.send(request).await {
        Ok(answer) => {
            let error = answer.into_body().collect().await.err()?;
            Some(Trouble::of_body(&error))
        }
        Err(failure) => Some(failure.trouble().unwrap_or_else(|| panic!("{failure:?}"))),
    }
}

/// Calls a bank four times, anew each time: GET, and POST without a body, with one, and one of an
/// unknown length. Demands this word, and so many calls of the bank's for each.
async fn fails(
    name: &str,
    bank: impl AsyncFn() -> (Bank, Option<crate::ClientTls>),
    trouble: Option<Trouble>,
    calls: [usize; 2],
) {
    let mut limits = UpstreamLimits::default();
    match trouble {
        Some(Trouble::TimedOut) => limits.head_timeout = Duration::from_millis(60),
        Some(Trouble::Stalled) => {
            limits.body_idle_timeout = Duration::from_millis(60);
            limits.body_rate_min = 1_048_576;
        }
        _ => {}
    }
    let requests: [fn() -> http::Request<MessageBody>; 4] = [
        || get("/rates"),
        || post("/pay", model::empty()),
        || post("/pay", model::full("{}")),
        || post("/pay", raw::untold()),
    ];
    for (index, request) in requests.into_iter().enumerate() {
        let (bank, tls) = bank().await;
        let house = House::new(&[&bank], tls, limits.clone());
        assert_eq!(outcome(&house, request()).await, trouble, "{name}: {index}");
        assert_eq!(bank.requests(), calls[index.min(1)], "{name}: {index}");
        let counts = house.upstream.counts();
        assert_eq!(counts.in_use, 0, "{name}: {counts:?}");
        assert_eq!(counts.repeats as usize, bank.requests() - 1, "{name}");
        if let Some(trouble) = trouble {
            assert!(counts.met(trouble) > 0, "{name}: {counts:?}");
            assert_eq!(counts.idle, usize::from(counts.open > 0), "{name}");
        }
    }
}

async fn over_http1(name: &str, play: Play, trouble: Option<Trouble>, calls: [usize; 2]) {
    let play = Arc::new(play);
    fails(
        name,
        async || (Bank::playing(&play).await, None),
        trouble,
        calls,
    )
    .await;
}

async fn over_http2(name: &str, play: Play, trouble: Option<Trouble>, calls: [usize; 2]) {
    let (pki, play) = (Pki::new(), Arc::new(play));
    fails(
        name,
        async || {
            let bank = Bank::playing_http2(&pki, &play).await;
            (bank, Some(pki.client_tls()))
        },
        trouble,
        calls,
    )
    .await;
}

#[tokio::test]
async fn what_breaks_before_the_head_is_repeated_once_and_only_without_effect() {
    let reset = Some(Trouble::Reset);
    for (name, play) in [
        ("close", Play::Say(b"".to_vec())),
        ("half a head", Play::Say(b"HTTP/1.1 200 OK\r\nx: ".to_vec())),
        (
            "close after 103",
            Play::Say(b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec()),
        ),
        ("reset", Play::Reset(b"".to_vec())),
        ("reset in the head", Play::Reset(b"HTTP/1.1 2".to_vec())),
    ] {
        over_http1(name, play, reset, [2, 1]).await;
    }
    for (name, play) in [
        ("close", Play::Say(raw::SETTINGS.to_vec())),
        ("reset", Play::Reset(raw::SETTINGS.to_vec())),
        ("stream error", Play::Wait(raw::rst_stream(2))),
        ("enhance your calm", Play::Wait(raw::rst_stream(11))),
        (
            "goodbye that names the stream, and a close",
            Play::Say(raw::go_away(1, 0)),
        ),
    ] {
        over_http2(name, play, reset, [2, 1]).await;
    }
}

#[tokio::test]
async fn what_the_bank_gave_back_is_repeated_once_and_only_without_effect() {
    let refused = Some(Trouble::Refused);
    for (name, play) in [
        ("refused stream", Play::Wait(raw::rst_stream(7))),
        ("goodbye", Play::Wait(raw::go_away(0, 0))),
        ("goodbye and a close", Play::Say(raw::go_away(0, 0))),
        ("angry goodbye", Play::Say(raw::go_away(0, 11))),
    ] {
        over_http2(name, play, refused, [2, 1]).await;
    }
}

#[tokio::test]
async fn garbage_is_never_asked_for_twice() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let many = (0..10_000).fold("HTTP/1.1 200 OK\r\n".to_owned(), |head, n| {
        head + &format!("x-{n}: 1\r\n")
    }) + "\r\n";
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: </x>; rel=preload\r\n\r\n".repeat(10_000);
    for said in [
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/0.9 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nname : 1\r\n\r\n",
        "HTTP/1.1 200 OK\r\na: 1\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\nhello",
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        &long,
        &many,
        &hints,
    ] {
        let name: String = said.chars().take(60).collect();
        let play = Play::Say(said.as_bytes().to_vec());
        over_http1(&name, play, Some(Trouble::Garbage), [1, 1]).await;
    }
    for (name, frames) in [
        ("DATA on stream 0", raw::frame(0, 0, 0, b"x")),
        ("HEADERS on stream 2", raw::frame(1, 5, 2, &[0x88])),
        ("no status", raw::frame(1, 5, 1, b"\x00\x01x\x01y")),
        ("DATA before HEADERS", raw::frame(0, 1, 1, b"x")),
        ("no compression", raw::frame(1, 5, 1, &[0xff, 0xff, 0xff])),
        (
            "a frame over its limit",
            raw::frame(0, 0, 1, &vec![0; 20_000]),
        ),
        ("SETTINGS that are odd", raw::frame(4, 0, 0, b"odd")),
        ("a window of nothing", raw::frame(8, 0, 0, &[0; 4])),
        ("not HTTP/2", b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
    ] {
        over_http2(name, Play::Wait(frames), Some(Trouble::Garbage), [1, 1]).await;
    }
}

#[tokio::test]
async fn a_bank_that_keeps_us_waiting_is_given_up_and_not_called_again() {
    let timed_out = Some(Trouble::TimedOut);
    let begun = b"HTTP/1.1 200 OK\r\nx: ".to_vec();
    over_http1("silence", Play::Wait(Vec::new()), timed_out, [1, 1]).await;
    over_http1("half a head", Play::Wait(begun.clone()), timed_out, [1, 1]).await;
    over_http1("a trickling head", Play::Trickle(begun), timed_out, [1, 1]).await;
    let settings = || Play::Wait(raw::SETTINGS.to_vec());
    over_http2("silence", settings(), timed_out, [1, 1]).await;
    let hint = raw::frame(1, 4, 1, b"\x08\x03103");
    over_http2("103 and silence", Play::Wait(hint), timed_out, [1, 1]).await;

    let stalled = Some(Trouble::Stalled);
    let head = |length: &str| format!("HTTP/1.1 200 OK\r\n{length}\r\n\r\n").into_bytes();
    let long = head("content-length: 1000");
    over_http1("half a body", Play::Wait(long.clone()), stalled, [1, 1]).await;
    over_http1("a trickling body", Play::Trickle(long), stalled, [1, 1]).await;
    let open = head("transfer-encoding: chunked");
    over_http1("no chunk", Play::Wait(open), stalled, [1, 1]).await;
    over_http2("half a body", Play::Wait(raw::head()), stalled, [1, 1]).await;
}

#[tokio::test]
async fn a_body_that_ends_early_is_never_taken_for_a_whole_one() {
    let cut = Some(Trouble::Truncated);
    for said in [
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhel\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+3\r\nhel\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    ] {
        let bytes = said.as_bytes().to_vec();
        over_http1(said, Play::Say(bytes.clone()), cut, [1, 1]).await;
        over_http1(said, Play::Reset(bytes), cut, [1, 1]).await;
    }
    let until_close = b"HTTP/1.1 200 OK\r\n\r\nhel".to_vec();
    over_http1("a reset", Play::Reset(until_close), cut, [1, 1]).await;
    let data = || raw::frame(0, 0, 1, b"hel");
    let head = raw::head;
    for (name, play) in [
        ("close", Play::Say([head(), data()].concat())),
        (
            "stream error",
            Play::Wait([head(), data(), raw::rst_stream(2)].concat()),
        ),
        (
            "goodbye and a close",
            Play::Say([head(), data(), raw::go_away(1, 0)].concat()),
        ),
        (
            "too few bytes",
            Play::Wait([raw::head_of_nine(), raw::frame(0, 1, 1, b"hel")].concat()),
        ),
        (
            "too many bytes",
            Play::Wait([raw::head_of_nine(), raw::frame(0, 1, 1, b"hello, bank")].concat()),
        ),
    ] {
        over_http2(name, play, cut, [1, 1]).await;
    }
}

#[tokio::test]
async fn what_is_odd_and_yet_allowed_is_answered() {
    let hints = "HTTP/1.1 103 Early Hints\r\nset-cookie: a=b\r\n\r\n".repeat(1_000);
    let said = hints + "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    over_http1("1,000 hints", Play::Say(said.into_bytes()), None, [1, 1]).await;
    let upgrade = "HTTP/1.1 200 OK\r\nupgrade: h2c\r\ncontent-length: 2\r\n\r\nok";
    over_http1("upgrade offered", Play::Say(upgrade.into()), None, [1, 1]).await;
    let answer = || raw::frame(1, 5, 1, &[0x88]);
    let hints = raw::frame(1, 4, 1, b"\x08\x03103").repeat(1_000);
    let play = Play::Wait([hints, answer()].concat());
    over_http2("1,000 hints", play, None, [1, 1]).await;
    let play = Play::Wait([raw::SETTINGS.repeat(2_000), answer()].concat());
    over_http2("2,000 settings", play, None, [1, 1]).await;
    let pings = raw::frame(6, 0, 0, &[7; 8]).repeat(2_000);
    let play = Play::Wait([pings, answer()].concat());
    over_http2("2,000 pings", play, None, [1, 1]).await;
}

#[tokio::test]
async fn a_bank_whose_certificate_is_not_believed_hears_no_request() {
    let (ours, theirs) = (Pki::new(), Pki::new());
    let expired = Pki::expired();
    let mut misnamed = ours.client_tls();
    misnamed.server_name = Some("ledger.rival.example".to_owned());
    for (name, bank, tls) in [
        ("authority", &theirs, ours.client_tls()),
        ("life", &expired, expired.client_tls()),
        ("name", &ours, misnamed),
    ] {
        let bank = Bank::tls(bank, &["h2", "http/1.1"], echo_head()).await;
        let house = House::new(&[&bank], Some(tls), UpstreamLimits::default());
        let trouble = outcome(&house, get("/rates")).await;
        assert_eq!(trouble, Some(Trouble::Untrusted), "{name}");
        assert_eq!(bank.requests(), 0, "{name}");
    }
}

#[tokio::test]
async fn a_bank_that_refuses_our_certificate_is_told_apart_from_one_that_breaks() {
    for alpn in ["h2", "http/1.1"] {
        let pki = Pki::new();
        let bank = Bank::disowning(&pki, alpn).await;
        for request in [get("/rates"), post("/pay", model::full("{}"))] {
            let house = House::new(&[&bank], Some(pki.client_tls()), UpstreamLimits::default());
            let failed = house.send(request).await.expect_err("not let in");
            assert!(
                matches!(failed, UpstreamFailure::Unavailable(_)),
                "{alpn}: {failed:?}"
            );
            assert_eq!(failed.trouble(), Some(Trouble::Untrusted), "{alpn}");
        }
        assert_eq!(bank.accepted(), 2, "{alpn}: each was tried once");
    }
}

#[tokio::test]
async fn a_bank_that_answers_no_attempt_to_connect_is_unreachable() {
    let deaf = raw::Deaf::new().await;
    let limits = UpstreamLimits {
        connect_timeout: Duration::from_millis(30),
        ..UpstreamLimits::default()
    };
    let house = House::at(&[deaf.port], None, limits.clone());
    let trouble = outcome(&house, get("/rates")).await;
    assert_eq!(trouble, Some(Trouble::Unreachable));
    let bank = Bank::plain(echo_head()).await;
    let house = House::at(&[deaf.port, bank.port], None, limits);
    for _ in 0..5 {
        let trouble = outcome(&house, post("/pay", model::full("{}"))).await;
        assert_eq!(trouble, None, "nothing had been sent");
    }
    assert_eq!(bank.requests(), 5);
    assert_eq!(house.upstream.counts().met(Trouble::Unreachable), 1);
}

#[tokio::test]
async fn a_connection_that_the_bank_closes_as_it_is_used_again_costs_no_error() {
    let bank = Bank::once_each().await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    // Three connections rest; the bank closes each at its second request, without an answer.
    let calls = join_all((0..3).map(|_| house.get("/rates"))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!((bank.accepted(), house.counts()), (3, (0, 3, 3)));
    assert_eq!(outcome(&house, get("/rates")).await, None);
    assert_eq!((bank.requests(), bank.accepted()), (5, 4));
    let lost = outcome(&house, post("/pay", model::empty())).await;
    assert_eq!(lost, Some(Trouble::Reset), "it may have been acted on");
    assert_eq!((bank.requests(), bank.accepted()), (6, 4));
    for _ in 0..10 {
        let trouble = outcome(&house, get("/rates")).await;
        assert_eq!(trouble, None, "an old connection's end is nobody's failure");
    }
}

#[tokio::test]
async fn a_repeat_goes_to_another_endpoint_and_what_has_an_effect_does_not() {
    let broken = Bank::saying(b"").await;
    let well = Bank::plain(echo_head()).await;
    let limits = UpstreamLimits {
        failures: 1_000,
        ..UpstreamLimits::default()
    };
    let house = House::new(&[&broken, &well], None, limits);
    for _ in 0..50 {
        assert_eq!(outcome(&house, get("/rates")).await, None);
        // A new second, a new budget.
        house.clock.advance(Duration::from_secs(1));
    }
    let met = house.upstream.counts().met(Trouble::Reset);
    assert_eq!((well.requests(), broken.requests() as u64), (50, met));
    let before = (well.requests(), broken.requests());
    for _ in 0..50 {
        outcome(&house, post("/pay", model::empty())).await;
    }
    let calls = well.requests() + broken.requests() - before.0 - before.1;
    assert_eq!(calls, 50, "one call for each");
}

#[tokio::test]
async fn when_all_fail_repeats_add_a_fifth_and_ten_a_second() {
    let bank = Bank::saying(b"").await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    for _ in 0..1_000 {
        assert_eq!(outcome(&house, get("/rates")).await, Some(Trouble::Reset));
    }
    assert_eq!(bank.requests(), 1_000 + 200 + 10);
    assert_eq!(house.upstream.counts().repeats, 210);
    house.clock.advance(Duration::from_secs(1));
    outcome(&house, get("/rates")).await;
    assert_eq!(bank.requests(), 1_212, "a new second, a new budget");
}

#[tokio::test]
async fn head_is_repeated_as_get_is_and_a_request_that_broke_is_not() {
    let bank = Bank::saying(b"").await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let mut head = get("/rates");
    *head.method_mut() = Method::HEAD;
    assert_eq!(outcome(&house, head).await, Some(Trouble::Reset));
    assert_eq!(bank.requests(), 2);
    let bank = Bank::plain(silent()).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    let broken = house.send(post("/rates", raw::breaking())).await;
    let failed = broken.expect_err("a body that broke");
    assert!(
        matches!(failed, UpstreamFailure::Request(BodyBroken::BrokenOff)),
        "{failed:?}"
    );
    assert_eq!(failed.trouble(), None);
    assert_eq!(house.upstream.counts().repeats, 0);
}

#[tokio::test]
async fn answers_of_a_gateway_behind_us_are_passed_on_and_counted() {
    for (status, is_declined) in [(500, false), (502, true), (503, true), (504, true)] {
        let behaviour: super::bank::Behaviour = Arc::new(move |_| {
            let answer = Response::builder().status(status).body(model::full("no"));
            Box::pin(async { answer.expect("valid") })
        });
        let bank = Bank::plain(behaviour).await;
        let house = House::new(&[&bank], None, UpstreamLimits::default());
        let answer = house.send(get("/rates")).await.expect("an answer");
        assert_eq!(answer.status(), status);
        let met = house.upstream.counts().met(Trouble::Declined);
        assert_eq!((met, bank.requests()), (u64::from(is_declined), 1));
    }
}
