//! How JSON becomes values.

use serde_json::json;

use super::sample::{names, object, plan, status, text};
use super::*;

#[test]
fn json_is_read_by_what_is_described() {
    for (kind, json) in [
        (Type::Bool, json!(true)),
        (Type::Int, json!(-3)),
        (Type::Decimal, json!("0.10")),
        (Type::Decimal, json!(3)),
        (text(3), json!("abc")),
        (status(), json!("PASS")),
        (Type::Timestamp, json!("2026-11-24T08:00:00+08:00")),
        (Type::Date, json!("2026-11-24")),
        (Type::Duration, json!("PT1H")),
        (Type::list(Type::Int, 2), json!([1, 2])),
        (Type::Optional(Type::Int.into()), json!(null)),
        (Type::Optional(Type::Int.into()), json!(1)),
        (Type::Json, json!({ "a": [null, 1.5] })),
        (
            object([("a", Type::Int), ("b?", Type::Int)]),
            json!({ "a": 1, "b": null }),
        ),
        (object([("a", Type::Optional(Type::Int.into()))]), json!({})),
    ] {
        let value = Value::read(&kind, &json).expect("fits");
        assert_eq!(value.check(&kind), Ok(()), "{kind}: {json}");
    }
}

#[test]
fn what_does_not_fit_is_told_where_it_stands_and_not_repeated() {
    let plans = Type::list(plan(), 4);
    for (kind, json, told) in [
        (Type::Bool, json!("true"), ": this is no bool"),
        (Type::Int, json!(1.5), ": this is no int"),
        (
            Type::Int,
            json!(9_223_372_036_854_775_808_u64),
            ": this is no int",
        ),
        (Type::Decimal, json!(0.1), ": this is no decimal"),
        (Type::Decimal, json!("1e3"), ": this is no decimal"),
        (Type::Decimal, json!(true), ": this is no decimal"),
        (text(3), json!("abcd"), ": this is no string"),
        (
            status(),
            json!("pass"),
            ": this is no one of FAIL/PASS/REFER",
        ),
        (
            Type::Timestamp,
            json!("2026-11-24"),
            ": this is no timestamp",
        ),
        (Type::Date, json!("24.11.2026"), ": this is no date"),
        (Type::Int, json!(null), ": this is no int"),
        (
            Type::list(Type::Int, 2),
            json!([1, 2, 3]),
            ": this is no list of int",
        ),
        (
            Type::list(Type::Int, 2),
            json!([1, "secret"]),
            "/1: this is no int",
        ),
        (plans.clone(), json!([{}]), "/0/amount: this must be there"),
        (plan(), json!([]), ": this is no object"),
        (
            object([("a/b", Type::Int)]),
            json!({ "a/b": "x" }),
            "/a~1b: this is no int",
        ),
        (
            object([("a", Type::Int)]),
            json!({ "a": 1, "z": 2 }),
            "/z: this is not described",
        ),
        (
            object([("a", Type::Int)]),
            json!({ "a": null }),
            "/a: this is no int",
        ),
    ] {
        let unfit = Value::read(&kind, &json).expect_err("does not fit");
        assert_eq!(unfit.to_string(), told, "{kind}: {json}");
    }
}

#[test]
fn only_what_is_described_is_kept_of_an_open_object() {
    let names = names();
    let (_, kyc) = names.kind("kyc").expect("a name");
    let json = json!({
        "status": "PASS", "level": 1, "legalName": "a", "isResident": true, "born": "1990-01-01",
        "secret": 1
    });
    let Ok(Value::Object(members)) = Value::read(kyc, &json) else {
        panic!("an object");
    };
    assert_eq!(members.len(), 5);
    assert!(!members.contains_key("secret"));
}

#[test]
fn a_name_takes_values_of_its_type_alone() {
    let mut values = Values::new(names());
    assert_eq!(values.put("raw", Value::Json(json!(1).into())), Ok(()));
    let told = |values: &mut Values, name: &str, value: Value| {
        values.put(name, value).expect_err("unfit").to_string()
    };
    assert_eq!(
        told(&mut values, "nobody", Value::Int(1)),
        ": no value has this name"
    );
    assert_eq!(
        told(&mut values, "now", Value::Int(1)),
        ": this is no timestamp"
    );
    let plans = Value::List([Value::Int(1)].into());
    assert_eq!(told(&mut values, "plans", plans), "/0: this is no object");
    let five = Value::List(vec![Value::Int(1); 5].into());
    let object = Value::Object(std::sync::Arc::new([("weights".into(), five)].into()));
    assert_eq!(
        told(&mut values, "score", object),
        "/codes: this must be there"
    );
    assert_eq!(
        told(&mut values, "plans", Value::Absent),
        ": this is no list of object"
    );
}

#[test]
fn what_is_written_is_what_was_read() {
    let optional = Type::Optional(Type::Int.into());
    for (kind, json) in [
        (Type::Bool, json!(false)),
        (Type::Int, json!(i64::MIN)),
        (Type::Decimal, json!("100.10")),
        (text(9), json!("榫\n\"")),
        (status(), json!("REFER")),
        (Type::Timestamp, json!("2026-11-24T08:00:00.5Z")),
        (Type::Date, json!("2026-02-28")),
        (Type::Duration, json!("PT36H1.5S")),
        (Type::Json, json!({ "a": [null, 1.5] })),
        (Type::list(optional, 3), json!([1, null, 2])),
        (
            Type::list(plan(), 2),
            json!([{ "id": "p", "amount": "1.00", "months": 3, "kind": "FLAT" }]),
        ),
    ] {
        let value = Value::read(&kind, &json).expect("fits");
        assert_eq!(value.write(), Some(json));
    }
    assert_eq!(Value::Absent.write(), None);
}
