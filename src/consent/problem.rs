//! What is wrong with a file, gathered rather than thrown.

/// The most problems that are told of one file.
const PROBLEMS_MAX: usize = 1_000;
/// The longest piece of the file that a message repeats, in characters.
const QUOTE_CHARS_MAX: usize = 80;

/// One thing that is wrong with a catalogue or profile, where, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: {what}; {help}")]
pub struct Problem {
    /// Where, as a JSON Pointer (RFC 6901); the empty text is the whole file. What is missing is
    /// told at the mapping that lacks it.
    pub pointer: String,
    /// What is wrong, in one line.
    pub what: String,
    /// What would be right, in one line.
    pub help: String,
}

/// The problems found so far, bounded.
#[derive(Debug, Default)]
pub(crate) struct Problems {
    found: Vec<Problem>,
    is_cut: bool,
}

impl Problems {
    pub(crate) fn add(
        &mut self,
        pointer: impl Into<String>,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.found.len() >= PROBLEMS_MAX {
            self.is_cut = true;
            return;
        }
        self.found.push(Problem {
            pointer: pointer.into(),
            what: what.into(),
            help: help.into(),
        });
    }

    /// The value, if nothing is wrong with its file.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Vec<Problem>> {
        match value {
            Some(value) if self.found.is_empty() => Ok(value),
            _ => Err(self.into_vec()),
        }
    }

    fn into_vec(mut self) -> Vec<Problem> {
        if self.is_cut {
            self.found.push(Problem {
                pointer: String::new(),
                what: format!("more than {PROBLEMS_MAX} problems: the rest are not listed"),
                help: "mend these first".to_owned(),
            });
        }
        self.found
    }
}

/// A piece of the file as a message may repeat it: shortened, with nothing unprintable.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_of_problems_is_bounded_and_said() {
        let mut problems = Problems::default();
        for n in 0..PROBLEMS_MAX + 10 {
            problems.add(format!("/{n}"), "wrong", "right");
        }
        let told = problems.or(Some(())).expect_err("problems");
        assert_eq!(told.len(), PROBLEMS_MAX + 1);
        assert_eq!(told[PROBLEMS_MAX].pointer, "");
        assert_eq!(told[0].to_string(), "/0: wrong; right");
    }

    #[test]
    fn a_value_comes_out_only_when_nothing_is_wrong() {
        assert_eq!(Problems::default().or(Some(1)), Ok(1));
        let mut problems = Problems::default();
        problems.add("/a", "wrong", "right");
        assert_eq!(problems.or(Some(1)).expect_err("a problem").len(), 1);
    }

    #[test]
    fn quotes_are_short_and_printable() {
        assert_eq!(quoted("a\nb\u{202e}"), "`a\\nb\\u{202e}`");
        assert_eq!(quoted(&"余".repeat(90)), format!("`{}…`", "余".repeat(80)));
    }
}
