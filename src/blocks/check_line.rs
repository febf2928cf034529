//! Checks: one line each, what a partner is told unless a condition holds.
//!
//! `422 identity_not_verified unless kyc.status == "PASS"` refuses with a problem of that name, and
//! `answer no_offer unless …` ends well, with the answer that the block declares under it.

use crate::expression::{Expression, Names, Type};
use crate::slip::{Slip, Span, choices, nearest, quoted};

/// The longest name of a problem or an answer, in bytes.
const NAME_BYTES_MAX: usize = 64;
/// The longest line, in bytes: an expression of the longest, and what stands before it.
const LINE_BYTES_MAX: usize = 4_096 + 128;

/// A line of `checks`.
#[derive(Debug, Clone)]
pub struct CheckLine {
    /// What the partner is told when the condition does not hold.
    pub outcome: Outcome,
    /// What must hold.
    pub condition: Expression,
    /// Where the condition stands in the line.
    pub span: Span,
}

/// What a check that does not hold ends with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A problem (RFC 9457).
    Problem {
        /// Its status: 400 to 499.
        status: u16,
        /// Its name, in `snake_case`.
        name: String,
    },
    /// A successful answer of the block's.
    Answer {
        /// Its name, in `snake_case`.
        name: String,
    },
}

/// A word of the line.
#[derive(Debug, Clone, Copy)]
struct Word<'l> {
    text: &'l str,
    span: Span,
}

impl CheckLine {
    /// Reads a line whose condition may read these names. All that is wrong with it is told.
    pub fn read(line: &str, names: &Names) -> Result<Self, Vec<Slip>> {
        if line.len() > LINE_BYTES_MAX {
            let what = format!("the check has {} bytes", line.len());
            let help = format!("write at most {LINE_BYTES_MAX}; give parts names in `let`");
            return Err(vec![Slip::new(Span::new(0, line.len()), what, help)]);
        }
        let [first, name, unless] = words(line).map_err(|slip| vec![slip])?;
        let mut slips = Vec::new();
        let outcome = outcome(first, name).map_err(|found| slips.extend(found));
        slips.extend(unless_slip(unless));
        let text = line.get(unless.span.end..).unwrap_or_default();
        let condition = Expression::check(text, names, Some(&Type::Bool)).map_err(|found| {
            let moved = |slip: Slip| Slip {
                span: slip.span.moved(unless.span.end),
                ..slip
            };
            slips.extend(found.into_iter().map(moved));
        });
        match (outcome, condition) {
            (Ok(outcome), Ok(condition)) if slips.is_empty() => Ok(Self {
                outcome,
                condition,
                span: Span::new(unless.span.end, line.len()),
            }),
            _ => Err(slips),
        }
    }
}

/// The three words before the condition.
fn words(line: &str) -> Result<[Word<'_>; 3], Slip> {
    let mut found = Vec::new();
    let mut at = 0;
    for piece in line.split_inclusive([' ', '\t']) {
        let text = piece.trim_end_matches([' ', '\t']);
        if !text.is_empty() && found.len() < 3 {
            let span = Span::new(at, at + text.len());
            found.push(Word { text, span });
        }
        at += piece.len();
    }
    found.try_into().map_err(|_| {
        let help = "write `422 problem_name unless condition`, or `answer name unless condition`";
        let end = line.trim_end().len();
        Slip::new(Span::new(end, end), "the check ends too early", help)
    })
}

fn outcome(first: Word<'_>, name: Word<'_>) -> Result<Outcome, Vec<Slip>> {
    let mut slips = Vec::new();
    let is_number = first.text.bytes().all(|b| b.is_ascii_digit());
    let status = first
        .text
        .parse()
        .ok()
        .filter(|status| (400..=499).contains(status));
    if is_number && status.is_none() {
        let what = format!("a check cannot answer with {}", quoted(first.text));
        let help = if first.text.starts_with('2') {
            "an answer that ends well is written `answer name unless …`"
        } else {
            "what a partner can mend has a status from 400 to 499"
        };
        slips.push(Slip::new(first.span, what, help));
    } else if !is_number && first.text != "answer" {
        let what = format!("{} begins no check", quoted(first.text));
        let help = choices("a check begins with a status or", first.text, ["answer"]);
        slips.push(Slip::new(first.span, what, help));
    }
    if !is_snake_case(name.text) {
        let what = format!("{} is no name of an outcome", quoted(name.text));
        let snake = name.text.to_lowercase().replace('-', "_");
        let help = if is_snake_case(&snake) {
            format!("did you mean `{snake}`?")
        } else {
            "write small letters, digits and `_`, at most 64".to_owned()
        };
        slips.push(Slip::new(name.span, what, help));
    }
    if !slips.is_empty() {
        return Err(slips);
    }
    let name = name.text.to_owned();
    Ok(match status {
        Some(status) => Outcome::Problem { status, name },
        None => Outcome::Answer { name },
    })
}

fn is_snake_case(text: &str) -> bool {
    text.len() <= NAME_BYTES_MAX
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn unless_slip(word: Word<'_>) -> Option<Slip> {
    if word.text == "unless" {
        return None;
    }
    let what = format!("{} stands where `unless` must", quoted(word.text));
    let help = if matches!(word.text, "if" | "when") {
        "a check says what must hold: write `unless`, and turn the condition round"
    } else if nearest(word.text, ["unless"]).is_some() {
        "did you mean `unless`?"
    } else {
        "write `unless` behind one name, then what must hold"
    };
    Some(Slip::new(word.span, what, help))
}

#[cfg(test)]
mod tests;
