use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use super::overlay;
use crate::contract::contracts;
use crate::contract::tests::random::{any_json, schema_and_value};
use crate::contract::tests::{ANSWER, answering};
use crate::sample::{BALANCE, put, remove, sample};

/// An overlay of one action.
fn one(target: &str, update: &Value) -> Value {
    json!({ "overlay": "1.0.0", "info": { "title": "Ours", "version": "1" },
            "actions": [{ "target": target, "update": update }] })
}

/// The one answer's schema as a target.
const TARGET: &str = "$.paths['/a'].get.responses['200'].content['application/json'].schema";

/// What a schema becomes under an update, or what is told.
fn tightened(edition: &str, schema: &Value, update: &Value) -> Result<Value, Vec<String>> {
    let document = answering(edition, schema);
    let laid = overlay(&document, &one(TARGET, update)).map_err(|problems| {
        let told = problems.into_iter();
        told.map(|problem| format!("{} {}", problem.pointer, problem.what))
            .collect::<Vec<String>>()
    })?;
    Ok(laid.pointer(ANSWER).expect("still there").clone())
}

#[test]
fn an_overlay_tightens_what_is_loose() {
    let schema = json!({
        "type": ["object", "null"], "required": ["a"],
        "properties": { "a": { "type": "number", "maximum": 9 }, "b": { "enum": [1, 2, 3] } },
    });
    let update = json!({
        "type": "object", "required": ["a", "b"], "additionalProperties": false,
        "properties": {
            "a": { "type": "integer", "maximum": 8.5, "minimum": 0, "x-mortise-cluster": "balance" },
            "b": { "enum": [3, 1] },
        },
    });
    let expected = json!({
        "type": "object", "required": ["a", "b"], "additionalProperties": false,
        "properties": {
            "a": { "type": "integer", "maximum": 8.5, "minimum": 0, "x-mortise-cluster": "balance" },
            "b": { "enum": [3, 1] },
        },
    });
    assert_eq!(tightened("3.1.0", &schema, &update), Ok(expected));
    let new = json!({ "properties": { "a": { "type": "string" } }, "items": { "type": "string" } });
    assert_eq!(tightened("3.1.0", &json!({}), &new), Ok(new.clone()));
}

#[test]
fn whatever_would_loosen_is_named() {
    let at = |key: &str| format!("/actions/0/update{key}");
    let looser = |key: &str, old: &str| {
        let place = at(&format!("/{key}"));
        format!("{place} `{key}` would admit more, or something else, than the description: {old}")
    };
    for (schema, update, expected) in [
        (
            json!({ "type": "string" }),
            json!({ "type": ["string", "null"] }),
            looser("type", "`\\\"string\\\"`"),
        ),
        (
            json!({ "type": "integer" }),
            json!({ "type": "number" }),
            looser("type", "`\\\"integer\\\"`"),
        ),
        (
            json!({ "maxLength": 3 }),
            json!({ "maxLength": 4 }),
            looser("maxLength", "`3`"),
        ),
        (
            json!({ "minimum": 3 }),
            json!({ "minimum": 2.5 }),
            looser("minimum", "`3`"),
        ),
        (
            json!({ "enum": [1] }),
            json!({ "enum": [1, 2] }),
            looser("enum", "`[1]`"),
        ),
        (
            json!({ "uniqueItems": true }),
            json!({ "uniqueItems": false }),
            looser("uniqueItems", "`true`"),
        ),
        (
            json!({ "format": "date" }),
            json!({ "format": "uuid" }),
            looser("format", "`\\\"date\\\"`"),
        ),
        (
            json!({ "additionalProperties": false }),
            json!({ "additionalProperties": {} }),
            looser("additionalProperties", "`false`"),
        ),
        (
            json!({ "required": ["a"] }),
            json!({ "required": "a" }),
            looser("required", "`[\\\"a\\\"]`"),
        ),
        (
            json!({ "additionalProperties": false }),
            json!({ "properties": { "a": {} } }),
            format!(
                "{} a member described anew would be let in: `a`",
                at("/properties/a")
            ),
        ),
        (
            json!({ "properties": { "b": { "unevaluatedProperties": false } } }),
            json!({ "properties": { "a": {} } }),
            format!(
                "{} a member described anew would be let in: `a`",
                at("/properties/a")
            ),
        ),
        (
            json!({}),
            json!({ "not": {} }),
            format!("{} an overlay does not change `not`", at("/not")),
        ),
        (
            json!({ "x-mortise-cluster": "balance" }),
            json!({ "x-mortise-cluster": "none" }),
            format!(
                "{} `x-mortise-cluster` would protect less, or something else, than \
                  `\\\"balance\\\"`",
                at("/x-mortise-cluster")
            ),
        ),
    ] {
        assert_eq!(
            tightened("3.1.0", &schema, &update),
            Err(vec![expected]),
            "{schema} {update}"
        );
    }
}

