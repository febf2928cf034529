//! Keys that a client publishes at a URL of its own (RFC 7591 §2, `jwks_uri`; C-05): fetched within
//! bounds, kept for a while, and fetched anew for a key that is not among them.
//!
//! Attacks stopped here: a set that is huge, slow, sent elsewhere or no set (OA-52) changes
//! nothing, and the last good one is believed until its age; who names a client with a key that
//! nobody knows makes us ask its host once in [`ASKED_EVERY_S`] at most, and who names a client
//! that does not exist, never.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crypto::{BadJwk, Jwks};
use model::ports::{Fetch, FetchFailed, FetchRequest};

use crate::issuer::limits::SET_BYTES_MAX;

/// How long a fetch may take: well below the deadline of whoever waits for it.
const FETCH_WITHIN: Duration = Duration::from_secs(3);
/// How old a set may be before it is fetched anew, in seconds: for so long a key that was taken out
/// of it may still be believed.
const FRESH_S: i64 = 300;
/// How old a set may be that cannot be fetched anew, in seconds: after that nothing is believed.
const BELIEVED_S: i64 = 3_600;
/// How often the host is asked at most, in seconds, whatever comes of it.
const ASKED_EVERY_S: i64 = 10;

/// A client's keys, by the URL at which it publishes them.
pub struct PublishedKeys {
    url: Uri,
    held: Mutex<Held>,
    /// Who fetches; the others wait, and find what was fetched.
    turn: tokio::sync::Mutex<()>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Held {
    /// The last good set, and when it was asked for.
    good: Option<(Jwks, Timestamp)>,
    asked: Option<Timestamp>,
}

/// Why what came is no set of keys. It quotes nothing of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoKeys {
    /// Nothing came.
    #[error("the keys could not be fetched")]
    Fetch(#[source] FetchFailed),
    /// The fetching was ended: the house stops.
    #[error("the keys were not fetched to the end")]
    Ended(#[source] tokio::task::JoinError),
    /// Another status than 200: a redirect is not followed.
    #[error("the status is {0}")]
    Status(u16),
    /// It is no set, or one that may not be used.
    #[error("the answer is no key set that may be used")]
    Set(#[source] BadJwk),
}

impl fmt::Debug for PublishedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublishedKeys")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl PublishedKeys {
    /// Nothing is fetched yet, so no key is known. They are fetched by tasks of these.
    pub fn at(url: Uri, tasks: TaskTracker) -> Self {
        Self {
            url,
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            tasks,
        }
    }

    /// The keys that are believed now; none when there never were any, or when they are too old
    /// (or of the future: then the clock was set back).
    pub(crate) fn keys(&self, now: Timestamp) -> Jwks {
        let held = self.held();
        let good = held.good.as_ref();
        let believed = good.filter(|(_, since)| is_within(*since, now, BELIEVED_S));
        believed.map_or_else(|| Jwks::from_keys(Vec::new()), |(keys, _)| keys.clone())
    }

    /// Whether they must be asked for before a signature of this `kid` is judged: they are not
    /// fresh, or the key is not among them. Without `kid` any key may be meant, and a fresh set is
    /// all there is.
    pub(crate) fn lacks(&self, kid: Option<&str>, now: Timestamp) -> bool {
        let held = self.held();
        let Some((keys, since)) = &held.good else {
            return true;
        };
        let is_there = |kid| keys.keys().iter().any(|key| key.kid() == Some(kid));
        !is_within(*since, now, FRESH_S) || !kid.is_none_or(is_there)
    }

    /// Fetches them, unless that was tried a moment ago; of several callers one does. Whatever
    /// comes instead of a good set, the last good one stays; only an empty set, or none at all
    /// (404, 410), takes it away. Takes [`FETCH_WITHIN`] for each caller at most; may be dropped at
    /// any await, and then it is fetched all the same: whoever hangs up takes the keys from nobody
    /// else.
    pub(crate) async fn refresh(
        self: &Arc<Self>,
        fetch: &Arc<dyn Fetch>,
        now: Timestamp,
    ) -> Result<(), NoKeys> {
        let (keys, fetch) = (Arc::clone(self), Arc::clone(fetch));
        let fetch = async move { keys.fetch(fetch.as_ref(), now).await };
        let fetched = self.tasks.spawn(fetch);
        fetched.await.map_err(NoKeys::Ended)?
    }

    async fn fetch(&self, fetch: &dyn Fetch, now: Timestamp) -> Result<(), NoKeys> {
        let _turn = self.turn.lock().await;
        if !self.may_ask(now) {
            return Ok(());
        }
        let request = FetchRequest {
            method: Method::GET,
            url: self.url.clone(),
            headers: HeaderMap::from_iter([(
                ACCEPT,
                HeaderValue::from_static("application/jwk-set+json, application/json"),
            )]),
            body: Bytes::new(),
            answer_bytes_max: SET_BYTES_MAX,
        };
        let answer = fetch.fetch(request, FETCH_WITHIN).await;
        let answer = answer.map_err(NoKeys::Fetch)?;
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) {
            // Taken away by who publishes them: what was there is believed no longer.
            self.held().good = None;
        }
        if answer.status != StatusCode::OK {
            return Err(NoKeys::Status(answer.status.as_u16()));
        }
        // C-06, OA-52: as strict as for files. A private key in it refuses the whole set.
        let keys = Jwks::parse(&answer.body).map_err(|problem| {
            if is_empty_set(&answer.body) {
                self.held().good = None;
            }
            NoKeys::Set(problem)
        })?;
        self.held().good = Some((keys, now));
        Ok(())
    }

    /// Notes that the host is asked now, if it may be. Noted before it is asked: a caller who
    /// hangs up gains no second try.
    fn may_ask(&self, now: Timestamp) -> bool {
        let mut held = self.held();
        let was_asked = held.asked;
        if was_asked.is_some_and(|asked| is_within(asked, now, ASKED_EVERY_S)) {
            return false;
        }
        held.asked = Some(now);
        true
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether these bytes say that there are no keys: of a client whose last one was stolen.
fn is_empty_set(json: &[u8]) -> bool {
    let set = crypto::strict_json(json).ok();
    let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array());
    keys.is_some_and(Vec::is_empty)
}

/// Whether so many seconds have not passed since then. What lies ahead is not within: the clock
/// was set back, and nobody knows how long ago it was.
fn is_within(since: Timestamp, now: Timestamp, seconds: i64) -> bool {
    let age = now.as_second().saturating_sub(since.as_second());
    (0..seconds).contains(&age)
}

#[cfg(test)]
mod tests;
