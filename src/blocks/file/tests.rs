use serde_json::json;

use super::*;

/// A loan's preview, as the file says it.
fn preview() -> Value {
    json!({
        "block": "ride-loan",
        "version": "1.0.0",
        "title": { "en": "Ride-hailing micro-loan", "zh-CN": "出行小额贷" },
        "sources": ["identity", "risk", "ledger"],
        "operations": {
            "preview": {
                "expose": "POST /ride-loan/preview",
                "class": "customer",
                "effect": "none",
                "consent": {
                    "scopes": ["identity:verify", "credit:assess"],
                    "purpose": "loan_offer",
                    "bound": { "creditAccount": "string" }
                },
                "deadline": "2500ms",
                "input": { "amount": "decimal", "monthlyIncome": "decimal?", "band": ["LOW", "MID"] },
                "reads": {
                    "kyc": {
                        "call": "identity.verifyPerson",
                        "with": { "customerId": "$consent.customerId" },
                        "timeout": "800ms",
                        "retry": 1
                    },
                    "score": {
                        "call": "risk.scoreApplicant",
                        "timeout": "1s",
                        "or_else": { "grade": "D", "limit": "0" },
                        "cache": "10m"
                    },
                    "booked": {
                        "call": "ledger.listBookings",
                        "timeout": "1s",
                        "optional": true,
                        "pages": { "next": "next", "items": "data", "max": 200 },
                        "for": { "each": "a in consent.accounts", "max": 20, "at_once": 4 }
                    }
                },
                "checks": [
                    "422 identity_not_verified unless kyc.status == \"PASS\"",
                    "answer no_offer unless score.grade != \"D\""
                ],
                "let": { "principal": "min(input.amount, score.limit)", "isFree": true },
                "reply": { "status": 200, "body": { "principal": "$principal" } },
                "answers": { "no_offer": { "status": 200, "body": { "offer": false } } }
            }
        }
    })
}

#[test]
fn a_file_is_read_as_it_is_written() {
    let block = BlockFile::read(&preview()).expect("sound");
    assert_eq!(
        (block.name.as_str(), block.version),
        ("ride-loan", [1, 0, 0])
    );
    assert_eq!(block.title_zh, "出行小额贷");
    let [operation] = block.operations.as_slice() else {
        panic!("one operation");
    };
    assert_eq!(operation.name, "preview");
    assert_eq!(
        (operation.method.as_str(), operation.path.as_str()),
        ("POST", "/ride-loan/preview")
    );
    assert_eq!(
        (operation.class, operation.effect),
        (Class::Customer, EffectMark::None)
    );
    assert_eq!(operation.deadline, Duration::from_millis(2_500));
    let consent = operation.consent.as_ref().expect("a consent");
    assert_eq!(consent.scopes, ["identity:verify", "credit:assess"]);
    assert_eq!(consent.bound.len(), 1);
    let optional = Type::Optional(Type::Decimal.into());
    assert_eq!(
        operation.input,
        [
            ("amount".to_owned(), Type::Decimal),
            ("band".to_owned(), Type::one_of(["LOW", "MID"])),
            ("monthlyIncome".to_owned(), optional),
        ]
    );
    let [booked, kyc, score] = operation.reads.as_slice() else {
        panic!("three reads");
    };
    assert_eq!(
        (kyc.source.as_str(), kyc.operation.as_str()),
        ("identity", "verifyPerson")
    );
    assert_eq!(kyc.pointer, "/operations/preview/reads/kyc/call");
    assert_eq!(
        (kyc.retries, kyc.is_optional, &kyc.or_else),
        (1, false, &None)
    );
    assert_eq!(kyc.with[0].1.value, "$consent.customerId");
    assert_eq!(score.cache, Some(Duration::from_mins(10)));
    let or_else = score.or_else.as_ref().expect("a default");
    assert_eq!(or_else.pointer, "/operations/preview/reads/score/or_else");
    assert!(booked.is_optional);
    assert_eq!(
        booked.pages.as_ref().map(|pages| pages.items_max),
        Some(200)
    );
    let each = booked.each.as_ref().expect("a walk");
    assert_eq!(
        (each.item.as_str(), each.items_max, each.at_once),
        ("a", 20, 4)
    );
    assert_eq!(each.list.value, "consent.accounts");
    assert_eq!(operation.checks[1].pointer, "/operations/preview/checks/1");
    assert_eq!(operation.lets.len(), 2);
    assert_eq!((operation.reply.status, operation.answers.len()), (200, 1));
}

