//! The proof at the token endpoint: what it must be, for which request, and once.

use futures_util::future::join_all;
use kit::ProofKey;
use serde_json::{Value, json};

use super::{Form, Keyed, cnf, house, is_bad_proof, is_oauth_error, to_key};

#[tokio::test]
async fn a_client_of_keys_gets_a_token_of_its_key_and_the_road_takes_it_with_that_key_alone() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let mut calls = 0;
    for key in [ProofKey::es256(), ProofKey::ed25519()] {
        app.key = key;
        let answer = app.post("/token", Form::own()).await;
        let tokens = answer.ok();
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("dpop-nonce"), "");
        assert_eq!(tokens["token_type"], "DPoP");
        let token = &tokens["access_token"];
        assert_eq!(cnf(token), to_key(&app.key));
        let record = house.recorded(&answer.request_id()).await;
        assert_eq!(record["auth"]["jkt"], app.key.thumbprint(), "{record:#}");
        assert!(record["auth"].get("x5t").is_none(), "{record:#}");
        app.call(token, &app.key).await.ok();
        calls += 1;
        let thief = app.call(token, &ProofKey::es256()).await;
        thief.refused(401, "wrong_binding");
        assert_eq!(house.bank.calls(), calls);
    }
}

#[tokio::test]
async fn oa_67_a_client_of_keys_without_a_proof_gets_no_token_and_keeps_its_assertion() {
    let house = house().await;
    let mut bare = Keyed::bare(&house).await;
    let mut shown = Keyed::shown(&house).await;
    for app in [&mut bare, &mut shown] {
        let assertion = app.app.assertion();
        let answer = app.app.send("/token", Form::own(), &assertion, &[]).await;
        is_bad_proof(&answer, "send a proof in a DPoP header");
        // Nothing was used up: the same assertion serves with a proof.
        let proof = app.proof("/token");
        let proofs = [proof.as_str()];
        let answer = app.app.send("/token", Form::own(), &assertion, &proofs);
        answer.await.ok();
    }
}

#[tokio::test]
async fn oa_70_what_is_not_one_jws_of_the_type_and_algorithms_of_proofs_is_refused() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let two = [app.proof("/token"), app.proof("/token")];
    let answer = app.ask(&[&two[0], &two[1]]).await;
    is_bad_proof(&answer, "more than one DPoP header");
    let header = |member: &str, value: Value| {
        let mut header = app.key.header();
        match value {
            Value::Null => drop(header.as_object_mut().expect("members").remove(member)),
            value => header[member] = value,
        }
        app.key.sign(&header, &app.claims("/token"))
    };
    let no_jws = "not a compact JWS";
    let algorithm = "signed with an algorithm that is not accepted";
    let mut private = app.key.jwk();
    private["d"] = json!("AA");
    let rows = [
        ("no.jwt".to_owned(), no_jws),
        (two.join(","), no_jws),
        (header("typ", Value::Null), "typ is not dpop+jwt"),
        (header("typ", json!("JWT")), "typ is not dpop+jwt"),
        (header("alg", Value::Null), no_jws),
        (header("alg", json!("none")), algorithm),
        (header("alg", json!("RS256")), algorithm),
        (header("alg", json!("HS256")), algorithm),
        (header("alg", json!("EdDSA")), algorithm),
        (header("jwk", Value::Null), "no jwk that is a usable"),
        (header("jwk", private), "no jwk that is a usable"),
        (
            header("jwk", ProofKey::es256().jwk()),
            "did not make its signature",
        ),
        (header("crit", json!(["exp"])), "that is not accepted"),
        (app.app.assertion(), "typ is not dpop+jwt"),
    ];
    for (proof, says) in rows {
        is_bad_proof(&app.ask(&[&proof]).await, says);
    }
    for claim in ["jti", "htm", "htu", "iat"] {
        for value in [json!(null), json!([])] {
            let proof = app.proof_with("/token", claim, value);
            is_bad_proof(&app.ask(&[&proof]).await, "lacks one of jti, htm, htu");
        }
    }
}

