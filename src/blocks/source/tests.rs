use openapi::contracts;
use serde_json::json;

use super::*;

#[test]
fn a_schema_becomes_the_narrowest_type_that_holds_it() {
    let text = |bytes_max| Type::Text { bytes_max };
    let maybe = |kind: Type| Type::Optional(Arc::new(kind));
    for (schema, kind) in [
        (json!({ "type": "string" }), text(4_096)),
        (json!({ "type": "string", "maxLength": 10 }), text(40)),
        (
            json!({ "type": "string", "maxLength": 100_000 }),
            text(65_536),
        ),
        (
            json!({ "type": "string", "format": "decimal" }),
            Type::Decimal,
        ),
        (json!({ "type": "string", "format": "date" }), Type::Date),
        (
            json!({ "type": "string", "format": "date-time" }),
            Type::Timestamp,
        ),
        (json!({ "type": "integer" }), Type::Int),
        (json!({ "type": "boolean" }), Type::Bool),
        (json!({ "enum": ["B", "A"] }), Type::one_of(["A", "B"])),
        (json!({ "const": "A" }), Type::one_of(["A"])),
        (json!({ "enum": ["A", null] }), maybe(Type::one_of(["A"]))),
        (json!({ "enum": ["A", 1] }), Type::Json),
        (
            json!({ "type": ["string", "null"], "maxLength": 1 }),
            maybe(text(4)),
        ),
        (
            json!({ "anyOf": [{ "type": "integer" }, { "type": "null" }] }),
            maybe(Type::Int),
        ),
        (json!({ "allOf": [{ "type": "integer" }] }), Type::Int),
        (
            json!({ "oneOf": [{ "type": "integer" }, { "type": "string" }] }),
            Type::Json,
        ),
        // A float has lost what it was: money is a text.
        (json!({ "type": "number" }), Type::Json),
        (json!({ "type": "object" }), Type::Json),
        (json!({}), Type::Json),
        (
            json!({ "type": "array", "items": { "$ref": "#/$defs/Day" }, "maxItems": 7,
                "$defs": { "Day": { "type": "string", "format": "date" } } }),
            Type::list(Type::Date, 7),
        ),
        (
            json!({ "type": "array", "items": { "type": "integer" } }),
            Type::list(Type::Int, 1_000),
        ),
    ] {
        assert_eq!(Described::of(&schema).kind, kind, "{schema}");
    }
}

#[test]
fn arguments_are_parameters_and_members_and_the_clusters_of_an_answer_have_their_way() {
    let document = json!({
        "openapi": "3.1.0", "info": { "title": "Ledger", "version": "1" },
        "paths": { "/accounts/{accountId}/search": { "post": {
            "operationId": "search",
            "x-mortise-effect": "none",
            "x-mortise-scope": "accounts:basic",
            "parameters": [
                { "name": "accountId", "in": "path", "required": true, "schema": { "type": "string" } },
                { "name": "limit", "in": "query", "schema": { "type": "integer" } },
            ],
            "requestBody": { "content": { "application/json": { "schema": {
                "type": "object", "required": ["since"], "properties": {
                    "since": { "type": "string", "format": "date" },
                    "limit": { "type": "integer" },
                },
            } } } },
            "responses": {
                "200": { "description": "found", "content": { "application/json": { "schema": {
                    "type": "object", "properties": {
                        "data": { "type": "array", "items": { "type": "object", "properties": {
                            "amount": { "type": "string", "format": "decimal",
                                "x-mortise-cluster": "transactions" },
                            "kind": { "type": "string", "x-mortise-cluster": "none" },
                        } } },
                    },
                } } } },
                "404": { "description": "none" },
            },
        } } },
    });
    let contracts = contracts(&document).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let source = Source::new(&contracts);
    let search = source.operation("search").expect("an operation");
    let arguments: Vec<(&str, bool, bool)> = search
        .arguments
        .iter()
        .map(|(name, its)| (name.as_ref(), its.member.is_optional, its.is_id))
        .collect();
    assert_eq!(
        arguments,
        [
            ("accountId", false, true),
            ("limit", true, false),
            ("since", false, false)
        ]
    );
    assert_eq!(search.clashes, [Arc::from("limit")]);
    assert_eq!(search.effect, Some(EffectMark::None));
    let way: Vec<Arc<str>> = ["data", "*", "amount"].map(Arc::from).to_vec();
    assert_eq!(search.answer.clusters, [(way, Arc::from("transactions"))]);
}
