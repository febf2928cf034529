//! What of a token is a service's own: the scopes of the products that it is behind, and the
//! details that are for it.

use kit::HouseBuilder;
use serde_json::{Value, json};

use super::{Bank, FILES, of};
use crate::grants::{App, Form, claims};

const SCHEMA: &str = r#"{
  "properties": { "to": true, "locations": { "type": "array", "items": true } }
}"#;

/// A bank whose branches are asked for as visits, and whose catalogue as offers. The files are
/// behind the branches; the statements and the archive behind both.
async fn bank() -> Bank {
    let product =
        |name: &str| format!("apis/{name}.yaml, upstream: core, listeners: [api], deadline: 30s");
    let asking = |name: &str, its: &str| {
        let detail = format!("{{ schema: file:its.json, title: {{ zh-CN: 明细, en: {its} }} }}");
        let product = product(name);
        format!("{product},\n        authorization_details: {{ {its}: {detail} }}")
    };
    let builder = HouseBuilder::new()
        .edit(&product("branches"), &asking("branches", "visit"))
        .edit(&product("catalogue"), &asking("catalogue", "offer"))
        .write("its.json", SCHEMA);
    Bank::of(builder).await
}

#[tokio::test]
async fn in_02_of_what_a_token_grants_a_service_is_told_its_own() {
    let bank = bank().await;
    let api = bank.house.api_url();
    let mut app = App::of(&bank.house, "swiftride-app").await;
    let mut statements = bank.statements().await;
    let all = json!([
        { "type": "visit", "to": "A" },
        { "type": "offer", "to": "B" },
        { "type": "offer", "to": "C", "locations": [FILES] },
        { "type": "visit", "to": "D", "locations": [api] },
        { "type": "offer", "to": "E", "locations": [api, FILES] },
    ]);
    let those = |which: &[usize]| -> Value { which.iter().map(|at| all[*at].clone()).collect() };
    let asking = |which: &[usize]| {
        Form::request()
            .with("scope", Some("branches openid catalogue"))
            .with("authorization_details", Some(&those(which).to_string()))
    };
    let back = app.allowed(asking(&[0, 1, 3, 4]), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let token = &tokens["access_token"];
    assert_eq!(claims(token)["aud"], json!([api, bank.house.issuer_url()]));
    let carried = those(&[0, 1, 3, 4]);
    assert_eq!(claims(token)["authorization_details"], carried);
    // Behind all that is served there; who the customer is, the client alone may ask.
    let told = statements.post("/introspect", of(token)).await.ok();
    assert_eq!(told["scope"], "branches catalogue");
    assert_eq!(told["authorization_details"], carried);
    assert_eq!(told["aud"], api);
    let told = app.post("/introspect", of(token)).await.ok();
    assert_eq!(told["scope"], "branches catalogue openid");

    let form = asking(&[0, 1, 2, 4]).with("resource", Some(FILES));
    let back = app.allowed(form, "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let token = &tokens["access_token"];
    let carried = those(&[0, 1, 2, 4]);
    assert_eq!(claims(token)["authorization_details"], carried);
    // Behind the branches alone: of the other product's details those that name it.
    let told = bank.told(&bank.files, "files", token).await.ok();
    assert_eq!(told["active"], true);
    assert_eq!(told["scope"], "branches");
    assert_eq!(told["authorization_details"], those(&[0, 2, 4]));
    assert_eq!(told["aud"], FILES);
    let told = app.post("/introspect", of(token)).await.ok();
    assert_eq!(told["scope"], "branches catalogue openid");
    assert_eq!(told["authorization_details"], carried);

    // A token that grants nothing of its own is good, and grants nothing there.
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let form = Form::refresh(refresh)
        .with("scope", Some("catalogue"))
        .with("authorization_details", Some(&those(&[1]).to_string()));
    let token = &app.post("/token", form).await.ok()["access_token"];
    let told = bank.told(&bank.files, "files", token).await.ok();
    assert_eq!(told["active"], true);
    for member in ["scope", "authorization_details"] {
        assert_eq!(told.get(member), None, "{member}");
    }
    // Another product behind which it stands from now on.
    bank.house.edit(
        "gateway.yaml",
        "          products: [branches]",
        "          products: [catalogue]",
    );
    bank.house.reload().await;
    let told = bank.told(&bank.files, "files", token).await.ok();
    assert_eq!(told["scope"], "catalogue");
    assert_eq!(told["authorization_details"], those(&[1]));
}