/// The problems of the preview with one value changed, or taken away by `null`.
fn told(pointer: &str, value: Value) -> Vec<String> {
    let mut document = preview();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = document.pointer_mut(parent).expect("a mapping");
    let members = parent.as_object_mut().expect("a mapping");
    if value.is_null() {
        members.remove(key).expect("a key");
    } else {
        members.insert(key.to_owned(), value);
    }
    let problems = BlockFile::read(&document).expect_err("a problem");
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn every_key_that_must_be_there_is_missed() {
    let operation = "/operations/preview";
    for (parent, keys) in [
        (
            "",
            &["block", "version", "title", "sources", "operations"] as &[&str],
        ),
        ("/title", &["en", "zh-CN"]),
        (
            operation,
            &["expose", "class", "effect", "deadline", "reply"],
        ),
        ("/operations/preview/consent", &["scopes", "purpose"]),
        ("/operations/preview/reads/kyc", &["call", "timeout"]),
        (
            "/operations/preview/reads/booked/pages",
            &["next", "items", "max"],
        ),
        (
            "/operations/preview/reads/booked/for",
            &["each", "max", "at_once"],
        ),
        ("/operations/preview/reply", &["status", "body"]),
    ] {
        for key in keys {
            let first = told(&format!("{parent}/{key}"), Value::Null).swap_remove(0);
            assert_eq!(
                first,
                format!("{parent}: the key `{key}` is missing; write `{key}`")
            );
        }
    }
}

/// Holds that each changed value is told of by one problem: `!` is the operation.
fn hold(slips: &[(&str, Value, &str)]) {
    for (key, value, wrong) in slips {
        let pointer = key.replacen('!', "/operations/preview", 1);
        let expected = if wrong.starts_with('/') {
            format!("{pointer}{wrong}")
        } else {
            format!("{pointer}: {wrong}")
        };
        assert_eq!(told(&pointer, value.clone()), [expected]);
    }
}

#[test]
fn every_slip_of_the_file_is_told_where_it_stands() {
    hold(&[
        (
            "/blok",
            json!(1),
            "there is no key `blok`; did you mean `block`? the keys: block, version, title, sources, operations",
        ),
        (
            "/block",
            json!("Ride Loan"),
            "this is no name of a block; write small letters, digits and `-`, such as `ride-loan`",
        ),
        ("/block", json!(7), "this is no text; put it in quotes"),
        (
            "/version",
            json!("1.0"),
            "this is no version; write three numbers: `1.0.0`",
        ),
        (
            "/version",
            json!("1.0.01"),
            "this is no version; write three numbers: `1.0.0`",
        ),
        (
            "/title",
            json!("Loan"),
            "this is no mapping; write the keys en, zh-CN",
        ),
        (
            "/sources",
            json!(["risk", "risk"]),
            "/1: `risk` stands here twice; write it once",
        ),
        (
            "/sources",
            json!([]),
            "the list is empty; write at least one",
        ),
        (
            "/operations",
            json!({}),
            "there is no operation; write at least one",
        ),
    ]);
}

#[test]
fn every_slip_of_an_operation_is_told_where_it_stands() {
    hold(&[
        (
            "!/efects",
            json!({}),
            "there is no key `efects`; did you mean `effects`? the keys: expose, class, effect, consent, deadline, input, reads, checks, let, reply, …",
        ),
        (
            "!/effects",
            json!({}),
            "`effects` is not built yet; leave it out: a block reads, checks and replies",
        ),
        (
            "!/spend",
            json!({}),
            "`spend` is not built yet; leave it out: a block reads, checks and replies",
        ),
        (
            "!/expose",
            json!("FETCH /x"),
            "there is no method `FETCH`; the methods: GET, POST, PUT, PATCH, DELETE",
        ),
        (
            "!/expose",
            json!("GET x"),
            "there is no path; write a method, a space and a path: `POST /ride-loan/offers`",
        ),
        (
            "!/class",
            json!("custmer"),
            "`custmer` is no class; did you mean `customer`? one of: open, partner, customer, payment",
        ),
        (
            "!/effect",
            json!("all"),
            "`all` is no effect; one of: none, change, money",
        ),
        (
            "!/deadline",
            json!(900),
            "this is no length of time; write digits and `ms`, `s`, `m` or `h`: `800ms`",
        ),
        (
            "!/deadline",
            json!("0s"),
            "this length of time is out of bounds; write more than 0 and at most 60 s",
        ),
        (
            "!/deadline",
            json!("2h"),
            "this length of time is out of bounds; write more than 0 and at most 60 s",
        ),
    ]);
}

#[test]
fn every_slip_of_its_parts_is_told_where_it_stands() {
    hold(&[
        (
            "!/input",
            json!({ "a-b": "int" }),
            "/a-b: `a-b` is no name; write a letter, then letters, digits and `_`, at most 64",
        ),
        (
            "!/input",
            json!({ "a": "decimel" }),
            "/a: there is no type `decimel`; did you mean `decimal`? the types: bool, int, decimal, string, account, timestamp, date, duration",
        ),
        (
            "!/reads/kyc/call",
            json!("identty.verifyPerson"),
            "there is no source `identty`; did you mean `identity`? the sources: identity, risk, ledger",
        ),
        (
            "!/reads/kyc/call",
            json!("verifyPerson"),
            "`verifyPerson` names no operation; write a source, a point and an `operationId`: `ledger.getBalance`",
        ),
        (
            "!/reads/kyc/retry",
            json!(4),
            "this is no such number; write 0 to 3",
        ),
        (
            "!/reads/kyc/optional",
            json!("yes"),
            "this is neither true nor false; write `true`",
        ),
        (
            "!/reads/booked/for/each",
            json!("consent.accounts"),
            "this is no walk over a list; write a name, `in`, and a list: `a in consent.accounts`",
        ),
        (
            "!/reply/status",
            json!(404),
            "this is no such number; write 200 to 299",
        ),
        ("!/checks", json!("a"), "this is no list; write a list"),
        (
            "!/let/principal",
            json!({}),
            "this is no text; put it in quotes",
        ),
    ]);
}

#[test]
fn a_read_that_fails_has_one_way_out() {
    let told = told("/operations/preview/reads/score/optional", json!(true));
    assert_eq!(
        told,
        [
            "/operations/preview/reads/score/or_else: a read has `or_else` or is `optional`, not \
             both; leave one out"
        ]
    );
}

#[test]
fn all_problems_come_in_one_run_and_their_number_is_bounded() {
    let two = told(
        "/operations/preview",
        json!({ "class": "open", "reads": { "a": {} } }),
    );
    assert_eq!(two.len(), 6, "{two:?}");
    let many: Vec<usize> = (0..500).collect();
    let many = many.iter().map(|n| (format!("k{n}"), json!(1)));
    let many = Value::Object(many.collect());
    assert_eq!(BlockFile::read(&many).expect_err("problems").len(), 200);
    assert_eq!(
        BlockFile::read(&json!(null)).expect_err("no mapping").len(),
        1
    );
}
