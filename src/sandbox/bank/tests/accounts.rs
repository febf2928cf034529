//! What customers hold: theirs alone, the same at each look, and every sum right.

use std::collections::BTreeSet;

use super::*;

const ACCOUNTS: &str = "/accounts/v1/accounts";
const LI_LEI: &str = "harbour-000101";
const HAN_MEIMEI: &str = "harbour-000102";
const ZHAO_JOINT: &str = "harbour-000104";
const SUN_FROZEN: &str = "harbour-000105";
const QIAN_RICH: &str = "harbour-000106";
const ALL: [&str; 6] = [
    LI_LEI,
    HAN_MEIMEI,
    "harbour-000103",
    ZHAO_JOINT,
    SUN_FROZEN,
    QIAN_RICH,
];

fn accounts_of(bench: &Bench, customer: &str) -> Vec<Value> {
    let answer = bench.get_as(customer, ACCOUNTS);
    assert_eq!(answer.status, 200);
    answer.json()["data"].as_array().expect("a list").clone()
}

pub(super) fn ids_of(bench: &Bench, customer: &str) -> Vec<String> {
    let accounts = accounts_of(bench, customer);
    let id = |account: &Value| account["accountId"].as_str().expect("an id").to_owned();
    accounts.iter().map(id).collect()
}

/// Hundredths of a yuan.
fn fen(amount: &Value) -> i64 {
    let value = amount.as_str().expect("a text");
    let (whole, part) = value.split_once('.').expect("a point");
    format!("{whole}{part}").parse().expect("a number")
}

/// All transactions under this path, page by page.
fn pages(bench: &Bench, customer: &str, path: &str) -> (Vec<Value>, usize) {
    let (mut path, mut all, mut pages) = (path.to_owned(), Vec::new(), 0);
    loop {
        let answer = bench.get_as(customer, &path);
        assert_eq!(answer.status, 200, "{path}");
        let page = answer.json();
        all.extend(page["data"].as_array().expect("a list").clone());
        pages += 1;
        assert_eq!(page["links"].get("last"), None);
        match page["links"]["next"].as_str() {
            Some(next) => next.clone_into(&mut path),
            None => return (all, pages),
        }
    }
}

fn booked(bench: &Bench, customer: &str, account: &str) -> (String, i64) {
    let balances = bench.get_as(customer, &format!("{ACCOUNTS}/{account}/balances"));
    let balances = balances.json();
    let until = balances["bookedUntil"].as_str().expect("a day");
    (until.to_owned(), fen(&balances["booked"]["value"]))
}

