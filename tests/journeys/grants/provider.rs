//! Customers who log in at their bank's own OpenID provider: `oidc-provider`, which we did not
//! write, and one that is wrong in one thing at a time.

mod real;

use std::time::Duration;

use crypto::{Algorithm, SigningKey};
use futures_util::future::join_all;
use kit::{Answer, Browser, HouseBuilder, METADATA, PaperProvider, TestHouse, html, query};
use serde_json::{Value, json};

use super::pages::is_error_page;
use super::{App, CALLBACK, Form, decide};

/// Who we are at providers.
const OURSELVES: &str = "mortise";
/// Where the key lies that proves it.
const KEY: &str = "keys/login.key";
/// Who vouches for the provider's certificate.
const SERVERS: &str = "trust/servers-ca.pem";

/// The sandbox's bank with a provider at this URL, for which these authorities vouch.
fn with_provider(builder: HouseBuilder, url: &str, authorities: &str) -> HouseBuilder {
    let host = url.trim_start_matches("https://");
    builder
        .edit(
            kit::LOG_IN,
            &format!(
                "      log_in:\n        provider: {{ url: \"{url}\", client_id: {OURSELVES}, key: \
                 file:{KEY} }}\n"
            ),
        )
        .edit(
            "    upstreams:\n      core:",
            &format!(
                "    fetch: {{ login: {{ host: \"{host}\", authorities: \
                 [file:{authorities}] }} }}\n    upstreams:\n      core:"
            ),
        )
}

/// A house with a provider on paper.
pub(crate) async fn on_paper() -> (TestHouse, PaperProvider) {
    on_paper_of(HouseBuilder::new()).await
}

/// The same of this house.
pub(crate) async fn on_paper_of(builder: HouseBuilder) -> (TestHouse, PaperProvider) {
    let provider = PaperProvider::start(&builder).await;
    kit::key_file(&builder, KEY);
    let house = with_provider(builder, &provider.url, SERVERS).start().await;
    (house, provider)
}

/// A browser that was sent to the provider: the reference of the request, the parameters of the
/// link, and what the provider would say of a customer who logs in with it.
struct Sent {
    browser: Browser,
    reference: String,
    asked: std::collections::BTreeMap<String, String>,
    claims: Value,
}

impl Sent {
    async fn new(app: &mut App<'_>, provider: &PaperProvider) -> Self {
        Self::with(app, provider, Form::request()).await
    }

    async fn with(app: &mut App<'_>, provider: &PaperProvider, form: Form) -> Self {
        let reference = app.push(form).await;
        let mut browser = Browser::new(app.house);
        let answer = browser.get(&app.link(&reference)).await;
        assert_eq!(answer.status, 303, "{}", html(&answer));
        let location = answer.header("location");
        assert!(location.starts_with(&format!("{}/auth?", provider.url)));
        let asked = query(location);
        let now = app.house.now().as_second();
        let claims = json!({
            "iss": provider.url,
            "sub": "c-1",
            "aud": OURSELVES,
            "iat": now,
            "exp": now + 60,
            "auth_time": now,
            "nonce": asked["nonce"],
            "preferred_username": "li-lei",
        });
        Self {
            browser,
            reference,
            asked,
            claims,
        }
    }

    /// Comes back with the state and what else the provider says.
    fn way_back(&self, provider: &PaperProvider, says: &str) -> String {
        let (state, iss) = (&self.asked["state"], kit::encoded(&provider.url));
        format!("/logged-in?state={state}&iss={iss}&{says}")
    }

    async fn comes_back(&mut self, provider: &PaperProvider, says: &str) -> Answer {
        let back = self.way_back(provider, says);
        self.browser.get(&back).await
    }
}

/// Asserts that a browser is led back to the app with this error, and that nobody was logged in.
fn told(browser: &Browser, answer: &Answer, error: &str) {
    assert_eq!(answer.status, 303, "{}", html(answer));
    assert!(!browser.cookies.contains_key("__Host-session-harbour"));
    let back = answer.header("location");
    assert!(back.starts_with(CALLBACK), "{back}");
    let back = query(back);
    assert_eq!(back["error"], error);
    assert_eq!(back["state"], "s-1 &=?");
}

