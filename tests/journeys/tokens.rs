//! The issuer: a token for a partner that proves its key and shows its certificate, and nothing
//! else; what the road and the bank make of it.

mod mutual_tls;
mod published_keys;
mod refused;

use std::time::Duration;

use kit::{
    Answer, Client, Dial, EchoBank, HouseBuilder, Identity, Method, Partner, TestHouse, Version,
};
use model::Clock;
use serde_json::{Value, json};

const BRANCHES: &str = "/branches/v1/branches";

async fn connect(dial: &Dial, house: &TestHouse) -> Client {
    dial.connect(house.api()).await.expect("a connection")
}

/// The header and claims of a JWT, unverified.
fn decoded(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = crypto::from_base64url(part).expect("base64url");
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    });
    (
        parts.next().expect("a header"),
        parts.next().expect("claims"),
    )
}

pub(crate) async fn published(house: &TestHouse, place: &str) -> crypto::Jwks {
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    let jwks = client.get(place, &[]).await;
    assert_eq!(jwks.status, 200);
    crypto::Jwks::parse(&jwks.body).expect("a key set")
}

/// Asserts that this is the OAuth error with this status and code, not stored, saying this.
#[track_caller]
pub(crate) fn is_oauth_error(answer: &Answer, status: u16, error: &str, says: &str) {
    let told = String::from_utf8_lossy(&answer.body);
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (status, error),
        "{told}"
    );
    assert_eq!(answer.header("content-type"), "application/json", "{told}");
    assert_eq!(answer.header("cache-control"), "no-store", "{told}");
    let description = answer.json()["error_description"].clone();
    assert!(
        description.as_str().unwrap_or_default().contains(says),
        "{told}"
    );
    answer.has_ids();
}

#[tokio::test]
async fn a_token_is_signed_by_the_issuer_and_bound_to_the_certificate() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let answer = partner.ask_token(&house, "branches").await;
    let body = answer.ok();
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("pragma"), "no-cache");
    answer.has_ids();
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["expires_in"], 300);
    assert_eq!(body["scope"], "branches");
    assert!(body.get("refresh_token").is_none());
    let token = body["access_token"].as_str().expect("a token");
    let rules = crypto::Rules {
        typ: crypto::Typ::Exactly(&["at+jwt"]),
        bytes_max: 8192,
    };
    let jwks = published(&house, "/jwks").await;
    let verified = crypto::verify(token, &jwks, &rules).expect("a good signature");
    let claims: Value = serde_json::from_slice(&verified.claims).expect("claims");
    assert_eq!(claims["iss"], house.issuer_url());
    assert_eq!(claims["aud"], house.api_url());
    assert_eq!(claims["client_id"], "swiftride-app");
    assert_eq!(claims["scope"], "branches");
    assert_eq!(
        claims["cnf"],
        json!({ "x5t#S256": partner.identity.thumbprint() })
    );
    let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(exp.zip(iat).map(|(exp, iat)| exp - iat), Some(300));
}

#[tokio::test]
async fn a_token_without_a_named_scope_has_all_that_the_agreements_give_and_no_more() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let mut client = connect(&partner.dial(&house, Version::Http2), &house).await;
    let assertion = || partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let wide = partner
        .ask_token_on(&mut client, "branches%20catalogue", &assertion())
        .await;
    assert_eq!(wide.ok()["scope"], "branches catalogue");
    let wider = partner
        .ask_token_on(&mut client, "branches%20payments", &assertion())
        .await;
    is_oauth_error(&wider, 400, "invalid_scope", "not open to this client");
}

#[tokio::test]
async fn metadata_say_where_tokens_are_given_to_those_with_a_certificate() {
    let house = TestHouse::start().await;
    let dial = house.dial(None, Version::Http2);
    let mut issuer = dial.connect(house.issuer()).await.expect("a connection");
    let place = "/.well-known/oauth-authorization-server";
    let answer = issuer.get(place, &[]).await;
    let metadata = answer.ok();
    answer.has_ids();
    let (issuer_url, api_url) = (house.issuer_url(), house.api_url());
    assert_eq!(metadata["issuer"], issuer_url);
    assert_eq!(metadata["token_endpoint"], format!("{issuer_url}/token"));
    assert_eq!(metadata["jwks_uri"], format!("{issuer_url}/jwks"));
    assert_eq!(
        metadata["mtls_endpoint_aliases"],
        json!({
            "token_endpoint": format!("{api_url}/token"),
            "introspection_endpoint": format!("{api_url}/introspect"),
            "revocation_endpoint": format!("{api_url}/revoke"),
            "pushed_authorization_request_endpoint": format!("{api_url}/par"),
            "userinfo_endpoint": format!("{api_url}/userinfo"),
        })
    );
    assert_eq!(metadata["tls_client_certificate_bound_access_tokens"], true);
    assert_eq!(
        metadata["grant_types_supported"],
        json!(["client_credentials", "authorization_code", "refresh_token"])
    );
    assert_eq!(
        metadata["token_endpoint_auth_methods_supported"],
        json!([
            "private_key_jwt",
            "tls_client_auth",
            "self_signed_tls_client_auth"
        ])
    );
    let mut api = connect(&dial, &house).await;
    api.get(place, &[]).await.refused(404, "unknown_route");
    api.get("/jwks", &[]).await.refused(404, "unknown_route");
    let posted = issuer
        .call(Method::POST, place, &[], "")
        .await
        .expect("an answer");
    assert_eq!(posted.header("allow"), "GET, HEAD");
    posted.refused(405, "method_not_allowed");
}

