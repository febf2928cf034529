//! Leaves: copied as the bank wrote them, and asked whose and of which date they are.

use std::borrow::Cow;

use jiff::civil::Date;

use openapi::Leaf;

use crate::filter::{Place, Unfit, Walk};

/// The longest number without an exponent that every reader can hold, in bytes.
const NUMBER_BYTES_MAX: usize = 300;

impl Walk<'_> {
    /// Writes a leaf; gives back whether it is covered as what it names.
    pub(super) fn leaf(
        &mut self,
        leaf: &Leaf,
        clusters: u64,
        raw: &str,
        place: Place,
    ) -> Result<bool, Unfit> {
        check(raw)?;
        let is_covered = self.is_covered(leaf, raw)?;
        match leaf.total {
            Some(total) if raw != "null" => {
                self.totals
                    .await_at(total, self.out.len(), &text(raw)?, raw)?;
            }
            _ => self.out.extend_from_slice(raw.as_bytes()),
        }
        self.kept.clusters |= clusters;
        self.add_up(place, raw)?;
        Ok(is_covered)
    }

    fn is_covered(&self, leaf: &Leaf, raw: &str) -> Result<bool, Unfit> {
        if let Some(kind) = leaf.resource {
            let is_id = raw.starts_with(['"', '-']) || is_number(raw);
            if !is_id || !(self.covers.resource)(kind, &text(raw)?) {
                return Ok(false);
            }
        }
        match self.covers.dates {
            Some((first, last)) if leaf.is_date => {
                let day = day(&text(raw)?);
                Ok(day.is_some_and(|day| (first..=last).contains(&day)))
            }
            _ => Ok(true),
        }
    }
}

/// Checks what a reader of the raw value does not: that it is a leaf, that a text is one of
/// characters (RFC 8259 §8.2), and that a number can be held (§6).
fn check(raw: &str) -> Result<(), Unfit> {
    match raw.as_bytes().first() {
        Some(b'{' | b'[') | None => Err(Unfit::Shape),
        Some(b'"') if raw.contains('\\') => text(raw).map(drop),
        Some(b'-' | b'0'..=b'9') if raw.len() > NUMBER_BYTES_MAX || raw.contains(['e', 'E']) => {
            let is_held = raw.parse().is_ok_and(f64::is_finite);
            is_held.then_some(()).ok_or(Unfit::NotJson)
        }
        _ => Ok(()),
    }
}

fn is_number(raw: &str) -> bool {
    raw.as_bytes().first().is_some_and(u8::is_ascii_digit)
}

/// What a text says; anything else as it is written.
pub(super) fn text(raw: &str) -> Result<Cow<'_, str>, Unfit> {
    let inside = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    match inside {
        Some(inside) if !inside.contains('\\') => Ok(Cow::Borrowed(inside)),
        Some(_) => serde_json::from_str(raw)
            .map(Cow::Owned)
            .map_err(|_| Unfit::NotJson),
        None => Ok(Cow::Borrowed(raw)),
    }
}

/// The day of a date, or of a date and time, as it is written (RFC 3339 §5.6). A day in another
/// zone is not guessed at.
fn day(text: &str) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    let is_date = matches!(day.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _]);
    let is_whole = rest.is_empty() || rest.starts_with(['T', 't']);
    (is_date && is_whole).then(|| day.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leaf_is_what_every_reader_can_hold() {
        for raw in [
            "null",
            "true",
            "\"a\\u0041\\ud83d\\ude00\"",
            "-1.5e300",
            "0",
        ] {
            assert_eq!(check(raw), Ok(()), "{raw}");
        }
        let long = "9".repeat(400);
        for raw in ["1e400", "\"\\ud800\"", &long] {
            assert_eq!(check(raw), Err(Unfit::NotJson), "{raw}");
        }
        for raw in ["{}", "[1]"] {
            assert_eq!(check(raw), Err(Unfit::Shape), "{raw}");
        }
    }

    #[test]
    fn a_day_is_read_as_it_is_written() {
        let expected = Some(jiff::civil::date(2026, 3, 1));
        assert_eq!(day("2026-03-01"), expected);
        assert_eq!(day("2026-03-01T23:30:00Z"), expected);
        for text in [
            "20260301",
            "2026-03-011",
            "2026-02-30",
            "2026-3-01",
            "",
            "null",
            "2026-03-01 ",
        ] {
            assert_eq!(day(text), None, "{text}");
        }
    }
}
