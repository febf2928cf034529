//! The days that movements are told of.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::query::Query;

/// How many days are told, today among them.
pub(super) const DAYS: i64 = 400;

/// Days from the first to the last of these.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    pub(super) from: Date,
    pub(super) until: Date,
}

impl Window {
    /// Reads `from` and `until`: days up to the last that may be asked for. All the days that are
    /// told where neither was given.
    pub(super) fn read(query: &mut Query, today: Date, last: Date) -> Self {
        let first = today.saturating_sub((DAYS - 1).days());
        let from = query.day_or("from", first, last, first);
        let until = query.day("until", first, last);
        if from > until {
            query.mistake("from", "must not be after until".to_owned());
        }
        Self { from, until }
    }
}
