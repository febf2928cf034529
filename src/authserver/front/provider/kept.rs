//! What was read of a provider's, when, and who reads it anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Clock;

use super::STALE_MAX;

/// How long a document is not asked for again that could not be read, while there is one of before.
pub(super) const FAILED_WAIT: Duration = Duration::from_secs(30);
/// The same while there is none: nobody gets in, so it is tried sooner.
pub(super) const WITHOUT_WAIT: Duration = Duration::from_secs(5);
/// How long a new document is waited for at most, while one of before would do.
pub(super) const STALE_WAIT: Duration = Duration::from_secs(2);

/// One document, as last read. One at a time reads it anew.
pub(super) struct Kept<T> {
    known: Mutex<Known<T>>,
    reading: tokio::sync::Mutex<()>,
}

/// Moments are the clock's monotonic ones.
struct Known<T> {
    /// When it was asked for, and what came.
    document: Option<(Duration, Arc<T>)>,
    /// When it was found that it cannot be read, if it was not read since.
    failed_at: Option<Duration>,
}

/// What a reader wants.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) clock: &'a dyn Clock,
    /// How old it may be.
    pub(super) age_max: Duration,
    /// How long it is waited for.
    pub(super) deadline: Duration,
    /// Whether one that is older will do for a while where there is no other.
    pub(super) is_stale_good: bool,
}

impl<T> Kept<T> {
    /// The document as it is wished for, read by this where it must be (which is given how long it
    /// may take); `lately` where it could not be read a moment ago.
    pub(super) async fn read<E, R: Future<Output = Result<T, E>>>(
        &self,
        wish: Wish<'_>,
        lately: impl FnOnce() -> E,
        read: impl FnOnce(Duration) -> R,
    ) -> Result<Arc<T>, E> {
        let younger = |age_max| self.younger(wish.clock.monotonic(), age_max);
        if let Some(known) = younger(wish.age_max) {
            return Ok(known);
        }
        let reading = match (self.reading.try_lock(), younger(STALE_MAX)) {
            (Ok(reading), _) => reading,
            (Err(_), Some(stale)) if wish.is_stale_good => return Ok(stale),
            (Err(_), _) => self.reading.lock().await,
        };
        // Whoever read before may have read it, or failed to.
        if let Some(known) = younger(wish.age_max) {
            return Ok(known);
        }
        let stale = younger(STALE_MAX);
        let (pause, patience) = match &stale {
            Some(_) if wish.is_stale_good => (FAILED_WAIT, STALE_WAIT.min(wish.deadline)),
            Some(_) => (FAILED_WAIT, wish.deadline),
            None => (WITHOUT_WAIT, wish.deadline),
        };
        let asked_at = wish.clock.monotonic();
        if self.failed_within(asked_at, pause) {
            return stale.ok_or_else(lately);
        }
        let answer = read(patience).await;
        drop(reading);
        match answer {
            Ok(document) => Ok(self.keep(asked_at, document)),
            Err(failed) => {
                self.known().failed_at = Some(wish.clock.monotonic());
                stale.ok_or(failed)
            }
        }
    }

    /// What was read no longer ago than that.
    fn younger(&self, now: Duration, age_max: Duration) -> Option<Arc<T>> {
        let known = self.known();
        let (read_at, document) = known.document.as_ref()?;
        (now.saturating_sub(*read_at) < age_max).then(|| Arc::clone(document))
    }

    fn failed_within(&self, now: Duration, pause: Duration) -> bool {
        let failed_at = self.known().failed_at;
        failed_at.is_some_and(|at| now.saturating_sub(at) < pause)
    }

    fn keep(&self, asked_at: Duration, document: T) -> Arc<T> {
        let document = Arc::new(document);
        *self.known() = Known {
            document: Some((asked_at, Arc::clone(&document))),
            failed_at: None,
        };
        document
    }

    fn known(&self) -> MutexGuard<'_, Known<T>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self {
            known: Mutex::new(Known {
                document: None,
                failed_at: None,
            }),
            reading: tokio::sync::Mutex::default(),
        }
    }
}
