//! A schema that values are held to, and what is told of one that is not as it says: where and
//! what, never the value itself.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ValidationOptions, Validator};
use serde_json::{Value, json};

use super::bundle::{Bundle, parts};
use super::violation::{Violation, Violations, words};
use super::ways::{self, DEPTH_MAX, Endless};
use crate::problem::{Problems, quoted};
use crate::reference::escaped;

/// The most values in a value.
const VALUES_MAX: usize = 100_000;
/// The longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1_024;
/// The most memory that one pattern may take, compiled, and for what is remembered while it is
/// matched; in bytes. Seventy letters of any script, one after another, fit.
const PATTERN_COMPILED_MAX: usize = 4 * 1_024 * 1_024;
const PATTERN_CACHE_MAX: usize = 1_024 * 1_024;
/// The most digits of a decimal, before and behind its point.
const DIGITS_MAX: (usize, usize) = (24, 12);

/// A schema, ready.
pub(super) struct Held {
    pub(super) schema: Arc<Value>,
    validator: Validator,
    /// The names that the schema knows: only these are told.
    names: HashSet<String>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

impl Held {
    /// Makes a schema ready; `None`, with problems, when it is none or would not end.
    pub(super) fn new(bundle: Bundle, problems: &mut Problems) -> Option<Self> {
        if let Err(why) = ways::check(&bundle.schema) {
            let (what, help) = match why {
                Endless::Circle => (
                    "the schema leads back to itself without going into a part",
                    "references may go round only through a member or an item",
                ),
                Endless::TooOften => (
                    "the schema looks at one value too often",
                    "let fewer of its branches describe the same member, above all where it leads \
                     back to itself",
                ),
                Endless::TooDeep => (
                    "too many schemas stand within each other",
                    "let fewer references lead from one to the next, above all where they lead \
                     back",
                ),
            };
            problems.add(bundle.origin(""), what, help);
            return None;
        }
        let names = names(&bundle, problems)?;
        let validator = options().build(&bundle.schema);
        let validator = validator.map_err(|why| {
            problems.add(
                bundle.origin(why.instance_path().as_str()),
                format!("no JSON Schema: {}", quoted(&why.to_string())),
                "write it as draft 2020-12 says, or OpenAPI 3.0 where that is the document's",
            );
        });
        Some(Self {
            validator: validator.ok()?,
            schema: Arc::new(bundle.schema),
            names,
        })
    }

    /// Tells what is wrong with a value, at a place of the request or the answer.
    pub(super) fn check(&self, at: &str, value: &Value, violations: &mut Violations) {
        if !is_small(value) {
            violations.add(
                at,
                format!("is too large: at most {VALUES_MAX} values, {DEPTH_MAX} deep"),
            );
            return;
        }
        if self.validator.is_valid(value) {
            return;
        }
        for error in self.validator.iter_errors(value) {
            if violations.is_full() {
                break;
            }
            if matches!(error.kind(), ValidationErrorKind::Type { .. }) {
                violations.has_wrong_type = true;
            }
            let place = self.place(error.instance_path().as_str());
            violations.push(Violation {
                pointer: format!("{at}{place}"),
                what: words(error.kind()),
            });
        }
    }

    /// Whether a value is as the schema says.
    pub(super) fn admits(&self, value: &Value) -> bool {
        is_small(value) && self.validator.is_valid(value)
    }

    /// A pointer into a value, in which a name that its sender chose is `*`.
    fn place(&self, pointer: &str) -> String {
        let mut place = String::with_capacity(pointer.len());
        for token in pointer.split('/').skip(1) {
            let name = token.replace("~1", "/").replace("~0", "~");
            let is_index = !token.is_empty() && token.bytes().all(|b| b.is_ascii_digit());
            place.push('/');
            if self.names.contains(&name) {
                place.push_str(token);
            } else {
                // A number of many digits is a name that somebody chose.
                place.push_str(if is_index && token.len() <= 5 {
                    token
                } else {
                    "*"
                });
            }
        }
        place
    }
}

fn options() -> ValidationOptions<'static> {
    let patterns = PatternOptions::regex()
        .size_limit(PATTERN_COMPILED_MAX)
        .dfa_size_limit(PATTERN_CACHE_MAX);
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(patterns)
        .should_validate_formats(true)
        .with_format("decimal", is_decimal)
}

/// The names that a schema gives to members. Each of its patterns is tried by itself, so that one
/// that cannot be matched is told where it stands; `None` when there is such a one.
fn names(bundle: &Bundle, problems: &mut Problems) -> Option<HashSet<String>> {
    let mut names = HashSet::new();
    let mut is_good = true;
    let mut open = vec![(String::new(), &bundle.schema)];
    while let Some((pointer, schema)) = open.pop() {
        let own = schema.get("pattern").and_then(Value::as_str);
        let own = own.map(|pattern| (format!("{pointer}/pattern"), pattern));
        let of_names = schema.get("patternProperties").and_then(Value::as_object);
        let of_names = of_names.into_iter().flatten().map(|(pattern, _)| {
            let key = escaped(pattern);
            (
                format!("{pointer}/patternProperties/{key}"),
                pattern.as_str(),
            )
        });
        for (place, pattern) in own.into_iter().chain(of_names) {
            if !is_matchable(pattern) {
                is_good = false;
                problems.add(
                    bundle.origin(&place),
                    format!(
                        "the pattern cannot be matched in linear time: {}",
                        quoted(pattern)
                    ),
                    format!(
                        "write at most {PATTERN_BYTES_MAX} bytes, without looking around, without \
                         back references and with small repetitions"
                    ),
                );
            }
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        names.extend(
            properties
                .into_iter()
                .flatten()
                .map(|(name, _)| name.clone()),
        );
        open.extend(parts(&pointer, schema));
    }
    is_good.then_some(names)
}

fn is_matchable(pattern: &str) -> bool {
    let schema = json!({ "pattern": pattern });
    pattern.len() <= PATTERN_BYTES_MAX && options().build(&schema).is_ok()
}

/// Whether a value is within the limits; its depth may be any, so this goes by a list of its own.
fn is_small(value: &Value) -> bool {
    let mut open = vec![(value, 0_usize)];
    let mut count = 0_usize;
    while let Some((value, depth)) = open.pop() {
        count += 1;
        if count > VALUES_MAX || depth > DEPTH_MAX {
            return false;
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => open.extend(members.values().map(|one| (one, depth + 1))),
            _ => {}
        }
    }
    true
}

/// Whether a text is a decimal number: `-1234.50`, within the digits that amounts have.
pub(super) fn is_decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str, most: usize| {
        (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let is_plain = whole == "0" || !whole.starts_with('0');
    is_plain && is_digits(whole, DIGITS_MAX.0) && is_digits(rest, DIGITS_MAX.1)
}