#[tokio::test]
async fn a_browser_comes_back_once_and_no_other_comes_back_for_it() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut sent = Sent::new(&mut app, &provider).await;
    provider.issues(&sent.claims, &provider.key);
    let back = sent.way_back(&provider, "code=good");

    // A browser without a cookie of ours, and one that was sent there for itself.
    let mut strange = Browser::new(&house);
    let page = strange.get(&back).await;
    is_error_page(&page, 403, "access_denied");
    let mut other = Sent::new(&mut app, &provider).await;
    let page = other.browser.get(&back).await;
    is_error_page(&page, 403, "access_denied");
    let state = &sent.asked["state"];
    for spoilt in [
        back.replace(state, ""),
        back.replace(state, "AAAA"),
        back.replace(state, &other.asked["state"]),
        format!("{back}&state={state}"),
    ] {
        let page = sent.browser.get(&spoilt).await;
        assert!(page.status.is_client_error(), "{spoilt}");
    }
    assert_eq!(provider.calls("/token"), 0, "no code was brought anywhere");

    let answer = sent.browser.get(&back).await;
    assert_eq!(answer.status, 303, "{}", html(&answer));
    let page = sent.browser.get(answer.header("location")).await;
    assert!(html(&page).contains("li-lei"), "{}", html(&page));
    let again = sent.browser.get(&back).await;
    is_error_page(&again, 400, "invalid_request");
    assert_eq!(provider.calls("/token"), 1);
    let led = decide(&mut sent.browser, &page, "allow").await;
    assert!(query(&led).contains_key("code"), "{led}");
}

#[tokio::test]
async fn az_06_of_two_tabs_the_one_that_decides_late_is_led_to_the_log_in_over_a_page() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut sent = Sent::new(&mut app, &provider).await;
    provider.issues(&sent.claims, &provider.key);
    let answer = sent.comes_back(&provider, "code=good").await;
    let browser = &mut sent.browser;
    let tab = browser.get(answer.header("location")).await;
    let reference = app.push(Form::request()).await;
    let other = browser.get(&app.link(&reference)).await;
    assert!(html(&other).contains("id=\"approve-form\""));
    decide(browser, &other, "allow").await;

    let answer = browser.send(&tab, &[("act", "allow")]).await;
    let page = browser.get(answer.header("location")).await;
    assert_eq!(page.status, 200, "{page:?}");
    let link = kit::attribute(&page, "id=\"onward\" href=\"");
    assert!(
        link.starts_with(&format!("{}/auth?", provider.url)),
        "{link}"
    );
    let refresh = kit::attribute(&page, "http-equiv=\"refresh\" content=\"0;url=");
    assert_eq!(refresh, link);
    // Logged in again, the customer decides what this tab was about.
    sent.asked = query(&link);
    sent.claims["nonce"] = json!(sent.asked["nonce"]);
    provider.issues(&sent.claims, &provider.key);
    let answer = sent.comes_back(&provider, "code=good").await;
    let page = sent.browser.get(answer.header("location")).await;
    let led = decide(&mut sent.browser, &page, "allow").await;
    assert!(query(&led).contains_key("code"), "{led}");
}

#[tokio::test]
async fn what_the_app_asks_of_the_log_in_is_asked_of_the_provider_and_held() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request()
        .with("prompt", Some("login"))
        .with("max_age", Some("60"));
    // A log-in of before does not do, one of now does.
    for (age, enters) in [(30, false), (0, true)] {
        let mut sent = Sent::with(&mut app, &provider, form.clone()).await;
        assert_eq!(sent.asked["prompt"], "login");
        assert_eq!(sent.asked["max_age"], "60");
        let now = house.now().as_second();
        sent.claims["auth_time"] = json!(now - age);
        provider.issues(&sent.claims, &provider.key);
        let answer = sent.comes_back(&provider, "code=good").await;
        if enters {
            let page = sent.browser.get(answer.header("location")).await;
            assert!(html(&page).contains("id=\"approve-form\""), "{page:?}");
        } else {
            told(&sent.browser, &answer, "temporarily_unavailable");
        }
    }
}

