//! `ports::Replay` in memory.

use std::collections::{BTreeSet, HashMap};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::{Memory, lock};

/// How many expired entries one claim removes at most: more than one, so that the set shrinks
/// whenever claims come; few, so that no claim pays for many.
const FORGOTTEN_PER_CLAIM: usize = 4;

/// A bank, its client, and the client's `jti`.
type Place = (BankId, ClientId, String);

/// What is taken, and the same in the order in which it may be forgotten.
#[derive(Debug, Default)]
pub(super) struct Claims {
    taken: HashMap<Place, Timestamp>,
    by_expiry: BTreeSet<(Timestamp, Place)>,
}

impl Claims {
    fn claim(&mut self, place: Place, expires: Timestamp, now: Timestamp) -> Claim {
        self.forget(now);
        if let Some(held_until) = self.taken.get(&place).copied() {
            if held_until >= now {
                return Claim::Seen;
            }
            self.by_expiry.remove(&(held_until, place.clone()));
        }
        self.by_expiry.insert((expires, place.clone()));
        self.taken.insert(place, expires);
        Claim::First
    }

    fn forget(&mut self, now: Timestamp) {
        for _ in 0..FORGOTTEN_PER_CLAIM {
            match self.by_expiry.pop_first() {
                Some((expires, place)) if expires < now => {
                    self.taken.remove(&place);
                }
                Some(live) => {
                    self.by_expiry.insert(live);
                    return;
                }
                None => return,
            }
        }
    }
}

impl Replay for Memory {
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreUnavailable>> {
        Box::pin(async move {
            let place = (bank.clone(), client.clone(), jti.to_owned());
            Ok(lock(&self.replay).claim(place, expires, now))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expired_claims_are_forgotten_a_few_at_a_time() {
        let second = |s| Timestamp::from_second(s).expect("in range");
        let place = |jti: String| {
            let bank = BankId::parse("harbour").expect("valid");
            (bank, ClientId::parse("app").expect("valid"), jti)
        };
        let mut claims = Claims::default();
        for i in 0..10 {
            claims.claim(place(format!("old-{i}")), second(100 + i), second(0));
        }
        claims.claim(place("new".into()), second(900), second(500));
        assert_eq!(claims.taken.len(), 10 - FORGOTTEN_PER_CLAIM + 1);
        claims.claim(place("newer".into()), second(900), second(500));
        claims.claim(place("newest".into()), second(900), second(500));
        assert_eq!(claims.taken.len(), 3, "only live claims are left");
        assert_eq!(claims.by_expiry.len(), 3, "both sides agree");
    }
}
