use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;
use crate::expression::{Expression, Member, Names, ObjectType};
use crate::plan::Template;

/// A block of one operation, whose reads answer with words, numbers and lists.
fn written() -> Json {
    json!({
        "block": "checkout-instalment",
        "version": "1.4.2",
        "title": { "en": "Instalments", "zh-CN": "分期" },
        "sources": ["card"],
        "operations": { "offerPlans": {
            "expose": "POST /plans",
            "class": "customer",
            "effect": "none",
            "consent": {
                "scopes": ["credit:assess", "card:instalment-quote"],
                "purpose": "instalment_offer",
                "bound": { "account": "string" },
            },
            "deadline": "900ms",
            "input": { "basketTotal": "decimal", "band": ["LOW", "MID"], "months": "int?" },
            "checks": ["422 too_much unless input.basketTotal <= limit"],
            "reply": { "status": 200, "body": {
                "grade": "$grade", "plans": "$plans", "until": "$until", "lent": true,
            } },
            "answers": { "no_offer": { "status": 200, "body": { "lent": false } } },
        } },
    })
}

/// What the reads of a version give.
#[derive(Clone)]
struct Given {
    grades: Vec<&'static str>,
    plans_max: u32,
    until: Type,
    fee_is_optional: bool,
}

fn given() -> Given {
    Given {
        grades: vec!["A", "B", "C"],
        plans_max: 12,
        until: Type::Date,
        fee_is_optional: false,
    }
}

/// A version as whoever checks it would make it, as far as a difference looks.
struct Made {
    file: BlockFile,
    plan: Plan,
}

fn made(document: &Json, given: &Given) -> Made {
    let file = BlockFile::read(document).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let plan_type = ObjectType {
        members: BTreeMap::from([(
            "fee".into(),
            Member {
                kind: Type::Decimal,
                is_optional: given.fee_is_optional,
            },
        )]),
        is_open: false,
    };
    let plan_type = Type::Object(Arc::new(plan_type));
    let mut names = Names::default();
    for (name, kind) in [
        ("grade", Type::one_of(given.grades.iter().copied())),
        ("plans", Type::list(plan_type, given.plans_max)),
        ("until", given.until.clone()),
    ] {
        names.add(name, kind).expect("a name");
    }
    let operations = file.operations.iter();
    let operations = operations.map(|its| Arc::new(checked(its, &names)));
    let plan = Plan {
        name: file.name.as_str().into(),
        version: file.version,
        operations: operations.collect(),
    };
    Made { file, plan }
}

fn checked(file: &OperationFile, names: &Names) -> Operation {
    let members = file.input.iter().map(|(name, kind)| {
        let (kind, is_optional) = match kind {
            Type::Optional(inner) => (inner.as_ref().clone(), true),
            kind => (kind.clone(), false),
        };
        (name.as_str().into(), Member { kind, is_optional })
    });
    let input = ObjectType {
        members: members.collect(),
        is_open: false,
    };
    let answers = file.answers.iter();
    Operation {
        name: file.name.as_str().into(),
        method: file.method.parse().expect("a method"),
        path: file.path.as_str().into(),
        class: file.class,
        effect: file.effect,
        consent: None,
        deadline: file.deadline,
        names: Arc::new(names.clone()),
        input: Type::Object(Arc::new(input)),
        accounts: BTreeSet::new(),
        steps: Vec::new(),
        lets: Vec::new(),
        checks: Vec::new(),
        reply: reply_of(file.reply.status, &file.reply.body.value, names),
        answers: answers
            .map(|(name, its)| {
                let made = reply_of(its.status, &its.body.value, names);
                (name.as_str().into(), made)
            })
            .collect(),
    }
}

fn reply_of(status: u16, body: &Json, names: &Names) -> Reply {
    let members = body.as_object().expect("an object").iter();
    let members = members.map(|(name, its)| {
        let reference = its.as_str().and_then(|text| text.strip_prefix('$'));
        let made = match reference {
            Some(text) => {
                Template::Reference(Expression::check(text, names, None).expect("a reference"))
            }
            None => Template::Literal(Arc::new(its.clone())),
        };
        (name.as_str().into(), made)
    });
    Reply {
        status,
        body: Template::Object(members.collect()),
        needs: BTreeSet::new(),
        lets: BTreeSet::new(),
        clusters: Vec::new(),
    }
}

/// The changes between two versions as lines, `!` before those that break.
fn told(old: &Made, new: &Made) -> Vec<String> {
    let (old, new) = (of(old), of(new));
    let line = |change: Change| {
        let sign = if change.kind == Kind::Breaking {
            "!"
        } else {
            ""
        };
        format!("{sign}{}: {}", change.operation, change.what)
    };
    diff(old, new).into_iter().map(line).collect()
}

fn of(made: &Made) -> Version<'_> {
    Version {
        file: &made.file,
        plan: &made.plan,
    }
}

/// What one edit of the file changes.
fn edited(pointer: &str, value: Json) -> Vec<String> {
    let mut document = written();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let parent = format!("/operations/offerPlans{parent}");
    let members = document.pointer_mut(&parent).and_then(Json::as_object_mut);
    let members = members.unwrap_or_else(|| panic!("{parent}"));
    if value.is_null() {
        members.remove(key);
    } else {
        members.insert(key.to_owned(), value);
    }
    told(&made(&written(), &given()), &made(&document, &given()))
}

