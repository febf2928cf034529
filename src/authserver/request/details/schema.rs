//! The JSON Schema of a type of authorization details (RFC 9396 §2; draft 2020-12; RA-02).
//!
//! What nobody described, no customer would understand: an object takes no members, and an array
//! no items, beyond what their schema says; `additionalProperties` and `unevaluatedProperties`,
//! `items` and `unevaluatedItems` say otherwise. A keyword that draft 2020-12 does not know is a
//! mistake: a constraint that is misspelt constrains nothing. Nothing is fetched: a reference leads
//! to `$defs` of the schema itself. What a member is called on the page stands beside it, as
//! `x-mortise-title`. Patterns are matched in linear time: no back references.

mod close;
pub(crate) mod titles;

use std::fmt;

use jsonschema::{Draft, PatternOptions, Validator};
use serde_json::{Value, json};

use model::DetailType;

use super::Detail;
use crate::page::labels::Labels;

/// What a detail of one type may say.
pub struct DetailSchema {
    holds: Validator,
    /// As it is held: closed.
    schema: Value,
}

impl fmt::Debug for DetailSchema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetailSchema").finish_non_exhaustive()
    }
}

/// Why a file is no schema of a type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadDetailSchema {
    /// No JSON.
    #[error("it is no JSON: {0}")]
    NotJson(String),
    /// Not an object, or one that is to describe something else than objects.
    #[error("it does not describe an object, which authorization details are")]
    NotOfObjects,
    /// It describes details of this other type.
    #[error("`properties.type.const` says `{0}`")]
    OtherType(String),
    /// A keyword that is not taken, at this JSON Pointer.
    #[error("{0} is a keyword that is not taken: what it says would not be held")]
    Keyword(String),
    /// A reference to elsewhere than `$defs` of the schema, at this JSON Pointer.
    #[error("{0} leads elsewhere: a reference is `#/$defs/NAME`")]
    Reference(String),
    /// An `x-mortise-title` that is none, at this JSON Pointer.
    #[error("{0} must be {{ \"zh-CN\": TEXT, \"en\": TEXT }}, of up to 60 characters each")]
    Title(String),
    /// Titles where none is read, at this JSON Pointer.
    #[error("{0} has an x-mortise-title that may be another member's: title it under `properties`")]
    Untitled(String),
    /// No schema of draft 2020-12, or a pattern or format that cannot be matched.
    #[error("{0}")]
    Schema(String),
}

impl DetailSchema {
    /// Reads the schema of a type.
    ///
    /// Errors: as [`BadDetailSchema`] says.
    pub fn read(r#type: &DetailType, json: &[u8]) -> Result<Self, BadDetailSchema> {
        let schema = crypto::strict_json(json);
        let schema = schema.map_err(|why| BadDetailSchema::NotJson(why.to_string()))?;
        let Value::Object(mut schema) = schema else {
            return Err(BadDetailSchema::NotOfObjects);
        };
        let own = schema.entry("type").or_insert_with(|| json!("object"));
        if own != "object" {
            return Err(BadDetailSchema::NotOfObjects);
        }
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        if let Value::Object(properties) = properties {
            let own = properties.get("type").and_then(|its| its.get("const"));
            match own {
                Some(own) if own.as_str() != Some(r#type.as_str()) => {
                    let own = own.as_str().map_or_else(|| own.to_string(), str::to_owned);
                    return Err(BadDetailSchema::OtherType(own));
                }
                Some(_) => {}
                None => {
                    properties.insert("type".to_owned(), json!({ "const": r#type.as_str() }));
                }
            }
        }
        close::close(&mut schema)?;
        let options = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .with_pattern_options(PatternOptions::regex())
            .should_validate_formats(true)
            .should_ignore_unknown_formats(false);
        let schema = Value::Object(schema);
        let built = options.build(&schema);
        let holds = built.map_err(|why| {
            let place = why.instance_path().as_str();
            let joint = if place.is_empty() { "" } else { ": " };
            BadDetailSchema::Schema(format!("{place}{joint}{why}"))
        })?;
        Ok(Self { holds, schema })
    }

    /// What its members are called on the page.
    pub(crate) fn labels(&self) -> Labels<'_> {
        Labels::of(&self.schema)
    }

    /// Where a detail is not as the schema says: a JSON Pointer into it.
    pub(crate) fn misfit(&self, detail: Detail<'_>) -> Option<String> {
        let detail = Value::Object(detail.members().clone());
        let problem = self.holds.validate(&detail).err()?;
        Some(problem.instance_path().as_str().to_owned())
    }
}
