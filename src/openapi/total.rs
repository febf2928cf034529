//! Totals: a leaf of an answer that counts or sums up what stands elsewhere in it.
//!
//! A bank's total tells of items that a consent does not cover, so it is made anew of those that
//! are left. It is written `count /data` or `sum /data/*/amount`.

/// The longest path to what is counted, in steps.
pub(crate) const STEPS_MAX: usize = 16;
/// The longest mark, in bytes.
const TEXT_BYTES_MAX: usize = 512;

/// What a leaf counts or sums up (`x-mortise-total`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Total {
    /// How it is made.
    pub measure: Measure,
    /// The way from the answer's root to the list that is counted, or to the numbers that are
    /// summed up: 1 to 16 steps.
    pub path: Vec<Step>,
}

/// How a total is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The number of items of a list.
    Count,
    /// The sum of decimal numbers.
    Sum,
}

/// A step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// To the member of this name.
    Member(String),
    /// To each item of a list.
    Item,
}

impl Total {
    /// Reads the mark: a word, a space, and a JSON Pointer (RFC 6901) in which `*` is each item.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let (word, pointer) = text.split_once(' ')?;
        let measure = match word {
            "count" => Measure::Count,
            "sum" => Measure::Sum,
            _ => return None,
        };
        let steps = pointer.strip_prefix('/')?.split('/');
        let path: Vec<Step> = steps.map(step).collect::<Option<_>>()?;
        (path.len() <= STEPS_MAX).then_some(Self { measure, path })
    }
}

fn step(token: &str) -> Option<Step> {
    if token == "*" {
        return Some(Step::Item);
    }
    // RFC 6901 §3: `~` stands only before 0 or 1.
    let is_escaped = |(at, _): (usize, &str)| {
        let next = token.as_bytes().get(at + 1);
        matches!(next, Some(b'0' | b'1'))
    };
    (!token.is_empty() && token.match_indices('~').all(is_escaped))
        .then(|| Step::Member(token.replace("~1", "/").replace("~0", "~")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_total_is_a_word_and_a_path() {
        let total = Total::parse("sum /a~1b/*/~01").expect("well written");
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(total.measure, Measure::Sum);
        assert_eq!(total.path, [member("a/b"), Step::Item, member("~1")]);
        for text in [
            "",
            "count",
            "count data",
            "count /",
            "count  /data",
            "Count /data",
            "sum /a//b",
            "sum /a~2",
            "sum /a~",
            &format!("count {}", "/a".repeat(STEPS_MAX + 1)),
            &format!("count /{}", "a".repeat(TEXT_BYTES_MAX)),
        ] {
            assert_eq!(Total::parse(text), None, "{text}");
        }
    }
}
