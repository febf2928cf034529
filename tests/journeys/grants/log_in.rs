//! What an app may ask of the log-in (OIDC Core §3.1.2.1), and with which code it is told what did
//! not come of its request (RFC 6749 §4.1.2.1, OIDC Core §3.1.2.6).

use std::collections::BTreeMap;
use std::time::Duration;

use kit::{Answer, Browser, HouseBuilder, TestHouse, attribute, html, query, way_back};
use serde_json::json;

use super::openid::{granted, link_with, request};
use super::pages::{is_error_page, led_back};
use super::{App, CALLBACK, Form, claims, decide, log_in};
use crate::tokens::is_oauth_error;

/// Asserts that this is the log-in page.
#[track_caller]
fn is_log_in(page: &Answer) {
    assert_eq!(page.status, 200, "{}", html(page));
    assert!(html(page).contains("id=\"login-form\""), "{}", html(page));
}

/// Asserts that this is the page to approve.
#[track_caller]
fn is_approval(page: &Answer) {
    assert_eq!(page.status, 200, "{}", html(page));
    assert!(html(page).contains("id=\"approve-form\""), "{}", html(page));
}

/// A browser in which this customer is logged in, by another request.
async fn logged_in(house: &TestHouse, app: &mut App<'_>, customer: &str) -> Browser {
    let link = link_with(app, &[]).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    is_approval(&log_in(&mut browser, &page, customer).await);
    browser
}

/// Logs in on this page where that ends the request: what the app is told, over the page `done`.
async fn logs_in_in_vain(
    browser: &mut Browser,
    page: &Answer,
    customer: &str,
) -> BTreeMap<String, String> {
    let fields = [
        ("username", customer),
        ("password", kit::PASSWORD),
        ("act", "log-in"),
    ];
    told_over_done(browser, page, &fields).await
}

/// Sends the form of a page; what the app is told, over the page `done`.
async fn told_over_done(
    browser: &mut Browser,
    page: &Answer,
    fields: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let answer = browser.send(page, fields).await;
    assert_eq!(answer.status, 303, "{}", html(&answer));
    let location = answer.header("location").to_owned();
    assert!(location.starts_with("/done?to="), "AZ-06: {location}");
    let done = browser.get(&location).await;
    assert_eq!(done.status, 200, "{}", html(&done));
    let back = way_back(&done);
    assert!(back.starts_with(&format!("{CALLBACK}?")), "{back}");
    query(&back)
}

/// Asserts that the app is told this and nothing else.
#[track_caller]
pub(super) fn tells(house: &TestHouse, back: &BTreeMap<String, String>, error: &str) {
    let state = ("state".to_owned(), "s-1 &=?".to_owned());
    let issuer = ("iss".to_owned(), house.issuer_url());
    let expected = [("error".to_owned(), error.to_owned()), state, issuer];
    assert_eq!(*back, expected.into());
}

#[tokio::test]
async fn oc_03_with_prompt_none_nobody_is_asked_and_the_app_is_told_what_would_be_needed() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let link = link_with(&mut app, &[("prompt", "none")]).await;
    let mut browser = Browser::new(&house);
    let back = led_back(&browser.get(&link).await);
    tells(&house, &back, "login_required");
    // OA-06: the request is used up.
    is_error_page(&browser.get(&link).await, 400, "invalid_request_uri");

    let mut browser = logged_in(&house, &mut app, "li-lei").await;
    let link = link_with(&mut app, &[("prompt", "none")]).await;
    let back = led_back(&browser.get(&link).await);
    tells(&house, &back, "consent_required");

    // A log-in that is too old is none.
    house.clock.advance(Duration::from_mins(2));
    let link = link_with(&mut app, &[("prompt", "none"), ("max_age", "60")]).await;
    let back = led_back(&browser.get(&link).await);
    tells(&house, &back, "login_required");
}

#[tokio::test]
async fn oc_03_who_is_to_log_in_again_does_although_a_session_stands() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for prompt in ["login", "select_account", "consent login"] {
        let mut browser = logged_in(&house, &mut app, "li-lei").await;
        house.clock.advance(Duration::from_secs(5));
        let link = link_with(&mut app, &[("prompt", prompt)]).await;
        let page = browser.get(&link).await;
        is_log_in(&page);
        let page = log_in(&mut browser, &page, "li-lei").await;
        is_approval(&page);
        is_approval(&browser.get(&link).await);
        decide(&mut browser, &page, "allow").await;
    }
    let mut browser = logged_in(&house, &mut app, "li-lei").await;
    for prompt in ["consent", ""] {
        let link = link_with(&mut app, &[("prompt", prompt)]).await;
        is_approval(&browser.get(&link).await);
    }
}

