//! An agreement's limits: concurrency first, then rate; the first refusal stops.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use governor::RateLimiter;
use governor::clock::Clock as _;
use governor::middleware::StateInformationMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

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

/// Whose limits, and which: partner (none: all without an agreement), bank, plan.
type Measured = (Option<PartnerId>, BankId, Plan);

/// The limiters of all agreements, beside the snapshot.
#[derive(Debug)]
pub struct Limiters {
    clock: Arc<dyn Clock>,
    known: Mutex<HashMap<Measured, Arc<AgreementLimiter>>>,
}

impl Limiters {
    /// An empty registry on the house clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            known: Mutex::new(HashMap::new()),
        }
    }

    /// The limiter of partner × bank under a plan: the one there is, or a new one. Without a
    /// partner, the one that all partners without an agreement share.
    pub(crate) fn limiter(
        &self,
        partner: Option<&PartnerId>,
        bank: &BankId,
        plan: &Plan,
    ) -> Arc<AgreementLimiter> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (partner.cloned(), bank.clone(), plan.clone());
        let fresh = || Arc::new(AgreementLimiter::new(plan, Arc::clone(&self.clock)));
        Arc::clone(known.entry(key).or_insert_with(fresh))
    }
}

/// The limits of one agreement.
#[derive(Debug)]
pub(crate) struct AgreementLimiter {
    rate: RateLimiter<NotKeyed, InMemoryState, HouseClock, StateInformationMiddleware>,
    clock: HouseClock,
    places: Arc<Semaphore>,
    concurrent: u32,
    plan: PlanId,
    policy: HeaderValue,
}

/// What a draw gave: a place, and what is left of the burst.
#[derive(Debug)]
pub(crate) struct Drawn {
    pub(crate) place: OwnedSemaphorePermit,
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
    fn new(plan: &Plan, clock: Arc<dyn Clock>) -> Self {
        let clock = HouseClock(clock);
        let quota = plan.rate.quota(plan.burst);
        let rate = RateLimiter::direct_with_clock(quota, clock.clone())
            .with_middleware::<StateInformationMiddleware>();
        let window = seconds(quota.burst_size_replenished_in());
        let policy = format!("\"{}\";q={};w={window}", plan.id, plan.burst);
        Self {
            rate,
            clock,
            places: Arc::new(Semaphore::new(plan.concurrent as usize)),
            concurrent: plan.concurrent,
            plan: plan.id.clone(),
            policy: HeaderValue::from_str(&policy)
                .expect("a plan's id and two numbers must make a header value"),
        }
    }

    /// Takes a place, then draws one request from the rate. A refused draw holds nothing.
    pub(crate) fn draw(&self) -> Result<Drawn, Refused> {
        let place =
            Arc::clone(&self.places)
                .try_acquire_owned()
                .map_err(|_| Refused::Concurrent {
                    limit: self.concurrent,
                })?;
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

    /// Says what is left: `RateLimit-Policy` and `RateLimit`
    /// (draft-ietf-httpapi-ratelimit-headers-10).
    pub(crate) fn describe(&self, drawn: &Result<Drawn, Refused>, headers: &mut HeaderMap) {
        headers.insert(POLICY, self.policy.clone());
        let left = match drawn {
            Ok(drawn) => format!("\"{}\";r={}", self.plan, drawn.left),
            Err(Refused::Rate { retry_after }) => {
                format!("\"{}\";r=0;t={retry_after}", self.plan)
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

    #[test]
    fn exactly_the_burst_passes_in_one_instant_and_the_rate_refills_it() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = AgreementLimiter::new(&plan(10, 5, 100), clock.clone());
        let passed = (0..50).filter(|_| limiter.draw().is_ok()).count();
        assert_eq!(passed, 5);
        assert_eq!(limiter.draw().err(), Some(Refused::Rate { retry_after: 1 }));
        clock.advance(Duration::from_millis(300));
        assert_eq!((0..50).filter(|_| limiter.draw().is_ok()).count(), 3);
    }

    #[test]
    fn a_place_comes_back_when_it_is_dropped_and_a_refused_rate_holds_none() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = AgreementLimiter::new(&plan(10, 3, 2), clock);
        let (first, second) = (limiter.draw(), limiter.draw());
        assert_eq!(limiter.draw().err(), Some(Refused::Concurrent { limit: 2 }));
        drop((first, second));
        let third = limiter.draw();
        assert!(third.is_ok());
        assert!(matches!(limiter.draw(), Err(Refused::Rate { .. })));
        assert_eq!(limiter.places.available_permits(), 1);
    }

    #[test]
    fn the_headers_say_policy_and_what_is_left() {
        let clock = Arc::new(MovedClock::stopped());
        let limiter = AgreementLimiter::new(&plan(10, 3, 2), clock);
        let mut headers = HeaderMap::new();
        limiter.describe(&limiter.draw(), &mut headers);
        assert_eq!(headers[POLICY], "\"gold\";q=3;w=1");
        assert_eq!(headers[LEFT], "\"gold\";r=2");
    }

    #[test]
    fn the_registry_keeps_the_state_of_an_unchanged_agreement() {
        let limiters = Limiters::new(Arc::new(MovedClock::stopped()));
        let (partner, bank) = (
            PartnerId::parse("p").expect("an id"),
            BankId::parse("b").expect("an id"),
        );
        let first = limiters.limiter(Some(&partner), &bank, &plan(1, 1, 1));
        assert!(first.draw().is_ok());
        let again = limiters.limiter(Some(&partner), &bank, &plan(1, 1, 1));
        assert!(again.draw().is_err());
        let other = limiters.limiter(Some(&partner), &bank, &plan(1, 2, 1));
        assert!(other.draw().is_ok());
    }
}
