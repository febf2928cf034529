//! Rich authorization requests, end to end (RFC 9396): asked for, read and approved by a customer,
//! carried by tokens, and demanded on the road.

mod located;
mod told;

use kit::{Browser, HouseBuilder, TestHouse, Version, html};
use serde_json::{Value, json};

use super::log_in::tells;
use super::pages::led_back;
use super::request_objects::{Object, signed};
use super::{App, BRANCHES, Form, claims, decide, log_in};
use crate::tokens::is_oauth_error;

/// The marks of an operation, up to the type of details that it demands.
const LIST_BRANCHES: &str = "by city and type, in pages
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: branches
      x-mortise-authorization-details: ";

const SCHEMA: &str = r#"{
  "required": ["branch"],
  "properties": {
    "branch": { "type": "string", "x-mortise-title": { "zh-CN": "网点", "en": "Branch" } },
    "locations": { "type": "array", "items": true },
    "slots": { "type": "array", "items": { "type": "string" } },
    "visitor": { "type": "object", "properties": { "name": { "type": "string" } } }
  }
}"#;

/// A house whose branches can be visited, where that was approved in detail: one operation demands
/// it, the other does not.
async fn house() -> TestHouse {
    HouseBuilder::new()
        .edit(
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s }",
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s,
        authorization_details: { branch_visit: { schema: file:visit.json,
          title: { zh-CN: 预约到访, en: A visit } } } }",
        )
        .edit(
            "apis/fx.yaml, upstream: core, listeners: [api], deadline: 30s }",
            "apis/fx.yaml, upstream: core, listeners: [api], deadline: 30s,
        authorization_details: { rate_watch: { schema: file:visit.json,
          title: { zh-CN: 汇率提醒, en: A watch on rates } } } }",
        )
        .write("visit.json", SCHEMA)
        .edit_file(
            "apis/branches.yaml",
            &format!("{LIST_BRANCHES}none"),
            &format!("{LIST_BRANCHES}branch_visit"),
        )
        .start()
        .await
}

fn visit(branch: &str) -> Value {
    json!({ "type": "branch_visit", "branch": branch })
}

/// A request for these details beside the scope.
fn asking(details: &Value) -> Form {
    Form::request().with("authorization_details", Some(&details.to_string()))
}