#[tokio::test]
async fn oc_03_a_log_in_for_another_request_is_none_for_one_that_was_pushed_before() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for asks in [("prompt", "login"), ("max_age", "0")] {
        let link = link_with(&mut app, &[asks]).await;
        house.clock.advance(Duration::from_secs(30));
        let mut browser = logged_in(&house, &mut app, "li-lei").await;
        house.clock.advance(Duration::from_secs(30));
        let page = browser.get(&link).await;
        is_log_in(&page);
        is_approval(&log_in(&mut browser, &page, "li-lei").await);
    }
}

#[tokio::test]
async fn oc_03_a_log_in_may_be_as_old_as_the_app_says_and_no_older() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut browser = logged_in(&house, &mut app, "li-lei").await;
    house.clock.advance(Duration::from_secs(100));
    let link = link_with(&mut app, &[("max_age", "200")]).await;
    is_approval(&browser.get(&link).await);
    let link = link_with(&mut app, &[("max_age", "0")]).await;
    let page = browser.get(&link).await;
    is_log_in(&page);
    let page = log_in(&mut browser, &page, "li-lei").await;
    // Made for this request, it stays good while the customer reads.
    house.clock.advance(Duration::from_secs(30));
    is_approval(&browser.get(&link).await);
    let back = query(&decide(&mut browser, &page, "allow").await);
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let said = claims(&tokens["id_token"]);
    assert_eq!(
        said["auth_time"],
        claims(&tokens["access_token"])["auth_time"]
    );
}

#[tokio::test]
async fn oc_03_a_hint_says_whom_the_app_expects_and_another_does_not_get_in() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    let hint = tokens["id_token"].as_str().expect("text");
    let sub = claims(&tokens["id_token"])["sub"].clone();
    let by_sub = json!({"id_token": {"sub": {"value": sub}}}).to_string();
    for asks in [("id_token_hint", hint), ("claims", by_sub.as_str())] {
        let link = link_with(&mut app, &[asks]).await;
        let mut browser = Browser::new(&house);
        let page = browser.get(&link).await;
        is_log_in(&page);
        is_approval(&log_in(&mut browser, &page, "li-lei").await);
        let link = link_with(&mut app, &[asks, ("prompt", "none")]).await;
        let back = led_back(&browser.get(&link).await);
        tells(&house, &back, "consent_required");

        // Somebody else's session does not count, and somebody else is not let in.
        house.clock.advance(Duration::from_secs(1));
        let mut browser = logged_in(&house, &mut app, "han-meimei").await;
        house.clock.advance(Duration::from_secs(1));
        let link = link_with(&mut app, &[asks, ("prompt", "none")]).await;
        let back = led_back(&browser.get(&link).await);
        tells(&house, &back, "login_required");
        let link = link_with(&mut app, &[asks]).await;
        let page = browser.get(&link).await;
        is_log_in(&page);
        let back = logs_in_in_vain(&mut browser, &page, "han-meimei").await;
        tells(&house, &back, "login_required");
        assert!(!browser.cookies.contains_key("__Host-session-harbour"));
    }
    // A hint is an ID token of ours for this very client, expired or not.
    house.clock.advance(Duration::from_hours(1));
    link_with(&mut app, &[("id_token_hint", hint)]).await;
    let access = tokens["access_token"].as_str().expect("text").to_owned();
    // The last character holds two bits of the signature.
    let other = if hint.ends_with('A') { 'Q' } else { 'A' };
    let forged = format!("{}{other}", &hint[..hint.len() - 1]);
    for bad in [access.as_str(), forged.as_str()] {
        let answer = app.post("/par", request().and("id_token_hint", bad)).await;
        is_oauth_error(&answer, 400, "invalid_request", "gave this client");
    }
}

#[tokio::test]
async fn oc_03_another_clients_id_token_is_no_hint() {
    let house = HouseBuilder::new()
        .edit(
            "jwks: file:partners/cartwheel.jwks.json }",
            "jwks: file:partners/cartwheel.jwks.json, response_modes: [query, jwt], \
             redirect_uris: [https://app.swiftride.example/callback] }",
        )
        .start()
        .await;
    let mut other = App::of(&house, "cartwheel-app").await;
    let form = request().with("scope", Some("openid"));
    let tokens = granted(&mut other, form, "li-lei").await;
    let hint = tokens["id_token"].as_str().expect("text");
    let mut app = App::of(&house, "swiftride-app").await;
    let answer = app.post("/par", request().and("id_token_hint", hint)).await;
    is_oauth_error(&answer, 400, "invalid_request", "gave this client");
}

