//! Slips: what is wrong with a text of a block, where in it, and what would be right.

use std::fmt;

/// The longest piece of the text that a message repeats, in characters.
const QUOTE_CHARS_MAX: usize = 60;
/// The most choices that a message lists.
const CHOICES_MAX: usize = 10;

/// A part of a text, in bytes from its start; `end` is behind the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last one.
    pub end: usize,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this one to the end of the other.
    pub(crate) fn to(self, other: Self) -> Self {
        Self::new(self.start, other.end)
    }

    /// The same part of a longer text, in which this text starts at `by`.
    pub(crate) fn moved(self, by: usize) -> Self {
        Self::new(self.start + by, self.end + by)
    }
}

/// One thing that is wrong with a text, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}-{}: {what}; {help}", span.start, span.end)]
pub struct Slip {
    /// Where.
    pub span: Span,
    /// What is wrong, in one line.
    pub what: String,
    /// What would be right, in one line.
    pub help: String,
}

impl Slip {
    pub(crate) fn new(span: Span, what: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            span,
            what: what.into(),
            help: help.into(),
        }
    }
}

/// A piece of the text as a message may repeat it: shortened, with nothing unprintable.
pub(crate) fn quoted(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(QUOTE_CHARS_MAX)
        .flat_map(|c| {
            let is_plain = matches!(c, '"' | '\'' | '\\');
            let escaped = (!is_plain).then(|| c.escape_debug());
            let plain = is_plain.then_some(c);
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect();
    if text.chars().nth(QUOTE_CHARS_MAX).is_some() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// The known word that is nearest to the one written, if one is near.
pub(crate) fn nearest<'w>(
    written: &str,
    known: impl IntoIterator<Item = &'w str>,
) -> Option<&'w str> {
    // A longer text is no misspelling of any name; not comparing it bounds the work.
    if written.len() > 64 {
        return None;
    }
    let lower = written.to_lowercase();
    let allowed = (written.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|word| (strsim::osa_distance(&lower, &word.to_lowercase()), word))
        .filter(|(distance, word)| *distance <= allowed && *distance < word.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// Help that names the nearest known word, if one is near, and then all of them, at most ten.
pub(crate) fn choices<'w>(
    kind: &str,
    written: &str,
    known: impl IntoIterator<Item = &'w str> + Clone,
) -> String {
    let list = format!("{kind}: {}", Listed(known.clone()));
    match nearest(written, known) {
        Some(word) => format!("did you mean `{word}`? {list}"),
        None => list,
    }
}

/// Words joined by commas, at most ten.
pub(crate) struct Listed<W>(pub(crate) W);

impl<'w, W: IntoIterator<Item = &'w str> + Clone> fmt::Display for Listed<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = self.0.clone().into_iter().take(CHOICES_MAX + 1);
        let short = |word: &str| word.chars().take(QUOTE_CHARS_MAX).collect::<String>();
        let words: Vec<String> = words.map(short).collect();
        let shown = words.get(..CHOICES_MAX).unwrap_or(&words);
        f.write_str(&if words.is_empty() {
            "none".to_owned()
        } else {
            shown.join(", ")
        })?;
        f.write_str(if words.len() > CHOICES_MAX {
            ", …"
        } else {
            ""
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_names_the_nearest_word_only_when_it_is_near() {
        let known = ["status", "level", "legalName"];
        assert_eq!(
            choices("members", "statuz", known),
            "did you mean `status`? members: status, level, legalName"
        );
        assert_eq!(
            choices("members", "grade", known),
            "members: status, level, legalName"
        );
        assert_eq!(choices("members", "a", []), "members: none");
        assert_eq!(nearest("LegalNane", known), Some("legalName"));
        assert_eq!(nearest(&"status".repeat(11), known), None);
    }

    #[test]
    fn what_is_repeated_is_short_and_printable() {
        assert_eq!(quoted("a == \"b\"\n"), "`a == \"b\"\\n`");
        assert_eq!(quoted(&"é".repeat(61)), format!("`{}…`", "é".repeat(60)));
        let many: Vec<String> = (0..11).map(|n| n.to_string()).collect();
        let listed = Listed(many.iter().map(String::as_str)).to_string();
        assert_eq!(listed, "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …");
    }
}
