//! "My permissions" in the bank's own app, by JSON alone: what is told, what is withdrawn, and who
//! is not heard (AZ-07).

use kit::{Answer, Browser, HouseBuilder, Method, TestHouse};
use serde_json::{Value, json};

use super::{calls, gives};
use crate::grants::{App, with_provider_of};

const JSON: (&str, &str) = ("content-type", "application/json");
const ACCEPT: (&str, &str) = ("accept", "application/json");

/// What an app is told of an address.
async fn told(own: &mut Browser, target: &str) -> Answer {
    own.call(Method::GET, target, &[ACCEPT], String::new())
        .await
}

async fn look(own: &mut Browser, target: &Value) -> Value {
    let target = target.as_str().expect("a link");
    let json = told(own, target).await.ok();
    assert_eq!(json["self"], target, "{json}");
    json
}

/// Sends a form that was told, filled in with this.
async fn sends(own: &mut Browser, form: &Value, said: Value) -> Answer {
    let mut body = json!({ "csrf": form["csrf"], "request": form["request"] });
    for (name, value) in said.as_object().expect("members") {
        body[name] = value.clone();
    }
    let action = form["action"].as_str().expect("a path");
    let body = body.to_string();
    own.call(Method::POST, action, &[JSON], body).await
}

/// An app in which this customer is logged in.
async fn entered(house: &TestHouse, customer: &str) -> Browser {
    let mut own = Browser::new(house);
    let asked = told(&mut own, "/permissions").await;
    asked.is(401, "login_required");
    let form = asked.json()["form"].clone();
    let said = |password: &str| json!({ "username": customer, "password": password });
    let wrong = sends(&mut own, &form, said("wrong")).await;
    wrong.is(401, "access_denied");
    assert!(wrong.json()["tries_left"].as_u64() > Some(0), "{wrong:?}");
    let right = sends(&mut own, &form, said(kit::PASSWORD)).await.ok();
    assert_eq!(right["next"], "/permissions", "{right}");
    own
}

/// What must hold of an answer in JSON that refuses.
trait Refuses {
    fn is(&self, status: u16, error: &str);
}

impl Refuses for Answer {
    #[track_caller]
    fn is(&self, status: u16, error: &str) {
        let told = (self.status.as_u16(), self.code());
        assert_eq!(told, (status, error.to_owned()), "{self:?}");
        assert_eq!(self.json()["request_id"], self.request_id(), "{self:?}");
        assert_eq!(self.header("cache-control"), "no-store", "{self:?}");
    }
}

#[tokio::test]
async fn an_app_of_the_banks_lists_and_withdraws_by_json_alone_and_the_road_is_shut_at_once() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = gives(&house, &mut app, "li-lei").await;
    assert_eq!(calls(&mut app, &tokens).await.status, 200);

    let mut own = entered(&house, "li-lei").await;
    let list = look(&mut own, &json!("/permissions")).await;
    let rows = &list["groups"][0]["rows"];
    assert_eq!((&list["count"], &rows[1]), (&json!(1), &Value::Null));
    let one = look(&mut own, &rows[0]["href"]).await;
    assert_eq!(one["state"], "authorised", "{one}");
    assert_eq!(one["list"], "/permissions", "{one}");
    let receipt = look(&mut own, &one["receipt"]).await;
    assert_eq!(
        (&receipt["id"], &receipt["decision"]),
        (&one["id"], &json!("authorise"))
    );
    let page = own.get(one["receipt"].as_str().expect("a link")).await;
    assert_eq!(receipt["page"], kit::html(&page), "the same bytes");

    let stop = look(&mut own, &one["withdraw"]).await;
    let kept = sends(&mut own, &stop["form"], json!({ "act": "keep" }))
        .await
        .ok();
    assert_eq!(kept["state"], "authorised", "{kept}");
    assert_eq!(calls(&mut app, &tokens).await.status, 200);
    let withdrawn = sends(&mut own, &stop["form"], json!({ "act": "withdraw" }))
        .await
        .ok();
    assert_eq!(withdrawn["state"], "withdrawn", "{withdrawn}");
    assert_eq!(withdrawn["receipt"], one["receipt"], "{withdrawn}");
    assert!(withdrawn["withdraw"].is_null(), "{withdrawn}");
    calls(&mut app, &tokens)
        .await
        .refused(403, "consent_withdrawn");
    let stop = look(&mut own, &one["withdraw"]).await;
    assert!(stop["form"].is_null(), "{stop}");
    let history = look(&mut own, &list["history"]).await;
    assert_eq!(
        history["groups"][0]["rows"][0]["state"], "withdrawn",
        "{history}"
    );

    let out = sends(&mut own, &history["log_out"], json!({})).await.ok();
    assert_eq!(out["logged_in"], false, "{out}");
    told(&mut own, "/permissions")
        .await
        .is(401, "login_required");
    let records = house.records();
    let by_api = |record: &&Value| record["action"] == "consent.withdraw";
    let record = records.iter().find(by_api).expect("a record");
    assert_eq!(record["consent"]["channel"], "api", "{record}");
}

