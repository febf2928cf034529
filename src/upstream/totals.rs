//! What is counted for good under an upstream's name: a changed upstream counts on where the one
//! before it is, so that what watches sees no number fall.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::Trouble;

/// Numbers that only grow.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    waits: AtomicU64,
    repeats: AtomicU64,
    troubles: [AtomicU64; Trouble::ALL.len()],
}

impl Totals {
    /// A request began to wait for a place.
    pub(crate) fn waited(&self) {
        self.waits.fetch_add(1, Ordering::Relaxed);
    }

    /// A request is sent once more.
    pub(crate) fn repeated(&self) {
        self.repeats.fetch_add(1, Ordering::Relaxed);
    }

    /// A trouble was met.
    pub(crate) fn met(&self, trouble: Trouble) {
        if let Some(count) = self.troubles.get(trouble.index()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Requests that waited for a place.
    pub(crate) fn waits(&self) -> u64 {
        self.waits.load(Ordering::Relaxed)
    }

    /// Requests that were sent once more.
    pub(crate) fn repeats(&self) -> u64 {
        self.repeats.load(Ordering::Relaxed)
    }

    /// How often each trouble was met, in the order of [`Trouble::ALL`].
    pub(crate) fn troubles(&self) -> [u64; Trouble::ALL.len()] {
        self.troubles
            .each_ref()
            .map(|count| count.load(Ordering::Relaxed))
    }
}
