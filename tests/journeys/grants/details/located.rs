//! Details that are for one place (RFC 9396 §2.2): a token carries those of its audience (§9.1).

use kit::{EchoBank, HouseBuilder};
use serde_json::{Value, json};

use super::super::{App, Form, claims};
use super::told::{FILES, asking, house};
use crate::tokens::is_oauth_error;

/// The details of an answer, which its token and what is told of that say too.
async fn carried(app: &mut App<'_>, form: Form, audience: &Value) -> Value {
    let tokens = app.post("/token", form).await.ok();
    let token = &tokens["access_token"];
    assert_eq!(claims(token)["aud"], *audience);
    let said = claims(token)["authorization_details"].clone();
    assert_eq!(tokens["authorization_details"], said);
    let form = Form(vec![("token", token.as_str().expect("text").to_owned())]);
    let told = app.post("/introspect", form).await.ok();
    assert_eq!(told["authorization_details"], said);
    said
}

fn refresh(tokens: &Value) -> Form {
    Form::refresh(tokens["refresh_token"].as_str().expect("text"))
}

#[tokio::test]
async fn ra_03_a_token_carries_the_details_that_are_for_its_audience_and_says_so() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let (api, files) = (json!(house.api_url()), json!(FILES));
    let mut app = App::of(&house, "swiftride-app").await;
    let all = json!([
        { "type": "payment", "to": "A" },
        { "type": "payment", "to": "B", "locations": [FILES, api] },
        { "type": "payment", "to": "C", "locations": [FILES] },
        { "type": "visit", "to": "D", "locations": [api] },
    ]);
    let those = |which: &[usize]| -> Value { which.iter().map(|at| all[*at].clone()).collect() };
    let back = app.allowed(asking(&all), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens["authorization_details"], those(&[0, 1, 3]));
    // The grant holds them all, each place may be named, and with it come those that are for it.
    let token = tokens["refresh_token"].as_str().expect("text").to_owned();
    let told = app.post("/introspect", Form(vec![("token", token)])).await;
    assert_eq!(told.ok()["authorization_details"], all);
    let at = |resource: &Value| refresh(&tokens).with("resource", resource.as_str());
    let plain = carried(&mut app, refresh(&tokens), &api).await;
    assert_eq!(plain, those(&[0, 1, 3]));
    assert_eq!(carried(&mut app, at(&api), &api).await, those(&[0, 1, 3]));
    assert_eq!(
        carried(&mut app, at(&files), &files).await,
        those(&[0, 1, 2])
    );
    // What is asked for of them is narrowed in the same way; what was not approved is refused.
    let some = those(&[2, 0]).to_string();
    let some = refresh(&tokens).with("authorization_details", Some(&some));
    assert_eq!(carried(&mut app, some.clone(), &api).await, those(&[0]));
    let some = some.with("resource", Some(FILES));
    assert_eq!(carried(&mut app, some, &files).await, those(&[2, 0]));
    let moved = json!([{ "type": "payment", "to": "C", "locations": [api] }]).to_string();
    let moved = refresh(&tokens).with("authorization_details", Some(&moved));
    let refused = app.post("/token", moved).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_authorization_details",
        "each equal one",
    );
    // A grant that is for one place.
    let form = asking(&all).with("resource", Some(FILES));
    let back = app.allowed(form, "li-lei").await;
    let redeemed = carried(&mut app, Form::code(&back["code"]), &files).await;
    assert_eq!(redeemed, those(&[0, 1, 2]));
}

#[tokio::test]
async fn tk_10_a_token_that_would_carry_nothing_where_it_is_for_is_asked_to_name_the_place() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let mut app = App::of(&house, "swiftride-app").await;
    let files = json!([{ "type": "payment", "to": "A", "locations": [FILES] }]);
    let alone = asking(&files).with("scope", None);
    let back = app.allowed(alone, "li-lei").await;
    let code = Form::code(&back["code"]);
    for form in [
        code.clone(),
        code.clone().with("resource", Some(&house.api_url())),
    ] {
        let refused = app.post("/token", form).await;
        is_oauth_error(&refused, 400, "invalid_target", "that the grant is for");
    }
    // Nothing was used up.
    let named = code.with("resource", Some(FILES));
    assert_eq!(carried(&mut app, named, &json!(FILES)).await, files);
    // Beside a scope there is something left, for the products.
    let back = app.allowed(asking(&files), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens.get("authorization_details"), None);
    assert_eq!(claims(&tokens["access_token"])["aud"], house.api_url());
    // Who the customer is, is told by the issuer alone.
    let form = asking(&files).with("scope", Some("openid"));
    let back = app.allowed(form, "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(claims(&tokens["access_token"])["aud"], house.issuer_url());
    assert_eq!(tokens.get("authorization_details"), None);
    // No place that no detail names.
    let anywhere = json!([{ "type": "payment", "to": "A" }]);
    let back = app.allowed(asking(&anywhere), "li-lei").await;
    let form = Form::code(&back["code"]).with("resource", Some(FILES));
    let refused = app.post("/token", form).await;
    is_oauth_error(&refused, 400, "invalid_target", "that the grant is for");
}
