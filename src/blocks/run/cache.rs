//! Answers that are kept for a while, each for whoever it was given to.
//!
//! An answer is kept under all that it was asked with: whose it is, the service, the operation and
//! every argument. A withdrawn consent names nobody any more, so nothing that was kept under it is
//! found again; it leaves with its time, or when there is no room.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crypto::Sha256;
use serde_json::Value as Json;
use tokio::time::Instant;

use super::SourceCall;

/// The most answers that are kept.
const ANSWERS_MAX: usize = 10_000;
/// The most bytes that all of them have, and the most that one has, as JSON.
const BYTES_MAX: usize = 64 << 20;
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// What an answer is kept under: SHA-256 of all that it was asked with.
type Key = [u8; 32];

/// Answers of a block's services that are kept.
#[derive(Debug, Default)]
pub struct AnswerCache(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    answers: HashMap<Key, Answer>,
    /// In the order of their coming; one that was replaced stands twice.
    order: VecDeque<(Key, Instant)>,
    bytes: usize,
}

#[derive(Debug)]
struct Answer {
    json: Arc<Json>,
    bytes: usize,
    came: Instant,
    until: Instant,
}

impl AnswerCache {
    /// An answer that is still good.
    pub(super) fn find(&self, whose: &str, call: &SourceCall) -> Option<Arc<Json>> {
        let mut kept = self.lock();
        kept.forget(Instant::now(), 0);
        let answer = kept.answers.get(&key(whose, call))?;
        (answer.until > Instant::now()).then(|| Arc::clone(&answer.json))
    }

    /// Keeps an answer for so long. One that is too long is not kept.
    pub(super) fn keep(&self, whose: &str, call: &SourceCall, json: Json, time: Duration) {
        let Ok(written) = serde_json::to_vec(&json) else {
            return;
        };
        let (bytes, came) = (written.len(), Instant::now());
        if bytes > ANSWER_BYTES_MAX {
            return;
        }
        let key = key(whose, call);
        let mut kept = self.lock();
        kept.forget(came, bytes);
        let answer = Answer {
            json: Arc::new(json),
            bytes,
            came,
            until: came + time,
        };
        kept.bytes += bytes;
        kept.order.push_back((key, came));
        if let Some(former) = kept.answers.insert(key, answer) {
            kept.bytes -= former.bytes;
        }
    }

    /// Holds after a panic elsewhere: what is changed below is changed as a whole.
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    /// Removes the oldest until there is room for so many bytes more, and those before whom none is
    /// good any more.
    fn forget(&mut self, now: Instant, more: usize) {
        while let Some((key, came)) = self.order.front().copied() {
            let is_full = self.order.len() >= ANSWERS_MAX || self.bytes + more > BYTES_MAX;
            let answer = self.answers.get(&key).filter(|answer| answer.came == came);
            let is_over = answer.is_none_or(|answer| answer.until <= now);
            if !is_full && !is_over {
                return;
            }
            self.order.pop_front();
            if answer.is_some()
                && let Some(answer) = self.answers.remove(&key)
            {
                self.bytes -= answer.bytes;
            }
        }
    }
}

fn key(whose: &str, call: &SourceCall) -> Key {
    let mut digest = Sha256::new();
    let mut put = |part: &[u8]| {
        digest.update(&(part.len() as u64).to_be_bytes());
        digest.update(part);
    };
    put(whose.as_bytes());
    put(call.source.as_bytes());
    put(call.operation.as_bytes());
    for (name, value) in &call.arguments {
        put(name.as_bytes());
        put(value.to_string().as_bytes());
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(customer: &str) -> SourceCall {
        let Json::Object(arguments) = json!({ "customerId": customer }) else {
            unreachable!("an object");
        };
        SourceCall {
            source: "risk".into(),
            operation: "score".into(),
            arguments,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_kept_for_its_time_and_for_whoever_it_was_given_to() {
        let cache = AnswerCache::default();
        let minute = Duration::from_mins(1);
        cache.keep("one", &call("c-1"), json!(1), minute);
        let find = |whose: &str, customer: &str| cache.find(whose, &call(customer));
        assert_eq!(find("one", "c-1").as_deref(), Some(&json!(1)));
        assert_eq!(find("one", "c-2"), None);
        assert_eq!(find("two", "c-1"), None);
        tokio::time::advance(Duration::from_millis(59_999)).await;
        assert!(find("one", "c-1").is_some());
        cache.keep("one", &call("c-1"), json!(2), minute);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!(find("one", "c-1").as_deref(), Some(&json!(2)));
        tokio::time::advance(minute).await;
        assert_eq!(find("one", "c-1"), None);
        let kept = cache.lock();
        assert_eq!(
            (kept.answers.len(), kept.order.len(), kept.bytes),
            (0, 0, 0)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_make_room_and_what_is_too_long_is_not_kept() {
        let cache = AnswerCache::default();
        let hour = Duration::from_hours(1);
        let long = Json::from("a".repeat(ANSWER_BYTES_MAX));
        cache.keep("one", &call("long"), long, hour);
        assert_eq!(cache.find("one", &call("long")), None);
        for number in 0..=ANSWERS_MAX {
            cache.keep("one", &call(&number.to_string()), json!(number), hour);
        }
        assert_eq!(cache.find("one", &call("0")), None);
        assert!(cache.find("one", &call("2")).is_some());
        let large = Json::from("a".repeat(ANSWER_BYTES_MAX - 2));
        for number in 0..300 {
            cache.keep("two", &call(&number.to_string()), large.clone(), hour);
        }
        let kept = cache.lock();
        assert!(kept.bytes <= BYTES_MAX && kept.answers.len() == BYTES_MAX / ANSWER_BYTES_MAX);
        assert_eq!(
            kept.bytes,
            kept.answers
                .values()
                .map(|answer| answer.bytes)
                .sum::<usize>()
        );
    }
}
