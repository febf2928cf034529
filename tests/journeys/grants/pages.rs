//! The pages: who is turned away, who is led back, and that no other site can act for a customer.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use kit::{Answer, Browser, HouseBuilder, TestHouse, hidden, html, query};

use super::{App, CALLBACK, Form, decide, log_in};

/// Asserts that this is the error page with this status and code, and leads nowhere.
#[track_caller]
pub(crate) fn is_error_page(page: &Answer, status: u16, code: &str) {
    let text = html(page);
    assert_eq!(page.status, status, "{text}");
    assert!(
        text.contains(&format!("<code id=\"error\">{code}</code>")),
        "{text}"
    );
    assert!(page.headers.get("location").is_none());
    assert!(!text.contains("password"), "no log-in: {text}");
    let policy = page.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "OA-28: {policy}");
    page.has_ids();
}

/// The parameters that come back to the app at once, no form having been sent.
#[track_caller]
pub(super) fn led_back(answer: &Answer) -> BTreeMap<String, String> {
    assert_eq!(answer.status, 303, "{}", html(answer));
    let location = answer.header("location");
    assert!(location.starts_with(&format!("{CALLBACK}?")), "{location}");
    query(location)
}

#[tokio::test]
async fn a_link_that_names_no_request_of_its_client_leads_nowhere() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let good = app.link(&reference);
    for (row, link, code) in [
        (
            "OA-09 PA-06 another client's",
            good.replace("swiftride-app", "cartwheel-app"),
            "invalid_request_uri",
        ),
        (
            "an unknown client",
            good.replace("swiftride-app", "nobody"),
            "invalid_client",
        ),
        (
            "PA-07 an unknown reference",
            format!("{good}x"),
            "invalid_request_uri",
        ),
        (
            "OA-10 a reference to elsewhere",
            "/authorize?client_id=swiftride-app&request_uri=https%3A%2F%2Fattacker.example%2Fr"
                .to_owned(),
            "invalid_request_uri",
        ),
        (
            "AZ-11 a client_id twice",
            format!("{good}&client_id=a"),
            "invalid_request",
        ),
        (
            "no client_id",
            good.replace("client_id=swiftride-app&", ""),
            "invalid_request",
        ),
    ] {
        let page = browser.get(&link).await;
        assert_eq!(page.status, 400, "{row}");
        is_error_page(&page, 400, code);
    }
    // PA-13: what else stands in the link is ignored.
    let page = browser
        .get(&format!("{good}&scope=x&redirect_uri=https://evil.example"))
        .await;
    assert!(html(&page).contains("id=\"login-form\""));
    // It expires when nobody opened it; opened, it lives through the visit (OA-07, PA-08).
    let late = app.push(Form::request()).await;
    house.clock.advance(Duration::from_secs(91));
    let page = browser.get(&app.link(&late)).await;
    is_error_page(&page, 400, "invalid_request_uri");
    let page = browser.get(&good).await;
    assert!(html(&page).contains("id=\"login-form\""), "a reload");
    house.clock.advance(Duration::from_mins(15));
    let back = browser.get(&good).await;
    assert_eq!(led_back(&back)["error"], "access_denied");
}

#[tokio::test]
async fn oa_91_a_customer_who_refuses_or_cancels_is_led_back_with_access_denied() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for cancels in [true, false] {
        let reference = app.push(Form::request()).await;
        let mut browser = Browser::new(&house);
        let mut page = browser.get(&app.link(&reference)).await;
        if !cancels {
            page = log_in(&mut browser, &page, "li-lei").await;
        }
        let act = if cancels { "cancel" } else { "refuse" };
        let back = decide(&mut browser, &page, act).await;
        assert!(back.starts_with(CALLBACK), "{back}");
        let back = query(&back);
        assert_eq!(back["error"], "access_denied");
        assert_eq!(back["state"], "s-1 &=?");
        assert_eq!(back["iss"], house.issuer_url());
        assert_eq!(back.len(), 3, "{back:?}");
        // OA-06: the request is used up.
        let page = browser.get(&app.link(&reference)).await;
        is_error_page(&page, 400, "invalid_request_uri");
    }
}

#[tokio::test]
async fn a_wrong_password_is_told_and_too_many_lock_whoever_exists_or_not() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for customer in ["li-lei", "nobody-at-all"] {
        let reference = app.push(Form::request()).await;
        let mut browser = Browser::new(&house);
        let page = browser.get(&app.link(&reference)).await;
        let wrong = [
            ("username", customer),
            ("password", "guess"),
            ("act", "log-in"),
        ];
        for left in (1..5).rev() {
            let told = browser.send(&page, &wrong).await;
            assert_eq!(told.status, 403, "{customer}");
            let words = if left == 1 { "once more" } else { "more times" };
            assert!(html(&told).contains(words), "{customer}: {}", html(&told));
        }
        let locked = browser.send(&page, &wrong).await;
        assert!(
            html(&locked).contains("Too many wrong tries"),
            "OA-96 {customer}"
        );
        assert!(!browser.cookies.contains_key("__Host-session-harbour"));
    }
}

