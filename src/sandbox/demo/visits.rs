//! Who visits a demo app: a browser by its cookie, what was asked for in its name and what came of
//! it. In memory alone, at most 100 visits, an hour each.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crypto::{Random, random_array, sha256};
use web::Language;

use super::connection::{Tokens, Way};
use super::talk::Call;
use super::trouble::Trouble;

const VISITS_MAX: usize = 100;
const LASTS: Duration = Duration::from_hours(1);
/// How many calls are shown.
const CALLS_MAX: usize = 20;

/// A visit's key: the digest of its cookie, so that finding it tells nothing of the cookie.
pub(super) type Key = [u8; 32];

/// All visits.
pub(super) struct Visits(Mutex<HashMap<Key, Visit>>);

struct Visit {
    until: Duration,
    secret: [u8; 32],
    language: Option<Language>,
    way: Option<Way>,
    linked: Option<Linked>,
    /// How many permissions the visit has had.
    links: u64,
    notice: Option<Notice>,
    calls: VecDeque<Call>,
}

/// A permission in force, and which of the visit's it is.
#[derive(Clone)]
pub(super) struct Linked {
    number: u64,
    pub(super) tokens: Tokens,
}

/// What the customer is to be told at the next look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Notice {
    /// The permission has ended at the bank.
    Ended { code: String },
    /// The customer said no at the bank.
    Declined { code: String },
    /// The bank did not do what it was asked.
    Wrong { code: String },
    /// The permission was given back.
    Disconnected,
    /// Tokens are forgotten here; the bank could not be told.
    NotRevoked { code: String },
}

/// What a page shows of a visit.
pub(super) struct State {
    pub(super) secret: [u8; 32],
    pub(super) is_linked: bool,
    pub(super) notice: Option<Notice>,
    /// The newest first.
    pub(super) calls: Vec<Call>,
}

impl Notice {
    /// What a trouble means to the customer; `had_permission` where tokens were shown.
    pub(super) fn of(trouble: &Trouble, had_permission: bool) -> Self {
        let code = trouble.code().to_owned();
        if had_permission {
            Self::Ended { code }
        } else if code == "access_denied" {
            Self::Declined { code }
        } else {
            Self::Wrong { code }
        }
    }
}

impl Visits {
    pub(super) fn new() -> Self {
        Self(Mutex::new(HashMap::new()))
    }

    /// The visit of this cookie, or a new one with the value of its cookie. Where there are as many
    /// as may be, the oldest ends.
    pub(super) fn find_or_open(
        &self,
        cookie: Option<&[u8]>,
        now: Duration,
        random: &dyn Random,
    ) -> (Key, Option<[u8; 32]>) {
        let mut visits = self.lock();
        visits.retain(|_, visit| now < visit.until);
        if let Some(key) = cookie.map(sha256)
            && visits.contains_key(&key)
        {
            return (key, None);
        }
        if visits.len() >= VISITS_MAX {
            let oldest = visits.iter().min_by_key(|(_, visit)| visit.until);
            if let Some(oldest) = oldest.map(|(key, _)| *key) {
                visits.remove(&oldest);
            }
        }
        let value = random_array::<32>(random);
        let key = sha256(&value);
        let visit = Visit {
            until: now.saturating_add(LASTS),
            secret: random_array(random),
            language: None,
            way: None,
            linked: None,
            links: 0,
            notice: None,
            calls: VecDeque::new(),
        };
        visits.insert(key, visit);
        (key, Some(value))
    }

    /// The language that was chosen, now or before.
    pub(super) fn language(&self, key: Key, asked: Option<Language>) -> Option<Language> {
        let choose = |visit: &mut Visit| {
            visit.language = asked.or(visit.language);
            visit.language
        };
        self.with(key, choose).flatten()
    }

    /// What a page shows of the visit; none when it has ended.
    pub(super) fn state(&self, key: Key) -> Option<State> {
        self.with(key, |visit| State {
            secret: visit.secret,
            is_linked: visit.linked.is_some(),
            notice: visit.notice.clone(),
            calls: visit.calls.iter().rev().cloned().collect(),
        })
    }

    /// The permission in force.
    pub(super) fn linked(&self, key: Key) -> Option<Linked> {
        self.with(key, |visit| visit.linked.clone()).flatten()
    }

