//! Nonces of the issuer (RFC 9449 §8): demanded after a start, and others than the road's.

use std::time::Duration;

use kit::Answer;
use serde_json::json;

use super::{BRANCHES, Form, Keyed, builder, house, is_bad_proof, is_oauth_error};

/// The one nonce of an answer that demands one.
#[track_caller]
fn demanded(answer: &Answer, says: &str) -> String {
    is_oauth_error(answer, 400, "use_dpop_nonce", says);
    assert_eq!(answer.headers.get_all("dpop-nonce").iter().count(), 1);
    let nonce = answer.header("dpop-nonce").to_owned();
    assert_eq!(nonce.len(), 43, "{nonce}");
    nonce
}

#[tokio::test]
async fn dp_08_after_a_start_a_nonce_is_demanded_and_the_same_assertion_may_bring_it() {
    let house = builder().start().await;
    let mut app = Keyed::bare(&house).await;
    for (path, form, status) in [("/token", Form::own(), 200), ("/par", Form::request(), 201)] {
        let assertion = app.app.assertion();
        let proof = app.proof(path);
        let asked = app
            .app
            .send(path, form.clone(), &assertion, &[&proof])
            .await;
        let nonce = demanded(&asked, "needs one now");
        // The client's clock does not matter with it.
        let mut claims = app.claims(path);
        claims["nonce"] = json!(nonce);
        claims["iat"] = json!(house.now().as_second() - 7_200);
        let proof = app.key.proof(&claims);
        let asked = app
            .app
            .send(path, form.clone(), &assertion, &[&proof])
            .await;
        assert_eq!(asked.status, status, "{path}");
        let again = app.post_with(path, form.clone(), &[&proof]).await;
        is_bad_proof(&again, "used before");
        let proof = app.proof_with(path, "nonce", json!("guessed"));
        let answer = app.post_with(path, form, &[&proof]).await;
        assert_eq!(demanded(&answer, "not ours"), nonce);
    }
}

#[tokio::test]
async fn the_nonces_of_the_road_and_of_the_issuer_are_strangers_to_each_other() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let proof = app.proof_with("/token", "nonce", json!("guessed"));
    let ours = demanded(&app.ask(&[&proof]).await, "not ours");
    let tokens = app.post("/token", Form::own()).await.ok();
    let token = tokens["access_token"].as_str().expect("text");
    let mut claims = house.proof_claims("GET", BRANCHES, token);
    claims["nonce"] = json!(ours);
    let dial = house.dial(None, kit::Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let (authorization, proof) = (format!("DPoP {token}"), app.key.proof(&claims));
    let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
    let answer = client.get(BRANCHES, &headers).await;
    answer.refused_saying(401, "use_dpop_nonce", "not ours");
    let theirs = answer.header("dpop-nonce").to_owned();
    assert_ne!(theirs, ours);
    let proof = app.proof_with("/token", "nonce", json!(theirs));
    assert_eq!(demanded(&app.ask(&[&proof]).await, "not ours"), ours);
}

#[tokio::test]
async fn the_next_nonce_comes_with_a_token_before_the_last_one_ends() {
    let house = builder().start().await;
    let mut app = Keyed::bare(&house).await;
    let proof = app.proof("/token");
    let first = demanded(&app.ask(&[&proof]).await, "needs one now");
    let mut given = Vec::new();
    for _ in 0..4 {
        let proof = app.proof_with("/token", "nonce", json!(first));
        let answer = app.ask(&[&proof]).await;
        assert!(answer.headers.get_all("dpop-nonce").iter().count() <= 1);
        given.push((
            answer.status.as_u16(),
            answer.header("dpop-nonce").to_owned(),
        ));
        house.clock.advance(Duration::from_secs(30));
    }
    // Whenever in its minute the first was given out, in a minute another one is.
    assert!(
        given[..2].iter().all(|(status, _)| *status == 200),
        "{given:?}"
    );
    let fresh: Vec<_> = given
        .iter()
        .filter(|(_, nonce)| !nonce.is_empty())
        .collect();
    assert!(!fresh.is_empty() && fresh[0].0 == 200, "{given:?}");
    assert_ne!(fresh[0].1, first);
    house.clock.advance(Duration::from_mins(2));
    let proof = app.proof_with("/token", "nonce", json!(first));
    demanded(&app.ask(&[&proof]).await, "no longer good");
}
