//! Who the customer is, as an app that asks for it is told: the ID token, and what may be asked of
//! it (OpenID Connect Core).

use std::collections::BTreeSet;

use kit::{Browser, HouseBuilder, TestHouse, encoded, html};
use model::{Clock, ScopeSet};
use serde_json::{Value, json};

use super::{App, Form, claims, decide, log_in};
use crate::tokens::is_oauth_error;

/// A good request that asks who the customer is.
pub(super) fn request() -> Form {
    Form::request().with("scope", Some("openid branches"))
}

/// The tokens of a grant for this request.
pub(super) async fn granted(app: &mut App<'_>, form: Form, customer: &str) -> Value {
    let back = app.allowed(form, customer).await;
    app.post("/token", Form::code(&back["code"])).await.ok()
}

/// The claims of an ID token, verified with the issuer's published keys.
pub(crate) async fn verified(house: &TestHouse, token: &Value) -> Value {
    let keys = Browser::new(house).get("/jwks").await.ok();
    let keys = crypto::Jwks::parse(keys.to_string().as_bytes()).expect("keys");
    let rules = crypto::Rules {
        typ: crypto::Typ::Exactly(&["JWT"]),
        bytes_max: 8_192,
    };
    let token = token.as_str().expect("an ID token");
    let verified = crypto::verify(token, &keys, &rules).expect("a good signature");
    assert!(verified.kid.is_some(), "it names its key");
    serde_json::from_slice(&verified.claims).expect("claims")
}

/// The names of claims.
fn names(claims: &Value) -> BTreeSet<&str> {
    let members = claims.as_object().expect("an object");
    members.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn oc_01_the_id_token_says_what_was_asked_for_and_no_more() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "li-lei").await;
    assert_eq!(tokens["scope"], "branches openid");
    let plain = verified(&house, &tokens["id_token"]).await;
    let always = ["iss", "sub", "aud", "iat", "exp", "at_hash"];
    assert_eq!(names(&plain), always.into());
    assert_eq!(plain["iss"], house.issuer_url());
    assert_eq!(plain["aud"], "swiftride-app");
    let access = tokens["access_token"].as_str().expect("text");
    assert_eq!(plain["sub"], claims(&tokens["access_token"])["sub"]);
    let hash = crypto::sha256(access.as_bytes());
    assert_eq!(plain["at_hash"], crypto::base64url(&hash[..16]));
    let lives = plain["exp"].as_i64().expect("a time") - plain["iat"].as_i64().expect("a time");
    assert_eq!(lives, 300);
    app.call(&tokens["access_token"]).await.ok();

    let form = request()
        .and("nonce", "n-1 &=?\"é")
        .and("max_age", "600")
        .and("acr_values", "urn:harbour:password");
    let tokens = granted(&mut app, form, "li-lei").await;
    let asked = verified(&house, &tokens["id_token"]).await;
    let more = always.into_iter().chain(["nonce", "auth_time", "acr"]);
    assert_eq!(names(&asked), more.collect());
    assert_eq!(asked["nonce"], "n-1 &=?\"é");
    assert_eq!(asked["acr"], "urn:harbour:password");
    assert_eq!(asked["sub"], plain["sub"]);

    // OIDC Core §12.2: by a refresh the same customer and log-in, and no nonce.
    house.clock.advance(std::time::Duration::from_secs(30));
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let fresh = app.post("/token", Form::refresh(refresh)).await.ok();
    let again = verified(&house, &fresh["id_token"]).await;
    let more = always.into_iter().chain(["auth_time", "acr"]);
    assert_eq!(names(&again), more.collect());
    for same in ["iss", "sub", "aud", "auth_time", "acr"] {
        assert_eq!(again[same], asked[same], "{same}");
    }
    assert_ne!(again["at_hash"], asked["at_hash"]);
    let narrower = Form::refresh(refresh).with("scope", Some("branches"));
    let narrower = app.post("/token", narrower).await.ok();
    assert_eq!(narrower.get("id_token"), None);

    let unasked = app.tokens("li-lei").await;
    assert_eq!(unasked.get("id_token"), None, "without the scope");
}

#[tokio::test]
async fn az_09_a_customers_token_says_when_and_how_strongly_they_logged_in() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(Form::request()).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let before = house.clock.now().as_second();
    let page = log_in(&mut browser, &page, "li-lei").await;
    let after = house.clock.now().as_second();
    house.clock.advance(std::time::Duration::from_secs(40));
    let back = kit::query(&decide(&mut browser, &page, "allow").await);
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let claims = claims(&tokens["access_token"]);
    let auth_time = claims["auth_time"].as_i64().expect("a time");
    assert!((before..=after).contains(&auth_time), "{claims}");
    assert!(claims["iat"].as_i64().expect("a time") >= auth_time + 40);
    assert_eq!(claims["acr"], "urn:harbour:password");
    // RFC 9700 §4.15: a customer's sub is no client's id; a client's own token has no log-in.
    let form = Form(vec![
        ("grant_type", "client_credentials".to_owned()),
        ("scope", "branches".to_owned()),
    ]);
    let own = app.post("/token", form).await.ok();
    let own = super::claims(&own["access_token"]);
    assert_eq!(own["sub"], "swiftride-app");
    assert_ne!(own["sub"], claims["sub"]);
    assert_eq!(own.get("auth_time").or(own.get("acr")), None);
}