#[tokio::test]
async fn ra_01_details_that_are_not_to_be_had_are_refused_before_anybody_logs_in() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let long = json!([{ "type": "branch_visit", "branch": "x".repeat(490) }]);
    for (text, says) in [
        ("[]", "JSON array of 1 to 20"),
        ("{}", "JSON array"),
        (r#"{"type":"branch_visit","branch":"1"}"#, "JSON array"),
        (r#"["branch_visit"]"#, "JSON array"),
        (
            r#"[{"type":"branch_visit","branch":"1","branch":"2"}]"#,
            "stands twice",
        ),
        (
            &format!("[{}]", vec![visit("1").to_string(); 21].join(",")),
            "1 to 20",
        ),
        (
            &json!([visit(&"x".repeat(17_000))]).to_string(),
            "16384 bytes",
        ),
        (r#"[{"branch":"1"}]"#, "[0] must have a type that is open"),
        (
            r#"[{"type":"payment","branch":"1"}]"#,
            "[0] must have a type that is open",
        ),
        // Of a product that no agreement of the partner holds.
        (
            r#"[{"type":"rate_watch","branch":"1"}]"#,
            "[0] must have a type that is open",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1"},{"type":"branch_visit"}]"#,
            "authorization_details[1] must be as the schema",
        ),
        (
            r#"[{"type":"branch_visit","branch":1}]"#,
            "authorization_details[0]/branch must be as the schema",
        ),
        (
            &format!("{}1{}", r#"[{"a":"#.repeat(5), "}]".repeat(5)),
            "at most 8 deep",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1","more":1}]"#,
            "does not name",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1","visitor":{"age":1}}]"#,
            "authorization_details[0]/visitor must be as the schema of its type says, without",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1","locations":["https://elsewhere.example"]}]"#,
            "locations",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1","locations":[1]}]"#,
            "locations",
        ),
        (
            r#"[{"type":"branch_visit","branch":"1\n2"}]"#,
            "must fit on the page",
        ),
    ] {
        let form = Form::request().with("authorization_details", Some(text));
        let object = Object::of(&app, &form).by(&app.partner);
        for form in [form, signed(&object)] {
            let refused = app.post("/par", form).await;
            assert_eq!(
                refused.code(),
                "invalid_authorization_details",
                "{text:.60}"
            );
            is_oauth_error(&refused, 400, "invalid_authorization_details", says);
        }
    }
    let twice = asking(&json!([visit("1")])).and("authorization_details", "[]");
    let twice = app.post("/par", twice).await;
    is_oauth_error(&twice, 400, "invalid_request", "more than once");
    assert_eq!(app.post("/par", asking(&long)).await.status, 201);
    // A client's own token carries none.
    let mut other = App::of(&house, "cartwheel-app").await;
    let own = Form(vec![
        ("grant_type", "client_credentials".to_owned()),
        ("authorization_details", json!([visit("1")]).to_string()),
    ]);
    let refused = other.post("/token", own).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_authorization_details",
        "by a customer",
    );
}

#[tokio::test]
async fn ra_03_the_page_shows_every_member_in_the_customers_language() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([
        { "type": "branch_visit", "branch": "<b>7</b>", "slots": ["Mon", "Tue"],
          "visitor": { "name": "李雷" } },
        visit("8"),
    ]);
    let reference = app.push(asking(&details)).await;
    for (language, title, app_name, branch, colon) in [
        ("en", "A visit", "SwiftRide", "Branch", ": "),
        ("zh-CN", "预约到访", "迅行出行", "网点", "："),
    ] {
        let mut browser = Browser::new(&house);
        let link = format!("{}&ui_locales={language}", app.link(&reference));
        let page = browser.get(&link).await;
        let page = html(&log_in(&mut browser, &page, "li-lei").await);
        assert_eq!(page.matches(title).count(), 2, "{page}");
        for told in [app_name, ">branches<"] {
            assert!(page.contains(told), "{told}: {page}");
        }
        for (name, text) in [
            (branch, "&lt;b&gt;7&lt;&#x2f;b&gt;"),
            ("slots [1]", "Mon"),
            ("slots [2]", "Tue"),
            ("visitor · name", "李雷"),
            (branch, "8"),
        ] {
            let line = format!("<bdi>{name}</bdi>{colon}</span><bdi>{text}</bdi>");
            assert!(page.contains(&line), "{line}: {page}");
        }
    }
}

#[tokio::test]
async fn ra_03_what_was_approved_stands_in_answer_token_and_introspection() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([visit("7"), visit("8")]);
    let back = app.allowed(asking(&details), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens["authorization_details"], details);
    assert_eq!(
        claims(&tokens["access_token"])["authorization_details"],
        details
    );
    for name in ["access_token", "refresh_token"] {
        let token = tokens[name].as_str().expect("text").to_owned();
        let told = app
            .post("/introspect", Form(vec![("token", token)]))
            .await
            .ok();
        assert_eq!(told["authorization_details"], details, "{name}");
    }
    app.call(&tokens["access_token"]).await.ok();
}

#[tokio::test]
async fn what_was_approved_in_detail_can_be_shown_from_the_log_and_is_not_told_by_it() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let visits = json!([visit("SH-001"), visit("SH-002")]);
    let api = house.api_url();
    let form = asking(&visits).with("resource", Some(&api));
    let back = app.allowed(form, "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let token = claims(&tokens["access_token"]);
    let key = token["grant_id"].as_str().expect("a grant");
    let seal = |details: &Value| {
        let hmac = crypto::hmac_sha256(key.as_bytes(), details.to_string().as_bytes());
        json!({ "types": "branch_visit", "hmac": crypto::base64url(&hmac) })
    };
    let narrowed = json!([visit("SH-002")]);
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let less = Form::refresh(refresh).with("authorization_details", Some(&narrowed.to_string()));
    app.post("/token", less).await.ok();
    let records = house.records();
    let details = |r#type: &str| -> Vec<Value> {
        let its = |record: &&Value| record["type"] == r#type && record.get("details").is_some();
        records.iter().filter(its).cloned().collect()
    };
    let approved = details("oauth.grant");
    assert_eq!(approved.len(), 1, "{approved:?}");
    assert_eq!(approved[0]["action"], "grant.approve");
    assert_eq!(approved[0]["scope"], "branches");
    assert_eq!(approved[0]["details"], seal(&visits));
    assert_eq!(approved[0]["resource"], json!(api));
    let issued = details("oauth.token");
    assert_eq!(issued.len(), 2, "{issued:?}");
    assert_eq!(issued[0]["details"], seal(&visits));
    assert_eq!(issued[1]["details"], seal(&narrowed));
    for record in &issued {
        assert_eq!(record["aud"], json!(api));
    }
    assert!(!format!("{records:?}").contains("SH-00"));
}

