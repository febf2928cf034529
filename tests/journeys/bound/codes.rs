//! Codes and refresh tokens of clients with keys (RFC 9449 §5, §10).

use kit::ProofKey;
use serde_json::{Value, json};

use super::{
    App, BY_CERTIFICATE, BY_KEY, Form, Keyed, builder, cnf, house, is_bad_proof, is_oauth_error,
    started, to_key,
};

/// How a pushed request says the key of its code.
#[derive(Debug, Clone, Copy)]
enum Says {
    Proof,
    Parameter,
    Both,
}

impl Says {
    /// The request, and the proofs that go with it.
    fn request(self, app: &Keyed<'_>) -> (Form, Vec<String>) {
        let jkt = app.key.thumbprint();
        let named = Form::request().with("dpop_jkt", Some(&jkt));
        match self {
            Self::Proof => (Form::request(), vec![app.proof("/par")]),
            Self::Parameter => (named, Vec::new()),
            Self::Both => (named, vec![app.proof("/par")]),
        }
    }
}

#[tokio::test]
async fn oa_69_a_code_of_a_key_serves_that_key_alone_and_a_wrong_try_does_not_use_it_up() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    for says in [Says::Proof, Says::Parameter, Says::Both] {
        let (form, proofs) = says.request(&app);
        let proofs: Vec<&str> = proofs.iter().map(String::as_str).collect();
        let code = app.code(form, &proofs).await;
        // The verifier is right, the proof is good, the key is another.
        let own = std::mem::replace(&mut app.key, ProofKey::es256());
        let stolen = app.post("/token", Form::code(&code)).await;
        is_oauth_error(&stolen, 400, "invalid_grant", "bound to a DPoP key");
        app.key = own;
        let none = app.post_with("/token", Form::code(&code), &[]).await;
        is_bad_proof(&none, "send a proof");
        let tokens = app.post("/token", Form::code(&code)).await.ok();
        assert_eq!(tokens["token_type"], "DPoP", "{says:?}");
        assert_eq!(cnf(&tokens["access_token"]), to_key(&app.key));
        app.call(&tokens["access_token"], &app.key).await.ok();
        let again = app.post("/token", Form::code(&code)).await;
        is_oauth_error(&again, 400, "invalid_grant", "The code");
    }
    assert_eq!(house.bank.calls(), 6, "a log-in and a call each");
}

#[tokio::test]
async fn pa_14_a_proof_with_a_pushed_request_is_checked_whole() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let (two, once) = ([app.proof("/par"), app.proof("/par")], app.proof("/par"));
    let asked = app
        .post_with("/par", Form::request(), &[&two[0], &two[1]])
        .await;
    is_bad_proof(&asked, "more than one");
    let asked = app.post_with("/par", Form::request(), &[&once]).await;
    assert_eq!(asked.status, 201);
    assert_eq!(asked.header("dpop-nonce"), "");
    for (proof, says) in [
        (once, "used before"),
        ("a.b.c".to_owned(), "not a compact JWS"),
        (app.proof("/token"), "another URL"),
        (
            app.proof_with("/par", "htm", json!("GET")),
            "another method",
        ),
        (app.proof_with("/par", "iat", json!(0)), "too long ago"),
        (app.proof_with("/par", "jti", json!("")), "lacks one of"),
    ] {
        let asked = app.post_with("/par", Form::request(), &[&proof]).await;
        is_bad_proof(&asked, says);
    }
}

#[tokio::test]
async fn dp_12_a_key_that_is_none_or_is_said_twice_differently_is_refused() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let jkt = app.key.thumbprint();
    for bad in [
        "a",
        "",
        &jkt[1..],
        &format!("{jkt}A"),
        &format!("{jkt}="),
        &"*".repeat(43),
    ] {
        let form = Form::request().and("dpop_jkt", bad);
        let answer = app.post_with("/par", form, &[]).await;
        if bad.is_empty() {
            // A parameter without a value is absent (RFC 6749 §3.2).
            assert_eq!(answer.status, 201);
        } else {
            is_oauth_error(&answer, 400, "invalid_request", "43 characters");
        }
    }
    let other = ProofKey::es256().thumbprint();
    let form = Form::request().and("dpop_jkt", &other);
    let answer = app.post("/par", form).await;
    is_oauth_error(&answer, 400, "invalid_request", "proof beside it");
    let form = Form::request().and("dpop_jkt", &jkt).and("dpop_jkt", &jkt);
    let answer = app.post("/par", form).await;
    is_oauth_error(
        &answer,
        400,
        "invalid_request",
        "must not stand more than once",
    );
}

