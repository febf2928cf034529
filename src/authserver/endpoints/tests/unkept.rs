//! Stores of grants and sessions that fail at one thing that is asked of them, before it took hold
//! or after (BC-11): whoever asks is told so, nothing is given out, and what was not used up serves
//! whoever asks again.

use std::collections::BTreeMap;

use http::Method;
use http_body_util::BodyExt;

use faulty::Call;
use model::{AuditEvent, Decision};

use crate::Endpoint;
use crate::test_house::{Answer, Ask, CALLBACK, House, Mood, asked, bank};

/// A verifier and its challenge: RFC 7636 appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(super) const APP: &str = "swiftride-app";
const BOTH: [Mood; 2] = [Mood::FailsBefore, Mood::FailsAfter];

pub(super) fn ask(house: &House, parameters: &[(&'static str, &str)]) -> Ask {
    let mut ask = house.ask(APP);
    ask.unset("grant_type");
    for (name, value) in parameters {
        ask.set(name, value);
    }
    ask
}

/// An authorization request that is good.
pub(super) fn of_request() -> [(&'static str, &'static str); 6] {
    [
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid rates"),
        ("state", "s-1"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ]
}

async fn push(house: &House) -> Answer {
    house
        .send_to(Endpoint::Par, ask(house, &of_request()))
        .await
}

fn redemption(house: &House, code: &str) -> Ask {
    let request = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ];
    ask(house, &request)
}

async fn redeem(house: &House, code: &str) -> Answer {
    house.send(redemption(house, code)).await
}

async fn refresh(house: &House, token: &str) -> Answer {
    let request = [("grant_type", "refresh_token"), ("refresh_token", token)];
    house.send(ask(house, &request)).await
}

async fn revoke(house: &House, token: &str) -> Answer {
    let request = ask(house, &[("token", token)]);
    house.send_to(Endpoint::Revoke, request).await
}

/// A customer's browser.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
}

/// What a browser is answered.
struct Page {
    status: u16,
    location: String,
    text: String,
}

impl Page {
    /// What stands between this and the next quote.
    fn after(&self, begins: &str) -> String {
        let rest = self.text.split_once(begins);
        let (_, rest) = rest.unwrap_or_else(|| panic!("no {begins} in {}", self.text));
        let value = rest.split('"').next().expect("an end");
        value.replace("&#x2f;", "/").replace("&amp;", "&")
    }
}

impl Browser {
    async fn get(&mut self, house: &House, endpoint: Endpoint, target: &str) -> Page {
        self.ask(house, endpoint, (Method::GET, target), "").await
    }

    /// Sends the form of a page, pressing this.
    async fn send(&mut self, house: &House, endpoint: Endpoint, page: &Page, act: &str) -> Page {
        let mut body = form_urlencoded::Serializer::new(String::new());
        for name in ["csrf", "request"] {
            let begins = format!("type=\"hidden\" name=\"{name}\" value=\"");
            body.append_pair(name, &page.after(&begins));
        }
        body.append_pair("username", "li-lei");
        body.append_pair("password", "any");
        body.append_pair("act", act);
        self.ask(house, endpoint, (Method::POST, "/"), &body.finish())
            .await
    }

    async fn ask(
        &mut self,
        house: &House,
        endpoint: Endpoint,
        (method, target): (Method, &str),
        body: &str,
    ) -> Page {
        let pairs = self
            .cookies
            .iter()
            .map(|(name, its)| format!("{name}={its}"));
        let request = http::Request::builder()
            .method(method)
            .uri(target)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", pairs.collect::<Vec<_>>().join("; "))
            .body(model::full(body.to_owned()))
            .expect("a request");
        let asked = asked(request, None);
        let (response, _) = house.server.answer(&bank(), endpoint, asked).await;
        let (head, body) = response.into_parts();
        for set in head.headers.get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next();
            let (name, value) = pair.and_then(|pair| pair.split_once('=')).expect("a pair");
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let bytes = body.collect().await.expect("a page").to_bytes();
        let location = head.headers.get("location");
        Page {
            status: head.status.as_u16(),
            location: location
                .map_or("", |its| its.to_str().expect("text"))
                .to_owned(),
            text: String::from_utf8(bytes.to_vec()).expect("text"),
        }
    }
}

/// Where a pushed request leads its customer.
async fn link(house: &House) -> String {
    let pushed = push(house).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let reference = pushed.body["request_uri"].as_str().expect("a reference");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("client_id", APP);
    query.append_pair("request_uri", reference);
    format!("/authorize?{}", query.finish())
}

/// A customer who logged in, and the page of approval.
async fn visit(house: &House) -> (Browser, Page) {
    let (link, mut browser) = (link(house).await, Browser::default());
    let page = browser.get(house, Endpoint::Authorize, &link).await;
    let entered = browser.send(house, Endpoint::LogIn, &page, "log-in").await;
    assert_eq!(entered.status, 303, "{}", entered.text);
    let page = browser
        .get(house, Endpoint::Authorize, &entered.location)
        .await;
    (browser, page)
}

/// A code that the customer approved.
async fn code(house: &House) -> String {
    let (mut browser, page) = visit(house).await;
    let decided = browser.send(house, Endpoint::Approve, &page, "allow").await;
    assert_eq!(decided.status, 303, "{}", decided.text);
    let done = browser.get(house, Endpoint::Done, &decided.location).await;
    let back = done.after("id=\"return\" href=\"");
    let query = back.split_once('?').expect("parameters").1.as_bytes();
    let code = form_urlencoded::parse(query).find(|(name, _)| name == "code");
    code.expect("a code").1.into_owned()
}

async fn tokens(house: &House) -> (String, String) {
    let tokens = redeem(house, &code(house).await).await;
    let text = |name: &str| tokens.body[name].as_str().expect("a token").to_owned();
    (text("access_token"), text("refresh_token"))
}

/// The client is told to come back, is given nothing, and the record says that we failed.
#[track_caller]
fn is_unkept(house: &House, answer: &Answer, at: &str) {
    assert_eq!(answer.status, 503, "{at}: {}", answer.body);
    assert_eq!(answer.body["error"], "temporarily_unavailable", "{at}");
    assert_eq!(answer.header("retry-after"), Some("1"), "{at}");
    let members: Vec<_> = answer.body.as_object().expect("an object").keys().collect();
    assert_eq!(members, ["error", "error_description"], "{at}");
    let durable = house.log.durable.lock().expect("sound");
    let record = durable.iter().rev().find_map(|entry| match &entry.event {
        AuditEvent::Token(issue) => Some(issue),
        _ => None,
    });
    let record = record.expect("a record");
    assert_eq!(
        (record.decision, record.status),
        (Decision::Failed, 503),
        "{at}"
    );
    assert_eq!(record.who.token_jti, None, "{at}");
}

#[tokio::test]
async fn bc_11_a_request_that_cannot_be_kept_gets_no_reference() {
    for mood in BOTH {
        let house = House::with_customers().await;
        house.store.fails_at(Call::Push, mood);
        is_unkept(&house, &push(&house).await, &format!("{mood:?}"));
        house.store.all(Mood::Works);
        assert_eq!(push(&house).await.status, 201, "{mood:?}");
    }
}

#[tokio::test]
async fn bc_11_a_code_gives_nothing_while_its_store_fails_and_is_good_once_afterwards() {
    for (call, mood, then) in [
        (Call::Code, Mood::FailsBefore, 200),
        (Call::Code, Mood::FailsAfter, 200),
        (Call::Redeem, Mood::FailsBefore, 200),
        // It was used, and nobody has what it gave: it is used up.
        (Call::Redeem, Mood::FailsAfter, 400),
    ] {
        let at = format!("{call:?} {mood:?}");
        let house = House::with_customers().await;
        let code = code(&house).await;
        house.store.fails_at(call, mood);
        is_unkept(&house, &redeem(&house, &code).await, &at);
        house.store.all(Mood::Works);
        let again = redeem(&house, &code).await;
        assert_eq!(again.status, then, "{at}: {}", again.body);
        if let Some(token) = again.body["access_token"].as_str() {
            let told = ask(&house, &[("token", token)]);
            let told = house.send_to(Endpoint::Introspect, told).await;
            assert_eq!(told.body["active"], true, "{at}: it is no token in doubt");
        }
        let third = redeem(&house, &code).await;
        assert_eq!(
            (third.status, third.body["error"].as_str()),
            (400, Some("invalid_grant")),
            "{at}"
        );
    }
}

#[tokio::test]
async fn bc_11_a_refresh_token_gives_nothing_while_its_store_fails_and_serves_afterwards() {
    for mood in BOTH {
        let house = House::with_customers().await;
        let (_, token) = tokens(&house).await;
        house.store.fails_at(Call::RefreshToken, mood);
        is_unkept(&house, &refresh(&house, &token).await, &format!("{mood:?}"));
        house.store.all(Mood::Works);
        let again = refresh(&house, &token).await;
        assert_eq!(again.status, 200, "{mood:?}: {}", again.body);
    }
}

#[tokio::test]
async fn rv_02_a_revocation_that_cannot_be_kept_is_said_to_be_none_and_may_be_asked_again() {
    for mood in BOTH {
        for (call, is_access) in [
            (Call::RefreshToken, false),
            (Call::RevokeGrant, false),
            (Call::RevokeToken, true),
        ] {
            let at = format!("{call:?} {mood:?}");
            let house = House::with_customers().await;
            let (access, refreshes) = tokens(&house).await;
            let token = if is_access { &access } else { &refreshes };
            house.store.fails_at(call, mood);
            is_unkept(&house, &revoke(&house, token).await, &at);
            house.store.all(Mood::Works);
            assert_eq!(revoke(&house, token).await.status, 200, "{at}");
            // RFC 7009 §2.1: with the refresh token goes the grant.
            let then = if is_access { 200 } else { 400 };
            assert_eq!(refresh(&house, &refreshes).await.status, then, "{at}");
            let told = ask(&house, &[("token", &access)]);
            let told = house.send_to(Endpoint::Introspect, told).await;
            assert_eq!(told.body["active"], false, "{at}: {}", told.body);
        }
    }
}

/// The app is told; the browser is led there, with no code.
async fn is_told(house: &House, browser: &mut Browser, page: &Page, at: &str) {
    assert_eq!(page.status, 303, "{at}: {}", page.text);
    let done = browser.get(house, Endpoint::Done, &page.location).await;
    let back = done.after("id=\"return\" href=\"");
    let (callback, query) = back.split_once('?').expect("parameters");
    assert_eq!(callback, CALLBACK, "{at}");
    let query: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).collect();
    assert_eq!(query["error"], "temporarily_unavailable", "{at}");
    assert_eq!(query["state"], "s-1", "{at}");
    assert_eq!(query.get("code"), None, "{at}");
}

