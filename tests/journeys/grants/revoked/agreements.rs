//! Agreements begin and end at midnight, whether or not anybody reloads: from then on the issuer
//! gives what those in force give, wherever it is asked.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::{Browser, HouseBuilder, Method, TestHouse};
use model::MovedClock;
use serde_json::{Value, json};

use super::super::log_in::tells;
use super::super::userinfo::ask;
use super::super::{App, Form, claims, decide, log_in};
use super::token;
use crate::tokens::is_oauth_error;

const DAY_S: i64 = 24 * 60 * 60;

/// How far off the next midnight is, in UTC.
fn to_midnight(now: Timestamp) -> Duration {
    Duration::from_secs((DAY_S - now.as_second() % DAY_S).unsigned_abs())
}

/// A house, seconds before midnight: until then its partner may use the branches, and from then on
/// the catalogue.
async fn house() -> TestHouse {
    built(|builder| builder).await
}

async fn built(edit: impl FnOnce(HouseBuilder) -> HouseBuilder) -> TestHouse {
    let builder = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()));
    let file = kit::text(&builder.config());
    let agreement = file
        .lines()
        .find(|line| line.contains("partner: swiftride, bank: harbour"))
        .expect("an agreement");
    let today = builder.now();
    let tomorrow = today + to_midnight(today);
    let day = |at: Timestamp| at.to_string()[..10].to_owned();
    let (_, term) = agreement.split_once("plan: trial, ").expect("its days");
    let with = |products: &str, from: &str, until: &str| {
        let products = agreement.replace("[branches, catalogue]", products);
        products.replace(term, &format!("from: {from}, until: {until} }}"))
    };
    let (today, tomorrow) = (day(today), day(tomorrow));
    let two = format!(
        "{}\n{}",
        with("[branches]", "2020-01-01", &today),
        with("[catalogue]", &tomorrow, "2099-12-31")
    );
    let house = edit(builder.edit(agreement, &two)).start().await;
    let left = to_midnight(house.now());
    house
        .clock
        .advance(left.saturating_sub(Duration::from_secs(20)));
    house
}

#[tokio::test]
async fn what_an_agreement_gives_begins_and_ends_with_its_days_wherever_it_is_asked_for() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let of = |scope| Form::request().with("scope", Some(scope));
    let own = Form(vec![("grant_type", "client_credentials".to_owned())]);
    let early = app.post("/par", of("catalogue")).await;
    is_oauth_error(&early, 400, "invalid_scope", "not open to this client");
    let early = own.clone().with("scope", Some("catalogue"));
    let early = app.post("/token", early).await;
    is_oauth_error(&early, 400, "invalid_scope", "not open to this client");
    assert_eq!(
        app.post("/token", own.clone()).await.ok()["scope"],
        "branches"
    );

    let back = app.allowed(of("openid branches"), "li-lei").await;
    let both = app.post("/token", Form::code(&back["code"])).await.ok();
    let alone = app.tokens("li-lei").await;
    app.call(&alone["access_token"]).await.ok();
    let late = app.code("li-lei").await;
    let unopened = app.push(of("branches")).await;
    let shown = app.push(of("branches")).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&shown)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;

    house.clock.advance(to_midnight(house.now()));
    let road = app.call(&alone["access_token"]).await;
    road.refused(403, "no_agreement");
    // A client's own token, and a request.
    let wide = own.clone().with("scope", Some("branches"));
    let refused = app.post("/token", wide).await;
    is_oauth_error(&refused, 400, "invalid_scope", "not open to this client");
    assert_eq!(app.post("/token", own).await.ok()["scope"], "catalogue");
    let refused = app.post("/par", of("branches")).await;
    is_oauth_error(&refused, 400, "invalid_scope", "not open to this client");
    app.push(of("catalogue")).await;
    // Requests that wait: for the customer's eyes, and for their decision.
    let mut other = Browser::new(&house);
    let back = super::super::pages::led_back(&other.get(&app.link(&unopened)).await);
    tells(&house, &back, "invalid_scope");
    let back = decide(&mut browser, &page, "allow").await;
    tells(&house, &kit::query(&back), "invalid_scope");
    // A code, and refresh tokens.
    let refused = app.post("/token", Form::code(&late)).await;
    is_oauth_error(&refused, 400, "invalid_grant", "agreements");
    let refresh = |tokens: &Value| Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let refused = app.post("/token", refresh(&alone)).await;
    is_oauth_error(&refused, 400, "invalid_grant", "agreements");
    let left = app.post("/token", refresh(&both)).await.ok();
    assert_eq!(left["scope"], "openid", "what is left");
    assert_eq!(claims(&left["access_token"])["aud"], house.issuer_url());
    let wider = refresh(&both).with("scope", Some("branches"));
    let refused = app.post("/token", wider).await;
    is_oauth_error(&refused, 400, "invalid_scope", "not open to this client");
    // Whoever asks what they are good for is told the same.
    for (tokens, told) in [(&alone, Value::Null), (&both, json!("openid"))] {
        for kind in ["access_token", "refresh_token"] {
            let answer = app.post("/introspect", token(&tokens[kind])).await.ok();
            assert_eq!(answer["active"], json!(!told.is_null()), "{kind}");
            assert_eq!(answer["scope"], told, "{kind}");
        }
    }
}

