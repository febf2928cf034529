//! Contracts: what the requests and the answers of each operation must be, as JSON Schemas of their
//! own, and the check of both.
//!
//! A contract is read with or without the marks that a product of the road must have: a source that
//! only a composed product calls may lack a class.

mod bundle;
mod convert;
mod held;
mod load;
mod names;
mod overlay;
mod request;
mod text;
mod typed;
mod violation;
mod ways;

pub use overlay::overlay;
pub use request::RequestParts;
pub use typed::Typed;
pub use violation::Violation;

use std::collections::BTreeMap;
use std::sync::Arc;

use http::Method;
use serde_json::Value;

use held::Held;
use violation::Violations;

use crate::marks::EffectMark;
use crate::parameter::Location;
use crate::problem::Problem;

/// What the requests and answers of an operation must be.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The method: GET, PUT, POST, DELETE, OPTIONS, HEAD or PATCH.
    pub method: Method,
    /// The path template without the base path, as `/rates/{pair}`.
    pub template: String,
    /// Where the operation stands in the document: a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What it does to the world (`x-mortise-effect`); without the mark, nothing for GET and HEAD
    /// and not known for others.
    pub effect: Option<EffectMark>,
    /// The scope a token must have (`x-mortise-scope`), where one is named.
    pub scope: Option<String>,
    /// Whether it may be sent again with the same key (`x-mortise-idempotent: by-key`).
    pub is_idempotent_by_key: bool,
    /// Its parameters, its own before those of its path; at most 512.
    pub parameters: Vec<ParameterSchema>,
    /// Its JSON body, where it takes one.
    pub body: Option<BodySchema>,
    /// Its answers, in the order of the document.
    pub answers: Vec<AnswerSchema>,
}

/// A parameter of a request.
#[derive(Debug, Clone)]
pub struct ParameterSchema {
    /// Its name; that of a header in lower case.
    pub name: String,
    /// Where it stands: never in a cookie.
    pub location: Location,
    /// Whether a request without it is none.
    pub is_required: bool,
    /// Where it is described: a JSON Pointer.
    pub pointer: String,
    /// What its value is: JSON Schema (draft 2020-12), whole by itself.
    pub schema: Arc<Value>,
    /// The kind of customer's resource that it names (`x-mortise-resource`).
    pub resource: Option<String>,
    holds: Arc<Held>,
    is_list: bool,
    /// Whether the items of a list in the query stand each by itself, and not between commas.
    is_exploded: bool,
}

/// The JSON body of a request.
#[derive(Debug, Clone)]
pub struct BodySchema {
    /// Whether a request without it is none.
    pub is_required: bool,
    /// Where its schema stands: a JSON Pointer.
    pub pointer: String,
    /// What it is: JSON Schema (draft 2020-12), whole by itself.
    pub schema: Arc<Value>,
    holds: Arc<Held>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct AnswerSchema {
    /// As it is written: `200`, `2XX` or `default`.
    pub status: String,
    /// Where it is described: a JSON Pointer.
    pub pointer: String,
    /// The media type of its JSON body, without parameters, in lower case.
    pub media_type: Option<String>,
    /// What its body is: JSON Schema (draft 2020-12), whole by itself; nothing where no JSON body
    /// is described.
    pub schema: Option<Arc<Value>>,
    holds: Option<Arc<Held>>,
}

/// Reads the contract of every operation, by `operationId`.
///
/// Errors: every problem at once, each where it stands.
pub fn contracts(document: &Value) -> Result<BTreeMap<String, Contract>, Vec<Problem>> {
    load::read(document).map(|(contracts, _)| contracts)
}

/// The path of `servers[0].url`, which stands before every path of the document; empty where there
/// is none.
///
/// Errors: why it cannot be used, where it stands.
pub fn base_path(document: &Value) -> Result<String, Vec<Problem>> {
    load::base_path(document)
}

/// Says how much of what [`contracts`] reads is typed.
///
/// Errors: those of [`contracts`].
pub fn typed(document: &Value) -> Result<Typed, Vec<Problem>> {
    load::read(document).map(|(_, typed)| typed)
}

impl ParameterSchema {
    /// Whether the items of a list in the query stand each by itself, and not between commas.
    pub fn is_exploded(&self) -> bool {
        self.is_exploded
    }
}

impl Contract {
    /// Checks a request.
    ///
    /// Errors: what is not as described, at most 16.
    pub fn check_request(&self, request: &RequestParts<'_>) -> Result<(), Vec<Violation>> {
        request::check(self, request)
    }

    /// Checks the JSON body of an answer.
    ///
    /// Errors: what is not as described, at most 16; a status that nothing is said of, at the root.
    pub fn check_answer(&self, status: u16, body: &Value) -> Result<(), Vec<Violation>> {
        let mut violations = Violations::default();
        match self.answer(status) {
            None => violations.add("", "has a status that is not described"),
            Some(AnswerSchema { holds: None, .. }) => {
                violations.add("", "has a JSON body that is not described");
            }
            Some(AnswerSchema {
                holds: Some(holds), ..
            }) => holds.check("", body, &mut violations),
        }
        violations.into_result()
    }

    /// What is said of answers of this status: by itself, else by its range, else by `default`
    /// (OpenAPI, Responses Object).
    pub fn answer(&self, status: u16) -> Option<&AnswerSchema> {
        let named = |name: &str| self.answers.iter().find(|answer| answer.status == name);
        named(&status.to_string())
            .or_else(|| named(&format!("{}XX", status / 100)))
            .or_else(|| named("default"))
    }
}

#[cfg(test)]
mod tests;
