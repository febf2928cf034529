//! A document of somebody else's: kept as it was last read, read anew by one at a time, asked for
//! no oftener than is said, and used for longer where no other can be had. Moments are the clock's
//! monotonic ones: whoever sets the clock, nothing lives longer, and nothing is of the future.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::Clock;

/// How a kind of document is dealt with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    /// How old one may be that is used where no other can be had.
    pub(crate) stale_max: Duration,
    /// How long it is not asked for again after it could not be read, while there is one of before.
    pub(crate) failed_wait: Duration,
    /// The same while there is none.
    pub(crate) without_wait: Duration,
    /// How long a new one is waited for at most, while one of before would do.
    pub(crate) stale_wait: Duration,
}

/// What a reader wants.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    pub(crate) clock: &'a dyn Clock,
    /// How old it may be.
    pub(crate) age_max: Duration,
    /// How long it is waited for.
    pub(crate) deadline: Duration,
    /// Whether one that is older will do for a while where there is no other.
    pub(crate) is_stale_good: bool,
}

/// What a reader gets.
pub(crate) enum Read<T, E> {
    /// What was wished for, or while another reads it, one of before that will do.
    Good(Arc<T>),
    /// It cannot be read.
    Failed {
        /// The one of before, while it is believed.
        instead: Option<Arc<T>>,
        /// Why; `None` where that was found a moment ago, and it is not asked for again yet.
        because: Option<E>,
    },
}

/// One document, as last read. One at a time reads it anew.
pub(crate) struct Kept<T> {
    manner: Manner,
    known: Mutex<Known<T>>,
    reading: tokio::sync::Mutex<()>,
}

struct Known<T> {
    /// When it was asked for, and what came.
    document: Option<(Duration, Arc<T>)>,
    /// When it was found that it cannot be read, if it was not read since.
    failed_at: Option<Duration>,
}

impl<T> Kept<T> {
    /// Nothing is known yet.
    pub(crate) fn new(manner: Manner) -> Self {
        let known = Known {
            document: None,
            failed_at: None,
        };
        Self {
            manner,
            known: Mutex::new(known),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// The document as it is wished for, read by this where it must be, which is given how long it
    /// may take. May be dropped at any await: then whoever waits reads.
    pub(crate) async fn read<E, R: Future<Output = Result<T, E>>>(
        &self,
        wish: Wish<'_>,
        read: impl FnOnce(Duration) -> R,
    ) -> Read<T, E> {
        let younger = |age_max| self.younger(wish.clock, age_max);
        if let Some(known) = younger(wish.age_max) {
            return Read::Good(known);
        }
        let reading = match (self.reading.try_lock(), self.believed(wish.clock)) {
            (Ok(reading), _) => reading,
            (Err(_), Some(stale)) if wish.is_stale_good => return Read::Good(stale),
            (Err(_), _) => self.reading.lock().await,
        };
        // Whoever read before may have read it, or failed to.
        if let Some(known) = younger(wish.age_max) {
            return Read::Good(known);
        }
        let before = self.believed(wish.clock);
        let manner = self.manner;
        let (pause, patience) = match &before {
            Some(_) if wish.is_stale_good => {
                (manner.failed_wait, manner.stale_wait.min(wish.deadline))
            }
            Some(_) => (manner.failed_wait, wish.deadline),
            None => (manner.without_wait, wish.deadline),
        };
        let asked_at = wish.clock.monotonic();
        if self.failed_within(asked_at, pause) {
            return Read::Failed {
                instead: before,
                because: None,
            };
        }
        let noted = match read(patience).await {
            Ok(document) => Read::Good(self.keep(asked_at, document)),
            Err(failed) => {
                self.known().failed_at = Some(wish.clock.monotonic());
                Read::Failed {
                    // What was read may have taken away the one of before.
                    instead: self.believed(wish.clock),
                    because: Some(failed),
                }
            }
        };
        // Only now: whoever waits finds it, and asks nobody again.
        drop(reading);
        noted
    }

    /// What was asked for no longer ago than that.
    pub(crate) fn younger(&self, clock: &dyn Clock, age_max: Duration) -> Option<Arc<T>> {
        let known = self.known();
        let (asked_at, document) = known.document.as_ref()?;
        let age = clock.monotonic().saturating_sub(*asked_at);
        (age < age_max).then(|| Arc::clone(document))
    }

    /// What is used where no other can be had.
    pub(crate) fn believed(&self, clock: &dyn Clock) -> Option<Arc<T>> {
        self.younger(clock, self.manner.stale_max)
    }

    /// From here on there is none, until another is read.
    pub(crate) fn forget(&self) {
        self.known().document = None;
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

impl<T, E> Read<T, E> {
    /// The document, or one of before; `lately` where neither can be had, and the first was found a
    /// moment ago.
    pub(crate) fn or_stale(self, lately: impl FnOnce() -> E) -> Result<Arc<T>, E> {
        match self {
            Self::Good(document)
            | Self::Failed {
                instead: Some(document),
                ..
            } => Ok(document),
            Self::Failed {
                instead: None,
                because,
            } => Err(because.unwrap_or_else(lately)),
        }
    }
}

#[cfg(test)]
mod tests;
