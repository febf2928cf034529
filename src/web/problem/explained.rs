//! What a refusal says, whoever's request it was: the words of its problem document, for pages that
//! explain it later.

use serde::Serialize;

use model::Refusal;

/// The words of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// What happened, in a few words.
    pub title: &'static str,
    /// What it rests on.
    pub detail: &'static str,
    /// What the gateway expected.
    pub expected: String,
    /// How to mend it.
    pub remedy: &'static str,
}

impl Explained {
    /// The words of a refusal.
    pub fn of(refusal: &Refusal) -> Self {
        Self {
            title: super::title(refusal),
            detail: super::detail(refusal),
            expected: super::expected(refusal),
            remedy: super::remedy(refusal),
        }
    }

    /// The words of a fault: nothing of its cause.
    pub fn fault() -> Self {
        Self {
            title: "Internal error",
            detail: "Something broke inside the gateway; the request was not the reason.",
            expected: "Nothing else from you.".to_owned(),
            remedy: "Repeat a read later; before repeating a change, ask the bank's desk with the \
                     explain id.",
        }
    }
}
