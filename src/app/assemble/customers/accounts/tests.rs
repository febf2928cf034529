use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::tests::{AMPLE, Bench, printed, upstream_at};
use super::*;

async fn list(bench: &Bench) -> Result<Vec<OwnAccount>, CustomersUnavailable> {
    let (upstream, clock) = upstream_at(bench.port);
    let path = PathAndQuery::from_static("/customers/v1/accounts");
    let accounts = BankAccounts::new(upstream, path, clock);
    let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]);
    let interaction = InteractionId::new([9; 16]);
    let asked = accounts.list("harbour-000101", request, &interaction, AMPLE);
    asked.await
}

fn account(id: &str) -> Value {
    json!({
        "id": id,
        "masked": "**** 0101",
        "name_zh": "活期存款账户",
        "name_en": "Everyday account",
        "kind": "current",
        "currency": "CNY",
    })
}

/// A good account but for one member; none where the value is `null`.
fn with(member: &str, value: Value) -> Value {
    let mut account = account("a-1");
    account[member] = value;
    account
}

#[tokio::test]
async fn the_bank_is_asked_for_one_customers_accounts_and_each_is_understood() {
    let mut body = json!({ "accounts": [account("a-1"), account("a-2")], "more": [{}] });
    for (at, reason) in ["joint", "frozen", "closed", "kind"].iter().enumerate() {
        let mut one = account(&format!("b-{at}"));
        one["unavailable"] = json!(reason);
        one["opened"] = json!("2020-01-01");
        body["accounts"].as_array_mut().expect("a list").push(one);
    }
    let bench = Bench::new(200, &body);
    let accounts = list(&bench).await.expect("an answer");
    let first = OwnAccount {
        id: ResourceId::parse("a-1").expect("valid"),
        masked: "0101".to_owned(),
        name_zh: "活期存款账户".to_owned(),
        name_en: "Everyday account".to_owned(),
        kind: "current".to_owned(),
        currency: *b"CNY",
        unavailable: None,
    };
    assert_eq!(accounts[0], first);
    let ids: Vec<_> = accounts.iter().map(|account| account.id.as_str()).collect();
    assert_eq!(ids, ["a-1", "a-2", "b-0", "b-1", "b-2", "b-3"]);
    let reasons: Vec<_> = accounts.iter().map(|account| account.unavailable).collect();
    let told = [
        None,
        None,
        Some(AccountUnavailable::Joint),
        Some(AccountUnavailable::Frozen),
        Some(AccountUnavailable::Closed),
        Some(AccountUnavailable::Kind),
    ];
    assert_eq!(reasons, told);
    let asked = bench.asked.lock().expect("a list");
    let [(head, sent)] = &asked[..] else {
        panic!("asked {} times", asked.len());
    };
    assert_eq!(
        (head.method.as_str(), head.uri.path()),
        ("POST", "/customers/v1/accounts")
    );
    let sent: Value = serde_json::from_str(sent).expect("JSON");
    assert_eq!(sent, json!({ "customer": "harbour-000101" }));
    let interaction = "09090909-0909-4909-8909-090909090909";
    assert_eq!(head.headers["x-fapi-interaction-id"], interaction);
}

#[tokio::test]
async fn a_customer_may_have_no_account_and_two_hundred_at_most() {
    let many = |count: usize| {
        let all: Vec<_> = (0..count).map(|at| account(&format!("a-{at}"))).collect();
        json!({ "accounts": all })
    };
    for count in [0, 200] {
        let accounts = list(&Bench::new(200, &many(count))).await;
        assert_eq!(accounts.expect("an answer").len(), count);
    }
    let refused = list(&Bench::new(200, &many(201))).await;
    assert!(printed(&refused.expect_err("too many")).contains("accounts is out of bounds"));
}

/// Accounts that are none.
fn no_accounts() -> Vec<Value> {
    let texts = [
        ("id", 64),
        ("masked", 40),
        ("name_zh", 200),
        ("name_en", 200),
        ("kind", 40),
        ("currency", 3),
    ];
    let mut all = Vec::new();
    for (member, chars_max) in texts {
        all.push(with(member, json!("")));
        all.push(with(member, json!(null)));
        all.push(with(member, json!(7)));
        all.push(with(member, json!("p".repeat(chars_max + 1))));
        all.push(with(member, json!("planted\nword")));
    }
    all.push(with("id", json!("planted 1")));
    all.push(with("kind", json!("planted kind")));
    all.push(with("currency", json!("cny")));
    all.push(with("currency", json!("元")));
    all.push(with("unavailable", json!("planted")));
    all.push(with("unavailable", json!(true)));
    all.push(json!(["a-1", "x", "x", "x", "x", "CNY", null]));
    all
}

#[tokio::test]
async fn whatever_is_no_answer_shows_no_account_and_stands_in_no_error() {
    let one = account("planted-1");
    let mut answers: Vec<(u16, String)> = no_accounts()
        .into_iter()
        .map(|bad| {
            (
                200,
                json!({ "accounts": [account("a-0"), bad] }).to_string(),
            )
        })
        .collect();
    answers.extend([
        (201, json!({ "accounts": [one] }).to_string()),
        (404, json!({ "title": "planted" }).to_string()),
        (200, json!([[one]]).to_string()),
        (200, json!({}).to_string()),
        (200, json!({ "accounts": null }).to_string()),
        (200, json!({ "accounts": { "planted": one } }).to_string()),
        (200, json!({ "accounts": [one, one] }).to_string()),
        (200, r#"{"accounts":[],"accounts":[]}"#.to_owned()),
        (
            200,
            json!({ "accounts": [], "more": "p".repeat(ANSWER_BYTES_MAX) }).to_string(),
        ),
    ]);
    for (status, body) in answers {
        let failure = list(&Bench::new(status, &body)).await.expect_err(&body);
        let text = printed(&failure);
        assert!(!text.contains("planted"), "{body}: {text}");
        assert!(!text.contains("harbour-000101"), "{text}");
    }
}