#[tokio::test]
async fn the_key_sets_have_public_parts_only() {
    let house = TestHouse::start().await;
    let dial = house.dial(None, Version::Http2);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    for place in ["/jwks", "/jwks/upstream"] {
        let document = client.get(place, &[]).await.ok();
        let keys = document["keys"].as_array().expect("keys");
        assert_eq!(keys.len(), 1, "{place}");
        for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
            assert!(
                keys[0].get(private).is_none(),
                "{place}: {private} is published"
            );
        }
    }
}

#[tokio::test]
async fn no_token_is_given_where_no_certificate_is_shown() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let dial = partner.dial(&house, Version::Http1);
    let bare = house.dial(None, Version::Http1);
    for (dial, address) in [(dial, house.issuer()), (bare, house.api())] {
        let mut client = dial.connect(address).await.expect("a connection");
        let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
        let answer = partner
            .ask_token_on(&mut client, "branches", &assertion)
            .await;
        is_oauth_error(&answer, 400, "invalid_request", "mtls_endpoint_aliases");
    }
}

#[tokio::test]
async fn an_assertion_is_good_once_even_after_a_restart() {
    let house = HouseBuilder::new().restartable().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let dial = partner.dial(&house, Version::Http1);
    let mut client = connect(&dial, &house).await;
    partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await
        .ok();
    let again = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    is_oauth_error(&again, 401, "invalid_client", "jti was used before");
    drop(client);
    let house = house.rebuild().await.start().await;
    let mut client = connect(&dial, &house).await;
    let again = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    is_oauth_error(&again, 401, "invalid_client", "jti was used before");
    partner.ask_token(&house, "branches").await.ok();
}

#[tokio::test]
async fn of_two_who_use_one_assertion_at_once_one_gets_a_token() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let dial = partner.dial(&house, Version::Http2);
    let (mut one, mut other) = (connect(&dial, &house).await, connect(&dial, &house).await);
    for _ in 0..5 {
        let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
        let (one, other) = tokio::join!(
            partner.ask_token_on(&mut one, "branches", &assertion),
            partner.ask_token_on(&mut other, "branches", &assertion),
        );
        let mut statuses = [one.status.as_u16(), other.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 401]);
    }
}

#[tokio::test]
async fn an_assertion_for_another_issuer_or_by_another_key_is_refused() {
    let house = TestHouse::start().await;
    let mut partner = Partner::of(&house, "swiftride-app");
    let other = Partner::of(&house, "cartwheel-app");
    let dial = partner.dial(&house, Version::Http1);
    let mut client = connect(&dial, &house).await;
    let assertion = partner.assertion("https://auth.other.example", house.clock.as_ref());
    let answer = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    is_oauth_error(&answer, 401, "invalid_client", "aud of the assertion");
    partner.signing_key = other.signing_key;
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let answer = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    is_oauth_error(
        &answer,
        401,
        "invalid_client",
        "No registered client has a key",
    );
    let answer = partner.ask_token_on(&mut client, "branches", "a.b.c").await;
    is_oauth_error(&answer, 401, "invalid_client", "JWS in compact form");
}

#[tokio::test]
async fn a_stolen_assertion_gets_no_token_with_another_partners_certificate() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let thief = Partner::of(&house, "cartwheel-app");
    let mut client = connect(&thief.dial(&house, Version::Http1), &house).await;
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    let answer = partner
        .ask_token_on(&mut client, "branches", &assertion)
        .await;
    is_oauth_error(
        &answer,
        401,
        "invalid_client",
        "must belong to the same partner",
    );
}

#[tokio::test]
async fn a_suspended_partner_gets_no_token_and_the_other_one_does() {
    let builder = HouseBuilder::new();
    let active = "swiftride.example\n    standing: active";
    let house = builder
        .edit(active, "swiftride.example\n    standing: suspended")
        .start()
        .await;
    let suspended = Partner::of(&house, "swiftride-app")
        .ask_token(&house, "branches")
        .await;
    is_oauth_error(&suspended, 400, "unauthorized_client", "suspended");
    Partner::of(&house, "cartwheel-app")
        .ask_token(&house, "catalogue")
        .await
        .ok();
}

