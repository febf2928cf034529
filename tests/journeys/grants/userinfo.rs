//! The userinfo endpoint (OpenID Connect Core §5.3): who asks, with what, and what they are told.

use std::time::Duration;

use kit::{Answer, Client, HouseBuilder, Method, ProofKey, TestHouse, Version};
use serde_json::{Value, json};

use super::openid::{granted, request, verified};
use super::{App, Form, claims};

const CHALLENGE_OF_BAD: &str = "Bearer error=\"invalid_token\"";

/// Asks who the customer of this token is.
pub(super) async fn ask(client: &mut Client, method: Method, token: &Value) -> Answer {
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    let headers = [("authorization", bearer.as_str())];
    let answer = client.call(method, "/userinfo", &headers, "").await;
    answer.expect("an answer")
}

/// The challenges of an answer.
fn challenges(answer: &Answer) -> Vec<&str> {
    let values = answer.headers.get_all("www-authenticate").iter();
    values.map(|value| value.to_str().expect("text")).collect()
}

#[tokio::test]
async fn oc_04_whoever_has_a_token_for_it_learns_who_the_customer_is() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    let sub = claims(&tokens["id_token"])["sub"].clone();
    for method in [Method::GET, Method::POST] {
        let answer = ask(&mut app.client, method, &tokens["access_token"]).await;
        assert_eq!(
            answer.ok(),
            json!({ "sub": sub }),
            "no more than was asked for"
        );
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        answer.has_ids();
        let record = house.recorded(&answer.request_id()).await;
        assert_eq!(record["type"], "oauth.userinfo");
        assert_eq!(record["partner"]["client"], "swiftride-app");
        let grant = claims(&tokens["access_token"])["grant_id"].clone();
        let grant = crypto::sha256(grant.as_str().expect("text").as_bytes());
        assert_eq!(record["gid"], crypto::base64url(&grant), "{record:#}");
    }
    // OC-02: what is asked of this place is told here, and not in the ID token.
    let asks = json!({"userinfo": {"acr": null, "auth_time": null, "name": null}});
    let form = request().and("claims", &asks.to_string());
    let tokens = granted(&mut app, form, "li-lei").await;
    let told = ask(&mut app.client, Method::GET, &tokens["access_token"]).await;
    let auth_time = claims(&tokens["access_token"])["auth_time"].clone();
    let expected = json!({ "sub": sub, "acr": "urn:harbour:password", "auth_time": auth_time });
    assert_eq!(told.ok(), expected);
    // The metadata say where, with a certificate too.
    let document = kit::Browser::new(&house)
        .get("/.well-known/openid-configuration")
        .await
        .ok();
    let issuer = house.issuer_url();
    assert_eq!(document["userinfo_endpoint"], format!("{issuer}/userinfo"));
    let alias = &document["mtls_endpoint_aliases"]["userinfo_endpoint"];
    assert_eq!(*alias, format!("{}/userinfo", house.api_url()));
}

#[tokio::test]
async fn oc_04_no_token_a_bad_one_and_one_for_other_things_are_refused_as_on_the_road() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    let token = &tokens["access_token"];
    let bare = app.client.get("/userinfo", &[]).await;
    bare.refused(401, "no_token");
    assert_eq!(
        challenges(&bare),
        ["Bearer", "DPoP algs=\"PS256 ES256 EdDSA\""]
    );
    let text = token.as_str().expect("text");
    let query = app
        .client
        .get(&format!("/userinfo?access_token={text}"), &[])
        .await;
    query.refused(400, "malformed_credentials");
    let other = ask(&mut app.client, Method::PUT, token).await;
    other.refused(405, "method_not_allowed");

    // Stolen by another partner, or shown without the certificate.
    let mut thief = App::of(&house, "cartwheel-app").await;
    let stolen = ask(&mut thief.client, Method::GET, token).await;
    stolen.refused(401, "wrong_binding");
    assert_eq!(challenges(&stolen), [CHALLENGE_OF_BAD]);
    let dial = house.dial(None, Version::Http2);
    let mut stranger = dial.connect(house.issuer()).await.expect("a connection");
    let stolen = ask(&mut stranger, Method::GET, token).await;
    stolen.refused(401, "no_certificate");

    // Not for this: a customer's without the scope, and a client's own, name other audiences.
    let without = app.tokens("li-lei").await;
    let own = app.partner.bearer(&house, "branches").await;
    let own = Value::from(own.trim_start_matches("Bearer "));
    for other in [&without["access_token"], &own] {
        let answer = ask(&mut app.client, Method::GET, other).await;
        answer.refused_saying(401, "bad_token", "another audience");
        assert_eq!(challenges(&answer), [CHALLENGE_OF_BAD]);
    }
    // And by the issuer's own key one that does and lacks the scope.
    let key = house.issuer_key().await;
    let mut narrow = house.claims(&app.partner, "branches");
    narrow["aud"] = json!([house.api_url(), house.issuer_url()]);
    narrow["grant_id"] = json!("g");
    for scope in ["branches", "openid"] {
        narrow["scope"] = json!(scope);
        let token = Value::from(key.sign("at+jwt", &narrow).expect("signs"));
        let answer = ask(&mut app.client, Method::GET, &token).await;
        if scope == "openid" {
            assert_eq!(answer.ok(), json!({ "sub": "swiftride-app" }));
            // Without a customer there is nobody to tell of.
            narrow.as_object_mut().expect("members").remove("grant_id");
            let token = Value::from(key.sign("at+jwt", &narrow).expect("signs"));
            let answer = ask(&mut app.client, Method::GET, &token).await;
            answer.refused(403, "insufficient_scope");
        } else {
            answer.refused(403, "insufficient_scope");
            let needed = "Bearer error=\"insufficient_scope\", scope=\"openid\"";
            assert_eq!(challenges(&answer), [needed]);
            let record = house.recorded(&answer.request_id()).await;
            assert_eq!(
                record["outcome"]["code"], "insufficient_scope",
                "{record:#}"
            );
        }
    }
}