#[tokio::test]
async fn who_is_logged_in_otherwise_than_the_app_wishes_logs_in_once_more_and_is_not_sent_for_ever()
{
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().with("acr_values", Some("urn:bank:2"));
    let mut sent = Sent::with(&mut app, &provider, form).await;
    assert_eq!(sent.asked["acr_values"], "urn:bank:2");
    assert!(!sent.asked.contains_key("prompt"));
    // The provider knows the customer by a log-in of before, as strong as it was.
    let now = house.now().as_second();
    sent.claims["auth_time"] = json!(now - 30);
    sent.claims["acr"] = json!("urn:bank:1");
    provider.issues(&sent.claims, &provider.key);
    let answer = sent.comes_back(&provider, "code=good").await;
    let again = sent.browser.get(answer.header("location")).await;
    assert_eq!(again.status, 303, "{}", html(&again));
    sent.asked = query(again.header("location"));
    assert_eq!(
        sent.asked["prompt"], "login",
        "nothing else would change it"
    );
    // As weak as before, but made for this request: better than nothing.
    sent.claims["auth_time"] = json!(now);
    sent.claims["nonce"] = json!(sent.asked["nonce"]);
    provider.issues(&sent.claims, &provider.key);
    let answer = sent.comes_back(&provider, "code=good").await;
    let page = sent.browser.get(answer.header("location")).await;
    assert!(html(&page).contains("id=\"approve-form\""), "{page:?}");
}

#[tokio::test]
async fn a_log_in_that_took_too_long_is_over_and_the_app_is_told() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut sent = Sent::new(&mut app, &provider).await;
    house.clock.advance(Duration::from_mins(15));
    let answer = sent.comes_back(&provider, "code=good").await;
    told(&sent.browser, &answer, "access_denied");
    let mut sent = Sent::new(&mut app, &provider).await;
    house.clock.advance(Duration::from_mins(75));
    let page = sent.comes_back(&provider, "code=good").await;
    is_error_page(&page, 403, "access_denied");
    assert_eq!(provider.calls("/token"), 0);
}

#[tokio::test]
async fn an_id_token_that_is_wrong_in_one_thing_logs_nobody_in_and_the_app_is_told() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let now = house.now().as_second();
    let rows = [
        ("nonce", json!("another")),
        ("iss", json!("https://login.other.example")),
        ("aud", json!("another")),
        ("aud", json!([OURSELVES, "another"])),
        ("exp", json!(now - 60)),
        ("auth_time", json!(now - 3_600)),
        ("auth_time", Value::Null),
        ("sub", json!("")),
        ("preferred_username", Value::Null),
    ];
    for (claim, value) in rows {
        let mut sent = Sent::new(&mut app, &provider).await;
        sent.claims[claim] = value;
        provider.issues(&sent.claims, &provider.key);
        let answer = sent.comes_back(&provider, "code=good").await;
        told(&sent.browser, &answer, "temporarily_unavailable");
    }
    let mut sent = Sent::new(&mut app, &provider).await;
    let foreign = SigningKey::generate(Algorithm::Ps256).expect("a key");
    provider.issues(&sent.claims, &foreign);
    let answer = sent.comes_back(&provider, "code=good").await;
    told(&sent.browser, &answer, "temporarily_unavailable");
    let page = sent.browser.get(&app.link(&sent.reference)).await;
    is_error_page(&page, 400, "invalid_request_uri");
}

#[tokio::test]
async fn what_the_provider_says_instead_of_a_code_reaches_the_app_as_one_of_its_own_words() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (says, error) in [
        ("error=access_denied", "access_denied"),
        ("error=login_required", "login_required"),
        ("error=invalid_request&code=good", "access_denied"),
        ("error=server_error", "temporarily_unavailable"),
        ("code=", "access_denied"),
    ] {
        let mut sent = Sent::new(&mut app, &provider).await;
        let answer = sent.comes_back(&provider, says).await;
        told(&sent.browser, &answer, error);
    }
    // Another provider's answer says nothing, whatever it says (RFC 9207).
    let mut sent = Sent::new(&mut app, &provider).await;
    let back = sent.way_back(&provider, "error=access_denied");
    let back = back.replace("&iss=", "&iss=https%3A%2F%2Fother.example");
    let answer = sent.browser.get(&back).await;
    told(&sent.browser, &answer, "temporarily_unavailable");
    assert_eq!(provider.calls("/token"), 0);
}

#[tokio::test]
async fn a_crowd_gets_in_although_the_provider_answers_one_on_each_connection() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut crowd = Vec::new();
    for number in 0..50 {
        let sent = Sent::new(&mut app, &provider).await;
        provider.issues_for(&format!("code-{number}"), &sent.claims);
        crowd.push(sent);
    }
    // Nobody is answered before all have asked.
    provider.gathers(50);
    let provider = &provider;
    let answers = crowd.iter_mut().enumerate().map(|(number, sent)| {
        let says = format!("code=code-{number}");
        async move { sent.comes_back(provider, &says).await }
    });
    for answer in join_all(answers).await {
        let location = answer.header("location");
        assert!(location.starts_with("/authorize?"), "{location}");
    }
}

