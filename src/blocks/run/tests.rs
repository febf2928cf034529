use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto::SystemRandom;
use serde_json::json;

use super::*;
use crate::compile::tests::{answer, block, checked, service, services, takes};
use crate::expression::Type;

/// What a service does when it is called: after so many milliseconds.
type Does = (u64, Result<Json, CallFault>);

/// Services that do as they are told: each call the next, the last one ever after.
#[derive(Default)]
struct Told {
    does: BTreeMap<&'static str, Vec<Does>>,
    called: Mutex<Vec<SourceCall>>,
    /// How many calls are open, and how many were at most.
    open: AtomicUsize,
    most: AtomicUsize,
}

struct Open<'o>(&'o Told);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Caller for Told {
    fn call<'a>(&'a self, call: &'a SourceCall) -> BoxFuture<'a, Result<Json, CallFault>> {
        let mut called = self.called.lock().expect("sound");
        let before = called.iter().filter(|its| its.operation == call.operation);
        let time = before.count();
        called.push(call.clone());
        let does = self
            .does
            .get(call.operation.as_ref())
            .expect("a call that is expected");
        let (wait, ended) = does[time.min(does.len() - 1)].clone();
        let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(open, Ordering::Relaxed);
        let guard = Open(self);
        Box::pin(async move {
            let _guard = guard;
            let never = std::future::pending::<()>();
            let _ = tokio::time::timeout(Duration::from_millis(wait), never).await;
            ended
        })
    }
}

