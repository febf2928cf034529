use openapi::contracts;
use serde_json::json;

use super::*;
use crate::compile::Mistake;
use crate::compile::tests::{answer, block, checked, service, services, takes};

/// The block, with a repeat that it has the time for.
fn repeating() -> Json {
    let mut block = block();
    block["operations"]["offerPlans"]["deadline"] = json!("2s");
    block["operations"]["offerPlans"]["reads"]["score"]["retry"] = json!(1);
    block
}

/// Tests that reach every part of it.
fn whole() -> Json {
    let consent = json!({ "customerId": "c-1", "bound": { "most": "300.00" } });
    let plans = json!([{ "months": 3, "fee": "12.00" }]);
    let mock = |profile: Json, score: Json| {
        json!({
            "card.getSpendingProfile": profile,
            "risk.scoreApplicant": score,
            "card.quotePlans": { "reply": { "plans": plans, "next": "" } },
        })
    };
    let given = |total: &str| json!({ "consent": consent, "input": { "basketTotal": total } });
    let profile = || json!({ "reply": { "band": "MID" } });
    let score = |grade: &str| json!({ "reply": { "grade": grade, "limit": "280.00" } });
    json!([
        {
            "name": "plans are offered", "run": "offerPlans", "given": given("250.00"),
            "mock": mock(profile(), score("A")),
            "expect": {
                "status": 200, "body": { "plans": plans, "degraded": false }, "degraded": false,
                "calls": { "risk.scoreApplicant": 1, "card.quotePlans": 1 },
            },
        },
        {
            "name": "who is graded D is offered none", "run": "offerPlans",
            "given": given("250.00"), "mock": mock(profile(), score("D")),
            "expect": { "status": 200, "answer": "no_offer", "body": { "plans": [] } },
        },
        {
            "name": "no more than the limit is lent", "run": "offerPlans",
            "given": given("900.00"), "mock": mock(profile(), score("B")),
            "expect": { "status": 422, "problem": "too_much" },
        },
        {
            "name": "a slow profile is taken to be low", "run": "offerPlans",
            "given": given("250.00"),
            "mock": mock(json!("late"), json!([503, score("A")])),
            "expect": {
                "status": 200, "body_has": { "degraded": true, "plans": [{ "months": 3 }] },
                "degraded": true, "calls": { "risk.scoreApplicant": 2 },
            },
        },
    ])
}

fn held(tests: &Json) -> Result<Tests, Vec<Mistake>> {
    held_of(&repeating(), &services(), tests)
}

fn held_of(block: &Json, services: &Json, tests: &Json) -> Result<Tests, Vec<Mistake>> {
    let plan = checked(block, services).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let services = services.as_object().expect("services").iter();
    let read = services.map(|(name, document)| {
        let read = contracts(document).unwrap_or_else(|problems| panic!("{problems:#?}"));
        (name.clone(), read)
    });
    let file = TestsFile::read(tests).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Tests::check(&file, &plan, &read.collect())
}

fn report(tests: &Json) -> Report {
    let held = held(tests).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    held.run().expect("a runtime")
}

/// The first test, with other mocks and another expectation.
fn first(edits: &[(&str, Json)]) -> Json {
    let mut test = whole()[0].clone();
    for (pointer, value) in edits {
        edit(&mut test, pointer, value.clone());
    }
    json!([test])
}

fn edit(document: &mut Json, pointer: &str, value: Json) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).expect("a parent");
    let members = parent.as_object_mut().expect("an object");
    if value.is_null() {
        members.remove(key);
    } else {
        members.insert(key.to_owned(), value);
    }
}

#[test]
fn tests_that_reach_every_part_of_a_block_pass_and_say_so() {
    let report = report(&whole());
    assert!(report.is_passed(), "{report:#?}");
    assert_eq!(report.coverage.missing().next(), None, "{report:#?}");
    let points: Vec<(&str, Way, u32)> = report
        .coverage
        .points
        .iter()
        .map(|its| {
            let place = its.pointer.strip_prefix("/operations/offerPlans");
            (place.expect("of the operation"), its.way, its.tests)
        })
        .collect();
    assert_eq!(
        points,
        [
            ("/checks/0", Way::Holds, 3),
            ("/checks/0", Way::Fails, 1),
            ("/checks/1", Way::Holds, 2),
            ("/checks/1", Way::Fails, 1),
            ("/reply", Way::Ends, 2),
            ("/answers/no_offer", Way::Ends, 1),
            ("/reads/profile/or_else", Way::StandsIn, 1),
            ("/reads/score/retry", Way::Repeats, 1),
        ]
    );
}

