//! The token: bound to a certificate, to a key, or to both; and who shows it with what.

use kit::{
    Answer, Client, EchoBank, FORM, HouseBuilder, Identity, Method, Partner, ProofKey, SWIFTRIDE,
    Version, issue, other_authority, partner_leaf,
};
use serde_json::json;

use super::{BRANCHES, Caller, INVALID_PROOF, INVALID_TOKEN, call};

async fn with_certificate(caller: &Caller, identity: &Identity, version: Version) -> Client {
    let dial = caller.house.dial(Some(identity), version);
    dial.connect(caller.house.api())
        .await
        .expect("a connection")
}

#[tokio::test]
async fn oa_78_a_proof_for_another_token_or_by_another_key_is_refused() {
    let caller = Caller::new().await;
    let (token, thief) = (caller.token(), ProofKey::es256());
    let own = caller.token_for(&thief);
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&own)]).await;
        caller.is_bad_proof(&answer, "not made for this access token");
        let claims = caller.with(&token, "ath", json!(null));
        let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
        caller.is_bad_proof(&answer, "not made for this access token");
        // Stolen, and proved with the thief's own key.
        let proof = thief.proof(&caller.claims(&token));
        let answer = call(&mut client, "DPoP", &token, &[&proof]).await;
        answer.refused_saying(401, "wrong_binding", "another certificate or key");
        answer.challenges(&[INVALID_TOKEN], &caller.metadata());
        let record = caller.house.recorded(&answer.request_id()).await;
        assert_eq!(record["auth"]["jkt"], thief.thumbprint(), "{record:#}");
        assert!(record["partner"].get("id").is_none(), "{record:#}");
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn oa_79_a_token_that_is_bound_to_a_key_is_no_bearer_token_and_wants_a_proof() {
    let caller = Caller::new().await;
    let token = caller.token();
    for version in Version::BOTH {
        let mut known = with_certificate(&caller, &caller.partner.identity, version).await;
        for proofs in [&[][..], &[&*caller.proof(&token)]] {
            let answer = call(&mut known, "Bearer", &token, proofs).await;
            answer.refused(401, "no_proof");
            answer.challenges(&[INVALID_TOKEN], &caller.metadata());
        }
        let mut stranger = caller.stranger(version).await;
        for client in [&mut known, &mut stranger] {
            let answer = call(client, "DPoP", &token, &[]).await;
            answer.refused(401, "no_proof");
            answer.challenges(&[INVALID_PROOF], &caller.metadata());
        }
        let answer = call(&mut stranger, "Bearer", &token, &[&caller.proof(&token)]).await;
        answer.refused(401, "no_certificate");
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn oa_81_a_token_that_is_bound_to_a_certificate_wants_it_and_a_proof_does_not_stand_for_it() {
    let caller = Caller::new().await;
    let token = caller.partner.bearer(&caller.house, "branches").await;
    let token = token.strip_prefix("Bearer ").expect("a token");
    let other = Partner::of(&caller.house, "cartwheel-app");
    for version in Version::BOTH {
        let mut known = with_certificate(&caller, &caller.partner.identity, version).await;
        let mut thief = with_certificate(&caller, &other.identity, version).await;
        let mut stranger = caller.stranger(version).await;
        for client in [&mut known, &mut thief, &mut stranger] {
            let answer = call(client, "DPoP", token, &[&caller.proof(token)]).await;
            answer.refused(401, "wrong_binding");
            answer.challenges(&[INVALID_TOKEN], &caller.metadata());
        }
        let answer = call(&mut thief, "Bearer", token, &[]).await;
        answer.refused(401, "wrong_binding");
        let answer = call(&mut stranger, "Bearer", token, &[]).await;
        answer.refused(401, "no_certificate");
        call(&mut known, "Bearer", token, &[]).await.ok();
    }
    assert_eq!(caller.house.bank.calls(), 2);
}

#[tokio::test]
async fn oa_81_a_token_and_a_proof_for_one_listener_are_not_good_at_another() {
    let caller = Caller::of(
        HouseBuilder::new()
            .edit(
                "listeners:\n",
                "listeners:\n  second:\n    address: \"127.0.0.1:0\"\n    url: \
                 https://localhost:1\n    serves: [api]\n    client_certificates: optional\n    \
                 limits: standard\n",
            )
            .edit("listeners: [api]", "listeners: [api, second]"),
    )
    .await;
    let second = caller.house.running.address("second").expect("a listener");
    let dial = caller.house.dial(None, Version::Http2);
    let client = dial.connect(second).await.expect("a connection");
    let mut client = client.naming("localhost:1");
    let mut claims = caller
        .house
        .claims_for_key(&caller.partner, "branches", &caller.key);
    let token = caller.signed(&claims);
    let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
    answer.refused_saying(401, "bad_token", "another audience");
    claims["aud"] = json!([caller.house.api_url(), "https://localhost:1"]);
    let token = caller.signed(&claims);
    let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
    answer.refused_saying(401, "bad_proof", "another URL");
    let here = caller.with(
        &token,
        "htu",
        json!(format!("https://localhost:1{BRANCHES}")),
    );
    let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&here)]).await;
    answer.ok();
}

