use std::collections::BTreeSet;

use crypto::SeededRandom;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;

const LI_LEI: &str = "harbour-000101";
const WU_OTP_FAIL: &str = "harbour-000103";

struct Desk {
    confirmations: Confirmations,
    now: Timestamp,
}

impl Desk {
    fn new() -> Self {
        Self {
            confirmations: Confirmations::new(Arc::new(SeededRandom::new(7))),
            now: "2026-11-23T08:00:00Z".parse().expect("an instant"),
        }
    }

    fn begin(&self, customer: &str, over: [u8; 32]) -> (String, String) {
        let line = json!({ "en": "3 accounts", "zh-CN": "3 个账户" });
        let wanted = json!({ "customer": customer, "over": base64url(&over), "line": line });
        let begun = self
            .confirmations
            .begin(wanted.to_string().as_bytes(), self.now);
        let (status, begun) = read(begun);
        assert_eq!(status, 201, "{begun}");
        let messages = self.confirmations.messages(self.now);
        let mut theirs = messages.into_iter().rev().filter(|message| {
            let person = by_id(customer).expect("a customer");
            message.customer == person.user_name
        });
        let code = theirs.next().expect("a message").code;
        (begun["id"].as_str().expect("an id").to_owned(), code)
    }

    fn check(&self, id: &str, over: [u8; 32], code: &str) -> Value {
        let typed = json!({ "over": base64url(&over), "code": code });
        let said = self
            .confirmations
            .check(id, typed.to_string().as_bytes(), self.now);
        read(said).1
    }
}

fn read(answer: Result<Response, Refused>) -> (u16, Value) {
    let answer = answer.unwrap_or_else(Refused::into_response);
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().now_or_never();
    let body = body.expect("held").expect("whole").to_bytes();
    (status, serde_json::from_slice(&body).expect("JSON"))
}

fn wrong(code: &str) -> String {
    let code: u32 = code.parse().expect("digits");
    format!("{:06}", (code + 1) % 1_000_000)
}

#[test]
fn a_code_is_good_once_and_over_its_values() {
    let desk = Desk::new();
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    assert_eq!(
        desk.check(&id, [2; 32], &code),
        json!({ "outcome": "other_values" })
    );
    let good = desk.check(&id, [1; 32], &code);
    assert_eq!(good["outcome"], "good");
    assert_eq!(good["over"], base64url(&[1; 32]));
    assert_eq!(good["at"], "2026-11-23T08:00:00Z");
    assert!(
        good["reference"]
            .as_str()
            .is_some_and(|text| text.len() == 22 && text != id)
    );
    assert_eq!(
        desk.check(&id, [1; 32], &code),
        json!({ "outcome": "used" })
    );
}

#[test]
fn three_wrong_codes_lock_whatever_comes_then() {
    let desk = Desk::new();
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    for tries_left in [2, 1] {
        let said = json!({ "outcome": "wrong", "tries_left": tries_left });
        assert_eq!(desk.check(&id, [1; 32], &wrong(&code)), said);
    }
    for typed in [wrong(&code).as_str(), &code] {
        assert_eq!(
            desk.check(&id, [1; 32], typed),
            json!({ "outcome": "locked" })
        );
    }
    assert_eq!(desk.confirmations.messages(desk.now), []);
}

#[test]
fn a_code_is_not_good_after_five_minutes() {
    let mut desk = Desk::new();
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    desk.now += GOOD_FOR;
    assert_eq!(
        desk.check(&id, [1; 32], &code),
        json!({ "outcome": "expired" })
    );
    assert_eq!(desk.confirmations.messages(desk.now), []);
    desk.now -= Duration::from_micros(1);
    assert_eq!(desk.check(&id, [1; 32], &code)["outcome"], "good");
}

#[test]
fn wu_otp_fail_fails_twice_whatever_is_typed() {
    let desk = Desk::new();
    for _ in 0..2 {
        let (id, code) = desk.begin(WU_OTP_FAIL, [1; 32]);
        for tries_left in [2, 1] {
            let said = json!({ "outcome": "wrong", "tries_left": tries_left });
            assert_eq!(desk.check(&id, [1; 32], &code), said);
        }
        assert_eq!(desk.check(&id, [1; 32], &code)["outcome"], "good");
    }
}

