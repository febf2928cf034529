//! What a request's JSON body may hold, kept so that a request can be held to it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::media_type::{essence, is_utf_8};
use crate::total::Step;

/// The JSON body of an operation's requests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BodyShape {
    /// Its media type, without parameters, in lower case.
    pub media_type: String,
    root: Part,
}

/// What stands at one place of a body. The description of class `customer` closes each object, so
/// what is not here is not described.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Part {
    members: BTreeMap<String, Part>,
    item: Option<Box<Part>>,
}

impl BodyShape {
    pub(super) fn new(media_type: String) -> Self {
        Self {
            media_type,
            root: Part::default(),
        }
    }

    /// Adds what stands at the end of this way, and all that leads there.
    pub(super) fn add(&mut self, path: &[Step]) {
        let mut part = &mut self.root;
        for step in path {
            part = match step {
                Step::Member(name) => part.members.entry(name.clone()).or_default(),
                Step::Item => part.item.get_or_insert_default(),
            };
        }
    }

    /// Whether a content type is this body's: no parameter beside `charset=utf-8`, so that all
    /// readers read the same.
    pub fn is_of(&self, content_type: &str) -> bool {
        let mut parameters = content_type.split(';').skip(1);
        let is_plain = match (parameters.next(), parameters.next()) {
            (None, _) => true,
            (Some(one), None) => {
                let name = one.split_once('=').map(|(name, _)| name.trim());
                name.is_some_and(|name| name.eq_ignore_ascii_case("charset"))
            }
            (Some(_), Some(_)) => false,
        };
        is_plain && is_utf_8(content_type) && essence(content_type) == self.media_type
    }

    /// Whether every member and item of a body is described. Of which type a leaf is, and what is
    /// missing, is not asked.
    pub fn describes(&self, body: &Value) -> bool {
        self.root.describes(body)
    }
}

impl Part {
    fn describes(&self, value: &Value) -> bool {
        match value {
            Value::Object(members) => members.iter().all(|(name, value)| {
                let member = self.members.get(name);
                member.is_some_and(|member| member.describes(value))
            }),
            Value::Array(items) => {
                let item = self.item.as_deref();
                item.is_some_and(|item| items.iter().all(|value| item.describes(value)))
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape() -> BodyShape {
        let member = |name: &str| Step::Member(name.to_owned());
        let mut shape = BodyShape::new("application/json".to_owned());
        shape.add(&[]);
        shape.add(&[member("amount"), member("value")]);
        shape.add(&[member("parts"), Step::Item, member("id")]);
        shape.add(&[member("note")]);
        shape
    }

    #[test]
    fn what_is_not_described_is_found_at_every_depth() {
        for body in [
            json!({}),
            json!(null),
            json!({ "note": "a", "amount": { "value": "1" } }),
            json!({ "parts": [], "note": null }),
            json!({ "parts": [{ "id": "a" }, { "id": "b" }, {}] }),
        ] {
            assert!(shape().describes(&body), "{body}");
        }
        for body in [
            json!({ "other": null }),
            json!({ "Note": "a" }),
            json!({ "amount": { "value": "1", "other": 1 } }),
            json!({ "amount": [{ "value": "1" }] }),
            json!({ "parts": [{ "id": "a" }, { "other": "b" }] }),
            json!({ "parts": { "id": "a" } }),
            json!({ "parts": [[{ "id": "a" }]] }),
            json!({ "note": { "other": "a" } }),
            json!({ "note": ["a"] }),
            json!([]),
            json!([{ "note": "a" }]),
        ] {
            assert!(!shape().describes(&body), "{body}");
        }
    }

    #[test]
    fn a_content_type_says_json_and_nothing_more() {
        for right in [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;Charset=\"UTF-8\"",
        ] {
            assert!(shape().is_of(right), "{right}");
        }
        for wrong in [
            "",
            "application/x-www-form-urlencoded",
            "application/vnd.bank+json",
            "application/json, application/x-www-form-urlencoded",
            "application/json; charset=gb18030",
            "application/json; boundary=a",
            "application/json; charset=utf-8; charset=utf-8",
            "application/json;",
        ] {
            assert!(!shape().is_of(wrong), "{wrong}");
        }
    }
}
