//! Used assertions, remembered in memory by a store that has its moods.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{Claim, Replay, StoreUnavailable};
use model::{BankId, ClientId};

use super::{Mood, locked};

pub(crate) fn replays() -> Arc<Replays> {
    Arc::new(Replays {
        mood: Mutex::new(Mood::Works),
        taken: Mutex::default(),
        expiries: Mutex::default(),
    })
}

pub(crate) struct Replays {
    pub(crate) mood: Mutex<Mood>,
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
            let mood = *locked(&self.mood);
            match mood {
                Mood::Hangs => std::future::pending().await,
                Mood::FailsBefore => return Err(unavailable()),
                Mood::Works | Mood::FailsAfter => {}
            }
            locked(&self.expiries).push(expires);
            let place = (bank.clone(), client.clone(), jti.to_owned());
            let first = locked(&self.taken).insert(place);
            if mood == Mood::FailsAfter {
                return Err(unavailable());
            }
            Ok(if first { Claim::First } else { Claim::Seen })
        })
    }
}

fn unavailable() -> StoreUnavailable {
    StoreUnavailable {
        doing: "testing",
        source: None,
    }
}
