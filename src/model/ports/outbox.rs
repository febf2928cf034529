//! Port: the events that wait for the log (DESIGN §9).
//!
//! A state change writes its event here in the same transaction; the answer waits until the log has
//! it; then it may go from here. What waits at start is what a crash left between the two.

use futures_util::future::BoxFuture;

use super::StoreUnavailable;
use crate::GrantEvent;

/// The place of an event in the outbox: grows, and is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OutboxId(pub i64);

/// An event in the outbox: to be written to the log, then [`Outbox::logged`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    /// Its place.
    pub id: OutboxId,
    /// The event. After a restart it is the same, and makes the same entry.
    pub event: Box<GrantEvent>,
}

/// The events that wait for the log, of all banks.
///
/// At most 10,000 wait: beyond it every change that has an event is refused as unavailable, since
/// the log must have been stuck for long.
pub trait Outbox: Send + Sync {
    /// The events that wait, oldest first, `limit` at most.
    fn waiting(&self, limit: u32) -> BoxFuture<'_, Result<Vec<Posted>, StoreUnavailable>>;

    /// Forgets events that the log has; those that are not here are forgotten already. Durable when
    /// it resolves, but nothing has to wait for it: what is not forgotten is written to the log
    /// again after a crash, under the same event id.
    fn logged<'a>(&'a self, ids: &'a [OutboxId]) -> BoxFuture<'a, Result<(), StoreUnavailable>>;
}
