//! What a catalogue says as one number: evidence names by it the words that a customer read.

use crypto::sha256;
use serde_json::Value;

/// SHA-256 of the value as JSON without spaces, the keys of every mapping in the order of their
/// bytes. Only for a value whose depth is known: a catalogue that was read.
pub(super) fn digest(value: &Value) -> [u8; 32] {
    let mut text = String::new();
    put(&mut text, value);
    sha256(text.as_bytes())
}

fn put(text: &mut String, value: &Value) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(key, _)| *key);
            text.push('{');
            for (key, value) in members {
                // A JSON text in itself, so that no key ends where another begins.
                text.push_str(&Value::from(key.as_str()).to_string());
                text.push(':');
                put(text, value);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for item in items {
                put(text, item);
                text.push(',');
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_digest_is_of_what_is_said_not_of_how_it_is_ordered() {
        let parsed = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        let one = parsed(r#"{"a": {"x": 1, "y": [true, "z"]}, "b": null}"#);
        let other = parsed(r#"{"b": null, "a": {"y": [true, "z"], "x": 1}}"#);
        assert_eq!(digest(&one), digest(&other));
        for changed in [
            json!({ "a": { "x": 1, "y": ["z", true] }, "b": null }),
            json!({ "a": { "x": 1, "y": [true, "z"] } }),
            json!({ "a": { "x": 1, "y": [true, "z"], "b": null } }),
            json!({ "a": { "x": "1", "y": [true, "z"] }, "b": null }),
            json!({ "a": { "x": 1, "y": [true], "z": [] }, "b": null }),
        ] {
            assert_ne!(digest(&one), digest(&changed), "{changed}");
        }
    }
}
