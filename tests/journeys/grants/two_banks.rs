//! Two banks in one process, whose issuers have different profiles: each demands and announces its
//! own.

use kit::{Browser, HouseBuilder, TestHouse, query};
use serde_json::{Value, json};

use super::request_objects::{Object, signed};
use super::{App, Form, decide, log_in};
use crate::tokens::is_oauth_error;

/// A house with a second bank, whose issuer demands that requests are signed.
async fn house() -> TestHouse {
    let builder = HouseBuilder::new();
    let issuer = builder.prepared().issuer_url.clone();
    let file = std::fs::read_to_string(builder.config()).expect("a readable file");
    let begin = file.find("\n  harbour:\n").expect("the first bank") + 1;
    let end = file.find("\n# A partner is known").expect("its end");
    let apis = ["fx", "branches", "catalogue"].map(|api| format!("apis/{api}.yaml"));
    let quay = file[begin..end]
        .replace("  harbour:\n", "  quay:\n")
        .replace(
            &format!("url: {issuer}\n"),
            &format!("url: {issuer}/quay\n"),
        )
        .replace("profile: fapi2 ", "profile: fapi2_message_signing ");
    let quay = apis.iter().fold(quay, |text, api| {
        text.replace(api, &api.replace("apis/", "apis/quay-"))
    });
    let agreement = file
        .lines()
        .find(|line| line.contains("partner: swiftride, bank: harbour"))
        .expect("an agreement");
    let theirs = agreement.replace("bank: harbour", "bank: quay");
    let builder = apis.iter().fold(builder, |builder, api| {
        let text = std::fs::read_to_string(builder.dir().join(api)).expect("a readable file");
        let elsewhere = text.replace("servers: [{ url: /", "servers: [{ url: /quay/");
        let elsewhere = elsewhere.replace("- url: /", "- url: /quay/");
        builder.write(&api.replace("apis/", "apis/quay-"), &elsewhere)
    });
    builder
        .edit("banks:\n", &format!("banks:\n{quay}"))
        .edit(agreement, &format!("{agreement}\n{theirs}"))
        .start()
        .await
}

/// The metadata of the issuer at this path.
async fn metadata(house: &TestHouse, path: &str) -> Value {
    let place = format!("/.well-known/oauth-authorization-server{path}");
    Browser::new(house).get(&place).await.json()
}

#[tokio::test]
async fn two_banks_of_different_profiles_stand_side_by_side() {
    let house = house().await;
    for (path, demands) in [("", false), ("/quay", true)] {
        let told = metadata(&house, path).await;
        assert_eq!(told["issuer"], format!("{}{path}", house.issuer_url()));
        assert_eq!(told["require_signed_request_object"], demands, "{path}");
    }
    let mut app = App::of(&house, "swiftride-app").await;
    // Harbour takes both, and the Quay only what is signed for it.
    assert_eq!(app.post("/par", Form::request()).await.status, 201);
    let object = Object::of(&app, &Form::request()).by(&app.partner);
    assert_eq!(app.post("/par", signed(&object)).await.status, 201);
    app.path = "/quay";
    let answer = app.post("/par", Form::request()).await;
    is_oauth_error(&answer, 400, "invalid_request", "Requests are signed here");
    let answer = app.post("/par", signed(&object)).await;
    is_oauth_error(&answer, 400, "invalid_request_object", "aud of the request");

    let form = Form::request().with("response_mode", Some("jwt"));
    let mut object = Object::of(&app, &form);
    let quay = format!("{}/quay", house.issuer_url());
    object.claims["aud"] = json!(quay);
    let reference = app.push(signed(&object.by(&app.partner))).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&app.link(&reference)).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    let back = query(&decide(&mut browser, &page, "allow").await);
    let claims = super::claims(&json!(back["response"]));
    assert_eq!(claims["iss"], quay);
    let code = claims["code"].as_str().expect("a code");
    let tokens = app.post("/token", Form::code(code)).await.ok();
    assert_eq!(super::claims(&tokens["access_token"])["iss"], quay);
}

#[tokio::test]
async fn a_browser_visits_two_banks_of_one_host_at_once_and_neither_learns_of_the_other() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let harbour = app.push(Form::request()).await;
    let harbour = app.link(&harbour);
    app.path = "/quay";
    let mut object = Object::of(&app, &Form::request());
    object.claims["aud"] = json!(format!("{}/quay", house.issuer_url()));
    let quay = app.push(signed(&object.by(&app.partner))).await;
    let quay = app.link(&quay);

    let mut browser = Browser::new(&house);
    let harbours = browser.get(&harbour).await;
    let quays = browser.get(&quay).await;
    let harbours = log_in(&mut browser, &harbours, "li-lei").await;
    let quays = log_in(&mut browser, &quays, "han-meimei").await;
    let names: Vec<_> = browser.cookies.keys().map(String::as_str).collect();
    let bank = |name: &&&str| name.ends_with("-harbour") || name.ends_with("-quay");
    assert_eq!(names.iter().filter(bank).count(), 4, "{names:?}");
    // Who decided at one bank is logged out there alone.
    let back = decide(&mut browser, &harbours, "allow").await;
    assert!(query(&back).contains_key("code"), "{back}");
    let back = decide(&mut browser, &quays, "allow").await;
    assert!(query(&back).contains_key("code"), "{back}");
}
