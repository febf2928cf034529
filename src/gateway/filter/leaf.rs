//! Leaves: copied as the bank wrote them, and asked whose and of which date they are.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use openapi::{Leaf, Node, NodeKind};
use serde_json::Value;

use crate::filter::{Place, Unfit, Verdict, Walk};

/// The longest number without an exponent that every reader can hold, in bytes.
const NUMBER_BYTES_MAX: usize = 300;

impl Walk<'_> {
    /// Writes a leaf; gives back whether it is covered as what it names. Of one that is not,
    /// nothing is written: what it stands in is not covered either.
    pub(super) fn leaf(
        &mut self,
        leaf: &Leaf,
        node: &Node,
        raw: &str,
        place: Place,
    ) -> Result<Verdict, Unfit> {
        check(raw)?;
        let verdict = self.verdict(leaf, raw)?;
        if verdict != Verdict::Covered {
            return Ok(verdict);
        }
        if !fits(leaf, node.is_nullable, raw)? {
            return Err(Unfit::Shape);
        }
        let at = self.out.len();
        match leaf.total {
            Some(total) => self.totals.await_at(total, at, leaf.types, raw),
            None => self.out.extend_from_slice(raw.as_bytes()),
        }
        self.kept.clusters |= node.clusters;
        self.add_up(place, at, raw);
        Ok(verdict)
    }

    /// Writes the name of a member of a map; gives back whether it is covered.
    pub(super) fn name(&mut self, node: usize, raw: &str) -> Result<Verdict, Unfit> {
        let node = self.shape.node(node);
        let NodeKind::Leaf(leaf) = &node.kind else {
            return Err(Unfit::Shape);
        };
        let verdict = self.verdict(leaf, raw)?;
        if verdict != Verdict::Covered {
            return Ok(verdict);
        }
        if !fits(leaf, false, raw)? {
            return Err(Unfit::Shape);
        }
        self.out.extend_from_slice(raw.as_bytes());
        self.kept.clusters |= node.clusters;
        Ok(verdict)
    }

    fn verdict(&self, leaf: &Leaf, raw: &str) -> Result<Verdict, Unfit> {
        if let Some(kind) = leaf.resource {
            let is_id = raw.starts_with(['"', '-']) || is_number(raw);
            if !is_id || !(self.covers.resource)(kind, &text(raw)?) {
                return Ok(Verdict::Anothers);
            }
        }
        match self.covers.dates {
            Some((first, last)) if leaf.is_date => {
                let day = day(&text(raw)?, self.covers.zone);
                let is_inside = day.is_some_and(|day| (first..=last).contains(&day));
                Ok(if is_inside {
                    Verdict::Covered
                } else {
                    Verdict::OtherDay
                })
            }
            _ => Ok(Verdict::Covered),
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

/// Whether a leaf is of a type that is described, and of the values where they are counted.
fn fits(leaf: &Leaf, is_nullable: bool, raw: &str) -> Result<bool, Unfit> {
    let types = leaf.types;
    let is_typed = match raw.as_bytes().first() {
        Some(b'"') => types.text,
        Some(b't' | b'f') => types.boolean,
        Some(b'n') => return Ok(is_nullable),
        _ => types.number || (types.integer && is_whole(raw)),
    };
    match &leaf.values {
        Some(values) if is_typed => is_among(values, raw),
        _ => Ok(is_typed),
    }
}

/// Whether a number is a whole one: 1.0 is (JSON Schema 2020-12 §4.2.3).
fn is_whole(raw: &str) -> bool {
    let is_plain = !raw.contains(['.', 'e', 'E']);
    is_plain || raw.parse().is_ok_and(|number: f64| number.fract() == 0.0)
}

fn is_among(values: &[Value], raw: &str) -> Result<bool, Unfit> {
    if raw.starts_with('"') {
        let text = text(raw)?;
        return Ok(values.iter().any(|value| value.as_str() == Some(&*text)));
    }
    let read: Value = serde_json::from_str(raw).map_err(|_| Unfit::NotJson)?;
    Ok(values.contains(&read))
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

/// The day of a date, or that of a date and time in the bank's zone (RFC 3339 §5.6). A time
/// without its offset is none: whose day it is of is not guessed at.
fn day(text: &str, zone: &TimeZone) -> Option<Date> {
    let (day, rest) = text.split_at_checked(10)?;
    if !matches!(day.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _]) {
        return None;
    }
    if rest.is_empty() {
        return day.parse().ok();
    }
    let is_instant = rest.starts_with(['T', 't']) && !rest.ends_with(']');
    let at: Timestamp = is_instant.then(|| text.parse().ok())??;
    Some(zone.to_datetime(at).date())
}

#[cfg(test)]
mod tests {
    use openapi::Types;
    use serde_json::json;

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
    fn a_leaf_is_of_its_types_and_values() {
        let types = |word: &str| Types {
            text: word == "text",
            number: word == "number",
            integer: word == "integer",
            boolean: word == "boolean",
        };
        for (raw, is_of) in [
            ("\"1\"", "text"),
            ("1", "number integer"),
            ("-0", "number integer"),
            ("1.0", "number integer"),
            ("1e2", "number integer"),
            ("1.5", "number"),
            ("15e-1", "number"),
            ("true", "boolean"),
            ("false", "boolean"),
            ("null", ""),
        ] {
            for word in ["text", "number", "integer", "boolean"] {
                let leaf = Leaf {
                    types: types(word),
                    ..Leaf::default()
                };
                let expected = is_of.split(' ').any(|one| one == word);
                assert_eq!(fits(&leaf, false, raw), Ok(expected), "{raw} as {word}");
            }
        }
        let every = Types {
            text: true,
            number: true,
            integer: false,
            boolean: false,
        };
        let leaf = Leaf {
            types: every,
            values: Some(vec![json!("a"), json!(1)]),
            ..Leaf::default()
        };
        for (raw, expected) in [
            ("\"a\"", true),
            ("\"\\u0061\"", true),
            ("1", true),
            ("\"1\"", false),
            ("2", false),
            ("null", true),
        ] {
            assert_eq!(fits(&leaf, true, raw), Ok(expected), "{raw}");
        }
    }

    #[test]
    fn a_day_is_the_one_that_it_is_at_the_bank() {
        let zone = TimeZone::fixed(jiff::tz::offset(8));
        for (text, expected) in [
            ("2026-03-01", (2026, 3, 1)),
            ("2026-03-01T23:30:00+08:00", (2026, 3, 1)),
            ("2026-03-01T23:30:00.5Z", (2026, 3, 2)),
            ("2026-02-28t16:00:00z", (2026, 3, 1)),
            ("2026-03-01T00:30:00+14:00", (2026, 2, 28)),
        ] {
            let (year, month, of) = expected;
            assert_eq!(
                day(text, &zone),
                Some(jiff::civil::date(year, month, of)),
                "{text}"
            );
        }
        for text in [
            "20260301",
            "2026-03-011",
            "2026-02-30",
            "2026-3-01",
            "",
            "null",
            "2026-03-01 ",
            "2026-03-01T",
            "2026-03-01Tsoon",
            "2026-03-01T10:00:00",
            "2026-03-01 10:00:00Z",
            "2026-03-01T25:00:00Z",
            "2026-03-01T10:00:00+08:00[Asia/Shanghai]",
        ] {
            assert_eq!(day(text, &zone), None, "{text}");
        }
    }
}
