//! Pushed authorization requests: what is refused, before any customer sees it.

use kit::{Browser, TestHouse};

use super::{App, CALLBACK, Form};
use crate::tokens::is_oauth_error;

/// A row: its ids, how the good request is changed, the error, and what it says.
type Row = (&'static str, fn(Form) -> Form, &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "OA-04 PA-04 request_uri at the endpoint that gives them out",
        |form| form.and("request_uri", "urn:ietf:params:oauth:request_uri:a"),
        "invalid_request",
        "given out here",
    ),
    (
        "OA-12 PC-01 PKCE plain",
        |form| form.with("code_challenge_method", Some("plain")),
        "invalid_request",
        "must be S256",
    ),
    (
        "PC-01 no PKCE method means plain",
        |form| form.with("code_challenge_method", None),
        "invalid_request",
        "must be S256",
    ),
    (
        "PC-01 no PKCE",
        |form| form.with("code_challenge", None),
        "invalid_request",
        "code_challenge is required",
    ),
    (
        "OA-16 a challenge of 42 characters",
        |form| form.with("code_challenge", Some(&"a".repeat(42))),
        "invalid_request",
        "43 characters",
    ),
    (
        "OA-18 AZ-01 another response_type",
        |form| form.with("response_type", Some("code id_token")),
        "unsupported_response_type",
        "must be code",
    ),
    (
        "AZ-01 no response_type",
        |form| form.with("response_type", None),
        "invalid_request",
        "response_type is required",
    ),
    (
        "JM-05 a response_mode that is not offered",
        |form| form.with("response_mode", Some("fragment")),
        "invalid_request",
        "response_mode",
    ),
    (
        "PA-10 no redirect_uri",
        |form| form.with("redirect_uri", None),
        "invalid_request",
        "redirect_uri is required",
    ),
    (
        "OA-22 http",
        |form| {
            form.with(
                "redirect_uri",
                Some("http://app.swiftride.example/callback"),
            )
        },
        "invalid_request",
        "to the letter",
    ),
    (
        "OA-63 PA-11 a parameter twice",
        |form| form.and("state", "b"),
        "invalid_request",
        "must not stand more than once",
    ),
    (
        "OA-64 L-09 a state of 2,049 characters",
        |form| form.with("state", Some(&"s".repeat(2_049))),
        "invalid_request",
        "2048",
    ),
    (
        "OA-66 a scope that is not open",
        |form| form.with("scope", Some("branches payments")),
        "invalid_scope",
        "not open to this client",
    ),
    (
        "PA-03 no scope",
        |form| form.with("scope", None),
        "invalid_request",
        "scope is required",
    ),
    (
        "OA-64 L-10 a nonce of 513 characters",
        |form| form.and("nonce", &"n".repeat(513)),
        "invalid_request",
        "512",
    ),
    (
        "OC-03 prompt none with others",
        |form| form.and("prompt", "none login"),
        "invalid_request",
        "none alone",
    ),
    (
        "OC-03 a prompt that is not known",
        |form| form.and("prompt", "create"),
        "invalid_request",
        "none alone",
    ),
    (
        "OC-03 max_age that is no number",
        |form| form.and("max_age", "-1"),
        "invalid_request",
        "number of seconds",
    ),
    (
        "OC-03 a hint that is no token",
        |form| form.and("id_token_hint", "a.b.c"),
        "invalid_request",
        "gave this client",
    ),
    (
        "OC-02 claims that are no object",
        |form| form.and("claims", "[]"),
        "invalid_request",
        "JSON object",
    ),
    (
        "OC-02 a claim asked for by a word",
        |form| form.and("claims", "{\"id_token\":{\"acr\":\"a\"}}"),
        "invalid_request",
        "JSON object",
    ),
    (
        "OC-06 registration",
        |form| form.and("registration", "{}"),
        "registration_not_supported",
        "registered by the bank",
    ),
    (
        "DP-12 a key for the code",
        |form| form.and("dpop_jkt", "a"),
        "invalid_request",
        "dpop_jkt",
    ),
    (
        "RA-01 an unknown type of details",
        |form| form.and("authorization_details", "[{\"type\":\"payment\"}]"),
        "invalid_authorization_details",
        "must have a type that is open",
    ),
];

#[tokio::test]
async fn what_a_pushed_request_may_not_say_is_refused_before_anybody_logs_in() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (row, change, error, says) in ROWS {
        let answer = app.post("/par", change(Form::request())).await;
        assert_eq!(answer.code(), *error, "{row}: {answer:?}");
        is_oauth_error(&answer, 400, error, says);
    }
}

