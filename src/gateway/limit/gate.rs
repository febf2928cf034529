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
/// How many addresses' shares a customer's whole IPv6 network has.
const SHARES_OF_48: u32 = 4;
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

type Buckets = RateLimiter<IpAddr, DashMapStateStore<IpAddr>, HouseClock, NoOpMiddleware<Nanos>>;

/// Buckets by address. An IPv6 address counts as its /64 network, and for a bucket of its /48,
/// which is a few times as large: one customer has all of that.
#[derive(Debug)]
pub struct Gate {
    settings: GateSettings,
    buckets: Buckets,
    wide: Buckets,
    clock: HouseClock,
    draws: AtomicU64,
}

impl Gate {
    /// A gate on the house clock.
    pub fn new(settings: GateSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = HouseClock(clock);
        let quota = settings.rate.quota(settings.burst);
        let wide = Rate {
            count: settings.rate.count.saturating_mul(SHARES_OF_48),
            per: settings.rate.per,
        };
        let wide = wide.quota(settings.burst.saturating_mul(SHARES_OF_48));
        let made = |quota| RateLimiter::new(quota, DashMapStateStore::default(), clock.clone());
        Self {
            settings,
            buckets: made(quota),
            wide: made(wide),
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
        self.draw(&self.buckets, network(address, 64))?;
        match address.to_canonical() {
            IpAddr::V4(_) => Ok(()),
            IpAddr::V6(_) => self.draw(&self.wide, network(address, 48)),
        }
    }

    fn draw(&self, buckets: &Buckets, network: IpAddr) -> Result<(), Refusal> {
        buckets
            .check_key(&network)
            .map_err(|not_until| Refusal::TooManyRequests {
                retry_after: seconds(not_until.wait_time_from(self.clock.now())),
            })
    }

    /// Takes so many requests at once from the address's bucket, as if each had knocked: for a
    /// rehearsal. Takes none when there are fewer.
    pub(crate) fn take(&self, address: IpAddr, count: u32) {
        if let Some(count) = NonZeroU32::new(count) {
            let _ = self.buckets.check_key_n(&network(address, 64), count);
        }
    }

    /// Forgets addresses whose buckets are full again, once there are too many. The walk over all
    /// keys is paid once in many draws.
    fn sweep(&self) {
        let draws = self.draws.fetch_add(1, Ordering::Relaxed);
        if !draws.is_multiple_of(SWEEP_EVERY) {
            return;
        }
        for buckets in [&self.buckets, &self.wide] {
            if buckets.len() > ADDRESSES_MAX {
                buckets.retain_recent();
                buckets.shrink_to_fit();
            }
        }
    }
}

/// An IPv4 address, or so many first bits of an IPv6 address.
fn network(address: IpAddr, bits: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let prefix = u128::from(v6) & (u128::MAX << (128 - bits));
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
    fn a_whole_ipv6_48_has_a_few_addresses_shares() {
        let settings = GateSettings {
            rate: Rate {
                count: 1,
                per: Duration::from_secs(1),
            },
            burst: 2,
        };
        let gate = Gate::new(settings, Arc::new(MovedClock::stopped()));
        let knock = |text: String| gate.knock(text.parse().expect("an address")).is_ok();
        let let_in = (0..50).filter(|number| knock(format!("2001:db8:7:{number:x}::1")));
        assert_eq!(let_in.count(), 8);
        assert!(knock("2001:db8:8::1".to_owned()));
        assert!(knock("192.0.2.1".to_owned()));
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let a: IpAddr = "2001:db8::1".parse().expect("an address");
        let b: IpAddr = "2001:db8::2".parse().expect("an address");
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().expect("an address");
        assert_eq!(network(a, 64), network(b, 64));
        assert_eq!(
            network(mapped, 64),
            "192.0.2.1".parse::<IpAddr>().expect("an address")
        );
    }
}
