//! Keys that a client publishes at a URL of its own (RFC 7591 §2, `jwks_uri`; C-05): fetched within
//! bounds, kept for a while, and fetched anew for a key that is not among them.
//!
//! Attacks stopped here: a set that is huge, slow, sent elsewhere or no set (OA-52) changes
//! nothing, and the last good one is believed until its age; who names a client with a key that
//! nobody knows makes us ask its host once in [`ASKED_EVERY`] at most, and who names a client
//! that does not exist, never.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokio_util::task::TaskTracker;

use crypto::{BadJwk, Jwks};
use model::Clock;
use model::ports::{Fetch, FetchFailed, FetchRequest};

use crate::issuer::kept::{Kept, Manner, Read, Wish};
use crate::issuer::limits::SET_BYTES_MAX;

/// How long a fetch may take: well below the deadline of whoever waits for it.
const FETCH_WITHIN: Duration = Duration::from_secs(3);
/// How old a set may be before it is fetched anew: for so long a key that was taken out of it may
/// still be believed.
const FRESH: Duration = Duration::from_mins(5);
/// How often the host is asked at most, whatever comes of it.
const ASKED_EVERY: Duration = Duration::from_secs(10);
const MANNER: Manner = Manner {
    // After that nothing is believed.
    stale_max: Duration::from_hours(1),
    failed_wait: ASKED_EVERY,
    without_wait: ASKED_EVERY,
    stale_wait: FETCH_WITHIN,
};

/// A client's keys, by the URL at which it publishes them.
pub struct PublishedKeys {
    url: Uri,
    kept: Kept<Jwks>,
    clock: Arc<dyn Clock>,
    tasks: TaskTracker,
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
    pub fn at(url: Uri, clock: Arc<dyn Clock>, tasks: TaskTracker) -> Self {
        Self {
            url,
            kept: Kept::new(MANNER),
            clock,
            tasks,
        }
    }

    /// The keys that are believed now; none when there never were any, or when they are too old.
    pub(crate) fn keys(&self) -> Jwks {
        let believed = self.kept.believed(self.clock.as_ref());
        believed.map_or_else(|| Jwks::from_keys(Vec::new()), |keys| keys.as_ref().clone())
    }

    /// Whether they must be asked for before a signature of this `kid` is judged: they are not
    /// fresh, or the key is not among them. Without `kid` any key may be meant, and a fresh set is
    /// all there is.
    pub(crate) fn lacks(&self, kid: Option<&str>) -> bool {
        let Some(keys) = self.kept.younger(self.clock.as_ref(), FRESH) else {
            return true;
        };
        let is_there = |kid| keys.keys().iter().any(|key| key.kid() == Some(kid));
        !kid.is_none_or(is_there)
    }

    /// Fetches them, unless that was tried a moment ago; of several callers one does. Whatever
    /// comes instead of a good set, the last good one stays; only an empty set, or none at all
    /// (404, 410), takes it away. Takes [`FETCH_WITHIN`] for each caller at most; may be dropped at
    /// any await, and then it is fetched all the same: whoever hangs up takes the keys from nobody
    /// else.
    pub(crate) async fn refresh(self: &Arc<Self>, fetch: &Arc<dyn Fetch>) -> Result<(), NoKeys> {
        let (keys, fetch) = (Arc::clone(self), Arc::clone(fetch));
        let fetch = async move { keys.fetch(fetch.as_ref()).await };
        let fetched = self.tasks.spawn(fetch);
        fetched.await.map_err(NoKeys::Ended)?
    }

    async fn fetch(&self, fetch: &dyn Fetch) -> Result<(), NoKeys> {
        let wish = Wish {
            clock: self.clock.as_ref(),
            age_max: ASKED_EVERY,
            deadline: FETCH_WITHIN,
            is_stale_good: false,
        };
        let read = self.kept.read(wish, |within| self.ask(fetch, within));
        match read.await {
            Read::Failed {
                because: Some(problem),
                ..
            } => Err(problem),
            Read::Failed { because: None, .. } | Read::Good(_) => Ok(()),
        }
    }

    async fn ask(&self, fetch: &dyn Fetch, within: Duration) -> Result<Jwks, NoKeys> {
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
        let answer = fetch.fetch(request, within).await;
        let answer = answer.map_err(NoKeys::Fetch)?;
        if [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&answer.status) {
            // Taken away by who publishes them: what was there is believed no longer.
            self.kept.forget();
        }
        if answer.status != StatusCode::OK {
            return Err(NoKeys::Status(answer.status.as_u16()));
        }
        // C-06, OA-52: as strict as for files. A private key in it refuses the whole set.
        Jwks::parse(&answer.body).map_err(|problem| {
            if is_empty_set(&answer.body) {
                self.kept.forget();
            }
            NoKeys::Set(problem)
        })
    }
}

/// Whether these bytes say that there are no keys: of a client whose last one was stolen.
fn is_empty_set(json: &[u8]) -> bool {
    let set = crypto::strict_json(json).ok();
    let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array());
    keys.is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests;