#[tokio::test]
async fn bc_11_a_customer_is_shown_nothing_of_a_request_that_cannot_be_read() {
    for mood in BOTH {
        let house = House::with_customers().await;
        let (link, mut browser) = (link(&house).await, Browser::default());
        house.store.fails_at(Call::Open, mood);
        let page = browser.get(&house, Endpoint::Authorize, &link).await;
        assert_eq!(page.status, 503, "{mood:?}");
        assert!(
            page.text
                .contains("<code id=\"error\">temporarily_unavailable</code>"),
            "{mood:?}: {}",
            page.text
        );
        house.store.all(Mood::Works);
        let page = browser.get(&house, Endpoint::Authorize, &link).await;
        assert_eq!(page.status, 200, "{mood:?}: {}", page.text);
    }
}

#[tokio::test]
async fn bc_11_nobody_is_logged_in_by_a_session_that_cannot_be_kept_or_read() {
    for mood in BOTH {
        let house = House::with_customers().await;
        let (link, mut browser) = (link(&house).await, Browser::default());
        let page = browser.get(&house, Endpoint::Authorize, &link).await;
        house.store.fails_at(Call::Begin, mood);
        let before = browser.cookies.clone();
        let entered = browser.send(&house, Endpoint::LogIn, &page, "log-in").await;
        assert_eq!(browser.cookies, before, "{mood:?}: no session");
        is_told(&house, &mut browser, &entered, &format!("{mood:?}")).await;

        let house = House::with_customers().await;
        let (mut browser, page) = visit(&house).await;
        house.store.fails_at(Call::Find, mood);
        let decided = browser
            .send(&house, Endpoint::Approve, &page, "allow")
            .await;
        is_told(&house, &mut browser, &decided, &format!("{mood:?}")).await;
    }
}