    /// A customer is sent to the bank; whoever was before is not waited for any more.
    pub(super) fn under_way(&self, key: Key, way: Way, calls: Vec<Call>) {
        self.with(key, |visit| {
            visit.way = Some(way);
            visit.notice = None;
            visit.keep(calls);
        });
    }

    /// Whom the visit waits for: once.
    pub(super) fn take_way(&self, key: Key) -> Option<Way> {
        self.with(key, |visit| visit.way.take()).flatten()
    }

    /// A permission was given.
    pub(super) fn link(&self, key: Key, tokens: Tokens, calls: Vec<Call>) {
        self.with(key, |visit| {
            visit.links += 1;
            let number = visit.links;
            visit.linked = Some(Linked { number, tokens });
            visit.notice = None;
            visit.keep(calls);
        });
    }

    /// The permission is used no more.
    pub(super) fn unlink(&self, key: Key) -> Option<Linked> {
        self.with(key, |visit| visit.linked.take()).flatten()
    }

    /// What came of reading by a permission: its tokens, newer ones it may be. One that has ended
    /// goes, unless the visit has another by now.
    pub(super) fn read(&self, key: Key, used: Linked, notice: Option<Notice>, calls: Vec<Call>) {
        self.with(key, |visit| {
            visit.keep(calls);
            if visit.linked.as_ref().map(|linked| linked.number) != Some(used.number) {
                return;
            }
            let has_ended = matches!(notice, Some(Notice::Ended { .. }));
            visit.linked = (!has_ended).then_some(used);
            visit.notice = notice;
        });
    }

    /// The customer is to be told something.
    pub(super) fn note(&self, key: Key, notice: Notice, calls: Vec<Call>) {
        self.with(key, |visit| {
            visit.notice = Some(notice);
            visit.keep(calls);
        });
    }

    fn with<T>(&self, key: Key, change: impl FnOnce(&mut Visit) -> T) -> Option<T> {
        self.lock().get_mut(&key).map(change)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Visit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Visit {
    fn keep(&mut self, calls: Vec<Call>) {
        self.calls.extend(calls);
        let more = self.calls.len().saturating_sub(CALLS_MAX);
        self.calls.drain(..more);
    }
}

impl Linked {
    /// The same permission with newer tokens.
    pub(super) fn renewed(&self, tokens: Tokens) -> Self {
        Self {
            number: self.number,
            tokens,
        }
    }
}

#[cfg(test)]
mod tests {
    use crypto::SeededRandom;

    use super::*;

    fn open(visits: &Visits, random: &SeededRandom, now: u64) -> (Key, [u8; 32]) {
        let (key, value) = visits.find_or_open(None, Duration::from_secs(now), random);
        (key, value.expect("a new visit"))
    }

    #[test]
    fn a_visit_is_found_by_its_cookie_for_an_hour() {
        let (visits, random) = (Visits::new(), SeededRandom::new(1));
        let (key, value) = open(&visits, &random, 0);
        let found = |value: &[u8], now| {
            let (found, fresh) =
                visits.find_or_open(Some(value), Duration::from_secs(now), &random);
            (found == key, fresh.is_none())
        };
        assert_eq!(found(&value, 3_599), (true, true));
        assert_eq!(found(&[7; 32], 3_599), (false, false));
        assert_eq!(found(&value, 3_600), (false, false));
    }

    #[test]
    fn there_are_never_more_than_a_hundred_and_the_oldest_goes() {
        let (visits, random) = (Visits::new(), SeededRandom::new(1));
        let all: Vec<_> = (0..101).map(|at| open(&visits, &random, at).0).collect();
        assert!(visits.state(all[0]).is_none());
        assert!(visits.state(all[1]).is_some());
        assert_eq!(visits.lock().len(), VISITS_MAX);
    }

    #[test]
    fn a_visit_shows_its_last_twenty_calls_the_newest_first() {
        let (visits, random) = (Visits::new(), SeededRandom::new(1));
        let (key, _) = open(&visits, &random, 0);
        for status in 0..30 {
            let call = Call {
                at: jiff::Timestamp::UNIX_EPOCH,
                method: http::Method::GET,
                path: "/x".to_owned(),
                status: Some(status),
                request: None,
                took: Duration::ZERO,
            };
            visits.note(key, Notice::Disconnected, vec![call]);
        }
        let calls = visits.state(key).expect("a visit").calls;
        let statuses: Vec<_> = calls.iter().filter_map(|call| call.status).collect();
        assert_eq!(statuses, (10..30).rev().collect::<Vec<u16>>());
    }
}