#[tokio::test]
async fn dp_13_each_refresh_wants_a_proof_and_binds_to_its_key() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let code = app.code(Form::request(), &[]).await;
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let none = app.post_with("/token", Form::refresh(refresh), &[]).await;
    is_bad_proof(&none, "send a proof");
    // The refresh token is its client's, with whatever key.
    let first = std::mem::replace(&mut app.key, ProofKey::ed25519());
    let fresh = app.post("/token", Form::refresh(refresh)).await.ok();
    assert_eq!(fresh["token_type"], "DPoP");
    let token = &fresh["access_token"];
    assert_eq!(cnf(token), to_key(&app.key));
    app.call(token, &app.key).await.ok();
    app.call(token, &first).await.refused(401, "wrong_binding");
    // And its client's alone: OA-88.
    let mut thief = Keyed {
        app: App::of(&house, "cartwheel-app").await,
        key: first,
        base: house.api_url(),
        house: &house,
    };
    let stolen = thief.post("/token", Form::refresh(refresh)).await;
    is_oauth_error(&stolen, 400, "invalid_grant", "not issued to this client");
}

#[tokio::test]
async fn oa_88_a_refresh_token_is_worth_nothing_without_its_client_or_by_another_key() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let code = app.code(Form::request(), &[]).await;
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    let refresh = tokens["refresh_token"].as_str().expect("text");
    // A good proof proves no client: neither with no assertion, nor with one by another's key.
    let theirs = kit::Partner::of(&house, "cartwheel-app").signing_key;
    let own = std::mem::replace(&mut app.app.partner.signing_key, theirs);
    let stolen = app.post("/token", Form::refresh(refresh)).await;
    is_oauth_error(&stolen, 401, "invalid_client", "No registered client");
    let proof = app.proof("/token");
    let named = Form::refresh(refresh).with("client_id", Some(super::APP));
    let stolen = app.app.send("/token", named, "", &[&proof]).await;
    is_oauth_error(&stolen, 401, "invalid_client", "send client_assertion");
    app.app.partner.signing_key = own;
    app.post("/token", Form::refresh(refresh)).await.ok();
}

#[tokio::test]
async fn leaving_takes_no_proof_and_ends_the_tokens_of_all_keys() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let code = app.code(Form::request(), &[]).await;
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let revoke = Form::refresh(refresh).with("token", Some(refresh));
    let left = app.post_with("/revoke", revoke, &["x", "y"]).await;
    assert_eq!(left.status, 200, "{left:?}");
    let token = &tokens["access_token"];
    let refused = app.call(token, &app.key).await;
    refused.refused_saying(401, "bad_token", "revoked");
    let refused = app.post("/token", Form::refresh(refresh)).await;
    is_oauth_error(&refused, 400, "invalid_grant", "revoked");
}

#[tokio::test]
async fn a_code_of_a_key_wants_its_proof_of_a_client_of_certificates_too() {
    let house = started(builder().edit(BY_KEY, BY_CERTIFICATE)).await;
    let mut app = Keyed::shown(&house).await;
    let jkt = app.key.thumbprint();
    let form = Form::request().with("dpop_jkt", Some(&jkt));
    let code = app.code(form, &[]).await;
    let none = app.post_with("/token", Form::code(&code), &[]).await;
    is_oauth_error(&none, 400, "invalid_grant", "bound to a DPoP key");
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    let both: Value = json!({
        "x5t#S256": app.app.partner.identity.thumbprint(),
        "jkt": app.key.thumbprint(),
    });
    assert_eq!(cnf(&tokens["access_token"]), both);
}
