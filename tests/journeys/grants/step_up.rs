//! An operation that demands a log-in of some strength or age (RFC 9470).

use std::time::Duration;

use kit::{Answer, HouseBuilder, TestHouse};
use serde_json::{Value, json};

use super::{App, Form, claims};

/// A house whose branches demand this of the customer's log-in.
async fn house(demanded: &str) -> TestHouse {
    let mark = |demanded: &str| format!("x-mortise-authentication: {demanded}\n");
    HouseBuilder::new()
        .edit("acr_values: [", "acr_values: [urn:bank:1, ")
        .edit_file("apis/branches.yaml", &mark("none"), &mark(demanded))
        .start()
        .await
}

/// Refused for the log-in, and told what would be enough.
fn steps_up(house: &TestHouse, answer: &Answer, demanded: &str) {
    answer.refused_saying(401, "insufficient_user_authentication", "as recent as");
    let metadata = format!(
        "{}/.well-known/oauth-protected-resource/branches/v1",
        house.api_url()
    );
    let error = format!("Bearer error=\"insufficient_user_authentication\", {demanded}");
    answer.challenges(&[&error], &metadata);
}

#[tokio::test]
async fn at_08_a_log_in_that_is_too_long_ago_is_told_and_a_new_one_is_enough() {
    let house = house("{ acr_values: any, max_age: 2min }").await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    app.call(&tokens["access_token"]).await.ok();
    // It is the log-in that grows old, not the token: it was remembered, and another helps no more.
    house.clock.advance(Duration::from_secs(122));
    steps_up(
        &house,
        &app.call(&tokens["access_token"]).await,
        "max_age=\"120\"",
    );
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let refreshed = app.post("/token", Form::refresh(refresh)).await.ok();
    steps_up(
        &house,
        &app.call(&refreshed["access_token"]).await,
        "max_age=\"120\"",
    );
    let fresh = app.tokens("li-lei").await;
    app.call(&fresh["access_token"]).await.ok();
    // A client's own token is of nobody's log-in.
    let own = app.partner.bearer(&house, "branches").await;
    let own = json!(own.trim_start_matches("Bearer "));
    steps_up(&house, &app.call(&own).await, "max_age=\"120\"");
    assert_eq!(house.bank.calls_of("listBranches"), 2);
}

#[tokio::test]
async fn at_08_a_log_in_that_is_too_weak_is_told_which_strengths_are_enough() {
    let house = house("{ acr_values: [urn:bank:2, urn:bank:1], max_age: 1h }").await;
    let mut app = App::of(&house, "swiftride-app").await;
    let key = house.issuer_key().await;
    let of_customer = claims(&app.tokens("li-lei").await["access_token"]);
    let signed = |member: &str, value: Value| {
        let mut claims = of_customer.clone();
        claims[member] = value;
        json!(key.sign("at+jwt", &claims).expect("a token"))
    };
    let demanded = "acr_values=\"urn:bank:2 urn:bank:1\", max_age=\"3600\"";
    for acr in [
        json!(null),
        json!("urn:bank:0"),
        json!(""),
        json!("urn:bank:2 urn:bank:1"),
    ] {
        steps_up(&house, &app.call(&signed("acr", acr)).await, demanded);
    }
    for acr in ["urn:bank:1", "urn:bank:2"] {
        app.call(&signed("acr", json!(acr))).await.ok();
    }
    // Whoever lacks the scope is told that: no log-in mends it.
    let mut narrow = of_customer.clone();
    narrow["scope"] = json!("catalogue");
    let narrow = json!(key.sign("at+jwt", &narrow).expect("a token"));
    app.call(&narrow).await.refused(403, "insufficient_scope");
    assert_eq!(house.bank.calls_of("listBranches"), 2);
}
