//! What a token's consent covers: asked on every request of class `customer`, remembered for a
//! minute at most, forgotten when the consent changes.

mod access;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::future::BoxFuture;
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};
use quick_cache::sync::Cache;

use model::ports::{self, Spend, StandingConsent, StoreUnavailable};
use model::{BankId, ConsentState, Terms, TermsStanding, Why};

pub use self::access::{Access, AccessTo, Spent};

/// How long what was looked up is believed, in seconds (CO-22).
const BELIEVED_S: i64 = 60;
/// The banks' zone: their days begin at midnight there.
const ZONE: Offset = Offset::constant(8);

/// Who keeps the consents of a bank, as far as the road asks. It stands before
/// [`ports::Consents`], so that a rehearsal needs no store.
pub trait ConsentBook: Send + Sync {
    /// As [`ports::Consents::terms`].
    fn terms(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<StandingConsent>, StoreUnavailable>>;

    /// As [`ports::Consents::spend`].
    fn spend(
        &self,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'_, Result<Spend, StoreUnavailable>>;

    /// As [`ports::Consents::give_back`].
    fn give_back(&self, digest: [u8; 32], day: Date)
    -> BoxFuture<'_, Result<(), StoreUnavailable>>;
}

/// The consents of a bank in the store.
struct Stored {
    bank: BankId,
    store: Arc<dyn ports::Consents>,
}

impl ConsentBook for Stored {
    fn terms(
        &self,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Option<StandingConsent>, StoreUnavailable>> {
        self.store.terms(&self.bank, digest, now)
    }

    fn spend(
        &self,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'_, Result<Spend, StoreUnavailable>> {
        self.store.spend(&self.bank, digest, day, max)
    }

    fn give_back(
        &self,
        digest: [u8; 32],
        day: Date,
    ) -> BoxFuture<'_, Result<(), StoreUnavailable>> {
        self.store.give_back(&self.bank, digest, day)
    }
}

/// A consent in force.
#[derive(Debug)]
pub struct LiveConsent {
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// What it covers.
    pub terms: Terms,
    /// SHA-256 of what the bank is told of it: its id, its customer and what they chose.
    pub told: [u8; 32],
}

impl LiveConsent {
    /// A consent in force, by the SHA-256 of its id.
    pub fn new(digest: [u8; 32], terms: Terms) -> Self {
        let mut told = crypto::Sha256::new();
        let mut put = |text: &str| {
            told.update(&text.len().to_be_bytes());
            told.update(text.as_bytes());
        };
        put(terms.id.as_str());
        put(&terms.customer);
        for resource in &terms.resources {
            put(resource.kind.as_str());
            put(resource.id.as_str());
        }
        let told = told.finish();
        Self {
            digest,
            terms,
            told,
        }
    }

    /// Whether it is in force: before its end, and before the customer has to log in once more.
    fn is_live(&self, now: Timestamp) -> bool {
        self.terms.standing(now) == TermsStanding::Live
    }
}

/// What a look-up found.
#[derive(Debug, Clone)]
pub enum Looked {
    /// A consent in force.
    Live(Arc<LiveConsent>),
    /// One that has ended, or waits for its customer to log in once more.
    Ended(Why),
    /// None that was ever in force.
    None,
}

/// The consents of a bank, as its road knows them. One for each bank; outlives snapshots. A consent
/// that is not in force is never remembered.
pub struct Consents {
    book: Box<dyn ConsentBook>,
    known: Cache<[u8; 32], (Arc<LiveConsent>, Timestamp)>,
    /// The day on which no access to something is left of so many, so that a flood asks the store
    /// once.
    spent: Cache<[u8; 32], (Date, u32)>,
    /// How often something was forgotten: what was looked up before is not remembered after.
    forgotten: Mutex<u64>,
}

impl fmt::Debug for Consents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consents").finish_non_exhaustive()
    }
}