/// Asserts that a customer cannot log in now, and that the app is told.
async fn goes_without(house: &TestHouse, app: &mut App<'_>) {
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(house);
    let answer = browser.get(&app.link(&reference)).await;
    told(&browser, &answer, "temporarily_unavailable");
}

#[tokio::test]
async fn a_house_stands_without_its_provider_and_customers_log_in_once_it_is_there() {
    let (house, provider) = on_paper().await;
    provider.says(METADATA, 503, &"");
    let mut app = App::of(&house, "swiftride-app").await;
    let huge = "x".repeat(1 << 20);
    let mut other = provider.metadata();
    other["issuer"] = json!("https://login.other.example");
    for (status, said) in [(503, String::new()), (200, huge), (200, other.to_string())] {
        provider.says(METADATA, status, &said);
        house.clock.advance(Duration::from_secs(5));
        goes_without(&house, &mut app).await;
    }
    house.clock.advance(Duration::from_secs(5));
    // It keeps us waiting, but not for ever.
    provider.is_silent_at(METADATA);
    goes_without(&house, &mut app).await;
    provider.says(METADATA, 200, &provider.metadata());
    house.clock.advance(Duration::from_secs(5));
    for (status, said) in [
        (500, String::new()),
        (200, "x".repeat(1 << 20)),
        (400, json!({ "error": "invalid_client" }).to_string()),
        (302, String::new()),
    ] {
        provider.says("/token", status, &said);
        let mut sent = Sent::new(&mut app, &provider).await;
        let answer = sent.comes_back(&provider, "code=good").await;
        told(&sent.browser, &answer, "temporarily_unavailable");
    }
}

#[tokio::test]
async fn what_is_known_of_a_provider_outlives_a_reload_but_not_who_vouched_for_it() {
    let (house, provider) = on_paper().await;
    let mut app = App::of(&house, "swiftride-app").await;
    logs_in(&mut app, &provider).await;
    provider.says(METADATA, 503, &"");
    provider.says("/jwks", 503, &"");
    house.edit("gateway.yaml", "rate: 5/s", "rate: 6/s");
    house.reload().await;
    logs_in(&mut app, &provider).await;
    house.clock.advance(Duration::from_mins(30));
    house.reload().await;
    logs_in(&mut app, &provider).await;

    provider.says(METADATA, 200, &provider.metadata());
    let vouches = |file: &str| format!("authorities: [file:{file}] }} }}");
    let (theirs, others) = (vouches(SERVERS), vouches("trust/partners-ca.pem"));
    house.edit("gateway.yaml", &theirs, &others);
    house.reload().await;
    goes_without(&house, &mut app).await;
}

/// A customer logs in at the provider.
async fn logs_in(app: &mut App<'_>, provider: &PaperProvider) {
    let mut sent = Sent::new(app, provider).await;
    provider.issues(&sent.claims, &provider.key);
    let answer = sent.comes_back(provider, "code=good").await;
    assert_eq!(answer.status, 303, "{}", html(&answer));
    let page = sent.browser.get(answer.header("location")).await;
    assert!(html(&page).contains("li-lei"), "{}", html(&page));
}

#[tokio::test]
async fn with_a_provider_no_page_of_ours_takes_a_password() {
    let (house, _provider) = on_paper().await;
    let mut browser = Browser::new(&house);
    let form = [("username", "li-lei"), ("password", kit::PASSWORD)];
    let answer = browser.post("/log-in", &form).await;
    answer.refused(404, "unknown_route");
    let house = TestHouse::start().await;
    let mut browser = Browser::new(&house);
    let answer = browser.get("/logged-in?state=a").await;
    answer.refused(404, "unknown_route");
}

#[tokio::test]
async fn t_07_a_provider_for_which_another_authority_vouches_is_asked_nothing() {
    let builder = HouseBuilder::new();
    let provider = PaperProvider::start(&builder).await;
    kit::key_file(&builder, KEY);
    let partners = "trust/partners-ca.pem";
    let house = with_provider(builder, &provider.url, partners)
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    goes_without(&house, &mut app).await;
    assert_eq!(provider.calls(METADATA), 0);
}
