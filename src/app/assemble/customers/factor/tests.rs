use serde_json::{Value, json};

use super::super::tests::{AMPLE, Bench, printed, upstream_at};
use super::*;

const CODE: &str = "planted-480-213";
const OVER: [u8; 32] = [0xfb; 32];

fn factor(bench: &Bench) -> BankFactor {
    let (upstream, clock) = upstream_at(bench.port);
    let path = PathAndQuery::from_static("/customers/v1/confirmations");
    BankFactor::new(upstream, path, clock)
}

async fn begin(bench: &Bench) -> Result<FactorBegun, CustomersUnavailable> {
    let what = ToConfirm {
        over: OVER,
        line_zh: "确认把余额给迅行出行",
        line_en: "Let SwiftRide see balances",
    };
    let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]);
    let interaction = InteractionId::new([9; 16]);
    let factor = factor(bench);
    let asked = factor.begin("harbour-000101", what, request, &interaction, AMPLE);
    asked.await
}

async fn check(bench: &Bench, id: &str) -> Result<FactorSaid, CustomersUnavailable> {
    let request = RequestId::new(Timestamp::UNIX_EPOCH, [7; 10]);
    let interaction = InteractionId::new([9; 16]);
    let factor = factor(bench);
    let asked = factor.check(id, OVER, CODE, request, &interaction, AMPLE);
    asked.await
}

/// The path and the body of the only question.
fn asked(bench: &Bench) -> (String, Value) {
    let asked = bench.asked.lock().expect("a list");
    let [(head, sent)] = &asked[..] else {
        panic!("asked {} times", asked.len());
    };
    assert_eq!(head.method.as_str(), "POST");
    let sent = serde_json::from_str(sent).expect("JSON");
    (head.uri.path().to_owned(), sent)
}

fn good_begun() -> Value {
    json!({
        "id": "Zk-_9",
        "method": "one_time_code",
        "shown_to": "*** **** 0101",
        "expires": "2026-11-23T16:05:00+08:00",
        "tries_left": 3,
    })
}

fn good() -> Value {
    json!({
        "outcome": "good",
        "method": "one_time_code",
        "at": "2026-11-23T08:01:00Z",
        "over": crypto::base64url(&OVER),
        "reference": "r-1",
    })
}

fn with(mut body: Value, member: &str, value: Value) -> Value {
    body[member] = value;
    body
}

#[tokio::test]
async fn a_proof_is_begun_over_values_with_a_line_in_each_language() {
    let bench = Bench::new(201, &with(good_begun(), "more", json!([1])));
    let begun = begin(&bench).await.expect("an answer");
    let expected = FactorBegun {
        id: "Zk-_9".to_owned(),
        method: "one_time_code".to_owned(),
        shown_to: "*** **** 0101".to_owned(),
        expires: "2026-11-23T08:05:00Z".parse().expect("an instant"),
        tries_left: 3,
    };
    assert_eq!(begun, expected);
    let (path, sent) = asked(&bench);
    assert_eq!(path, "/customers/v1/confirmations");
    let line = json!({ "en": "Let SwiftRide see balances", "zh-CN": "确认把余额给迅行出行" });
    let over = crypto::base64url(&OVER);
    assert_eq!(
        sent,
        json!({ "customer": "harbour-000101", "over": over, "line": line })
    );
}

#[tokio::test]
async fn each_word_of_the_bank_about_a_code_is_understood() {
    let result = FactorResult {
        method: "one_time_code".to_owned(),
        at: "2026-11-23T08:01:00Z".parse().expect("an instant"),
        over: OVER,
        reference: "r-1".to_owned(),
    };
    let one = |outcome: &str| json!({ "outcome": outcome });
    for (body, means) in [
        (good(), FactorSaid::Good(result)),
        (
            with(one("wrong"), "tries_left", json!(2)),
            FactorSaid::Wrong { tries_left: 2 },
        ),
        (one("locked"), FactorSaid::Locked),
        (with(one("expired"), "more", json!(1)), FactorSaid::Expired),
        (one("used"), FactorSaid::NotOfThis),
        (one("other_values"), FactorSaid::NotOfThis),
    ] {
        let bench = Bench::new(200, &body);
        assert_eq!(check(&bench, "Zk-_9").await.expect("an answer"), means);
        let (path, sent) = asked(&bench);
        assert_eq!(path, "/customers/v1/confirmations/Zk-_9");
        let over = crypto::base64url(&OVER);
        assert_eq!(sent, json!({ "over": over, "code": CODE }));
    }
}

