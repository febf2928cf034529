//! Names, types and values that the tests speak of: those of a loan's block.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::*;

pub(super) const fn text(bytes_max: u32) -> Type {
    Type::Text { bytes_max }
}

/// An object: the names of members that may be absent end in `?`.
pub(super) fn object<const N: usize>(members: [(&str, Type); N]) -> Type {
    let members = members.map(|(name, kind)| {
        let is_optional = name.ends_with('?');
        let member = Member { kind, is_optional };
        (Arc::from(name.trim_end_matches('?')), member)
    });
    Type::Object(Arc::new(ObjectType {
        members: members.into_iter().collect(),
        is_open: false,
    }))
}

fn open(kind: Type) -> Type {
    match kind {
        Type::Object(object) => Type::Object(Arc::new(ObjectType {
            is_open: true,
            ..object.as_ref().clone()
        })),
        kind => kind,
    }
}

pub(super) fn plan() -> Type {
    object([
        ("id", text(16)),
        ("amount", Type::Decimal),
        ("months", Type::Int),
        ("kind", Type::one_of(["FLAT", "FALLING"])),
        ("fee?", Type::Decimal),
    ])
}

pub(super) fn status() -> Type {
    Type::one_of(["PASS", "REFER", "FAIL"])
}

pub(super) fn names() -> Arc<Names> {
    let mut names = Names::default();
    let address = object([("city", text(40)), ("zip?", text(10))]);
    let input = object([
        ("amount", Type::Decimal),
        ("term", Type::Int),
        ("note", text(140)),
        ("monthlyIncome?", Type::Decimal),
        ("since?", Type::Date),
        ("address?", address),
    ]);
    let bound = object([("principal", Type::Decimal), ("offerId", text(36))]);
    let kyc = object([
        ("status", status()),
        ("level", Type::Int),
        ("legalName", text(64)),
        ("isResident", Type::Bool),
        ("born", Type::Date),
    ]);
    for (name, kind) in [
        ("input", input),
        (
            "consent",
            object([("customerId", text(36)), ("bound", bound)]),
        ),
        ("kyc", open(kyc)),
        (
            "score",
            object([
                ("grade", Type::one_of(["A", "B", "C", "D"])),
                ("limit", Type::Decimal),
                ("codes", Type::list(text(8), 6)),
                ("weights", Type::list(Type::Int, 5)),
            ]),
        ),
        ("plans", Type::list(plan(), 4)),
        (
            "suit",
            object([("validUntil", Type::Timestamp), ("age", Type::Duration)]),
        ),
        ("profile", object([("band", Type::one_of(["LOW", "MID"]))])),
        ("raw", Type::Json),
        ("now", Type::Timestamp),
    ] {
        names.add(name, kind).expect("a new name");
    }
    names.add_step("profile").expect("a new step");
    Arc::new(names)
}

/// The values of the names that most tests are content with.
pub(super) fn values() -> Values {
    values_of(&json!({
        "input": { "amount": "3000.00", "term": 30, "note": "a ride home", "address": { "city": "Leipzig" } },
        "consent": { "customerId": "c-1", "bound": { "principal": "3000", "offerId": "o-1" } },
        "kyc": {
            "status": "PASS", "level": 2, "legalName": "Li Lei", "isResident": true,
            "born": "1990-02-28", "other": 1
        },
        "score": { "grade": "B", "limit": "2500.5", "codes": ["R1", "R22"], "weights": [3, 1, 2] },
        "plans": [
            { "id": "p-3", "amount": "100.10", "months": 3, "kind": "FLAT", "fee": "0.10" },
            { "id": "p-6", "amount": "51.00", "months": 6, "kind": "FALLING" }
        ],
        "suit": { "validUntil": "2026-12-01T00:00:00Z", "age": "PT36H" },
        "profile": { "band": "LOW" },
        "raw": { "any": [null, 1.5] },
        "now": "2026-11-24T08:00:00Z"
    }))
}

pub(super) fn values_of(json: &Json) -> Values {
    let names = names();
    let mut values = Values::new(names.clone());
    for (name, json) in json.as_object().expect("an object") {
        let (_, kind) = names.kind(name).expect("a name");
        let value = Value::read(kind, json).expect("a value of its type");
        values.put(name, value).expect("a value of its type");
    }
    values
}

/// The value of an expression that is sound, as text.
pub(super) fn shown(text: &str) -> String {
    shown_with(text, &values())
}

pub(super) fn shown_with(text: &str, values: &Values) -> String {
    let expression = Expression::check(text, &names(), None);
    let expression = expression.unwrap_or_else(|slips| panic!("{text}: {slips:?}"));
    let mut cost = Cost::new(expression.cost_limit());
    let value = expression.evaluate(values, &mut cost);
    assert!(cost.spent() <= expression.cost_limit(), "{text}");
    match value {
        Ok(value) => {
            value.check(expression.type_of()).expect(text);
            show(&value)
        }
        Err(failure) => format!("! {failure}"),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Bool(bool) => bool.to_string(),
        Value::Int(whole) => whole.to_string(),
        Value::Decimal(number) => format!("{number}d"),
        Value::Text(text) => format!("'{text}'"),
        Value::Timestamp(at) => at.to_string(),
        Value::Date(day) => day.to_string(),
        Value::Duration(length) => length.to_string(),
        Value::List(items) => {
            let items: Vec<String> = items.iter().map(show).collect();
            format!("[{}]", items.join(" "))
        }
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{name}: {}", show(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Json(json) => json.to_string(),
        Value::Absent => "absent".to_owned(),
    }
}

/// The only slip of an expression.
pub(super) fn slip(text: &str) -> Slip {
    let slips = Expression::check(text, &names(), None).expect_err(text);
    assert_eq!(slips.len(), 1, "{text}: {slips:?}");
    slips.into_iter().next().expect("one")
}
