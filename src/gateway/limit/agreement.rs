//! An agreement's limits: concurrency first, then rate; the first refusal stops.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use http::{HeaderMap, HeaderName, HeaderValue};
use model::{BankId, Clock, PartnerId, PlanId};

use crate::limit::{HouseClock, Rate, seconds};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LEFT: HeaderName = HeaderName::from_static("ratelimit");

/// A named set of limits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Its name, shown to partners in the RateLimit headers.
    pub id: PlanId,
    /// Requests over time.
    pub rate: Rate,
    /// Requests that may come in one instant.
    pub burst: u32,
    /// Requests that may be open at once.
    pub concurrent: u32,
}

/// Whose limits: partner (none: all without an agreement), bank, name of the plan.
type Whose = (Option<PartnerId>, BankId, PlanId);

/// The limits of all agreements, beside the snapshots that share them: what a snapshot names again
/// keeps its state, what none names any more is forgotten with the last call that holds it.
#[derive(Debug)]
pub struct Limiters {
    clock: Arc<dyn Clock>,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// Rates by whose they are and what they say: a changed one starts afresh.
    rates: HashMap<(Whose, Rate, u32), Weak<Bucket>>,
    /// Open calls by whose they are, whatever the limit: those open when it changes count on.
    places: HashMap<Whose, Weak<Places>>,
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, HouseClock, StateInformationMiddleware>;

impl Limiters {
    /// An empty registry on the house clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            known: Mutex::default(),
        }
    }

    /// The limiter of partner × bank under a plan, with the state that there is. Without a
    /// partner, the one that all partners without an agreement share.
    pub(crate) fn limiter(
        &self,
        partner: Option<&PartnerId>,
        bank: &BankId,
        plan: &Plan,
    ) -> Arc<AgreementLimiter> {
        let clock = HouseClock(Arc::clone(&self.clock));
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let whose = (partner.cloned(), bank.clone(), plan.id.clone());
        let places = known.places.entry(whose.clone()).or_default();
        let places = places.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(Places::default());
            *places = Arc::downgrade(&fresh);
            fresh
        });
        let rate = known.rates.entry((whose, plan.rate, plan.burst));
        let rate = rate.or_default();
        let bucket = rate.upgrade().unwrap_or_else(|| {
            let fresh = Arc::new(bucket(plan, clock.clone()));
            *rate = Arc::downgrade(&fresh);
            fresh
        });
        Arc::new(AgreementLimiter::new(plan, bucket, places, clock))
    }

    /// Forgets what no snapshot and no call holds any more.
    pub fn forget_unused(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.rates.retain(|_, rate| rate.strong_count() > 0);
        known.places.retain(|_, places| places.strong_count() > 0);
    }
}

fn bucket(plan: &Plan, clock: HouseClock) -> Bucket {
    RateLimiter::direct_with_clock(plan.rate.quota(plan.burst), clock)
        .with_middleware::<StateInformationMiddleware>()
}

/// How many calls are open.
#[derive(Debug, Default)]
struct Places(AtomicU32);

/// A place among the open calls of an agreement; given back on drop.
#[derive(Debug)]
pub(crate) struct Place(Arc<Places>);

impl Places {
    fn take(self: &Arc<Self>, limit: u32) -> Option<Place> {
        let one_more = |open: u32| open.checked_add(1).filter(|open| *open <= limit);
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more)
            .ok()
            .map(|_| Place(Arc::clone(self)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The limits of one agreement.
#[derive(Debug)]
pub(crate) struct AgreementLimiter {
    rate: Arc<Bucket>,
    clock: HouseClock,
    places: Arc<Places>,
    plan: Plan,
    policy: HeaderValue,
}

/// What a draw gave: a place, and what is left of the burst.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) place: Place,
    left: u32,
}

/// Why a draw was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The rate is used up.
    Rate {
        /// Seconds until one more may pass.
        retry_after: u64,
    },
    /// All places are taken.
    Concurrent {
        /// How many there are.
        limit: u32,
    },
}

impl AgreementLimiter {
    fn new(plan: &Plan, rate: Arc<Bucket>, places: Arc<Places>, clock: HouseClock) -> Self {
        let quota = plan.rate.quota(plan.burst);
        let window = seconds(quota.burst_size_replenished_in());
        let policy = format!("\"{}\";q={};w={window}", plan.id, plan.burst);
        Self {
            rate,
            clock,
            places,
            plan: plan.clone(),
            policy: HeaderValue::from_str(&policy)
                .expect("a plan's id and two numbers must make a header value"),
        }
    }

    /// Its plan.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The same limits, untouched, on another clock.
    pub(crate) fn fresh(&self, clock: &Arc<dyn Clock>) -> Arc<Self> {
        let clock = HouseClock(Arc::clone(clock));
        let bucket = Arc::new(bucket(&self.plan, clock.clone()));
        Arc::new(Self::new(&self.plan, bucket, Arc::default(), clock))
    }

    /// Takes a place, then draws one request from the rate. A refused draw holds nothing.
    pub(crate) fn draw(&self) -> Result<Drawn, Refused> {
        let limit = self.plan.concurrent;
        let place = self.places.take(limit);
        let place = place.ok_or(Refused::Concurrent { limit })?;
        match self.rate.check() {
            Ok(state) => Ok(Drawn {
                place,
                left: state.remaining_burst_capacity(),
            }),
            Err(not_until) => {
                let wait = not_until.wait_time_from(self.clock.now());
                Err(Refused::Rate {
                    retry_after: seconds(wait),
                })
            }
        }
    }

