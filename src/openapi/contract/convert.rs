//! A schema of OpenAPI 3.0 or 3.1 as one of draft 2020-12, keyword by keyword. A keyword that is
//! not known is refused: a constraint that is misspelt constrains nothing.

use serde_json::{Map, Value, json};

use super::names::Names;
use crate::problem::{Problems, help_words, quoted};
use crate::reference::{Document, Edition, Site};

/// Keywords whose value is a schema.
pub(super) const ONE: [&str; 10] = [
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "unevaluatedItems",
    "contains",
    "propertyNames",
    "not",
    "if",
    "then",
    "else",
];
/// Keywords whose value is a list of schemas.
pub(super) const LIST: [&str; 4] = ["allOf", "oneOf", "anyOf", "prefixItems"];
/// Keywords whose value is a map of schemas.
pub(super) const MAP: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// Keywords that are taken as they are.
const PLAIN: [&str; 28] = [
    "type",
    "enum",
    "const",
    "format",
    "pattern",
    "required",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "uniqueItems",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "title",
    "description",
    "default",
    "deprecated",
    "readOnly",
    "writeOnly",
    "$ref",
];
/// Keywords that constrain nothing and are left out; what stands in `$defs` is taken by reference.
const DROPPED: [&str; 11] = [
    "example",
    "examples",
    "xml",
    "externalDocs",
    "discriminator",
    "$comment",
    "$defs",
    "definitions",
    "contentEncoding",
    "contentMediaType",
    "contentSchema",
];

/// Which way a value goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Direction {
    /// To the bank.
    Request,
    /// From the bank.
    Answer,
}

/// The conversion of the schemas of one bundle.
pub(super) struct Convert<'a, 'p> {
    pub(super) document: Document<'a>,
    pub(super) direction: Direction,
    pub(super) names: &'p mut Names<'a>,
    /// How many values may still be taken.
    pub(super) left: &'p mut usize,
    /// Whether nothing was refused.
    pub(super) is_whole: &'p mut bool,
    pub(super) problems: &'p mut Problems,
}

impl<'a> Convert<'a, '_> {
    /// The schema; how deep this goes is bounded by the depth of the document.
    pub(super) fn schema(&mut self, site: &Site<'a>) -> Value {
        *self.left = self.left.saturating_sub(1);
        if *self.left == 0 {
            return Value::Bool(true);
        }
        if site.value.is_boolean() {
            return site.value.clone();
        }
        if !site.value.is_object() {
            return self.refuse(
                &site.pointer,
                "not a schema",
                "write an object that describes the value",
            );
        }
        if self.document.edition == Edition::V3_0 && site.child("$ref").is_some() {
            // OpenAPI 3.0 §4.7.23: what stands beside `$ref` is ignored.
            return json!({ "$ref": self.reference(site) });
        }
        let mut made = Map::new();
        for (key, member) in site.members() {
            if let Some(value) = self.member(site, key, &member) {
                made.insert(key.to_owned(), value);
            }
        }
        if self.document.edition == Edition::V3_0 {
            self.old_keywords(site, &mut made);
        }
        Value::Object(made)
    }

    fn member(&mut self, owner: &Site<'a>, key: &str, member: &Site<'a>) -> Option<Value> {
        if key == "$ref" {
            return Some(self.reference(owner));
        }
        if ONE.contains(&key) {
            return Some(self.schema(member));
        }
        if LIST.contains(&key) {
            if !member.value.is_array() {
                return Some(self.refuse(&member.pointer, "not a list", "write a list of schemas"));
            }
            let items = member.items().map(|item| self.schema(&item));
            return Some(Value::Array(items.collect()));
        }
        if MAP.contains(&key) {
            if !member.value.is_object() {
                let help = "write an object of schemas";
                return Some(self.refuse(&member.pointer, "not an object", help));
            }
            let members = member.members();
            let members = members.map(|(name, one)| (name.to_owned(), self.schema(&one)));
            return Some(Value::Object(members.collect()));
        }
        if PLAIN.contains(&key) {
            *self.left = self.left.saturating_sub(size(member.value));
            return Some(member.value.clone());
        }
        if key.starts_with("x-mortise-") {
            return Some(member.value.clone());
        }
        let is_old = key == "nullable" && self.document.edition == Edition::V3_0;
        if !is_old && !key.starts_with("x-") && !DROPPED.contains(&key) {
            let known: Vec<&str> = [&ONE[..], &LIST, &MAP, &PLAIN].concat();
            let help = match key {
                "nullable" => "in OpenAPI 3.1 write `type: [string, \"null\"]`".to_owned(),
                _ => help_words(key, "the keywords", &known),
            };
            let what = format!("a keyword that is not understood: {}", quoted(key));
            self.refuse(&member.pointer, what, help);
        }
        None
    }

    fn reference(&mut self, site: &Site<'a>) -> Value {
        match self.document.target(site) {
            Ok(Some(target)) => Value::String(self.names.reference(target)),
            Ok(None) => Value::Null,
            Err(problem) => {
                *self.is_whole = false;
                self.problems.push(problem);
                Value::Null
            }
        }
    }

    /// What OpenAPI 3.0 writes in another way than JSON Schema does today.
    fn old_keywords(&self, site: &Site<'a>, made: &mut Map<String, Value>) {
        // OpenAPI 3.0.3 §4.7.24: `nullable` acts on a type that stands beside it.
        if site.value.get("nullable") == Some(&Value::Bool(true))
            && let Some(Value::String(kind)) = made.get("type")
        {
            let kinds = json!([kind, "null"]);
            made.insert("type".to_owned(), kinds);
        }
        for (limit, exclusive) in [
            ("minimum", "exclusiveMinimum"),
            ("maximum", "exclusiveMaximum"),
        ] {
            match made.get(exclusive) {
                Some(Value::Bool(true)) => {
                    made.remove(exclusive);
                    if let Some(value) = made.remove(limit) {
                        made.insert(exclusive.to_owned(), value);
                    }
                }
                Some(Value::Bool(false)) => {
                    made.remove(exclusive);
                }
                _ => {}
            }
        }
        // OpenAPI 3.0.3 §4.7.24: what is read only is required of answers alone, what is written
        // only of requests.
        let ours = match self.direction {
            Direction::Request => "readOnly",
            Direction::Answer => "writeOnly",
        };
        if let Some(Value::Array(required)) = made.get_mut("required") {
            let properties = site.child("properties");
            required.retain(|name| {
                let property = name.as_str().zip(properties.as_ref());
                let property = property.and_then(|(name, all)| all.child(name));
                let property = property.and_then(|one| self.document.resolve(one).ok());
                property.is_none_or(|one| one.value.get(ours) != Some(&Value::Bool(true)))
            });
        }
    }

    fn refuse(&mut self, pointer: &str, what: impl Into<String>, help: impl Into<String>) -> Value {
        *self.is_whole = false;
        self.problems.add(pointer, what, help);
        Value::Bool(true)
    }
}

/// How many values a value holds.
fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(size).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(size).sum::<usize>(),
        _ => 1,
    }
}