#[tokio::test]
async fn oa_96_many_passwords_from_one_address_are_answered_429_whatever_the_name() {
    let clock = Arc::new(model::MovedClock::stopped());
    let house = HouseBuilder::with_clock(Arc::clone(&clock)).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    for number in 0..100 {
        let name = format!("customer-{number}");
        let wrong = [
            ("username", name.as_str()),
            ("password", "guess"),
            ("act", "log-in"),
        ];
        let told = browser.send(&page, &wrong).await;
        assert_eq!(told.status, 403, "no name is locked: {}", html(&told));
    }
    let right = [
        ("username", "li-lei"),
        ("password", kit::PASSWORD),
        ("act", "log-in"),
    ];
    // Not even who has the right one, for whoever guesses must not learn that it is.
    let told = browser.send(&page, &right).await;
    is_error_page(&told, 429, "access_denied");
    assert_eq!(told.header("retry-after"), "3");
    assert!(html(&told).contains("Too many log-ins from your network"));
    clock.advance(Duration::from_secs(3));
    assert_eq!(browser.send(&page, &right).await.status, 303);
}

#[tokio::test]
async fn az_07_a_form_counts_only_from_the_browser_that_it_was_given_to() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let (csrf, request) = (hidden(&page, "csrf"), hidden(&page, "request"));
    let fields = |csrf: &'static str| {
        [
            ("csrf", csrf),
            ("username", "li-lei"),
            ("password", kit::PASSWORD),
            ("act", "log-in"),
        ]
    };
    // Another browser with the right proof, this one with a wrong one, or none.
    let mut other = Browser::new(&house);
    let mut stolen: Vec<_> = fields("").to_vec();
    stolen[0].1 = &csrf;
    stolen.push(("request", &request));
    is_error_page(&other.post("/log-in", &stolen).await, 403, "access_denied");
    let mut forged: Vec<_> = fields("AAAA").to_vec();
    forged.push(("request", &request));
    is_error_page(
        &browser.post("/log-in", &forged).await,
        403,
        "access_denied",
    );

    // A session that was planted is none once the customer has logged in.
    let planted = "A".repeat(43);
    browser
        .cookies
        .insert("__Host-session-harbour".to_owned(), planted.clone());
    let page = browser.get(&app.link(&reference)).await;
    assert!(html(&page).contains("id=\"login-form\""));
    let page = log_in(&mut browser, &page, "li-lei").await;
    assert_ne!(browser.cookies["__Host-session-harbour"], planted);
    // The log-in's proof is none for the approval.
    let sent = [
        ("csrf", csrf.as_str()),
        ("request", &request),
        ("act", "allow"),
    ];
    is_error_page(&browser.post("/approve", &sent).await, 403, "access_denied");
    // Without the session the customer logs in again, and nothing was granted.
    let approval = hidden(&page, "csrf");
    let sent = [
        ("csrf", approval.as_str()),
        ("request", &request),
        ("act", "allow"),
    ];
    let answer = other.post("/approve", &sent).await;
    assert_eq!(answer.status, 303);
    assert!(answer.header("location").starts_with("/authorize?"));
    decide(&mut browser, &page, "allow").await;
}

#[tokio::test]
async fn the_way_back_is_ours_alone_and_soon_over() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    // OA-27: a form is never answered with 307.
    let answer = browser.send(&page, &[("act", "allow")]).await;
    assert_eq!(answer.status, 303);
    let done = answer.header("location").to_owned();
    assert!(done.starts_with("/done?to="), "{done}");
    assert_eq!(browser.get(&done).await.status, 200);
    let middle = done.len() / 2;
    let other = if &done[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    let forged = format!("{}{other}{}", &done[..middle], &done[middle + 1..]);
    let sealed = done.trim_start_matches("/done?to=");
    let sealed = crypto::from_base64url(sealed).expect("base64url");
    let text = String::from_utf8_lossy(&sealed).into_owned();
    assert!(!text.contains("swiftride"), "it is sealed");
    let mut other = Browser::new(&house);
    is_error_page(&other.get(&done).await, 400, "invalid_request");
    for bad in [
        forged.as_str(),
        "/done",
        "/done?to=",
        "/done?to=https://evil.example",
    ] {
        is_error_page(&browser.get(bad).await, 400, "invalid_request");
    }
    house.clock.advance(Duration::from_mins(1));
    is_error_page(&browser.get(&done).await, 400, "invalid_request");
}

#[tokio::test]
async fn a_customer_who_has_decided_is_logged_out() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut browser = Browser::new(&house);
    for act in ["allow", "refuse"] {
        let reference = app.push(Form::request()).await;
        let page = browser.get(&app.link(&reference)).await;
        assert!(html(&page).contains("id=\"login-form\""), "{act}");
        let page = log_in(&mut browser, &page, "li-lei").await;
        let session = browser.cookies["__Host-session-harbour"].clone();
        decide(&mut browser, &page, act).await;
        assert!(!browser.cookies.contains_key("__Host-session-harbour"));
        // Not even with the cookie of before.
        browser
            .cookies
            .insert("__Host-session-harbour".to_owned(), session);
    }
}

