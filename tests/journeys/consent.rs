//! A customer's consent, end to end: asked for in a browser, read, limited to accounts, confirmed
//! with a one-time code, held to on the road, and ended.

mod accesses;
mod amendment;
mod clusters;
mod composed;
mod control;
mod covered;
mod crowd;
mod dashboard;
mod endings;
mod evidence;
mod giving;
mod in_flight;
mod kills;
mod markers;
mod obie;
mod operations;
mod own_pages;
mod refusals;
mod renewal;
mod resource;
mod stopped;
mod truth;
mod values;
mod walk;

use kit::{Answer, Browser, TestHouse, attribute, html, query, way_back};
use serde_json::Value;

use crate::grants::{App, Form, claims, log_in};

/// The one account of this number on a page, as its form sends it; they count from 1.
fn account(page: &Answer, number: u32) -> String {
    attribute(
        page,
        &format!("id=\"account-{number}\" name=\"account\" value=\""),
    )
}

/// Sends the form of a page that leads on to another page of the desk's.
async fn on(browser: &mut Browser, page: &Answer, fields: &[(&str, &str)]) -> Answer {
    let answer = browser.send(page, fields).await;
    assert_eq!(answer.status, 303, "{}", html(&answer));
    let page = browser.get(answer.header("location")).await;
    assert_eq!(page.status, 200, "{}", html(&page));
    page
}

/// The last code that a customer was sent.
fn code_of(house: &TestHouse, customer: &str) -> String {
    let mut messages = house.bank.messages();
    messages.retain(|message| message.customer == customer);
    messages.pop().expect("a message").code
}

/// Allows what a page of review asks for, for the accounts of these numbers, and confirms it; where
/// the customer is led to.
async fn given(
    house: &TestHouse,
    browser: &mut Browser,
    review: &Answer,
    whose: (&str, &[u32]),
) -> String {
    way_back(&given_page(house, browser, review, whose).await)
}

/// The page that leads a customer back who gave these of their accounts.
async fn given_page(
    house: &TestHouse,
    browser: &mut Browser,
    review: &Answer,
    (customer, accounts): (&str, &[u32]),
) -> Answer {
    let chosen: Vec<String> = accounts
        .iter()
        .map(|number| account(review, *number))
        .collect();
    let mut fields = vec![("separate", "yes"), ("act", "allow")];
    fields.extend(chosen.iter().map(|id| ("account", id.as_str())));
    let confirm = on(browser, review, &fields).await;
    assert!(html(&confirm).contains("id=\"code\""), "{}", html(&confirm));
    let code = code_of(house, customer);
    on(browser, &confirm, &[("code", &code), ("act", "allow")]).await
}

/// The tokens of a customer who allowed what opens no data, on one page.
async fn tokens_of(house: &TestHouse, app: &mut App<'_>, customer: &str) -> Value {
    let link = app.pushed_link(Form::request()).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, customer).await;
    let done = on(&mut browser, &review, &[("act", "allow")]).await;
    let code = query(&way_back(&done))["code"].clone();
    app.post("/token", Form::code(&code)).await.ok()
}

/// The id of the consent that tokens are under.
fn id_of(tokens: &Value) -> String {
    let claims = claims(&tokens["access_token"]);
    claims["grant_id"].as_str().expect("an id").to_owned()
}

/// What a call of the app's is answered.
async fn called(app: &mut App<'_>, path: &str, token: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    app.client.get(path, &[("authorization", &bearer)]).await
}

/// The tokens of a customer who lets the app see their first account; and that account's id.
async fn first_account(house: &TestHouse, app: &mut App<'_>, customer: &str) -> (Value, String) {
    let link = app
        .pushed_link(Form::request().with("scope", Some("accounts")))
        .await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, customer).await;
    let chosen = account(&review, 1);
    let back = given(house, &mut browser, &review, (customer, &[1])).await;
    let code = query(&back).remove("code");
    let code = code.unwrap_or_else(|| panic!("no code: {back}"));
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    (tokens, chosen)
}

/// A request for these scopes that names a consent.
fn naming(id: &str, scopes: &str) -> Form {
    let details = serde_json::json!([{ "type": "consent", "consent_id": id }]);
    Form::request()
        .with("scope", Some(scopes))
        .with("authorization_details", Some(&details.to_string()))
}
