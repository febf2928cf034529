//! Leaves found, marked and unmarked.

use serde_json::{Value, json};

use crate::leaves::{Budget, leaves};
use crate::problem::Problems;
use crate::reference::{Document, Edition, Site};
use crate::sample::{BALANCE_SCHEMA, assert_problems, assert_read, put, sample, with};

const UNMARKED: &str =
    "the answer's leaf has no `x-mortise-cluster`, which the operation's class demands";

/// Demands that exactly these places below the schema, written from there, are unmarked leaves.
fn assert_unmarked(schema: Value, expected: &[&str]) {
    let root = with(BALANCE_SCHEMA, schema);
    let document = Document {
        root: &root,
        edition: Edition::V3_1,
    };
    let value = root.pointer(BALANCE_SCHEMA).expect("the schema");
    let site = Site {
        pointer: BALANCE_SCHEMA.to_owned(),
        value,
    };
    let mut problems = Problems::default();
    let found = leaves(document, vec![site], &mut Budget::default(), &mut problems);
    let mut found = found.unmarked;
    let pointers = expected
        .iter()
        .map(|leaf| format!("{BALANCE_SCHEMA}{leaf}"));
    let mut expected: Vec<String> = pointers.collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(problems.into_vec(), []);
}

#[test]
fn leaves_are_found_through_objects_arrays_and_maps() {
    assert_unmarked(
        json!({
            "type": "object",
            "properties": {
                "a": { "type": "string" },
                "b": { "type": "array", "items": { "properties": { "c": { "type": "integer" } } } },
                "marked": { "type": "string", "x-mortise-cluster": "balance" },
                "plain": { "type": "string", "x-mortise-cluster": "none" },
            },
            "patternProperties": { "^d": { "type": "string" } },
            "additionalProperties": { "type": "string" },
        }),
        &[
            "/properties/a",
            "/properties/b/items/properties/c",
            "/patternProperties/^d",
            "/additionalProperties",
        ],
    );
    assert_unmarked(
        json!({ "type": "array", "prefixItems": [{ "type": "string" }, true], "items": false }),
        &["/prefixItems/0", "/prefixItems/1"],
    );
}

#[test]
fn what_is_not_described_inside_is_one_leaf() {
    for schema in [
        json!({}),
        json!(true),
        json!({ "type": "object" }),
        json!({ "type": "object", "properties": {} }),
        json!({ "type": "array" }),
        json!({ "enum": ["a"] }),
        json!({ "allOf": [{ "description": "anything" }] }),
    ] {
        assert_unmarked(schema, &[""]);
    }
    assert_unmarked(
        json!({ "type": "object", "x-mortise-cluster": "balance" }),
        &[],
    );
    assert_unmarked(
        json!({ "type": "object", "additionalProperties": true }),
        &["/additionalProperties"],
    );
    assert_unmarked(
        json!({ "type": "object", "additionalProperties": false }),
        &[],
    );
}

#[test]
fn leaves_are_found_through_references_and_reported_where_they_stand() {
    let mut document = sample();
    let leaf = json!({ "properties": { "name": { "type": "string" } } });
    put(&mut document, "/components/schemas/Person", leaf);
    put(
        &mut document,
        BALANCE_SCHEMA,
        json!({ "$ref": "#/components/schemas/Person" }),
    );
    assert_problems(
        &document,
        &[("/components/schemas/Person/properties/name", UNMARKED)],
    );
}

#[test]
fn leaves_are_found_through_compositions() {
    assert_unmarked(
        json!({
            "allOf": [{ "properties": { "a": { "type": "string" } } }, { "required": ["a"] }],
            "oneOf": [{ "properties": { "b": { "type": "string" } } }],
            "anyOf": [{ "properties": { "c": { "type": "string" } } }],
            "then": { "properties": { "d": { "type": "string" } } },
            "else": { "properties": { "e": { "type": "string" } } },
            "dependentSchemas": { "a": { "properties": { "f": { "type": "string" } } } },
        }),
        &[
            "/allOf/0/properties/a",
            "/oneOf/0/properties/b",
            "/anyOf/0/properties/c",
            "/then/properties/d",
            "/else/properties/e",
            "/dependentSchemas/a/properties/f",
        ],
    );
    assert_unmarked(json!({ "oneOf": [{}, { "type": "null" }] }), &["/oneOf/0"]);
    assert_unmarked(
        json!({
            "properties": { "a": { "type": ["string", "null"], "x-mortise-cluster": "x" } },
            "anyOf": [{ "required": ["a"] }],
        }),
        &[],
    );
}

#[test]
fn a_mark_beside_a_composition_or_reference_holds_for_the_same_value() {
    let mut document = sample();
    put(
        &mut document,
        "/components/schemas/Text",
        json!({ "type": "string" }),
    );
    for schema in [
        json!({ "x-mortise-cluster": "a", "allOf": [{ "$ref": "#/components/schemas/Text" }] }),
        json!({ "x-mortise-cluster": "a", "oneOf": [{ "type": "string" }, { "type": "null" }] }),
        json!({ "x-mortise-cluster": "a", "$ref": "#/components/schemas/Text" }),
    ] {
        put(&mut document, BALANCE_SCHEMA, schema);
        assert_read(&document);
    }
}

