//! Introspection: who may ask about which token, and what is told (RFC 7662, RFC 9701); and what
//! tokens are for, which decides it (RFC 8707).

mod own;

use std::time::Duration;

use crypto::{Rules, SigningKey, Typ};
use kit::{
    Answer, Browser, FORM, HouseBuilder, Identity, Method, Partner, TestHouse, Version, encoded,
    issue, partner_leaf, self_signed,
};
use model::ClientId;
use serde_json::{Value, json};

use super::log_in::tells;
use super::pages::led_back;
use super::{App, Form};
use crate::tokens::{is_oauth_error, published};

const HOUR: Duration = Duration::from_hours(1);
/// A resource of the bank's own, beside the gateway's.
const FILES: &str = "https://files.harbour.example";
const SIGNED: &str = "application/token-introspection+jwt";

/// A house whose bank has services that ask: `statements` about the products' tokens, by assertion;
/// `files` about its own, by a registered key; `archive` as the first, by the partner CA's word.
struct Bank {
    house: TestHouse,
    statements: SigningKey,
    files: Identity,
    archive: Identity,
}

impl Bank {
    async fn start() -> Self {
        Self::of(HouseBuilder::new()).await
    }

    /// The same of a house that is otherwise prepared.
    async fn of(builder: HouseBuilder) -> Self {
        let statements = self_signed("statements", builder.now(), HOUR);
        let files = self_signed("files", builder.now(), HOUR);
        let mut leaf = partner_leaf(None, builder.now(), HOUR);
        leaf.names = vec!["archive.harbour.example".to_owned()];
        let archive = issue(&builder.partner_authority(), &leaf);
        let api = builder.prepared().api_url.clone();
        let written = format!(
            "      grant_lifetime: 90d
      resource_servers:
        statements:
          {{ auth: private_key_jwt, jwks: file:trust/statements.json, audience: \"{api}\" }}
        files:
          auth: self_signed_tls_client_auth
          jwks: file:trust/files.json
          audience: {FILES}
          products: [branches]
        archive:
          auth: tls_client_auth
          certificate: {{ san_dns: archive.harbour.example }}
          audience: \"{api}\"
#"
        );
        let house = builder
            .edit("      grant_lifetime: 90d", &written)
            .write("trust/statements.json", &statements.jwks)
            .write("trust/files.json", &files.jwks)
            .start()
            .await;
        Self {
            house,
            statements: SigningKey::from_pem(None, statements.key.as_bytes()).expect("a key"),
            files: files.identity,
            archive: Identity::issued(&archive),
        }
    }

    /// The service that proves itself by assertions, on a connection of nobody's.
    async fn statements(&self) -> App<'_> {
        let stranger = self_signed("nobody", self.house.now(), HOUR).identity;
        let partner = Partner {
            client_id: ClientId::parse("statements").expect("valid"),
            identity: stranger,
            signing_key: kit::under_kid(&self.statements, self.statements.kid()),
        };
        let dial = partner.dial(&self.house, Version::Http2);
        let client = dial.connect(self.house.api()).await.expect("a connection");
        App {
            house: &self.house,
            partner,
            client,
            path: "",
        }
    }

    /// What one is told who proves itself by this certificate.
    async fn told(&self, identity: &Identity, name: &str, token: &Value) -> Answer {
        let dial = self.house.dial(Some(identity), Version::Http2);
        let mut client = dial.connect(self.house.api()).await.expect("a connection");
        let token = encoded(token.as_str().expect("text"));
        let form = format!("client_id={name}&token={token}");
        let answer = client.call(Method::POST, "/introspect", &[FORM], form);
        answer.await.expect("an answer")
    }
}

fn of(token: &Value) -> Form {
    Form(vec![("token", token.as_str().expect("text").to_owned())])
}

/// An answer that says that a token is not active, and nothing else.
fn is_inactive(answer: &Answer) {
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.ok(), json!({ "active": false }));
}