#[tokio::test]
async fn l_10_a_nonce_comes_back_to_the_byte_or_is_refused() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for length in [64, 384, 512] {
        let nonce: String = (0x20_u8..0x7f)
            .cycle()
            .take(length)
            .map(char::from)
            .collect();
        let form = request().and("nonce", &nonce);
        let tokens = granted(&mut app, form, "li-lei").await;
        assert_eq!(claims(&tokens["id_token"])["nonce"], nonce, "OA-64");
    }
    let form = request().and("nonce", &"n".repeat(513));
    let refused = app.post("/par", form).await;
    is_oauth_error(&refused, 400, "invalid_request", "512 characters");
}

#[tokio::test]
async fn oc_02_claims_are_given_to_whoever_asks_for_them_one_by_one() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (asked, given) in [
        (json!({"id_token": {"auth_time": null}}), vec!["auth_time"]),
        (
            json!({"id_token": {"acr": {"essential": true}}}),
            vec!["acr"],
        ),
        (
            json!({"id_token": {"name": null, "email": {"essential": true}}}),
            vec![],
        ),
        (json!({"userinfo": {"acr": null}, "other": [1]}), vec![]),
    ] {
        let form = request().and("claims", &asked.to_string());
        let tokens = granted(&mut app, form, "li-lei").await;
        let said = claims(&tokens["id_token"]);
        let optional = ["auth_time", "acr", "name", "email"];
        let said: Vec<&str> = optional
            .into_iter()
            .filter(|name| said.get(name).is_some())
            .collect();
        assert_eq!(said, given, "{asked}");
    }
}

#[tokio::test]
async fn oc_05_a_customer_is_the_same_after_a_restart() {
    let house = HouseBuilder::new().restartable().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "han-meimei").await;
    let before = claims(&tokens["id_token"])["sub"].clone();
    let text = before.as_str().expect("text");
    assert!(text.is_ascii() && (1..=255).contains(&text.len()), "{text}");
    let house = house.rebuild().await.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = granted(&mut app, request(), "han-meimei").await;
    assert_eq!(claims(&tokens["id_token"])["sub"], before);
    let other = granted(&mut app, request(), "li-lei").await;
    assert_ne!(claims(&other["id_token"])["sub"], before);
}

#[tokio::test]
async fn az_08_the_page_says_in_both_languages_what_the_app_learns_of_the_customer() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (language, words) in [
        (
            "en",
            ["Who you are", "A number that only SwiftRide knows you by."],
        ),
        ("zh-CN", ["你是谁", "一个只有迅行出行用来认出你的编号"]),
    ] {
        let reference = app.push(request().and("ui_locales", language)).await;
        let mut browser = Browser::new(&house);
        let page = browser.get(&app.link(&reference)).await;
        let page = log_in(&mut browser, &page, "li-lei").await;
        for word in words {
            assert!(html(&page).contains(word), "{word}: {}", html(&page));
        }
        assert!(!html(&page).contains("openid"), "{}", html(&page));
    }
}

#[tokio::test]
async fn md_04_the_metadata_stand_at_the_place_of_openid_connect_too() {
    let house = TestHouse::start().await;
    let mut browser = Browser::new(&house);
    let answer = browser.get("/.well-known/openid-configuration").await;
    let document = answer.ok();
    assert_eq!(answer.header("content-type"), "application/json");
    let same = browser
        .get("/.well-known/oauth-authorization-server")
        .await
        .ok();
    assert_eq!(document, same);
    assert_eq!(document["issuer"], house.issuer_url());
    assert_eq!(document["subject_types_supported"], json!(["pairwise"]));
    let signs = &document["id_token_signing_alg_values_supported"];
    assert_eq!(*signs, json!(["PS256"]));
    assert_eq!(document["claims_parameter_supported"], true);
    let prompts = json!(["none", "login", "consent", "select_account"]);
    assert_eq!(document["prompt_values_supported"], prompts);
    let claims = document["claims_supported"].to_string();
    for claim in ["sub", "auth_time", "acr", "nonce"] {
        assert!(claims.contains(&format!("\"{claim}\"")), "{claims}");
    }
    let strengths = json!(["urn:harbour:password"]);
    assert_eq!(document["acr_values_supported"], strengths);
    let scopes = document["scopes_supported"].as_array().expect("scopes");
    let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
    let scopes = ScopeSet::parse(&scopes.join(" ")).expect("scopes");
    assert_eq!(scopes.to_string(), "branches catalogue openid");
}

/// The link of a request with these parameters beside.
pub(super) async fn link_with(app: &mut App<'_>, more: &[(&'static str, &str)]) -> String {
    let form = more
        .iter()
        .fold(request(), |form, (name, value)| form.and(name, value));
    let reference = app.push(form).await;
    app.link(&reference)
}

#[tokio::test]
async fn what_a_link_says_beside_its_request_asks_nothing_of_the_log_in() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let link = link_with(&mut app, &[]).await;
    let mut browser = Browser::new(&house);
    let more = format!("&prompt=none&login_hint={}", encoded("han-meimei"));
    let page = browser.get(&format!("{link}{more}")).await;
    assert_eq!(page.status, 200, "PA-13");
    assert!(!html(&page).contains("han-meimei"));
}
