//! What was read of a provider's, and when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One document, as last read. Two who find it too old may both read it anew; the later stays.
pub(super) struct Kept<T>(Mutex<Option<(Duration, Arc<T>)>>);

impl<T> Kept<T> {
    /// What was read no longer ago than that.
    pub(super) fn younger(&self, now: Duration, age_max: Duration) -> Option<Arc<T>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, document) = kept.as_ref()?;
        (now.saturating_sub(*read_at) < age_max).then(|| Arc::clone(document))
    }

    /// Keeps what was asked for at that moment.
    pub(super) fn keep(&self, asked_at: Duration, document: T) -> Arc<T> {
        let document = Arc::new(document);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *kept = Some((asked_at, Arc::clone(&document)));
        document
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}
