//! What a browser holds, and where it goes after a form.

use std::time::Duration;

use kit::{Browser, TestHouse, html, query};

use super::pages::is_error_page;
use super::{App, CALLBACK, Form, decide, log_in};

#[tokio::test]
async fn az_07_who_logs_in_anew_leaves_no_session_behind() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut browser = Browser::new(&house);
    let mut sessions = Vec::new();
    for prompt in ["consent", "login"] {
        let form = Form::request()
            .with("scope", Some("openid"))
            .and("prompt", prompt);
        house.clock.advance(Duration::from_secs(1));
        let link = app.push(form).await;
        let page = browser.get(&app.link(&link)).await;
        log_in(&mut browser, &page, "li-lei").await;
        sessions.push(browser.cookies["__Host-session-harbour"].clone());
    }
    for (session, form) in sessions.iter().zip(["login-form", "approve-form"]) {
        let link = app.push(Form::request()).await;
        let mut tab = Browser::new(&house);
        let cookie = ("__Host-session-harbour".to_owned(), session.clone());
        tab.cookies.extend([cookie]);
        let page = tab.get(&app.link(&link)).await;
        assert!(html(&page).contains(&format!("id=\"{form}\"")), "{form}");
    }
}

#[tokio::test]
async fn a_browser_that_lost_what_it_is_known_by_gets_no_code() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    // What would come of it would be good in each browser that has no cookie either.
    browser.cookies.remove("__Host-browser-harbour");
    let answer = browser.send(&page, &[("act", "allow")]).await;
    is_error_page(&answer, 403, "access_denied");
    let page = browser.get(&app.link(&reference)).await;
    let back = decide(&mut browser, &page, "allow").await;
    assert!(query(&back).contains_key("code"), "{back}");
}

#[tokio::test]
async fn az_06_what_ends_on_the_way_from_a_form_is_told_over_a_page_of_ours() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for is_logged_in in [false, true] {
        let reference = app.push(Form::request()).await;
        let mut browser = Browser::new(&house);
        let mut page = browser.get(&app.link(&reference)).await;
        let mut fields = vec![
            ("username", "li-lei"),
            ("password", kit::PASSWORD),
            ("act", "log-in"),
        ];
        if is_logged_in {
            page = log_in(&mut browser, &page, "li-lei").await;
            // Decided elsewhere, this tab is sent to log in again.
            browser.cookies.remove("__Host-session-harbour");
            fields = vec![("act", "allow")];
        }
        let answer = browser.send(&page, &fields).await;
        let on_to = answer.header("location");
        assert!(on_to.starts_with("/authorize?"), "{on_to}");
        // Time runs out between the two.
        house.clock.advance(Duration::from_mins(15));
        let answer = browser.get(on_to).await;
        assert_eq!(answer.status, 303, "{}", html(&answer));
        let done = browser.get(answer.header("location")).await;
        let back = kit::way_back(&done);
        assert!(back.starts_with(CALLBACK), "{back}");
        assert_eq!(query(&back)["error"], "access_denied");
    }
}
