//! What is measured goes on being measured: limits keep their state while they say the same.

use std::sync::Arc;

use kit::{Answer, Client, EchoBank, HouseBuilder, Method, Partner, TestHouse, Version, whole};
use model::MovedClock;

const PRODUCTS: &str = "/catalogue/v1/products";
const PLAN: &str = "rate: 5/s, burst: 10 requests, concurrent: 8 requests";

async fn connect(house: &TestHouse, partner: &Partner) -> Client {
    let dial = partner.dial(house, Version::Http2);
    dial.connect(house.api()).await.expect("a connection")
}

/// Calls on one connection: how many of so many pass before one is refused.
async fn pass(client: &mut Client, token: &str, calls: usize) -> usize {
    let mut passed = 0;
    for _ in 0..calls {
        let answer = client.get(PRODUCTS, &[("authorization", token)]).await;
        if answer.status != 200 {
            answer.refused(429, "rate_limited");
            return passed;
        }
        passed += 1;
    }
    passed
}

#[tokio::test]
async fn a_used_up_burst_stays_used_up_until_the_plan_says_otherwise() {
    let house = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "catalogue").await;
    let mut client = connect(&house, &partner).await;
    assert_eq!(pass(&mut client, &token, 20).await, 10);
    house.reload().await;
    assert_eq!(pass(&mut client, &token, 1).await, 0, "the same plan");
    let places = "rate: 5/s, burst: 10 requests, concurrent: 7 requests";
    house.edit("gateway.yaml", PLAN, places);
    house.reload().await;
    assert_eq!(pass(&mut client, &token, 1).await, 0, "other places alone");
    let wider = "rate: 5/s, burst: 3 requests, concurrent: 7 requests";
    house.edit("gateway.yaml", places, wider);
    house.reload().await;
    assert_eq!(pass(&mut client, &token, 20).await, 3, "another quota");
}

#[tokio::test]
async fn an_address_keeps_what_it_has_used_of_the_gate() {
    let gate = "rate: 200/s, burst: 400 requests";
    let narrow = "rate: 1/s, burst: 4 requests";
    let house = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()))
        .edit(gate, narrow)
        .start()
        .await;
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let mut knock = async || -> Answer { client.get("/fx/v1/rates", &[]).await };
    for _ in 0..4 {
        knock().await.ok();
    }
    house.reload().await;
    knock().await.refused(429, "too_many_requests");
    house.edit("gateway.yaml", narrow, "rate: 1/s, burst: 5 requests");
    house.reload().await;
    knock().await.ok();
}

#[tokio::test]
async fn calls_that_are_open_when_the_limit_changes_hold_their_places() {
    let bank = EchoBank::plain().await;
    let plan = "rate: 100000/s, burst: 100000 requests, concurrent: 2 requests";
    let house = HouseBuilder::new().with_echo(&bank).edit(PLAN, plan);
    let house = house.start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let headers = [("authorization", token.as_str())];
    let mut client = connect(&house, &partner).await;
    let held = "/echo/v1/guarded?held";
    let first = client.send(Method::GET, held, &headers, whole("")).await;
    let second = client.send(Method::GET, held, &headers, whole("")).await;
    let full = async |client: &mut Client| {
        let answer = client.get("/echo/v1/guarded", &headers).await;
        answer.refused(429, "too_many_concurrent");
    };
    full(&mut client).await;
    house.reload().await;
    full(&mut client).await;
    let other = "rate: 90000/s, burst: 90000 requests, concurrent: 2 requests";
    house.edit("gateway.yaml", plan, other);
    house.reload().await;
    full(&mut client).await;
    house.edit(
        "gateway.yaml",
        other,
        &other.replace("concurrent: 2", "concurrent: 3"),
    );
    house.reload().await;
    client.get("/echo/v1/guarded", &headers).await.ok();
    bank.release(2);
    for answer in [first, second] {
        kit::read(answer.expect("a head"))
            .await
            .expect("a whole answer");
    }
}
