//! A customer who is asked again, and stops it all: the road is shut before the app is told. And
//! what is kept of whoever is asked again and only refuses.

use kit::{Answer, Browser, HouseBuilder, TestHouse, html, query, way_back};
use serde_json::{Value, json};

use super::control::consent;
use super::obie::united_kingdom;
use super::{account, called, code_of, first_account, id_of, naming, on};
use crate::grants::{App, Form, log_in};
use crate::tokens::is_oauth_error;

const ACCOUNTS: &str = "/accounts/v1/accounts";
const CUSTOMER: &str = "li-lei";
const STOP: [(&str, &str); 1] = [("act", "stop")];

/// The page on which a customer is asked again.
async fn asked(house: &TestHouse, app: &mut App<'_>, form: Form) -> (Browser, Answer) {
    let link = app.pushed_link(form).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let page = log_in(&mut browser, &page, CUSTOMER).await;
    (browser, page)
}

/// What an export says was kept, each with its edge.
fn pieces(house: &TestHouse, id: &str) -> Vec<Value> {
    let file = house.dir().join("gateway.yaml");
    let shown = consent(&file, &["evidence", id, "--json"]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let json: Value = serde_json::from_str(&shown.out).expect("JSON");
    assert_eq!(json["is_borne_out"], true, "{json}");
    json["evidence"].as_array().expect("pieces").clone()
}

/// Whether the app is told that it was refused, and its tokens are no good.
async fn is_stopped(house: &TestHouse, app: &mut App<'_>, tokens: &Value, done: &Answer) {
    assert!(
        html(done).contains("You stopped all that you had allowed"),
        "{}",
        html(done)
    );
    let back = query(&way_back(done));
    assert_eq!(back["error"], "access_denied", "{back:?}");
    assert_eq!(back["state"], "s-1 &=?", "{back:?}");
    assert_eq!(back["iss"], house.issuer_url(), "{back:?}");
    let refused = called(app, ACCOUNTS, &tokens["access_token"]).await;
    refused.refused(403, "consent_withdrawn");
    let refresh = Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let refused = app.post("/token", refresh).await;
    is_oauth_error(&refused, 400, "invalid_grant", "");

    let id = id_of(tokens);
    let digest = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let records = house.records();
    let withdrawals: Vec<&Value> = records
        .iter()
        .filter(|one| one["action"] == "consent.withdraw" && one["gid"] == digest.as_str())
        .collect();
    assert_eq!(withdrawals.len(), 1, "{withdrawals:?}");
    assert_eq!(withdrawals[0]["consent"]["by"], "customer");
    let kept = pieces(house, &id);
    let last = kept.last().expect("a piece");
    assert_eq!(last["edge"], "withdraw", "{last}");
    assert_eq!(last["choices"], json!([["act", "stop"]]), "{last}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_all_when_asked_again_shuts_the_road_at_once() {
    for scopes in ["accounts", "accounts transactions"] {
        let house = HouseBuilder::consenting().start().await;
        let mut app = App::of(&house, "swiftride-app").await;
        let (tokens, _) = first_account(&house, &mut app, CUSTOMER).await;
        let form = naming(&id_of(&tokens), scopes);
        let (mut browser, page) = asked(&house, &mut app, form).await;
        called(&mut app, ACCOUNTS, &tokens["access_token"])
            .await
            .ok();
        let done = on(&mut browser, &page, &STOP).await;
        is_stopped(&house, &mut app, &tokens, &done).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_all_on_the_one_page_does_so_too() {
    let house = united_kingdom().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().with("scope", Some("accounts"));
    let (mut browser, page) = asked(&house, &mut app, form).await;
    let first = account(&page, 1);
    let page = on(
        &mut browser,
        &page,
        &[("account", &first), ("act", "allow")],
    )
    .await;
    let code = code_of(&house, CUSTOMER);
    let done = on(&mut browser, &page, &[("code", &code), ("act", "allow")]).await;
    let code = query(&way_back(&done))["code"].clone();
    let tokens = app.post("/token", Form::code(&code)).await.ok();

    let form = naming(&id_of(&tokens), "accounts");
    let (mut browser, page) = asked(&house, &mut app, form).await;
    assert!(html(&page).contains("id=\"code\""), "{}", html(&page));
    let done = on(&mut browser, &page, &STOP).await;
    is_stopped(&house, &mut app, &tokens, &done).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_to_give_again_is_shown_to_have_and_keeps_what_they_gave() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, CUSTOMER).await;
    let id = id_of(&tokens);
    let form = naming(&id, "accounts");
    let (mut browser, page) = asked(&house, &mut app, form).await;
    let confirm = on(&mut browser, &page, &[("act", "allow")]).await;
    // A code names the app in both languages.
    let message = house.bank.messages().pop().expect("a message");
    assert!(
        message.line_en.starts_with("SwiftRide") && message.line_zh.starts_with("迅行出行"),
        "{} {}",
        message.line_en,
        message.line_zh
    );
    let done = on(&mut browser, &confirm, &[("act", "refuse")]).await;
    assert_eq!(query(&way_back(&done))["error"], "access_denied");
    called(&mut app, ACCOUNTS, &tokens["access_token"])
        .await
        .ok();
    let kept = pieces(&house, &id);
    let last = kept.last().expect("a piece");
    assert_eq!(last["edge"], "refuse", "{last}");
    assert_eq!(last["by"], "customer", "{last}");
    let said = json!([["act", "allow"], ["act", "refuse"]]);
    assert_eq!(last["choices"], said, "{last}");
}