fn told<const N: usize>(does: [(&'static str, Vec<Does>); N]) -> Told {
    Told {
        does: does.into(),
        ..Told::default()
    }
}

/// Services that all answer well.
fn good() -> Told {
    let plan = json!({ "months": 3, "fee": "12.00" });
    told([
        (
            "getSpendingProfile",
            vec![(10, Ok(json!({ "band": "MID" })))],
        ),
        (
            "scoreApplicant",
            vec![(10, Ok(json!({ "grade": "A", "limit": "500.00" })))],
        ),
        (
            "quotePlans",
            vec![(10, Ok(json!({ "plans": [plan], "next": "" })))],
        ),
    ])
}

fn operation_of(block: &Json, services: &Json) -> Arc<Operation> {
    let plan = checked(block, services).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    Arc::clone(&plan.operations[0])
}

fn value(operation: &Operation, json: &Json) -> Value {
    Value::read(&operation.input, json).expect("a request")
}

/// What a customer allowed: at most 300.
fn consent() -> Value {
    let text = |text: &str| Value::Text(text.into());
    let most = Value::Decimal(model::Decimal::parse("300.00").expect("a decimal").into());
    let bound = BTreeMap::from([(Arc::from("most"), most)]);
    let members = [
        ("id", text("consent-1")),
        ("customerId", text("customer-1")),
        (
            "accounts",
            Value::List(Arc::from([text("account-1"), text("account-2")])),
        ),
        ("bound", Value::Object(Arc::new(bound))),
    ];
    let members = members.map(|(name, value)| (Arc::from(name), value));
    Value::Object(Arc::new(BTreeMap::from(members)))
}

async fn run(operation: &Arc<Operation>, input: &Json, told: &Told) -> Ran {
    let given = Given {
        input: value(operation, input),
        consent: Some(consent()),
        now: "2026-11-24T09:00:00Z".parse().expect("an instant"),
    };
    let budget = RetryBudget::default();
    let house = House {
        caller: told,
        budget: &budget,
        random: &SystemRandom,
        cache: &AnswerCache::default(),
        whose: "",
    };
    let began = tokio::time::Instant::now();
    let ran = operation.run(given, &house).await;
    assert!(began.elapsed() <= operation.deadline, "{ran:?}");
    assert_eq!(
        told.open.load(Ordering::Relaxed),
        0,
        "nothing is left running"
    );
    ran
}

async fn ran(told: &Told) -> Ran {
    let operation = operation_of(&block(), &services());
    run(&operation, &json!({ "basketTotal": "250.00" }), told).await
}

#[tokio::test(start_paused = true)]
async fn values_go_from_read_to_read_and_into_the_reply() {
    let told = good();
    let ran = ran(&told).await;
    let body = json!({ "plans": [{ "months": 3, "fee": "12.00" }], "degraded": false });
    assert_eq!(ran.end, End::Reply { status: 200, body });
    let called = told.called.lock().expect("sound").clone();
    let of = |name: &str| {
        called
            .iter()
            .find(|its| *its.operation == *name)
            .expect("called")
    };
    assert_eq!(
        Json::from(of("scoreApplicant").arguments.clone()),
        json!({ "customerId": "customer-1", "product": "INSTALMENT", "spendingBand": "MID" })
    );
    let asked = json!({ "amount": "250.00", "grade": "A" });
    assert_eq!(Json::from(of("quotePlans").arguments.clone()), asked);
    let names: Vec<&str> = ran.steps.iter().map(|its| its.name.as_ref()).collect();
    assert_eq!(names, ["profile", "score", "plans"]);
    assert_eq!(ran.steps[1].began, Duration::from_millis(10));
    assert_eq!(ran.steps[1].took, Some(Duration::from_millis(10)));
}

#[tokio::test(start_paused = true)]
async fn each_fault_of_each_read_has_its_outcome_in_time() {
    let wrong = json!({ "band": "NONE", "grade": "E", "limit": "1", "plans": 1 });
    let faults: [(Does, CallFault); 8] = [
        (
            (1, Err(CallFault::Refused { status: 404 })),
            CallFault::Refused { status: 404 },
        ),
        ((1, Err(CallFault::Unavailable)), CallFault::Unavailable),
        ((60_000, Ok(json!({}))), CallFault::TimedOut),
        ((1, Err(CallFault::Reset)), CallFault::Reset),
        ((1, Err(CallFault::Malformed)), CallFault::Malformed),
        (
            (1, Ok(wrong)),
            CallFault::WrongType {
                pointer: String::new(),
            },
        ),
        ((1, Err(CallFault::TooBig)), CallFault::TooBig),
        ((351, Ok(json!({}))), CallFault::TimedOut),
    ];
    let reads = [
        ("getSpendingProfile", "profile"),
        ("scoreApplicant", "score"),
        ("quotePlans", "plans"),
    ];
    for (does, fault) in &faults {
        for (read, step) in reads {
            let mut told = good();
            told.does.insert(read, vec![does.clone()]);
            let ran = ran(&told).await;
            let of_step = ran
                .steps
                .iter()
                .find(|its| *its.name == *step)
                .expect("a report");
            let met = of_step.fault.clone().expect("a fault");
            assert_eq!(
                std::mem::discriminant(&met),
                std::mem::discriminant(fault),
                "{step}"
            );
            if step == "profile" {
                // Its customer's band is taken to be low.
                let End::Reply { body, .. } = &ran.end else {
                    panic!("{ran:?}");
                };
                assert_eq!((&body["degraded"], ran.is_degraded), (&json!(true), true));
                continue;
            }
            let end = End::Failed {
                step: step.into(),
                fault: met,
            };
            assert_eq!(ran.end, end, "{step}: {fault}");
        }
    }
}

/// Two reads beside each other, and a check on each.
fn two() -> (Json, Json) {
    let number = json!({ "type": "integer" });
    let path = |id: &str| {
        json!({ "post": {
            "operationId": id, "x-mortise-effect": "none",
            "requestBody": takes(&json!({ "n": number }), &["n"]),
            "responses": answer(&json!({ "n": number })),
        } })
    };
    let services = json!({ "one": service(&json!({ "/a": path("a"), "/b": path("b") })) });
    let read =
        |id: &str| json!({ "call": format!("one.{id}"), "with": { "n": 1 }, "timeout": "1s" });
    let block = json!({
        "block": "two", "version": "1.0.0", "title": { "en": "Two", "zh-CN": "二" },
        "sources": ["one"],
        "operations": { "both": {
            "expose": "POST /both", "class": "partner", "effect": "none", "deadline": "3s",
            "input": { "least": "int" },
            "reads": { "a": read("a"), "b": read("b") },
            "checks": [
                "422 a_is_low unless a.n >= input.least",
                "answer b_is_low unless b.n >= input.least",
            ],
            "let": { "share": "a.n / b.n" },
            "reply": { "status": 200, "body": { "share": "$share" } },
            "answers": { "b_is_low": { "status": 202, "body": { "a": "$a.n" } } },
        } },
    });
    (block, services)
}

async fn both(a: Does, b: Does) -> End {
    let (block, services) = two();
    let operation = operation_of(&block, &services);
    let told = told([("a", vec![a]), ("b", vec![b])]);
    run(&operation, &json!({ "least": 1 }), &told).await.end
}

#[tokio::test(start_paused = true)]
async fn the_first_check_in_the_file_wins_whatever_came_first() {
    let n = |n: i64| -> Result<Json, CallFault> { Ok(json!({ "n": n })) };
    let refused = || Err(CallFault::Refused { status: 409 });
    let low = End::Refused {
        status: 422,
        name: "a_is_low".to_owned(),
    };
    let failed = |step: &str| End::Failed {
        step: step.into(),
        fault: CallFault::Refused { status: 409 },
    };
    let b_is_low = End::Answer {
        name: "b_is_low".to_owned(),
        status: 202,
        body: json!({ "a": 5 }),
    };
    for (a, b, end) in [
        (n(0), n(0), low.clone()),
        (n(0), refused(), low),
        (n(5), n(0), b_is_low),
        (n(5), refused(), failed("b")),
        (refused(), n(0), failed("a")),
        (refused(), refused(), failed("a")),
    ] {
        for (wait_a, wait_b) in [(0, 0), (0, 500), (500, 0), (7, 8)] {
            let found = both((wait_a, a.clone()), (wait_b, b.clone())).await;
            assert_eq!(found, end, "{a:?} after {wait_a}, {b:?} after {wait_b}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_check_that_does_not_hold_waits_for_nothing_behind_it() {
    let (block, services) = two();
    let operation = operation_of(&block, &services);
    let told = told([
        ("a", vec![(5, Ok(json!({ "n": 0 })))]),
        ("b", vec![(900, Ok(json!({ "n": 0 })))]),
    ]);
    let began = tokio::time::Instant::now();
    let ran = run(&operation, &json!({ "least": 1 }), &told).await;
    assert!(
        matches!(ran.end, End::Refused { status: 422, .. }),
        "{ran:?}"
    );
    assert!(began.elapsed() < Duration::from_millis(10));
    assert_eq!(ran.steps[1].took, None, "it was let go");
}

#[tokio::test(start_paused = true)]
async fn what_has_no_value_is_the_blocks_fault_and_only_where_it_is_needed() {
    let n = |n: i64| -> Does { (0, Ok(json!({ "n": n }))) };
    let (block, services) = two();
    let operation = operation_of(&block, &services);
    let told = told([("a", vec![n(0)]), ("b", vec![n(0)])]);
    let divided = run(&operation, &json!({ "least": 0 }), &told).await;
    let cause = Cause::DivisionByZero;
    assert_eq!(divided.end, End::Faulty { cause });
    // A check before it ends the run, and nothing is divided.
    let refused = run(&operation, &json!({ "least": 1 }), &told).await;
    assert!(
        matches!(refused.end, End::Refused { status: 422, .. }),
        "{refused:?}"
    );
}

fn retried(retries: u32) -> Json {
    let (mut block, _) = two();
    block["operations"]["both"]["reads"]["a"]["retry"] = json!(retries);
    block["operations"]["both"]["deadline"] = json!("9s");
    block
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_as_often_as_written_and_nothing_else_is() {
    let (_, services) = two();
    let operation = operation_of(&retried(2), &services);
    let good = || (1, Ok(json!({ "n": 4 })));
    let fails = |fault: CallFault| (1, Err(fault));
    for (first, second, calls, is_good) in [
        (CallFault::Unavailable, CallFault::Reset, 3, true),
        (
            CallFault::TimedOut,
            CallFault::Refused { status: 400 },
            2,
            false,
        ),
        (CallFault::Malformed, CallFault::Reset, 1, false),
    ] {
        let told = told([
            ("a", vec![fails(first), fails(second), good()]),
            ("b", vec![(1, Ok(json!({ "n": 4 })))]),
        ]);
        let ran = run(&operation, &json!({ "least": 1 }), &told).await;
        assert_eq!(ran.steps[0].calls, calls, "{ran:?}");
        assert_eq!(matches!(ran.end, End::Reply { .. }), is_good, "{ran:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn repeats_have_a_budget_over_all_runs() {
    let (_, services) = two();
    let operation = operation_of(&retried(3), &services);
    let told = told([
        ("a", vec![(1, Err(CallFault::Unavailable))]),
        ("b", vec![(1, Ok(json!({ "n": 4 })))]),
    ]);
    let budget = RetryBudget::default();
    let house = House {
        caller: &told,
        budget: &budget,
        random: &SystemRandom,
        cache: &AnswerCache::default(),
        whose: "",
    };
    let mut calls = Vec::new();
    for _ in 0..6 {
        let given = Given {
            input: value(&operation, &json!({ "least": 1 })),
            consent: None,
            now: Timestamp::UNIX_EPOCH,
        };
        calls.push(operation.run(given, &house).await.steps[0].calls);
    }
    // Ten repeats at once, and one more for ten calls.
    assert_eq!(calls[..3], [4, 4, 4], "{calls:?}");
    let repeats: u32 = calls.iter().map(|count| count - 1).sum();
    assert!((10..=11).contains(&repeats), "{calls:?}");
}

#[tokio::test(start_paused = true)]
async fn a_kept_answer_is_asked_for_once_until_its_time_and_for_each_by_themselves() {
    let (_, services) = two();
    let mut block = retried(0);
    block["operations"]["both"]["reads"]["a"]["cache"] = json!("10s");
    let operation = operation_of(&block, &services);
    let failing = (1, Err(CallFault::Unavailable));
    let well = |n: u8| (1, Ok(json!({ "n": n })));
    let told = told([("a", vec![failing, well(5), well(6)]), ("b", vec![well(4)])]);
    let (budget, cache) = (RetryBudget::default(), AnswerCache::default());
    let mut calls = Vec::new();
    for (whose, pause) in [("a", 0), ("a", 0), ("a", 9), ("b", 0), ("a", 1), ("a", 0)] {
        tokio::time::advance(Duration::from_secs(pause)).await;
        let house = House {
            caller: &told,
            budget: &budget,
            random: &SystemRandom,
            cache: &cache,
            whose,
        };
        let given = Given {
            input: value(&operation, &json!({ "least": 1 })),
            consent: None,
            now: Timestamp::UNIX_EPOCH,
        };
        let ran = operation.run(given, &house).await;
        calls.push((ran.steps[0].calls, matches!(ran.end, End::Reply { .. })));
    }
    let (asked, kept) = ((1, true), (0, true));
    assert_eq!(calls, [(1, false), asked, kept, asked, asked, kept]);
}

/// A read for each account, and one that is followed from page to page.
fn lists() -> (Json, Json) {
    let number = json!({ "type": "integer" });
    let id = json!({ "type": "string", "maxLength": 64 });
    let services = json!({ "ledger": service(&json!({
        "/balances": { "post": {
            "operationId": "getBalance", "x-mortise-effect": "none",
            "requestBody": takes(&json!({ "accountId": id }), &["accountId"]),
            "responses": answer(&json!({ "n": number })),
        } },
        "/bookings": { "post": {
            "operationId": "listBookings", "x-mortise-effect": "none",
            "requestBody": takes(&json!({ "next": id }), &[]),
            "responses": answer(&json!({
                "data": { "type": "array", "items": number, "maxItems": 3 }, "next": id,
            })),
        } },
    })) });
    let block = json!({
        "block": "lists", "version": "1.0.0", "title": { "en": "Lists", "zh-CN": "表" },
        "sources": ["ledger"],
        "operations": { "all": {
            "expose": "POST /all", "class": "customer", "effect": "none", "deadline": "9s",
            "consent": { "scopes": ["s"], "purpose": "instalment_offer" },
            "reads": {
                "balances": {
                    "call": "ledger.getBalance", "with": { "accountId": "$a" },
                    "timeout": "1s",
                    "for": { "each": "a in consent.accounts", "max": 4, "at_once": 2 },
                },
                "booked": {
                    "call": "ledger.listBookings", "timeout": "1s",
                    "pages": { "next": "next", "items": "data", "max": 5 },
                },
            },
            "reply": { "status": 200, "body": { "balances": "$balances", "booked": "$booked" } },
        } },
    });
    (block, services)
}

#[tokio::test(start_paused = true)]
async fn lists_are_walked_in_their_order_and_pages_are_gathered_to_the_end() {
    let (mut block, mut services) = lists();
    // The consent's scope is one that a step uses.
    block["operations"]["all"]["consent"]["scopes"] = json!(["credit:assess"]);
    services["ledger"]["paths"]["/balances"]["post"]["x-mortise-scope"] = json!("credit:assess");
    let operation = operation_of(&block, &services);
    assert!(matches!(
        operation.steps[1].kind,
        Type::List { items_max: 5, .. }
    ));
    let page = |items: Json, next: &str| (1, Ok(json!({ "data": items, "next": next })));
    let told = told([
        (
            "getBalance",
            vec![(50, Ok(json!({ "n": 1 }))), (5, Ok(json!({ "n": 2 })))],
        ),
        (
            "listBookings",
            vec![page(json!([1, 2, 3]), "p2"), page(json!([4, 5, 6]), "p3")],
        ),
    ]);
    let ran = run(&operation, &json!({}), &told).await;
    let body = json!({ "balances": [{ "n": 1 }, { "n": 2 }], "booked": [1, 2, 3, 4, 5] });
    assert_eq!(ran.end, End::Reply { status: 200, body });
    let called = told.called.lock().expect("sound");
    let pages = called
        .iter()
        .filter(|its| *its.operation == *"listBookings");
    let asked: Vec<Option<&str>> = pages
        .map(|its| its.arguments.get("next")?.as_str())
        .collect();
    assert_eq!(asked, [None, Some("p2")]);
    let accounts = called
        .iter()
        .filter_map(|its| its.arguments.get("accountId")?.as_str());
    assert_eq!(accounts.collect::<Vec<_>>(), ["account-1", "account-2"]);
    // Two balances beside each other, and a page.
    assert_eq!(told.most.load(Ordering::Relaxed), 3);
}

#[tokio::test(start_paused = true)]
async fn a_list_with_more_items_than_are_called_for_fails_the_read() {
    let (mut block, mut services) = lists();
    block["operations"]["all"]["consent"]["scopes"] = json!(["credit:assess"]);
    block["operations"]["all"]["reads"]["balances"]["for"]["max"] = json!(1);
    services["ledger"]["paths"]["/balances"]["post"]["x-mortise-scope"] = json!("credit:assess");
    let operation = operation_of(&block, &services);
    let told = told([(
        "listBookings",
        vec![(1, Ok(json!({ "data": [], "next": "" })))],
    )]);
    let ran = run(&operation, &json!({}), &told).await;
    let fault = CallFault::TooBig;
    let step = Arc::from("balances");
    assert_eq!(ran.end, End::Failed { step, fault });
}
