//! Which data went out under which consent, noted as it happens: beside the log, which has each
//! access first. What is not noted when the house ends is read from the log at the next start.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use model::ports::{AccessRow, AuditLog, AuditUnavailable, LogIndex, Receipt};
use model::{Access, AuditEntry, AuditEvent, BankId};

use super::ROWS_MAX;
use crate::standing::Standing;

/// How often rows go to the store.
const EVERY: Duration = Duration::from_secs(1);

/// How many rows wait for the store; what is more is left to the next start.
const WAITING_MAX: usize = 10_000;

/// An access, and the bank whose it is.
type Row = (BankId, AccessRow);

/// The log, which also hands on each access under a consent that it has.
struct Noting {
    log: Arc<dyn AuditLog>,
    seen: mpsc::Sender<Row>,
    /// How many found no room.
    left: Arc<AtomicU64>,
}

/// The accesses that the log has and that are not noted.
pub(super) struct Seen {
    rows: mpsc::Receiver<Row>,
    left: Arc<AtomicU64>,
    /// Taken, and not noted yet.
    taken: Vec<Row>,
}

/// The same log, and what it hands on from now on.
pub(super) fn noting(log: Arc<dyn AuditLog>) -> (Arc<dyn AuditLog>, Seen) {
    let (seen, rows) = mpsc::channel(WAITING_MAX);
    let left = Arc::new(AtomicU64::new(0));
    let noting = Noting {
        log,
        seen,
        left: Arc::clone(&left),
    };
    let taken = Vec::new();
    (Arc::new(noting), Seen { rows, left, taken })
}

impl AuditLog for Noting {
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        let row = row(&entry);
        let written = self.log.record(entry);
        let Some(row) = row else {
            return written;
        };
        let mut waiting = Waiting {
            seen: self.seen.clone(),
            left: Arc::clone(&self.left),
            row: Some(row),
        };
        Box::pin(async move {
            let receipt = written.await;
            if receipt.is_err() {
                waiting.is_refused();
            }
            receipt
        })
    }

    fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
        let row = row(&entry);
        self.log.queue(entry)?;
        if let Some(row) = row {
            hand_on(&self.seen, &self.left, row);
        }
        Ok(())
    }

    fn is_available(&self) -> bool {
        self.log.is_available()
    }
}

/// An access that the log was given. It is handed on when the log has it, and when nobody waits for
/// that any more: the log goes on with what it was given.
struct Waiting {
    seen: mpsc::Sender<Row>,
    left: Arc<AtomicU64>,
    row: Option<Row>,
}

impl Waiting {
    /// The log does not have it.
    fn is_refused(&mut self) {
        self.row = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(row) = self.row.take() {
            hand_on(&self.seen, &self.left, row);
        }
    }
}

fn hand_on(seen: &mpsc::Sender<Row>, left: &AtomicU64, row: Row) {
    if seen.try_send(row).is_err() {
        left.fetch_add(1, Ordering::Relaxed);
    }
}

/// The access of an entry that is under a consent, of a partner's that is known.
fn row(entry: &AuditEntry) -> Option<Row> {
    let AuditEvent::Access(access) = &entry.event else {
        return None;
    };
    let Access {
        consent: Some(consent),
        object: Some(object),
        ..
    } = access.as_ref()
    else {
        return None;
    };
    let row = AccessRow {
        digest: consent.digest,
        at: entry.at,
        request: access.request,
        partner: access.who.partner.clone()?,
        product: object.product.clone(),
        operation: object.operation.clone(),
        clusters: consent.clusters.clone(),
        status: access.status,
        code: access.code.map(str::to_owned),
        attended: consent.attended,
    };
    Some((object.bank.clone(), row))
}

impl Seen {
    /// Notes what comes, each second, for ever.
    pub(super) async fn note(mut self, standing: &Standing) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(cause) = self.note_once(standing).await {
                tracing::warn!(
                    error = format!("{cause:#}"),
                    "accesses could not be noted; they are tried again"
                );
            }
            let count = self.left.swap(0, Ordering::Relaxed);
            if count > 0 {
                tracing::warn!(count, "accesses are noted at the next start only");
            }
        }
    }

    /// Notes all that has come. What is not noted stays, to be tried again.
    async fn note_once(&mut self, standing: &Standing) -> anyhow::Result<()> {
        loop {
            while self.taken.len() < ROWS_MAX {
                match self.rows.try_recv() {
                    Ok(row) => self.taken.push(row),
                    Err(_) => break,
                }
            }
            if self.taken.is_empty() {
                return Ok(());
            }
            let mut banks: BTreeMap<&BankId, Vec<AccessRow>> = BTreeMap::new();
            for (bank, row) in &self.taken {
                banks.entry(bank).or_default().push(row.clone());
            }
            for (bank, rows) in banks {
                // How far the log was read stays: only who reads it knows.
                let accesses = &standing.state.accesses;
                let upto = accesses.noted(bank).await?.unwrap_or(LogIndex {
                    // A consent's own record comes before any access under it.
                    index: 0,
                    segment: String::new(),
                    offset: 0,
                });
                accesses.note(bank, upto, rows).await?;
            }
            self.taken.clear();
        }
    }
}

#[cfg(test)]
mod tests;
