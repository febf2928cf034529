//! A block under a customer's consent: it reads what they gave and says no more of it.

use kit::{Answer, Script, ScriptedBank, TestHouse};
use model::MovedClock;
use serde_json::{Value, json};

use super::giving::{Given, THERE, give, unhurried};
use crate::grants::{App, Form};

async fn house() -> TestHouse {
    unhurried(MovedClock::running()).start().await
}

async fn gave(house: &TestHouse, app: &mut App<'_>, customer: &str, places: &[usize]) -> Given {
    let asks = Form::request().with("scope", Some("accounts"));
    give(house, app, asks, (customer, places)).await
}

/// What the app is told of an account.
async fn checked(app: &mut App<'_>, given: &Given, account: &str) -> Answer {
    let bearer = given.bearer();
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
        THERE,
    ];
    let body = json!({ "accountId": account }).to_string();
    let target = "/account-verify/checks";
    let called = app.client.call(kit::Method::POST, target, &headers, body);
    called.await.expect("an answer")
}

#[tokio::test]
async fn an_account_that_is_shared_is_verified_and_no_more_is_told_of_it() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = gave(&house, &mut app, "li-lei", &[1]).await;
    let account = given.chosen[0].clone();
    let answer = checked(&mut app, &given, &account).await;
    let expected = json!({ "accountId": account, "isSole": true });
    assert_eq!(answer.ok(), expected);
    let record = house.recorded(&answer.request_id()).await;
    assert_eq!(
        record["consent"]["clusters"],
        json!(["account_list"]),
        "{record}"
    );
    assert_eq!(record["steps"][0]["step"], "own");
}

#[tokio::test]
async fn an_account_that_is_not_shared_and_one_that_is_anothers_are_told_apart_by_nobody() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let anothers = gave(&house, &mut app, "han-meimei", &[1]).await;
    let given = gave(&house, &mut app, "li-lei", &[1]).await;
    let kept = given.others[0].clone();
    let calls = house.bank.calls_of("readAccount");
    let mut told: Vec<Value> = Vec::new();
    for account in [
        kept.as_str(),
        &anothers.chosen[0],
        "acc-AAAAAAAAAAAAAAAAAAAAAA",
    ] {
        let answer = checked(&mut app, &given, account).await;
        let mut problem = answer.refused(403, "not_covered");
        problem["explain"] = Value::Null;
        told.push(problem);
    }
    told.dedup();
    assert_eq!(told.len(), 1);
    assert_eq!(
        house.bank.calls_of("readAccount"),
        calls,
        "the bank is not asked"
    );
}

#[tokio::test]
async fn a_block_is_refused_with_the_consent_that_it_reads_under() {
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = gave(&house, &mut app, "li-lei", &[1]).await;
    let account = given.chosen[0].clone();
    checked(&mut app, &given, &account).await.ok();
    let token = given.tokens["access_token"].as_str().expect("a token");
    let form = Form(vec![("token", token.to_owned())]);
    app.post("/revoke", form).await;
    let answer = checked(&mut app, &given, &account).await;
    assert!(
        [401, 403].contains(&answer.status.as_u16()),
        "{:?}",
        answer.body
    );
}

#[tokio::test]
async fn a_consent_for_another_purpose_does_not_cover_a_block() {
    let house = unhurried(MovedClock::running())
        .edit_file(
            "blocks/account-verify.block.yaml",
            "purpose: account_overview",
            "purpose: bookkeeping",
        )
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = gave(&house, &mut app, "li-lei", &[1]).await;
    let account = given.chosen[0].clone();
    checked(&mut app, &given, &account)
        .await
        .refused(403, "not_covered");
}

#[tokio::test]
async fn co_19_what_a_careless_bank_says_of_others_goes_into_no_block() {
    let account = |id: &str| {
        json!({
            "accountId": id, "masked": "**** 0001", "name": { "en": "A", "zh-CN": "B" },
            "kind": "current", "currency": "CNY", "holder": "sole", "state": "open",
        })
    };
    let house = house().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let anothers = gave(&house, &mut app, "han-meimei", &[1]).await;
    let given = gave(&house, &mut app, "li-lei", &[1]).await;
    let own = given.chosen[0].as_str();
    let block = "overlay: file:blocks/accounts.overlay.yaml, upstream: core";
    house.edit("gateway.yaml", block, &block.replace("core", "careless"));
    house.edit(
        "gateway.yaml",
        "    upstreams:\n",
        "    upstreams:\n      careless: { endpoints: [\"there\"], tls: none, limits: standard }\n",
    );
    let mut there = "there".to_owned();
    let others = [given.others[0].as_str(), &anothers.chosen[0]];
    for (id, is_own) in [(own, true), (others[0], false), (others[1], false)] {
        let body = account(id).to_string();
        let length = body.len();
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
        let said = format!("{head}content-length: {length}\r\n\r\n{body}");
        let bank = ScriptedBank::start(Script::Answer(said.into_bytes())).await;
        let now = bank.address.to_string();
        house.edit("gateway.yaml", &there, &now);
        there = now;
        house.reload().await;
        let answer = checked(&mut app, &given, own).await;
        assert_eq!(bank.calls(), 1);
        if is_own {
            assert_eq!(answer.ok()["accountId"], own);
        } else {
            answer.refused(403, "not_covered");
            assert!(!String::from_utf8_lossy(&answer.body).contains(id));
        }
    }
}
