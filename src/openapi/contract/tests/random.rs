//! Random values and schemas: nothing panics, what a schema was made for it admits.

use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{answering, read, search};
use crate::RequestParts;

/// Any JSON.
pub(in crate::contract) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-d~/%*\u{e9}]{0,4}".prop_map(Value::from),
        Just(json!("2026-11-24")),
        Just(json!("10.50")),
    ];
    let name = prop_oneof![
        "[a-d]",
        Just("amount".to_owned()),
        Just("tags".to_owned()),
        Just("term".to_owned()),
    ];
    leaf.prop_recursive(4, 48, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A schema and a value that was made for it.
pub(in crate::contract) fn schema_and_value() -> impl Strategy<Value = (Value, Value)> {
    let leaf = prop_oneof![
        (0_i64..50, 0_i64..50).prop_map(|(low, more)| (
            json!({ "type": "integer", "minimum": low, "maximum": low + more }),
            json!(low + more / 2)
        )),
        "[a-c]{1,6}".prop_map(|text| (
            json!({ "type": "string", "maxLength": text.len(), "pattern": "^[a-c]+$" }),
            json!(text)
        )),
        (0_u32..999_999, 0_u32..99).prop_map(|(whole, cents)| (
            json!({ "type": "string", "format": "decimal" }),
            json!(format!("{whole}.{cents:02}"))
        )),
        (1_u32..=28, 1_u32..=12).prop_map(|(day, month)| (
            json!({ "type": "string", "format": "date" }),
            json!(format!("2026-{month:02}-{day:02}"))
        )),
        Just((json!({ "enum": ["A", 7, null] }), json!(7))),
        any::<bool>().prop_map(|truth| (json!({ "type": ["boolean", "null"] }), json!(truth))),
    ];
    leaf.prop_recursive(3, 32, 4, |inner| {
        prop_oneof![
            (
                prop::collection::btree_map("[a-d]", (inner.clone(), any::<bool>()), 0..4),
                any::<bool>()
            )
                .prop_map(|(members, is_closed)| object(members, is_closed)),
            (inner.clone(), 0_usize..4).prop_map(|((schema, value), count)| (
                json!({ "type": "array", "items": schema, "maxItems": count.max(1) }),
                Value::Array(vec![value; count])
            )),
            inner.prop_map(|(schema, value)| (
                json!({ "anyOf": [{ "type": "null" }, schema] }),
                value
            )),
        ]
    })
}

fn object(
    members: std::collections::BTreeMap<String, ((Value, Value), bool)>,
    is_closed: bool,
) -> (Value, Value) {
    let (mut properties, mut values, mut required) = (Map::new(), Map::new(), Vec::new());
    for (name, ((schema, value), is_required)) in members {
        properties.insert(name.clone(), schema);
        values.insert(name.clone(), value);
        if is_required {
            required.push(name);
        }
    }
    let schema = json!({ "type": "object", "properties": properties, "required": required,
                         "additionalProperties": !is_closed });
    (schema, Value::Object(values))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_request_or_answer_is_beyond_the_check(
        body in any_json(), path in "[/a-c%0-9]{0,12}", query in "[a-z=&%0-9,+]{0,24}",
        key in "[ -~]{0,8}",
    ) {
        let contract = search();
        let mut headers = HeaderMap::new();
        headers.insert("x-key", HeaderValue::from_str(&key).expect("visible ASCII"));
        let request = RequestParts {
            path: &path,
            query: Some(&query),
            headers: &headers,
            body: Some(&body),
        };
        let violations = contract.check_request(&request).expect_err("no content type");
        prop_assert!(violations.len() <= 16);
        let _ = contract.check_answer(204, &body);
    }

    #[test]
    fn a_value_made_for_a_schema_is_admitted((schema, value) in schema_and_value()) {
        let contract = read(&answering("3.1.0", &schema)).remove("act").expect("read");
        prop_assert_eq!(contract.check_answer(200, &value), Ok(()), "{} {}", schema, value);
    }

    #[test]
    fn nothing_of_a_value_is_told((schema, _) in schema_and_value(), value in any_json()) {
        let name = "z9secret9z";
        let secret = json!({ name: value, "a": name, "b": [name] });
        let contract = read(&answering("3.1.0", &schema)).remove("act").expect("read");
        for violation in contract.check_answer(200, &secret).err().unwrap_or_default() {
            prop_assert!(!format!("{violation:?}").contains(name), "{violation:?}");
        }
    }
}
