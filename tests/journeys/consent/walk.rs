//! The walk: an app asks for accounts, its customer lets it see one of them, and it sees that one.

use kit::{Browser, HouseBuilder, TestHouse, attribute, html, query};
use serde_json::Value;

use super::{account, given, given_page};
use crate::grants::{App, Form, log_in};

const ACCOUNTS: &str = "/accounts/v1/accounts";

/// What a call of the app's is answered.
async fn called(app: &mut App<'_>, path: &str, token: &Value) -> kit::Answer {
    let bearer = format!("Bearer {}", token.as_str().expect("a token"));
    app.client.get(path, &[("authorization", &bearer)]).await
}

/// The tokens of a customer who lets the app see their first account; and that account's id.
async fn tokens(house: &TestHouse, app: &mut App<'_>, customer: &str) -> (Value, String) {
    let link = app
        .pushed_link(Form::request().with("scope", Some("accounts")))
        .await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, customer).await;
    for said in ["SwiftRide Technology Co. Ltd.", "PSDCN-SWIFTRIDE-001"] {
        assert!(html(&review).contains(said), "{said}: {}", html(&review));
    }
    let chosen = account(&review, 1);
    let back = given(house, &mut browser, &review, (customer, &[1])).await;
    let code = query(&back).remove("code");
    let code = code.unwrap_or_else(|| panic!("no code: {back}"));
    let tokens = app.post("/token", Form::code(&code)).await.ok();
    (tokens, chosen)
}

#[tokio::test]
async fn an_app_sees_the_one_account_that_its_customer_chose_until_its_grant_ends() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, chosen) = tokens(&house, &mut app, "li-lei").await;
    let token = &tokens["access_token"];

    let listed = called(&mut app, ACCOUNTS, token).await.ok();
    let listed = listed["data"].as_array().expect("a list");
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(listed[0]["accountId"], chosen.as_str(), "{listed:?}");
    let balances = format!("{ACCOUNTS}/{chosen}/balances");
    called(&mut app, &balances, token).await.ok();

    // Another account of theirs, and one that there is not: refused alike, and the bank not asked.
    let calls = house.bank.calls();
    for other in ["acc-AAAAAAAAAAAAAAAAAAAAAA", "acc-x"] {
        let path = format!("{ACCOUNTS}/{other}/balances");
        let refused = called(&mut app, &path, token).await;
        refused.refused(403, "not_covered");
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");

    // The partner gives the grant back (RFC 7009): the consent has ended with it.
    let revoked = Form(vec![(
        "token",
        tokens["refresh_token"].as_str().expect("text").to_owned(),
    )]);
    assert_eq!(app.post("/revoke", revoked).await.status, 200);
    let refused = called(&mut app, ACCOUNTS, token).await;
    refused.refused(401, "bad_token");
}

#[tokio::test]
async fn who_leaves_for_the_app_is_told_until_when_and_where_to_withdraw() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asked = Form::request().with("scope", Some("accounts"));
    let link = app.pushed_link(asked).await;
    let mut browser = Browser::new(&house);
    let page = browser.get(&link).await;
    let review = log_in(&mut browser, &page, "li-lei").await;
    let done = given_page(&house, &mut browser, &review, ("li-lei", &[1])).await;
    let text = html(&done);
    let (_, until) = text.split_once("id=\"until\">").expect("an end");
    let (until, _) = until.split_once('<').expect("its own end");
    assert!(html(&review).contains(until), "{until}: {}", html(&review));

    // The links lead there once the customer has logged in.
    let link = |id: &str| attribute(&done, &format!("id=\"{id}\" href=\""));
    let (permission, receipt) = (link("permission"), link("receipt"));
    let asks = browser.get(&permission).await;
    let detail = log_in(&mut browser, &asks, "li-lei").await;
    assert!(
        html(&detail).contains("id=\"withdraw\""),
        "{}",
        html(&detail)
    );
    let receipt = browser.get(&receipt).await;
    assert!(
        receipt
            .header("content-disposition")
            .starts_with("attachment")
    );
}
