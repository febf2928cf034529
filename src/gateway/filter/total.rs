//! Totals: made of what is left, and put where the bank wrote its own.

use std::io::Write;

use openapi::Measure;

use crate::filter::leaf::text;
use crate::filter::{Place, Unfit, Walk};

/// The most digits behind the point.
const SCALE_MAX: u32 = 18;

/// What is counted and summed up so far, and where it goes. Both lists are in the order of the
/// output, so that what is cut off there is cut off here.
#[derive(Debug, Default)]
pub(super) struct Totals {
    /// A total, and a part of it.
    parts: Vec<(u8, Decimal)>,
    gaps: Vec<Gap>,
}

/// Where a total goes.
#[derive(Debug)]
struct Gap {
    /// The length of the output before it.
    at: usize,
    total: u8,
    is_text: bool,
    /// The digits behind the point, as the bank writes them.
    scale: u32,
}

/// A decimal number: units of ten to the minus scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Decimal {
    units: i128,
    scale: u32,
}

impl Walk<'_> {
    /// Counts a list that ends, for the totals whose path ends with it.
    pub(super) fn count(&mut self, place: Place, kept: u32) {
        let count = Decimal {
            units: i128::from(kept),
            scale: 0,
        };
        for total in self.ending(place, Measure::Count) {
            self.totals.parts.push((total, count));
        }
    }

    /// Adds a number to the totals whose path ends with it; `null` is nothing.
    pub(super) fn add_up(&mut self, place: Place, raw: &str) -> Result<(), Unfit> {
        if place.trail == 0 || raw == "null" {
            return Ok(());
        }
        for total in self.ending(place, Measure::Sum) {
            let part = Decimal::parse(&text(raw)?).ok_or(Unfit::Shape)?;
            self.totals.parts.push((total, part));
        }
        Ok(())
    }

    fn ending(&self, place: Place, measure: Measure) -> Vec<u8> {
        if place.trail == 0 {
            return Vec::new();
        }
        let totals = self.shape.totals().iter().zip(0_u8..);
        totals
            .filter(|(total, at)| {
                place.trail & (1 << at) != 0
                    && total.measure == measure
                    && total.path.len() == place.depth
            })
            .map(|(_, at)| at)
            .collect()
    }
}

impl Totals {
    /// Leaves a gap in the output for a total that the bank wrote so.
    pub(super) fn await_at(
        &mut self,
        total: u8,
        at: usize,
        text: &str,
        raw: &str,
    ) -> Result<(), Unfit> {
        let written = Decimal::parse(text).ok_or(Unfit::Shape)?;
        self.gaps.push(Gap {
            at,
            total,
            is_text: raw.starts_with('"'),
            scale: written.scale,
        });
        Ok(())
    }

    pub(super) fn mark(&self) -> (usize, usize) {
        (self.parts.len(), self.gaps.len())
    }

    pub(super) fn rewind(&mut self, (parts, gaps): (usize, usize)) {
        self.parts.truncate(parts);
        self.gaps.truncate(gaps);
    }

    /// Fills the gaps.
    pub(super) fn splice(&self, count: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if self.gaps.is_empty() {
            return Ok(());
        }
        let zero = Decimal { units: 0, scale: 0 };
        let mut sums = vec![zero; count];
        for (total, part) in &self.parts {
            if let Some(sum) = sums.get_mut(usize::from(*total)) {
                *sum = sum.plus(*part).ok_or(Unfit::Shape)?;
            }
        }
        let mut spliced = Vec::with_capacity(out.len() + self.gaps.len() * 24);
        let mut from = 0;
        for gap in &self.gaps {
            spliced.extend_from_slice(out.get(from..gap.at).unwrap_or_default());
            from = gap.at;
            let sum = sums.get(usize::from(gap.total)).copied().unwrap_or(zero);
            let quote = if gap.is_text { "\"" } else { "" };
            let sum = sum.at_least(gap.scale).ok_or(Unfit::Shape)?;
            // A vector takes all that is written to it.
            write!(spliced, "{quote}{sum}{quote}").map_err(|_| Unfit::Shape)?;
        }
        spliced.extend_from_slice(out.get(from..).unwrap_or_default());
        *out = spliced;
        Ok(())
    }
}

impl Decimal {
    /// Reads digits, perhaps with a sign and a point; no exponent.
    fn parse(text: &str) -> Option<Self> {
        let (is_negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = match digits.split_once('.') {
            Some((_, "")) => return None,
            Some(both) => both,
            None => (digits, ""),
        };
        let is_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !is_digits(whole) || !is_digits(part) {
            return None;
        }
        let scale = u32::try_from(part.len())
            .ok()
            .filter(|scale| *scale <= SCALE_MAX)?;
        let mut units = 0_i128;
        for digit in whole.bytes().chain(part.bytes()) {
            units = units
                .checked_mul(10)?
                .checked_add(i128::from(digit - b'0'))?;
        }
        let units = if is_negative { -units } else { units };
        Some(Self { units, scale })
    }

    /// The same number with at least so many digits behind the point.
    fn at_least(self, scale: u32) -> Option<Self> {
        let scale = scale.max(self.scale);
        let factor = 10_i128.checked_pow(scale - self.scale)?;
        let units = self.units.checked_mul(factor)?;
        Some(Self { units, scale })
    }

    fn plus(self, other: Self) -> Option<Self> {
        let one = self.at_least(other.scale)?;
        let other = other.at_least(self.scale)?;
        let units = one.units.checked_add(other.units)?;
        Some(Self { units, ..one })
    }
}

impl std::fmt::Display for Decimal {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let width = self.scale as usize;
        let digits = format!("{:0>least$}", self.units.unsigned_abs(), least = width + 1);
        let (whole, part) = digits.split_at(digits.len() - width);
        let point = if part.is_empty() { "" } else { "." };
        write!(to, "{sign}{whole}{point}{part}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_added_without_loss() {
        let add = |one: &str, other: &str| {
            let sum = Decimal::parse(one)?.plus(Decimal::parse(other)?)?;
            Some(sum.to_string())
        };
        for (one, other, sum) in [
            ("0.1", "0.2", "0.3"),
            ("-0.05", "0", "-0.05"),
            ("3000.00", "12", "3012.00"),
            ("-1", "1.00", "0.00"),
            ("0.000000000000000001", "9", "9.000000000000000001"),
        ] {
            assert_eq!(add(one, other).as_deref(), Some(sum), "{one} + {other}");
        }
        let most = i128::MAX.to_string();
        assert_eq!(add(&most, "1"), None);
        for text in [
            "",
            "-",
            "1.",
            ".1",
            "1e3",
            "+1",
            "1.2.3",
            "--1",
            "0.0000000000000000001",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }
}
