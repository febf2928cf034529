//! Nobody takes more than its share: rate and concurrency of each agreement, and the gate of each
//! address.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kit::{
    Answer, Client, EchoBank, HouseBuilder, Method, Partner, TestHouse, Version, read, whole,
};
use model::MovedClock;

const PRODUCTS: &str = "/catalogue/v1/products";

/// A house that stands still, with so great a burst and a rate of 5 a second.
async fn still(burst: usize) -> TestHouse {
    HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(
            "burst: 10 requests, concurrent: 8 requests",
            &format!("burst: {burst} requests, concurrent: 1000 requests"),
        )
        .start()
        .await
}

async fn connect(partner: &Partner, house: &TestHouse, version: Version) -> Client {
    partner
        .dial(house, version)
        .connect(house.api())
        .await
        .expect("a connection")
}

/// So many calls on each of eight connections, four of each version, all at once.
async fn volley(house: &TestHouse, partner: &Partner, token: &str, each: usize) -> Vec<Answer> {
    let mut calls = tokio::task::JoinSet::new();
    for connection in 0..8 {
        let version = Version::BOTH[connection % 2];
        let mut client = connect(partner, house, version).await;
        let token = token.to_owned();
        calls.spawn(async move {
            let mut answers = Vec::with_capacity(each);
            for _ in 0..each {
                answers.push(client.get(PRODUCTS, &[("authorization", &token)]).await);
            }
            answers
        });
    }
    calls.join_all().await.into_iter().flatten().collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_200_calls_in_one_instant_the_burst_passes_and_the_other_partner_loses_none() {
    let house = still(40).await;
    let greedy = Partner::of(&house, "swiftride-app");
    let modest = Partner::of(&house, "cartwheel-app");
    let greedy_token = greedy.bearer(&house, "catalogue").await;
    let modest_token = modest.bearer(&house, "catalogue").await;
    let (many, few) = tokio::join!(
        volley(&house, &greedy, &greedy_token, 25),
        volley(&house, &modest, &modest_token, 4),
    );
    let passed = many.iter().filter(|answer| answer.status == 200).count();
    assert!(
        (39..=41).contains(&passed),
        "{passed} of {} passed",
        many.len()
    );
    assert_eq!(many.len(), 200);
    for answer in many.iter().filter(|answer| answer.status != 200) {
        answer.refused(429, "rate_limited");
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(answer.header("ratelimit"), "\"trial\";r=0;t=1");
    }
    assert_eq!(few.iter().filter(|answer| answer.status == 200).count(), 32);
    assert_eq!(
        house.bank.calls(),
        passed as u64 + 32,
        "the bank was spared the rest"
    );
}

#[tokio::test]
async fn each_answer_says_what_is_left_and_a_refused_one_when_more_comes() {
    let house = still(3).await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "catalogue").await;
    let headers = [("authorization", token.as_str())];
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        for left in (0..3).rev() {
            let answer = client.get(PRODUCTS, &headers).await;
            answer.ok();
            assert_eq!(answer.header("ratelimit-policy"), "\"trial\";q=3;w=1");
            assert_eq!(answer.header("ratelimit"), format!("\"trial\";r={left}"));
            assert_eq!(answer.header("retry-after"), "");
        }
        let answer = client.get(PRODUCTS, &headers).await;
        answer.refused(429, "rate_limited");
        assert_eq!(answer.header("ratelimit-policy"), "\"trial\";q=3;w=1");
        assert_eq!(answer.header("ratelimit"), "\"trial\";r=0;t=1");
        assert_eq!(answer.header("retry-after"), "1");
        house.clock.advance(Duration::from_millis(200));
        client.get(PRODUCTS, &headers).await.ok();
        client
            .get(PRODUCTS, &headers)
            .await
            .refused(429, "rate_limited");
        house.clock.advance(Duration::from_secs(1));
    }
}

#[tokio::test]
async fn calls_refused_before_the_limits_take_nothing_from_them() {
    let house = still(2).await;
    let partner = Partner::of(&house, "swiftride-app");
    let thief = Partner::of(&house, "cartwheel-app");
    let token = partner.bearer(&house, "catalogue").await;
    let headers = [("authorization", token.as_str())];
    let mut stranger = connect(&thief, &house, Version::Http2).await;
    for _ in 0..5 {
        stranger
            .get(PRODUCTS, &headers)
            .await
            .refused(401, "wrong_binding");
    }
    let mut client = connect(&partner, &house, Version::Http2).await;
    for _ in 0..2 {
        client.get(PRODUCTS, &headers).await.ok();
    }
    client
        .get(PRODUCTS, &headers)
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn being_refused_for_want_of_an_agreement_is_limited_too() {
    let house = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 1/s, burst: 12 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "cartwheel-app");
    let token = partner.bearer(&house, "catalogue").await;
    // From two addresses, so that the gate is not what refuses.
    let mut codes = Vec::new();
    for from in [[127, 0, 0, 1], [127, 0, 0, 2]] {
        let dial = partner
            .dial(&house, Version::Http2)
            .from_address(from.into());
        let mut client = dial.connect(house.api()).await.expect("a connection");
        for _ in 0..8 {
            let headers = [("authorization", token.as_str())];
            codes.push(client.get("/branches/v1/branches", &headers).await.code());
        }
    }
    assert!(
        codes[..12].iter().all(|code| code == "no_agreement"),
        "{codes:?}"
    );
    assert!(
        codes[12..].iter().all(|code| code == "rate_limited"),
        "{codes:?}"
    );
}

