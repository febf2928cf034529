//! Which data went out under which consent, as the audit log tells it: read on from where it was
//! read to, as far as it is durable, while the house stands. A start goes the same way, so that
//! neither a crash nor a flood leaves a gap in what a customer is shown.

mod reading;
mod row;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use arc_swap::ArcSwap;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use audit::{Audit, Durable, LogPlace};
use model::ports::{self, AccessRow, LogIndex};
use model::{BankId, LogName};

use self::reading::{Portion, Reading};
use crate::standing::Standing;

/// How often the log is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// How long is waited after log or store could not be read or written.
const AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How many accesses are noted at once.
const ROWS_MAX: usize = 1_000;

/// Keeps the accesses under consents of a house that is about to stand.
pub(crate) struct Accesses {
    /// The directory of its log.
    log: PathBuf,
    /// The banks whose customers consent to data; a reload may change them.
    banks: Arc<ArcSwap<Vec<BankId>>>,
    durable: Durable,
}

impl Accesses {
    /// Those of this house, whose log this is.
    pub(crate) fn of(house: &config::House, audit: &Audit, standing: &Standing) -> Self {
        Self {
            log: house.audit.dir.clone(),
            banks: Arc::clone(&standing.consenting),
            durable: audit.durable(),
        }
    }

    /// Notes what is in the log and what comes, until the house stops.
    pub(crate) fn keep(
        self,
        standing: &Arc<Standing>,
        tasks: &TaskTracker,
        stopping: CancellationToken,
    ) {
        let standing = Arc::clone(standing);
        tasks.spawn(async move {
            let keeping = self.note_for_ever(&*standing.state.accesses);
            stopping.run_until_cancelled(keeping).await;
        });
    }

    async fn note_for_ever(&self, accesses: &dyn ports::Accesses) {
        loop {
            // What was read and not noted is read again.
            if let Err(cause) = self.note_on(accesses).await {
                tracing::warn!(
                    error = format!("{cause:#}"),
                    "accesses could not be noted; they are read again"
                );
                tokio::time::sleep(AGAIN_AFTER).await;
            }
        }
    }

    /// Notes what comes, until log or store fail, or other banks' customers consent.
    async fn note_on(&self, accesses: &dyn ports::Accesses) -> anyhow::Result<()> {
        let banks = self.banks.load_full();
        if banks.is_empty() {
            tokio::time::sleep(EVERY).await;
            return Ok(());
        }
        let mut reading = self.begin(accesses, &banks).await?;
        while *banks == **self.banks.load() {
            let is_all;
            (reading, is_all) = self.note_portion(accesses, reading).await?;
            if is_all {
                tokio::time::sleep(EVERY).await;
            }
        }
        Ok(())
    }

    /// Where reading goes on: where that bank was read to of which least was.
    async fn begin(
        &self,
        accesses: &dyn ports::Accesses,
        banks: &[BankId],
    ) -> anyhow::Result<Reading> {
        let mut from: Option<Option<LogPlace>> = None;
        let mut reading = Vec::with_capacity(banks.len());
        for bank in banks {
            let noted = accesses.noted(bank).await.context("finding the place")?;
            let place = noted.as_ref().map(|noted| LogPlace {
                segment: noted.segment.clone(),
                offset: noted.offset,
            });
            from = Some(from.map_or(place.clone(), |from| from.min(place)));
            let label = LogName::Bank(bank.clone()).label();
            reading.push((label, bank.clone(), noted.map_or(0, |noted| noted.index)));
        }
        Ok(Reading::new(&self.log, reading, from.flatten()))
    }

    /// Reads so many records and notes what they tell of; whether they were all that are durable.
    async fn note_portion(
        &self,
        accesses: &dyn ports::Accesses,
        mut reading: Reading,
    ) -> anyhow::Result<(Reading, bool)> {
        let durable = self.durable.clone();
        let read = tokio::task::spawn_blocking(move || {
            let portion = reading.portion(&durable);
            (reading, portion)
        });
        let (reading, portion) = read.await.context("reading the audit log")?;
        let Portion {
            banks,
            is_all,
            unread,
        } = portion.context("reading the audit log")?;
        if let Some((count, log, index)) = unread {
            tracing::error!(
                count,
                error = format!("the first is record {index} of the log {log}"),
                "accesses are left out of what customers are shown: their records cannot be read"
            );
        }
        for (bank, (upto, rows)) in banks {
            note(accesses, &bank, upto, rows).await?;
        }
        Ok((reading, is_all))
    }
}

/// Notes accesses of a bank, and how far its log was read by that. What the store refuses keeps
/// none of the others from it: it is left out, and said once.
async fn note(
    accesses: &dyn ports::Accesses,
    bank: &BankId,
    upto: LogIndex,
    rows: Vec<AccessRow>,
) -> anyhow::Result<()> {
    let mut refused = Vec::new();
    let (mut left, mut is_said) = (rows.as_slice(), false);
    while !left.is_empty() {
        let some;
        (some, left) = left.split_at(left.len().min(ROWS_MAX));
        // How far the log was read is said with the last of what was read.
        let upto = if left.is_empty() {
            upto.clone()
        } else {
            nowhere()
        };
        match accesses.note(bank, upto, some.to_vec()).await {
            Ok(()) => is_said = left.is_empty(),
            Err(cause) => {
                answers(accesses, bank).await.context(cause)?;
                refused.extend(one_by_one(accesses, bank, some).await?);
            }
        }
    }
    if let Some(first) = refused.first() {
        tracing::error!(
            bank.id = bank.as_str(),
            count = refused.len(),
            request.id = first.request.to_string(),
            "accesses are left out of what customers are shown: the store refuses them"
        );
    }
    if !is_said {
        accesses.note(bank, upto, Vec::new()).await?;
    }
    Ok(())
}

/// Notes each by itself; those that the store refuses.
async fn one_by_one<'a>(
    accesses: &dyn ports::Accesses,
    bank: &BankId,
    rows: &'a [AccessRow],
) -> anyhow::Result<Vec<&'a AccessRow>> {
    let mut refused = Vec::new();
    for row in rows {
        let noted = accesses.note(bank, nowhere(), vec![row.clone()]).await;
        if let Err(cause) = noted {
            answers(accesses, bank).await.context(cause)?;
            refused.push(row);
        }
    }
    Ok(refused)
}

/// Fails when the store takes nothing at all.
async fn answers(accesses: &dyn ports::Accesses, bank: &BankId) -> anyhow::Result<()> {
    Ok(accesses.note(bank, nowhere(), Vec::new()).await?)
}

/// No farther than any log was read.
fn nowhere() -> LogIndex {
    LogIndex {
        index: 0,
        segment: String::new(),
        offset: 0,
    }
}

#[cfg(test)]
mod tests;