#[tokio::test]
async fn ra_04_a_token_carries_what_was_approved_or_less_and_never_more() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let form = asking(&json!([visit("7"), visit("8")]));
    let back = app.allowed(form.clone(), "li-lei").await;
    let with = |form: Form, details: &Value| {
        form.with("authorization_details", Some(&details.to_string()))
    };
    let wider = with(Form::code(&back["code"]), &json!([visit("7"), visit("9")]));
    let refused = app.post("/token", wider).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_authorization_details",
        "each equal one",
    );
    let less = with(Form::code(&back["code"]), &json!([visit("8")]));
    let tokens = app.post("/token", less).await.ok();
    assert_eq!(tokens["authorization_details"], json!([visit("8")]));
    // The grant stays as it was approved.
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let all = app.post("/token", Form::refresh(refresh)).await.ok();
    assert_eq!(
        all["authorization_details"],
        json!([visit("7"), visit("8")])
    );
    let twice = with(Form::refresh(refresh), &json!([visit("7"), visit("7")]));
    let refused = app.post("/token", twice).await;
    is_oauth_error(&refused, 400, "invalid_authorization_details", "as often");
    let wider = with(
        Form::refresh(refresh),
        &json!([{ "type": "branch_visit", "branch": "7", "slots": [] }]),
    );
    let refused = app.post("/token", wider).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_authorization_details",
        "each equal one",
    );
}

#[tokio::test]
async fn ra_05_the_road_holds_scope_and_details() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([visit("7")]);
    // The scope alone.
    let plain = app.tokens("li-lei").await;
    let refused = app.call(&plain["access_token"]).await;
    let problem = refused.refused(403, "insufficient_details");
    assert_eq!(
        problem["expected"],
        "Authorization details of type branch_visit."
    );
    assert_eq!(
        refused.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\""
    );
    let bearer = |token: &Value| format!("Bearer {}", token.as_str().expect("a token"));
    let one = format!("{BRANCHES}/branch-shanghai-03");
    let headers = [("authorization", &*bearer(&plain["access_token"]))];
    app.client.get(&one, &headers).await.ok();
    // The details alone: no scope is asked for, and none is given.
    let alone = asking(&details).with("scope", None);
    let back = app.allowed(alone, "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    assert_eq!(tokens.get("scope"), None);
    assert_eq!(claims(&tokens["access_token"]).get("scope"), None);
    let refused = app.call(&tokens["access_token"]).await;
    refused.refused(403, "insufficient_scope");
    // Both.
    let back = app.allowed(asking(&details), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    app.call(&tokens["access_token"]).await.ok();
    // Neither.
    let none = app.post("/par", Form::request().with("scope", None)).await;
    is_oauth_error(&none, 400, "invalid_request", "scope is required");
}

#[tokio::test]
async fn ra_01_a_request_object_says_details_as_json_or_as_its_text() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([visit("7")]);
    for said in [details.clone(), json!(details.to_string())] {
        let object = Object::of(&app, &Form::request()).with("authorization_details", said);
        let object = object.by(&app.partner);
        let back = app.allowed(signed(&object), "li-lei").await;
        let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
        assert_eq!(tokens["authorization_details"], details);
    }
    let unknown = json!([{ "type": "branch_visit", "branch": "7", "more": 1 }]);
    let object = Object::of(&app, &Form::request()).with("authorization_details", unknown);
    let object = object.by(&app.partner);
    let refused = app.post("/par", signed(&object)).await;
    is_oauth_error(
        &refused,
        400,
        "invalid_authorization_details",
        "does not name",
    );
}

#[tokio::test]
async fn a_detail_that_its_schema_no_longer_takes_is_in_no_token_and_on_no_page() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([visit("7"), { "type": "branch_visit", "branch": "8", "slots": ["1"] }]);
    let pushed = app.push(asking(&details)).await;
    let waiting = app.allowed(asking(&details), "li-lei").await;
    let back = app.allowed(asking(&details), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    house.edit(
        "visit.json",
        "\"required\": [\"branch\"]",
        "\"required\": [\"slots\"]",
    );
    house.reload().await;
    let left = json!([details[1]]);
    let refresh = tokens["refresh_token"].as_str().expect("text").to_owned();
    let fresh = app.post("/token", Form::refresh(&refresh)).await.ok();
    assert_eq!(fresh["authorization_details"], left);
    let told = app
        .post("/introspect", Form(vec![("token", refresh.clone())]))
        .await
        .ok();
    assert_eq!(told["authorization_details"], left);
    let redeemed = app.post("/token", Form::code(&waiting["code"])).await.ok();
    assert_eq!(redeemed["authorization_details"], left);
    let gone = Form::refresh(&refresh).with(
        "authorization_details",
        Some(&json!([visit("7")]).to_string()),
    );
    let gone = app.post("/token", gone).await;
    is_oauth_error(&gone, 400, "invalid_authorization_details", "approved");
    let mut browser = Browser::new(&house);
    let back = led_back(&browser.get(&app.link(&pushed)).await);
    tells(&house, &back, "invalid_authorization_details");
}

