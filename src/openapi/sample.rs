//! A document that is right, for tests to break in one place.

use serde_json::{Value, json};

use crate::document::ApiDescription;

/// Escaped pointers of the sample's operations.
pub(crate) const RATE: &str = "/paths/~1rates~1{pair}/get";
pub(crate) const BRANCHES: &str = "/paths/~1branches/get";
pub(crate) const BALANCE: &str = "/paths/~1accounts~1{accountId}~1balance/get";
pub(crate) const PAYMENT: &str = "/paths/~1payments/post";
/// Where the schema of the balance's body stands.
pub(crate) const BALANCE_SCHEMA: &str =
    "/paths/~1accounts~1{accountId}~1balance/get/responses/200/content/application~1json/schema";

/// One operation of each class.
pub(crate) fn sample() -> Value {
    json!({
        "openapi": "3.1.0",
        "info": { "title": "Harbour", "version": "1.2" },
        "servers": [{ "url": "https://bank.example/harbour/v1" }],
        "paths": {
            "/branches": { "get": {
                "operationId": "listBranches",
                "x-mortise-class": "open",
                "responses": { "200": { "content": { "application/json": { "schema": {
                    "type": "array", "items": { "type": "object", "properties": { "id": { "type": "string" } } }
                } } } } },
            } },
            "/rates/{pair}": {
                "parameters": [{ "$ref": "#/components/parameters/Pair" }],
                "get": {
                    "operationId": "readRate",
                    "x-mortise-class": "partner",
                    "x-mortise-scope": "rates:read",
                    "x-mortise-authorization-details": "none",
                    "x-mortise-authentication": "none",
                    "responses": { "200": { "content": { "application/json": { "schema": {
                        "type": "object", "properties": { "rate": { "type": "string" } }
                    } } } } },
                },
            },
            "/accounts/{accountId}/balance": { "get": {
                "operationId": "readBalance",
                "x-mortise-class": "customer",
                "x-mortise-scope": "accounts:balance",
                "x-mortise-authorization-details": "none",
                "x-mortise-authentication": "none",
                "parameters": [{
                    "name": "accountId", "in": "path", "required": true,
                    "x-mortise-resource": "account", "schema": { "type": "string" },
                }],
                "responses": {
                    "200": { "content": { "application/json": { "schema": {
                        "type": "object",
                        "properties": {
                            "available": { "$ref": "#/components/schemas/Amount" },
                            "currency": { "type": "string", "x-mortise-cluster": "none" },
                        },
                    } } } },
                    "404": { "description": "no such account" },
                },
            } },
            "/payments": { "post": {
                "operationId": "makePayment",
                "x-mortise-class": "payment",
                "x-mortise-effect": "money",
                "x-mortise-scope": "payments:initiate",
                "x-mortise-authorization-details": "none",
                "x-mortise-authentication": "none",
                "requestBody": { "required": true, "content": { "application/json": { "schema": {
                    "type": "object", "required": ["accountId"], "additionalProperties": false,
                    "properties": { "accountId": { "type": "string", "x-mortise-resource": "account" } },
                } } } },
                "responses": { "201": { "$ref": "#/components/responses/Paid" } },
            } },
        },
        "components": {
            "parameters": {
                "Pair": { "name": "pair", "in": "path", "required": true, "schema": { "type": "string" } },
            },
            "schemas": { "Amount": { "type": "string", "x-mortise-cluster": "balance" } },
            "responses": { "Paid": { "content": { "application/json": { "schema": {
                "type": "object",
                "properties": { "state": { "enum": ["BOOKED"], "x-mortise-cluster": "payment_result" } },
            } } } } },
        },
    })
}

/// Puts a value where the pointer says; its parent must exist.
pub(crate) fn put(document: &mut Value, pointer: &str, value: Value) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer to a member");
    let key = key.replace("~1", "/").replace("~0", "~");
    match document.pointer_mut(parent).expect("the parent exists") {
        Value::Object(members) => {
            members.insert(key, value);
        }
        Value::Array(items) => items[key.parse::<usize>().expect("an index")] = value,
        _ => panic!("no parent: {parent}"),
    }
}

/// Removes what the pointer says, which must exist.
pub(crate) fn remove(document: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer to a member");
    let key = key.replace("~1", "/").replace("~0", "~");
    let removed = match document.pointer_mut(parent).expect("the parent exists") {
        Value::Object(members) => members.remove(&key),
        Value::Array(items) => Some(items.remove(key.parse().expect("an index"))),
        _ => None,
    };
    assert!(removed.is_some(), "nothing at {pointer}");
}

/// Demands exactly these problems, as pointer and what is wrong, in any order.
pub(crate) fn assert_problems(document: &Value, expected: &[(&str, &str)]) {
    let problems = ApiDescription::read(document).expect_err("must be refused");
    let mut found: Vec<(&str, &str)> = problems
        .iter()
        .map(|problem| (problem.pointer.as_str(), problem.what.as_str()))
        .collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// The sample with one value put in.
pub(crate) fn with(pointer: &str, value: Value) -> Value {
    let mut document = sample();
    put(&mut document, pointer, value);
    document
}

/// The sample with one value taken out.
pub(crate) fn without(pointer: &str) -> Value {
    let mut document = sample();
    remove(&mut document, pointer);
    document
}

/// Demands that the document is read.
pub(crate) fn assert_read(document: &Value) -> ApiDescription {
    ApiDescription::read(document).unwrap_or_else(|problems| panic!("refused: {problems:#?}"))
}
