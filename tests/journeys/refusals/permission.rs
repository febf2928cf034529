//! Calls of a known caller that it may not make, or not so often, or not so many at once.

use std::sync::Arc;
use std::time::Duration;

use kit::{EchoBank, HouseBuilder, Method, Partner, TestHouse, Version, whole};
use model::MovedClock;

use super::{BRANCHES, connect};

#[tokio::test]
async fn a_product_that_no_agreement_holds_is_refused() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "cartwheel-app");
    let token = partner.bearer(&house, "catalogue").await;
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        let headers = [("authorization", token.as_str())];
        client.get(BRANCHES, &headers).await.refused_saying(
            403,
            "no_agreement",
            "holds this product",
        );
        client.get("/catalogue/v1/products", &headers).await.ok();
    }
    assert_eq!(house.bank.calls_of("listBranches"), 0);
}

#[tokio::test]
async fn an_agreement_that_has_ended_is_none() {
    let builder = HouseBuilder::new();
    let file = kit::text(&builder.config());
    let until = file
        .split("until: ")
        .nth(1)
        .and_then(|rest| rest.get(..10))
        .expect("a day");
    let today = builder.now().to_string();
    let house = builder.edit(
        &format!("until: {until}"),
        &format!("until: {}", &today[..10]),
    );
    let house = house.start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let mut client = connect(&partner, &house, Version::Http2).await;
    client
        .get(BRANCHES, &[("authorization", &token)])
        .await
        .ok();
    house.clock.advance(Duration::from_hours(24));
    // The issuer gives none any more.
    let key = house.issuer_key().await;
    let token = key.sign("at+jwt", &house.claims(&partner, "branches"));
    let token = format!("Bearer {}", token.expect("a token"));
    let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
    answer.refused(403, "no_agreement");
}

#[tokio::test]
async fn a_token_without_the_operations_scope_is_told_which_it_needs() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "catalogue").await;
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
        let problem = answer.refused(403, "insufficient_scope");
        assert_eq!(problem["expected"], "The scope branches.");
        assert_eq!(
            answer.header("www-authenticate"),
            "Bearer error=\"insufficient_scope\", scope=\"branches\""
        );
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn a_rate_that_is_used_up_says_when_the_next_call_may_come() {
    let house = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 30/min, burst: 2 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let headers = [("authorization", token.as_str())];
    let mut client = connect(&partner, &house, Version::Http2).await;
    client.get(BRANCHES, &headers).await.ok();
    client.get(BRANCHES, &headers).await.ok();
    let answer = client.get(BRANCHES, &headers).await;
    let problem = answer.refused(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "2");
    assert_eq!(problem["expected"], "The next request in 2 s.");
    assert_eq!(house.bank.calls(), 2);
    house.clock.advance(Duration::from_secs(2));
    client.get(BRANCHES, &headers).await.ok();
    client
        .get(BRANCHES, &headers)
        .await
        .refused(429, "rate_limited");
}

#[tokio::test]
async fn more_calls_at_once_than_agreed_are_refused_while_the_others_are_open() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new()
        .with_echo(&bank)
        .edit("concurrent: 8 requests", "concurrent: 2 requests")
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let headers = [("authorization", token.as_str())];
    let mut held = Vec::new();
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        let answer = client
            .send(Method::GET, "/echo/v1/guarded?held", &headers, whole(""))
            .await;
        held.push((client, answer.expect("an answer's head")));
    }
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        let answer = client.get("/echo/v1/guarded", &headers).await;
        let problem = answer.refused(429, "too_many_concurrent");
        assert_eq!(problem["expected"], "At most 2 at once.");
        assert_eq!(answer.header("retry-after"), "1");
    }
    assert_eq!(bank.calls(), 2);
}
