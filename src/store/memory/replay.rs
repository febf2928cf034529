//! `ports::Replay` in memory.

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::{Memory, lock};
use crate::claims::Place;

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
            let place = Place::of_client(bank, client, jti);
            let mut claims = lock(&self.replay);
            let found = claims.look(&place, now);
            if found == Claim::First {
                claims.take(place, expires);
            }
            Ok(found)
        })
    }
}
