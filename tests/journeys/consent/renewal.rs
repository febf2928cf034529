//! A consent that is given once more: the app names it, its customer sees what it is, and it goes
//! on under its id.

use std::time::Duration;

use kit::{Browser, GRANT_LIFETIME, HouseBuilder, TestHouse, html, query, way_back};
use serde_json::{Value, json};

use super::{called, code_of, first_account, id_of, naming, on};
use crate::grants::{App, Form, log_in};
use crate::tokens::is_oauth_error;

const ACCOUNTS: &str = "/accounts/v1/accounts";

/// The tokens of a customer who gives a consent once more.
async fn renewed(house: &TestHouse, app: &mut App<'_>, customer: &str, id: &str) -> Value {
    let link = app.pushed_link(naming(id, "accounts")).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let page = log_in(&mut browser, &page, customer).await;
    let told = html(&page);
    for said in ["asks to keep the permission you gave", "Account names"] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert!(!told.contains("type=\"checkbox\""), "{told}");
    let confirm = on(&mut browser, &page, &[("act", "allow")]).await;
    let code = code_of(house, customer);
    let done = on(&mut browser, &confirm, &[("code", &code), ("act", "allow")]).await;
    let code = query(&way_back(&done))["code"].clone();
    app.post("/token", Form::code(&code)).await.ok()
}

/// Where the customer is led to, who opens this link and logs in; of an ending without a page.
async fn led_back(house: &TestHouse, link: &str, customer: &str) -> String {
    let mut browser = Browser::new(house);
    let page = browser.get(link).await;
    let fields = [
        ("username", customer),
        ("password", kit::PASSWORD),
        ("act", "log-in"),
    ];
    let mut answer = browser.send(&page, &fields).await;
    for _ in 0..2 {
        assert_eq!(answer.status, 303, "{}", html(&answer));
        answer = browser.get(answer.header("location")).await;
    }
    assert_eq!(answer.status, 200, "{}", html(&answer));
    way_back(&answer)
}

#[tokio::test]
async fn a_consent_that_is_renewed_keeps_its_id_and_outlives_its_first_end() {
    let short = GRANT_LIFETIME.replace("90d", "10min");
    let house = HouseBuilder::consenting().edit(GRANT_LIFETIME, &short);
    let house = house.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, chosen) = first_account(&house, &mut app, "li-lei").await;
    let (others, _) = first_account(&house, &mut app, "han-meimei").await;
    let id = id_of(&tokens);
    house.clock.advance(Duration::from_mins(4));

    let again = renewed(&house, &mut app, "li-lei", &id).await;
    assert_eq!(id_of(&again), id);
    let names = json!([{ "type": "consent", "consent_id": id }]);
    assert_eq!(again["authorization_details"], names);
    // What was chosen is what is seen, by tokens of before as well.
    for tokens in [&tokens, &again] {
        let listed = called(&mut app, ACCOUNTS, &tokens["access_token"])
            .await
            .ok();
        let listed = listed["data"].as_array().expect("a list").clone();
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0]["accountId"], chosen.as_str(), "{listed:?}");
    }

    // Ten minutes after it was given it would have ended, as the other does.
    house.clock.advance(Duration::from_mins(7));
    let refresh = |tokens: &Value| Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let refused = app.post("/token", refresh(&others)).await;
    is_oauth_error(&refused, 400, "invalid_grant", "");
    let tokens = app.post("/token", refresh(&again)).await.ok();
    called(&mut app, ACCOUNTS, &tokens["access_token"])
        .await
        .ok();

    let digest = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let records = house.records();
    let told = |action: &str| {
        let is_it = |record: &&Value| record["action"] == action && record["gid"] == digest;
        records.iter().filter(is_it).count()
    };
    let counts = ["grant.approve", "consent.renew", "consent.open"].map(told);
    assert_eq!(counts, [1, 1, 1]);
}

#[tokio::test]
async fn a_consent_that_is_not_the_clients_or_has_ended_is_refused_when_it_is_named() {
    let house = HouseBuilder::consenting().edit(
        "jwks: file:partners/cartwheel.jwks.json }",
        "jwks: file:partners/cartwheel.jwks.json, response_modes: [query], \
         redirect_uris: [https://app.swiftride.example/callback] }",
    );
    let house = house.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, "li-lei").await;
    let id = id_of(&tokens);
    let problem = "invalid_authorization_details";
    let unknown = app.post("/par", naming("AAAAAAAAAAAAAAAAAAAAAA", "accounts"));
    let unknown = unknown.await;
    is_oauth_error(&unknown, 400, problem, "consent");
    let mut other = App::of(&house, "cartwheel-app").await;
    let anothers = other.post("/par", naming(&id, "accounts")).await;
    is_oauth_error(&anothers, 400, problem, "consent");
    assert_eq!(anothers.body, unknown.body, "the same is told (CO-03)");

    // It ends between the push and the page, and between the page and the answer.
    let early = app.pushed_link(naming(&id, "accounts")).await;
    let link = app.pushed_link(naming(&id, "accounts")).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    let revoked = Form(vec![(
        "token",
        tokens["refresh_token"].as_str().expect("text").to_owned(),
    )]);
    assert_eq!(app.post("/revoke", revoked).await.status, 200);
    let done = on(&mut browser, &page, &[("act", "allow")]).await;
    for back in [way_back(&done), led_back(&house, &early, "li-lei").await] {
        let back = query(&back);
        assert_eq!(back["error"], problem, "{back:?}");
        assert_eq!(back["state"], "s-1 &=?", "{back:?}");
        assert!(back.contains_key("iss"), "{back:?}");
    }
    let late = app.post("/par", naming(&id, "accounts")).await;
    is_oauth_error(&late, 400, problem, "consent");
}

#[tokio::test]
async fn who_is_not_its_customer_or_refuses_leaves_it_as_it_is() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, "li-lei").await;
    let id = id_of(&tokens);
    for scopes in ["accounts", "accounts transactions"] {
        let link = app.pushed_link(naming(&id, scopes)).await;
        let back = query(&led_back(&house, &link, "han-meimei").await);
        assert_eq!(back["error"], "access_denied", "{back:?}");
        assert!(!back.contains_key("code"), "{back:?}");

        let link = app.pushed_link(naming(&id, scopes)).await;
        let mut browser = Browser::new(&house);
        let page = browser.get(&link).await;
        let page = log_in(&mut browser, &page, "li-lei").await;
        let done = on(&mut browser, &page, &[("act", "refuse")]).await;
        let back = query(&way_back(&done));
        assert_eq!(back["error"], "access_denied", "{back:?}");
        called(&mut app, ACCOUNTS, &tokens["access_token"])
            .await
            .ok();
    }
}
