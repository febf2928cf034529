//! A consent ends while calls under it are on their way: behind its end no answer begins.

use std::time::Duration;

use futures_util::future::join_all;
use kit::{Script, ScriptedBank};
use model::MovedClock;
use serde_json::{Value, json};

use super::giving::{THERE, give, unhurried};
use crate::grants::{App, Form};

const ACCOUNTS: &str = "/accounts/v1/accounts";
const CALLS: usize = 100;

/// A bank that answers with this account once it is let.
async fn held(account: &str) -> ScriptedBank {
    let data = json!({ "data": [{
        "accountId": account,
        "masked": "**** 0001",
        "name": { "en": "Current account", "zh-CN": "活期账户" },
        "kind": "current",
        "currency": "CNY",
        "holder": "sole",
        "state": "open",
    }] });
    let body = data.to_string();
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    let (first, rest) = body.split_at(1);
    let first = format!("{head}content-length: {length}\r\n\r\n{first}");
    ScriptedBank::start(Script::Pause(first.into_bytes(), rest.as_bytes().to_vec())).await
}

/// Waits until so many calls are at the bank.
async fn arrived(bank: &ScriptedBank, calls: usize) {
    let all = async {
        while bank.calls() < calls {
            tokio::task::yield_now().await;
        }
    };
    let minute = Duration::from_mins(1);
    let arrived = tokio::time::timeout(minute, all).await;
    arrived.unwrap_or_else(|_| panic!("{} calls came", bank.calls()));
}

#[tokio::test]
async fn co_10_no_answer_begins_after_a_consent_has_ended() {
    let core = "openapi: file:apis/accounts.yaml\n        upstream: core";
    let house = unhurried(MovedClock::running())
        .edit("concurrent: 8 requests", "concurrent: 200 requests")
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asks = Form::request().with("scope", Some("accounts"));
    let given = give(&house, &mut app, asks, ("li-lei", &[1])).await;
    let bank = held(&given.chosen[0]).await;
    let upstream = format!(
        "    upstreams:\n      held:\n        endpoints: [\"{}\"]\n        tls: none\n        \
         limits: standard\n",
        bank.address
    );
    house.edit("gateway.yaml", "    upstreams:\n", &upstream);
    house.edit("gateway.yaml", core, &core.replace("core", "held"));
    house.reload().await;

    let token = given.bearer();
    let headers = [("authorization", token.as_str()), THERE];
    let mut calls: Vec<_> = (0..CALLS)
        .map(|_| app.client.twin().expect("HTTP/2"))
        .collect();
    let calls = join_all(calls.iter_mut().map(|call| call.get(ACCOUNTS, &headers)));
    let mut ending = App::of(&house, "swiftride-app").await;
    let end = async {
        arrived(&bank, CALLS).await;
        let token = given.tokens["refresh_token"].as_str().expect("a token");
        let form = Form(vec![("token", token.to_owned())]);
        assert_eq!(ending.post("/revoke", form).await.status, 200);
        // The bank answers all of them well, and too late.
        bank.release();
    };
    let (answers, ()) = tokio::join!(calls, end);
    assert_eq!(answers.len(), CALLS);
    for answer in &answers {
        answer.refused_saying(401, "bad_token", "revoked");
    }
    assert_eq!(bank.calls(), CALLS, "each was asked once");
    for answer in &answers {
        house.recorded(&answer.request_id()).await;
    }
    let records = house.records();
    let is_end = |record: &Value| record["action"] == "grant.revoke";
    let end = records.iter().position(is_end).expect("the end's record");
    let (before, behind) = records.split_at(end);
    let is_allowed = |record: &&Value| {
        record["type"] == "api.access" && record["outcome"]["decision"] == "allowed"
    };
    assert_eq!(behind.iter().filter(is_allowed).count(), 0, "CO-10");
    assert_eq!(before.iter().filter(is_allowed).count(), 0);
    let accesses = behind
        .iter()
        .filter(|record| record["type"] == "api.access");
    assert!(accesses.count() >= CALLS);
}
