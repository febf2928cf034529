//! Totals: made of what is left, and put where the bank wrote its own.

use std::io::Write;

use model::Decimal;
use openapi::{Measure, Types};

use crate::filter::leaf::text;
use crate::filter::{Place, Unfit, Walk};

/// What is counted and summed up so far, and where it goes. Both lists are in the order of the
/// output, so that what is cut off there is cut off here.
#[derive(Debug, Default)]
pub(super) struct Totals {
    parts: Vec<Part>,
    gaps: Vec<Gap>,
}

/// A part of a total.
#[derive(Debug, Clone, Copy)]
struct Part {
    total: u8,
    what: What,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// So many items.
    Items(u32),
    /// The number that stands here in the output, of so many bytes. It is read at the end: one
    /// that is no number and does not leave is nobody's business.
    Number { at: usize, bytes: u32 },
}

/// Where a total goes.
#[derive(Debug)]
struct Gap {
    /// The length of the output before it.
    at: usize,
    total: u8,
    is_text: bool,
    /// Whether the bank wrote `null`.
    is_null: bool,
}

impl Walk<'_> {
    /// Counts a list that ends, for the totals whose path ends with it.
    pub(super) fn count(&mut self, place: Place, kept: u32) {
        self.add(place, Measure::Count, What::Items(kept));
    }

    /// Adds the number that stands at `at` of the output to the totals whose path ends with it;
    /// `null` is nothing.
    pub(super) fn add_up(&mut self, place: Place, at: usize, raw: &str) {
        if place.trail != 0 && raw != "null" {
            let bytes = u32::try_from(raw.len()).unwrap_or(u32::MAX);
            self.add(place, Measure::Sum, What::Number { at, bytes });
        }
    }

    fn add(&mut self, place: Place, measure: Measure, what: What) {
        if place.trail == 0 {
            return;
        }
        for (total, number) in self.shape.totals().iter().zip(0_u8..) {
            let is_here = place.trail & (1 << number) != 0 && total.path.len() == place.depth;
            if is_here && total.measure == measure {
                let total = number;
                self.totals.parts.push(Part { total, what });
            }
        }
    }
}

impl Totals {
    /// Leaves a gap in the output for a total that the bank wrote so.
    pub(super) fn await_at(&mut self, total: u8, at: usize, types: Types, raw: &str) {
        let is_null = raw == "null";
        let has_numbers = types.number || types.integer;
        self.gaps.push(Gap {
            at,
            total,
            is_text: raw.starts_with('"') || (is_null && !has_numbers),
            is_null,
        });
    }

    pub(super) fn mark(&self) -> (usize, usize) {
        (self.parts.len(), self.gaps.len())
    }

    pub(super) fn rewind(&mut self, (parts, gaps): (usize, usize)) {
        self.parts.truncate(parts);
        self.gaps.truncate(gaps);
    }

    /// Fills the gaps. A `null` stays where nothing is left that it could be made of.
    pub(super) fn splice(&self, count: usize, out: &mut Vec<u8>) -> Result<(), Unfit> {
        if self.gaps.is_empty() {
            return Ok(());
        }
        let sums = self.sums(count, out)?;
        let mut spliced = Vec::with_capacity(out.len() + self.gaps.len() * 24);
        let mut from = 0;
        for gap in &self.gaps {
            spliced.extend_from_slice(out.get(from..gap.at).unwrap_or_default());
            from = gap.at;
            let quote = if gap.is_text { "\"" } else { "" };
            // A vector takes all that is written to it.
            let written = match sums.get(usize::from(gap.total)).copied().flatten() {
                Some(sum) => write!(spliced, "{quote}{sum}{quote}"),
                None if gap.is_null => write!(spliced, "null"),
                None => write!(spliced, "{quote}0{quote}"),
            };
            written.map_err(|_| Unfit::Shape)?;
        }
        spliced.extend_from_slice(out.get(from..).unwrap_or_default());
        *out = spliced;
        Ok(())
    }

    /// The totals that have a gap, each with the decimals of its parts.
    fn sums(&self, count: usize, out: &[u8]) -> Result<Vec<Option<Decimal>>, Unfit> {
        let wanted = self
            .gaps
            .iter()
            .fold(0_u64, |set, gap| set | 1 << gap.total);
        let mut sums = vec![None; count];
        for part in self
            .parts
            .iter()
            .filter(|part| wanted & (1 << part.total) != 0)
        {
            let number = part.what.number(out).ok_or(Unfit::Shape)?;
            if let Some(sum) = sums.get_mut(usize::from(part.total)) {
                *sum = Some(match sum {
                    Some(sum) => Decimal::plus(sum, &number).ok_or(Unfit::Shape)?,
                    None => number,
                });
            }
        }
        Ok(sums)
    }
}

impl What {
    fn number(self, out: &[u8]) -> Option<Decimal> {
        match self {
            Self::Items(count) => Decimal::new(i128::from(count), 0),
            Self::Number { at, bytes } => {
                let end = at.checked_add(usize::try_from(bytes).ok()?)?;
                let raw = std::str::from_utf8(out.get(at..end)?).ok()?;
                Decimal::parse_number(&text(raw).ok()?).ok()
            }
        }
    }
}
