//! `ports::Replay` in memory.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::expiring::Expiring;
use super::{Memory, lock};

/// A bank, its client, and the client's `jti`.
type Place = (BankId, ClientId, String);

/// What is taken.
#[derive(Debug, Default)]
pub(super) struct Claims(Expiring<Place, ()>);

impl Claims {
    fn claim(&mut self, place: Place, expires: Timestamp, now: Timestamp) -> Claim {
        self.0.forget(now);
        match self.0.find(&place) {
            Some((held_until, ())) if held_until >= now => Claim::Seen,
            _ => {
                self.0.keep(place, expires, ());
                Claim::First
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
