//! JSON in which no member stands twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads one JSON object and nothing after it. `None` when the bytes are not one, or when any
/// object in it, at any depth, has a member twice: two readers of the same token must not see two
/// different values (RFC 7515 §4, RFC 7519 §4). Depth is bounded by serde_json.
pub(crate) fn strict_object(bytes: &[u8]) -> Option<Map<String, Value>> {
    match strict_json(bytes) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Reads one JSON value and nothing after it, in which no object, at any depth, has a member twice.
/// Depth is bounded by serde_json: 128.
///
/// Errors: what is wrong, and in which line and column.
pub fn strict_json(bytes: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(bytes).map(|Strict(value)| value)
}

struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number out of range"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E: Error>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some((name, Strict(value))) = members.next_entry::<String, Strict>()? {
            if object.insert(name, value).is_some() {
                return Err(A::Error::custom("a member stands twice"));
            }
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_member_may_not_stand_twice_at_any_depth() {
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":{"b":1,"b":2}}"#,
            r#"{"a":[{"b":1,"b":2}]}"#,
        ] {
            assert_eq!(strict_object(bad.as_bytes()), None, "{bad}");
        }
        assert!(strict_object(br#"{"a":{"a":[{"a":1},{"a":1}]},"b":null}"#).is_some());
    }

    #[test]
    fn only_one_whole_object_is_read() {
        for bad in [
            "",
            "[]",
            "1",
            "null",
            "{}{}",
            "{} x",
            "{",
            r#"{"a":}"#,
            "\u{feff}{}",
        ] {
            assert_eq!(strict_object(bad.as_bytes()), None, "{bad}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert_eq!(strict_object(deep.as_bytes()), None);
    }

    proptest! {
        #[test]
        fn what_is_read_strictly_is_what_serde_json_reads(text in r#"\{("[ab]":([0-9]|"x"|\[1\]|true|null|\{\}|-1\.5),?){0,3}\}"#) {
            if let Some(object) = strict_object(text.as_bytes()) {
                let read: Value = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(Value::Object(object), read);
            }
        }
    }
}
