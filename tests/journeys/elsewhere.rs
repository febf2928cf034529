//! A bank with an authorization server of its own: that issues the tokens, and we verify them.

use crypto::{Algorithm, SigningKey};
use kit::{Answer, Client, HouseBuilder, Method, Partner, TestHouse, Version};
use serde_json::{Value, json};

const BRANCHES: &str = "/branches/v1/branches?city=shanghai";
const LOGIN: &str = "https://login.harbour.example/";

/// The sandbox's bank with an issuer of its own, whose keys are these.
async fn house(keys: &[&SigningKey]) -> TestHouse {
    house_of(HouseBuilder::new(), keys).await
}

/// The same of a house that is otherwise prepared.
async fn house_of(builder: HouseBuilder, keys: &[&SigningKey]) -> TestHouse {
    let keys = keys.iter().map(|key| key.verification_key()).collect();
    let jwks = crypto::Jwks::from_keys(keys).to_json().to_string();
    let ours = builder.prepared().issuer_url.clone();
    builder
        .write("trust/harbour.jwks.json", &jwks)
        .edit("serves: [api, token]", "serves: [api]")
        .edit(
            "serves: [discovery, token, authorize]",
            "serves: [discovery]",
        )
        .edit(
            &format!("url: {ours}\n      access_token_lifetime: 300s\n"),
            &format!("url: {LOGIN}\n      jwks: file:trust/harbour.jwks.json\n"),
        )
        .edit(
            "keys: { kek: file:keys/kek }    # seals the issuer's signing keys in the store",
            &format!("keys: {{ kek: file:keys/kek, url: {ours} }}"),
        )
        .edit(
            "      profile: fapi2                  # or fapi2_message_signing: apps sign their \
             requests\n",
            "",
        )
        .edit(&format!("{}{}", kit::LOG_IN, kit::GRANT_LIFETIME), "")
        .start()
        .await
}

/// A partner's connection, and the claims of a good token of the bank's.
struct Caller {
    client: Client,
    claims: Value,
}

impl Caller {
    async fn of(house: &TestHouse, client: &str) -> Self {
        let partner = Partner::of(house, client);
        let dial = house.dial(Some(&partner.identity), Version::Http2);
        let mut claims = house.claims(&partner, "branches");
        claims["iss"] = LOGIN.into();
        Self {
            client: dial.connect(house.api()).await.expect("a connection"),
            claims,
        }
    }

    async fn asks(&mut self, key: &SigningKey, claims: &Value) -> Answer {
        let token = key.sign("at+jwt", claims).expect("a token");
        let bearer = format!("Bearer {token}");
        self.client
            .get(BRANCHES, &[("authorization", &bearer)])
            .await
    }

    fn with(&self, claim: &str, value: Value) -> Value {
        let mut claims = self.claims.clone();
        claims[claim] = value;
        claims
    }
}

fn key(algorithm: Algorithm) -> SigningKey {
    SigningKey::generate(algorithm).expect("a key")
}

#[tokio::test]
async fn tokens_of_the_banks_own_issuer_open_its_apis_and_the_bank_learns_who_calls() {
    let keys = [Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa].map(key);
    let house = house(&keys.each_ref()).await;
    let mut caller = Caller::of(&house, "swiftride-app").await;
    for key in &keys {
        let claims = caller.claims.clone();
        // The model bank verifies the identity assertion: who signed it, and for whom.
        caller.asks(key, &claims).await.ok();
    }
    assert_eq!(house.bank.calls(), 3);
}

