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
        { "type": "payment", "to": "C", "locations": [api] },
        { "type": "payment", "to": "D", "locations": [FILES] },
    ]);
    let those = |which: &[usize]| -> Value { which.iter().map(|at| all[*at].clone()).collect() };
    // A grant that is for the products, and one for a service of the bank's own.
    for (resource, audience, its) in [(None, &api, [0, 1, 2]), (Some(FILES), &files, [0, 1, 3])] {
        let form = asking(&those(&its)).with("resource", resource);
        let back = app.allowed(form, "li-lei").await;
        let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
        assert_eq!(tokens["authorization_details"], those(&its));
        let again = carried(&mut app, refresh(&tokens), audience).await;
        assert_eq!(again, those(&its));
        // What is asked for of them is narrowed; what was not approved is refused.
        let some = those(&[its[2], 0]);
        let with = |details: &Value| {
            refresh(&tokens).with("authorization_details", Some(&details.to_string()))
        };
        assert_eq!(carried(&mut app, with(&some), audience).await, some);
        let other = those(&[5 - its[2]]);
        let moved = json!([{ "type": "payment", "to": "B", "locations": [audience] }]);
        for wider in [&other, &moved] {
            let refused = app.post("/token", with(wider)).await;
            let says = "each equal one";
            is_oauth_error(&refused, 400, "invalid_authorization_details", says);
        }
        // No other place than the grant's, though a detail names it.
        let elsewhere = if resource.is_some() { &api } else { &files };
        let form = refresh(&tokens).with("resource", elsewhere.as_str());
        let refused = app.post("/token", form).await;
        is_oauth_error(&refused, 400, "invalid_target", "that the grant is for");
    }
}

#[tokio::test]
async fn nothing_is_approved_in_detail_that_no_token_of_the_grant_could_carry() {
    let bank = EchoBank::plain().await;
    let house = house(HouseBuilder::new(), &bank).await;
    let api = house.api_url();
    let mut app = App::of(&house, "swiftride-app").await;
    for (resource, locations) in [
        (None, json!([FILES])),
        (Some(&*api), json!([FILES])),
        (Some(FILES), json!([api])),
        (None, json!([])),
        (Some(FILES), json!([])),
    ] {
        for scope in [Some("branches"), None] {
            let one = json!({ "type": "payment", "to": "A", "locations": locations });
            let form = asking(&json!([{ "type": "payment", "to": "B" }, one]));
            let form = form.with("resource", resource).with("scope", scope);
            let refused = app.post("/par", form).await;
            is_oauth_error(
                &refused,
                400,
                "invalid_authorization_details",
                "authorization_details[1] must have as locations",
            );
        }
    }
}