#[tokio::test]
async fn a_type_that_is_gone_opens_nothing_any_more() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let details = json!([visit("7")]);
    let back = app.allowed(asking(&details), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    let alone = app
        .allowed(asking(&details).with("scope", None), "li-lei")
        .await;
    let alone = app.post("/token", Form::code(&alone["code"])).await.ok();
    app.call(&tokens["access_token"]).await.ok();
    // An operation demands what its product has: the type goes from both, or from neither.
    house.edit("gateway.yaml", "{ branch_visit:", "{ branch_call:");
    let said = house.refuses_to_reload().await;
    assert!(
        said.contains("no authorization details of type `branch_visit`"),
        "{said}"
    );
    app.call(&tokens["access_token"]).await.ok();
    house.edit(
        "apis/branches.yaml",
        "authorization-details: branch_visit",
        "authorization-details: branch_call",
    );
    house.reload().await;
    app.call(&tokens["access_token"])
        .await
        .refused(403, "insufficient_details");
    let refresh = |tokens: &Value| Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let fresh = app.post("/token", refresh(&tokens)).await.ok();
    assert_eq!(fresh.get("authorization_details"), None);
    app.call(&fresh["access_token"])
        .await
        .refused(403, "insufficient_details");
    // Of a grant of nothing else nothing is left.
    let none = app.post("/token", refresh(&alone)).await;
    is_oauth_error(&none, 400, "invalid_grant", "open to this client now");
    let token = alone["refresh_token"].as_str().expect("text").to_owned();
    let told = app.post("/introspect", Form(vec![("token", token)])).await;
    assert_eq!(told.ok(), json!({ "active": false }));
}

#[tokio::test]
async fn what_is_asked_for_is_what_a_token_can_carry_and_that_is_read_everywhere() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let ending = |last: usize| {
        let slots = [vec!["x".repeat(400); 40], vec!["y".repeat(last)]].concat();
        json!([{ "type": "branch_visit", "branch": "7", "slots": slots }]).to_string()
    };
    let of_bytes = |bytes: usize| ending(bytes - ending(0).len());
    let scope = "branches";
    let most = of_bytes(16_384 - scope.len());
    let more = of_bytes(16_384 - scope.len() + 1);
    let asking = |text: &str| Form::request().with("authorization_details", Some(text));
    let refused = app.post("/par", asking(&more)).await;
    is_oauth_error(&refused, 400, "invalid_scope", "16384 bytes together");
    let back = app.allowed(asking(&most), "li-lei").await;
    let tokens = app.post("/token", Form::code(&back["code"])).await.ok();
    app.call(&tokens["access_token"]).await.ok();
    let form = Form(vec![(
        "token",
        tokens["access_token"].as_str().expect("text").to_owned(),
    )]);
    let told = app.post("/introspect", form).await.ok();
    assert_eq!(told["active"], true);
}

#[tokio::test]
async fn ra_06_the_types_are_announced_by_issuer_and_resource() {
    let house = house().await;
    let dial = house.dial(None, Version::Http2);
    let mut issuer = dial.connect(house.issuer()).await.expect("a connection");
    let place = "/.well-known/oauth-authorization-server";
    let metadata = issuer.get(place, &[]).await.ok();
    let name = "authorization_details_types_supported";
    assert_eq!(metadata[name], json!(["branch_visit", "rate_watch"]));
    let mut api = dial.connect(house.api()).await.expect("a connection");
    let place = "/.well-known/oauth-protected-resource";
    let branches = api.get(&format!("{place}/branches/v1"), &[]).await.ok();
    assert_eq!(branches[name], json!(["branch_visit"]));
    let catalogue = api.get(&format!("{place}/catalogue/v1"), &[]).await.ok();
    assert_eq!(catalogue.get(name), None);
}

#[tokio::test]
async fn a_customer_who_refuses_gives_no_detail() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let reference = app.push(asking(&json!([visit("7")]))).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    let back = decide(&mut browser, &page, "refuse").await;
    assert_eq!(kit::query(&back)["error"], "access_denied");
}
