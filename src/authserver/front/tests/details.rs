//! Authorization details that are for some places alone (RFC 9396 §2.2, §9.1), and whose scopes
//! are open no longer.

use std::sync::Arc;

use model::DetailType;
use serde_json::{Value, json};

use super::consent::{APP, allowed, claims, pushed, redeemed};
use super::desk::{Scripted, house_with};
use super::visitor;
use crate::test_house::{API, Answer, House, LiLei, agreed, locked};
use crate::{Agreement, Customers, DetailSchema, DetailSettings, Endpoint, IssuerSettings};

/// Where the bank has products too.
const CLOUD: &str = "https://cloud.harbour.example";

/// Visits may be asked for, at two places.
fn visits(settings: &mut IssuerSettings) {
    let its = DetailType::parse("visit").expect("valid");
    let schema = json!({ "properties": {
        "branch": { "type": "string" },
        "locations": { "type": "array", "items": { "type": "string" } },
    } });
    let schema = DetailSchema::read(&its, schema.to_string().as_bytes());
    let details = DetailSettings {
        schema: Arc::new(schema.expect("a schema")),
        zh_cn: "预约到访".to_owned(),
        en: "A visit".to_owned(),
    };
    settings.details.insert(its.clone(), details);
    let places = [API, CLOUD].map(str::to_owned);
    settings.audience = places.to_vec();
    let client = settings.clients.get_mut(APP).expect("a client");
    client.agreements = Arc::new([Agreement {
        details: [its].into(),
        resources: places.into(),
        ..agreed("rates")[0].clone()
    }]);
}

async fn house() -> House {
    House::open_with(|settings| {
        visitor::grants(settings, Customers::Password(Arc::new(LiLei)));
        visits(settings);
    })
    .await
}

fn visit(locations: &[&str]) -> Value {
    json!({ "type": "visit", "branch": "7", "locations": locations })
}

/// A token by the refresh token of these, with these parameters beside.
async fn refreshed(house: &House, tokens: &Answer, more: &[(&'static str, &str)]) -> Answer {
    let mut ask = house.ask(APP);
    ask.set("grant_type", "refresh_token");
    let token = tokens.body["refresh_token"].as_str().expect("a token");
    ask.set("refresh_token", token);
    for (name, value) in more {
        ask.set(name, value);
    }
    house.send(ask).await
}

/// Asserts that a token is for one place, and carries these details alone.
#[track_caller]
fn carries(token: &Answer, place: &str, details: &Value) {
    assert_eq!(token.status, 200, "{}", token.body);
    let claims = claims(token);
    assert_eq!(claims["aud"], json!(place));
    assert_eq!(claims["authorization_details"], *details);
    assert_eq!(token.body["authorization_details"], *details);
}

#[tokio::test]
async fn ra_01_each_location_of_a_detail_is_one_that_the_client_reaches() {
    let house = house().await;
    let asked = async |locations: &[&str]| {
        let details = json!([visit(locations)]).to_string();
        pushed(&house, &[("authorization_details", &details)]).await
    };
    for good in [&[API][..], &[CLOUD], &[API, CLOUD]] {
        let answer = asked(good).await;
        assert_eq!(answer.status, 201, "{good:?}: {}", answer.body);
    }
    let elsewhere = "https://elsewhere.example";
    for bad in [
        &[elsewhere][..],
        &[API, elsewhere],
        &[elsewhere, CLOUD, API],
    ] {
        let answer = asked(bad).await;
        assert_eq!(answer.status, 400, "{bad:?}: {}", answer.body);
        let error = &answer.body["error"];
        assert_eq!(error, "invalid_authorization_details", "{bad:?}");
        let told = answer.body["error_description"].as_str();
        let told = told.unwrap_or_default();
        let says = "authorization_details[0] must have as locations";
        assert!(told.contains(says), "{bad:?}: {told}");
    }
}

#[tokio::test]
async fn ra_03_a_token_for_one_place_carries_no_detail_that_is_for_another() {
    let house = house().await;
    let (anywhere, at_cloud) = (json!({ "type": "visit", "branch": "1" }), visit(&[CLOUD]));
    let both = json!([anywhere, at_cloud]);
    let asked = [
        ("scope", "rates"),
        ("authorization_details", &*both.to_string()),
    ];
    let location = allowed(&house, &asked).await;
    let tokens = redeemed(&house, &location).await;
    assert_eq!(
        tokens.body["authorization_details"], both,
        "for both places"
    );
    let for_api = refreshed(&house, &tokens, &[("resource", API)]).await;
    carries(&for_api, API, &json!([anywhere]));
    let for_cloud = refreshed(&house, &tokens, &[("resource", CLOUD)]).await;
    carries(&for_cloud, CLOUD, &both);
    // What would open nothing is no token: the place must be another.
    let alone = json!([at_cloud]).to_string();
    let asked = [("scope", ""), ("authorization_details", &*alone)];
    let location = allowed(&house, &asked).await;
    let tokens = redeemed(&house, &location).await;
    let refused = refreshed(&house, &tokens, &[("resource", API)]).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(refused.body["error"], "invalid_target");
    let for_cloud = refreshed(&house, &tokens, &[("resource", CLOUD)]).await;
    carries(&for_cloud, CLOUD, &json!([at_cloud]));
}

#[tokio::test]
async fn a_grant_whose_scopes_are_all_closed_gives_nothing_though_its_details_are_open() {
    let desk = Scripted::new();
    let house = house_with(&desk, visits).await;
    let of_catalogue = |scopes: &str| {
        *locked(&desk.scopes) = model::ScopeSet::parse(scopes).expect("valid");
    };
    let details = json!([visit(&[API])]).to_string();
    let asked = [("scope", "rates"), ("authorization_details", &*details)];
    let location = allowed(&house, &asked).await;
    of_catalogue("");
    is_nothing(&redeemed(&house, &location).await);
    of_catalogue("rates");
    let tokens = redeemed(&house, &location).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body);
    of_catalogue("branches");
    is_nothing(&refreshed(&house, &tokens, &[]).await);
    let mut ask = house.ask(APP);
    ask.set("token", tokens.body["access_token"].as_str().expect("text"));
    let told = house.send_to(Endpoint::Introspect, ask).await;
    assert_eq!(told.body, json!({ "active": false }));
    of_catalogue("rates");
    assert_eq!(refreshed(&house, &tokens, &[]).await.status, 200);
}

#[track_caller]
fn is_nothing(answer: &Answer) {
    assert_eq!(answer.status, 400, "{}", answer.body);
    assert_eq!(answer.body["error"], "invalid_grant");
    let told = answer.body["error_description"].as_str();
    let told = told.unwrap_or_default();
    assert!(
        told.contains("Nothing of what the customer granted"),
        "{told}"
    );
}