#[test]
fn codes_are_six_digits_and_are_good_for_their_own_confirmation() {
    let desk = Desk::new();
    let begun: Vec<_> = (0..KEPT).map(|_| desk.begin(LI_LEI, [1; 32])).collect();
    let codes: BTreeSet<_> = begun.iter().map(|(_, code)| code.clone()).collect();
    assert_eq!(codes.len(), KEPT);
    for code in &codes {
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
    }
    let others = desk.check(&begun[0].0, [1; 32], &begun[1].1);
    assert_eq!(others["outcome"], "wrong");
    assert_eq!(
        desk.check(&begun[1].0, [1; 32], &begun[1].1)["outcome"],
        "good"
    );
}

#[test]
fn a_flood_pushes_out_ones_own_and_no_others() {
    let desk = Desk::new();
    let (others, code) = desk.begin(WU_OTP_FAIL, [1; 32]);
    let (first, _) = desk.begin(LI_LEI, [1; 32]);
    for _ in 0..3 * KEPT {
        let _ = desk.begin(LI_LEI, [1; 32]);
    }
    assert_eq!(desk.check(&first, [1; 32], "000000")["status"], 404);
    assert_eq!(desk.check(&others, [1; 32], &code)["outcome"], "wrong");
    assert_eq!(desk.confirmations.messages(desk.now).len(), KEPT + 1);
}

#[test]
fn one_that_is_over_goes_before_one_that_is_not() {
    let desk = Desk::new();
    let begun: Vec<_> = (0..KEPT).map(|_| desk.begin(LI_LEI, [1; 32])).collect();
    let (used, code) = &begun[3];
    assert_eq!(desk.check(used, [1; 32], code)["outcome"], "good");
    let _ = desk.begin(LI_LEI, [1; 32]);
    assert_eq!(desk.check(used, [1; 32], code)["status"], 404);
    let (first, code) = &begun[0];
    assert_eq!(desk.check(first, [1; 32], code)["outcome"], "good");
}

#[test]
fn beginning_anew_is_no_way_to_go_on_guessing() {
    let mut desk = Desk::new();
    for at in 0..FAILURES_MAX {
        let (id, code) = desk.begin(LI_LEI, [1; 32]);
        assert_eq!(
            desk.check(&id, [1; 32], &wrong(&code))["outcome"],
            "wrong",
            "{at}"
        );
    }
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    assert_eq!(desk.check(&id, [1; 32], &code)["outcome"], "locked");
    let (others, code) = desk.begin(WU_OTP_FAIL, [1; 32]);
    assert_eq!(desk.check(&others, [1; 32], &code)["outcome"], "wrong");
    desk.now += HOUR;
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    assert_eq!(desk.check(&id, [1; 32], &code)["outcome"], "good");
}

#[test]
fn what_is_no_confirmation_is_refused() {
    let desk = Desk::new();
    let wanted = |over: &str, en: &str| {
        let line = json!({ "en": en, "zh-CN": "3 个账户" });
        json!({ "customer": LI_LEI, "over": over, "line": line })
    };
    let over = base64url(&[1; 32]);
    let long = "x".repeat(LINE_CHARS_MAX + 1);
    let mut bodies = vec![
        json!([]),
        json!({}),
        wanted(&base64url(&[1; 31]), "x"),
        wanted("?", "x"),
    ];
    for en in ["", "a\nb", "a\u{202E}b", "a\u{2066}b", "a\u{2028}b", &long] {
        bodies.push(wanted(&over, en));
    }
    for body in bodies {
        let (status, _) = read(
            desk.confirmations
                .begin(body.to_string().as_bytes(), desk.now),
        );
        assert_eq!(status, 400, "{body}");
    }
    let mut nobody = wanted(&over, "x");
    nobody["customer"] = json!("harbour-000107");
    let begun = desk
        .confirmations
        .begin(nobody.to_string().as_bytes(), desk.now);
    assert_eq!(read(begun).0, 403);
    assert_eq!(desk.confirmations.messages(desk.now), []);
    // And what is no try counts as none.
    let (id, code) = desk.begin(LI_LEI, [1; 32]);
    for body in [
        "",
        "[]",
        "{\"over\":\"?\",\"code\":\"1\"}",
        "{\"code\":\"1\"}",
    ] {
        let (status, _) = read(desk.confirmations.check(&id, body.as_bytes(), desk.now));
        assert_eq!(status, 400, "{body}");
    }
    for _ in 0..2 {
        let _ = desk.check(&id, [1; 32], "no digits");
    }
    assert_eq!(desk.check(&id, [1; 32], &code)["outcome"], "good");
}