impl Consents {
    /// The consents of a bank in the store; at most `capacity` are remembered.
    pub fn new(bank: BankId, store: Arc<dyn ports::Consents>, capacity: usize) -> Self {
        Self::of(Box::new(Stored { bank, store }), capacity)
    }

    /// Those that somebody else keeps.
    pub fn of(book: Box<dyn ConsentBook>, capacity: usize) -> Self {
        Self {
            book,
            known: Cache::new(capacity),
            spent: Cache::new(capacity),
            forgotten: Mutex::default(),
        }
    }

    /// What the consent of this digest covers now.
    ///
    /// Errors: the store does not answer; what was found a minute ago is not believed instead.
    pub async fn look(
        &self,
        digest: &[u8; 32],
        now: Timestamp,
    ) -> Result<Looked, StoreUnavailable> {
        if let Some((known, at)) = self.known.get(digest)
            && (0..BELIEVED_S).contains(&now.duration_since(at).as_secs())
            && at <= now
        {
            return Ok(live(known, now));
        }
        let begun = self.forgotten();
        let found = match self.book.terms(*digest, now).await? {
            Some((ConsentState::Authorised, Some(terms))) => LiveConsent::new(*digest, terms),
            Some((state, _)) => return Ok(Why::of(state).map_or(Looked::None, Looked::Ended)),
            None => return Ok(Looked::None),
        };
        let found = Arc::new(found);
        if found.is_live(now) {
            let forgotten = self
                .forgotten
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if *forgotten == begun {
                self.known.insert(*digest, (Arc::clone(&found), now));
            }
        }
        Ok(live(found, now))
    }

    /// The consent of this digest changes: the next look finds it as it is then, and one that
    /// began before does not put back what it was.
    pub fn forget(&self, digest: &[u8; 32]) {
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        self.known.remove(digest);
    }

    fn forgotten(&self) -> u64 {
        *self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Spends one of today's accesses to something while the customer is away; the day is the
    /// bank's.
    ///
    /// Errors: the store does not answer.
    pub async fn spend(
        &self,
        terms: &Terms,
        access: &AccessTo,
        now: Timestamp,
    ) -> Result<Access, StoreUnavailable> {
        let AccessTo { what } = *access;
        let day = ZONE.to_datetime(now).date();
        let max = terms.per_day_unattended;
        if self.spent.get(&what) == Some((day, max)) {
            return Ok(Access::NoneLeft);
        }
        let before = self.forgotten();
        match self.book.spend(what, day, max).await? {
            Spend::Left(_) => Ok(Access::Spent(Spent { what, day })),
            Spend::None => {
                let forgotten = self
                    .forgotten
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner);
                if *forgotten == before {
                    self.spent.insert(what, (day, max));
                }
                Ok(Access::NoneLeft)
            }
        }
    }

    /// Gives an access back by which nobody read anything.
    ///
    /// Errors: the store does not answer; then it stays spent.
    pub async fn give_back(&self, spent: &Spent) -> Result<(), StoreUnavailable> {
        self.book.give_back(spent.what, spent.day).await?;
        let mut forgotten = self
            .forgotten
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        *forgotten += 1;
        self.spent.remove(&spent.what);
        Ok(())
    }

    /// Seconds until the bank's next day, at least one.
    pub fn until_tomorrow(now: Timestamp) -> u64 {
        let today = ZONE.to_datetime(now);
        let midnight = today.date().tomorrow().ok();
        let midnight = midnight.and_then(|day| ZONE.to_timestamp(day.at(0, 0, 0, 0)).ok());
        let left = midnight.map_or(SignedDuration::ZERO, |next| next.duration_since(now));
        u64::try_from(left.as_secs()).unwrap_or(0).max(1)
    }
}

fn live(consent: Arc<LiveConsent>, now: Timestamp) -> Looked {
    if consent.is_live(now) {
        Looked::Live(consent)
    } else {
        Looked::Ended(Why::Expired)
    }
}

#[cfg(test)]
mod tests;
