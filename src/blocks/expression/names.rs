//! Names: what an expression may read, and what each is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::kind::Type;

/// The longest name, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Words that mean something else to the language, or to CEL's other readers.
const RESERVED: [&str; 23] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
    "and",
    "or",
];

/// Why a name cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// It is not a letter or `_`, then letters, digits and `_`, at most 64 in all.
    #[error("a name is a letter, then letters, digits and `_`, at most 64 in all")]
    Malformed,
    /// It is a word of the language.
    #[error("this is a word of the language")]
    Reserved,
    /// There is one already.
    #[error("there is one of this name already")]
    Twice,
}

/// What an expression may read. The clock's reading is a name like any other: `now`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    kinds: BTreeMap<Arc<str>, Type>,
    steps: BTreeSet<Arc<str>>,
}

impl Names {
    /// Gives a name to values of this type.
    pub fn add(&mut self, name: &str, kind: Type) -> Result<(), BadName> {
        if !is_name(name) {
            return Err(BadName::Malformed);
        }
        if is_reserved(name) {
            return Err(BadName::Reserved);
        }
        if self.kinds.contains_key(name) {
            return Err(BadName::Twice);
        }
        self.kinds.insert(name.into(), kind);
        Ok(())
    }

    /// Lets `failed(step)` be asked of this step.
    pub fn add_step(&mut self, step: &str) -> Result<(), BadName> {
        if !is_name(step) {
            return Err(BadName::Malformed);
        }
        let is_new = self.steps.insert(step.into());
        is_new.then_some(()).ok_or(BadName::Twice)
    }

    /// What values of this name are.
    pub(crate) fn of(&self, name: &str) -> Option<&Type> {
        self.kinds.get(name)
    }

    pub(super) fn kind(&self, name: &str) -> Option<(&Arc<str>, &Type)> {
        self.kinds.get_key_value(name)
    }

    pub(super) fn step(&self, name: &str) -> Option<&Arc<str>> {
        self.steps.get(name)
    }

    pub(super) fn known(&self) -> impl Iterator<Item = &str> + Clone {
        self.kinds.keys().map(AsRef::as_ref)
    }

    pub(super) fn steps(&self) -> impl Iterator<Item = &str> + Clone {
        self.steps.iter().map(AsRef::as_ref)
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let begins = bytes
        .next()
        .is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    begins && text.len() <= NAME_BYTES_MAX && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// Whether a word cannot be a name.
pub(super) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
