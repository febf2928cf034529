//! Port: append to the audit log.

use futures_util::future::BoxFuture;

use crate::AuditEntry;

/// The log cannot take evidence: what waits for it must be refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the audit log is unavailable")]
pub struct AuditUnavailable;

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// Its number within this start of the node, dense over all logs.
    pub seq: u64,
    /// Its number among the partner's records in its log, dense.
    pub pseq: Option<u64>,
}

/// The audit log.
pub trait AuditLog: Send + Sync {
    /// Appends an entry; resolves when it is durable. Dropping the future neither withdraws the
    /// entry nor delays others.
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>>;

    /// Queues an entry without waiting: durable with the next group.
    fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable>;

    /// Whether the log takes evidence now.
    fn is_available(&self) -> bool;
}