#[test]
fn what_stays_is_no_change_and_spaces_in_a_check_are_none() {
    assert_eq!(edited("/deadline", json!("800ms")), [""; 0]);
    let spaced = json!(["422 too_much unless  input.basketTotal  <= limit"]);
    assert_eq!(edited("/checks", spaced), [""; 0]);
}

/// Where the file is edited, what is put there, and the change: `!` before one that breaks.
const EDITS: &str = r#"
/expose | "POST /offers" | !it is called by `POST /offers`, no longer by `POST /plans`
/class | "payment" | !class `payment` demands more than `customer`
/class | "partner" | class `partner` demands less than `customer`
/effect | "change" | !its effect is `change`, no longer `none`
/consent | null | no customer must allow it any more
/consent/scopes | ["credit:assess", "card:instalment-quote", "more"] | !a customer must allow scope `more`
/consent/scopes | ["credit:assess"] | scope `card:instalment-quote` is needed no more
/consent/purpose | "other" | !its purpose is `other`, no longer `instalment_offer`
/consent/bound | { "account": "string", "most": "decimal" } | !a consent must be bound to `most`
/consent/bound | { "account": "decimal" } | !bound `account` is decimal, no longer string
/consent/bound | null | !a consent is not bound to `account` any more
/checks | [] | a check is gone: 422 too_much unless input.basketTotal <= limit
/input/months | null | !input.months is taken no more
/input/months | "int" | !input.months must be sent
/input/basketTotal | "decimal?" | input.basketTotal may be left out
/input/code | "string" | !input.code must be sent
/input/code | "string?" | input.code is new
/input/band | ["LOW", "MID", "HIGH"] | input.band is one of HIGH/LOW/MID, no longer one of LOW/MID
/input/basketTotal | "int" | !input.basketTotal is int, no longer decimal
/reply/status | 201 | !reply: its status is 201, no longer 200
/reply/body/grade | null | !reply.grade is gone
/reply/body/more | 1 | reply.more is new
/reply/body/lent | "yes" | !reply.lent is string, no longer bool
/answers/later | { "status": 200, "body": { "lent": false } } | !a new answer: `later`
/answers/no_offer | null | answer `no_offer` is gone
"#;

#[test]
fn each_edit_is_breaking_or_compatible() {
    for line in EDITS.trim().lines() {
        let parts: Vec<&str> = line.split(" | ").collect();
        let [pointer, value, change] = parts[..] else {
            panic!("{line}");
        };
        let value = serde_json::from_str(value).expect("JSON");
        let wanted = match change.strip_prefix('!') {
            Some(change) => format!("!offerPlans: {change}"),
            None => format!("offerPlans: {change}"),
        };
        assert_eq!(edited(pointer, value), [wanted], "{line}");
    }
}

#[test]
fn a_check_that_reads_otherwise_may_refuse_more() {
    let found = edited(
        "/checks",
        json!(["422 too_much unless input.basketTotal < limit"]),
    );
    assert_eq!(
        found,
        [
            "!offerPlans: a new check: 422 too_much unless input.basketTotal < limit",
            "offerPlans: a check is gone: 422 too_much unless input.basketTotal <= limit",
        ]
    );
}

#[test]
fn what_a_bank_answers_otherwise_changes_the_reply_too() {
    let old = made(&written(), &given());
    let changed = |given: Given| told(&old, &made(&written(), &given));
    let mut other = given();
    other.grades.push("D");
    let wider = "!offerPlans: reply.grade is one of A/B/C/D, no longer one of A/B/C";
    assert_eq!(changed(other), [wider]);
    let mut other = given();
    other.grades.pop();
    let narrower = "offerPlans: reply.grade is one of A/B, no longer one of A/B/C";
    assert_eq!(changed(other), [narrower]);
    let mut other = given();
    (other.plans_max, other.fee_is_optional) = (24, true);
    other.until = Type::Optional(Arc::new(Type::Date));
    assert_eq!(
        changed(other),
        [
            "!offerPlans: reply.plans has at most 24 items, no longer 12",
            "!offerPlans: reply.plans[].fee may be absent",
            "!offerPlans: reply.until may be absent",
        ]
    );
}

#[test]
fn operations_come_and_go_and_the_version_tells_which() {
    let mut document = written();
    let operations = document["operations"].as_object_mut().expect("an object");
    let one = operations["offerPlans"].clone();
    operations.insert("quote".to_owned(), one);
    let (old, new) = (made(&written(), &given()), made(&document, &given()));
    assert_eq!(told(&old, &new), ["quote: it is new"]);
    assert_eq!(told(&new, &old), ["!quote: it is gone"]);
    let lowest = |old: &Made, new: &Made| lowest_version([1, 4, 2], &diff(of(old), of(new)));
    assert_eq!(lowest(&old, &new), [1, 5, 0]);
    assert_eq!(lowest(&new, &old), [2, 0, 0]);
    assert_eq!(lowest(&old, &old), [1, 4, 3]);
}
