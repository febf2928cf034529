//! What is demanded of one operation.

use serde_json::json;

use crate::sample::{
    BALANCE, BRANCHES, PAYMENT, RATE, assert_problems, assert_read, put, remove, with, without,
};

#[test]
fn an_operation_has_a_legal_id() {
    let pointer = format!("{RATE}/operationId");
    assert_problems(
        &without(&pointer),
        &[(RATE, "the operation has no `operationId`")],
    );
    for (id, what) in [
        (json!(""), "the `operationId` is not usable: ``"),
        (json!(7), "the `operationId` is not usable: ``"),
        (json!("a b"), "the `operationId` is not usable: `a b`"),
        (json!("a\\b"), "the `operationId` is not usable: `a\\\\b`"),
    ] {
        assert_problems(&with(&pointer, id), &[(&pointer, what)]);
    }
    assert_read(&with(&pointer, json!("a".repeat(128))));
    let document = with(&pointer, json!("a".repeat(129)));
    assert!(crate::ApiDescription::read(&document).is_err());
}

#[test]
fn an_operation_is_an_object_and_no_reference() {
    assert_problems(
        &with(RATE, json!([])),
        &[(RATE, "the operation is not an object")],
    );
    assert_problems(
        &with(RATE, json!({ "$ref": BRANCHES })),
        &[(
            &format!("{RATE}/$ref"),
            "an operation cannot be a reference",
        )],
    );
}

#[test]
fn only_the_document_has_servers() {
    for pointer in [
        format!("{RATE}/servers"),
        "/paths/~1rates~1{pair}/servers".to_owned(),
    ] {
        assert_problems(
            &with(&pointer, json!([{ "url": "https://other.example/" }])),
            &[(&pointer, "only the document itself may have `servers`")],
        );
    }
}

#[test]
fn a_request_body_is_seen_through_a_reference() {
    let has_body = |document: &serde_json::Value| {
        let description = assert_read(document);
        let mut operations = description.operations.into_iter();
        let payment = operations.find(|o| o.id == "makePayment");
        payment.expect("described").has_request_body
    };
    let pointer = format!("{PAYMENT}/requestBody");
    // Its answer needs no body that says whose it is.
    let state = "/components/responses/Paid/content/application~1json/schema/properties/state";
    let mut nobodys = with(&format!("{state}/x-mortise-resource"), json!("none"));
    assert!(has_body(&nobodys));
    let described = nobodys.pointer(&pointer).cloned().expect("a body");
    let reference = json!({ "$ref": "#/components/requestBodies/Pay" });
    put(&mut nobodys, &pointer, reference);
    assert_problems(
        &nobodys,
        &[(
            &format!("{pointer}/$ref"),
            "the reference points at nothing: `#/components/requestBodies/Pay`",
        )],
    );
    let bodies = "/components/requestBodies";
    put(&mut nobodys, bodies, json!({ "Pay": described }));
    assert!(has_body(&nobodys));
    put(&mut nobodys, &pointer, json!("yes"));
    assert_problems(&nobodys, &[(&pointer, "the request body is not an object")]);
    remove(&mut nobodys, &pointer);
    assert!(!has_body(&nobodys));
}

#[test]
fn a_get_operation_has_no_request_body() {
    let pointer = format!("{RATE}/requestBody");
    assert_problems(
        &with(&pointer, json!({ "content": {} })),
        &[(&pointer, "a GET operation has a request body")],
    );
}

#[test]
fn where_money_moves_the_class_is_payment() {
    let pointer = format!("{PAYMENT}/x-mortise-class");
    assert_problems(
        &with(&pointer, json!("customer")),
        &[(&pointer, "the class `customer` is too low: money moves")],
    );
}

#[test]
fn where_an_answer_is_personal_the_class_is_at_least_customer() {
    let pointer = format!("{BALANCE}/x-mortise-class");
    assert_problems(
        &with(&pointer, json!("partner")),
        &[(
            &pointer,
            "the class `partner` is too low: the answer carries the personal cluster `balance`",
        )],
    );
    let mut document = with(&pointer, json!("partner"));
    put(
        &mut document,
        "/components/schemas/Amount/x-mortise-cluster",
        json!("none"),
    );
    assert_read(&document);
}

#[test]
fn from_customer_up_a_successful_answer_is_described() {
    let what = "the operation describes no successful answer, which its class demands";
    for operation in [BALANCE, PAYMENT] {
        assert_problems(
            &without(&format!("{operation}/responses")),
            &[(operation, what)],
        );
    }
    assert_problems(
        &without(&format!("{BALANCE}/responses/200")),
        &[(BALANCE, what)],
    );
    assert_read(&without(&format!("{RATE}/responses")));
    assert_read(&with(
        &format!("{PAYMENT}/responses"),
        json!({ "204": { "description": "done" } }),
    ));
}

#[test]
fn a_default_answer_counts_when_no_success_is_described() {
    let pointer = format!("{BALANCE}/responses");
    let body = json!({ "content": { "application/json": { "schema": { "type": "string" } } } });
    let what = "the answer's leaf has no `x-mortise-cluster`, which the operation's class demands";
    assert_problems(
        &with(&pointer, json!({ "default": body })),
        &[(
            &format!("{pointer}/default/content/application~1json/schema"),
            what,
        )],
    );
    let document = with(&format!("{pointer}/default"), body);
    assert_read(&document);
}

#[test]
fn from_customer_up_every_body_has_a_schema() {
    let pointer = format!("{BALANCE}/responses/200/content/text~1csv");
    assert_problems(
        &with(&pointer, json!({})),
        &[(
            &pointer,
            "the answer's body has no `schema`, which the operation's class demands",
        )],
    );
}

#[test]
fn an_ill_written_status_is_refused() {
    let pointer = format!("{BALANCE}/responses/2O0");
    assert_problems(
        &with(&pointer, json!({})),
        &[(&pointer, "not a status code: `2O0`")],
    );
}