#[tokio::test]
async fn oc_04_a_revoked_token_is_refused_at_once() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    ask(&mut app.client, Method::GET, &tokens["access_token"])
        .await
        .ok();
    let token = tokens["access_token"].as_str().expect("text").to_owned();
    app.post("/revoke", Form(vec![("token", token)])).await;
    let refused = ask(&mut app.client, Method::GET, &tokens["access_token"]).await;
    refused.refused_saying(401, "bad_token", "revoked");
    assert_eq!(challenges(&refused), [CHALLENGE_OF_BAD]);
}

#[tokio::test]
async fn oc_04_a_token_of_a_key_comes_with_its_proof_and_needs_no_certificate() {
    let house = TestHouse::start().await;
    let app = App::of(&house, "swiftride-app").await;
    // Nonces are demanded for a while after a start.
    house.clock.advance(Duration::from_mins(3));
    let (own, signer) = (ProofKey::es256(), house.issuer_key().await);
    let mut claims = house.claims_for_key(&app.partner, "openid", &own);
    claims["aud"] = json!(house.issuer_url());
    claims["grant_id"] = json!("g");
    claims["sub"] = json!("s");
    let token = signer.sign("at+jwt", &claims).expect("signs");
    let authorization = format!("DPoP {token}");
    let dial = house.dial(None, Version::Http2);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    let proof_for = |key: &ProofKey, url: String| {
        let mut claims = house.proof_claims("GET", "/userinfo", &token);
        claims["htu"] = json!(format!("{url}/userinfo"));
        key.proof(&claims)
    };
    let good = proof_for(&own, house.issuer_url());
    for (proof, status) in [
        (proof_for(&own, house.api_url()), 401),
        (proof_for(&ProofKey::es256(), house.issuer_url()), 401),
        (good.clone(), 200),
        (good, 401),
    ] {
        let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
        let answer = client.get("/userinfo", &headers).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 200 {
            assert_eq!(answer.ok(), json!({ "sub": "s" }));
        } else {
            assert!(
                challenges(&answer)[0].starts_with("DPoP error="),
                "{answer:?}"
            );
        }
    }
    let headers = [("authorization", authorization.as_str())];
    let answer = client.get("/userinfo", &headers).await;
    answer.refused(401, "no_proof");
}

#[tokio::test]
async fn oc_04_a_client_that_is_registered_for_it_gets_a_signed_answer() {
    let uris = "redirect_uris: [https://app.swiftride.example/callback]";
    let house = HouseBuilder::new()
        .edit(uris, &format!("userinfo: jwt\n        {uris}"))
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    let answer = ask(&mut app.client, Method::GET, &tokens["access_token"]).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/jwt");
    let text = String::from_utf8(answer.body.to_vec()).expect("text");
    let said = verified(&house, &Value::from(text)).await;
    let expected = json!({
        "iss": house.issuer_url(),
        "aud": "swiftride-app",
        "sub": claims(&tokens["id_token"])["sub"],
    });
    assert_eq!(said, expected);
}

#[tokio::test]
async fn a_token_for_this_alone_is_good_at_no_api() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = Form::request().with("scope", Some("openid"));
    let tokens = granted(&mut app, form, "li-lei").await;
    let token = &tokens["access_token"];
    assert_eq!(claims(token)["aud"], house.issuer_url());
    ask(&mut app.client, Method::GET, token).await.ok();
    let refused = app.call(token).await;
    refused.refused_saying(401, "bad_token", "another audience");
    let both = granted(&mut app, request(), "li-lei").await;
    let audiences = json!([house.api_url(), house.issuer_url()]);
    assert_eq!(claims(&both["access_token"])["aud"], audiences);
}
