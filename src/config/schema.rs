//! The table of keys as a JSON Schema (2020-12), for editors and pipelines. A file that passes it
//! has the right keys and shapes; whether names, certificates and agreements fit each other only
//! `mortise check` can say.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::file::FILE;
use crate::quantity::{shown_duration, shown_size};
use crate::shape::{Id, Key, Kind, Need, Shape};

/// Which files the schema is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaOf {
    /// The configuration itself.
    Whole,
    /// A file that it includes: no section must be there.
    Part,
}

/// The JSON Schema of a configuration.
pub fn schema(of: SchemaOf) -> Value {
    let mut root = section(&FILE);
    if let Some(members) = root.as_object_mut() {
        members.insert(
            "$schema".to_owned(),
            json!("https://json-schema.org/draft/2020-12/schema"),
        );
        let title = match of {
            SchemaOf::Whole => "A configuration of Mortise",
            SchemaOf::Part => "A file that a configuration of Mortise includes",
        };
        members.insert("title".to_owned(), json!(title));
        if of == SchemaOf::Part {
            members.insert("required".to_owned(), json!(["edition"]));
        }
    }
    root
}

fn section(shape: &Shape) -> Value {
    let properties: Map<String, Value> = shape
        .keys
        .iter()
        .map(|key| (key.name.to_owned(), property(key)))
        .collect();
    let required: Vec<&str> = shape
        .keys
        .iter()
        .filter(|key| match key.need {
            Need::Required(_) | Need::Demanded(_) => true,
            Need::Default(_) | Need::Parts => shape.is_whole,
            Need::Absent(_) | Need::Choice | Need::RequiredUnless(..) | Need::DefaultUnless(..) => {
                false
            }
        })
        .map(|key| key.name)
        .collect();
    let mut section = json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
    });
    let alternatives: Vec<Value> = shape
        .keys
        .iter()
        .filter_map(|key| match key.need {
            Need::RequiredUnless(others, _) => {
                let ways = std::iter::once(&key.name).chain(others);
                let ways: Vec<Value> = ways.map(|key| json!({ "required": [key] })).collect();
                Some(json!({ "anyOf": ways }))
            }
            _ => None,
        })
        .collect();
    if !alternatives.is_empty() {
        section["allOf"] = json!(alternatives);
    }
    if shape
        .keys
        .iter()
        .any(|key| matches!(key.need, Need::Choice))
    {
        section["minProperties"] = json!(1);
        section["maxProperties"] = json!(1);
    }
    if !required.is_empty() {
        section["required"] = json!(required);
    }
    section
}

fn property(key: &Key) -> Value {
    let mut value = kind(&key.kind);
    let mut text = key.doc.to_owned();
    if let Some(range) = range(&key.kind) {
        let _ = write!(text, " From {range}.");
    }
    match key.need {
        Need::Default(default) => value["default"] = json!(default),
        Need::DefaultUnless(other, default) => {
            value["default"] = json!(default);
            let _ = write!(text, " Not beside `{other}`.");
        }
        Need::RequiredUnless(others, _) => {
            let others = others.join("` or `");
            let _ = write!(text, " Must be written unless `{others}` is.");
        }
        Need::Absent(then) => {
            let _ = write!(text, " When left out: {then}.");
        }
        Need::Required(_) | Need::Demanded(_) | Need::Choice | Need::Parts => {}
    }
    value["description"] = json!(text);
    value
}

fn kind(kind_: &Kind) -> Value {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    match kind_ {
        Kind::Section(shape) => section(shape),
        Kind::Standard(shape) => json!({ "anyOf": [{ "const": "standard" }, section(shape)] }),
        Kind::Named(shape, id) => json!({
            "type": "object",
            "propertyNames": { "pattern": id_pattern(*id) },
            "additionalProperties": section(shape),
        }),
        Kind::Each(item, id) => json!({
            "type": "object",
            "propertyNames": { "pattern": id_pattern(*id) },
            "additionalProperties": kind(item),
        }),
        Kind::List { item, .. } => json!({
            "type": "array",
            "minItems": 1,
            "items": kind(item),
        }),
        // A bare 0 is a number to readers of YAML.
        Kind::Or("0", other) => json!({ "anyOf": [{ "enum": ["0", 0] }, kind(other)] }),
        Kind::Or(word, other) => json!({ "anyOf": [{ "const": word }, kind(other)] }),
        Kind::Word(words) => json!({ "enum": words }),
        Kind::Duration(..) => text("^[0-9]{1,18} *(ms|s|min|h|d)$"),
        Kind::Size(..) => text("^[0-9]{1,18} *(B|KiB|MiB|GiB)$"),
        Kind::ByteRate(..) => text("^[0-9]{1,18} *(B|KiB|MiB|GiB) */s$"),
        Kind::Count(unit, ..) => {
            let singular = unit.strip_suffix('s').unwrap_or(unit);
            text(&format!("^[0-9]{{1,18}} *({unit}|{singular})$"))
        }
        Kind::Rate => text("^ *[0-9]{1,18} */ *(s|min|h) *$"),
        Kind::Date => text("^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
        Kind::File => text("^file:[^/]|^file:/[^/]"),
        Kind::Secret => text("^file:[^/]|^file:/[^/]|^env:."),
        Kind::Path => text("^(?!file:)."),
        Kind::Name => text(id_pattern(Id::Name)),
        Kind::Text => json!({ "type": "string", "minLength": 1 }),
        Kind::Own { pattern, .. } => text(pattern),
    }
}

fn id_pattern(id: Id) -> &'static str {
    match id {
        Id::Name => "^[a-z0-9][a-z0-9_-]{0,63}$",
        Id::Visible => "^[!#-\\[\\]-~]{1,128}$",
    }
}

/// The range of a quantity, in words.
fn range(kind: &Kind) -> Option<String> {
    Some(match kind {
        Kind::Duration(least, most) => {
            format!("{} to {}", shown_duration(*least), shown_duration(*most))
        }
        Kind::Size(least, most) => format!("{} to {}", shown_size(*least), shown_size(*most)),
        Kind::ByteRate(least, most) => {
            format!("{}/s to {}/s", shown_size(*least), shown_size(*most))
        }
        Kind::Count(unit, least, most) => format!("{least} to {most} {unit}"),
        Kind::Or(word, other) => format!("`{word}`, or {}", range(other)?),
        _ => return None,
    })
}
