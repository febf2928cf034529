//! Codes: good once, for a minute, for their client, with all that they are bound to.

use std::time::Duration;

use kit::{Identity, SWIFTRIDE, TestHouse, Version, issue, partner_leaf};

use super::{App, Form, VERIFIER, claims};
use crate::tokens::is_oauth_error;

#[tokio::test]
async fn oa_30_a_code_that_is_used_again_takes_its_tokens_along() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let code = app.code("li-lei").await;
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    app.call(&tokens["access_token"]).await.ok();
    let again = app.post("/token", Form::code(&code)).await;
    is_oauth_error(&again, 400, "invalid_grant", "The code is unknown, used");
    let refused = app.call(&tokens["access_token"]).await;
    refused.refused_saying(401, "bad_token", "revoked");
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let refused = app.post("/token", Form::refresh(refresh)).await;
    is_oauth_error(&refused, 400, "invalid_grant", "revoked");
}

#[tokio::test]
async fn oa_30_a_used_code_takes_its_tokens_along_whatever_else_is_asked_for_with_it() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (name, value) in [
        ("resource", "https://elsewhere.example"),
        ("authorization_details", "[]"),
    ] {
        let code = app.code("li-lei").await;
        let tokens = app.post("/token", Form::code(&code)).await.ok();
        let again = Form::code(&code).with(name, Some(value));
        let again = app.post("/token", again).await;
        is_oauth_error(&again, 400, "invalid_grant", "The code is unknown, used");
        let refused = app.call(&tokens["access_token"]).await;
        refused.refused_saying(401, "bad_token", "revoked");
        // Who does not prove the code takes nothing along.
        let code = app.code("li-lei").await;
        let tokens = app.post("/token", Form::code(&code)).await.ok();
        let guessed = Form::code(&code).with("code_verifier", Some(&"a".repeat(43)));
        let guessed = app.post("/token", guessed.with(name, Some(value))).await;
        is_oauth_error(&guessed, 400, "invalid_grant", "code_verifier");
        app.call(&tokens["access_token"]).await.ok();
    }
}

#[tokio::test]
async fn oa_31_of_many_who_redeem_one_code_at_once_one_gets_tokens_and_they_die() {
    let house = TestHouse::start().await;
    let code = App::of(&house, "swiftride-app").await.code("li-lei").await;
    let mut racers = Vec::new();
    for _ in 0..8 {
        racers.push(App::of(&house, "swiftride-app").await);
    }
    let redeem = racers
        .iter_mut()
        .map(|app| app.post("/token", Form::code(&code)));
    let answers = futures_util::future::join_all(redeem).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        is_oauth_error(answer, 400, "invalid_grant", "The code");
    }
    let tokens = won[0].json();
    let refused = racers[0].call(&tokens["access_token"]).await;
    refused.refused_saying(401, "bad_token", "revoked");
}

#[tokio::test]
async fn a_code_serves_only_with_what_it_is_bound_to_and_a_wrong_try_does_not_use_it_up() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let code = app.code("li-lei").await;
    let long = "a".repeat(129);
    for (row, form, says) in [
        (
            "OA-34 TK-04 another redirect URI",
            Form::code(&code).with("redirect_uri", Some("https://app.swiftride.example/other")),
            "redirect_uri must be",
        ),
        (
            "OA-13 PC-02 no verifier",
            Form::code(&code).with("code_verifier", None),
            "code_verifier must be",
        ),
        (
            "OA-16 a verifier of 42 characters",
            Form::code(&code).with("code_verifier", Some(&VERIFIER[1..])),
            "code_verifier must be",
        ),
        (
            "OA-16 a verifier of 129 characters",
            Form::code(&code).with("code_verifier", Some(&long)),
            "code_verifier must be",
        ),
        (
            "PC-02 another verifier",
            Form::code(&code).with("code_verifier", Some(&VERIFIER.replace('d', "e"))),
            "code_verifier must be",
        ),
        (
            "TK-03 another code",
            Form::code("nobody-knows-it"),
            "The code is unknown",
        ),
    ] {
        let answer = app.post("/token", form).await;
        assert_eq!(answer.status, 400, "{row}");
        is_oauth_error(&answer, 400, "invalid_grant", says);
    }
    let mut thief = App::of(&house, "cartwheel-app").await;
    let stolen = thief.post("/token", Form::code(&code)).await;
    is_oauth_error(&stolen, 400, "invalid_grant", "not issued to this client");
    app.post("/token", Form::code(&code)).await.ok();
}

#[tokio::test]
async fn l_06_a_code_lives_for_a_minute() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let code = app.code("li-lei").await;
    house.clock.advance(Duration::from_mins(1));
    let late = app.post("/token", Form::code(&code)).await;
    is_oauth_error(&late, 400, "invalid_grant", "expired");
}

#[tokio::test]
async fn oa_88_a_refresh_token_serves_its_client_alone_and_never_widens() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let wider = Form::refresh(refresh).with("scope", Some("branches catalogue"));
    let answer = app.post("/token", wider).await;
    is_oauth_error(&answer, 400, "invalid_scope", "not open");
    let mut thief = App::of(&house, "cartwheel-app").await;
    let stolen = thief.post("/token", Form::refresh(refresh)).await;
    is_oauth_error(&stolen, 400, "invalid_grant", "not issued to this client");
    // OA-90: two at once are both served.
    let mut other = App::of(&house, "swiftride-app").await;
    let (one, two) = tokio::join!(
        app.post("/token", Form::refresh(refresh)),
        other.post("/token", Form::refresh(refresh))
    );
    one.ok();
    two.ok();
}

#[tokio::test]
async fn mt_06_a_refreshed_token_is_bound_to_the_certificate_shown() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let leaf = partner_leaf(Some(SWIFTRIDE), house.now(), Duration::from_hours(1));
    app.partner.identity = Identity::issued(&issue(&house.partner_authority(), &leaf));
    let dial = app.partner.dial(&house, Version::Http2);
    app.client = dial.connect(house.api()).await.expect("a connection");
    let fresh = app.post("/token", Form::refresh(refresh)).await.ok();
    let bound = &claims(&fresh["access_token"])["cnf"]["x5t#S256"];
    assert_eq!(*bound, app.partner.identity.thumbprint());
    app.call(&fresh["access_token"]).await.ok();
    let old = app.call(&tokens["access_token"]).await;
    old.refused(401, "wrong_binding");
}

#[tokio::test]
async fn l_06_codes_and_refresh_tokens_have_256_bits_each_its_own() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (one, other) = (app.code("li-lei").await, app.code("li-lei").await);
    assert_ne!(one, other);
    let tokens = app.post("/token", Form::code(&one)).await.ok();
    let refresh = tokens["refresh_token"].as_str().expect("text");
    for secret in [one.as_str(), &other, refresh] {
        let bytes = crypto::from_base64url(secret).expect("base64url");
        assert_eq!(bytes.len(), 32);
    }
}

#[tokio::test]
async fn oa_16_a_verifier_that_is_too_short_or_long_or_odd_proves_nothing_even_if_it_fits() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for verifier in [
        "a".repeat(42),
        "a".repeat(129),
        format!("{}+", "a".repeat(50)),
    ] {
        let challenge = crypto::base64url(&crypto::sha256(verifier.as_bytes()));
        let form = Form::request().with("code_challenge", Some(&challenge));
        let back = app.allowed(form, "li-lei").await;
        let form = Form::code(&back["code"]).with("code_verifier", Some(&verifier));
        let answer = app.post("/token", form).await;
        is_oauth_error(&answer, 400, "invalid_grant", "code_verifier must be");
    }
}
