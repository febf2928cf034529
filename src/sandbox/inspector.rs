//! The request inspector's memory: the last calls of the gateway and of its issuers, each with its
//! stages. They come without the calls' own words, and nothing is added to them here.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::ports::{Trace, Watcher};
use model::{Decision, RequestId};

/// The most calls that are kept. Each is a few ids and at most 26 steps, all of bounded length: not
/// more than 4 KiB.
pub(crate) const CALLS_MAX: usize = 500;

/// How many calls there were since the sandbox began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// All of them.
    pub(crate) calls: u64,
    /// Those that the gateway refused.
    pub(crate) refused: u64,
    /// Those that the bank or the gateway failed.
    pub(crate) failed: u64,
}

/// The last calls. It watches the gateway; the start page shows what it saw.
#[derive(Default)]
pub struct Inspector {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The newest first.
    calls: VecDeque<Arc<Trace>>,
    counts: Counts,
}

impl Inspector {
    /// One that has seen nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The last calls, the newest first.
    pub(crate) fn last(&self) -> Vec<Arc<Trace>> {
        self.seen().calls.iter().map(Arc::clone).collect()
    }

    /// The call of this id, while it is kept.
    pub(crate) fn find(&self, request: RequestId) -> Option<Arc<Trace>> {
        let seen = self.seen();
        let mut calls = seen.calls.iter();
        calls
            .find(|trace| trace.call.request == request)
            .map(Arc::clone)
    }

    /// How many there were.
    pub(crate) fn counts(&self) -> Counts {
        self.seen().counts
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for Inspector {
    fn saw(&self, trace: Trace) {
        let trace = Arc::new(trace);
        let mut seen = self.seen();
        seen.counts.calls += 1;
        match trace.call.decision {
            Decision::Refused => seen.counts.refused += 1,
            Decision::Failed => seen.counts.failed += 1,
            Decision::Allowed | Decision::Aborted => {}
        }
        seen.calls.truncate(CALLS_MAX - 1);
        seen.calls.push_front(trace);
    }
}

impl fmt::Debug for Inspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inspector")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod fixture;

#[cfg(test)]
mod tests {
    use super::fixture::trace;
    use super::*;

    #[test]
    fn the_last_calls_are_kept_and_all_are_counted() {
        let inspector = Inspector::new();
        let calls = u16::try_from(CALLS_MAX).expect("a number") + 7;
        for number in 0..calls {
            inspector.saw(trace(number, Decision::Refused));
        }
        inspector.saw(trace(calls, Decision::Failed));
        inspector.saw(trace(calls + 1, Decision::Allowed));
        let last = inspector.last();
        assert_eq!(last.len(), CALLS_MAX);
        let newest = trace(calls + 1, Decision::Allowed).call.request;
        assert_eq!(last[0].call.request, newest);
        assert!(inspector.find(newest).is_some());
        let first = trace(0, Decision::Refused).call.request;
        assert!(inspector.find(first).is_none());
        let expected = Counts {
            calls: u64::from(calls) + 2,
            refused: u64::from(calls),
            failed: 1,
        };
        assert_eq!(inspector.counts(), expected);
    }
}