#[tokio::test]
async fn bc_11_a_grant_that_cannot_be_kept_gives_no_code_and_its_request_is_over() {
    for call in [Call::Approve, Call::TurnDown] {
        for mood in BOTH {
            if (call, mood) == (Call::Approve, Mood::FailsAfter) {
                // It is kept: see the next one.
                continue;
            }
            let at = format!("{call:?} {mood:?}");
            let house = House::with_customers().await;
            let (mut browser, page) = visit(&house).await;
            house.store.fails_at(call, mood);
            let act = if call == Call::Approve {
                "allow"
            } else {
                "refuse"
            };
            let decided = browser.send(&house, Endpoint::Approve, &page, act).await;
            house.store.all(Mood::Works);
            is_told(&house, &mut browser, &decided, &at).await;
            let again = browser.send(&house, Endpoint::Approve, &page, act).await;
            assert_ne!(again.status, 200, "{at}");
            assert!(
                !again.location.contains("code="),
                "{at}: {}",
                again.location
            );
        }
    }
}

#[tokio::test]
async fn a_grant_that_is_kept_gives_its_code_though_the_store_was_not_heard_to_say_so() {
    let house = House::with_customers().await;
    house.store.fails_at(Call::Approve, Mood::FailsAfter);
    let code = code(&house).await;
    house.store.fails_at(Call::Approve, Mood::Works);
    assert_eq!(redeem(&house, &code).await.status, 200);
}

#[tokio::test]
async fn p4_nobody_is_told_who_a_customer_is_without_evidence() {
    let house = House::with_customers().await;
    let redemption = redemption(&house, &code(&house).await);
    let chain = redemption.chain.clone();
    let tokens = house.send(redemption).await;
    let access = tokens.body["access_token"].as_str().expect("a token");
    for (mood, status) in [(Mood::Works, 200), (Mood::FailsBefore, 503)] {
        *house.log.mood.lock().expect("sound") = mood;
        let mut request = http::Request::new(model::empty());
        let bearer = format!("Bearer {access}").parse().expect("a header");
        request.headers_mut().insert("authorization", bearer);
        let asked = asked(request, chain.clone());
        let (response, _) = house
            .server
            .answer(&bank(), Endpoint::Userinfo, asked)
            .await;
        let answer = Answer::of(response).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.body.get("sub").is_some(), status == 200);
    }
}
