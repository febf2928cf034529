use std::path::Path;

use proptest::prelude::*;
use serde_json::json;

use super::schema::{BadDetailSchema, DetailSchema};
use super::*;

fn parsed(text: &str) -> Result<Details, DetailsProblem> {
    Details::parse(text)
}

#[test]
fn ra_01_details_are_an_array_of_one_to_twenty_objects_within_16_kib_and_8_deep() {
    assert!(parsed(r#"[{"type":"a"}]"#).is_ok());
    let many = |count| format!("[{}]", vec![r#"{"type":"a"}"#; count].join(","));
    assert!(parsed(&many(20)).is_ok());
    let long = format!(r#"[{{"type":"{}"}}]"#, "a".repeat(DETAILS_BYTES_MAX));
    let deep = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 2), "]".repeat(depth - 2));
        format!(r#"[{{"type":"a","n":{open}{close}}}]"#)
    };
    assert!(parsed(&deep(8)).is_ok());
    for bad in [
        "",
        "[]",
        "{}",
        "null",
        "1",
        r#"{"type":"a"}"#,
        r#"["a"]"#,
        "[[]]",
        "[null]",
        r#"[{"type":"a"}"#,
        r#"[{"type":"a"}] x"#,
        r#"[{"type":"a",}]"#,
        r#"[{"type":"a","n":0.5}]"#,
        &deep(9),
        &many(21),
        &long,
    ] {
        assert_eq!(parsed(bad), Err(DetailsProblem::Malformed), "{bad:.40}");
    }
}

#[test]
fn ra_01_a_member_stands_once_at_any_depth() {
    for bad in [
        r#"[{"type":"a","type":"b"}]"#,
        r#"[{"type":"a","n":{"x":1,"x":2}}]"#,
        r#"[{"type":"a","n":[{"x":1,"\u0078":2}]}]"#,
    ] {
        assert_eq!(parsed(bad), Err(DetailsProblem::Malformed), "{bad}");
    }
}

#[test]
fn ra_01_a_number_is_one_that_every_reader_has_as_it_is_written() {
    let of = |number: &str| parsed(&format!("[{{\"type\":\"a\",\"n\":{number}}}]"));
    for good in ["0", "-9007199254740991", "9007199254740991"] {
        assert!(of(good).is_ok(), "{good}");
    }
    for bad in [
        "9007199254740992",
        "-9007199254740992",
        "18446744073709551615",
        "1.5",
        "1e3",
    ] {
        assert!(of(bad).is_err(), "{bad}");
    }
}

fn schema(text: &Value) -> Result<DetailSchema, BadDetailSchema> {
    let r#type = model::DetailType::parse("payment").expect("valid");
    DetailSchema::read(&r#type, text.to_string().as_bytes())
}

fn fits(schema: &DetailSchema, detail: &Value) -> bool {
    let Value::Object(members) = detail else {
        panic!("an object");
    };
    schema.misfit(Detail(members)).is_none()
}

#[test]
fn ra_02_what_the_schema_does_not_name_is_refused_unless_it_says_otherwise() {
    let closed = schema(&json!({
        "type": "object",
        "required": ["amount"],
        "properties": {
            "amount": { "type": "string", "pattern": "^[0-9]+$" },
            "to": { "type": "object", "properties": { "iban": { "type": "string" } } },
            "parts": { "type": "array", "items": { "properties": { "n": true } } },
            "free": { "type": "object", "additionalProperties": true },
        },
    }));
    let closed = closed.expect("a schema");
    for good in [
        json!({ "type": "payment", "amount": "1" }),
        json!({ "type": "payment", "amount": "1", "to": { "iban": "x" } }),
        json!({ "type": "payment", "amount": "1", "parts": [{ "n": 1 }], "free": { "x": 1 } }),
    ] {
        assert!(fits(&closed, &good), "{good}");
    }
    for bad in [
        json!({ "type": "other", "amount": "1" }),
        json!({ "type": "payment" }),
        json!({ "type": "payment", "amount": 1 }),
        json!({ "type": "payment", "amount": "1", "more": 1 }),
        json!({ "type": "payment", "amount": "1", "to": { "name": "x" } }),
        json!({ "type": "payment", "amount": "1", "parts": [{ "m": 1 }] }),
    ] {
        assert!(!fits(&closed, &bad), "{bad}");
    }
    let open = schema(&json!({ "properties": {}, "additionalProperties": true }));
    assert!(fits(
        &open.expect("a schema"),
        &json!({ "type": "payment", "more": 1 })
    ));
}

#[test]
fn ra_02_no_part_of_a_schema_is_open_unless_it_says_so() {
    let amount = json!({ "type": "object", "properties": { "value": { "type": "string" } } });
    let payment = schema(&json!({
        "$defs": { "amount": amount, "due": { "properties": { "due": { "type": "string" } } } },
        "properties": {
            "list": { "type": "array" },
            "amounts": { "type": "array", "items": { "$ref": "#/$defs/amount" } },
            "pair": { "prefixItems": [{ "$ref": "#/$defs/amount" }, { "type": "integer" }] },
            "said": { "description": "anything that has no members" },
            "due": { "allOf": [{ "$ref": "#/$defs/amount" }, { "$ref": "#/$defs/due" }] },
            "either": { "oneOf": [
                { "properties": { "a": amount }, "required": ["a"] },
                { "properties": { "b": amount }, "required": ["b"] },
            ] },
        },
        "patternProperties": { "^x-": amount },
        "dependentSchemas": { "list": { "properties": { "because": amount } } },
    }));
    let payment = payment.expect("a schema");
    for (member, good, bad) in [
        ("list", json!([]), json!([{ "x": 1 }])),
        (
            "amounts",
            json!([{ "value": "1" }]),
            json!([{ "value": "1", "x": 1 }]),
        ),
        ("pair", json!([{ "value": "1" }, 2]), json!([{ "x": 1 }, 2])),
        (
            "pair",
            json!([{ "value": "1" }]),
            json!([{ "value": "1" }, 2, 3]),
        ),
        ("said", json!("text"), json!({ "x": 1 })),
        (
            "due",
            json!({ "value": "1", "due": "2" }),
            json!({ "value": "1", "x": 1 }),
        ),
        (
            "either",
            json!({ "a": { "value": "1" } }),
            json!({ "a": { "x": "1" } }),
        ),
        ("either", json!({ "b": {} }), json!({ "b": {}, "c": {} })),
        ("x-more", json!({ "value": "1" }), json!({ "x": 1 })),
    ] {
        let of = |value: &Value| json!({ "type": "payment", member: value });
        assert!(fits(&payment, &of(&good)), "{member}: {good}");
        assert!(!fits(&payment, &of(&bad)), "{member}: {bad}");
    }
    let because = json!({ "type": "payment", "list": [], "because": { "value": "1" } });
    assert!(fits(&payment, &because));
    let because = json!({ "type": "payment", "list": [], "because": { "x": "1" } });
    assert!(!fits(&payment, &because));
    assert!(!fits(
        &payment,
        &json!({ "type": "payment", "because": {} })
    ));
}

#[test]
fn ra_02_where_a_detail_does_not_fit_is_told_by_a_pointer() {
    let payment = schema(&json!({ "properties": { "to": { "prefixItems": [{ "const": 1 }] } } }));
    let payment = payment.expect("a schema");
    let detail = json!({ "type": "payment", "to": [2] });
    let members = detail.as_object().expect("an object");
    assert_eq!(payment.misfit(Detail(members)).as_deref(), Some("/to/0"));
}

#[test]
fn a_schema_in_which_a_keyword_stands_twice_is_none() {
    let twice = br#"{ "required": ["to"], "properties": { "to": {} }, "required": [] }"#;
    let its = DetailType::parse("payment").expect("a type");
    let Err(BadDetailSchema::NotJson(says)) = DetailSchema::read(&its, twice) else {
        panic!("it is read");
    };
    assert!(says.contains("a member stands twice at line 1"), "{says}");
}

#[test]
fn a_schema_of_another_type_or_with_references_elsewhere_is_none() {
    let read = |text: &Value| schema(text).map(|_| ());
    for other in [
        json!([]),
        json!(true),
        json!({ "type": "array" }),
        json!({ "type": "objekt" }),
    ] {
        assert_eq!(read(&other), Err(BadDetailSchema::NotOfObjects), "{other}");
    }
    assert_eq!(
        read(&json!({ "properties": { "type": { "const": "other" } } })),
        Err(BadDetailSchema::OtherType("other".to_owned()))
    );
    for elsewhere in [
        "https://schemas.example/a.json",
        "file:///etc/passwd",
        "other.json",
        "#",
        "#/properties/b",
        "#/$defs/b/properties/c",
        "#/$defs/",
    ] {
        let bad = json!({ "properties": { "a": { "allOf": [{ "$ref": elsewhere }] } } });
        let at = "/properties/a/allOf/$ref".to_owned();
        assert_eq!(
            read(&bad),
            Err(BadDetailSchema::Reference(at)),
            "{elsewhere}"
        );
    }
    for keyword in [
        "requird",
        "if",
        "$dynamicRef",
        "$id",
        "definitions",
        "dependencies",
        "contains",
        "maxContains",
    ] {
        let bad = json!({ "properties": { "a": { "items": { keyword: {} } } } });
        let at = format!("/properties/a/items/{keyword}");
        assert_eq!(read(&bad), Err(BadDetailSchema::Keyword(at)), "{keyword}");
    }
    let untitled = json!({ "properties": { "a": { "x-mortise-title": "A" } } });
    let at = "/properties/a/x-mortise-title".to_owned();
    assert_eq!(read(&untitled), Err(BadDetailSchema::Title(at)));
    // What one branch calls a member is not shown where another one holds.
    let titled = json!({ "x-mortise-title": { "zh-CN": "至少", "en": "At least" } });
    for keyword in ["oneOf", "anyOf", "dependentSchemas", "patternProperties"] {
        let branch = json!({ "properties": { "value": titled } });
        let bad = match keyword {
            "oneOf" | "anyOf" => json!({ keyword: [branch] }),
            _ => json!({ keyword: { "x": branch } }),
        };
        let at = format!("/{keyword}");
        assert_eq!(read(&bad), Err(BadDetailSchema::Untitled(at)), "{bad}");
    }
    for bad in [
        json!({ "properties": { "a": { "type": "objekt" } } }),
        json!({ "properties": { "a": { "$ref": "#/$defs/none" } } }),
        json!({ "properties": { "a": { "pattern": "(" } } }),
        json!({ "properties": { "a": { "pattern": "(a)\\1" } } }),
        json!({ "properties": { "a": { "format": "no-such-format" } } }),
        json!({ "properties": { "a": { "not": { "$ref": "https://schemas.example/a.json" } } } }),
        json!({ "properties": 1 }),
        json!({ "required": "a" }),
    ] {
        assert!(
            matches!(read(&bad), Err(BadDetailSchema::Schema(_))),
            "{bad}: {:?}",
            read(&bad)
        );
    }
    let own = json!({
        "$defs": { "amount": { "type": "string" } },
        "properties": { "amount": { "$ref": "#/$defs/amount" } },
    });
    assert_eq!(read(&own), Ok(()));
}

#[test]
fn a_schema_that_leads_in_circles_is_no_endless_loop() {
    let circle = schema(&json!({
        "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } },
        "properties": { "a": { "$ref": "#/$defs/a" } },
    }));
    if let Ok(circle) = circle {
        let _ = fits(&circle, &json!({ "type": "payment", "a": 1 }));
    }
    let tree = schema(&json!({
        "$defs": { "node": { "properties": { "inner": { "$ref": "#/$defs/node" } } } },
        "properties": { "root": { "$ref": "#/$defs/node" } },
    }));
    let tree = tree.expect("a schema");
    let of = |leaf: Value| json!({ "type": "payment", "root": { "inner": { "inner": leaf } } });
    assert!(fits(&tree, &of(json!({}))));
    assert!(!fits(&tree, &of(json!({ "x": 1 }))));
}

#[test]
fn what_was_asked_for_is_what_was_granted_without_the_account_that_was_chosen() {
    let granted = parsed(r#"[{"type":"a","n":{"account":"x"},"account":"acc-1"},{"type":"b"}]"#);
    let granted = granted.expect("details");
    let asked: Vec<_> = granted.iter().map(Detail::as_asked).collect();
    let first = parsed(r#"[{"type":"a","n":{"account":"x"}}]"#).expect("details");
    assert_eq!(asked, [Some(first), None]);
}

#[test]
fn ra_04_what_was_approved_once_is_not_carried_twice() {
    let of = |text: &str| parsed(text).expect("details");
    let (a, b) = (r#"{"type":"a","n":1}"#, r#"{"type":"a","n":2}"#);
    let granted = of(&format!("[{a},{b},{b}]"));
    for within in [
        format!("[{a}]"),
        format!("[{b},{b},{a}]"),
        format!("[{b},{a}]"),
    ] {
        assert!(of(&within).are_within(&granted), "{within}");
    }
    for wider in [
        format!("[{a},{a}]"),
        format!("[{b},{b},{b}]"),
        r#"[{"type":"a"}]"#.to_owned(),
    ] {
        assert!(!of(&wider).are_within(&granted), "{wider}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(
        text in any::<String>(),
        json in r#"\[\{("(type|locations|a)":("a"|1|-1\.5e9|null|\[\]|\{"b":"é"\}),?){0,6}\}\]"#,
    ) {
        fuzz_authorization_details(text.as_bytes());
        fuzz_authorization_details(json.as_bytes());
    }
}

/// Every file of the corpus, whole, cut anywhere, and with any byte changed.
#[test]
fn the_corpus_of_the_fuzzer_makes_nothing_panic() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR"));
    let corpus = corpus.join("../../tests/fuzz/authorization_details");
    let mut count = 0;
    for entry in std::fs::read_dir(corpus).expect("the corpus") {
        let bytes = std::fs::read(entry.expect("a file").path()).expect("a readable file");
        for at in 0..bytes.len() {
            fuzz_authorization_details(&bytes[..at]);
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            fuzz_authorization_details(&changed);
        }
        fuzz_authorization_details(&bytes);
        count += 1;
    }
    assert!(count >= 8, "{count}");
}
