//! Limits: the gate's buckets by address, and each agreement's rate and concurrency.
//!
//! The buckets (GCRA) are governor's, on the house clock. They live beside the snapshot, keyed by
//! what they measure: a new snapshot with the same agreement and quota keeps their state, and calls
//! that are open when a limit changes count on.

mod agreement;
mod gate;

use std::sync::Arc;
use std::time::Duration;

use governor::Quota;
use governor::clock::Clock as GovernorClock;
use governor::nanos::Nanos;

use model::Clock;

pub(crate) use agreement::{AgreementLimiter, Place, Refused};
pub use agreement::{Limiters, Plan};
pub use gate::{Gate, GateSettings};

/// So many in so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many; at least 1.
    pub count: u32,
    /// In how long; longer than zero.
    pub per: Duration,
}

impl Rate {
    /// The rate as a quota with room for `burst`; values of zero count as the least possible.
    fn quota(self, burst: u32) -> Quota {
        let each = self.per.checked_div(self.count.max(1)).unwrap_or(self.per);
        let each = each.max(Duration::from_nanos(1));
        let burst = std::num::NonZeroU32::new(burst).unwrap_or(std::num::NonZeroU32::MIN);
        Quota::with_period(each)
            .expect("a period of at least 1 ns must do")
            .allow_burst(burst)
    }
}

/// The house clock as governor reads it.
#[derive(Debug, Clone)]
struct HouseClock(Arc<dyn Clock>);

impl GovernorClock for HouseClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.monotonic())
    }
}

/// Whole seconds to wait, never 0.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0 || wait.is_zero())
}
