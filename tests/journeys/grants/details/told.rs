//! What the bank's service is told of a token's details (RFC 9396 §9.1), and which of them count
//! where (§2.2).

use kit::{EchoBank, HouseBuilder, TestHouse, Version};
use serde_json::{Value, json};

use super::super::{App, Form};
use crate::tokens::published;

/// A resource of the bank's own, beside the gateway's.
pub(super) const FILES: &str = "https://files.harbour.example";
const PAYMENTS: &str = "/echo/v1/payments";
const VISITS: &str = "/echo/v1/visits";
const PLAIN: &str = "/echo/v1/plain";

const SCHEMA: &str = r#"{
  "required": ["to"],
  "properties": {
    "to": { "type": "string" },
    "amount": { "type": "integer" },
    "locations": { "type": "array", "items": { "type": "string" } }
  }
}"#;

/// An API with an operation for each type of details, and one that demands none.
fn api() -> String {
    let operations = [
        ("payments", "payment"),
        ("visits", "visit"),
        ("plain", "none"),
    ];
    let paths = operations.map(|(path, details)| {
        format!(
            "  /{path}:
    get:
      operationId: read-{path}
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: echo
      x-mortise-authorization-details: {details}
      x-mortise-authentication: none
      responses: {{ '200': {{ description: What came. }} }}
"
        )
    });
    format!(
        "openapi: 3.1.0
info: {{ title: Echo, version: 1.0.0 }}
servers: [{{ url: /echo/v1 }}]
paths:
{}",
        paths.concat()
    )
}

/// A house with that API before this bank, and a service of the bank's own that takes tokens too.
pub(super) async fn house(builder: HouseBuilder, bank: &EchoBank) -> TestHouse {
    let resource_server = format!(
        "      grant_lifetime: 90d
      resource_servers:
        files:
          auth: tls_client_auth
          certificate: {{ san_dns: files.harbour.example }}
          audience: {FILES}
          products: [echo]
#"
    );
    builder
        .with_echo(bank)
        .write("apis/echo.yaml", &api())
        .write("told.json", SCHEMA)
        .edit(
            "apis/echo.yaml, upstream: echo, listeners: [api], deadline: 30s }",
            "apis/echo.yaml, upstream: echo, listeners: [api], deadline: 30s,
        authorization_details: {
          payment: { schema: file:told.json, title: { zh-CN: 付款, en: A payment } },
          visit: { schema: file:told.json, title: { zh-CN: 到访, en: A visit } } } }",
        )
        .edit("      grant_lifetime: 90d", &resource_server)
        .start()
        .await
}

/// A request for these details and the scope of the operations.
pub(super) fn asking(details: &Value) -> Form {
    Form::request()
        .with("scope", Some("echo"))
        .with("authorization_details", Some(&details.to_string()))
}

/// The access token of a customer who allows these details.
async fn token(app: &mut App<'_>, details: &Value) -> Value {
    let back = app.allowed(asking(details), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens["authorization_details"], *details);
    tokens["access_token"].clone()
}

/// A token that the issuer would not make: with details for other places than its audience.
async fn forged(house: &TestHouse, app: &App<'_>, details: &Value) -> Value {
    let mut claims = house.claims(&app.partner, "echo");
    claims["authorization_details"] = details.clone();
    let token = house.issuer_key().await.sign("at+jwt", &claims);
    json!(token.expect("a token"))
}

/// The assertion that the bank got with a call under this token.
async fn told(app: &mut App<'_>, path: &str, token: &Value) -> String {
    let bearer = format!("Bearer {}", token.as_str().expect("text"));
    let echo = app.client.get(path, &[("authorization", &bearer)]).await;
    let echo = echo.ok();
    let assertions = &echo["headers"]["x-mortise-identity"];
    assert_eq!(assertions.as_array().map(Vec::len), Some(1), "{echo}");
    assertions[0].as_str().expect("text").to_owned()
}

