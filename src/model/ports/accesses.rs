//! Port: which data went out under which consent, read off the audit log, so that a customer can be
//! shown it. The log is the truth; this is what it says, by consent.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::StoreUnavailable;
use crate::{BankId, ClusterId, OperationId, PartnerId, ProductId, RequestId};

/// How far a bank's log was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIndex {
    /// The index of the last record that was noted, in the bank's log.
    pub index: u64,
    /// The segment it lies in; at most 1 KiB.
    pub segment: String,
    /// Where, in bytes.
    pub offset: u64,
}

/// One access.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRow {
    /// SHA-256 of the consent's id.
    pub digest: [u8; 32],
    /// When it was answered.
    pub at: Timestamp,
    /// Our id of the request.
    pub request: RequestId,
    /// Who asked.
    pub partner: PartnerId,
    /// For what.
    pub product: ProductId,
    /// For what of it.
    pub operation: OperationId,
    /// The kinds of data that went out, each once, in order.
    pub clusters: Vec<ClusterId>,
    /// The status of the answer.
    pub status: u16,
    /// The code of a refusal; at most 1 KiB.
    pub code: Option<String>,
    /// Whether the partner said that the customer was there.
    pub attended: bool,
}

/// The accesses under the banks' consents. Banks see nothing of each other's. Instants are kept to
/// the microsecond.
pub trait Accesses: Send + Sync {
    /// How far a bank's log was noted; `None` when nothing was.
    fn noted<'a>(
        &'a self,
        bank: &'a BankId,
    ) -> BoxFuture<'a, Result<Option<LogIndex>, StoreUnavailable>>;

    /// Notes accesses of a bank, at most 1,000, and how far its log is noted by that: one
    /// transaction. What was noted before, by the request's id, is left as it is, and how far is
    /// never less than before: so the same may be noted again, in any order. What is two years
    /// older than the latest of these is forgotten a little.
    fn note<'a>(
        &'a self,
        bank: &'a BankId,
        upto: LogIndex,
        rows: Vec<AccessRow>,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>>;

    /// The accesses under a consent, the latest first, of one instant by request: so many, at most
    /// 50, that come after this one.
    fn of<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        after: Option<(Timestamp, RequestId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<AccessRow>, StoreUnavailable>>;

    /// How many there were under a consent from this instant on.
    fn count_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreUnavailable>>;
}