#[tokio::test]
async fn oa_21_a_redirect_uri_is_compared_as_text() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for trick in [
        "https://app.swiftride.example/callback/",
        "https://app.swiftride.example/callback?x",
        "https://app.swiftride.example/callback#f",
        "https://app.swiftride.example/callback/../x",
        "https://app.swiftride.example//callback",
        "https://app.swiftride.example/%63allback",
        "https://app.swiftride.example/Callback",
        "https://APP.swiftride.example/callback",
        "https://app.swiftride.example:443/callback",
        "https://app.swiftride.example./callback",
        "https://app.swiftride.example@evil.example/callback",
        "https://app.swiftride.example/callbac",
        "https://app.swiftride.example.evil.example/callback",
        "https://xn--pp-xia.swiftride.example/callback",
    ] {
        let form = Form::request().with("redirect_uri", Some(trick));
        let answer = app.post("/par", form).await;
        assert_eq!(answer.status, 400, "{trick}");
        is_oauth_error(&answer, 400, "invalid_request", "to the letter");
    }
    let form = Form::request().with("redirect_uri", Some(CALLBACK));
    assert_eq!(app.post("/par", form).await.status, 201);
}

#[tokio::test]
async fn a_client_without_redirect_uris_asks_no_customer() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "cartwheel-app").await;
    let form = Form::request().with("scope", Some("catalogue"));
    let answer = app.post("/par", form).await;
    is_oauth_error(
        &answer,
        400,
        "unauthorized_client",
        "not open to this client",
    );
}

#[tokio::test]
async fn pa_05_a_reference_is_long_short_lived_and_told_whole() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let answer = app.post("/par", Form::request()).await;
    assert_eq!(answer.status, 201);
    assert_eq!(answer.header("cache-control"), "no-cache, no-store");
    let body = answer.json();
    assert_eq!(body["expires_in"], 90);
    let reference = body["request_uri"].as_str().expect("text");
    let random = reference.strip_prefix("urn:ietf:params:oauth:request_uri:");
    assert_eq!(random.map(str::len), Some(43), "256 bits");
    // OA-03: other methods.
    for method in [kit::Method::GET, kit::Method::PUT] {
        let other = app
            .client
            .call(method, "/par", &[], "")
            .await
            .expect("an answer");
        assert_eq!(other.status, 405);
        assert_eq!(other.header("allow"), "POST");
    }
}

#[tokio::test]
async fn l_09_a_long_state_comes_back_to_the_byte() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let state: String = (0x20_u8..0x7f)
        .cycle()
        .take(2_048)
        .map(char::from)
        .collect();
    let form = Form::request().with("state", Some(&state));
    let back = app.allowed(form, "li-lei").await;
    assert_eq!(back["state"], state);
}

#[tokio::test]
async fn oa_01_a_link_without_a_pushed_request_leads_to_no_log_in() {
    let house = TestHouse::start().await;
    let mut browser = Browser::new(&house);
    let request = Form::request().0;
    let pairs = request
        .iter()
        .map(|(name, value)| format!("&{name}={}", kit::encoded(value)));
    let plain = format!(
        "/authorize?client_id=swiftride-app{}",
        pairs.collect::<String>()
    );
    let place = "/.well-known/oauth-authorization-server";
    let metadata = browser.get(place).await.json();
    assert_eq!(metadata["require_pushed_authorization_requests"], true);
    let page = browser.get(&plain).await;
    super::pages::is_error_page(&page, 400, "invalid_request");
}

#[tokio::test]
async fn what_is_not_offered_is_told_by_its_own_code() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let registration = Form::request().and("registration", "{}");
    let answer = app.post("/par", registration).await;
    is_oauth_error(&answer, 400, "registration_not_supported", "by the bank");
    let hybrid = Form::request().with("response_type", Some("code id_token"));
    let answer = app.post("/par", hybrid).await;
    is_oauth_error(&answer, 400, "unsupported_response_type", "must be code");
    let details = Form::request().and("authorization_details", "[]");
    let answer = app.post("/par", details).await;
    is_oauth_error(&answer, 400, "invalid_authorization_details", "JSON array");
}

#[tokio::test]
async fn ca_02_no_endpoint_of_clients_goes_without_proof_of_the_client() {
    let house = TestHouse::start().await;
    let app = App::of(&house, "swiftride-app").await;
    let mut client = app.client;
    for path in ["/token", "/par", "/revoke", "/introspect"] {
        let form = "client_id=cartwheel-app&token=a&grant_type=client_credentials";
        let answer = client
            .call(kit::Method::POST, path, &[kit::FORM], form)
            .await;
        is_oauth_error(
            &answer.expect("an answer"),
            401,
            "invalid_client",
            "No registered",
        );
    }
}

#[tokio::test]
async fn oa_43_an_assertion_for_an_endpoint_is_none_there_either() {
    let house = TestHouse::start().await;
    let App {
        partner,
        mut client,
        ..
    } = App::of(&house, "swiftride-app").await;
    for path in ["/par", "/revoke", "/introspect"] {
        let audience = format!("{}{path}", house.issuer_url());
        let assertion = partner.assertion(&audience, house.clock.as_ref());
        let form = kit::token_form("branches", &assertion);
        let answer = client
            .call(kit::Method::POST, path, &[kit::FORM], form)
            .await;
        is_oauth_error(
            &answer.expect("an answer"),
            401,
            "invalid_client",
            "one string",
        );
    }
}
