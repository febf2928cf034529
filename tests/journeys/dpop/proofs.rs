//! The proof: what it must be, and for which request.

use kit::{EchoBank, HouseBuilder, Method, ProofKey, Version};
use serde_json::{Value, json};

use super::{AFTER_START, BRANCHES, Caller, call, call_at};

#[tokio::test]
async fn a_partner_with_a_key_needs_no_certificate_and_the_bank_learns_who_calls() {
    let mut caller = Caller::new().await;
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        for (key, scheme) in [(ProofKey::es256(), "DPoP"), (ProofKey::ed25519(), "dpop")] {
            caller.key = key;
            let token = caller.token();
            // The model bank verifies the identity assertion: who signed it, and for whom.
            let answer = call(&mut client, scheme, &token, &[&caller.proof(&token)]).await;
            answer.ok();
            let record = caller.house.recorded(&answer.request_id()).await;
            assert_eq!(record["outcome"]["decision"], "allowed", "{record:#}");
            assert_eq!(record["partner"]["id"], "swiftride", "{record:#}");
            assert_eq!(record["partner"]["client"], "swiftride-app");
            assert_eq!(record["auth"]["jkt"], caller.key.thumbprint());
            assert!(record["auth"].get("x5t").is_none(), "{record:#}");
        }
    }
    assert_eq!(caller.house.bank.calls(), 4);
}