#[tokio::test]
async fn a_token_that_another_made_or_that_is_for_another_is_refused() {
    let (theirs, foreign) = (key(Algorithm::Es256), key(Algorithm::Es256));
    let house = house(&[&theirs]).await;
    let mut caller = Caller::of(&house, "swiftride-app").await;
    let good = caller.claims.clone();
    let answer = caller.asks(&foreign, &good).await;
    answer.refused_saying(401, "bad_token", "No key of the issuer");
    let rows = [
        // To the byte: without the slash it is another issuer.
        (
            "iss",
            json!("https://login.harbour.example"),
            "another issuer",
        ),
        ("iss", json!(house.issuer_url()), "another issuer"),
        ("aud", json!(house.issuer_url()), "another audience"),
        ("client_id", json!("cartwheel-app"), "client is not one"),
        ("client_id", json!("nobody"), "client is not one"),
        ("cnf", json!({}), "not bound"),
        ("exp", json!(house.now().as_second() - 3600), "expired"),
    ];
    for (claim, value, says) in rows {
        let claims = caller.with(claim, value);
        let answer = caller.asks(&theirs, &claims).await;
        answer.refused_saying(401, "bad_token", says);
    }
    let mut other = Caller::of(&house, "cartwheel-app").await;
    other
        .asks(&theirs, &good)
        .await
        .refused(401, "wrong_binding");
    assert_eq!(house.bank.calls(), 0);
    caller.asks(&theirs, &good).await.ok();
}

#[tokio::test]
async fn such_a_bank_has_no_token_endpoint_here_and_only_the_keys_of_our_assertions() {
    let theirs = key(Algorithm::Es256);
    let house = house(&[&theirs]).await;
    let partner = Partner::of(&house, "swiftride-app");
    let dial = house.dial(Some(&partner.identity), Version::Http1);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    for target in ["/jwks", "/.well-known/oauth-authorization-server", "/token"] {
        client.get(target, &[]).await.refused(404, "unknown_route");
    }
    let answer = client.call(Method::POST, "/token", &[], "").await;
    answer.expect("an answer").refused(404, "unknown_route");
    let keys = client.get("/jwks/upstream", &[]).await.ok();
    let keys = keys["keys"].as_array().expect("keys");
    assert_eq!(keys.len(), 1);
    assert_ne!(keys[0]["kid"], theirs.kid());
}

#[tokio::test]
async fn ra_05_what_a_token_grants_is_told_the_bank_whole_or_the_call_is_refused() {
    const TOKEN_BYTES_MAX: usize = 24 * 1024;
    let marks = "by city and type, in pages
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: branches
      x-mortise-authorization-details: ";
    let builder = HouseBuilder::new()
        .edit(
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s }",
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s,
        authorization_details: { visit: { schema: file:visit.json,
          title: { zh-CN: 到访, en: A visit } } } }",
        )
        .write("visit.json", "{}")
        .edit_file(
            "apis/branches.yaml",
            &format!("{marks}none"),
            &format!("{marks}visit"),
        );
    // Of what a token says beside its details, as little as can be.
    let theirs = kit::under_kid(&key(Algorithm::Es256), "k");
    let house = house_of(builder, &[&theirs]).await;
    let mut caller = Caller::of(&house, "swiftride-app").await;
    caller.claims["jti"] = json!("1");
    caller.claims["sub"] = json!("1");
    let saying = |bytes: usize| json!([{ "type": "visit", "note": "x".repeat(bytes) }]);
    let length = |claims: &Value| theirs.sign("at+jwt", claims).expect("a token").len();
    let mut bytes = 17_000;
    while length(&caller.with("authorization_details", saying(bytes + 1))) <= TOKEN_BYTES_MAX {
        bytes += 1;
    }
    let longest = caller.with("authorization_details", saying(bytes));
    let refused = caller.asks(&theirs, &longest).await;
    let problem = refused.refused(403, "details_too_long");
    assert_eq!(
        problem["expected"],
        "A token whose grant is told in at most 24576 bytes."
    );
    assert_eq!(house.bank.calls(), 0);
    // The model bank verifies what it is told.
    let shorter = caller.with("authorization_details", saying(bytes - 500));
    caller.asks(&theirs, &shorter).await.ok();
    let longer = caller.with("authorization_details", saying(bytes + 1));
    let refused = caller.asks(&theirs, &longer).await;
    refused.refused(401, "bad_token");
}
