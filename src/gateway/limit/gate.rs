//! The gate: one bucket for each address, at every door that costs something.

use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;

use model::{Clock, Refusal};

use crate::limit::{HouseClock, Rate, seconds};

/// Addresses remembered before the full ones are swept out.
const ADDRESSES_MAX: usize = 100_000;
/// Draws between two looks at how many addresses are remembered.
const SWEEP_EVERY: u64 = 4_096;

/// The gate's settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GateSettings {
    /// Requests over time from one address.
    pub rate: Rate,
    /// Requests that may come in one instant.
    pub burst: u32,
}

/// Buckets by address. An IPv6 address counts as its /64 network.
#[derive(Debug)]
pub struct Gate {
    settings: GateSettings,
    buckets: RateLimiter<IpAddr, DashMapStateStore<IpAddr>, HouseClock, NoOpMiddleware<Nanos>>,
    clock: HouseClock,
    draws: AtomicU64,
}

impl Gate {
    /// A gate on the house clock.
    pub fn new(settings: GateSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = HouseClock(clock);
        let quota = settings.rate.quota(settings.burst);
        let store = DashMapStateStore::default();
        let buckets = RateLimiter::new(quota, store, clock.clone());
        Self {
            settings,
            buckets,
            clock,
            draws: AtomicU64::new(0),
        }
    }

    /// What it was made of: while a new snapshot says the same, it keeps these buckets.
    pub fn settings(&self) -> GateSettings {
        self.settings
    }

    /// Draws one request from the address's bucket.
    ///
    /// Errors: [`Refusal::TooManyRequests`].
    pub fn knock(&self, address: IpAddr) -> Result<(), Refusal> {
        self.sweep();
        self.buckets
            .check_key(&network(address))
            .map_err(|not_until| Refusal::TooManyRequests {
                retry_after: seconds(not_until.wait_time_from(self.clock.now())),
            })
    }

    /// Takes so many requests at once from the address's bucket, as if each had knocked: for a
    /// rehearsal. Takes none when there are fewer.
    pub(crate) fn take(&self, address: IpAddr, count: u32) {
        if let Some(count) = NonZeroU32::new(count) {
            let _ = self.buckets.check_key_n(&network(address), count);
        }
    }

    /// Forgets addresses whose buckets are full again, once there are too many. The walk over all
    /// keys is paid once in many draws.
    fn sweep(&self) {
        let draws = self.draws.fetch_add(1, Ordering::Relaxed);
        if draws.is_multiple_of(SWEEP_EVERY) && self.buckets.len() > ADDRESSES_MAX {
            self.buckets.retain_recent();
            self.buckets.shrink_to_fit();
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & (u128::MAX << 64);
            IpAddr::V6(Ipv6Addr::from(prefix))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::MovedClock;

    use super::*;

    #[test]
    fn one_address_does_not_use_up_another_ones_bucket() {
        let settings = GateSettings {
            rate: Rate {
                count: 1,
                per: Duration::from_secs(1),
            },
            burst: 2,
        };
        let gate = Gate::new(settings, Arc::new(MovedClock::stopped()));
        let (one, other): (IpAddr, IpAddr) = (
            "192.0.2.1".parse().expect("an address"),
            "192.0.2.2".parse().expect("an address"),
        );
        assert_eq!((gate.knock(one), gate.knock(one)), (Ok(()), Ok(())));
        assert_eq!(
            gate.knock(one),
            Err(Refusal::TooManyRequests { retry_after: 1 })
        );
        assert_eq!(gate.knock(other), Ok(()));
    }

    #[test]
    fn what_is_taken_at_once_is_what_so_many_would_have_drawn() {
        let settings = GateSettings {
            rate: Rate {
                count: 200,
                per: Duration::from_secs(1),
            },
            burst: 1_000_000,
        };
        let gate = Gate::new(settings, Arc::new(MovedClock::stopped()));
        let one: IpAddr = "192.0.2.1".parse().expect("an address");
        assert_eq!(gate.knock(one), Ok(()));
        gate.take(one, 999_998);
        gate.take(one, 2);
        gate.take(one, 0);
        assert_eq!(gate.knock(one), Ok(()), "fewer are there: none is taken");
        assert_eq!(
            gate.knock(one),
            Err(Refusal::TooManyRequests { retry_after: 1 })
        );
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let a: IpAddr = "2001:db8::1".parse().expect("an address");
        let b: IpAddr = "2001:db8::2".parse().expect("an address");
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(network(a), network(b));
        assert_eq!(
            network(mapped),
            "192.0.2.1".parse::<IpAddr>().expect("an address")
        );
    }
}