/// A house with the echo bank, two places for open calls, and rate enough.
async fn two_places() -> (TestHouse, EchoBank, Partner, String) {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new()
        .with_echo(&bank)
        .edit(
            "rate: 5/s, burst: 10 requests, concurrent: 8 requests",
            "rate: 100000/s, burst: 100000 requests, concurrent: 2 requests",
        )
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 100000/s, burst: 100000 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    (house, bank, partner, token)
}

const HELD: &str = "/echo/v1/guarded?held";
const QUICK: &str = "/echo/v1/guarded";

/// Takes a place: the answer's head is here, the rest is held by the bank. The connection goes on;
/// the rest is read by who awaits it, and reset when it is dropped.
async fn hold(mut client: Client, token: &str) -> (Client, impl Future<Output = Answer> + use<>) {
    let headers = [("authorization", token)];
    let answer = client.send(Method::GET, HELD, &headers, whole("")).await;
    let answer = answer.expect("an answer's head");
    assert_eq!(answer.status(), 200);
    (client, async {
        read(answer).await.expect("a whole answer")
    })
}

/// Asserts that no place is left.
async fn is_full(client: &mut Client, token: &str) {
    client
        .get(QUICK, &[("authorization", token)])
        .await
        .refused(429, "too_many_concurrent");
}

/// Calls until there is a place again, for five seconds at most.
async fn passes(client: &mut Client, token: &str) {
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        let answer = client.get(QUICK, &[("authorization", token)]).await;
        if answer.status == 200 {
            return;
        }
        answer.refused(429, "too_many_concurrent");
        assert!(tokio::time::Instant::now() < until, "no place came back");
    }
}

#[tokio::test]
async fn a_place_is_held_until_the_last_byte_and_comes_back_then() {
    let (house, bank, partner, token) = two_places().await;
    let mut other = connect(&partner, &house, Version::Http2).await;
    for version in Version::BOTH {
        let held = [
            hold(connect(&partner, &house, version).await, &token).await,
            hold(connect(&partner, &house, version).await, &token).await,
        ];
        is_full(&mut other, &token).await;
        bank.release(1);
        // Whichever it is, one of them ends, and its place is free again.
        passes(&mut other, &token).await;
        bank.release(1);
        for (_client, rest) in held {
            assert_eq!(rest.await.ok()["target"], HELD);
        }
        passes(&mut other, &token).await;
    }
}

#[tokio::test]
async fn a_place_comes_back_when_the_client_hangs_up() {
    let (house, _bank, partner, token) = two_places().await;
    let mut other = connect(&partner, &house, Version::Http2).await;
    for version in Version::BOTH {
        let held = [
            hold(connect(&partner, &house, version).await, &token).await,
            hold(connect(&partner, &house, version).await, &token).await,
        ];
        is_full(&mut other, &token).await;
        drop(held);
        passes(&mut other, &token).await;
    }
}

#[tokio::test]
async fn a_place_comes_back_when_one_stream_of_a_connection_is_reset() {
    let (house, _bank, partner, token) = two_places().await;
    let client = connect(&partner, &house, Version::Http2).await;
    let (client, first) = hold(client, &token).await;
    let (mut client, second) = hold(client, &token).await;
    is_full(&mut client, &token).await;
    drop(first);
    passes(&mut client, &token).await;
    drop(second);
}

#[tokio::test]
async fn the_other_partners_places_are_its_own() {
    let (house, _bank, partner, token) = two_places().await;
    let client = connect(&partner, &house, Version::Http2).await;
    let (client, first) = hold(client, &token).await;
    let (mut client, second) = hold(client, &token).await;
    is_full(&mut client, &token).await;
    let modest = Partner::of(&house, "cartwheel-app");
    let token = modest.bearer(&house, "catalogue").await;
    let mut other = connect(&modest, &house, Version::Http1).await;
    other.get(PRODUCTS, &[("authorization", &token)]).await.ok();
    drop((first, second));
}

#[tokio::test]
async fn the_gate_is_one_bucket_for_an_address_at_every_door() {
    let house = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 1/s, burst: 6 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let mut api = connect(&partner, &house, Version::Http2).await;
    let mut again = connect(&partner, &house, Version::Http1).await;
    let bare = house.dial(None, Version::Http1);
    let mut issuer = bare.connect(house.issuer()).await.expect("a connection");
    let rates = "/fx/v1/rates/EUR-CNY";
    api.get(rates, &[]).await.ok();
    again.get(rates, &[]).await.ok();
    issuer.get("/jwks", &[]).await.ok();
    issuer
        .get("/.well-known/oauth-authorization-server", &[])
        .await
        .ok();
    partner.ask_token(&house, "catalogue").await.ok();
    api.get(PRODUCTS, &[]).await.refused(401, "no_token");
    for _ in 0..2 {
        api.get(rates, &[]).await.refused(429, "too_many_requests");
        api.get(PRODUCTS, &[])
            .await
            .refused(429, "too_many_requests");
        issuer
            .get("/jwks", &[])
            .await
            .refused(429, "too_many_requests");
        let token = partner.ask_token(&house, "catalogue").await;
        token.refused(429, "too_many_requests");
        assert_eq!(token.header("retry-after"), "1");
    }
    let neighbour: IpAddr = [127, 0, 0, 2].into();
    let dial = partner.dial(&house, Version::Http2).from_address(neighbour);
    let mut other = dial.connect(house.api()).await.expect("a connection");
    other.get(rates, &[]).await.ok();
    house.clock.advance(Duration::from_secs(1));
    api.get(rates, &[]).await.ok();
    api.get(rates, &[]).await.refused(429, "too_many_requests");
}
