//! The log as it is read on for the accesses in it, a portion at a time.

use std::collections::BTreeMap;
use std::path::Path;

use audit::{Durable, Follower, LogPlace, ReadProblem};
use model::BankId;
use model::ports::{AccessRow, LogIndex};

use super::row::row;

/// About how many records make a portion: a batch is not divided.
const RECORDS_MAX: usize = 10_000;

/// A log that is being read.
pub(super) struct Reading {
    follower: Follower,
    /// The banks by the labels of their logs, and the last record of each that was read.
    banks: BTreeMap<String, (BankId, u64)>,
}

/// What was read.
pub(super) struct Portion {
    /// How far each bank's log was read, and the accesses in it; none when nothing was read.
    pub(super) banks: Vec<(BankId, (LogIndex, Vec<AccessRow>))>,
    /// Whether all was read that is durable.
    pub(super) is_all: bool,
    /// The records that tell of an access and cannot be read: how many, and the first of them, as
    /// the label of its log and its index.
    pub(super) unread: Option<(u64, String, u64)>,
}

impl Reading {
    /// The log of this directory, for these banks, from this place on.
    pub(super) fn new(
        dir: &Path,
        banks: Vec<(String, BankId, u64)>,
        from: Option<LogPlace>,
    ) -> Self {
        let labels = banks.iter().map(|(label, ..)| label.clone()).collect();
        let banks = banks.into_iter();
        Self {
            follower: Follower::new(dir, labels, from),
            banks: banks
                .map(|(label, bank, index)| (label, (bank, index)))
                .collect(),
        }
    }

    /// What comes next. Blocks on the disk. What was read before the log could not be read on is
    /// given: the next call says why.
    pub(super) fn portion(&mut self, durable: &Durable) -> Result<Portion, ReadProblem> {
        let mut rows: BTreeMap<String, Vec<AccessRow>> = BTreeMap::new();
        let (mut place, mut count, mut is_all) = (None, 0, false);
        let mut unread = None;
        while count < RECORDS_MAX {
            let followed = match self.follower.next(durable) {
                Ok(Some(followed)) => followed,
                Ok(None) => {
                    is_all = true;
                    break;
                }
                Err(_) if place.is_some() => break,
                Err(problem) => return Err(problem),
            };
            // A batch without one of their records is one record's work.
            count += followed.records.len().max(1);
            place = Some(followed.place);
            for record in followed.records {
                if let Some((_, index)) = self.banks.get_mut(&record.log) {
                    *index = record.index.max(*index);
                    if let Ok(told) = row(&record.json) {
                        rows.entry(record.log).or_default().extend(told);
                    } else {
                        let first = || (0, record.log.clone(), record.index);
                        unread.get_or_insert_with(first).0 += 1;
                    }
                }
            }
        }
        let banks = self.banks.iter().filter_map(|(label, (bank, index))| {
            let place = place.clone()?;
            let upto = LogIndex {
                index: *index,
                segment: place.segment,
                offset: place.offset,
            };
            Some((bank.clone(), (upto, rows.remove(label).unwrap_or_default())))
        });
        let banks = banks.collect();
        Ok(Portion {
            banks,
            is_all,
            unread,
        })
    }
}