    /// Draws so many requests at once from the rate, none when there are fewer: for a rehearsal.
    pub(crate) fn take(&self, count: u32) {
        if let Some(count) = NonZeroU32::new(count) {
            let _ = self.rate.check_n(count);
        }
    }

    /// Says what is left: `RateLimit-Policy` and `RateLimit`
    /// (draft-ietf-httpapi-ratelimit-headers-10).
    pub(crate) fn describe(&self, drawn: &Result<Drawn, Refused>, headers: &mut HeaderMap) {
        headers.insert(POLICY, self.policy.clone());
        let left = match drawn {
            Ok(drawn) => format!("\"{}\";r={}", self.plan.id, drawn.left),
            Err(Refused::Rate { retry_after }) => {
                format!("\"{}\";r=0;t={retry_after}", self.plan.id)
            }
            Err(Refused::Concurrent { .. }) => return,
        };
        if let Ok(value) = HeaderValue::from_str(&left) {
            headers.insert(LEFT, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::MovedClock;

    use super::*;

    fn plan(count: u32, burst: u32, concurrent: u32) -> Plan {
        Plan {
            id: PlanId::parse("gold").expect("an id"),
            rate: Rate {
                count,
                per: Duration::from_secs(1),
            },
            burst,
            concurrent,
        }
    }

    fn limiters(clock: &Arc<MovedClock>) -> (Limiters, PartnerId, BankId) {
        let (partner, bank) = (PartnerId::parse("p"), BankId::parse("b"));
        (
            Limiters::new(Arc::clone(clock) as _),
            partner.expect("an id"),
            bank.expect("an id"),
        )
    }

    fn limiter(plan: &Plan, clock: &Arc<MovedClock>) -> Arc<AgreementLimiter> {
        let (limiters, partner, bank) = limiters(clock);
        limiters.limiter(Some(&partner), &bank, plan)
    }

    #[test]
    fn exactly_the_burst_passes_in_one_instant_and_the_rate_refills_it() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = limiter(&plan(10, 5, 100), &clock);
        let passed = (0..50).filter(|_| limiter.draw().is_ok()).count();
        assert_eq!(passed, 5);
        assert_eq!(limiter.draw().err(), Some(Refused::Rate { retry_after: 1 }));
        clock.advance(Duration::from_millis(300));
        assert_eq!((0..50).filter(|_| limiter.draw().is_ok()).count(), 3);
    }

    #[test]
    fn what_is_taken_at_once_is_what_so_many_would_have_drawn() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = limiter(&plan(10, 1_000_000, 100), &clock);
        assert!(limiter.draw().is_ok());
        limiter.take(999_998);
        assert!(limiter.draw().is_ok(), "the last");
        assert_eq!(limiter.draw().err(), Some(Refused::Rate { retry_after: 1 }));
    }

    #[test]
    fn a_place_comes_back_when_it_is_dropped_and_a_refused_rate_holds_none() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = limiter(&plan(10, 3, 2), &clock);
        let (first, second) = (limiter.draw(), limiter.draw());
        assert_eq!(limiter.draw().err(), Some(Refused::Concurrent { limit: 2 }));
        drop((first, second));
        let third = limiter.draw();
        assert!(third.is_ok());
        assert!(matches!(limiter.draw(), Err(Refused::Rate { .. })));
        assert_eq!(limiter.places.0.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn the_headers_say_policy_and_what_is_left() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = limiter(&plan(10, 3, 2), &clock);
        let mut headers = HeaderMap::new();
        limiter.describe(&limiter.draw(), &mut headers);
        assert_eq!(headers[POLICY], "\"gold\";q=3;w=1");
        assert_eq!(headers[LEFT], "\"gold\";r=2");
    }

    #[test]
    fn the_registry_keeps_the_state_of_an_unchanged_agreement() {
        let (limiters, partner, bank) = limiters(&Arc::new(MovedClock::stopped()));
        let under = |plan| limiters.limiter(Some(&partner), &bank, &plan);
        let first = under(plan(1, 1, 9));
        assert!(first.draw().is_ok());
        assert!(under(plan(1, 1, 9)).draw().is_err(), "the same quota");
        assert!(under(plan(1, 1, 7)).draw().is_err(), "other places only");
        assert!(under(plan(1, 2, 9)).draw().is_ok(), "another burst");
        assert!(under(plan(2, 1, 9)).draw().is_ok(), "another rate");
    }

    #[test]
    fn calls_that_are_open_when_the_limits_change_count_on() {
        let (limiters, partner, bank) = limiters(&Arc::new(MovedClock::stopped()));
        let under = |plan| limiters.limiter(Some(&partner), &bank, &plan);
        let old = under(plan(9, 9, 3));
        let open = [old.draw(), old.draw(), old.draw()];
        drop(old);
        limiters.forget_unused();
        let narrower = under(plan(8, 9, 2));
        let refused = Some(Refused::Concurrent { limit: 2 });
        assert_eq!(narrower.draw().err(), refused);
        let [first, second, third] = open;
        drop(first);
        assert_eq!(narrower.draw().err(), refused);
        drop(second);
        assert!(narrower.draw().is_ok());
        drop((third, narrower));
        limiters.forget_unused();
        let known = limiters.known.lock().expect("sound");
        assert_eq!((known.rates.len(), known.places.len()), (0, 0));
    }
}