#[test]
fn what_no_test_reaches_is_told() {
    let report = report(&first(&[]));
    let missing = report
        .coverage
        .missing()
        .map(|its| (its.pointer.as_str(), its.way));
    assert_eq!(
        missing.collect::<Vec<_>>(),
        [
            ("/operations/offerPlans/checks/0", Way::Fails),
            ("/operations/offerPlans/checks/1", Way::Fails),
            ("/operations/offerPlans/answers/no_offer", Way::Ends),
            (
                "/operations/offerPlans/reads/profile/or_else",
                Way::StandsIn
            ),
            ("/operations/offerPlans/reads/score/retry", Way::Repeats),
        ]
    );
}

#[test]
fn each_fault_ends_as_it_does_on_the_road_and_hanging_costs_no_time() {
    for (fault, status, problem, calls) in [
        (json!("refused"), 503, "upstream_unavailable", 2),
        (json!("503"), 503, "upstream_unavailable", 2),
        (json!("hangs"), 504, "upstream_timeout", 2),
        (json!("reset"), 503, "upstream_unavailable", 2),
        (json!("malformed"), 502, "upstream_invalid", 1),
        (json!("wrong_type"), 502, "upstream_invalid", 1),
        (json!("too_big"), 502, "upstream_invalid", 1),
        (json!("late"), 504, "upstream_timeout", 2),
    ] {
        let expect = json!({
            "status": status, "problem": problem,
            "calls": { "risk.scoreApplicant": calls, "card.quotePlans": 0 },
        });
        let tests = first(&[
            ("/mock/risk.scoreApplicant", fault.clone()),
            ("/expect", expect),
        ]);
        let report = report(&tests);
        assert!(report.is_passed(), "{fault}: {report:#?}");
    }
}

#[test]
fn a_reply_may_let_itself_be_waited_for() {
    let reply = |after: &str| {
        let reply = json!({ "grade": "A", "limit": "280.00" });
        json!({ "reply": reply, "after": after })
    };
    // The read waits for 350 ms.
    for (after, calls) in [("349ms", 1), ("351ms", 2)] {
        let calls = json!({ "risk.scoreApplicant": calls });
        let replies = json!([reply(after), reply("1ms")]);
        let tests = first(&[
            ("/mock/risk.scoreApplicant", replies),
            ("/expect/calls", calls),
        ]);
        let report = report(&tests);
        assert!(report.is_passed(), "{after}: {report:#?}");
    }
}

/// A read for each account, tried once more.
fn balances() -> (Json, Json) {
    let id = json!({ "type": "string", "maxLength": 64 });
    let services = json!({ "ledger": service(&json!({ "/balances": { "post": {
        "operationId": "getBalance", "x-mortise-effect": "none",
        "x-mortise-scope": "credit:assess",
        "requestBody": takes(&json!({ "accountId": id }), &["accountId"]),
        "responses": answer(&json!({ "n": { "type": "integer" } })),
    } } })) });
    let block = json!({
        "block": "balances", "version": "1.0.0", "title": { "en": "Balances", "zh-CN": "余额" },
        "sources": ["ledger"],
        "operations": { "all": {
            "expose": "POST /all", "class": "customer", "effect": "none", "deadline": "9s",
            "consent": { "scopes": ["credit:assess"], "purpose": "instalment_offer" },
            "reads": { "balances": {
                "call": "ledger.getBalance", "with": { "accountId": "$a" },
                "timeout": "1s", "retry": 1,
                "for": { "each": "a in consent.accounts", "max": 4, "at_once": 4 },
            } },
            "reply": { "status": 200, "body": { "balances": "$balances" } },
        } },
    });
    (block, services)
}

#[test]
fn replies_in_turn_are_those_of_the_items_and_of_the_calls_that_are_made_again() {
    let (block, services) = balances();
    let n = |n: i64| json!({ "reply": { "n": n } });
    let tests = |accounts: Json, turns: Json, expect: Json| {
        json!([{
            "name": "balances", "run": "all", "expect": expect,
            "given": { "consent": { "customerId": "c-1", "accounts": accounts } },
            "mock": { "ledger.getBalance": turns },
        }])
    };
    let balance = |n: i64| json!({ "n": n });
    let good = |list: Json, calls: u32| {
        let calls = json!({ "ledger.getBalance": calls });
        json!({ "status": 200, "body": { "balances": list }, "calls": calls })
    };
    let twice = json!(["a-1", "a-1"]);
    for (accounts, turns, expect, repeats) in [
        // The same account twice is no call that is made again.
        (
            &twice,
            json!([n(1), n(2)]),
            good(json!([balance(1), balance(2)]), 2),
            0,
        ),
        (
            &json!(["a-1", "a-2"]),
            json!([n(1), "reset", n(3)]),
            good(json!([balance(1), balance(3)]), 3),
            1,
        ),
        (
            &json!(["a-1"]),
            json!(["hangs", n(7)]),
            good(json!([balance(7)]), 2),
            1,
        ),
        (&json!([]), n(1), good(json!([]), 0), 0),
    ] {
        let tests = tests(accounts.clone(), turns, expect);
        let held = held_of(&block, &services, &tests);
        let held = held.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
        let report = held.run().expect("a runtime");
        assert!(report.is_passed(), "{report:#?}");
        let points = &report.coverage.points;
        let repeated = points
            .iter()
            .find(|its| its.way == Way::Repeats)
            .expect("a retry");
        assert_eq!(repeated.tests, repeats, "{tests:#}");
    }
}