#[tokio::test]
async fn an_id_leads_to_one_place_below_the_path_or_nowhere() {
    let long = "x".repeat(128);
    for (id, place) in [
        ("a?b#c%2F", "a%3Fb%23c%252F"),
        ("...", "%2E%2E%2E"),
        (long.as_str(), long.as_str()),
    ] {
        let bench = Bench::new(200, &json!({ "outcome": "locked" }));
        check(&bench, id).await.expect("an answer");
        let (path, _) = asked(&bench);
        assert_eq!(path, format!("/customers/v1/confirmations/{place}"));
    }
    let long = "x".repeat(129);
    for id in ["", ".", "..", "a/b", "a b", "名", long.as_str()] {
        let bench = Bench::new(200, &json!({ "outcome": "locked" }));
        let failure = check(&bench, id).await.expect_err(id);
        assert_eq!(failure.doing, "writing the question");
        assert!(bench.asked.lock().expect("a list").is_empty(), "{id}");
    }
}

/// Answers to a beginning that are none.
fn no_beginnings() -> Vec<(u16, String)> {
    let bad = |member, value| (201, with(good_begun(), member, value).to_string());
    let mut all = vec![
        (200, good_begun().to_string()),
        (503, CODE.to_owned()),
        (201, json!([good_begun()]).to_string()),
        bad("id", json!("a/b")),
        bad("id", json!("..")),
        bad("id", json!("x".repeat(129))),
        bad("method", json!("one time code")),
        bad("method", json!("x".repeat(65))),
        bad("shown_to", json!("x".repeat(41))),
        bad("shown_to", json!("x\ny")),
        bad("expires", json!("soon")),
        bad("tries_left", json!(0)),
        bad("tries_left", json!(-1)),
        bad("more", json!("x".repeat(ANSWER_BYTES_MAX))),
    ];
    for member in ["id", "method", "shown_to", "expires", "tries_left"] {
        all.push(bad(member, json!(null)));
        all.push(bad(member, json!("")));
    }
    all
}

/// Answers to what was typed that are none, with the code in them where it can be.
fn no_words() -> Vec<(u16, String)> {
    let bad = |member, value| (200, with(good(), member, value).to_string());
    let other = crypto::base64url(&[0; 32]);
    let mut all = vec![
        (201, good().to_string()),
        (404, json!({ "code": CODE }).to_string()),
        (200, json!({ "code": CODE }).to_string()),
        (200, json!(["locked"]).to_string()),
        (200, json!({ "outcome": CODE }).to_string()),
        (200, json!({ "outcome": "Good" }).to_string()),
        (200, json!({ "outcome": "wrong" }).to_string()),
        (
            200,
            json!({ "outcome": "wrong", "tries_left": 0 }).to_string(),
        ),
        (
            200,
            r#"{"outcome":"wrong","outcome":"locked","tries_left":1}"#.to_owned(),
        ),
        bad("over", json!(other)),
        bad("over", json!(CODE)),
        bad("over", json!(crypto::base64url(&[0xfb; 31]))),
        bad("method", json!("x y")),
        bad("reference", json!("x".repeat(129))),
        bad("at", json!(CODE)),
        bad("more", json!("x".repeat(ANSWER_BYTES_MAX))),
    ];
    for member in ["method", "at", "over", "reference"] {
        all.push(bad(member, json!(null)));
        all.push(bad(member, json!("")));
    }
    all
}

#[tokio::test]
async fn whatever_is_no_answer_proves_nothing_and_stands_in_no_error() {
    let mut text = String::new();
    for (status, body) in no_beginnings() {
        let bench = Bench::new(status, &body);
        text.push_str(&printed(&begin(&bench).await.expect_err(&body)));
        asked(&bench);
    }
    for (status, body) in no_words() {
        let bench = Bench::new(status, &body);
        text.push_str(&printed(&check(&bench, "Zk-_9").await.expect_err(&body)));
        asked(&bench);
    }
    assert!(text.contains("its member over is out of bounds"), "{text}");
    for secret in ["planted", "480-213", "harbour-000101", "Zk-_9"] {
        assert!(!text.contains(secret), "{secret} stands in {text}");
    }
}