#[tokio::test]
async fn oc_02_a_strength_that_is_essential_is_met_or_the_app_is_told() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asking = |value: &str, is_essential: bool| {
        let acr = json!({"essential": is_essential, "values": [value, "urn:other"]});
        json!({"id_token": {"acr": acr}}).to_string()
    };
    let unmet = asking("urn:harbour:card", true);
    let link = link_with(&mut app, &[("claims", &unmet)]).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let back = logs_in_in_vain(&mut browser, &page, "li-lei").await;
    tells(&house, &back, "unmet_authentication_requirements");
    for good in [
        asking("urn:harbour:password", true),
        asking("urn:harbour:card", false),
    ] {
        let tokens = granted(&mut app, request().and("claims", &good), "li-lei").await;
        assert_eq!(claims(&tokens["id_token"])["acr"], "urn:harbour:password");
    }
}

#[tokio::test]
async fn at_08_who_is_logged_in_otherwise_than_wished_is_asked_once_more_and_then_any_will_do() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut browser = logged_in(&house, &mut app, "li-lei").await;
    house.clock.advance(Duration::from_secs(5));
    // As the challenge of an operation says it (RFC 9470 §4).
    let stronger = ("acr_values", "urn:harbour:card urn:other");
    let link = link_with(&mut app, &[stronger, ("prompt", "none")]).await;
    tells(
        &house,
        &led_back(&browser.get(&link).await),
        "consent_required",
    );
    let link = link_with(&mut app, &[stronger]).await;
    let page = browser.get(&link).await;
    is_log_in(&page);
    is_approval(&log_in(&mut browser, &page, "li-lei").await);
    house.clock.advance(Duration::from_secs(5));
    // What is had already is not asked for, nor is what nobody could read.
    let long = "x".repeat(201);
    for had in ["urn:other urn:harbour:password", long.as_str(), ""] {
        let link = link_with(&mut app, &[("acr_values", had)]).await;
        is_approval(&browser.get(&link).await);
    }
}

#[tokio::test]
async fn a_hint_of_the_log_in_fills_in_the_user_name() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut browser = Browser::new(&house);
    let name = |page: &Answer| attribute(page, "name=\"username\" value=\"");
    let link = link_with(&mut app, &[("login_hint", "li-lei")]).await;
    assert_eq!(name(&browser.get(&link).await), "li-lei");
    for no_name in ["x".repeat(201), String::new()] {
        let link = link_with(&mut app, &[("login_hint", &no_name)]).await;
        assert_eq!(name(&browser.get(&link).await), "");
    }
}

#[tokio::test]
async fn az_05_who_lets_time_run_out_is_led_back_with_access_denied() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    // By the link again, by the log-in's form, by the approval's.
    for (by_form, is_logged_in) in [(false, false), (true, false), (true, true)] {
        let link = link_with(&mut app, &[]).await;
        let mut browser = Browser::new(&house);
        let mut page = browser.get(&link).await;
        if is_logged_in {
            page = log_in(&mut browser, &page, "li-lei").await;
        }
        house.clock.advance(Duration::from_mins(15));
        let back = if by_form {
            let act = if is_logged_in { "allow" } else { "log-in" };
            told_over_done(&mut browser, &page, &[("act", act)]).await
        } else {
            led_back(&browser.get(&link).await)
        };
        tells(&house, &back, "access_denied");
        is_error_page(&browser.get(&link).await, 400, "invalid_request_uri");
    }
    // Not for ever.
    let link = link_with(&mut app, &[]).await;
    let mut browser = Browser::new(&house);
    is_log_in(&browser.get(&link).await);
    house.clock.advance(Duration::from_mins(75));
    is_error_page(&browser.get(&link).await, 400, "invalid_request_uri");
}

#[tokio::test]
async fn er_03_a_bank_that_does_not_answer_is_told_to_the_app() {
    let house = HouseBuilder::new()
        .edit("path: /customers/v1/log-in", "path: /customers/v1/nowhere")
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let link = link_with(&mut app, &[]).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let back = logs_in_in_vain(&mut browser, &page, "li-lei").await;
    tells(&house, &back, "temporarily_unavailable");
    is_error_page(&browser.get(&link).await, 400, "invalid_request_uri");
}

#[tokio::test]
async fn er_03_a_scope_that_was_taken_away_is_told_to_the_app() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let link = link_with(&mut app, &[]).await;
    house.edit(
        "apis/branches.yaml",
        "x-mortise-scope: branches",
        "x-mortise-scope: places",
    );
    house.reload().await;
    let mut browser = Browser::new(&house);
    let back = led_back(&browser.get(&link).await);
    tells(&house, &back, "invalid_scope");
}
