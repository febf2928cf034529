//! Signed responses (JARM): what comes back to the app is one JWT, of the issuer and for the
//! client.

use std::collections::BTreeMap;

use kit::{Browser, HouseBuilder, TestHouse, query};
use serde_json::Value;

use crypto::{Jwks, Rules, Typ};

use super::request_objects::{Object, signed};
use super::{App, CALLBACK, Form, decide, log_in};
use crate::tokens::is_oauth_error;

const RULES: Rules = Rules {
    typ: Typ::Exactly(&["JWT"]),
    bytes_max: 8 * 1024,
};

/// The claims of the one parameter that came back, of a JWT that the published keys verify and
/// name.
async fn opened(house: &TestHouse, back: &BTreeMap<String, String>) -> Value {
    let names: Vec<_> = back.keys().collect();
    assert_eq!(names, ["response"], "JM-01: nothing is beside it: {back:?}");
    let keys = Browser::new(house).get("/jwks").await;
    let keys = Jwks::parse(&keys.body).expect("keys");
    let verified = crypto::verify(&back["response"], &keys, &RULES).expect("a good signature");
    assert!(verified.kid.is_some(), "JM-03");
    let place = "/.well-known/oauth-authorization-server";
    let metadata = Browser::new(house).get(place).await.json();
    let announced = &metadata["authorization_signing_alg_values_supported"];
    assert_eq!(announced[0], verified.algorithm.as_str());
    serde_json::from_slice(&verified.claims).expect("claims")
}

/// Asserts that these are the claims of a response with these parameters (JM-02, L-14).
#[track_caller]
fn holds(claims: &Value, house: &TestHouse, parameters: &[(&str, &str)]) {
    let mut left = claims.as_object().expect("claims").clone();
    assert_eq!(left.remove("iss"), Some(house.issuer_url().into()));
    assert_eq!(left.remove("aud"), Some("swiftride-app".into()));
    let exp = left.remove("exp").and_then(|exp| exp.as_i64());
    let lives = exp.expect("exp") - house.now().as_second();
    assert!((60..=120).contains(&lives), "L-14: {lives}");
    for (name, value) in parameters {
        assert_eq!(left.remove(*name), Some((*value).into()), "{name}");
    }
    assert!(left.is_empty(), "{left:?}");
}

#[tokio::test]
async fn jm_01_a_signed_response_is_one_parameter_and_its_code_is_good() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for mode in ["jwt", "query.jwt"] {
        let form = Form::request().with("response_mode", Some(mode));
        let back = app.allowed(form, "li-lei").await;
        let claims = opened(&house, &back).await;
        let code = claims["code"].as_str().expect("a code");
        holds(&claims, &house, &[("code", code), ("state", "s-1 &=?")]);
        let tokens = app.post("/token", Form::code(code)).await.ok();
        app.call(&tokens["access_token"]).await.ok();
    }
}

#[tokio::test]
async fn jm_04_an_error_comes_back_in_the_mode_that_was_asked_for() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for cancels in [true, false] {
        let form = Form::request()
            .with("response_mode", Some("jwt"))
            .with("state", None);
        let reference = app.push(form).await;
        let mut browser = Browser::new(&house);
        let mut page = browser.get(&app.link(&reference)).await;
        if !cancels {
            page = log_in(&mut browser, &page, "li-lei").await;
        }
        let act = if cancels { "cancel" } else { "refuse" };
        let back = decide(&mut browser, &page, act).await;
        assert!(back.starts_with(CALLBACK), "{back}");
        let claims = opened(&house, &query(&back)).await;
        holds(&claims, &house, &[("error", "access_denied")]);
    }
}

#[tokio::test]
async fn a_mode_that_is_not_offered_is_refused() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for mode in [
        "fragment",
        "fragment.jwt",
        "form_post",
        "form_post.jwt",
        "JWT",
    ] {
        let form = Form::request().with("response_mode", Some(mode));
        let answer = app.post("/par", form).await;
        is_oauth_error(&answer, 400, "invalid_request", "response_mode");
        let asks = Form::request().with("response_mode", Some(mode));
        let object = Object::of(&app, &asks).by(&app.partner);
        let answer = app.post("/par", signed(&object)).await;
        is_oauth_error(&answer, 400, "invalid_request", "response_mode");
    }
}

#[tokio::test]
async fn jm_05_a_client_asks_for_the_modes_that_are_open_to_it() {
    for (open, refused, taken) in [
        (
            "jwt",
            &[None, Some("query")][..],
            &[Some("jwt"), Some("query.jwt")][..],
        ),
        (
            "query",
            &[Some("jwt"), Some("query.jwt")],
            &[None, Some("query")],
        ),
    ] {
        let house = HouseBuilder::new()
            .edit(
                "response_modes: [query, jwt]",
                &format!("response_modes: [{open}]"),
            )
            .start()
            .await;
        let mut app = App::of(&house, "swiftride-app").await;
        for mode in refused {
            let answer = app.post("/par", Form::request().with("response_mode", *mode));
            let answer = answer.await;
            is_oauth_error(&answer, 400, "invalid_request", "open to this client");
        }
        for mode in taken {
            let answer = app.post("/par", Form::request().with("response_mode", *mode));
            assert_eq!(answer.await.status, 201, "{open}: {mode:?}");
        }
    }
}

#[tokio::test]
async fn jm_06_no_response_holds_a_token_signed_or_not() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for kind in ["token", "id_token", "code token", "code id_token", "none"] {
        for mode in [None, Some("jwt"), Some("query.jwt")] {
            let form = Form::request()
                .with("response_type", Some(kind))
                .with("response_mode", mode);
            let answer = app.post("/par", form).await;
            is_oauth_error(&answer, 400, "unsupported_response_type", "must be code");
        }
    }
}

#[tokio::test]
async fn l_09_a_long_state_comes_back_in_a_signed_response_to_the_byte() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let state: String = (0x20_u8..0x7f)
        .cycle()
        .take(2_048)
        .map(char::from)
        .collect();
    let form = Form::request()
        .with("response_mode", Some("jwt"))
        .with("state", Some(&state));
    let back = app.allowed(form, "li-lei").await;
    let claims = opened(&house, &back).await;
    let code = claims["code"].as_str().expect("a code").to_owned();
    holds(&claims, &house, &[("code", &code), ("state", &state)]);
    // Quotes are escaped twice on the way: what no address carries is refused when it is pushed.
    let form = Form::request()
        .with("response_mode", Some("jwt"))
        .with("state", Some(&"\"".repeat(2_048)));
    let answer = app.post("/par", form).await;
    is_oauth_error(&answer, 400, "invalid_request", "state must be");
}
