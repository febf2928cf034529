//! The clock as a port. The system's clock is named in this file and nowhere else.

use std::fmt;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;

/// What time it is. Two readings: the wall's, and one that never goes back.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock.
    fn now(&self) -> Timestamp;
    /// Time since some fixed instant; never goes back.
    fn monotonic(&self) -> Duration;
}

/// The machine's clock.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// Starts counting now.
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system's clock"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        self.start.elapsed()
    }
}

/// A clock that runs with the machine's and can be moved forward; with `stopped`, it moves only
/// when told to. For tests and the sandbox.
#[derive(Debug)]
pub struct MovedClock {
    system: SystemClock,
    stopped_at: Option<Timestamp>,
    ahead: Mutex<Duration>,
}

impl MovedClock {
    /// Runs with the machine's clock.
    pub fn running() -> Self {
        Self {
            system: SystemClock::new(),
            stopped_at: None,
            ahead: Mutex::new(Duration::ZERO),
        }
    }

    /// Stands still at the machine's present time until moved.
    pub fn stopped() -> Self {
        let system = SystemClock::new();
        let stopped_at = Some(system.now());
        Self {
            system,
            stopped_at,
            ahead: Mutex::new(Duration::ZERO),
        }
    }

    /// Moves both readings forward.
    pub fn advance(&self, by: Duration) {
        let mut ahead = self
            .ahead
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        *ahead = ahead.saturating_add(by);
    }

    fn ahead(&self) -> Duration {
        *self
            .ahead
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        let base = self.stopped_at.unwrap_or_else(|| self.system.now());
        base.checked_add(self.ahead()).unwrap_or(Timestamp::MAX)
    }

    fn monotonic(&self) -> Duration {
        let base = if self.stopped_at.is_some() {
            Duration::ZERO
        } else {
            self.system.monotonic()
        };
        base.saturating_add(self.ahead())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_clock_moves_only_when_told() {
        let clock = MovedClock::stopped();
        let (wall, mono) = (clock.now(), clock.monotonic());
        assert_eq!((clock.now(), clock.monotonic()), (wall, mono));
        clock.advance(Duration::from_secs(90));
        assert_eq!(clock.now().duration_since(wall).as_secs(), 90);
        assert_eq!(
            clock.monotonic().checked_sub(mono),
            Some(Duration::from_secs(90))
        );
    }
}
