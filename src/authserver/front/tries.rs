//! Wrong log-ins, by where they come from: the bank locks a name that is tried too often, which is
//! no help where many names are tried from one place (OA-96).
//!
//! Room for wrong log-ins comes back as time passes, so that nobody who is refused waits long. One
//! name has little of it, one address more, its network most: a machine is stopped at its own
//! address long before its neighbours are. Whoever is right in the end takes back what they had
//! wrong before; so what adds up is what machines leave behind, however many customers share an
//! address.

mod remembered;

use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use model::{BankId, Network};

use self::remembered::Remembered;

/// How many log-ins may be wrong at once, and how soon there is room for another one.
struct Room {
    at_once: i64,
    each: Duration,
}

/// For one name, from one network: the bank's own lock comes sooner as a rule.
const NAME: Room = Room {
    at_once: 10,
    each: Duration::from_mins(1),
};
/// For one address, whatever the name; of IPv6 a /64, which is one host's to choose from.
const ADDRESS: Room = Room {
    at_once: 100,
    each: Duration::from_secs(3),
};
/// For a network: several hosts must work together to use it up.
const NETWORK: Room = Room {
    at_once: 300,
    each: Duration::from_secs(1),
};

/// How soon there is room again for a log-in whose browser did not wait for the answer: whoever
/// reloads is not wrong, but the bank was asked.
const HUNG_UP: Duration = Duration::from_secs(1);

/// Names, addresses and networks remembered, twice over.
const PLACES_MAX: usize = 32_768;

/// Where a log-in comes from, of a bank's customers.
type Place = (BankId, Source);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Source {
    /// A network, and the digest of a name.
    Name(IpAddr, [u8; 32]),
    Address(IpAddr),
    Network(IpAddr),
}

impl Source {
    fn room(&self) -> &'static Room {
        match self {
            Self::Name(..) => &NAME,
            Self::Address(_) => &ADDRESS,
            Self::Network(_) => &NETWORK,
        }
    }
}

/// By place, from when on nothing counts there any more, in Unix microseconds.
type Counts = Remembered<Place, i64>;

/// Counts the wrong log-ins of names, addresses and networks; outlives snapshots.
#[derive(Debug)]
pub struct WrongLogIns(Mutex<Counts>);

/// A log-in that counts as wrong until somebody says what it is.
pub(super) struct Try<'a> {
    counted: &'a WrongLogIns,
    places: [Place; 3],
    /// What of it is taken back when nobody says anything any more.
    back: Back,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Back {
    Nothing,
    AllButHungUp,
    All,
}

impl Default for WrongLogIns {
    fn default() -> Self {
        Self(Mutex::new(Remembered::new(PLACES_MAX)))
    }
}

impl WrongLogIns {
    /// Counts a log-in as wrong before anybody says whether it is: of many at once none slips
    /// through.
    ///
    /// Errors: too many were; says in how many seconds there is room for another one: at most 60.
    pub(super) fn begin(
        &self,
        bank: &BankId,
        peer: IpAddr,
        user_name: &str,
        now: Timestamp,
    ) -> Result<Try<'_>, u64> {
        let now = now.as_microsecond();
        let network = Network::of(peer).address();
        // Names that banks take for the same share their room.
        let name = crypto::sha256(user_name.trim().to_lowercase().as_bytes());
        let places = [
            Source::Name(network, name),
            Source::Address(host(peer)),
            Source::Network(network),
        ]
        .map(|source| (bank.clone(), source));
        let mut counts = self.counts();
        let full = places.iter().map(|place| {
            let room = place.1.room();
            used(&counts, place, now) - (room.at_once - 1) * micros(room.each)
        });
        let wait = full.max().unwrap_or_default();
        if wait > 0 {
            return Err(wait.unsigned_abs().div_ceil(1_000_000));
        }
        for place in &places {
            let until = now + used(&counts, place, now) + micros(place.1.room().each);
            counts.keep(place.clone(), until);
        }
        Ok(Try {
            counted: self,
            places,
            back: Back::AllButHungUp,
        })
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Try<'_> {
    /// It was wrong.
    pub(super) fn was_wrong(mut self) {
        self.back = Back::Nothing;
    }

    /// Nobody could say.
    pub(super) fn nobody_knows(mut self) {
        self.back = Back::All;
    }

    /// It was right: what its name had wrong before does not count any more, wherever it was
    /// counted.
    pub(super) fn was_right(mut self, now: Timestamp) {
        self.back = Back::Nothing;
        let mut counts = self.counted.counts();
        let [name, places @ ..] = &self.places;
        let wrong = used(&counts, name, now.as_microsecond());
        // To the nearest: what hung up left is no whole one, and part of each came back meanwhile.
        let wrong = (wrong + micros(NAME.each) / 2) / micros(NAME.each);
        counts.forget(name);
        for place in places {
            let each = micros(place.1.room().each);
            take_back(&mut counts, place, each.saturating_mul(wrong));
        }
    }
}

/// Whoever hangs up says nothing.
impl Drop for Try<'_> {
    fn drop(&mut self) {
        let kept = match self.back {
            Back::Nothing => return,
            Back::AllButHungUp => micros(HUNG_UP),
            Back::All => 0,
        };
        let mut counts = self.counted.counts();
        let [name, ..] = &self.places;
        if counts.get(name).is_none() {
            // Another one of this name was right meanwhile, and took this one back too.
            return;
        }
        for place in &self.places {
            let each = micros(place.1.room().each);
            take_back(&mut counts, place, each - kept);
        }
    }
}

/// How much of a place's room is used, in microseconds until it is all there again.
fn used(counts: &Counts, place: &Place, now: i64) -> i64 {
    let until = counts.get(place).copied().unwrap_or(now);
    until.saturating_sub(now).max(0)
}

fn take_back(counts: &mut Counts, place: &Place, back: i64) {
    if let Some(until) = counts.get(place).copied() {
        counts.keep(place.clone(), until.saturating_sub(back));
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// What of an address is one host's.
fn host(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests;
