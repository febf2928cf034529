//! Class, effect and scope.

use serde_json::json;

use crate::marks::{Class, EffectMark};
use crate::problem::Problem;
use crate::sample::{
    BRANCHES, PAYMENT, RATE, assert_problems, assert_read, put, remove, sample, with, without,
};
use crate::{ApiDescription, OperationDescription};

fn at(operation: &str, member: &str) -> String {
    format!("{operation}/{member}")
}

fn read(document: &serde_json::Value, id: &str) -> OperationDescription {
    let description = assert_read(document);
    let mut operations = description.operations.into_iter();
    operations.find(|o| o.id == id).expect("described")
}

#[test]
fn words_are_read_as_they_are_written() {
    for word in Class::WORDS {
        assert_eq!(Class::parse(word).map(Class::as_str), Some(word));
    }
    for word in EffectMark::WORDS {
        assert_eq!(EffectMark::parse(word).map(EffectMark::as_str), Some(word));
    }
    assert_eq!(Class::parse("Open"), None);
    assert!(Class::Open < Class::Partner && Class::Partner < Class::Customer);
    assert!(Class::Customer < Class::Payment);
}

#[test]
fn every_operation_states_its_class() {
    assert_problems(
        &without(&at(BRANCHES, "x-mortise-class")),
        &[(BRANCHES, "the operation has no `x-mortise-class`")],
    );
}

#[test]
fn an_unknown_class_is_refused_with_the_nearest_word() {
    let pointer = at(RATE, "x-mortise-class");
    let problems = ApiDescription::read(&with(&pointer, json!("parnter"))).expect_err("refused");
    assert_eq!(
        problems,
        [Problem {
            pointer: pointer.clone(),
            what: "unknown class: `parnter`".to_owned(),
            help: "did you mean `partner`? \
                   the words for class: open, partner, customer, payment"
                .to_owned(),
        }]
    );
    assert_problems(
        &with(&pointer, json!(true)),
        &[(&pointer, "the class is not a text")],
    );
}

#[test]
fn every_method_but_get_and_head_states_its_effect() {
    assert_problems(
        &without(&at(PAYMENT, "x-mortise-effect")),
        &[(
            PAYMENT,
            "the operation has no `x-mortise-effect`, which POST demands",
        )],
    );
    for method in ["put", "delete", "options", "patch"] {
        let mut document = sample();
        let mut operation = document.pointer(BRANCHES).expect("exists").clone();
        operation["operationId"] = json!("other");
        let pointer = format!("/paths/~1branches/{method}");
        put(&mut document, &pointer, operation);
        let what = format!(
            "the operation has no `x-mortise-effect`, which {} demands",
            method.to_uppercase()
        );
        assert_problems(&document, &[(&pointer, &what)]);
    }
    assert_eq!(read(&sample(), "readRate").effect, EffectMark::None);
    assert_eq!(read(&sample(), "makePayment").effect, EffectMark::Money);
}

#[test]
fn an_unknown_effect_is_refused() {
    let pointer = at(PAYMENT, "x-mortise-effect");
    assert_problems(
        &with(&pointer, json!("moneys")),
        &[(&pointer, "unknown effect: `moneys`")],
    );
}

#[test]
fn a_get_operation_has_no_effect() {
    let pointer = at(RATE, "x-mortise-effect");
    assert_read(&with(&pointer, json!("none")));
    assert_problems(
        &with(&pointer, json!("change")),
        &[(&pointer, "a GET operation has the effect `change`")],
    );
}

#[test]
fn a_scope_is_demanded_from_partner_up() {
    for operation in [RATE, PAYMENT] {
        assert_problems(
            &without(&at(operation, "x-mortise-scope")),
            &[(
                operation,
                "the operation has no `x-mortise-scope`, which its class demands",
            )],
        );
    }
    assert_eq!(
        read(&sample(), "readRate").scope.as_deref(),
        Some("rates:read")
    );
}

#[test]
fn an_open_operation_has_no_scope() {
    let pointer = at(BRANCHES, "x-mortise-scope");
    assert_problems(
        &with(&pointer, json!("branches:read")),
        &[(
            &pointer,
            "an `open` operation has a scope, which nobody would check",
        )],
    );
    assert_eq!(read(&sample(), "listBranches").scope, None);
}

#[test]
fn a_scope_is_one_token() {
    let pointer = at(RATE, "x-mortise-scope");
    for (value, what) in [
        (json!("a b"), "not one scope token: `a b`"),
        (json!(""), "not one scope token: ``"),
        (json!("a\"b"), "not one scope token: `a\\\"b`"),
        (json!(["a"]), "the scope is not a text"),
    ] {
        assert_problems(&with(&pointer, value), &[(&pointer, what)]);
    }
}

#[test]
fn authorization_details_are_one_type_from_partner_up() {
    let pointer = at(RATE, "x-mortise-authorization-details");
    let read_with = with(&pointer, json!("payment"));
    assert_eq!(
        read(&read_with, "readRate").detail.as_deref(),
        Some("payment")
    );
    assert_eq!(read(&sample(), "readRate").detail, None);
    for operation in [RATE, PAYMENT] {
        let missing =
            "the operation has no `x-mortise-authorization-details`, which its class demands";
        let without = without(&at(operation, "x-mortise-authorization-details"));
        assert_problems(&without, &[(operation, missing)]);
    }
    for value in [json!("a b"), json!(""), json!(["a"]), json!(true)] {
        let what = "not one type of authorization details";
        assert_problems(&with(&pointer, value), &[(&pointer, what)]);
    }
    let pointer = at(BRANCHES, "x-mortise-authorization-details");
    let what = "an `open` operation has authorization details, which nobody would check";
    assert_problems(&with(&pointer, json!("payment")), &[(&pointer, what)]);
}

#[test]
fn a_missing_class_does_not_hide_the_other_problems() {
    let mut document = without(&at(PAYMENT, "x-mortise-class"));
    remove(&mut document, &at(PAYMENT, "x-mortise-effect"));
    assert_problems(
        &document,
        &[
            (PAYMENT, "the operation has no `x-mortise-class`"),
            (
                PAYMENT,
                "the operation has no `x-mortise-effect`, which POST demands",
            ),
        ],
    );
}
