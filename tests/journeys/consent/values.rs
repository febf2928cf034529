//! Values that a customer consented to one by one: they stand in the token, and bind every call.

use kit::{Answer, Method, TestHouse};
use model::MovedClock;
use serde_json::{Value, json};

use super::giving::{Given, THERE, bearer, give, unhurried};
use crate::evidence::one_soon;
use crate::grants::{App, Form, claims};
use crate::tokens::is_oauth_error;

/// A request to ask whether 500 yuan are there.
fn asks() -> Form {
    let details = json!([{
        "type": "funds_check",
        "max_amount": { "currency": "CNY", "value": "500.00" },
    }]);
    Form::request()
        .with("scope", Some("funds"))
        .with("authorization_details", Some(&details.to_string()))
}

/// What the question whether this can be paid is answered.
async fn confirmed(app: &mut App<'_>, bearer: &str, body: &str) -> Answer {
    confirmed_as(app, bearer, &["application/json"], body).await
}

/// The same of a body that is said to be this.
async fn confirmed_as(app: &mut App<'_>, bearer: &str, types: &[&str], body: &str) -> Answer {
    let types = types.iter().map(|one| ("content-type", *one));
    let headers: Vec<_> = [("authorization", bearer), THERE]
        .into_iter()
        .chain(types)
        .collect();
    let path = "/accounts/v1/funds-confirmations";
    let sent = app
        .client
        .call(Method::POST, path, &headers, body.to_owned());
    sent.await.expect("an answer")
}

fn body(account: &str, currency: &str, value: &Value) -> String {
    let amount = json!({ "currency": currency, "value": value });
    json!({ "accountId": account, "amount": amount }).to_string()
}

async fn given(house: &TestHouse, app: &mut App<'_>) -> Given {
    give(house, app, asks(), ("li-lei", &[1])).await
}

#[tokio::test]
async fn an_amount_is_confirmed_for_the_account_and_up_to_the_limit_that_were_consented_to() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    let (own, other) = (given.chosen[0].as_str(), given.others[0].as_str());
    let token = given.bearer();
    for value in ["500.00", "499.99", "0.01"] {
        let sent = body(own, "CNY", &json!(value));
        let answer = confirmed(&mut app, &token, &sent).await;
        let request = answer.request_id();
        // What went out is told with its digest, and what came in as well.
        let record = one_soon(&house, &request, "api.access").await;
        let digest = crypto::base64url(&crypto::sha256(&answer.body));
        let told = json!({ "len": answer.body.len(), "sha256": digest });
        assert_eq!(record["resp"], told, "{record:#}");
        let end = one_soon(&house, &request, "api.end").await;
        let bytes = json!({ "in": sent.len(), "out": answer.body.len() });
        assert_eq!(end["bytes"], bytes, "{end:#}");
        let answer = answer.ok();
        assert!(answer["available"].is_boolean(), "{answer}");
    }
    let calls = house.bank.calls();
    for (account, currency, value) in [
        (own, "CNY", json!("500.01")),
        (own, "CNY", json!("99999999.00")),
        (own, "CNY", json!("-1.00")),
        (own, "CNY", json!(1)),
        (own, "CNY", json!("5e1")),
        (own, "USD", json!("1.00")),
        (other, "CNY", json!("1.00")),
        ("acc-AAAAAAAAAAAAAAAAAAAAAA", "CNY", json!("1.00")),
    ] {
        let body = body(account, currency, &value);
        let answer = confirmed(&mut app, &token, &body).await;
        answer.refused(403, "not_covered");
    }
    for text in ["{}", "[]", &format!("{{\"accountId\":\"{own}\"}}")] {
        let answer = confirmed(&mut app, &token, text).await;
        answer.refused(403, "not_covered");
    }
    // What two readers could read differently is read by none.
    let twice =
        body(own, "CNY", &json!("1.00")).replacen('{', &format!("{{\"accountId\":\"{other}\","), 1);
    let good = body(own, "CNY", &json!("1.00"));
    // A bank could take another account from a member that nobody described.
    let open = good.strip_suffix('}').expect("an object");
    let beside = format!("{open},\"account_id\":\"{other}\"}}");
    let inside = good.replace("\"CNY\"", &format!("\"CNY\",\"account_id\":\"{other}\""));
    for text in [twice.as_str(), "", "{", &beside, &inside] {
        let answer = confirmed(&mut app, &token, text).await;
        answer.refused(400, "malformed_request");
    }
    let (form, json) = ("application/x-www-form-urlencoded", "application/json");
    for types in [&[][..], &[form], &[json, form]] {
        let answer = confirmed_as(&mut app, &token, types, &good).await;
        answer.refused(400, "malformed_request");
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

#[tokio::test]
async fn co_07_tokens_say_what_was_consented_to_and_never_more() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    let consented = json!([{
        "type": "funds_check",
        "max_amount": { "currency": "CNY", "value": "500.00" },
        "account": given.chosen[0],
    }]);
    let refresh = given.tokens["refresh_token"].as_str().expect("a token");
    let form = || Form::refresh(refresh);
    // Told with the token (RFC 9396 §7), and the same at each refresh.
    let again = app.post("/token", form()).await.ok();
    let named = form().with("authorization_details", Some(&consented.to_string()));
    let named = app.post("/token", named).await.ok();
    for tokens in [&given.tokens, &again, &named] {
        assert_eq!(tokens["authorization_details"], consented);
        let claims = claims(&tokens["access_token"]);
        assert_eq!(claims["authorization_details"], consented);
        let body = body(&given.chosen[0], "CNY", &json!("500.00"));
        confirmed(&mut app, &bearer(tokens), &body).await.ok();
    }
    for (pointer, value) in [
        ("/0/max_amount/value", json!("500.01")),
        ("/0/max_amount/currency", json!("USD")),
        ("/0/account", json!(given.others[0])),
        ("/0/type", json!("funds")),
    ] {
        let mut wider = consented.clone();
        *wider.pointer_mut(pointer).expect("a member") = value;
        let wider = form().with("authorization_details", Some(&wider.to_string()));
        let answer = app.post("/token", wider).await;
        is_oauth_error(&answer, 400, "invalid_authorization_details", "");
    }
    let mut twice = consented.clone();
    let list = twice.as_array_mut().expect("a list");
    list.push(list[0].clone());
    let wider = form().with("authorization_details", Some(&twice.to_string()));
    let answer = app.post("/token", wider).await;
    is_oauth_error(&answer, 400, "invalid_authorization_details", "");
}

#[tokio::test]
async fn co_18_no_client_says_itself_which_account_its_customer_chooses() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (member, value) in [
        ("account", json!("acc-AAAAAAAAAAAAAAAAAAAAAA")),
        ("status", json!("authorised")),
        ("customer", json!("harbour-000101")),
        ("partner", json!("cartwheel")),
        ("consent_id", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        let mut detail = json!({
            "type": "funds_check",
            "max_amount": { "currency": "CNY", "value": "500.00" },
        });
        detail[member] = value;
        let details = json!([detail]).to_string();
        let form = asks().with("authorization_details", Some(&details));
        let answer = app.post("/par", form).await;
        is_oauth_error(&answer, 400, "invalid_authorization_details", "");
    }
}