#[tokio::test]
async fn in_02_a_client_is_told_all_of_its_own_tokens() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let claims = super::claims(&tokens["access_token"]);
    let answer = app.post("/introspect", of(&tokens["access_token"])).await;
    assert_eq!(answer.header("cache-control"), "no-store");
    let told = answer.ok();
    let mut expected = claims.clone();
    expected["active"] = json!(true);
    expected["token_type"] = json!("Bearer");
    assert_eq!(told, expected, "what the token says, and that it is good");
    for member in [
        "scope",
        "client_id",
        "sub",
        "aud",
        "iss",
        "exp",
        "iat",
        "jti",
        "auth_time",
        "grant_id",
    ] {
        assert!(told.get(member).is_some(), "{member}");
    }
    let thumbprint = app.partner.identity.thumbprint();
    assert_eq!(told["cnf"], json!({ "x5t#S256": thumbprint }), "MT-04");

    let refresh = app.post("/introspect", of(&tokens["refresh_token"])).await;
    let refresh = refresh.ok();
    assert_eq!(refresh["active"], true);
    for member in ["scope", "client_id", "sub", "iss", "auth_time", "grant_id"] {
        assert_eq!(refresh[member], told[member], "{member}");
    }
    assert!(refresh["exp"].as_i64() > told["exp"].as_i64());
    assert_eq!(refresh.get("cnf"), None, "it is bound to the client");

    let record = crate::evidence::one_now(&house, &answer, "oauth.introspect");
    let jti = crypto::sha256(claims["jti"].as_str().expect("text").as_bytes());
    assert_eq!(record["partner"]["client"], "swiftride-app");
    assert_eq!(record["auth"]["jti"], crypto::base64url(&jti));
}

#[tokio::test]
async fn in_01_of_what_is_not_ones_business_one_learns_nothing() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let mut other = App::of(&house, "cartwheel-app").await;
    for name in ["access_token", "refresh_token"] {
        is_inactive(&other.post("/introspect", of(&tokens[name])).await);
    }
    let access = tokens["access_token"].as_str().expect("text");
    let (signed, _) = access.rsplit_once('.').expect("a JWS");
    for text in [
        "unknown",
        "a.b.c",
        &format!("{signed}.AAAA"),
        &"a".repeat(60_000),
    ] {
        is_inactive(&app.post("/introspect", of(&json!(text))).await);
    }
    let none = app.post("/introspect", Form(Vec::new())).await;
    is_oauth_error(&none, 400, "invalid_request", "token is required");
    let twice = of(&tokens["access_token"]).and("token", "b");
    let twice = app.post("/introspect", twice).await;
    is_oauth_error(&twice, 400, "invalid_request", "more than once");
    // ER-07: whoever proves nothing is told so.
    let form = "client_id=swiftride-app&token=a";
    let bare = house.dial(None, Version::Http1);
    let mut bare = bare.connect(house.issuer()).await.expect("a connection");
    let refused = bare.call(Method::POST, "/introspect", &[FORM], form).await;
    is_oauth_error(&refused.expect("an answer"), 401, "invalid_client", "");
}