/// An assertion's claims, once its signature is verified with the keys that the bank reads.
async fn verified(house: &TestHouse, assertion: &str) -> Value {
    let rules = crypto::Rules {
        typ: crypto::Typ::Exactly(&["mortise-identity+jwt"]),
        bytes_max: 24 * 1024,
    };
    let keys = published(house, "/jwks/upstream").await;
    let verified = crypto::verify(assertion, &keys, &rules).expect("a good signature");
    serde_json::from_slice(&verified.claims).expect("claims")
}

#[tokio::test]
async fn ra_05_the_bank_is_told_the_details_that_the_operation_demands_and_no_others() {
    for is_tls in [false, true] {
        let builder = HouseBuilder::new();
        let bank = if is_tls {
            EchoBank::tls(&builder, Version::Http2).await
        } else {
            EchoBank::plain().await
        };
        let house = house(builder, &bank).await;
        let api = house.api_url();
        let mut app = App::of(&house, "swiftride-app").await;
        let all = json!([
            { "type": "payment", "to": "李雷", "amount": 120 },
            { "type": "visit", "to": "branch 7" },
            { "type": "payment", "to": "B", "amount": 7, "locations": [FILES, api] },
            { "type": "payment", "to": "C", "amount": 9, "locations": [FILES] },
        ]);
        let token = forged(&house, &app, &all).await;
        let mut first = Vec::new();
        for (path, expected) in [
            (PAYMENTS, Some(json!([all[0], all[2]]))),
            (VISITS, Some(json!([all[1]]))),
            (PLAIN, None),
        ] {
            let assertion = told(&mut app, path, &token).await;
            let claims = verified(&house, &assertion).await;
            let details = claims.get("authorization_details");
            assert_eq!(details, expected.as_ref(), "{path}");
            assert_eq!(claims["client"], "swiftride-app");
            first.push((path, assertion));
        }
        // Whatever was called between, each operation's own is told again.
        for (path, assertion) in first {
            assert_eq!(told(&mut app, path, &token).await, assertion, "{path}");
        }
    }
}

#[tokio::test]
async fn ra_05_one_tokens_details_are_not_told_with_another() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let mut app = App::of(&house, "swiftride-app").await;
    let approved = ["A", "B"].map(|to| json!([{ "type": "payment", "to": to, "amount": 1 }]));
    let mut tokens = Vec::new();
    for details in &approved {
        tokens.push(token(&mut app, details).await);
    }
    for _ in 0..2 {
        for (token, details) in tokens.iter().zip(&approved) {
            let assertion = told(&mut app, PAYMENTS, token).await;
            let claims = verified(&house, &assertion).await;
            assert_eq!(claims["authorization_details"], *details);
        }
    }
}

#[tokio::test]
async fn ra_05_a_detail_for_another_place_opens_nothing_here() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([
        { "type": "payment", "to": "A", "locations": [FILES] },
        { "type": "visit", "to": "B" },
    ]);
    let token = forged(&house, &app, &details).await;
    let bearer = format!("Bearer {}", token.as_str().expect("text"));
    let headers = [("authorization", &*bearer)];
    let refused = app.client.get(PAYMENTS, &headers).await;
    refused.refused(403, "insufficient_details");
    assert_eq!(bank.calls(), 0);
    app.client.get(VISITS, &headers).await.ok();
}

#[tokio::test]
async fn ra_05_many_details_are_told_whole_and_not_kept() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let mut app = App::of(&house, "swiftride-app").await;
    let one = |at: u32| json!({ "type": "payment", "to": "x".repeat(450), "amount": at });
    let all: Value = (0..20).map(one).collect();
    let token = token(&mut app, &all).await;
    let first = told(&mut app, PAYMENTS, &token).await;
    assert!(first.len() > 12_000, "{}", first.len());
    let claims = verified(&house, &first).await;
    assert_eq!(claims["authorization_details"], all);
    let second = told(&mut app, PAYMENTS, &token).await;
    let again = verified(&house, &second).await;
    assert_eq!(again["authorization_details"], all);
    assert_ne!(again["jti"], claims["jti"], "signed for this call");
    // What is short is kept, of the same token.
    let plain = told(&mut app, PLAIN, &token).await;
    assert_eq!(told(&mut app, PLAIN, &token).await, plain);
}