#[test]
fn people_hold_what_they_are_for() {
    let bench = Bench::new();
    let mut all = BTreeSet::new();
    for (customer, expected) in [
        (
            LI_LEI,
            vec!["current sole open", "savings sole open", "card sole open"],
        ),
        (HAN_MEIMEI, vec!["current sole open"]),
        (ALL[2], vec!["current sole open"]),
        (ZHAO_JOINT, vec!["current sole open", "current joint open"]),
        (SUN_FROZEN, vec!["current sole frozen"]),
        (QIAN_RICH, vec!["current sole open"]),
    ] {
        let accounts = accounts_of(&bench, customer);
        let told = accounts.iter().map(|account| {
            let words = ["kind", "holder", "state"].map(|name| account[name].as_str());
            words.map(|word| word.expect("a word")).join(" ")
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{customer}");
        all.extend(ids_of(&bench, customer));
    }
    assert_eq!(all.len(), 9, "no two share an id");
}

#[test]
fn same_seed_gives_the_same_accounts_and_another_gives_others() {
    let (one, mut two, other) = (Bench::new(), Bench::new(), Bench::seeded(7));
    two.bank.clock = Arc::clone(&one.clock) as Arc<dyn Clock>;
    two.clock = Arc::clone(&one.clock);
    for customer in ALL.into_iter().rev() {
        let ids = ids_of(&one, customer);
        assert!(ids_of(&other, customer).iter().all(|id| !ids.contains(id)));
        for id in ids {
            for end in ["", "/balances", "/transactions?limit=25", "/statement"] {
                let path = format!("{ACCOUNTS}/{id}{end}");
                let (first, second) = (one.get_as(customer, &path), two.get_as(customer, &path));
                assert_eq!((first.status, first.body), (200, second.body), "{path}");
            }
        }
    }
}

#[test]
fn another_customers_account_answers_as_one_that_there_is_not() {
    let bench = Bench::new();
    let told = |customer: &str, id: &str| {
        let below = ["", "/balances", "/transactions", "/statement"];
        let paths = below.map(|end| format!("{ACCOUNTS}/{id}{end}"));
        let mut answers: Vec<Answer> = paths
            .iter()
            .map(|path| bench.get_as(customer, path))
            .collect();
        let amount = json!({ "currency": "CNY", "value": "1.00" });
        let asked = json!({ "accountId": id, "amount": amount });
        answers.push(bench.post_as(customer, "/accounts/v1/funds-confirmations", &asked));
        let told = answers.into_iter().map(|answer| {
            let body = String::from_utf8(answer.body).expect("text");
            (answer.status, body.replace(id, "ID"))
        });
        told.collect::<Vec<_>>()
    };
    let unknown = told(LI_LEI, "acc-AAAAAAAAAAAAAAAAAAAAAA");
    assert!(unknown.iter().all(|(status, _)| *status == 404));
    for other in &ALL[1..] {
        for id in ids_of(&bench, other) {
            assert_eq!(told(LI_LEI, &id), unknown);
        }
    }
}

#[test]
fn nothing_is_told_without_a_customer_or_past_the_scope() {
    let bench = Bench::new();
    let answered = |claims: &Value| {
        let assertion = bench.assertion(claims);
        let answer = bench.send("GET", ACCOUNTS, &[&assertion], None);
        assert_eq!(answer.kind == "application/json", answer.status == 200);
        answer.status
    };
    let mut without = bench.claims_of(LI_LEI);
    assert_eq!(answered(&without), 200);
    without.as_object_mut().expect("claims").remove("customer");
    assert_eq!(answered(&without), 401);
    let of = |customer: Value| {
        let mut claims = bench.claims_of(LI_LEI);
        claims["customer"] = customer;
        claims
    };
    for (customer, status) in [
        (json!(""), 401),
        (json!(null), 401),
        (json!(101), 401),
        (json!([LI_LEI]), 401),
        (json!("li-lei"), 403),
        (json!("harbour-000100"), 403),
        (json!("harbour-000107"), 403),
    ] {
        assert_eq!(answered(&of(customer.clone())), status, "{customer}");
    }
    let mut narrow = bench.claims_of(LI_LEI);
    narrow["scope"] = json!("transactions funds");
    assert_eq!(answered(&narrow), 403);
    assert_eq!(bench.send("GET", ACCOUNTS, &[], None).status, 401);
}

#[test]
fn a_balance_is_any_earlier_one_and_what_was_booked_since() {
    let bench = Bench::new();
    let mut before: Vec<(&str, String, (String, i64))> = Vec::new();
    for customer in ALL {
        for id in ids_of(&bench, customer) {
            let at = booked(&bench, customer, &id);
            before.push((customer, id, at));
        }
    }
    for days in [1, 13, 20, 45] {
        bench.clock.advance(Duration::from_hours(24 * days));
        for (customer, id, (day, balance)) in &before {
            let path = format!("{ACCOUNTS}/{id}/transactions?from={day}");
            let (all, _) = pages(&bench, customer, &path);
            let since = all.iter().filter(|one| {
                one["status"] == "booked" && one["bookedOn"].as_str() > Some(day.as_str())
            });
            let sum: i64 = since.map(|one| fen(&one["amount"]["value"])).sum();
            assert_eq!(booked(&bench, customer, id).1, balance + sum, "{id} {day}");
        }
    }
}

#[test]
fn a_statement_runs_from_one_balance_to_the_other() {
    let bench = Bench::new();
    for customer in ALL {
        for id in ids_of(&bench, customer) {
            let answer = bench.get_as(customer, &format!("{ACCOUNTS}/{id}/statement"));
            assert_eq!(answer.kind, "text/csv; charset=utf-8; header=present");
            let text = String::from_utf8(answer.body).expect("text");
            assert!(!text.contains(&id) && text.len() < 1 << 20);
            let mut lines = text.split_terminator("\r\n").map(|line| {
                let cells: Vec<&str> = line.split(',').collect();
                assert_eq!(cells.len(), 8, "{line}");
                cells
            });
            let names = lines.next().expect("columns");
            assert_eq!(
                (names[0], names[5], names[6]),
                ("date", "amount", "balance")
            );
            let lines: Vec<_> = lines.collect();
            let number = |cell: &str| fen(&json!(cell));
            let (first, last) = (lines.first(), lines.last());
            let (first, last) = (first.expect("opening"), last.expect("closing"));
            assert_eq!((first[1], last[1]), ("opening", "closing"));
            let mut balance = number(first[6]);
            for cells in &lines[1..lines.len() - 1] {
                balance += number(cells[5]);
                assert_eq!(number(cells[6]), balance);
            }
            assert_eq!(number(last[6]), balance);
            let (day, booked) = booked(&bench, customer, &id);
            assert_eq!((last[0], balance), (day.as_str(), booked));
        }
    }
}

#[test]
fn qian_rich_has_ten_thousand_transactions_in_forty_pages_whatever_day_it_is() {
    let bench = Bench::new();
    for days in [0, 17] {
        bench.clock.advance(Duration::from_hours(24 * days));
        let id = ids_of(&bench, QIAN_RICH).remove(0);
        let path = format!("{ACCOUNTS}/{id}/transactions");
        let (all, count) = pages(&bench, QIAN_RICH, &path);
        assert_eq!((all.len(), count), (10_000, 40));
        let known = |name: &'static str| all.iter().map(move |one| one[name].as_str());
        assert_eq!(
            known("transactionId").collect::<BTreeSet<_>>().len(),
            10_000
        );
        assert!(known("bookedOn").is_sorted_by(|one, next| one >= next));
    }
}

#[test]
fn all_transactions_are_those_of_each_account() {
    let bench = Bench::new();
    for customer in [LI_LEI, ZHAO_JOINT, SUN_FROZEN] {
        let key = |all: Vec<Value>| {
            let id = |one: &Value| one["transactionId"].as_str().map(str::to_owned);
            all.iter().map(id).collect::<BTreeSet<_>>()
        };
        let (all, _) = pages(&bench, customer, "/accounts/v1/transactions");
        let mut each = BTreeSet::new();
        for id in ids_of(&bench, customer) {
            let path = format!("{ACCOUNTS}/{id}/transactions");
            each.extend(key(pages(&bench, customer, &path).0));
        }
        assert!(!each.is_empty());
        assert_eq!((all.len(), key(all)), (each.len(), each));
    }
}

#[test]
fn all_transactions_are_of_the_accounts_that_are_shared() {
    let bench = Bench::new();
    let ids = ids_of(&bench, LI_LEI);
    let shared = |accounts: Value| {
        let mut claims = bench.claims_of(LI_LEI);
        claims["accounts"] = accounts;
        let assertion = bench.assertion(&claims);
        let page = bench.send(
            "GET",
            "/accounts/v1/transactions?limit=250",
            &[&assertion],
            None,
        );
        let data = page.json()["data"].as_array().cloned().unwrap_or_default();
        let of = data
            .iter()
            .filter_map(|one| one["accountId"].as_str().map(str::to_owned));
        (page.status, of.collect::<BTreeSet<_>>())
    };
    let all = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    assert_eq!(shared(Value::Null), (200, all(&ids)));
    assert_eq!(shared(json!(ids[1..])), (200, all(&ids[1..])));
    assert_eq!(shared(json!(["acc-none", ids[0]])), (200, all(&ids[..1])));
    assert_eq!(shared(json!([])), (200, BTreeSet::new()));
    assert_eq!(shared(json!("all")).0, 401);
}

#[test]
fn days_that_are_not_told_are_mistakes() {
    let bench = Bench::new();
    let id = ids_of(&bench, LI_LEI).remove(0);
    let (yesterday, _) = booked(&bench, LI_LEI, &id);
    let today = yesterday.parse::<jiff::civil::Date>().expect("a day");
    let today = today.tomorrow().expect("a day");
    let early = today.saturating_sub(jiff::ToSpan::days(400));
    for (query, named) in [
        (format!("from={early}"), vec!["from"]),
        (format!("from={today}&until={yesterday}"), vec!["from"]),
        (format!("until={early}"), vec!["until"]),
        ("from=now&limit=251".to_owned(), vec!["from", "limit"]),
        (
            "offset=10001&colour=red".to_owned(),
            vec!["colour", "offset"],
        ),
    ] {
        let answer = bench.get_as(LI_LEI, &format!("{ACCOUNTS}/{id}/transactions?{query}"));
        let errors = answer.json()["errors"].as_array().cloned();
        let errors = errors.expect("errors");
        let told: Vec<_> = errors
            .iter()
            .filter_map(|e| e["parameter"].as_str())
            .collect();
        assert_eq!((answer.status, told), (400, named), "{query}");
    }
    let statement = format!("{ACCOUNTS}/{id}/statement?until={today}");
    assert_eq!(
        bench.get_as(LI_LEI, &statement).status,
        400,
        "today is not booked"
    );
}

#[test]
fn funds_are_there_to_the_last_hundredth_and_none_are_of_a_frozen_account() {
    let bench = Bench::new();
    let asks = |customer: &str, id: &str, hundredths: i64| {
        let value = format!("{}.{:02}", hundredths / 100, hundredths % 100);
        let amount = json!({ "currency": "CNY", "value": value });
        let asked = json!({ "accountId": id, "amount": amount });
        let answer = bench.post_as(customer, "/accounts/v1/funds-confirmations", &asked);
        assert_eq!(answer.status, 200, "{asked}");
        answer.json()
    };
    for customer in [LI_LEI, ZHAO_JOINT] {
        for id in ids_of(&bench, customer) {
            let balances = bench.get_as(customer, &format!("{ACCOUNTS}/{id}/balances"));
            let available = fen(&balances.json()["available"]["value"]);
            assert!(available > 1);
            assert_eq!(asks(customer, &id, available), json!({ "available": true }));
            assert_eq!(
                asks(customer, &id, available + 1),
                json!({ "available": false })
            );
        }
    }
    let frozen = ids_of(&bench, SUN_FROZEN).remove(0);
    assert_eq!(asks(SUN_FROZEN, &frozen, 1), json!({ "available": false }));
}

#[test]
fn what_is_no_question_about_funds_is_refused() {
    let bench = Bench::new();
    let path = "/accounts/v1/funds-confirmations";
    let id = ids_of(&bench, LI_LEI).remove(0);
    let of = |currency: &str, value: Value| {
        let amount = json!({ "currency": currency, "value": value });
        json!({ "accountId": id, "amount": amount })
    };
    let mut more = of("CNY", json!("1.00"));
    more["purpose"] = json!("none");
    let mut bodies = vec![json!([]), json!({}), of("USD", json!("1.00")), more];
    for value in [
        "0.00",
        "-1.00",
        "+1.00",
        "1",
        "1.0",
        "1.000",
        "01.00",
        "1e2",
        ".50",
        "1000000000000.00",
        "١.00",
    ] {
        bodies.push(of("CNY", json!(value)));
    }
    bodies.push(of("CNY", json!(1)));
    for body in bodies {
        assert_eq!(bench.post_as(LI_LEI, path, &body).status, 400, "{body}");
    }
    assert_eq!(bench.get_as(LI_LEI, path).status, 405);
    // Who asks is looked at before what is asked.
    assert_eq!(bench.send("POST", path, &[], None).status, 401);
}
