//! What an address without room in its bucket asks for: the first of each second is recorded in
//! full, the rest is counted and recorded as one `limit.reject` (specs/audit.md §6), so that a
//! flood cannot make the log the bottleneck.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use model::ports::AuditLog;
use model::{AuditEntry, AuditEvent, Clock, LogName};

/// How long refusals of one code are counted together.
const WINDOW: Duration = Duration::from_secs(1);

/// Counts by refusal code.
pub(crate) struct TurnedAway {
    log: Arc<dyn AuditLog>,
    clock: Arc<dyn Clock>,
    windows: Mutex<BTreeMap<&'static str, Window>>,
}

/// One code's count since the first that was recorded in full.
struct Window {
    began: Duration,
    count: u64,
    first: Timestamp,
    last: Timestamp,
}

impl TurnedAway {
    pub(crate) fn new(log: Arc<dyn AuditLog>, clock: Arc<dyn Clock>) -> Self {
        Self {
            log,
            clock,
            windows: Mutex::new(BTreeMap::new()),
        }
    }

    /// Whether this refusal is the first of its window and to be recorded in full; otherwise it is
    /// counted. Windows that have ended are recorded on the way.
    pub(crate) fn is_first(&self, code: &'static str) -> bool {
        let (at, now) = (self.clock.monotonic(), self.clock.now());
        let mut windows = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let ended = |window: &Window| at.saturating_sub(window.began) >= WINDOW;
        let over: Vec<&'static str> = windows
            .iter()
            .filter(|(_, window)| ended(window))
            .map(|(code, _)| *code)
            .collect();
        for code in over {
            if let Some(window) = windows.remove(code) {
                self.tell(code, &window);
            }
        }
        if let Some(window) = windows.get_mut(code) {
            if window.count == 0 {
                window.first = now;
            }
            window.count += 1;
            window.last = now;
            return false;
        }
        let window = Window {
            began: at,
            count: 0,
            first: now,
            last: now,
        };
        windows.insert(code, window);
        true
    }

    fn tell(&self, code: &'static str, window: &Window) {
        if window.count == 0 {
            return;
        }
        let event = AuditEvent::Rejected {
            code,
            count: window.count,
            first: window.first,
            last: window.last,
        };
        let entry = AuditEntry {
            log: LogName::House,
            at: self.clock.now(),
            event,
        };
        if self.log.queue(entry).is_err() {
            tracing::warn!(count = window.count, "counted refusals were not recorded");
        }
    }
}

impl Drop for TurnedAway {
    fn drop(&mut self) {
        let windows =
            std::mem::take(&mut *self.windows.lock().unwrap_or_else(PoisonError::into_inner));
        for (code, window) in windows {
            self.tell(code, &window);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::BoxFuture;

    use model::MovedClock;
    use model::ports::{AuditUnavailable, Receipt};

    use super::*;

    #[derive(Default)]
    struct Log(Mutex<Vec<(&'static str, u64)>>);

    impl AuditLog for Log {
        fn record(&self, _: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
            Box::pin(std::future::ready(Err(AuditUnavailable)))
        }

        fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
            if let AuditEvent::Rejected { code, count, .. } = entry.event {
                self.0.lock().expect("sound").push((code, count));
            }
            Ok(())
        }

        fn is_available(&self) -> bool {
            true
        }
    }

    #[test]
    fn of_a_flood_the_first_of_each_second_is_recorded_and_the_rest_counted() {
        let (log, clock) = (Arc::new(Log::default()), Arc::new(MovedClock::stopped()));
        let turned_away = TurnedAway::new(Arc::clone(&log) as _, Arc::clone(&clock) as _);
        let first = (0..1000)
            .filter(|_| turned_away.is_first("too_many_requests"))
            .count();
        assert_eq!(first, 1);
        assert!(log.0.lock().expect("sound").is_empty());
        clock.advance(Duration::from_secs(1));
        assert!(turned_away.is_first("too_many_requests"));
        assert!(!turned_away.is_first("too_many_requests"));
        drop(turned_away);
        let told = log.0.lock().expect("sound").clone();
        assert_eq!(told, [("too_many_requests", 999), ("too_many_requests", 1)]);
    }
}
