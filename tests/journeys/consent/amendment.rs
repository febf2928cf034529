//! A consent in another's place: the app asks for more than it has, its customer sees old and new,
//! and from then on the old one is no good.

use kit::{Answer, Browser, HouseBuilder, TestHouse, html, query, way_back};
use serde_json::{Value, json};

use super::{account, called, code_of, first_account, id_of, naming, on};
use crate::grants::{App, Form, log_in};
use crate::tokens::is_oauth_error;

const ACCOUNTS: &str = "/accounts/v1/accounts";

/// A customer's browser, and the page on which they are asked for more.
async fn asked(house: &TestHouse, app: &mut App<'_>, id: &str) -> (Browser, Answer) {
    let link = app.pushed_link(naming(id, "accounts transactions")).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let page = log_in(&mut browser, &page, "li-lei").await;
    assert!(
        html(&page).contains("asks to change the permission you gave"),
        "{}",
        html(&page)
    );
    (browser, page)
}

/// Where the customer is led to, who allows what is new, for their first two accounts.
async fn allowed(house: &TestHouse, browser: &mut Browser, page: &Answer) -> String {
    let accounts = [1, 2].map(|number| account(page, number));
    let mut fields = vec![("separate", "yes"), ("act", "allow")];
    fields.extend(accounts.iter().map(|id| ("account", id.as_str())));
    let confirm = on(browser, page, &fields).await;
    let code = code_of(house, "li-lei");
    let done = on(browser, &confirm, &[("code", &code), ("act", "allow")]).await;
    way_back(&done)
}

async fn redeemed(app: &mut App<'_>, back: &str) -> Value {
    let back = query(back);
    let code = back.get("code").unwrap_or_else(|| panic!("{back:?}"));
    app.post("/token", Form::code(code)).await.ok()
}

#[tokio::test]
async fn what_is_more_is_allowed_apart_and_the_old_consent_ends_with_the_new_ones_beginning() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (old, chosen) = first_account(&house, &mut app, "li-lei").await;
    let id = id_of(&old);
    let (mut browser, page) = asked(&house, &mut app, &id).await;
    let told = html(&page);
    for said in [
        "<dt>Balances</dt><dd><bdi>As before</bdi>",
        "<dt>Money in and out</dt><dd><bdi>New: not allowed until now</bdi>",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    assert_eq!(told.matches("\" checked").count(), 1, "{told}");
    assert!(
        told.contains(&format!("value=\"{chosen}\" checked")),
        "{told}"
    );
    // Without the box nothing more is allowed.
    let fields = [("account", chosen.as_str()), ("act", "allow")];
    let again = browser.send(&page, &fields).await;
    assert!(
        html(&again).contains("id=\"error-summary\""),
        "{}",
        html(&again)
    );
    called(&mut app, ACCOUNTS, &old["access_token"]).await.ok();

    let back = allowed(&house, &mut browser, &again).await;
    // Before the new code is redeemed the old tokens are no good.
    let refused = called(&mut app, ACCOUNTS, &old["access_token"]).await;
    refused.refused(403, "consent_withdrawn");
    let refresh = Form::refresh(old["refresh_token"].as_str().expect("text"));
    let refused = app.post("/token", refresh).await;
    is_oauth_error(&refused, 400, "invalid_grant", "");
    let new = redeemed(&mut app, &back).await;
    assert_ne!(id_of(&new), id);
    let names = json!([{ "type": "consent", "consent_id": id_of(&new) }]);
    assert_eq!(new["authorization_details"], names);
    let listed = called(&mut app, ACCOUNTS, &new["access_token"]).await.ok();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(2), "{listed}");
    let transactions = format!("{ACCOUNTS}/{chosen}/transactions");
    called(&mut app, &transactions, &new["access_token"])
        .await
        .ok();

    let gid = |id: &str| crypto::base64url(&crypto::sha256(id.as_bytes()));
    let records = house.records();
    let of = |action: &str, id: &str| {
        let is_it = |record: &&Value| record["action"] == action && record["gid"] == gid(id);
        records.iter().filter(is_it).count()
    };
    assert_eq!(of("consent.supersede", &id), 1);
    assert_eq!(of("grant.approve", &id_of(&new)), 1);
    // What has another in its place is named no more.
    let late = app.post("/par", naming(&id, "accounts")).await;
    is_oauth_error(&late, 400, "invalid_authorization_details", "consent");
}

#[tokio::test]
async fn of_two_tabs_that_amend_one_consent_one_does() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (old, _) = first_account(&house, &mut app, "li-lei").await;
    let id = id_of(&old);
    let (mut first, early) = asked(&house, &mut app, &id).await;
    let (mut second, page) = asked(&house, &mut app, &id).await;
    let back = allowed(&house, &mut second, &page).await;
    let new = redeemed(&mut app, &back).await;

    let done = on(&mut first, &early, &[("separate", "yes"), ("act", "allow")]).await;
    let back = query(&way_back(&done));
    assert_eq!(back["error"], "invalid_authorization_details", "{back:?}");
    called(&mut app, ACCOUNTS, &new["access_token"]).await.ok();
}
