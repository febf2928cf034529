//! Tokens that are missing, forged, of another, or for another.

use std::time::Duration;

use crypto::{Algorithm, SigningKey};
use kit::{Client, Partner, TestHouse, Version, under_kid};
use serde_json::{Value, json};

use super::{BOTH, BRANCHES, connect, metadata};

const INVALID_REQUEST: &str = "Bearer error=\"invalid_request\"";
const INVALID_TOKEN: &str = "Bearer error=\"invalid_token\"";

#[tokio::test]
async fn a_call_without_a_bearer_token_is_refused_with_a_bare_challenge() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    for version in Version::BOTH {
        let mut client = connect(&partner, &house, version).await;
        for headers in [
            &[][..],
            &[("authorization", "Basic c3dpZnQ6cmlkZQ==")][..],
            &[("authorization", "Bearer")][..],
            &[("authorization", "DPoP")][..],
            &[("cookie", "access_token=a.b.c")][..],
        ] {
            let answer = client.get(BRANCHES, headers).await;
            answer.refused(401, "no_token");
            answer.challenges(&BOTH, &metadata(&house));
        }
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn a_token_in_the_query_is_refused_whatever_else_is_sent() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let mut client = connect(&partner, &house, Version::Http2).await;
    for query in ["access_token=a", "city=shanghai&access%5Ftoken=a"] {
        let target = format!("{BRANCHES}?{query}");
        let answer = client.get(&target, &[("authorization", &token)]).await;
        answer.refused_saying(400, "malformed_credentials", "must not be in the query");
        answer.challenges(&[INVALID_REQUEST], &metadata(&house));
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn at_04_two_tokens_are_a_malformed_request_and_the_challenge_says_so() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let in_dpop = token.replace("Bearer", "DPoP");
    for version in Version::BOTH {
        for second in [&token, &in_dpop, &"Basic YTpi".to_owned()] {
            // A breach of HTTP ends its connection.
            let mut client = connect(&partner, &house, version).await;
            let headers = [("authorization", token.as_str()), ("authorization", second)];
            let answer = client.get(BRANCHES, &headers).await;
            answer.refused_saying(400, "malformed_request", "must be sent once");
            // What is called is not known before the request is well-formed.
            assert_eq!(answer.header("www-authenticate"), INVALID_REQUEST);
        }
        let mut client = connect(&partner, &house, version).await;
        let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
        answer.ok();
    }
    assert_eq!(house.bank.calls(), 2);
}

/// A house, a partner's open connection, and the claims and key of a good token.
struct Forge {
    house: TestHouse,
    client: Client,
    claims: Value,
    key: SigningKey,
}

impl Forge {
    async fn new() -> Self {
        let house = TestHouse::start().await;
        let partner = Partner::of(&house, "swiftride-app");
        let client = connect(&partner, &house, Version::Http1).await;
        let claims = house.claims(&partner, "branches");
        let key = house.issuer_key().await;
        let mut forge = Self {
            house,
            client,
            claims,
            key,
        };
        // The control: unspoiled it is a good token.
        let token = forge.signed(&forge.claims);
        let headers = [("authorization", format!("Bearer {token}"))];
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        forge.client.get(BRANCHES, &headers).await.ok();
        forge
    }

    fn signed(&self, claims: &Value) -> String {
        self.key.sign("at+jwt", claims).expect("a token")
    }

    /// The claims with one replaced, or left out for `null`, signed by the issuer.
    fn with(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        let members = claims.as_object_mut().expect("an object");
        match value {
            Value::Null => members.remove(claim),
            value => members.insert(claim.to_owned(), value),
        };
        self.signed(&claims)
    }

    async fn is_bad(&mut self, token: &str, reason: &str) {
        let calls = self.house.bank.calls();
        let bearer = format!("Bearer {token}");
        let answer = self
            .client
            .get(BRANCHES, &[("authorization", &bearer)])
            .await;
        answer.refused_saying(401, "bad_token", reason);
        answer.challenges(&[INVALID_TOKEN], &metadata(&self.house));
        assert_eq!(self.house.bank.calls(), calls, "the bank was asked");
    }
}

/// Header and claims as they stand, and this signature.
fn assembled(header: &Value, claims: &Value, signature: &[u8]) -> String {
    let part = |value: &Value| crypto::base64url(value.to_string().as_bytes());
    format!(
        "{}.{}.{}",
        part(header),
        part(claims),
        crypto::base64url(signature)
    )
}

#[tokio::test]
async fn a_token_that_is_no_access_token_is_bad() {
    let mut forge = Forge::new().await;
    let not = "not a JWT access token";
    for token in ["garbage", "a.b.c", ".."] {
        forge.is_bad(token, not).await;
    }
    forge.is_bad(&"a".repeat(9_000), not).await;
    for typ in ["JWT", "mortise-identity+jwt", "dpop+jwt"] {
        let token = forge.key.sign(typ, &forge.claims).expect("a token");
        forge.is_bad(&token, not).await;
    }
    let partner = Partner::of(&forge.house, "swiftride-app");
    let assertion = partner.assertion(&forge.house.issuer_url(), forge.house.clock.as_ref());
    forge.is_bad(&assertion, not).await;
    for claim in ["iss", "aud", "exp", "iat", "jti", "client_id"] {
        let token = forge.with(claim, Value::Null);
        forge.is_bad(&token, not).await;
    }
}

#[tokio::test]
async fn the_issuers_key_decides_the_algorithm_and_the_token_does_not() {
    let mut forge = Forge::new().await;
    let kid = forge.key.kid().to_owned();
    let public = forge.key.verification_key().to_jwk().to_string();
    let claims = forge.claims.clone();
    let algorithm = "signed with an algorithm that is not accepted";
    for alg in ["none", "None", "HS256", "RS256", "ES256", "EdDSA"] {
        let header = json!({ "alg": alg, "kid": kid, "typ": "at+jwt" });
        for signature in [&b""[..], public.as_bytes()] {
            let token = assembled(&header, &claims, signature);
            forge.is_bad(&token, algorithm).await;
        }
    }
    let other = SigningKey::generate(Algorithm::Es256).expect("a key");
    let token = under_kid(&other, &kid)
        .sign("at+jwt", &claims)
        .expect("a token");
    forge.is_bad(&token, algorithm).await;
}

#[tokio::test]
async fn a_signature_that_no_key_of_the_issuer_made_is_bad() {
    let mut forge = Forge::new().await;
    let no_key = "No key of the issuer made";
    let claims = forge.claims.clone();
    let other = SigningKey::generate(Algorithm::Ps256).expect("a key");
    let token = other.sign("at+jwt", &claims).expect("a token");
    forge.is_bad(&token, no_key).await;
    let token = under_kid(&other, forge.key.kid())
        .sign("at+jwt", &claims)
        .expect("a token");
    forge.is_bad(&token, no_key).await;
    // A good token with other claims under its signature.
    let good = forge.signed(&claims);
    let wider = forge.with("scope", json!("branches catalogue"));
    let (good, wider): (Vec<&str>, Vec<&str>) =
        (good.split('.').collect(), wider.split('.').collect());
    forge
        .is_bad(&[good[0], wider[1], good[2]].join("."), no_key)
        .await;
    // A token whose header brings its own key along.
    let header = json!({
        "alg": "PS256", "typ": "at+jwt", "kid": other.kid(), "jwk": other.verification_key().to_jwk(),
    });
    let token = assembled(&header, &claims, b"signature");
    let bearer = format!("Bearer {token}");
    forge
        .client
        .get(BRANCHES, &[("authorization", &bearer)])
        .await
        .refused(401, "bad_token");
}

#[tokio::test]
async fn a_token_of_another_issuer_or_for_another_audience_is_bad() {
    let mut forge = Forge::new().await;
    for iss in [
        "https://auth.other.example",
        "",
        &format!("{}/", forge.house.issuer_url()),
    ] {
        let token = forge.with("iss", json!(iss));
        forge.is_bad(&token, "another issuer").await;
    }
    let issuer = forge.house.issuer_url();
    for aud in [
        json!("https://api.other.example"),
        json!(issuer),
        json!([issuer]),
        json!([]),
    ] {
        let token = forge.with("aud", aud);
        forge.is_bad(&token, "another audience").await;
    }
}

#[tokio::test]
async fn a_token_outside_its_time_is_bad() {
    let mut forge = Forge::new().await;
    let now = model::Clock::now(forge.house.clock.as_ref()).as_second();
    for (claim, value) in [("exp", now - 11), ("nbf", now + 60), ("iat", now + 60)] {
        let token = forge.with(claim, json!(value));
        forge.is_bad(&token, "expired or not yet valid").await;
    }
    let token = forge.signed(&forge.claims);
    forge.house.clock.advance(Duration::from_secs(71));
    forge.is_bad(&token, "expired or not yet valid").await;
}

#[tokio::test]
async fn a_token_that_is_bound_to_nothing_is_bad_with_any_certificate() {
    let mut forge = Forge::new().await;
    for cnf in [
        Value::Null,
        json!({}),
        json!({ "jkt": "c2hvcnQ" }),
        json!({ "x5t#S256": "" }),
        json!({ "x5t#S256": "c2hvcnQ" }),
    ] {
        let token = forge.with("cnf", cnf);
        forge
            .is_bad(&token, "not bound to a certificate or key")
            .await;
    }
}

#[tokio::test]
async fn a_token_of_a_client_that_is_not_the_partners_is_bad_though_it_is_bound() {
    let mut forge = Forge::new().await;
    for client in ["cartwheel-app", "nobody-app"] {
        let token = forge.with("client_id", json!(client));
        forge
            .is_bad(&token, "client is not one of the partner")
            .await;
    }
}

#[tokio::test]
async fn a_stolen_token_is_worth_nothing_without_the_certificate_it_is_bound_to() {
    let house = TestHouse::start().await;
    let token = Partner::of(&house, "swiftride-app")
        .bearer(&house, "branches")
        .await;
    let thief = Partner::of(&house, "cartwheel-app");
    for version in Version::BOTH {
        let mut client = connect(&thief, &house, version).await;
        let answer = client.get(BRANCHES, &[("authorization", &token)]).await;
        answer.refused_saying(401, "wrong_binding", "bound to another certificate");
        answer.challenges(&[INVALID_TOKEN], &metadata(&house));
    }
    assert_eq!(house.bank.calls(), 0);
}