#[tokio::test]
async fn in_01_what_has_ended_is_inactive() {
    let clock = std::sync::Arc::new(model::MovedClock::running());
    let house = HouseBuilder::with_clock(clock.clone()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (revoked, gone) = (app.tokens("li-lei").await, app.tokens("li-lei").await);
    app.post("/revoke", of(&revoked["access_token"])).await;
    is_inactive(&app.post("/introspect", of(&revoked["access_token"])).await);
    let refresh = app.post("/introspect", of(&revoked["refresh_token"])).await;
    assert_eq!(refresh.ok()["active"], true, "RV-02: the token went alone");
    app.post("/revoke", of(&gone["refresh_token"])).await;
    for name in ["access_token", "refresh_token"] {
        is_inactive(&app.post("/introspect", of(&gone[name])).await);
    }
    let short = app.partner.bearer(&house, "branches").await;
    let short = json!(short.trim_start_matches("Bearer "));
    let answer = app.post("/introspect", of(&short)).await;
    assert_eq!(answer.ok()["active"], true);
    clock.advance(Duration::from_mins(5));
    is_inactive(&app.post("/introspect", of(&short)).await);
}

#[tokio::test]
async fn in_02_a_service_of_the_bank_is_told_of_the_tokens_that_are_for_it() {
    let bank = Bank::start().await;
    let mut app = App::of(&bank.house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let mut statements = bank.statements().await;
    let token = &tokens["access_token"];
    let told = statements.post("/introspect", of(token)).await.ok();
    let claims = super::claims(token);
    assert_eq!(told["active"], true);
    assert_eq!(told["aud"], bank.house.api_url());
    for member in ["sub", "scope", "client_id", "cnf", "exp"] {
        assert_eq!(told[member], claims[member], "{member}");
    }
    let archive = bank.told(&bank.archive, "archive", token).await;
    assert_eq!(archive.ok()["active"], true);
    // Another's audience, and what is no access token.
    is_inactive(&bank.told(&bank.files, "files", token).await);
    is_inactive(
        &statements
            .post("/introspect", of(&tokens["refresh_token"]))
            .await,
    );
    // A name alone, or another's certificate, proves nothing.
    for (identity, name) in [
        (&bank.files, "archive"),
        (&bank.archive, "files"),
        (&bank.archive, "statements"),
        (&app.partner.identity, "archive"),
    ] {
        let refused = bank.told(identity, name, token).await;
        is_oauth_error(&refused, 401, "invalid_client", "No registered");
    }
    // A suspended partner's token is good for nobody.
    bank.house
        .edit("gateway.yaml", "standing: active", "standing: suspended");
    bank.house.reload().await;
    is_inactive(&statements.post("/introspect", of(token)).await);
    let refused = app.post("/introspect", of(token)).await;
    is_oauth_error(&refused, 400, "unauthorized_client", "suspended");
}

#[tokio::test]
async fn a_service_of_the_bank_gets_no_tokens() {
    let bank = Bank::start().await;
    let mut statements = bank.statements().await;
    let form = Form(vec![("grant_type", "client_credentials".to_owned())]);
    for (path, form) in [
        ("/token", form),
        ("/par", Form::request()),
        ("/revoke", of(&json!("a"))),
    ] {
        let refused = statements.post(path, form).await;
        is_oauth_error(&refused, 400, "unauthorized_client", "resource server");
    }
}

#[tokio::test]
async fn in_03_an_answer_is_signed_for_its_asker_when_it_asks_so() {
    let house = super::request_objects::message_signing().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let own = app.partner.bearer(&house, "branches").await;
    let own = json!(own.trim_start_matches("Bearer "));
    let metadata = "/.well-known/oauth-authorization-server";
    let dial = house.dial(None, Version::Http2);
    let mut reader = dial.connect(house.issuer()).await.expect("a connection");
    let metadata = reader.get(metadata, &[]).await.ok();
    let endpoint = format!("{}/introspect", house.issuer_url());
    assert_eq!(metadata["introspection_endpoint"], endpoint);
    assert_eq!(
        metadata["introspection_signing_alg_values_supported"],
        json!(["PS256"])
    );
    for (token, is_active) in [(&own, true), (&json!("unknown"), false)] {
        let answer = app.post_accepting("/introspect", of(token), SIGNED).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), SIGNED);
        assert_eq!(answer.header("cache-control"), "no-store");
        let rules = Rules {
            typ: Typ::Exactly(&["token-introspection+jwt"]),
            bytes_max: 8192,
        };
        let text = std::str::from_utf8(&answer.body).expect("text");
        let verified = crypto::verify(text, &published(&house, "/jwks").await, &rules);
        let claims = verified.expect("a good signature").claims;
        let claims: Value = serde_json::from_slice(&claims).expect("claims");
        let members: Vec<_> = claims.as_object().expect("an object").keys().collect();
        assert_eq!(members, ["aud", "iat", "iss", "token_introspection"]);
        assert_eq!(claims["iss"], house.issuer_url());
        assert_eq!(claims["aud"], "swiftride-app");
        let plain = app.post("/introspect", of(token)).await.ok();
        assert_eq!(claims["token_introspection"], plain);
        assert_eq!(plain["active"], is_active);
    }
}

#[tokio::test]
async fn in_03_where_the_profile_does_not_offer_it_no_answer_is_signed() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let answer = app.post_accepting("/introspect", of(&json!("a")), SIGNED);
    is_inactive(&answer.await);
}

#[tokio::test]
async fn tk_10_a_token_for_a_resource_tells_who_the_customer_is_where_that_was_granted() {
    let bank = Bank::start().await;
    let mut app = App::of(&bank.house, "swiftride-app").await;
    let issuer = bank.house.issuer_url();
    for (scope, resource, audience) in [
        ("openid branches", Some(FILES), json!([FILES, issuer])),
        ("openid", None, json!(issuer)),
    ] {
        let form = Form::request().with("scope", Some(scope));
        let form = form.with("resource", resource);
        let back = app.allowed(form, "li-lei").await;
        let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
        let token = &tokens["access_token"];
        assert_eq!(super::claims(token)["aud"], audience);
        let told = app.post("/introspect", of(token)).await.ok();
        assert_eq!(told["aud"], audience);
    }
}

