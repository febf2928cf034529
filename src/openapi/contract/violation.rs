//! What is wrong with a request or an answer, told without repeating any of it.

use jsonschema::error::{TypeKind, ValidationErrorKind};
use serde_json::Value;

use crate::problem::quoted;

/// The most that is told of one request or answer.
const VIOLATIONS_MAX: usize = 16;
/// The most words of a list that are told.
const WORDS_MAX: usize = 12;

/// One thing that is not as the contract says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where: `/path/accountId`, `/query/limit`, `/header/x-trace` or `/body/amount`; of an answer,
    /// a JSON Pointer into its body. A name that the sender chose is `*`.
    pub pointer: String,
    /// What is wrong, in words that follow the name of the place: `must be a text`. It repeats the
    /// description, never the value.
    pub what: String,
}

/// The violations found so far, bounded.
#[derive(Debug, Default)]
pub(super) struct Violations {
    told: Vec<Violation>,
    /// Whether one of them is that a value is of another type.
    pub(super) has_wrong_type: bool,
}

impl Violations {
    pub(super) fn add(&mut self, pointer: impl Into<String>, what: impl Into<String>) {
        self.push(Violation {
            pointer: pointer.into(),
            what: what.into(),
        });
    }

    pub(super) fn push(&mut self, violation: Violation) {
        if !self.is_full() && !self.told.contains(&violation) {
            self.told.push(violation);
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.told.len() >= VIOLATIONS_MAX
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Violation> {
        self.told.iter()
    }

    pub(super) fn into_result(self) -> Result<(), Vec<Violation>> {
        if self.told.is_empty() {
            Ok(())
        } else {
            Err(self.told)
        }
    }
}

/// What is wrong, by the keyword that is not met.
pub(super) fn words(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::Type { kind } => format!("must be {}", types(kind)),
        Kind::Required { property } => format!("must have the member {}", shown(property)),
        Kind::Enum { options } => format!("must be one of: {}", list(options)),
        Kind::Constant { expected_value } => format!("must be {}", shown(expected_value)),
        Kind::Format { format } => format!("must be of the format {}", quoted(format)),
        Kind::Pattern { pattern } => format!("must match the pattern {}", quoted(pattern)),
        Kind::Minimum { limit } => format!("must be at least {limit}"),
        Kind::Maximum { limit } => format!("must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::AdditionalItems { limit } => format!("must have at most {limit} items"),
        Kind::MinProperties { limit } => format!("must have at least {limit} members"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} members"),
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "has members that are not described".to_owned()
        }
        Kind::UnevaluatedItems { .. } => "has items that are not described".to_owned(),
        Kind::PropertyNames { .. } => "has a member whose name is not allowed".to_owned(),
        Kind::UniqueItems => "has an item twice".to_owned(),
        Kind::Contains => "lacks an item that must be among them".to_owned(),
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            "fits none of the described forms".to_owned()
        }
        Kind::OneOfMultipleValid { .. } => {
            "fits more than one of forms of which it may fit one".to_owned()
        }
        Kind::FalseSchema => "is not allowed".to_owned(),
        Kind::Not { .. } => "is of a form that is not allowed".to_owned(),
        Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::ContentEncoding { .. }
        | Kind::ContentMediaType { .. }
        | Kind::Custom { .. }
        | Kind::FromUtf8 { .. }
        | Kind::Referencing(_) => "is not as described".to_owned(),
    }
}

fn types(kind: &TypeKind) -> String {
    let word = |name: String| match name.as_str() {
        "string" => "a text".to_owned(),
        "integer" => "a whole number".to_owned(),
        "number" => "a number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" => "a list".to_owned(),
        "object" => "an object".to_owned(),
        _ => "null".to_owned(),
    };
    match kind {
        TypeKind::Single(one) => word(one.to_string()),
        TypeKind::Multiple(several) => {
            let words: Vec<String> = several.iter().map(|one| word(one.to_string())).collect();
            words.join(" or ")
        }
    }
}

fn list(options: &Value) -> String {
    let options = options.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut words: Vec<String> = options.iter().take(WORDS_MAX).map(shown).collect();
    if options.len() > WORDS_MAX {
        words.push("…".to_owned());
    }
    words.join(", ")
}

/// A value of the description.
fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) => quoted(text),
        None => quoted(&value.to_string()),
    }
}