#[test]
fn nothing_is_tightened_where_that_admits_more() {
    let mut document = answering(
        "3.1.0",
        &json!({ "oneOf": [{ "$ref": "#/components/schemas/A" }, { "maxLength": 9 }] }),
    );
    put(
        &mut document,
        "/components/schemas/A",
        json!({ "properties": { "b": {} } }),
    );
    let inner = format!("{TARGET}.oneOf[1]");
    for (target, update, place) in [
        (
            "$.components.schemas.A",
            json!({ "type": "string" }),
            "type",
        ),
        (
            "$.components.schemas.A.properties.b",
            json!({ "type": "string" }),
            "type",
        ),
        (&inner, json!({ "maxLength": 3 }), "maxLength"),
    ] {
        let problems = overlay(&document, &one(target, &update)).expect_err("refused");
        assert_eq!(problems[0].pointer, format!("/actions/0/update/{place}"));
        assert_eq!(
            problems[0].what,
            "a tighter schema here may admit more of the whole"
        );
    }
    let around = json!({ "type": "string" });
    assert!(overlay(&document, &one(TARGET, &around)).is_ok());
}

#[test]
fn a_member_that_only_answers_have_is_not_described_where_it_is_required() {
    let schema = json!({ "required": ["a"] });
    let update = |one: Value| json!({ "properties": { "a": one } });
    let answers_only = update(json!({ "type": "string", "readOnly": true }));
    let told = "/actions/0/update/properties/a a member described anew would be let in: `a`";
    let refused = tightened("3.0.3", &schema, &answers_only);
    assert_eq!(refused, Err(vec![told.to_owned()]));
    assert!(tightened("3.1.0", &schema, &answers_only).is_ok());
    assert!(tightened("3.0.3", &schema, &update(json!({ "type": "string" }))).is_ok());
}

#[test]
fn marks_become_stricter_and_operations_keep_their_rest() {
    let operation = "$.paths['/accounts/{accountId}/balance'].get";
    let laid = |update: Value| overlay(&sample(), &one(operation, &update));
    let stricter = json!({
        "x-mortise-class": "payment",
        "x-mortise-authorization-details": "account_access",
        "x-mortise-authentication": { "acr_values": ["loa2"], "max_age": "5min" },
    });
    let result = laid(stricter).expect("stricter");
    let class = result.pointer(&format!("{BALANCE}/x-mortise-class"));
    assert_eq!(class, Some(&json!("payment")));
    for (update, what) in [
        (
            json!({ "x-mortise-class": "partner" }),
            "`x-mortise-class` would protect less, or something else, than `\\\"customer\\\"`",
        ),
        (
            json!({ "x-mortise-scope": "all" }),
            "`x-mortise-scope` would protect less, or something else, than \
          `\\\"accounts:balance\\\"`",
        ),
        (
            json!({ "operationId": "other" }),
            "there is nothing to tighten",
        ),
        (
            json!({ "responses": { "500": {} } }),
            "there is no `500` to tighten",
        ),
        (json!({ "parameters": [] }), "there is nothing to tighten"),
    ] {
        let problems = laid(update).expect_err("refused");
        assert_eq!(problems[0].what, what);
    }
    let required = one(
        "$.paths['/payments'].post.requestBody",
        &json!({ "required": true }),
    );
    let mut loose = sample();
    remove(&mut loose, "/paths/~1payments/post/requestBody/required");
    assert_eq!(overlay(&loose, &required), Ok(sample()));
}