#[tokio::test]
async fn oa_82_a_token_in_the_query_or_in_a_form_is_none_and_stands_in_no_record() {
    let bank = EchoBank::plain().await;
    let caller = Caller::of(HouseBuilder::new().with_echo(&bank)).await;
    let token = caller.token();
    let refused = |answer: &Answer| answer.request_id();
    let mut requests = Vec::new();
    for version in Version::BOTH {
        let mut stranger = caller.stranger(version).await;
        let target = format!("{BRANCHES}?access_token={token}");
        let (scheme, proof) = (format!("DPoP {token}"), caller.proof(&token));
        let headers = [("authorization", scheme.as_str()), ("dpop", &proof)];
        let answer = stranger.get(&target, &headers).await;
        answer.refused_saying(400, "malformed_credentials", "must not be in the query");
        requests.push(refused(&answer));
        let mut known = with_certificate(&caller, &caller.partner.identity, version).await;
        let form = format!("access_token={token}");
        let posted = known
            .call(Method::POST, "/echo/v1/guarded", &[FORM], form)
            .await;
        let answer = posted.expect("an answer");
        answer.refused(401, "no_token");
        requests.push(refused(&answer));
    }
    for request in requests {
        let record = caller.house.recorded(&request).await.to_string();
        for part in token.split('.') {
            assert!(!record.contains(part), "{record}");
        }
    }
    assert_eq!(bank.calls(), 0);
}

#[tokio::test]
async fn whoever_proves_a_key_may_show_a_certificate_and_then_a_good_one_of_the_same_partner() {
    let caller = Caller::new().await;
    let token = caller.token();
    let other = Partner::of(&caller.house, "cartwheel-app");
    let now = caller.house.now();
    let day = std::time::Duration::from_hours(24);
    let stranger = other_authority("An authority of nobody here", now);
    let forged = issue(&stranger, &partner_leaf(Some(SWIFTRIDE), now, day));
    for version in Version::BOTH {
        let mut own = with_certificate(&caller, &caller.partner.identity, version).await;
        let answer = call(&mut own, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.ok();
        let record = caller.house.recorded(&answer.request_id()).await;
        assert_eq!(record["auth"]["x5t"], caller.partner.identity.thumbprint());
        assert_eq!(record["auth"]["jkt"], caller.key.thumbprint());
        let mut others = with_certificate(&caller, &other.identity, version).await;
        let answer = call(&mut others, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.refused_saying(401, "bad_token", "not one of the partner");
        let mut forged = with_certificate(&caller, &Identity::issued(&forged), version).await;
        let answer = call(&mut forged, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.refused_saying(401, "certificate_refused", "does not chain");
    }
    assert_eq!(caller.house.bank.calls(), 2);
}

#[tokio::test]
async fn of_a_token_that_is_bound_to_both_both_are_wanted() {
    let caller = Caller::new().await;
    let mut claims = caller
        .house
        .claims_for_key(&caller.partner, "branches", &caller.key);
    claims["cnf"]["x5t#S256"] = json!(caller.partner.identity.thumbprint());
    let token = caller.signed(&claims);
    for version in Version::BOTH {
        let mut known = with_certificate(&caller, &caller.partner.identity, version).await;
        let mut stranger = caller.stranger(version).await;
        let answer = call(&mut known, "Bearer", &token, &[]).await;
        answer.refused(401, "no_proof");
        let answer = call(&mut stranger, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.refused(401, "wrong_binding");
        let answer = call(&mut known, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.ok();
    }
    assert_eq!(caller.house.bank.calls(), 2);
}

#[tokio::test]
async fn a_suspended_partner_is_refused_without_a_certificate_too() {
    let caller = Caller::of(HouseBuilder::new().edit(
        "swiftride.example\n    standing: active",
        "swiftride.example\n    standing: suspended",
    ))
    .await;
    let token = caller.token();
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
        answer.refused(403, "partner_suspended");
        let record = caller.house.recorded(&answer.request_id()).await;
        assert_eq!(record["partner"]["id"], "swiftride", "{record:#}");
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn scope_limits_and_agreement_hold_for_whoever_proves_a_key() {
    let caller = Caller::new().await;
    let mut client = caller.stranger(Version::Http2).await;
    let claims = caller
        .house
        .claims_for_key(&caller.partner, "catalogue", &caller.key);
    let token = caller.signed(&claims);
    let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
    answer.refused(403, "insufficient_scope");
    let challenge = answer.header("www-authenticate");
    assert!(challenge.starts_with("DPoP error=\"insufficient_scope\", scope=\"branches\""));
    let other = Partner::of(&caller.house, "cartwheel-app");
    let claims = caller.house.claims_for_key(&other, "branches", &caller.key);
    let token = caller.signed(&claims);
    let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
    answer.refused(403, "no_agreement");
    let token = caller.token();
    let mut codes = Vec::new();
    for _ in 0..12 {
        let answer = call(&mut client, "DPoP", &token, &[&caller.proof(&token)]).await;
        codes.push(answer.code());
    }
    assert!(codes.contains(&"rate_limited".to_owned()), "{codes:?}");
}
