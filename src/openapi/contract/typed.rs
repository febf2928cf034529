//! How much of a description says what its values are: a leaf that may be anything checks nothing,
//! and no product can be composed of it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use super::bundle::{Bundle, parts};
use crate::leaves::types;

/// How many leaves of the requests and answers say what they are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Typed {
    /// Where a leaf stands in the document → whether it is typed.
    leaves: BTreeMap<String, bool>,
}

impl Typed {
    /// How many leaves there are, each counted once.
    pub fn leaves(&self) -> usize {
        self.leaves.len()
    }

    /// How many of them say what they are.
    pub fn typed(&self) -> usize {
        self.leaves.values().filter(|is_typed| **is_typed).count()
    }

    /// Where those stand that may be anything: JSON Pointers, sorted.
    pub fn untyped(&self) -> impl Iterator<Item = &str> {
        let untyped = self.leaves.iter().filter(|(_, is_typed)| !**is_typed);
        untyped.map(|(pointer, _)| pointer.as_str())
    }

    /// Counts the leaves of a schema.
    pub(super) fn count(&mut self, bundle: &Bundle) {
        let mut open = vec![(String::new(), &bundle.schema)];
        while let Some((pointer, schema)) = open.pop() {
            if let Some(is_typed) = leaf(schema) {
                self.leaves.insert(bundle.origin(&pointer), is_typed);
            }
            let inner = parts(&pointer, schema).into_iter();
            // What these say is a condition on a value that is described elsewhere.
            open.extend(inner.filter(|(place, _)| {
                let key = place.strip_prefix(pointer.as_str()).unwrap_or_default();
                !matches!(key, "/not" | "/if" | "/contains" | "/propertyNames")
            }));
        }
    }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "typed: {} of {} leaves", self.typed(), self.leaves())
    }
}

/// Whether a leaf says what it is; nothing where the schema has parts, is composed of others, or
/// only adds to what others say.
fn leaf(schema: &Value) -> Option<bool> {
    let Some(members) = schema.as_object() else {
        return (*schema == Value::Bool(true)).then_some(false);
    };
    let has = |key: &str| members.contains_key(key);
    let is_described = |key: &str| match members.get(key) {
        Some(Value::Object(inner)) => !inner.is_empty(),
        Some(Value::Array(inner)) => !inner.is_empty(),
        _ => false,
    };
    let described = [
        "properties",
        "patternProperties",
        "additionalProperties",
        "items",
        "prefixItems",
    ];
    let composed = ["$ref", "allOf", "oneOf", "anyOf"];
    if described.iter().any(|key| is_described(key)) || composed.iter().any(|key| has(key)) {
        return None;
    }
    if has("required") && !has("type") {
        return None;
    }
    let kinds = types(members);
    let is_open = |kind: &&str| matches!(*kind, "object" | "array");
    let is_scalar = !kinds.is_empty() && !kinds.iter().any(is_open);
    let is_closed = members.get("additionalProperties") == Some(&Value::Bool(false));
    Some(is_scalar || is_closed || has("enum") || has("const"))
}