#[tokio::test]
async fn c1_the_language_that_the_app_or_the_customer_chose_stays_to_the_end() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().and("ui_locales", "fr zh-Hans");
    let reference = app.push(form).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    assert_eq!(page.header("content-language"), "zh-CN", "the app's");
    let page = log_in(&mut browser, &page, "li-lei").await;
    assert_eq!(page.header("content-language"), "zh-CN");
    let switch = kit::attribute(&page, "<a href=\"");
    let page = browser.get(&switch).await;
    assert_eq!(page.header("content-language"), "en", "the customer's");
    let answer = browser.send(&page, &[("act", "allow")]).await;
    let done = browser.get(answer.header("location")).await;
    assert_eq!(done.header("content-language"), "en");
}

#[tokio::test]
async fn a_wish_of_languages_counts_as_far_as_it_is_one_and_turns_nobody_away() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let long = format!("zh-{}", "x".repeat(33));
    let most = format!("{}zh-CN", "fr ".repeat(7));
    let more = format!("{}zh-CN", "fr ".repeat(8));
    let much = "fr ".repeat(10_000);
    let quotes = "\"".repeat(15_000);
    // The browser's own is English.
    for (wish, language) in [
        (most.as_str(), "zh-CN"),
        (&long, "en"),
        (&more, "en"),
        (&much, "en"),
        (&quotes, "en"),
        (" ", "en"),
    ] {
        let reference = app.push(Form::request().and("ui_locales", wish)).await;
        let page = Browser::new(&house).get(&app.link(&reference)).await;
        assert_eq!(page.header("content-language"), language, "{wish:.40}");
    }
}

#[tokio::test]
async fn what_the_page_says_is_when_the_grant_ends() {
    let house = kit::HouseBuilder::new()
        .edit("grant_lifetime: 90d", "grant_lifetime: 2min")
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    house.clock.advance(Duration::from_secs(45));
    let back = query(&decide(&mut browser, &page, "allow").await);
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let lives = tokens["expires_in"].as_u64().expect("a number");
    assert!(
        (60..=75).contains(&lives),
        "no token outlives its grant: {lives}"
    );
    let refresh = tokens["refresh_token"].as_str().expect("text");
    house.clock.advance(Duration::from_secs(76));
    let late = app.post("/token", Form::refresh(refresh)).await;
    crate::tokens::is_oauth_error(&late, 400, "invalid_grant", "expired");
    // Too long before the approval: the page is shown again with a new end.
    let reference = app.push(Form::request()).await;
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    house.clock.advance(Duration::from_mins(2));
    let again = browser.send(&page, &[("act", "allow")]).await;
    assert!(again.header("location").starts_with("/authorize?"));
    let page = browser.get(again.header("location")).await;
    decide(&mut browser, &page, "allow").await;
}

#[tokio::test]
async fn az_02_the_query_of_a_registered_redirect_uri_comes_back_before_the_answer() {
    let registered = format!("{CALLBACK}?from=bank&a=b");
    let house = kit::HouseBuilder::new()
        .edit(CALLBACK, &registered)
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().with("redirect_uri", Some(&registered));
    let reference = app.push(form).await;
    let mut browser = Browser::new(&house);
    // PA-13: nothing that the link says beside it counts.
    let link = format!(
        "{}&redirect_uri=https%3A%2F%2Fevil.example&state=x",
        app.link(&reference)
    );
    let page = browser.get(&link).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    // AZ-08: what is asked for, and by whom.
    let text = html(&page);
    for shown in [
        "branches",
        "SwiftRide Technology Co. Ltd.",
        "privacy@swiftride.example",
    ] {
        assert!(text.contains(shown), "{shown}");
    }
    let back = decide(&mut browser, &page, "allow").await;
    assert!(back.starts_with(&format!("{registered}&code=")), "{back}");
    assert_eq!(query(&back)["state"], "s-1 &=?");
}

#[tokio::test]
async fn az_11_a_link_may_be_posted() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let form = [("client_id", "swiftride-app"), ("request_uri", &reference)];
    let page = browser.post("/authorize", &form).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    decide(&mut browser, &page, "allow").await;
}

#[tokio::test]
async fn of_two_who_decide_at_once_one_does() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    let mut tab = Browser::new(&house);
    tab.cookies = browser.cookies.clone();
    let (one, other) = tokio::join!(
        browser.send(&page, &[("act", "allow")]),
        tab.send(&page, &[("act", "refuse")])
    );
    let led_back = [&one, &other].into_iter().filter(|answer| {
        let location = answer.headers.get("location");
        location.is_some_and(|to| to.to_str().is_ok_and(|to| to.starts_with("/done?")))
    });
    assert_eq!(led_back.count(), 1, "{one:?} {other:?}");
}

#[tokio::test]
async fn a_partner_that_is_suspended_after_it_pushed_gets_no_grant() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    house.edit(
        "gateway.yaml",
        "privacy_contact: privacy@swiftride.example\n    standing: active",
        "privacy_contact: privacy@swiftride.example\n    standing: suspended",
    );
    house.reload().await;
    let answer = browser.send(&page, &[("act", "allow")]).await;
    is_error_page(&answer, 400, "unauthorized_client");
}
