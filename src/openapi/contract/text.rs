//! Texts of a request as the JSON that their schema speaks of: a parameter has no types of its own,
//! so it is whatever its schema admits of a text, a number, or true and false.

use serde_json::{Number, Value};

use super::held::Held;
use super::violation::Violations;

/// How far a schema is looked into to see whether it is a list.
const STEPS_MAX: usize = 1_000;

/// Whether a parameter's schema describes a list; nothing where it describes an object.
pub(super) fn is_list(schema: &Value) -> Option<bool> {
    let mut open = vec![schema];
    let mut is_list = false;
    let mut steps = 0;
    while let Some(one) = open.pop() {
        steps += 1;
        if steps > STEPS_MAX {
            return None;
        }
        let is = |kind: &str| match one.get("type") {
            Some(Value::String(word)) => word == kind,
            Some(Value::Array(words)) => words.iter().any(|word| word == kind),
            _ => false,
        };
        if is("object") || one.get("properties").is_some() {
            return None;
        }
        is_list = is_list || is("array") || one.get("items").is_some();
        let reference = one.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|text| schema.pointer(text.strip_prefix('#')?));
        open.extend(target);
        for key in ["allOf", "oneOf", "anyOf"] {
            open.extend(one.get(key).and_then(Value::as_array).into_iter().flatten());
        }
    }
    Some(is_list)
}

/// As what a text may be read.
#[derive(Debug, Clone, Copy)]
enum Reading {
    Text,
    Number,
    Truth,
}

const READINGS: [Reading; 3] = [Reading::Text, Reading::Number, Reading::Truth];

/// Checks the texts of a parameter: of a list each item, else the only one.
pub(super) fn check(
    holds: &Held,
    is_list: bool,
    texts: &[String],
    at: &str,
    violations: &mut Violations,
) {
    let read = |reading: &Reading| {
        let mut values = texts.iter().map(|text| reading.of(text));
        if is_list {
            values.collect::<Option<Vec<Value>>>().map(Value::Array)
        } else {
            values.next().flatten()
        }
    };
    let readings: Vec<Value> = READINGS.iter().filter_map(read).collect();
    if readings.iter().any(|value| holds.admits(value)) {
        return;
    }
    // Told is what is wrong with the reading that is nearest: of a number its limits, and not that
    // it is no text.
    let told = readings.iter().map(|value| {
        let mut told = Violations::default();
        holds.check(at, value, &mut told);
        told
    });
    let told: Vec<Violations> = told.collect();
    let is_of_type = |told: &&Violations| !told.has_wrong_type;
    let nearest = told.iter().find(is_of_type).or(told.first());
    for violation in nearest.into_iter().flat_map(Violations::iter) {
        violations.push(violation.clone());
    }
}

impl Reading {
    /// The text so read; nothing where it is no such thing.
    fn of(self, text: &str) -> Option<Value> {
        match self {
            Self::Text => Some(Value::String(text.to_owned())),
            Self::Number => {
                let is_plain = |b: u8| b.is_ascii_digit() || matches!(b, b'-' | b'.');
                let number = text.bytes().all(is_plain).then(|| text.parse::<Number>());
                number?.ok().map(Value::Number)
            }
            Self::Truth => text.parse().ok().map(Value::Bool),
        }
    }
}