#[test]
fn an_overlay_that_is_none_is_told() {
    let fine = json!({});
    for (written, pointer, what) in [
        (json!({}), "", "the overlay does not say its version"),
        (
            json!({ "overlay": "1.0.0" }),
            "",
            "the overlay has no actions, or too many",
        ),
        (
            one("$..a", &fine),
            "/actions/0/target",
            "not one place: `$..a`",
        ),
        (
            one("$.paths['/no']", &fine),
            "/actions/0/target",
            "the description has nothing there: `$.paths[\\'/no\\']`",
        ),
        (
            json!({ "overlay": "1.0.0", "actions": [{ "target": "$.paths", "remove": true }] }),
            "/actions/0/remove",
            "an action that only tightens has no `remove`",
        ),
        (
            json!({ "overlay": "1.0.0", "action": [], "actions": [{ "target": "$", "update": {} }] }),
            "/action",
            "an overlay has no `action`",
        ),
    ] {
        let problems = overlay(&sample(), &written).expect_err("refused");
        assert_eq!((&*problems[0].pointer, &*problems[0].what), (pointer, what));
    }
    let beside = one(
        "$.paths['/rates/{pair}'].parameters[0]",
        &json!({ "required": true }),
    );
    let problems = overlay(&sample(), &beside).expect_err("refused");
    assert_eq!(problems[0].what, "what stands beside a `$ref` is ignored");
}

/// An update made of a schema: parts of it, with limits moved either way.
fn update() -> impl Strategy<Value = Value> {
    let keyword = prop_oneof![
        prop::sample::select(vec![
            json!("string"),
            json!("integer"),
            json!(["object", "null"])
        ])
        .prop_map(|kind| json!({ "type": kind })),
        (0_i64..9).prop_map(|most| json!({ "maxLength": most })),
        (0_i64..99).prop_map(|least| json!({ "minimum": least })),
        (0_i64..99).prop_map(|most| json!({ "maximum": most })),
        (0_i64..4).prop_map(|most| json!({ "maxItems": most })),
        "[a-d]".prop_map(|name| json!({ "required": [name] })),
        any::<bool>().prop_map(|truth| json!({ "additionalProperties": truth })),
        Just(json!({ "enum": [7, null] })),
        Just(json!({ "format": "date" })),
    ];
    keyword.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|schema| json!({ "items": schema })),
            ("[a-d]", inner.clone())
                .prop_map(|(name, schema)| json!({ "properties": { name: schema } })),
            inner.prop_map(|schema| json!({ "additionalProperties": schema })),
        ]
    })
}

#[test]
fn what_a_tightened_schema_admits_the_original_admits() {
    let mut runner = TestRunner::new_with_rng(
        ProptestConfig::with_cases(3_000),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let (laid, kept_out) = (Cell::new(0_u32), Cell::new(0_u32));
    let drawn = (schema_and_value(), update(), any_json(), any::<bool>());
    let run = runner.run(&drawn, |((schema, made), update, other, is_old)| {
        let document = answering(if is_old { "3.0.3" } else { "3.1.0" }, &schema);
        // Lists of types, which some of the schemas have, are none of 3.0's; they are held as well.
        let original = contracts(&document).expect("read");
        let Ok(tightened) = overlay(&document, &one(TARGET, &update)) else {
            return Ok(());
        };
        let tightened = contracts(&tightened).expect("still read");
        laid.set(laid.get() + 1);
        for value in [&made, &other] {
            let was_good = original["act"].check_answer(200, value).is_ok();
            let is_good = tightened["act"].check_answer(200, value).is_ok();
            prop_assert!(was_good || !is_good, "{schema} {update} {value}");
            kept_out.set(kept_out.get() + u32::from(was_good && !is_good));
        }
        Ok(())
    });
    run.expect("only tighter");
    let counts = (laid.get(), kept_out.get());
    assert!(counts.0 > 500 && counts.1 > 100, "{counts:?}");
}
