//! The form of a file: sections with known keys, texts, counts, lengths of time. Each method tells
//! what is wrong and gives nothing, so that reading goes on and all problems come in one run.

use std::time::Duration;

use openapi::Problem;
use serde_json::{Map, Value};

use super::Written;
use crate::expression::Type;
use crate::slip::{choices, quoted};

/// The most problems that are told of one file.
const PROBLEMS_MAX: usize = 200;
/// The longest word, in bytes.
const WORD_BYTES_MAX: usize = 64;
/// The longest text of an input that does not say how long it may be, in bytes.
const INPUT_BYTES_MAX: u32 = 1_024;
/// The units of lengths of time, in milliseconds. Longer ones stand first.
const UNITS: [(&str, u64); 4] = [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000)];

/// The type of a text that names an account of the customer's.
const ACCOUNT: &str = "account";

/// The types that a file may name.
static TYPES: [(&str, Type); 8] = [
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("decimal", Type::Decimal),
    (
        "string",
        Type::Text {
            bytes_max: INPUT_BYTES_MAX,
        },
    ),
    (
        ACCOUNT,
        Type::Text {
            bytes_max: INPUT_BYTES_MAX,
        },
    ),
    ("timestamp", Type::Timestamp),
    ("date", Type::Date),
    ("duration", Type::Duration),
];

/// A value of the file, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct At<'v> {
    pub(crate) pointer: String,
    pub(crate) value: &'v Value,
}

/// A mapping whose keys are known.
#[derive(Debug)]
pub(crate) struct Section<'v> {
    pointer: String,
    members: &'v Map<String, Value>,
}

/// Marks a value whose fault was told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told;

/// Reads values, and gathers what is wrong with them.
#[derive(Debug, Default)]
pub(crate) struct Form {
    problems: Vec<Problem>,
}

impl<'v> At<'v> {
    pub(crate) fn root(value: &'v Value) -> Self {
        let pointer = String::new();
        Self { pointer, value }
    }

    pub(crate) fn below(pointer: &str, step: &str, value: &'v Value) -> Self {
        let step = step.replace('~', "~0").replace('/', "~1");
        let pointer = format!("{pointer}/{step}");
        Self { pointer, value }
    }

    /// The same, owned.
    pub(crate) fn written(&self) -> Written {
        Written {
            pointer: self.pointer.clone(),
            value: self.value.clone(),
        }
    }
}

impl<'v> Section<'v> {
    pub(crate) fn get(&self, key: &str) -> Option<At<'v>> {
        let value = self.members.get(key)?;
        Some(At::below(&self.pointer, key, value))
    }
}

