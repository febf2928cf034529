//! Port: which data went out under which consent, read off the audit log, so that a customer can be
//! shown it. The log is the truth; this is what it says, by consent.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::StoreUnavailable;
use crate::{BankId, ClusterId, OperationId, PartnerId, ProductId, RequestId};

/// How far a bank's log was read. A place is farther by its segment, then by its offset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogIndex {
    /// The index of the last record that was read, in the bank's log.
    pub index: u64,
    /// The segment it lies in; at most 1 KiB.
    pub segment: String,
    /// Where in it the last batch begins that was read, in bytes.
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

/// What came of an access, for the customer whose data was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Data was asked for and answered: the consent was used.
    Given,
    /// It was refused, by this house or by the bank's service: nothing went out.
    Refused,
    /// The bank's service, or this house, could not answer: nothing went out.
    Unanswered,
    /// Whoever asked hung up before there was an answer.
    Unknown,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Given, Self::Refused, Self::Unanswered, Self::Unknown];

    /// What came of an access that was answered with this status.
    ///
    /// | status | outcome |
    /// |---|---|
    /// | 0: the head of no answer left | unknown |
    /// | 200 to 299 | given |
    /// | 500 and above | unanswered |
    /// | any other | refused |
    ///
    /// Under a consent no bank's answer but one of 200 to 299 passes, so that nothing goes out with
    /// any other.
    pub fn of(status: u16) -> Self {
        match status {
            0 => Self::Unknown,
            200..=299 => Self::Given,
            500.. => Self::Unanswered,
            _ => Self::Refused,
        }
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Given => "given",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
            Self::Unknown => "unknown",
        }
    }
}

impl AccessRow {
    /// What came of it.
    pub fn outcome(&self) -> Outcome {
        Outcome::of(self.status)
    }
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

    /// How many of those from this instant on were [`Outcome::Given`].
    fn given_since<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        since: Timestamp,
    ) -> BoxFuture<'a, Result<u64, StoreUnavailable>>;

    /// When the last was that was [`Outcome::Given`].
    fn last_given<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreUnavailable>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_what_came_of_an_access() {
        for (status, outcome) in [
            (0, Outcome::Unknown),
            (199, Outcome::Refused),
            (200, Outcome::Given),
            (299, Outcome::Given),
            (304, Outcome::Refused),
            (403, Outcome::Refused),
            (429, Outcome::Refused),
            (499, Outcome::Refused),
            (500, Outcome::Unanswered),
            (504, Outcome::Unanswered),
            (u16::MAX, Outcome::Unanswered),
        ] {
            assert_eq!(Outcome::of(status), outcome, "{status}");
        }
        let words: std::collections::BTreeSet<_> = Outcome::ALL.map(Outcome::as_str).into();
        assert_eq!(words.len(), Outcome::ALL.len());
    }
}
