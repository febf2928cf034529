//! Requests that are wrong in themselves, or too many, or too large, or too slow.

use std::sync::Arc;

use kit::{EchoBank, HouseBuilder, Method, TestHouse, Version, endless, read, untold, whole};
use model::MovedClock;

use super::{BRANCHES, OPEN, stranger};

#[tokio::test]
async fn a_path_that_two_readers_could_read_differently_is_refused() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        for (target, says) in [
            ("/fx/v1/../v1/rates", "dot segment"),
            ("/fx/v1/%2e%2E/rates", "escapes a character"),
            ("/fx//v1/rates", "empty segment"),
            ("/fx/v1%2Frates", "escapes a character"),
            ("/fx/v1/rates%00", "escapes a character"),
            ("/fx/v1/%72ates", "escapes a character"),
            ("/fx/v1/rates;v=2", "';'"),
            ("/fx/v1/rates%zz", "hexadecimal"),
        ] {
            client
                .get(target, &[])
                .await
                .refused_saying(400, "malformed_request", says);
        }
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn what_no_product_serves_is_an_unknown_route() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        for target in [
            "/",
            "/nowhere",
            "/fx/v1/rates/EUR-CNY/more",
            "/fx/v1/rates/",
            "/FX/v1/rates",
        ] {
            client.get(target, &[]).await.refused(404, "unknown_route");
        }
        let other = stranger(&house, version).await;
        let answer = other.naming("other.example").get(OPEN, &[]).await;
        answer.refused_saying(404, "unknown_route", "at this host and path");
        let dial = house.dial(None, version);
        let mut issuer = dial.connect(house.issuer()).await.expect("a connection");
        issuer.get(OPEN, &[]).await.refused(404, "unknown_route");
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn a_method_that_the_path_has_not_is_refused_with_those_it_has() {
    let house = TestHouse::start().await;
    let brew = Method::from_bytes(b"BREW").expect("a method");
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        for method in [Method::POST, Method::DELETE, Method::OPTIONS, brew.clone()] {
            for target in [OPEN, BRANCHES] {
                let answer = client
                    .call(method.clone(), target, &[], "")
                    .await
                    .expect("an answer");
                let problem = answer.refused(405, "method_not_allowed");
                assert_eq!(answer.header("allow"), "GET");
                assert_eq!(problem["expected"], "One of: GET.");
            }
        }
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn an_address_that_knocks_too_often_is_told_when_it_may_again() {
    let clock = Arc::new(MovedClock::stopped());
    let house = HouseBuilder::with_clock(clock)
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 6/min, burst: 3 requests",
        )
        .start()
        .await;
    let mut client = stranger(&house, Version::Http2).await;
    for _ in 0..3 {
        client.get(OPEN, &[]).await.ok();
    }
    for target in [OPEN, BRANCHES] {
        let answer = client.get(target, &[]).await;
        let problem = answer.refused(429, "too_many_requests");
        assert_eq!(answer.header("retry-after"), "10");
        assert_eq!(problem["expected"], "The next request in 10 s.");
    }
    house.clock.advance(std::time::Duration::from_secs(10));
    client.get(OPEN, &[]).await.ok();
    client
        .get(OPEN, &[])
        .await
        .refused(429, "too_many_requests");
}

/// A house whose API listener has this limit, with the echo bank behind it.
async fn limited(name: &str, value: &str) -> (TestHouse, EchoBank) {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new()
        .with_echo(&bank)
        .limited(name, value)
        .start()
        .await;
    (house, bank)
}

#[tokio::test]
async fn a_body_longer_than_the_listener_takes_is_refused_whether_its_length_is_told_or_not() {
    let (house, bank) = limited("body_max", "1 KiB").await;
    let post = async |version, body| {
        let mut client = stranger(&house, version).await;
        let answer = client.send(Method::POST, "/echo/v1/open", &[], body).await;
        read(answer.expect("an answer"))
            .await
            .expect("a whole answer")
    };
    let (long, short) = (vec![b'x'; 1025], vec![b'x'; 1024]);
    for version in Version::BOTH {
        let answer = post(version, whole(long.clone())).await;
        let problem = answer.refused(413, "body_too_large");
        assert_eq!(problem["expected"], "At most 1024 bytes.");
    }
    assert_eq!(
        bank.calls(),
        0,
        "a length too great is refused before the bank is asked"
    );
    for version in Version::BOTH {
        post(version, untold(long.clone()))
            .await
            .refused(413, "body_too_large");
        for body in [whole(short.clone()), untold(short.clone())] {
            assert_eq!(post(version, body).await.ok()["bytes"], 1024);
        }
    }
}

#[tokio::test]
async fn a_body_that_stops_coming_is_refused() {
    let (house, _bank) = limited("body_idle_timeout", "50ms").await;
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        let body = endless("some bytes and then none");
        let answer = client.send(Method::POST, "/echo/v1/open", &[], body).await;
        let answer = read(answer.expect("an answer"))
            .await
            .expect("a whole answer");
        answer.refused_saying(408, "body_too_slow", "stopped arriving");
    }
}