#[tokio::test]
async fn oa_70_what_is_not_one_jws_of_the_type_and_algorithms_of_proofs_is_refused() {
    let caller = Caller::new().await;
    let token = caller.token();
    let good = || caller.proof(&token);
    let header = |member: &str, value: Value| {
        let mut header = caller.key.header();
        match value {
            Value::Null => drop(header.as_object_mut().expect("members").remove(member)),
            value => header[member] = value,
        }
        caller.key.sign(&header, &caller.claims(&token))
    };
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        let two = call(&mut client, "DPoP", &token, &[&good(), &good()]).await;
        caller.is_bad_proof(&two, "more than one DPoP header");
        let list = format!("{},{}", good(), good());
        let no_jws = "not a compact JWS";
        let algorithm = "signed with an algorithm that is not accepted";
        let mut private = caller.key.jwk();
        private["d"] = json!("AA");
        for (proof, says) in [
            ("no.jwt".to_owned(), no_jws),
            ("x".to_owned(), no_jws),
            (list, no_jws),
            (header("typ", Value::Null), "typ is not dpop+jwt"),
            (header("typ", json!("JWT")), "typ is not dpop+jwt"),
            (header("alg", Value::Null), no_jws),
            (header("alg", json!("none")), algorithm),
            (header("alg", json!("RS256")), algorithm),
            (header("alg", json!("HS256")), algorithm),
            (header("alg", json!("EdDSA")), algorithm),
            (header("jwk", Value::Null), "no jwk that is a usable"),
            (header("jwk", private), "no jwk that is a usable"),
            (header("jwk", ProofKey::es256().jwk()), "did not make its"),
            (
                header("crit", json!(["exp"])),
                "a member that is not accepted",
            ),
        ] {
            let answer = call(&mut client, "DPoP", &token, &[&proof]).await;
            caller.is_bad_proof(&answer, says);
        }
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn l_12_a_proof_by_a_key_that_is_too_small_is_refused() {
    let mut caller = Caller::new().await;
    caller.key = ProofKey::es256();
    let token = caller.token();
    let mut client = caller.stranger(Version::Http2).await;
    let number = |bytes: usize| crypto::base64url(&vec![0xff; bytes]);
    for (alg, jwk) in [
        (
            "PS256",
            json!({"kty": "RSA", "n": number(128), "e": "AQAB"}),
        ),
        (
            "PS256",
            json!({"kty": "RSA", "n": number(255), "e": "AQAB"}),
        ),
        (
            "ES256",
            json!({"kty": "EC", "crv": "P-224", "x": number(28), "y": number(28)}),
        ),
    ] {
        let header = json!({ "typ": "dpop+jwt", "alg": alg, "jwk": jwk });
        let proof = caller.key.sign(&header, &caller.claims(&token));
        let answer = call(&mut client, "DPoP", &token, &[&proof]).await;
        caller.is_bad_proof(&answer, "no jwk that is a usable");
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn a_proof_without_the_claims_of_one_is_refused() {
    let caller = Caller::new().await;
    let token = caller.token();
    let mut client = caller.stranger(Version::Http2).await;
    for claim in ["jti", "htm", "htu", "iat"] {
        for value in [json!(null), json!([])] {
            let claims = caller.with(&token, claim, value);
            let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
            caller.is_bad_proof(&answer, "lacks one of jti, htm, htu and iat");
        }
    }
}

#[tokio::test]
async fn oa_72_a_proof_for_another_method_or_url_is_refused() {
    let caller = Caller::new().await;
    let token = caller.token();
    let api = caller.house.api_url();
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        for method in ["POST", "get", "HEAD"] {
            let claims = caller.with(&token, "htm", json!(method));
            let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
            caller.is_bad_proof(&answer, "another method");
        }
        for url in [
            format!("{api}{BRANCHES}/1"),
            format!("{api}/catalogue/v1/products"),
            format!("https://elsewhere.invalid{BRANCHES}"),
            format!("{}{BRANCHES}", api.replace("https", "http")),
            format!("{}{BRANCHES}", caller.house.issuer_url()),
            BRANCHES.to_owned(),
        ] {
            let claims = caller.with(&token, "htu", json!(url));
            let answer = call(&mut client, "DPoP", &token, &[&caller.key.proof(&claims)]).await;
            caller.is_bad_proof(&answer, "another URL");
        }
    }
    assert_eq!(caller.house.bank.calls(), 0);
}

#[tokio::test]
async fn oa_73_the_url_may_be_spelt_in_another_way_and_the_host_that_is_named_is_not_asked() {
    let caller = Caller::new().await;
    let token = caller.token();
    let url = format!("{}{BRANCHES}", caller.house.api_url());
    for version in Version::BOTH {
        // The authority in capitals is the same authority; the URL is the configured one.
        let port = caller.house.api().port();
        let client = caller.stranger(version).await;
        let mut client = client.naming(&format!("LOCALHOST:{port}"));
        for htu in [
            url.clone(),
            format!("{url}?city=shanghai&x=%zz"),
            format!("{url}#top"),
            url.replace("https://localhost", "HTTPS://LocalHost"),
            url.replace("branches/v1", "%62ranches/v%31"),
        ] {
            let claims = caller.with(&token, "htu", json!(htu));
            let target = format!("{BRANCHES}?city=shanghai");
            let proof = caller.key.proof(&claims);
            let answer = call_at(&mut client, &target, ("DPoP", &token), &[&proof]).await;
            answer.ok();
        }
        // What these drew is there again.
        caller
            .house
            .clock
            .advance(std::time::Duration::from_secs(3));
    }
    assert_eq!(caller.house.bank.calls(), 10);
}

#[tokio::test]
async fn oa_75_a_clock_may_be_ten_seconds_off_and_not_an_hour() {
    let caller = Caller::new().await;
    let token = caller.token();
    let iat = |off: i64| {
        let iat = caller.house.now().as_second() + off;
        caller.key.proof(&caller.with(&token, "iat", json!(iat)))
    };
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        for off in [-10, 9] {
            call(&mut client, "DPoP", &token, &[&iat(off)]).await.ok();
        }
        for off in [-3_600, -70, 30, 3_600] {
            let answer = call(&mut client, "DPoP", &token, &[&iat(off)]).await;
            caller.is_bad_proof(&answer, "too long ago, or in the future");
        }
    }
    assert_eq!(caller.house.bank.calls(), 4);
}

#[tokio::test]
async fn oa_76_a_proof_is_good_once_on_whatever_connection() {
    let caller = Caller::new().await;
    let token = caller.token();
    for version in Version::BOTH {
        let proof = caller.proof(&token);
        let (mut one, mut other) = (
            caller.stranger(version).await,
            caller.stranger(version).await,
        );
        call(&mut one, "DPoP", &token, &[&proof]).await.ok();
        for client in [&mut one, &mut other] {
            let answer = call(client, "DPoP", &token, &[&proof]).await;
            answer.refused(401, "proof_replayed");
            answer.challenges(&[super::INVALID_PROOF], &caller.metadata());
        }
    }
    assert_eq!(caller.house.bank.calls(), 2);
}

#[tokio::test]
async fn dp_15_neither_the_proof_nor_the_token_reaches_the_bank_nor_its_nonce_the_partner() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    house.clock.advance(AFTER_START);
    let caller = Caller::at(house).await;
    let claims = caller
        .house
        .claims_for_key(&caller.partner, "echo", &caller.key);
    let token = caller.signed(&claims);
    let target = "/echo/v1/guarded";
    for version in Version::BOTH {
        let mut client = caller.stranger(version).await;
        for method in [Method::GET, Method::POST] {
            let claims = caller.house.proof_claims(method.as_str(), target, &token);
            let proof = caller.key.proof(&claims);
            let authorization = format!("DPoP {token}");
            let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
            let sent = client.call(method, target, &headers, "").await;
            let echo = sent.expect("an answer").ok();
            for name in ["dpop", "authorization"] {
                assert!(echo["headers"].get(name).is_none(), "{name}: {echo}");
            }
            assert!(echo["headers"]["x-mortise-identity"].is_array(), "{echo}");
        }
    }
}
