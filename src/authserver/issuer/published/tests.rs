use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use crypto::{Algorithm, SigningKey};
use futures_util::future::{BoxFuture, join_all};
use model::ports::Fetched;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::*;

/// A host that gives these answers one after the other, and the last of them again and again.
struct Host {
    answers: Mutex<VecDeque<(u16, String)>>,
    asked: AtomicUsize,
    /// How many answers may go.
    is_open: Semaphore,
}

impl Host {
    fn saying(answers: &[(u16, String)]) -> Arc<Self> {
        Arc::new(Self {
            answers: Mutex::new(answers.iter().cloned().collect()),
            asked: AtomicUsize::new(0),
            is_open: Semaphore::new(Semaphore::MAX_PERMITS),
        })
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl Fetch for Host {
    fn fetch(
        &self,
        request: FetchRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>> {
        assert_eq!(request.url, "https://keys.partner.example/jwks.json");
        assert_eq!(request.answer_bytes_max, SET_BYTES_MAX);
        assert_eq!(deadline, FETCH_WITHIN);
        self.asked.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().expect("a list");
        let (status, body) = answers.front().cloned().expect("an answer");
        if answers.len() > 1 {
            answers.pop_front();
        }
        let fetched = Fetched {
            status: StatusCode::from_u16(status).expect("a status"),
            headers: HeaderMap::new(),
            body: body.into(),
        };
        Box::pin(async move {
            self.is_open.acquire().await.expect("open").forget();
            match status {
                599 => Err(FetchFailed::TimedOut),
                _ => Ok(fetched),
            }
        })
    }
}

fn published() -> Arc<PublishedKeys> {
    let url = "https://keys.partner.example/jwks.json";
    Arc::new(PublishedKeys::at(
        url.parse().expect("a URL"),
        TaskTracker::new(),
    ))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("an instant")
}

/// A key with this `kid`.
fn jwk(kid: &str) -> Value {
    let key = SigningKey::generate(Algorithm::Es256).expect("a key");
    let mut jwk = key.verification_key().to_jwk();
    jwk["kid"] = kid.into();
    jwk
}

fn set(kids: &[&str]) -> (u16, String) {
    let keys: Vec<Value> = kids.iter().map(|kid| jwk(kid)).collect();
    (200, json!({ "keys": keys }).to_string())
}

fn kids(published: &PublishedKeys, seconds: i64) -> Vec<String> {
    let keys = published.keys(at(seconds));
    let kids = keys.keys().iter().filter_map(|key| key.kid());
    kids.map(str::to_owned).collect()
}

async fn refresh(published: &Arc<PublishedKeys>, host: &Arc<Host>, seconds: i64) -> bool {
    let host: Arc<dyn Fetch> = Arc::clone(host) as _;
    published.refresh(&host, at(seconds)).await.is_ok()
}

#[tokio::test]
async fn whoever_hangs_up_takes_the_keys_from_nobody_else() {
    let (published, host) = (published(), Host::saying(&[set(&["a"])]));
    host.is_open.forget_permits(Semaphore::MAX_PERMITS);
    let mut impatient = Box::pin(refresh(&published, &host, 0));
    while host.asked() == 0 {
        assert!(futures_util::poll!(&mut impatient).is_pending());
        tokio::task::yield_now().await;
    }
    drop(impatient);
    host.is_open.add_permits(1);
    // It waits for the fetch that goes on, and asks for none of its own.
    assert!(refresh(&published, &host, 1).await);
    assert_eq!(
        (kids(&published, 1), host.asked()),
        (vec!["a".to_owned()], 1)
    );
}

#[tokio::test]
async fn keys_are_fetched_before_the_first_need_and_again_when_they_are_old_or_one_is_unknown() {
    let (published, host) = (published(), Host::saying(&[set(&["a"]), set(&["a", "b"])]));
    assert!(published.lacks(Some("a"), at(0)) && published.lacks(None, at(0)));
    assert!(kids(&published, 0).is_empty());
    assert!(refresh(&published, &host, 0).await);
    assert_eq!(kids(&published, 0), ["a"]);
    assert!(!published.lacks(Some("a"), at(299)) && !published.lacks(None, at(299)));
    assert!(published.lacks(Some("a"), at(300)), "no longer fresh");
    assert!(published.lacks(Some("b"), at(0)), "unknown");
    assert!(refresh(&published, &host, 9).await);
    assert_eq!(
        (kids(&published, 9), host.asked()),
        (vec!["a".to_owned()], 1)
    );
    assert!(refresh(&published, &host, 10).await);
    assert_eq!(
        (kids(&published, 10), host.asked()),
        (vec!["a".to_owned(), "b".to_owned()], 2)
    );
}

#[tokio::test]
async fn a_key_that_was_taken_out_of_the_set_is_believed_no_longer() {
    let (published, host) = (published(), Host::saying(&[set(&["a"]), set(&["b"])]));
    refresh(&published, &host, 0).await;
    refresh(&published, &host, 300).await;
    assert_eq!(kids(&published, 300), ["b"]);
}

#[tokio::test]
async fn a_set_may_have_one_kid_twice() {
    let (published, host) = (published(), Host::saying(&[set(&["a", "a"])]));
    assert!(refresh(&published, &host, 0).await);
    assert_eq!(kids(&published, 0), ["a", "a"]);
}

#[tokio::test]
async fn oa_52_whatever_is_no_set_leaves_the_last_good_one_until_its_age() {
    let mut private = jwk("p");
    private["d"] = "AA".into();
    let symmetric = json!({ "kty": "oct", "k": "AA", "kid": "s", "alg": "HS256" });
    let many: Vec<Value> = vec![jwk("m"); 21];
    let bad = [
        (301, String::new()),
        (500, set(&["x"]).1),
        (204, String::new()),
        (599, String::new()),
        (200, String::new()),
        (200, "[]".to_owned()),
        (200, json!({ "keys": [jwk("x"), private] }).to_string()),
        (200, json!({ "keys": [jwk("x"), symmetric] }).to_string()),
        (200, json!({ "keys": many }).to_string()),
        (
            200,
            json!({ "keys": [jwk("x")], "more": "x".repeat(SET_BYTES_MAX) }).to_string(),
        ),
        (200, format!("{}x", set(&["x"]).1)),
    ];
    for answer in bad {
        let (published, host) = (published(), Host::saying(&[set(&["a"]), answer.clone()]));
        assert!(refresh(&published, &host, 0).await);
        assert!(!refresh(&published, &host, 300).await, "{answer:?}");
        assert_eq!(host.asked(), 2, "{answer:?}");
        assert_eq!(kids(&published, 3_599), ["a"], "{answer:?}");
        assert!(kids(&published, 3_600).is_empty(), "{answer:?}");
    }
}

#[tokio::test]
async fn who_takes_the_last_key_away_is_believed_at_once() {
    for gone in [
        (200, json!({ "keys": [] }).to_string()),
        (404, String::new()),
        (410, String::new()),
    ] {
        let answers = [set(&["a"]), gone.clone(), set(&["b"])];
        let (published, host) = (published(), Host::saying(&answers));
        assert!(refresh(&published, &host, 0).await);
        assert!(!refresh(&published, &host, 300).await, "{gone:?}");
        assert!(kids(&published, 300).is_empty(), "{gone:?}");
        assert!(refresh(&published, &host, 310).await, "{gone:?}");
        assert_eq!(kids(&published, 310), ["b"], "{gone:?}");
    }
}

#[tokio::test]
async fn the_host_is_asked_once_in_a_while_whatever_comes_and_however_many_want_it() {
    let (published, host) = (published(), Host::saying(&[(599, String::new())]));
    join_all((0..100).map(|_| refresh(&published, &host, 0))).await;
    assert_eq!(host.asked(), 1);
    for second in 0..20 {
        refresh(&published, &host, second).await;
    }
    assert_eq!(host.asked(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_nothing_live_longer() {
    let (published, host) = (published(), Host::saying(&[set(&["a"])]));
    refresh(&published, &host, 0).await;
    assert!(kids(&published, -1).is_empty());
    assert!(published.lacks(Some("a"), at(-1)));
    refresh(&published, &host, -1).await;
    assert_eq!(
        (kids(&published, -1), host.asked()),
        (vec!["a".to_owned()], 2)
    );
}