#[tokio::test]
async fn oa_72_a_proof_for_another_method_or_url_is_refused() {
    let house = house().await;
    let (issuer, api) = (house.issuer_url(), house.api_url());
    let mut bare = Keyed::bare(&house).await;
    let mut shown = Keyed::shown(&house).await;
    // Each URL has its own: that of the other listener is another.
    for (app, others) in [(&mut bare, &api), (&mut shown, &issuer)] {
        for method in ["GET", "post", ""] {
            let proof = app.proof_with("/token", "htm", json!(method));
            is_bad_proof(&app.ask(&[&proof]).await, "another method");
        }
        for url in [
            format!("{others}/token"),
            format!("{}/par", app.base),
            format!("{}/token/", app.base),
            app.base.clone(),
            format!("{}/token", app.base.replace("https", "http")),
            "https://elsewhere.invalid/token".to_owned(),
            "/token".to_owned(),
        ] {
            let proof = app.proof_with("/token", "htu", json!(url));
            is_bad_proof(&app.ask(&[&proof]).await, "another URL");
        }
    }
}

#[tokio::test]
async fn oa_73_the_url_may_be_spelt_in_another_way() {
    let house = house().await;
    let mut bare = Keyed::bare(&house).await;
    let mut shown = Keyed::shown(&house).await;
    for app in [&mut bare, &mut shown] {
        let url = format!("{}/token", app.base);
        for htu in [
            format!("{url}?city=shanghai&x=%zz"),
            format!("{url}#top"),
            url.replace("https://localhost", "HTTPS://LocalHost"),
            url.replace("token", "%74oken"),
        ] {
            let proof = app.proof_with("/token", "htu", json!(htu));
            app.ask(&[&proof]).await.ok();
        }
    }
}

#[tokio::test]
async fn oa_75_a_clock_may_be_ten_seconds_off_and_not_an_hour() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let iat = |app: &Keyed<'_>, off: i64| {
        let iat = house.now().as_second() + off;
        app.proof_with("/token", "iat", json!(iat))
    };
    for off in [-10, 9] {
        let proof = iat(&app, off);
        app.ask(&[&proof]).await.ok();
    }
    for off in [-3_600, -70, 30, 3_600] {
        let proof = iat(&app, off);
        is_bad_proof(&app.ask(&[&proof]).await, "too long ago, or in the future");
    }
}

#[tokio::test]
async fn oa_76_a_proof_is_good_once_whoever_is_first_and_whatever_it_is_shown_with() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let proof = app.proof("/token");
    app.ask(&[&proof]).await.ok();
    is_bad_proof(&app.ask(&[&proof]).await, "used before");
    // Another client's request, with its own assertion.
    let mut racers = Vec::new();
    for _ in 0..6 {
        racers.push(Keyed::bare(&house).await);
    }
    let proof = app.proof("/token");
    let proofs = [proof.as_str()];
    let asked = racers.iter_mut().map(|racer| racer.ask(&proofs));
    let answers = join_all(asked).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    assert_eq!((won.len(), lost.len()), (1, 5));
    for answer in lost {
        is_bad_proof(answer, "used before");
    }
}

#[tokio::test]
async fn a_reload_forgets_no_proof_that_was_used() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let proof = app.proof("/token");
    app.ask(&[&proof]).await.ok();
    house.edit("gateway.yaml", "rate: 5/s", "rate: 6/s");
    house.reload().await;
    is_bad_proof(&app.ask(&[&proof]).await, "used before");
}

#[tokio::test]
async fn strangers_neither_learn_of_proofs_nor_use_one_up() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let proof = app.proof("/token");
    let used = app.app.assertion();
    let fresh = app.proof("/token");
    let asked = app.app.send("/token", Form::own(), &used, &[&fresh]).await;
    asked.ok();
    // A stolen proof, with an assertion that is nobody's, or was used: it stays good.
    let nobodys = app
        .app
        .partner
        .assertion("https://elsewhere.invalid", house.clock.as_ref());
    for (assertion, says) in [(nobodys, "one string"), (used, "used before")] {
        let asked = app
            .app
            .send("/token", Form::own(), &assertion, &[&proof])
            .await;
        is_oauth_error(&asked, 401, "invalid_client", says);
    }
    let asked = app
        .app
        .send("/token", Form::own(), "a.b.c", &["x", "y"])
        .await;
    is_oauth_error(&asked, 401, "invalid_client", "must be a JWS");
    app.ask(&[&proof]).await.ok();
}