#[tokio::test]
async fn a_token_serves_until_it_expires_and_not_after_even_when_it_is_remembered() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let headers = [("authorization", token.as_str())];
    for version in Version::BOTH {
        let mut client = connect(&partner.dial(&house, version), &house).await;
        client.get(BRANCHES, &headers).await.ok();
        client.get(BRANCHES, &headers).await.ok();
    }
    let mut client = connect(&partner.dial(&house, Version::Http2), &house).await;
    house.clock.advance(Duration::from_secs(290));
    client.get(BRANCHES, &headers).await.ok();
    house.clock.advance(Duration::from_secs(21));
    let calls = house.bank.calls();
    client
        .get(BRANCHES, &headers)
        .await
        .refused_saying(401, "bad_token", "expired");
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
    let fresh = partner.bearer(&house, "branches").await;
    client
        .get(BRANCHES, &[("authorization", &fresh)])
        .await
        .ok();
}

#[tokio::test]
async fn a_token_serves_after_a_restart() {
    let house = HouseBuilder::new().restartable().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let house = house.rebuild().await.start().await;
    let mut client = connect(&partner.dial(&house, Version::Http1), &house).await;
    client
        .get(BRANCHES, &[("authorization", &token)])
        .await
        .ok();
}

#[tokio::test]
async fn the_bank_answers_nobody_who_comes_past_the_gateway() {
    let house = TestHouse::start().await;
    let key = house.dir().join("tls/gateway-client.key");
    let gateway = Identity::from_files(&house.prepared().gateway_certificate, &key);
    let dial = house.dial(Some(&gateway), Version::Http1);
    let mut client = dial
        .connect(house.bank_address())
        .await
        .expect("a connection");
    for forged in [&[][..], &[("x-mortise-identity", "a.b.c")][..]] {
        let answer = client.get(BRANCHES, forged).await;
        assert_eq!(answer.status, 401, "{:?}", answer.body);
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Mortise-Identity")
        );
    }
    let partner = Partner::of(&house, "swiftride-app");
    let mut client = partner
        .dial(&house, Version::Http1)
        .connect(house.bank_address())
        .await
        .expect("a connection");
    assert_eq!(client.get("/fx/v1/rates", &[]).await.status, 403);
}

async fn assertion(client: &mut Client, token: &str) -> String {
    let echo = client
        .get("/echo/v1/guarded", &[("authorization", token)])
        .await
        .ok();
    let assertion = &echo["headers"]["x-mortise-identity"][0];
    assertion
        .as_str()
        .expect("an identity assertion")
        .to_owned()
}

#[tokio::test]
async fn the_identity_assertion_says_who_calls_and_is_signed_by_the_gateway_for_60_seconds() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let mut client = connect(&partner.dial(&house, Version::Http2), &house).await;
    let first = assertion(&mut client, &token).await;
    let (header, claims) = decoded(&first);
    assert_eq!(header["typ"], "mortise-identity+jwt");
    let said = ["iss", "aud", "partner", "client", "scope"].map(|claim| claims[claim].clone());
    let issuer = house.issuer_url();
    assert_eq!(
        said,
        [
            issuer.as_str(),
            "echo",
            "swiftride",
            "swiftride-app",
            "echo"
        ]
    );
    let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
    assert_eq!(exp.zip(iat).map(|(exp, iat)| exp - iat), Some(60));
    let age = house.clock.now().as_second() - iat.unwrap_or_default();
    assert!((0..5).contains(&age), "{age}");
    let rules = crypto::Rules {
        typ: crypto::Typ::Exactly(&["mortise-identity+jwt"]),
        bytes_max: 8192,
    };
    let keys = published(&house, "/jwks/upstream").await;
    crypto::verify(&first, &keys, &rules).expect("a good signature");
    // A key that signs access tokens signs no assertion.
    let keys = published(&house, "/jwks").await;
    assert!(crypto::verify(&first, &keys, &rules).is_err());
}

#[tokio::test]
async fn an_identity_assertion_is_kept_and_signed_anew_before_it_is_old() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let mut client = connect(&partner.dial(&house, Version::Http2), &house).await;
    let first = assertion(&mut client, &token).await;
    assert_eq!(assertion(&mut client, &token).await, first);
    house.clock.advance(Duration::from_secs(31));
    let second = assertion(&mut client, &token).await;
    assert_ne!(second, first);
    let (before, after) = (decoded(&first).1, decoded(&second).1);
    assert!(after["exp"].as_i64() >= before["exp"].as_i64().map(|exp| exp + 30));
    assert_ne!(after["jti"], before["jti"]);
}
