use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};

use super::{Contract, RequestParts, Violation, contracts, typed};
use crate::sample::{BALANCE_SCHEMA, BRANCHES, PAYMENT, put, sample, with};
use crate::{EffectMark, Location};

pub(super) mod random;

/// The contracts of a document that is right.
fn read(document: &Value) -> BTreeMap<String, Contract> {
    contracts(document).unwrap_or_else(|problems| panic!("refused: {problems:#?}"))
}

/// Demands exactly these problems, as pointer and what is wrong, in any order.
fn assert_problems(document: &Value, expected: &[(&str, &str)]) {
    let problems = contracts(document).expect_err("must be refused");
    let mut found: Vec<(&str, &str)> = problems
        .iter()
        .map(|problem| (problem.pointer.as_str(), problem.what.as_str()))
        .collect();
    let mut expected = expected.to_vec();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

/// A document of one operation, with these members, in this edition.
fn document(edition: &str, method: &str, path: &str, operation: &Value) -> Value {
    let mut document = json!({
        "openapi": edition, "info": { "title": "Harbour", "version": "1" },
        "paths": { path: { method: operation } }, "components": { "schemas": {} },
    });
    let pointer = format!("/paths/{}/{method}/operationId", path.replace('/', "~1"));
    put(&mut document, &pointer, json!("act"));
    document
}

/// A document whose one answer is of this schema.
pub(super) fn answering(edition: &str, schema: &Value) -> Value {
    let responses = json!({ "200": { "content": { "application/json": { "schema": schema } } } });
    document(edition, "get", "/a", &json!({ "responses": responses }))
}

/// Where that schema stands.
pub(super) const ANSWER: &str = "/paths/~1a/get/responses/200/content/application~1json/schema";

fn told(result: Result<(), Vec<Violation>>) -> Vec<String> {
    let violations = result.err().unwrap_or_default();
    let told = violations.into_iter();
    told.map(|violation| format!("{} {}", violation.pointer, violation.what))
        .collect()
}

#[test]
fn a_contract_says_what_its_operation_is() {
    let mut document = sample();
    put(
        &mut document,
        &format!("{PAYMENT}/x-mortise-idempotent"),
        json!("by-key"),
    );
    let contracts = read(&document);
    let payment = &contracts["makePayment"];
    assert_eq!(payment.method, http::Method::POST);
    assert_eq!(payment.template, "/payments");
    assert_eq!(payment.pointer, PAYMENT);
    assert_eq!(payment.effect, Some(EffectMark::Money));
    assert_eq!(payment.scope.as_deref(), Some("payments:initiate"));
    assert!(payment.is_idempotent_by_key && payment.parameters.is_empty());
    let body = payment.body.as_ref().expect("a body");
    assert!(body.is_required);
    let resource = "/properties/accountId/x-mortise-resource";
    assert_eq!(body.schema.pointer(resource), Some(&json!("account")));

    let balance = &contracts["readBalance"];
    assert_eq!(balance.effect, Some(EffectMark::None));
    assert!(!balance.is_idempotent_by_key && balance.body.is_none());
    let account = balance.parameters.first().expect("a parameter");
    assert_eq!(account.name, "accountId");
    assert_eq!(account.location, Location::Path);
    assert_eq!(account.resource.as_deref(), Some("account"));
    let answer = balance.answer(200).expect("described");
    assert_eq!(answer.media_type.as_deref(), Some("application/json"));
    let expected = json!({
        "type": "object",
        "properties": {
            "available": { "$ref": "#/$defs/Amount" },
            "currency": { "type": "string", "x-mortise-cluster": "none" },
        },
        "$defs": { "Amount": { "type": "string", "x-mortise-cluster": "balance" } },
    });
    assert_eq!(answer.schema.as_deref(), Some(&expected));
    assert!(balance.answer(404).expect("described").schema.is_none());
    assert!(balance.answer(500).is_none());
}

#[test]
fn a_source_may_lack_a_class_and_an_effect() {
    let document = document(
        "3.1.0",
        "post",
        "/a",
        &json!({ "responses": { "204": {} } }),
    );
    let contract = &read(&document)["act"];
    assert_eq!((contract.effect, contract.scope.as_ref()), (None, None));
}

#[test]
fn schemas_of_3_0_become_schemas_of_today() {
    let schema = json!({
        "type": "object", "nullable": true, "required": ["a", "secret"],
        "properties": {
            "a": { "$ref": "#/components/schemas/A", "description": "ignored" },
            "b": { "type": "number", "minimum": 0, "exclusiveMinimum": true, "maximum": 9,
                   "exclusiveMaximum": false },
            "c": { "nullable": true, "example": "x", "x-vendor": 1 },
            "secret": { "type": "string", "writeOnly": true },
        },
    });
    let mut document = answering("3.0.3", &schema);
    put(
        &mut document,
        "/components/schemas/A",
        json!({ "type": "string", "format": "date" }),
    );
    let contract = &read(&document)["act"];
    let found = contract
        .answer(200)
        .and_then(|answer| answer.schema.clone());
    let expected = json!({
        "type": ["object", "null"], "required": ["a"],
        "properties": {
            "a": { "$ref": "#/$defs/A" },
            "b": { "type": "number", "exclusiveMinimum": 0, "maximum": 9 },
            "c": {},
            "secret": { "type": "string", "writeOnly": true },
        },
        "$defs": { "A": { "type": "string", "format": "date" } },
    });
    assert_eq!(found.as_deref(), Some(&expected));
}

#[test]
fn schemas_of_one_name_are_kept_apart_and_may_go_round_through_a_part() {
    let mut document = answering(
        "3.1.0",
        &json!({ "type": "object", "properties": {
            "one": { "$ref": "#/components/schemas/Tree" },
            "two": { "$ref": "#/components/schemas/Other/$defs/Tree" },
        } }),
    );
    let tree = json!({ "type": "object", "additionalProperties": false, "properties": {
        "next": { "$ref": "#/components/schemas/Tree" },
    } });
    put(&mut document, "/components/schemas/Tree", tree);
    let other = json!({ "$defs": { "Tree": { "type": "integer" } } });
    put(&mut document, "/components/schemas/Other", other);
    let contract = &read(&document)["act"];
    let check = |body: Value| told(contract.check_answer(200, &body));
    let good = json!({ "one": { "next": { "next": {} } }, "two": 7 });
    assert_eq!(check(good), Vec::<String>::new());
    assert_eq!(
        check(json!({ "one": { "next": { "nest": {} } }, "two": "7" })),
        [
            "/one/next has members that are not described",
            "/two must be a whole number",
        ]
    );
}

#[test]
fn what_cannot_be_held_is_refused_where_it_stands() {
    let at = |rest: &str| format!("{ANSWER}{rest}");
    for (schema, pointer, what) in [
        (
            json!({ "pattern": "a(?=b)" }),
            at("/pattern"),
            "the pattern cannot be matched in linear time: `a(?=b)`",
        ),
        (
            json!({ "pattern": "(a)\\1" }),
            at("/pattern"),
            "the pattern cannot be matched in linear time: `(a)\\\\1`",
        ),
        (
            json!({ "pattern": "((a{99}){99}){99}" }),
            at("/pattern"),
            "the pattern cannot be matched in linear time: `((a{99}){99}){99}`",
        ),
        (
            json!({ "items": { "patternProperties": { "(": {} } } }),
            at("/items/patternProperties/("),
            "the pattern cannot be matched in linear time: `(`",
        ),
        (
            json!({ "maxLenght": 3 }),
            at("/maxLenght"),
            "a keyword that is not understood: `maxLenght`",
        ),
        (
            json!({ "nullable": true }),
            at("/nullable"),
            "a keyword that is not understood: `nullable`",
        ),
        (
            json!({ "$dynamicRef": "#a" }),
            at("/$dynamicRef"),
            "a keyword that is not understood: `$dynamicRef`",
        ),
        (json!({ "allOf": {} }), at("/allOf"), "not a list"),
        (
            json!({ "properties": [] }),
            at("/properties"),
            "not an object",
        ),
        (json!({ "items": 7 }), at("/items"), "not a schema"),
        (
            json!({ "$ref": "#/nothing" }),
            at("/$ref"),
            "the reference points at nothing: `#/nothing`",
        ),
        (
            json!({ "$ref": format!("#{ANSWER}") }),
            at(""),
            "the schema leads back to itself without going into a part",
        ),
        (
            json!({ "oneOf": [
            { "properties": { "a": { "$ref": format!("#{ANSWER}") } } },
            { "properties": { "a": { "$ref": format!("#{ANSWER}") } } },
         ] }),
            at(""),
            "the schema looks at one value too often",
        ),
    ] {
        assert_problems(&answering("3.1.0", &schema), &[(&pointer, what)]);
    }
    let problems = contracts(&answering("3.1.0", &json!({ "minLength": "3" })));
    let problems = problems.expect_err("no JSON Schema");
    assert_eq!(problems[0].pointer, at("/minLength"));
    assert!(
        problems[0].what.starts_with("no JSON Schema"),
        "{problems:?}"
    );
}

#[test]
fn what_is_wrong_with_an_operation_is_told() {
    let parameters = format!("{BRANCHES}/parameters");
    let of = |parameter: Value| with(&parameters, json!([parameter]));
    let at = format!("{parameters}/0");
    let parts = "the parameter has parts of its own, or another style than is usual in its place";
    for (parameter, what) in [
        (
            json!({ "name": "a", "in": "cookie", "schema": {} }),
            "cookies are not carried to a bank",
        ),
        (
            json!({ "name": "a", "in": "query" }),
            "the parameter has no `schema`: `a`",
        ),
        (json!({ "name": "a", "in": "query", "content": {} }), parts),
        (
            json!({ "name": "a", "in": "query", "style": "deepObject", "schema": {} }),
            parts,
        ),
        (
            json!({ "name": "a", "in": "query", "schema": { "type": "object" } }),
            parts,
        ),
    ] {
        assert_problems(&of(parameter), &[(&at, what)]);
    }
    assert_problems(
        &with(&format!("{BRANCHES}/x-mortise-effect"), json!("money")),
        &[(
            &format!("{BRANCHES}/x-mortise-effect"),
            "not an effect of GET: `money`",
        )],
    );
    assert_problems(
        &with(&format!("{BRANCHES}/operationId"), json!("makePayment")),
        &[(
            &format!("{PAYMENT}/operationId"),
            "the `operationId` is taken: `makePayment`",
        )],
    );
    let servers = format!("{PAYMENT}/servers");
    assert_problems(
        &with(&servers, json!([])),
        &[(&servers, "only the document itself may have `servers`")],
    );
    let mark = format!("{PAYMENT}/x-mortise-idempotent");
    let what = "`x-mortise-idempotent` is not what it may say: `true`";
    assert_problems(&with(&mark, json!(true)), &[(&mark, what)]);
    let content = format!("{BRANCHES}/responses/200/content");
    let several = json!({ "application/a+json": {}, "application/b+json": {} });
    let what = "the body may be several kinds of JSON, none of them `application/json`";
    assert_problems(&with(&content, several), &[(&content, what)]);
}

#[test]
fn the_deepest_schema_that_is_held_holds_the_deepest_value() {
    // From one part to the next this many schemas stand within each other.
    let round = |count: usize| {
        let mut schema = json!({ "properties": { "a": { "$ref": format!("#{ANSWER}") } } });
        for _ in 0..count {
            schema = json!({ "allOf": [schema] });
        }
        answering("3.1.0", &schema)
    };
    let mut value = json!({});
    for _ in 0..64 {
        value = json!({ "a": value });
    }
    let contract = &read(&round(4))["act"];
    assert_eq!(
        told(contract.check_answer(200, &value)),
        Vec::<String>::new()
    );
    assert_problems(
        &round(5),
        &[(ANSWER, "too many schemas stand within each other")],
    );
}

#[test]
fn ordinary_patterns_are_matched() {
    for (pattern, good, bad) in [
        ("^[^<>]{1,500}$", "R\u{fc}ckzahlung", "<b>"),
        ("^[\\p{L}0-9 .'-]{1,70}$", "\u{674e}\u{96f7}", "a_b"),
        (
            "^\\d{4}-\\d{2}$",
            "2026-11",
            "\u{661}\u{662}\u{663}\u{664}-11",
        ),
        (
            "^[A-Z]{2}[0-9]{2}[A-Z0-9]{1,30}$",
            "DE89370400440532013000",
            "de89",
        ),
        ("^.{1,140}$", "anything", ""),
    ] {
        let contract = &read(&answering("3.1.0", &json!({ "pattern": pattern })))["act"];
        assert_eq!(
            told(contract.check_answer(200, &json!(good))),
            Vec::<String>::new()
        );
        assert_eq!(
            told(contract.check_answer(200, &json!(bad))).len(),
            1,
            "{pattern}"
        );
    }
}

/// A search with parameters of every kind, and a body.
fn search() -> Contract {
    let text = json!({ "type": "string", "maxLength": 4 });
    let numbers = json!({ "type": "array", "items": { "type": "integer", "minimum": 1 },
                          "maxItems": 3 });
    let operation = json!({
        "parameters": [
            { "name": "id", "in": "path", "required": true, "schema": text },
            { "name": "limit", "in": "query", "required": true,
              "schema": { "type": "integer", "maximum": 100 } },
            { "name": "from", "in": "query", "schema": { "type": "string", "format": "date" } },
            { "name": "open", "in": "query", "schema": { "type": "boolean" } },
            { "name": "each", "in": "query", "schema": numbers },
            { "name": "all", "in": "query", "explode": false, "schema": numbers },
            { "name": "X-Kinds", "in": "header", "schema": {
                "type": "array", "items": { "enum": ["a", "b"] } } },
            { "name": "X-Key", "in": "header", "schema": { "type": "string", "format": "uuid" } },
            { "name": "Authorization", "in": "header", "required": true, "schema": {} },
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object", "required": ["amount"], "additionalProperties": false,
            "properties": {
                "amount": { "type": "string", "format": "decimal" },
                "when": { "type": "string", "format": "date-time" },
                "link": { "type": "string", "format": "uri" },
                "tags": { "type": "object", "additionalProperties": { "type": "integer" } },
                "term": { "anyOf": [{ "type": "integer", "multipleOf": 3 }, { "type": "null" }] },
            },
        } } } },
        "responses": { "204": {} },
    });
    let mut contracts = read(&document("3.1.0", "post", "/a/{id}/b", &operation));
    contracts.remove("act").expect("the operation")
}