#[tokio::test]
async fn a_partner_whose_agreements_have_all_ended_gets_nothing_not_even_who_the_customer_is() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().with("scope", Some("openid branches"));
    let back = app.allowed(form.clone(), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let next = "partner: swiftride, bank: harbour, products: [catalogue], plan: trial, from: 2";
    let later = next.replace("from: 2", "from: 3");
    let access = &tokens["access_token"];
    ask(&mut app.client, Method::GET, access).await.ok();
    house.edit("gateway.yaml", next, &later);
    house.edit("gateway.yaml", "until: 2099-12-31", "until: 3999-12-31");
    house.reload().await;
    house.clock.advance(to_midnight(house.now()));
    let refused = app.post("/par", form).await;
    is_oauth_error(&refused, 400, "invalid_scope", "not open to this client");
    let refresh = Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let refused = app.post("/token", refresh).await;
    is_oauth_error(&refused, 400, "invalid_grant", "agreements");
    let own = Form(vec![("grant_type", "client_credentials".to_owned())]);
    let refused = app.post("/token", own).await;
    is_oauth_error(&refused, 400, "unauthorized_client", "not open");
    let untold = ask(&mut app.client, Method::GET, access).await;
    assert_eq!(untold.status.as_u16(), 401);
    for kind in ["access_token", "refresh_token"] {
        let answer = app.post("/introspect", token(&tokens[kind])).await.ok();
        assert_eq!(answer, json!({ "active": false }), "{kind}");
    }
}

#[tokio::test]
async fn a_token_of_details_alone_ends_with_the_agreement_that_gave_them() {
    let product = "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s";
    let detailed = format!(
        "{product}, authorization_details: {{ branch_visit: {{ schema: file:visit.json,
          title: {{ zh-CN: 预约到访, en: A visit }} }} }}"
    );
    let house = built(|builder| {
        builder.edit(product, &detailed).write(
            "visit.json",
            r#"{ "properties": { "branch": { "type": "string" } } }"#,
        )
    })
    .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let visit = json!([{ "type": "branch_visit", "branch": "7" }]).to_string();
    let form = Form::request().with("authorization_details", Some(&visit));
    let back = app.allowed(form.with("scope", None), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let told = app.post("/introspect", token(&tokens["access_token"]));
    assert_eq!(told.await.ok()["active"], json!(true));
    house.clock.advance(to_midnight(house.now()));
    for kind in ["access_token", "refresh_token"] {
        let answer = app.post("/introspect", token(&tokens[kind])).await.ok();
        assert_eq!(answer, json!({ "active": false }), "{kind}");
    }
}
