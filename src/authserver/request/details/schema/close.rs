//! Closing a schema: what is nowhere described is refused, at any depth.
//!
//! A subschema that describes a part of a detail of its own (a member, an item) is closed where it
//! stands. One that describes the same part again (`allOf`, what a reference leads to) is not: the
//! schema around it is, and counts what it describes.

use serde_json::{Map, Value};

use super::BadDetailSchema;
use crate::page::labels;

/// Keywords whose values are no schemas.
const PLAIN: [&str; 30] = [
    "$schema",
    "$comment",
    "title",
    "description",
    "default",
    "deprecated",
    "examples",
    "readOnly",
    "writeOnly",
    "type",
    "const",
    "enum",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "multipleOf",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "uniqueItems",
    "required",
    "minProperties",
    "maxProperties",
    "dependentRequired",
    "not",
    "$ref",
];
/// Keywords with one schema of another part, … (`contains` is not taken: closed, it would count
/// fewer items than it says, and open, it would let in what nothing describes.)
const PART: [&str; 4] = [
    "additionalProperties",
    "unevaluatedProperties",
    "items",
    "unevaluatedItems",
];
/// … with schemas of other parts by name, …
const PARTS: [&str; 2] = ["properties", "patternProperties"];
/// … with a list of schemas of the same part, …
const SAME: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// … and with such schemas by name.
const SAME_BY_NAME: [&str; 2] = ["dependentSchemas", "$defs"];
/// Keywords whose schemas may hold for one detail and not for the next, or describe what has no
/// name here: what they call a member would be read where it is not meant, or nowhere.
const UNTITLED: [&str; 7] = [
    "anyOf",
    "oneOf",
    "dependentSchemas",
    "patternProperties",
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
];

/// Closes the schema of a detail.
pub(super) fn close(schema: &mut Map<String, Value>) -> Result<(), BadDetailSchema> {
    part(schema, "")
}

/// A schema that describes a part of its own.
fn part(schema: &mut Map<String, Value>, at: &str) -> Result<(), BadDetailSchema> {
    same(schema, at)?;
    for (says, closes) in [
        (
            ["additionalProperties", "unevaluatedProperties"],
            "unevaluatedProperties",
        ),
        (["items", "unevaluatedItems"], "unevaluatedItems"),
    ] {
        if !says.iter().any(|key| schema.contains_key(*key)) {
            schema.insert(closes.to_owned(), Value::Bool(false));
        }
    }
    Ok(())
}

/// A schema that describes the part of the schema around it: what is inside it is closed.
fn same(schema: &mut Map<String, Value>, at: &str) -> Result<(), BadDetailSchema> {
    for (key, value) in schema {
        let at = format!("{at}/{key}");
        match key.as_str() {
            "$ref" if !is_own(value) => return Err(BadDetailSchema::Reference(at)),
            labels::TITLE if !labels::is_title(value) => return Err(BadDetailSchema::Title(at)),
            key if UNTITLED.contains(&key) && has_title(value) => {
                return Err(BadDetailSchema::Untitled(at));
            }
            key if PART.contains(&key) => each([("", value)], &at, part)?,
            key if PARTS.contains(&key) => each(members(value), &at, part)?,
            "prefixItems" => each(items(value), &at, part)?,
            key if SAME.contains(&key) => each(items(value), &at, same)?,
            key if SAME_BY_NAME.contains(&key) => each(members(value), &at, same)?,
            key if PLAIN.contains(&key) || key.starts_with("x-") => {}
            _ => return Err(BadDetailSchema::Keyword(at)),
        }
    }
    Ok(())
}

/// Whether a title stands anywhere in a schema, behind no reference.
fn has_title(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => {
            let mut members = members.iter();
            members.any(|(name, value)| name == labels::TITLE || has_title(value))
        }
        Value::Array(items) => items.iter().any(has_title),
        _ => false,
    }
}

type Close = fn(&mut Map<String, Value>, &str) -> Result<(), BadDetailSchema>;

/// Closes each that is an object; `true` and `false` are schemas too, that say what they mean, and
/// of what is none the validator tells.
fn each<'a>(
    schemas: impl IntoIterator<Item = (&'a str, &'a mut Value)>,
    at: &str,
    close: Close,
) -> Result<(), BadDetailSchema> {
    for (name, schema) in schemas {
        if let Value::Object(schema) = schema {
            let joint = if name.is_empty() { "" } else { "/" };
            close(schema, &format!("{at}{joint}{name}"))?;
        }
    }
    Ok(())
}

fn members(value: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let members = value.as_object_mut().into_iter().flatten();
    members.map(|(name, schema)| (name.as_str(), schema))
}

fn items(value: &mut Value) -> impl Iterator<Item = (&str, &mut Value)> {
    let items = value.as_array_mut().into_iter().flatten();
    items.map(|schema| ("", schema))
}

/// Whether a reference leads to a definition of the schema itself: only those are closed.
fn is_own(reference: &Value) -> bool {
    let name = reference
        .as_str()
        .and_then(|text| text.strip_prefix("#/$defs/"));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}
