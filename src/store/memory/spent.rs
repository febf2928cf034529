//! How often customers' data was asked for while they were away, in memory.

use std::collections::BTreeMap;

use jiff::ToSpan;
use jiff::civil::Date;

use model::BankId;
use model::ports::Spend;

use crate::rim::{FORGOTTEN_PER_CHANGE, SPENT_DAYS};

/// How often data was asked for in a day, by day, bank and consent.
pub(super) type SpentDays = BTreeMap<(Date, BankId, [u8; 32]), u32>;

/// See [`model::ports::Consents::spend`].
pub(super) fn spend(spent: &mut SpentDays, key: (Date, BankId, [u8; 32]), max: u32) -> Spend {
    let until = key.0.saturating_sub(SPENT_DAYS.days());
    for _ in 0..FORGOTTEN_PER_CHANGE {
        match spent.first_entry() {
            Some(first) if first.key().0 < until => drop(first.remove()),
            _ => break,
        }
    }
    if max == 0 {
        return Spend::None;
    }
    let used = spent.entry(key).or_insert(0);
    if *used >= max {
        return Spend::None;
    }
    *used += 1;
    Spend::Left(max - *used)
}

/// See [`model::ports::Consents::give_back`].
pub(super) fn give_back(spent: &mut SpentDays, key: &(Date, BankId, [u8; 32])) {
    if let Some(used) = spent.get_mut(key) {
        *used = used.saturating_sub(1);
    }
}