#[tokio::test]
async fn tk_10_a_token_is_for_the_resource_that_is_asked_for_and_for_no_other() {
    let bank = Bank::start().await;
    let mut app = App::of(&bank.house, "swiftride-app").await;
    let api = bank.house.api_url();
    let form = Form::request().with("resource", Some(FILES));
    let back = app.allowed(form, "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let token = &tokens["access_token"];
    assert_eq!(super::claims(token)["aud"], FILES);
    let refused = app.call(token).await;
    refused.refused_saying(401, "bad_token", "another audience");
    let told = bank.told(&bank.files, "files", token).await.ok();
    assert_eq!(
        (&told["active"], &told["aud"]),
        (&json!(true), &json!(FILES))
    );
    is_inactive(&bank.told(&bank.archive, "archive", token).await);
    // Never more than was granted.
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let again = app.post("/token", Form::refresh(refresh)).await.ok();
    assert_eq!(super::claims(&again["access_token"])["aud"], FILES);
    let wider = Form::refresh(refresh).with("resource", Some(&api));
    let refused = app.post("/token", wider).await;
    is_oauth_error(&refused, 400, "invalid_target", "that the grant is for");
    let plain = app.tokens("li-lei").await;
    let refresh = plain["refresh_token"].as_str().expect("text");
    let same = Form::refresh(refresh).with("resource", Some(&api));
    let same = app.post("/token", same).await.ok();
    assert_eq!(super::claims(&same["access_token"])["aud"], api);
    let other = Form::refresh(refresh).with("resource", Some(FILES));
    let refused = app.post("/token", other).await;
    is_oauth_error(&refused, 400, "invalid_target", "that the grant is for");
    // What takes no token of ours is none, wherever it is asked for.
    let own = Form(vec![("grant_type", "client_credentials".to_owned())]);
    for (path, form) in [("/par", Form::request()), ("/token", own.clone())] {
        for unknown in ["https://elsewhere.example", "files", &format!("{FILES}/")] {
            let form = form.clone().with("resource", Some(unknown));
            let refused = app.post(path, form).await;
            is_oauth_error(
                &refused,
                400,
                "invalid_target",
                "an agreement of the client",
            );
        }
    }
    let own = app.post("/token", own.with("resource", Some(FILES))).await;
    assert_eq!(super::claims(&own.ok()["access_token"])["aud"], FILES);
}

#[tokio::test]
async fn tk_10_a_client_names_only_what_its_agreements_reach() {
    let bank = Bank::start().await;
    let house = &bank.house;
    let own = |resource: &str| {
        let form = Form(vec![("grant_type", "client_credentials".to_owned())]);
        form.with("resource", Some(resource))
    };
    // The files are behind the branches, and Cartwheel has an agreement on the catalogue alone.
    let mut other = App::of(house, "cartwheel-app").await;
    let refused = other.post("/token", own(FILES)).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_target",
        "an agreement of the client",
    );
    let its = other.post("/token", own(&house.api_url())).await.ok();
    assert_eq!(super::claims(&its["access_token"])["aud"], house.api_url());

    let mut app = App::of(house, "swiftride-app").await;
    let form = Form::request().with("resource", Some(FILES));
    let back = app.allowed(form.clone(), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let waiting = app.push(form.clone()).await;
    // From here on they are behind a product that nobody has an agreement on.
    house.edit(
        "gateway.yaml",
        "          products: [branches]",
        "          products: [fx]",
    );
    house.reload().await;
    for (path, form) in [
        ("/token", own(FILES)),
        ("/par", form),
        (
            "/token",
            Form::refresh(tokens["refresh_token"].as_str().expect("text")),
        ),
    ] {
        let refused = app.post(path, form).await;
        is_oauth_error(
            &refused,
            400,
            "invalid_target",
            "an agreement of the client",
        );
    }
    let mut browser = Browser::new(house);
    let back = led_back(&browser.get(&app.link(&waiting)).await);
    tells(house, &back, "invalid_target");
}

#[tokio::test]
async fn pr_03_a_product_is_asked_for_by_the_name_that_its_metadata_give_it() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let dial = house.dial(None, Version::Http2);
    let mut stranger = dial.connect(house.api()).await.expect("a connection");
    let place = "/.well-known/oauth-protected-resource/branches/v1";
    let told = stranger.get(place, &[]).await.ok();
    let resource = told["resource"].as_str().expect("a URL");
    assert_eq!(resource, format!("{}/branches/v1", house.api_url()));
    let asking = |form: Form| form.with("resource", Some(resource));
    let own = asking(Form(vec![("grant_type", "client_credentials".to_owned())]));
    let own = app.post("/token", own).await.ok();
    let back = app.allowed(asking(Form::request()), "li-lei").await;
    let code = asking(Form::code(&back["code"]));
    let customers = app.post("/token", code).await.ok();
    for tokens in [own, customers] {
        let token = &tokens["access_token"];
        assert_eq!(super::claims(token)["aud"], house.api_url());
        app.call(token).await.ok();
    }
    // Of no agreement of the client's, and of nobody.
    for other in ["fx/v1", "branches/v2", "branches/v1/"] {
        let url = format!("{}/{other}", house.api_url());
        let form = Form::request().with("resource", Some(&url));
        let refused = app.post("/par", form).await;
        is_oauth_error(
            &refused,
            400,
            "invalid_target",
            "an agreement of the client",
        );
    }
}
