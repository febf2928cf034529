//! Used assertions, remembered in memory, with what they were remembered for.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use faulty::{Fails, Faulty};

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::locked;

/// They work until they are told otherwise.
pub(crate) fn replays() -> Arc<Faulty<Replays>> {
    faulty(&Arc::default())
}

pub(crate) fn faulty(replays: &Arc<Replays>) -> Arc<Faulty<Replays>> {
    Arc::new(Faulty::new(Arc::clone(replays), Fails::Before))
}

#[derive(Default)]
pub(crate) struct Replays {
    taken: Mutex<HashSet<(BankId, ClientId, String)>>,
    pub(crate) expiries: Mutex<Vec<Timestamp>>,
}

impl Replay for Replays {
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        _now: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreUnavailable>> {
        Box::pin(async move {
            locked(&self.expiries).push(expires);
            let place = (bank.clone(), client.clone(), jti.to_owned());
            let first = locked(&self.taken).insert(place);
            Ok(if first { Claim::First } else { Claim::Seen })
        })
    }
}
