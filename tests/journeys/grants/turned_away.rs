//! Rules of the pages that hold between the push and the answer: what the file says today, what a
//! form must say.

use kit::{Browser, TestHouse, hidden, html};

use super::pages::is_error_page;
use super::{App, CALLBACK, Form, decide, log_in};

/// A link that was good when it was pushed, opened after this was changed in the file.
async fn opened_after(old: &str, new: &str) -> kit::Answer {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    assert!(html(&page).contains("id=\"login-form\""));
    house.edit("gateway.yaml", old, new);
    house.reload().await;
    browser.get(&app.link(&reference)).await
}

#[tokio::test]
async fn a_link_leads_nowhere_once_its_redirect_uri_is_registered_no_longer() {
    let page = opened_after(CALLBACK, "https://app.swiftride.example/other").await;
    is_error_page(&page, 400, "invalid_request");
    assert!(
        html(&page).contains("no longer registered"),
        "{}",
        html(&page)
    );
}

#[tokio::test]
async fn a_link_leads_nowhere_once_its_partner_is_suspended() {
    let active = "privacy_contact: privacy@swiftride.example\n    standing: active";
    let suspended = "privacy_contact: privacy@swiftride.example\n    standing: suspended";
    let page = opened_after(active, suspended).await;
    is_error_page(&page, 400, "unauthorized_client");
}

#[tokio::test]
async fn a_form_that_decides_neither_way_decides_nothing() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    for act in ["", "ALLOW", "log-in"] {
        let answer = browser.send(&page, &[("act", act)]).await;
        is_error_page(&answer, 400, "invalid_request");
    }
    decide(&mut browser, &page, "allow").await;
}

#[tokio::test]
async fn names_and_passwords_of_more_than_200_characters_are_not_shown_to_the_bank() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let long = "é".repeat(201);
    for (name, password) in [(long.as_str(), "x"), ("li-lei", &long)] {
        let fields = [
            ("username", name),
            ("password", password),
            ("act", "log-in"),
        ];
        let answer = browser.send(&page, &fields).await;
        assert_eq!(answer.status, 400, "{}", html(&answer));
        assert!(html(&answer).contains("at most 200 characters"));
    }
    let fits = "é".repeat(200);
    let fields = [
        ("username", "li-lei"),
        ("password", &fits),
        ("act", "log-in"),
    ];
    let told = browser.send(&page, &fields).await;
    assert_eq!(told.status, 403, "{}", html(&told));
}

#[tokio::test]
async fn a_post_that_is_no_form_is_no_request() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let (csrf, request) = (hidden(&page, "csrf"), hidden(&page, "request"));
    for path in ["/authorize", "/log-in", "/approve"] {
        let dial = house.dial(None, kit::Version::Http2);
        let mut client = dial.connect(house.issuer()).await.expect("a connection");
        let body = format!("csrf={csrf}&request={}&act=log-in", kit::encoded(&request));
        for (kind, body) in [("application/json", body.as_str()), (kit::FORM.1, "a=%ff")] {
            let headers = [("content-type", kind)];
            let sent = client.call(kit::Method::POST, path, &headers, body.to_owned());
            let answer = sent.await.expect("an answer");
            is_error_page(&answer, 400, "invalid_request");
            assert!(
                html(&answer).contains("must be a form"),
                "{}",
                html(&answer)
            );
        }
    }
}
