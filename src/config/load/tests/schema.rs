//! The schema that editors have, judged by a small validator of the keywords that it uses. Patterns
//! of single values are not among them: the reader judges those.

use serde_json::Value;

use crate::fixture::{EXAMPLE, INCLUDED, MINIMAL};
use crate::{SchemaOf, schema};

/// Where a value breaks the schema.
fn broken(schema: &Value, value: &Value, path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let list = |keyword: &str| schema[keyword].as_array().cloned().unwrap_or_default();
    let any = list("anyOf");
    if !any.is_empty() && any.iter().all(|one| !broken(one, value, path).is_empty()) {
        found.push(format!("{path}: fits none of several"));
    }
    let one_of = list("oneOf");
    let fits = one_of
        .iter()
        .filter(|one| broken(one, value, path).is_empty());
    if !one_of.is_empty() && fits.count() != 1 {
        found.push(format!("{path}: must fit one of several"));
    }
    for one in list("allOf") {
        found.extend(broken(&one, value, path));
    }
    let is_of = |kind: &str| match kind {
        "object" => value.is_object(),
        "array" => value.as_array().is_some_and(|items| !items.is_empty()),
        "string" => value.is_string(),
        _ => false,
    };
    if schema["type"].as_str().is_some_and(|kind| !is_of(kind)) {
        found.push(format!("{path}: is no {}", schema["type"]));
    }
    let words = list("enum");
    let is_word = words.is_empty() || words.contains(value);
    if !is_word || schema.get("const").is_some_and(|word| word != value) {
        found.push(format!("{path}: is another word"));
    }
    for key in list("required") {
        if value.get(key.as_str().unwrap_or_default()).is_none() {
            found.push(format!("{path}: lacks {key}"));
        }
    }
    for (key, member) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        match (&schema["properties"][key], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => found.push(format!("{path}: is unknown")),
            (Value::Null, other) => found.extend(broken(other, member, &path)),
            (property, _) => found.extend(broken(property, member, &path)),
        }
    }
    for item in value.as_array().into_iter().flatten() {
        found.extend(broken(&schema["items"], item, &format!("{path}[]")));
    }
    found
}

fn read(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

#[test]
fn the_example_and_what_it_includes_pass_the_schema() {
    let whole = schema(SchemaOf::Whole);
    assert_eq!(broken(&whole, &read(EXAMPLE), ""), Vec::<String>::new());
    assert_eq!(broken(&whole, &read(MINIMAL), ""), Vec::<String>::new());
    let part = schema(SchemaOf::Part);
    assert_eq!(broken(&part, &read(INCLUDED), ""), Vec::<String>::new());
    assert!(!broken(&whole, &read(INCLUDED), "").is_empty());
}

#[test]
fn what_the_reader_refuses_for_its_shape_the_schema_refuses_too() {
    let whole = schema(SchemaOf::Whole);
    for (old, new) in [
        ("    burst: 100 requests\n", ""),
        ("    rate: 50/s", "    rat: 50/s"),
        ("serves: [api, token]", "serves: [api, tokens]"),
        ("products: [fx]", "products: fx"),
        ("products: [fx]", "products: []"),
        ("standing: active", "standing: [active]"),
        ("        tls: none", "        tls: nothing"),
        ("      access_token_lifetime: 300s\n", ""),
        ("edition: 2026-11\n", "edition: 2026-10\n"),
        (
            "    limits: standard\n  issuer",
            "    limits: { head_max: 32 KiB }\n  issuer",
        ),
    ] {
        assert!(MINIMAL.contains(old), "{old}");
        let text = MINIMAL.replacen(old, new, 1);
        assert!(!broken(&whole, &read(&text), "").is_empty(), "{new}");
    }
}