#[test]
fn what_differs_is_told_where_it_is_expected() {
    let edits = [
        (
            "/expect/body",
            json!({ "plans": [{ "months": 6, "fee": "12.00", "note": "" }] }),
        ),
        ("/expect/degraded", json!(true)),
        ("/expect/calls", json!({ "card.quotePlans": 3 })),
    ];
    let report = report(&first(&edits));
    let found: Vec<(&str, Option<&Json>, Option<&Json>)> = report.tests[0]
        .differences
        .iter()
        .map(|its| {
            (
                its.pointer.as_str(),
                its.expected.as_ref(),
                its.got.as_ref(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "/0/expect/body/plans/0/months",
                Some(&json!(6)),
                Some(&json!(3))
            ),
            ("/0/expect/body/plans/0/note", Some(&json!("")), None),
            ("/0/expect/body/degraded", None, Some(&json!(false))),
            (
                "/0/expect/degraded",
                Some(&json!(true)),
                Some(&json!(false))
            ),
            (
                "/0/expect/calls/card.quotePlans",
                Some(&json!(3)),
                Some(&json!(1))
            ),
        ]
    );
}

#[test]
fn another_end_than_was_expected_says_how_it_ended() {
    let told = |expect: Json, score: Json| {
        let edits = [("/expect", expect), ("/mock/risk.scoreApplicant", score)];
        let report = report(&first(&edits));
        let told = report.tests[0].differences.iter();
        let told = told.map(|its| format!("{}: {}", its.pointer, its.what));
        told.collect::<Vec<_>>()
    };
    let refused = json!({ "status": 422, "problem": "too_much" });
    let score = |grade: &str| json!({ "reply": { "grade": grade, "limit": "280.00" } });
    assert_eq!(
        told(refused.clone(), score("A")),
        [
            "/0/expect/status: it replied with 200",
            "/0/expect/problem: it replied with 200"
        ]
    );
    assert_eq!(
        told(json!({ "status": 200, "body": {} }), json!("reset")),
        [
            "/0/expect/status: the read `score` failed: the connection broke",
            "/0/expect/body: the read `score` failed: the connection broke"
        ]
    );
    assert_eq!(
        told(refused, score("D"))[0],
        "/0/expect/status: it answered `no_offer` with 200"
    );
}

#[test]
fn a_call_that_nothing_mocks_fails_the_test() {
    let report = report(&first(&[("/mock/card.quotePlans", Json::Null)]));
    let told = &report.tests[0].differences;
    let unknown = told.iter().find(|its| its.pointer == "/0/mock");
    assert_eq!(
        unknown.map(|its| its.what.as_str()),
        Some("`card.quotePlans` is called, and nothing mocks it"),
        "{told:#?}"
    );
}

/// What is edited in the first test, what is put there, the class, where below the test the mistake
/// is told, and what is said.
const EDITS: &str = r#"
/run | "offerPlan" | E202 | /run | the block has no operation `offerPlan`
/given/input/basketTotal | "much" | E203 | /given/input/basketTotal | this is no decimal
/given/input/months | 3 | E203 | /given/input/months | no member `months` is taken here
/given/consent | null | E204 |  | `offerPlans` needs a consent
/given/consent/bound | {} | E204 | /given/consent/bound/most | this must be there
/given/consent/bound/least | "1" | E204 | /given/consent/bound/least | no member `least` is taken here
/given/now | "noon" | E205 | /given/now | this is no timestamp
/mock/card.getOrder | "reset" | E206 | /mock/card.getOrder | no read of `offerPlans` calls `card.getOrder`
/mock/card.getSpendingProfile | null | E207 |  | the read `profile` calls `card.getSpendingProfile`, and nothing mocks it
/mock/risk.scoreApplicant/reply/grade | "E" | E208 | /mock/risk.scoreApplicant/reply/grade | no such answer is described: 200 must be one of: `A`, `B`, `C`, `D`
/mock/risk.scoreApplicant | { "status": 404, "body": {} } | E208 | /mock/risk.scoreApplicant/body | no such answer is described: 404 has a status that is not described
/expect | { "status": 422, "problem": "too_litle" } | E209 | /expect/problem | `offerPlans` has no problem `too_litle`
/expect | { "status": 409, "problem": "too_much" } | E209 | /expect/status | `too_much` has another status than 409
/expect | { "status": 200, "answer": "no_offers" } | E209 | /expect/answer | `offerPlans` has no answer `no_offers`
/expect | { "status": 404 } | E209 | /expect/status | `offerPlans` never ends with 404
/expect | { "status": 422, "problem": "too_much", "body": {} } | E210 | /expect | a problem is expected, and an answer or a body
/expect/body_has | {} | E210 | /expect | the whole body is expected, and a part of it
/expect/calls/card.getOrder | 1 | E206 | /expect/calls/card.getOrder | no read of `offerPlans` calls `card.getOrder`
"#;

#[test]
fn each_mistake_is_told_where_it_stands() {
    for line in EDITS.trim().lines() {
        let mut parts = line.split(" | ");
        let mut part = || parts.next().expect("a part");
        let (pointer, value) = (part(), part());
        let value = serde_json::from_str(value).expect("JSON");
        let expected = (part(), format!("/0{}", part().trim()), part());
        let mistakes = held(&first(&[(pointer, value)])).map(|_| ());
        let mistakes = mistakes.expect_err(line);
        let told = mistakes
            .iter()
            .map(|its| (its.code, its.pointer.clone(), its.what.as_str()));
        assert_eq!(told.collect::<Vec<_>>(), [expected], "{line}");
    }
}

#[test]
fn two_tests_of_one_name_are_a_mistake_and_so_is_a_clock_that_is_not_given() {
    let mut twice = whole();
    twice[1]["name"] = twice[0]["name"].clone();
    let mistakes = held(&twice).map(|_| ()).expect_err("a mistake");
    assert_eq!(
        (mistakes[0].code, mistakes[0].pointer.as_str()),
        ("E201", "/1/name")
    );

    let mut block = repeating();
    let checks = &mut block["operations"]["offerPlans"]["checks"];
    let late = "422 too_late unless now < timestamp(\"2027-01-01T00:00:00Z\")";
    checks.as_array_mut().expect("checks").push(json!(late));
    let plan = checked(&block, &services());
    let plan = plan.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let file = TestsFile::read(&first(&[])).expect("tests");
    let mistakes = Tests::check(&file, &plan, &Contracts::new()).map(|_| ());
    let mistakes = mistakes.expect_err("a mistake");
    let clock = mistakes
        .iter()
        .find(|its| its.code == "E205")
        .expect("the clock");
    assert_eq!(clock.what, "`offerPlans` reads `now`, and it is not given");
    // What nothing describes is not taken on trust.
    let told = mistakes.iter().filter(|its| its.code == "E208");
    assert_eq!(told.count(), 3, "{mistakes:#?}");
}

#[test]
fn the_form_of_a_file_is_told_all_at_once() {
    let file = json!([
        { "name": "", "run": "a", "expect": { "status": 99, "bdy": {} } },
        { "run": "a", "given": { "person": "li-lei" }, "expect": { "status": 200 } },
        {
            "name": "n", "run": "a", "expect": { "status": 200, "calls": { "a.b": -1 } },
            "mock": {
                "a.b": "hang", "a.c": [], "a.d": { "reply": {}, "status": 200 },
                "a.e": { "status": 200 }, "a.f": { "reply": {}, "after": "10" },
            },
        },
    ]);
    let problems = TestsFile::read(&file).expect_err("problems");
    let told: Vec<(&str, &str)> = problems
        .iter()
        .map(|its| (its.pointer.as_str(), its.what.as_str()))
        .collect();
    let neither = "this is neither a reply nor a status with its body";
    assert_eq!(
        told,
        [
            ("/0/name", "this text has 0 bytes"),
            ("/0/expect/bdy", "there is no key `bdy`"),
            ("/0/expect/status", "this is no such number"),
            ("/1", "the key `name` is missing"),
            ("/1/given/person", "there is no key `person`"),
            ("/2/mock/a.b", "`hang` is no fault"),
            ("/2/mock/a.c", "the list is empty"),
            ("/2/mock/a.d", neither),
            ("/2/mock/a.e", neither),
            ("/2/mock/a.f/after", "this is no length of time"),
            ("/2/expect/calls/a.b", "this is no such number"),
        ]
    );
    assert_eq!(
        problems[5].help,
        "did you mean `hangs`? the faults: refused, 503, hangs, reset, malformed, wrong_type, too_big, late"
    );
    assert!(TestsFile::read(&json!([])).is_err());
    assert!(TestsFile::read(&json!({})).is_err());
}
