//! Nonces (RFC 9449 §9): demanded after a start, and good for a while.

use std::time::Duration;

use kit::{HouseBuilder, TestHouse, Version};
use serde_json::json;

use super::{Caller, USE_NONCE, call};

#[tokio::test]
async fn after_a_start_a_nonce_is_demanded_and_with_it_the_clients_clock_does_not_matter() {
    let caller = Caller::at(TestHouse::start().await).await;
    let token = caller.token();
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.refused(401, "use_dpop_nonce");
        answer.challenges(&[USE_NONCE], &caller.metadata());
        let nonce = answer.header("dpop-nonce").to_owned();
        assert_eq!(answer.headers.get_all("dpop-nonce").iter().count(), 1);
        assert_eq!(nonce.len(), 43, "{nonce}");
        for off in [0, -7_200] {
            let mut claims = caller.with(&token, "nonce", json!(nonce));
            claims["iat"] = json!(caller.house.now().as_second() + off);
            let proof = caller.key.proof(&claims);
            call(&mut client, "DPoP", &token, &[&proof]).await.ok();
            let again = call(&mut client, "DPoP", &token, &[&proof]).await;
            again.refused(401, "proof_replayed");
        }
        let claims = caller.with(&token, "nonce", json!("guessed"));
        let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
        answer.refused_saying(401, "use_dpop_nonce", "not ours");
        assert_eq!(answer.header("dpop-nonce"), nonce);
    }
    assert_eq!(caller.house.bank.calls(), 4);
}

#[tokio::test]
async fn the_next_nonce_comes_before_the_last_one_ends_also_with_the_banks_answer() {
    let caller = Caller::at(TestHouse::start().await).await;
    let mut client = caller.stranger(Version::Http2).await;
    let token = caller.token();
    let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
    let first = answer.header("dpop-nonce").to_owned();
    let mut given = Vec::new();
    for _ in 0..4 {
        let token = caller.token();
        let claims = caller.with(&token, "nonce", json!(first));
        let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
        given.push((
            answer.status.as_u16(),
            answer.header("dpop-nonce").to_owned(),
        ));
        caller.house.clock.advance(Duration::from_secs(30));
    }
    // Whenever in its minute the first was given out, in a minute another one is.
    let (good, _) = given.split_at(2);
    assert!(good.iter().all(|(status, _)| *status == 200), "{given:?}");
    let fresh: Vec<_> = given
        .iter()
        .filter(|(_, nonce)| !nonce.is_empty())
        .collect();
    assert!(!fresh.is_empty() && fresh[0].0 == 200, "{given:?}");
    assert_ne!(fresh[0].1, first);
    caller.house.clock.advance(Duration::from_mins(2));
    let token = caller.token();
    let claims = caller.with(&token, "nonce", json!(first));
    let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
    answer.refused_saying(401, "use_dpop_nonce", "no longer good");
}

#[tokio::test]
async fn a_proof_that_was_used_before_a_restart_is_not_good_after_it_nor_is_a_nonce_of_then() {
    let house = HouseBuilder::new().restartable().start().await;
    house.clock.advance(super::AFTER_START);
    let caller = Caller::at(house).await;
    let token = caller.token();
    let used = caller.proof(&token);
    let mut client = caller.stranger(Version::Http1).await;
    call(&mut client, "DPoP", &token, &[&used]).await.ok();
    let claims = caller.with(&token, "nonce", json!("guessed"));
    let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
    let nonce = answer.header("dpop-nonce").to_owned();
    let (key, house) = (caller.key, caller.house.rebuild().await.start().await);
    let caller = Caller {
        key,
        ..Caller::at(house).await
    };
    let mut client = caller.stranger(Version::Http1).await;
    let answer = call(&mut client, "DPoP", &token, &[&used]).await;
    answer.refused_saying(401, "use_dpop_nonce", "needs one now");
    let claims = caller.with(&token, "nonce", json!(nonce));
    let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
    answer.refused_saying(401, "use_dpop_nonce", "not ours");
    assert_ne!(answer.header("dpop-nonce"), nonce);
    assert_eq!(caller.house.bank.calls(), 0);
}
