//! What is wrong with a document, gathered rather than thrown.

use std::collections::HashSet;

/// The most problems that are told of one document.
const PROBLEMS_MAX: usize = 1_000;
/// The longest piece of the document that a message repeats, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// One thing that is wrong with a document, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{pointer}: {what}; {help}")]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901); the empty text is the whole document. What is missing
    /// is reported at the object that lacks it.
    pub pointer: String,
    /// What is wrong, in one line.
    pub what: String,
    /// What would be right, in one line.
    pub help: String,
}

/// What is wrong with a piece of text, before it is known where that text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) what: String,
    pub(crate) help: String,
}

impl Flaw {
    pub(crate) fn new(what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            help: help.into(),
        }
    }

    pub(crate) fn at(self, pointer: impl Into<String>) -> Problem {
        Problem {
            pointer: pointer.into(),
            what: self.what,
            help: self.help,
        }
    }
}

/// The problems found so far: in the order found, none twice, bounded.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    seen: HashSet<Problem>,
    is_cut: bool,
}

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        if self.found.len() >= PROBLEMS_MAX {
            self.is_cut = true;
        } else if self.seen.insert(problem.clone()) {
            self.found.push(problem);
        }
    }

    pub(crate) fn add(
        &mut self,
        pointer: impl Into<String>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.push(Flaw::new(what, help).at(pointer));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    pub(crate) fn into_vec(mut self) -> Vec<Problem> {
        if self.is_cut {
            self.found.push(
                Flaw::new(
                    format!("more than {PROBLEMS_MAX} problems: the rest are not listed"),
                    "mend these first",
                )
                .at(""),
            );
        }
        self.found
    }
}

/// A piece of the document as a message may repeat it: shortened, with nothing unprintable.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(QUOTE_CHARS_MAX)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Help that names the nearest known word, if one is near, and then all of them.
pub(crate) fn help_words(written: &str, kind: &str, words: &[&str]) -> String {
    let list = format!("{kind}: {}", words.join(", "));
    match nearest(written, words) {
        Some(word) => format!("did you mean `{word}`? {list}"),
        None => list,
    }
}

fn nearest<'w>(written: &str, words: &[&'w str]) -> Option<&'w str> {
    // A longer text is no misspelling of any word of ours; not comparing it bounds the work.
    if written.len() > 64 {
        return None;
    }
    let written = written.to_lowercase();
    words
        .iter()
        .map(|word| (strsim::damerau_levenshtein(&written, word), *word))
        .filter(|(distance, word)| *distance <= (word.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_told_once_and_their_number_is_bounded() {
        let mut problems = Problems::default();
        for n in 0..PROBLEMS_MAX + 10 {
            for _ in 0..2 {
                problems.add(format!("/{n}"), "wrong", "right");
            }
        }
        let told = problems.into_vec();
        assert_eq!(told.len(), PROBLEMS_MAX + 1);
        let last = told.last().expect("not empty");
        assert_eq!(
            last.what,
            "more than 1000 problems: the rest are not listed"
        );
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quoted("a\nb\u{202e}"), "`a\\nb\\u{202e}`");
        assert_eq!(quoted(&"é".repeat(90)), format!("`{}…`", "é".repeat(80)));
    }

    #[test]
    fn help_names_the_nearest_word_only_when_it_is_near() {
        let words = ["open", "partner"];
        assert_eq!(
            help_words("Parner", "the classes", &words),
            "did you mean `partner`? the classes: open, partner"
        );
        assert_eq!(
            help_words("secret", "the classes", &words),
            "the classes: open, partner"
        );
    }

    #[test]
    fn a_problem_prints_place_fault_and_remedy() {
        let problem = Flaw::new("no title", "add `title`").at("/info");
        assert_eq!(problem.to_string(), "/info: no title; add `title`");
    }
}