impl Form {
    pub(crate) fn problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Notes what is wrong.
    pub(crate) fn tell<T>(
        &mut self,
        pointer: &str,
        what: impl Into<String>,
        help: impl Into<String>,
    ) -> Option<T> {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(Problem {
                pointer: pointer.to_owned(),
                what: what.into(),
                help: help.into(),
            });
        }
        None
    }

    /// A mapping that may have these keys and no others.
    pub(crate) fn section<'v>(&mut self, at: &At<'v>, keys: &[&str]) -> Option<Section<'v>> {
        let Value::Object(members) = at.value else {
            let help = format!("write the keys {}", keys.join(", "));
            return self.tell(&at.pointer, "this is no mapping", help);
        };
        for (key, value) in members {
            if !keys.contains(&key.as_str()) {
                let pointer = At::below(&at.pointer, key, value).pointer;
                let help = choices("the keys", key, keys.iter().copied());
                self.tell::<()>(&pointer, format!("there is no key {}", quoted(key)), help);
            }
        }
        let pointer = at.pointer.clone();
        Some(Section { pointer, members })
    }

    /// The value of a key that must be there.
    pub(crate) fn required<'v>(&mut self, section: &Section<'v>, key: &str) -> Option<At<'v>> {
        let found = section.get(key);
        if found.is_none() {
            let what = format!("the key `{key}` is missing");
            self.tell::<()>(&section.pointer, what, format!("write `{key}`"));
        }
        found
    }

    /// The members of a mapping whose keys are words of expressions.
    pub(crate) fn named<'v>(&mut self, at: &At<'v>, members_max: usize) -> Vec<(String, At<'v>)> {
        let Value::Object(members) = at.value else {
            self.tell::<()>(
                &at.pointer,
                "this is no mapping",
                "write names with their values",
            );
            return Vec::new();
        };
        if members.len() > members_max {
            let what = format!("there are {} of these", members.len());
            self.tell::<()>(&at.pointer, what, format!("write at most {members_max}"));
            return Vec::new();
        }
        let mut named = Vec::new();
        for (name, value) in members {
            let at = At::below(&at.pointer, name, value);
            if is_word(name) {
                named.push((name.clone(), at));
            } else {
                let what = format!("{} is no name", quoted(name));
                let help = "write a letter, then letters, digits and `_`, at most 64";
                self.tell::<()>(&at.pointer, what, help);
            }
        }
        named
    }

    /// The items of a list.
    pub(crate) fn items<'v>(&mut self, at: &At<'v>, items_max: usize) -> Option<Vec<At<'v>>> {
        let Value::Array(items) = at.value else {
            return self.tell(&at.pointer, "this is no list", "write a list");
        };
        if items.len() > items_max {
            let what = format!("there are {} of these", items.len());
            return self.tell(&at.pointer, what, format!("write at most {items_max}"));
        }
        let below =
            |(number, value): (usize, _)| At::below(&at.pointer, &number.to_string(), value);
        Some(items.iter().enumerate().map(below).collect())
    }

    /// A list of texts: at least one, none twice.
    pub(crate) fn words(&mut self, at: &At<'_>, items_max: usize) -> Option<Vec<String>> {
        let items = self.items(at, items_max)?;
        if items.is_empty() {
            return self.tell(&at.pointer, "the list is empty", "write at least one");
        }
        let mut words = Vec::new();
        for item in &items {
            let word = self.text(item, 2 * WORD_BYTES_MAX)?;
            if words.contains(&word) {
                let what = format!("{} stands here twice", quoted(&word));
                return self.tell(&item.pointer, what, "write it once");
            }
            words.push(word);
        }
        Some(words)
    }

    /// A text that is not empty.
    pub(crate) fn text(&mut self, at: &At<'_>, bytes_max: usize) -> Option<String> {
        let Value::String(text) = at.value else {
            return self.tell(&at.pointer, "this is no text", "put it in quotes");
        };
        if text.is_empty() || text.len() > bytes_max {
            let what = format!("this text has {} bytes", text.len());
            return self.tell(&at.pointer, what, format!("write 1 to {bytes_max}"));
        }
        Some(text.clone())
    }

    pub(crate) fn flag(&mut self, at: &At<'_>) -> Option<bool> {
        let flag = at.value.as_bool();
        flag.or_else(|| {
            self.tell(
                &at.pointer,
                "this is neither true nor false",
                "write `true`",
            )
        })
    }

    /// A whole number from `min` to `max`.
    pub(crate) fn count(&mut self, at: &At<'_>, min: u32, max: u32) -> Option<u32> {
        let count = at
            .value
            .as_u64()
            .and_then(|count| u32::try_from(count).ok());
        let count = count.filter(|count| (min..=max).contains(count));
        let what = "this is no such number";
        count.or_else(|| self.tell(&at.pointer, what, format!("write {min} to {max}")))
    }

    /// A length of time with its unit, above zero.
    pub(crate) fn duration(&mut self, at: &At<'_>, max: Duration) -> Option<Duration> {
        let read = at.value.as_str().and_then(|text| {
            let digits = text.find(|c: char| !c.is_ascii_digit())?;
            let (number, unit) = text.split_at_checked(digits)?;
            let (_, millis) = UNITS.iter().find(|(known, _)| *known == unit)?;
            let millis = number.parse::<u64>().ok()?.checked_mul(*millis)?;
            Some(Duration::from_millis(millis))
        });
        let Some(read) = read else {
            let help = "write digits and `ms`, `s`, `m` or `h`: `800ms`";
            return self.tell(&at.pointer, "this is no length of time", help);
        };
        if read.is_zero() || read > max {
            let help = format!("write more than 0 and at most {} s", max.as_secs());
            return self.tell(&at.pointer, "this length of time is out of bounds", help);
        }
        Some(read)
    }

    /// A type by its name, with `?` behind it when it may be absent; or the list of its words.
    pub(crate) fn kind(&mut self, at: &At<'_>) -> Option<Type> {
        if at.value.is_array() {
            let words = self.words(at, 64)?;
            return Some(Type::one_of(words.iter().map(String::as_str)));
        }
        let text = self.text(at, WORD_BYTES_MAX)?;
        let name = text.strip_suffix('?').unwrap_or(&text);
        let Some((_, kind)) = TYPES.iter().find(|(known, _)| *known == name) else {
            let what = format!("there is no type {}", quoted(name));
            let help = choices("the types", name, TYPES.iter().map(|(known, _)| *known));
            return self.tell(&at.pointer, what, help);
        };
        Some(if name.len() < text.len() {
            Type::Optional(kind.clone().into())
        } else {
            kind.clone()
        })
    }
}

/// Whether a type is that of texts which name an account of the customer's.
pub(crate) fn is_account(kind: &Value) -> bool {
    let name = kind.as_str().unwrap_or_default();
    name.strip_suffix('?').unwrap_or(name) == ACCOUNT
}

/// Whether a text is a word of expressions.
pub(crate) fn is_word(text: &str) -> bool {
    text.len() <= WORD_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