#[tokio::test]
async fn a_page_of_another_origin_and_a_form_of_another_session_withdraw_nothing() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = gives(&house, &mut app, "li-lei").await;
    let mut own = entered(&house, "li-lei").await;
    let list = look(&mut own, &json!("/permissions")).await;
    let one = look(&mut own, &list["groups"][0]["rows"][0]["href"]).await;
    let stop = look(&mut own, &one["withdraw"]).await;
    let form = &stop["form"];
    let target = form["action"].as_str().expect("a path");
    let good = json!({ "act": "withdraw", "csrf": form["csrf"] });
    for origin in ["https://evil.example", "null"] {
        let headers = [JSON, ("origin", origin)];
        let refused = own
            .call(Method::POST, target, &headers, good.to_string())
            .await;
        refused.is(403, "access_denied");
    }
    let mut others = entered(&house, "han-meimei").await;
    let anothers = look(&mut others, &json!("/permissions")).await;
    for body in [
        json!({ "act": "withdraw" }),
        json!({ "act": "withdraw", "csrf": anothers["log_out"]["csrf"] }),
        json!({ "act": "withdraw", "csrf": one["log_out"]["csrf"] }),
    ] {
        let refused = own
            .call(Method::POST, target, &[JSON], body.to_string())
            .await;
        refused.is(403, "access_denied");
    }
    let unknown = json!({ "act": "withdraw", "csrf": form["csrf"], "reason": "x" });
    let refused = own
        .call(Method::POST, target, &[JSON], unknown.to_string())
        .await;
    refused.is(400, "invalid_request");
    let refused = others
        .call(Method::POST, target, &[JSON], good.to_string())
        .await;
    refused.is(403, "access_denied");
    told(&mut others, target).await.is(404, "not_found");
    assert_eq!(calls(&mut app, &tokens).await.status, 200);

    let ours = house.issuer_url();
    let headers = [JSON, ("origin", ours.as_str())];
    let withdrawn = own
        .call(Method::POST, target, &headers, good.to_string())
        .await;
    assert_eq!(withdrawn.ok()["state"], "withdrawn");
}

#[tokio::test]
async fn at_a_bank_with_a_provider_an_app_is_told_where_a_browser_must_go() {
    let (house, _provider) = with_provider_of(HouseBuilder::consenting()).await;
    let mut own = Browser::new(&house);
    let asked = told(&mut own, "/permissions/history?page=2").await;
    asked.is(401, "login_required");
    let json = asked.json();
    assert_eq!(json["log_in"], "/permissions/history?page=2", "{json}");
    assert!(json["form"].is_null(), "{json}");
    let body = json!({ "username": "li-lei", "password": kit::PASSWORD }).to_string();
    let refused = own
        .call(Method::POST, "/permissions/log-in", &[JSON], body)
        .await;
    refused.is(401, "login_required");
    let browser = own.get("/permissions").await;
    assert_eq!(browser.status, 303, "{}", kit::html(&browser));
}