/// What is told of a request with this path, query and body, and these headers.
fn ask(
    path: &str,
    query: &str,
    headers: &[(&'static str, &'static str)],
    body: Option<&Value>,
) -> Vec<String> {
    let mut all = HeaderMap::new();
    all.insert(
        "content-type",
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    for (name, value) in headers {
        all.append(*name, HeaderValue::from_static(value));
    }
    let query = (!query.is_empty()).then_some(query);
    told(search().check_request(&RequestParts {
        path,
        query,
        headers: &all,
        body,
    }))
}

#[test]
fn requests_are_held_to_their_path_and_query() {
    let good = json!({ "amount": "10.50" });
    let none: [&str; 0] = [];
    for (path, query, expected) in [
        ("/a/x/b", "limit=100&open=true&from=2026-02-28", &none[..]),
        ("/a/%C3%A9%2Fxy/b", "limit=1&each=1&each=2&all=3,4", &none),
        (
            "/a/x/b",
            "%6Cimit=7&&each=",
            &["/query/each/0 must be a whole number"],
        ),
        (
            "/a/x/b/",
            "limit=1",
            &["/path is not the path of the operation"],
        ),
        (
            "/a//b",
            "limit=1",
            &["/path is not the path of the operation"],
        ),
        (
            "/a/12345/b",
            "limit=1",
            &["/path/id must have at most 4 characters"],
        ),
        (
            "/a/%ff/b",
            "limit=1",
            &["/path/id is no percent-encoded UTF-8"],
        ),
        (
            "/a/%4/b",
            "limit=1",
            &["/path/id is no percent-encoded UTF-8"],
        ),
        ("/a/x/b", "", &["/query/limit is missing"]),
        ("/a/x/b", "limit=101", &["/query/limit must be at most 100"]),
        (
            "/a/x/b",
            "limit=ten",
            &["/query/limit must be a whole number"],
        ),
        (
            "/a/x/b",
            "limit=1&limit=2",
            &["/query/limit stands more than once"],
        ),
        (
            "/a/x/b",
            "limit=007",
            &["/query/limit must be a whole number"],
        ),
        (
            "/a/x/b",
            "limit=1&limt=2",
            &["/query has a parameter that is not described"],
        ),
        (
            "/a/x/b",
            "limit=1&open=1",
            &["/query/open must be true or false"],
        ),
        (
            "/a/x/b",
            "limit=1&from=2026-02-30",
            &["/query/from must be of the format `date`"],
        ),
        (
            "/a/x/b",
            "limit=1&each=1&each=0",
            &["/query/each/1 must be at least 1"],
        ),
        (
            "/a/x/b",
            "limit=1&all=1,2,3,4",
            &["/query/all must have at most 3 items"],
        ),
        (
            "/a/x/b",
            "limit=1&all=1&all=2",
            &["/query/all stands more than once"],
        ),
    ] {
        assert_eq!(
            ask(path, query, &[], Some(&good)),
            expected,
            "{path}?{query}"
        );
    }
    let long = format!("limit=1&each={}", "1".repeat(17_000));
    assert_eq!(
        ask("/a/x/b", &long, &[], Some(&good)),
        ["/query is too long"]
    );
}

#[test]
fn requests_are_held_to_their_headers() {
    let good = json!({ "amount": "1" });
    let with =
        |headers: &[(&'static str, &'static str)]| ask("/a/x/b", "limit=1", headers, Some(&good));
    assert_eq!(
        with(&[("x-kinds", "a, b"), ("x-kinds", "a"), ("x-other", "z")]),
        Vec::<String>::new()
    );
    assert_eq!(
        with(&[("x-kinds", "a,c")]),
        ["/header/x-kinds/1 must be one of: `a`, `b`"]
    );
    assert_eq!(
        with(&[("x-key", "1")]),
        ["/header/x-key must be of the format `uuid`"]
    );
    let twice = [("x-key", "a"), ("x-key", "b")];
    assert_eq!(with(&twice), ["/header/x-key stands more than once"]);
}

#[test]
fn bodies_are_held_to_their_schema_and_nothing_of_them_is_repeated() {
    let is_told = |body: &Value| ask("/a/x/b", "limit=1", &[], Some(body));
    let good = json!({ "amount": "-0.10", "when": "2026-11-24T08:00:00Z", "term": null,
                       "link": "https://bank.example/a", "tags": { "x": 1 } });
    assert_eq!(is_told(&good), Vec::<String>::new());
    for (body, expected) in [
        (json!({}), "/body must have the member `amount`"),
        (json!([]), "/body must be an object"),
        (json!({ "amount": 10.5 }), "/body/amount must be a text"),
        (
            json!({ "amount": "1e3" }),
            "/body/amount must be of the format `decimal`",
        ),
        (
            json!({ "amount": "01" }),
            "/body/amount must be of the format `decimal`",
        ),
        (
            json!({ "amount": "1", "iban-DE89": 1 }),
            "/body has members that are not described",
        ),
        (
            json!({ "amount": "1", "when": "now" }),
            "/body/when must be of the format `date-time`",
        ),
        (
            json!({ "amount": "1", "link": "a b" }),
            "/body/link must be of the format `uri`",
        ),
        (
            json!({ "amount": "1", "term": 4 }),
            "/body/term fits none of the described forms",
        ),
        (
            json!({ "amount": "1", "tags": { "secret": "x" } }),
            "/body/tags/* must be a whole number",
        ),
    ] {
        assert_eq!(is_told(&body), [expected], "{body}");
    }
    assert_eq!(ask("/a/x/b", "limit=1", &[], None), ["/body is missing"]);
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    let found = is_told(&json!({ "amount": "1", "tags": deep }));
    assert_eq!(
        found,
        ["/body is too large: at most 100000 values, 64 deep"]
    );
    let many: Value = (0..40).map(|n| (format!("k{n}"), json!("x"))).collect();
    assert_eq!(is_told(&json!({ "amount": "1", "tags": many })).len(), 1);
    let each = format!("limit=x{}", "&open=1&each=x".repeat(3));
    assert!(ask("/b", &each, &[("x-key", "1")], Some(&json!({}))).len() > 4);
}

#[test]
fn a_body_is_json_in_utf_8() {
    let contract = search();
    let body = json!({ "amount": "1" });
    for (kind, expected) in [
        (Some("application/json"), None),
        (Some("application/merge-patch+json"), None),
        (
            Some("text/plain"),
            Some("/header/content-type must be JSON in UTF-8"),
        ),
        (
            Some("application/json; charset=gbk"),
            Some("/header/content-type must be JSON in UTF-8"),
        ),
        (None, Some("/header/content-type must be JSON in UTF-8")),
    ] {
        let mut headers = HeaderMap::new();
        if let Some(kind) = kind {
            headers.insert("content-type", HeaderValue::from_static(kind));
        }
        let request = RequestParts {
            path: "/a/x/b",
            query: Some("limit=1"),
            headers: &headers,
            body: Some(&body),
        };
        let found = told(contract.check_request(&request));
        assert_eq!(found.first().map(String::as_str), expected, "{kind:?}");
    }
}

#[test]
fn answers_are_found_by_status_then_range_then_default() {
    let of =
        |word: &str| json!({ "content": { "application/json": { "schema": { "const": word } } } });
    let operation = json!({ "responses": {
        "200": of("exact"), "2xx": of("range"), "204": {}, "default": of("default"),
        "4XX": { "content": { "application/problem+json": { "schema": { "const": "problem" } } } },
        "406": { "content": { "text/plain": {} } },
    } });
    let contract = &read(&document("3.1.0", "get", "/a", &operation))["act"];
    for (status, word) in [
        (200, "exact"),
        (201, "range"),
        (299, "range"),
        (404, "problem"),
        (500, "default"),
        (302, "default"),
    ] {
        assert_eq!(
            told(contract.check_answer(status, &json!(word))),
            Vec::<String>::new()
        );
        let found = told(contract.check_answer(status, &json!("x")));
        assert_eq!(found, [format!(" must be `{word}`")]);
    }
    for status in [204, 406] {
        let found = told(contract.check_answer(status, &json!("x")));
        assert_eq!(found, [" has a JSON body that is not described"]);
    }
    let balance = &read(&sample())["readBalance"];
    let found = told(balance.check_answer(500, &json!({})));
    assert_eq!(found, [" has a status that is not described"]);
}

#[test]
fn how_much_is_typed_is_counted_once_for_each_place() {
    let mut document = sample();
    let typed = |document: &Value| typed(document).expect("read");
    assert_eq!(typed(&document).to_string(), "typed: 8 of 8 leaves");
    let at = format!("{BALANCE_SCHEMA}/properties/more");
    put(
        &mut document,
        &at,
        json!({ "type": "object", "x-mortise-cluster": "none" }),
    );
    let found = typed(&document);
    assert_eq!((found.typed(), found.leaves()), (8, 9));
    assert_eq!(found.untyped().collect::<Vec<_>>(), [at]);
}