#[test]
fn a_mark_on_an_object_or_array_is_refused_and_not_handed_down() {
    let what = "`x-mortise-cluster` is on an object or an array, where it marks nothing";
    let mark = format!("{BALANCE_SCHEMA}/x-mortise-cluster");
    let inside = format!("{BALANCE_SCHEMA}/items");
    let schema =
        json!({ "type": "array", "x-mortise-cluster": "a", "items": { "type": "string" } });
    assert_problems(
        &with(BALANCE_SCHEMA, schema),
        &[(&mark, what), (&inside, UNMARKED)],
    );
}

#[test]
fn a_value_that_may_be_plain_or_an_object_is_a_leaf_too() {
    assert_unmarked(
        json!({
            "type": ["object", "string"],
            "properties": { "a": { "type": "string", "x-mortise-cluster": "none" } },
        }),
        &[""],
    );
}

#[test]
fn one_value_has_one_cluster() {
    let inner = format!("{BALANCE_SCHEMA}/allOf/0/x-mortise-cluster");
    let schema = |cluster: &str| {
        json!({
            "x-mortise-cluster": "a",
            "allOf": [{ "type": "string", "x-mortise-cluster": cluster }],
        })
    };
    assert_read(&with(BALANCE_SCHEMA, schema("a")));
    assert_problems(
        &with(BALANCE_SCHEMA, schema("none")),
        &[(&inner, "one value has two clusters: `a` and `none`")],
    );
}

#[test]
fn circles_end() {
    let mut document = sample();
    put(
        &mut document,
        "/components/schemas/Tree",
        json!({ "properties": {
            "name": { "type": "string", "x-mortise-cluster": "none" },
            "children": { "type": "array", "items": { "$ref": "#/components/schemas/Tree" } },
        } }),
    );
    put(
        &mut document,
        BALANCE_SCHEMA,
        json!({ "allOf": [{ "$ref": "#/components/schemas/Tree" }] }),
    );
    assert_read(&document);
    put(
        &mut document,
        "/components/schemas/Tree",
        json!({ "$ref": "#/components/schemas/Tree" }),
    );
    assert_problems(
        &document,
        &[(
            &format!("{BALANCE_SCHEMA}/allOf/0/$ref"),
            "the reference does not end within 32 steps",
        )],
    );
}

#[test]
fn ill_formed_schemas_are_refused() {
    for (schema, at, what) in [
        (json!("string"), "", "not a schema"),
        (json!({ "items": 7 }), "/items", "not a schema"),
        (
            json!({ "type": "string", "x-mortise-cluster": "a", "allOf": {} }),
            "/allOf",
            "not a list",
        ),
        (
            json!({ "x-mortise-cluster": "a", "properties": [] }),
            "/properties",
            "not an object",
        ),
        (
            json!({ "$dynamicRef": "#node" }),
            "/$dynamicRef",
            "`$dynamicRef` is not understood",
        ),
        (
            json!({ "$ref": "other.json" }),
            "/$ref",
            "the reference leaves the document: `other.json`",
        ),
    ] {
        let pointer = format!("{BALANCE_SCHEMA}{at}");
        assert_problems(&with(BALANCE_SCHEMA, schema), &[(&pointer, what)]);
    }
}

#[test]
fn in_3_0_what_stands_beside_a_reference_is_ignored() {
    let mut document = with(
        BALANCE_SCHEMA,
        json!({
            "$ref": "#/components/schemas/Amount",
            "properties": { "ignored": { "type": "string" } },
        }),
    );
    let ignored = format!("{BALANCE_SCHEMA}/properties/ignored");
    let both = "the value may be of several kinds, so the answer cannot be filtered by consent";
    assert_problems(&document, &[(&ignored, UNMARKED), (BALANCE_SCHEMA, both)]);
    put(&mut document, "/openapi", json!("3.0.3"));
    assert_read(&document);
}

#[test]
fn schemas_shared_many_times_are_looked_at_once() {
    // Twice two to the 40th ways lead to the last one.
    let mut schemas = serde_json::Map::new();
    for n in 0..40 {
        let next = json!({ "$ref": format!("#/s/{}", n + 1) });
        schemas.insert(
            n.to_string(),
            json!({ "allOf": [next, { "oneOf": [next] }] }),
        );
    }
    schemas.insert("40".to_owned(), json!({ "type": "string" }));
    let root = json!({ "s": schemas });
    let document = Document {
        root: &root,
        edition: Edition::V3_1,
    };
    let first = document.site().child("s").and_then(|s| s.child("0"));
    let mut problems = Problems::default();
    let found = leaves(
        document,
        first.into_iter().collect(),
        &mut Budget::default(),
        &mut problems,
    );
    assert_eq!(found.unmarked, ["/s/40"]);
    assert!(problems.is_empty());
}

#[test]
fn the_work_for_one_document_is_bounded() {
    let root = json!({ "items": { "items": { "type": "string" } } });
    let document = Document {
        root: &root,
        edition: Edition::V3_1,
    };
    let mut problems = Problems::default();
    let mut budget = Budget(2);
    leaves(document, vec![document.site()], &mut budget, &mut problems);
    let told = problems.into_vec();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].what, "the answers are too large to be checked");
}
