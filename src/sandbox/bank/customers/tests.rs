use futures_util::FutureExt;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::*;

struct Desk {
    customers: Customers,
    now: Timestamp,
}

impl Desk {
    fn new() -> Self {
        Self {
            customers: Customers::new(),
            now: "2026-11-23T08:00:00Z".parse().expect("an instant"),
        }
    }

    /// What is answered to a name and a password: status and body.
    fn says(&self, user_name: &str, password: &str) -> (u16, Value) {
        let asked = json!({ "user_name": user_name, "password": password });
        self.answers(&asked.to_string())
    }

    fn answers(&self, body: &str) -> (u16, Value) {
        let answer = self.customers.log_in(body.as_bytes(), self.now);
        let answer = answer.unwrap_or_else(Refused::into_response);
        let status = answer.status().as_u16();
        assert_eq!(
            status == 401,
            answer.headers().contains_key("www-authenticate")
        );
        let body = answer.into_body().collect().now_or_never();
        let body = body.expect("held").expect("whole").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    }

    fn wait(&mut self, minutes: u64, seconds: u64) {
        self.now += Duration::from_secs(minutes * 60 + seconds);
    }
}

#[test]
fn customers_log_in_with_the_password_and_keep_their_ids() {
    let desk = Desk::new();
    for (name, id) in [
        ("li-lei", "harbour-000101"),
        ("han-meimei", "harbour-000102"),
        ("zhao-joint", "harbour-000104"),
        ("sun-frozen", "harbour-000105"),
        ("qian-rich", "harbour-000106"),
    ] {
        for _ in 0..2 {
            let known = json!({ "customer": id, "shown": name, "acr": ACR });
            assert_eq!(desk.says(name, PASSWORD), (200, known));
        }
    }
}

#[test]
fn wu_otp_fail_fails_twice_with_the_right_password_before_each_log_in() {
    let desk = Desk::new();
    for _ in 0..2 {
        for tries_left in [4, 3] {
            let wrong = json!({ "tries_left": tries_left });
            assert_eq!(desk.says("wu-otp-fail", PASSWORD), (401, wrong));
        }
        let shown = "wu-otp-fail";
        let known = json!({ "customer": "harbour-000103", "shown": shown, "acr": ACR });
        assert_eq!(desk.says("wu-otp-fail", PASSWORD), (200, known));
    }
}

#[test]
fn a_minor_is_let_in_no_more_than_a_stranger() {
    let answers = ["zheng-minor", "nobody"].map(|name| {
        let desk = Desk::new();
        let tries = 0..6;
        tries.map(|_| desk.says(name, PASSWORD)).collect::<Vec<_>>()
    });
    assert_eq!(answers[0], answers[1]);
    assert!(answers[0].iter().all(|(status, _)| *status != 200));
    assert!(by_id("harbour-000107").is_none());
}

#[test]
fn five_wrong_passwords_lock_any_name_alike_for_a_quarter_of_an_hour() {
    for name in ["li-lei", "wu-otp-fail", "nobody", "", "李雷"] {
        let mut desk = Desk::new();
        for tries_left in [4, 3, 2, 1] {
            let wrong = json!({ "tries_left": tries_left });
            assert_eq!(desk.says(name, "guess"), (401, wrong), "{name}");
        }
        let locked = json!({ "locked_until": "2026-11-23T08:15:00Z" });
        assert_eq!(desk.says(name, "guess"), (423, locked.clone()), "{name}");
        desk.wait(14, 59);
        // A try while it is locked, even a good one, neither opens nor prolongs.
        assert_eq!(desk.says(name, PASSWORD), (423, locked), "{name}");
        desk.wait(0, 1);
        let wrong = json!({ "tries_left": 4 });
        assert_eq!(desk.says(name, "guess"), (401, wrong), "{name}");
    }
}

#[test]
fn a_lock_that_is_over_lets_its_customer_in() {
    let mut desk = Desk::new();
    for _ in 0..5 {
        let _ = desk.says("li-lei", "guess");
    }
    assert_eq!(desk.says("han-meimei", PASSWORD).0, 200, "another name");
    desk.wait(15, 0);
    assert_eq!(desk.says("li-lei", PASSWORD).0, 200);
}

#[test]
fn a_good_password_lets_the_failures_be_forgotten() {
    let desk = Desk::new();
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(desk.says("li-lei", "guess").0, 401);
        }
        assert_eq!(desk.says("li-lei", PASSWORD).0, 200);
    }
    // The password of all is nobody's where there is nobody.
    assert_eq!(desk.says("nobody", PASSWORD).0, 401);
}

#[test]
fn a_flood_of_names_neither_unlocks_one_nor_makes_the_book_longer() {
    let desk = Desk::new();
    for _ in 0..5 {
        let _ = desk.says("li-lei", "guess");
    }
    for number in 0..3 * PAGES {
        let _ = desk.says(&format!("name-{number}"), "guess");
    }
    assert_eq!(desk.says("li-lei", PASSWORD).0, 423);
    let book = desk.customers.failures.lock().expect("a whole book");
    assert_eq!(book.len(), PAGES);
}

#[test]
fn the_customers_share_no_page() {
    let mut pages: Vec<usize> = CUSTOMERS.iter().map(|name| page_of(name)).collect();
    pages.sort_unstable();
    pages.dedup();
    assert_eq!(pages.len(), CUSTOMERS.len());
}

#[test]
fn what_is_no_log_in_is_refused_and_counts_as_no_try() {
    let desk = Desk::new();
    for body in [
        "",
        "null",
        "[\"li-lei\",\"mortise-demo\"]",
        "{\"user_name\":\"li-lei\"}",
        "{\"user_name\":\"li-lei\",\"password\":1}",
        "{\"user_name\":\"li-lei\",\"password\":null}",
        "{\"user_name\":\"li-lei\",\"password\":\"mortise-demo\"",
        "{\"user_name\":\"li-lei\",\"password\":\"mortise-demo\"}x",
        "{\"user_name\":\"li-lei\",\"user_name\":\"li-lei\",\"password\":\"mortise-demo\"}",
    ] {
        let (status, problem) = desk.answers(body);
        assert_eq!(status, 400, "{body}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(!detail.contains(PASSWORD), "{detail}");
    }
    let first = json!({ "tries_left": 4 });
    assert_eq!(desk.says("li-lei", "guess"), (401, first));
}

#[test]
fn members_that_nobody_knows_are_passed_over() {
    let body = json!({ "user_name": "li-lei", "password": PASSWORD, "device": { "id": 1 } });
    assert_eq!(Desk::new().answers(&body.to_string()).0, 200);
}

#[test]
fn the_readme_names_the_customers_and_their_password() {
    let readme = include_str!("../../../../README.md");
    for word in CUSTOMERS.iter().chain(&[PASSWORD]) {
        assert!(readme.contains(&format!("`{word}`")), "{word}");
    }
}
