use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};

use crypto::{Algorithm, SigningKey};
use futures_util::future::{BoxFuture, join_all};
use jiff::Timestamp;
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

/// A clock whose hands are set: the seconds that have passed, and those by the wall clock.
#[derive(Debug, Default)]
struct Hands {
    passed: AtomicU64,
    wall: AtomicI64,
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.wall.load(Ordering::SeqCst)).expect("an instant")
    }

    fn monotonic(&self) -> Duration {
        Duration::from_secs(self.passed.load(Ordering::SeqCst))
    }
}

/// A client's keys, and the clock that they are kept by.
struct Published {
    keys: Arc<PublishedKeys>,
    clock: Arc<Hands>,
}

impl Published {
    /// When so many seconds have passed.
    fn at(&self, seconds: u64) -> &Arc<PublishedKeys> {
        self.clock.passed.store(seconds, Ordering::SeqCst);
        &self.keys
    }
}

fn published() -> Published {
    let url = "https://keys.partner.example/jwks.json";
    let url = url.parse().expect("a URL");
    let clock = Arc::new(Hands::default());
    let keys = PublishedKeys::at(url, clock.clone(), TaskTracker::new());
    Published {
        keys: Arc::new(keys),
        clock,
    }
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

fn kids(published: &Published, seconds: u64) -> Vec<String> {
    let keys = published.at(seconds).keys();
    let kids = keys.keys().iter().filter_map(|key| key.kid());
    kids.map(str::to_owned).collect()
}

async fn refresh(published: &Published, host: &Arc<Host>, seconds: u64) -> bool {
    let host: Arc<dyn Fetch> = Arc::clone(host) as _;
    published.at(seconds).refresh(&host).await.is_ok()
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
    assert!(published.at(0).lacks(Some("a")) && published.at(0).lacks(None));
    assert!(kids(&published, 0).is_empty());
    assert!(refresh(&published, &host, 0).await);
    assert_eq!(kids(&published, 0), ["a"]);
    assert!(!published.at(299).lacks(Some("a")) && !published.at(299).lacks(None));
    assert!(published.at(300).lacks(Some("a")), "no longer fresh");
    assert!(published.at(0).lacks(Some("b")), "unknown");
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
async fn a_clock_that_is_set_makes_nothing_live_longer_and_nothing_of_the_future() {
    let (published, host) = (published(), Host::saying(&[set(&["a"])]));
    refresh(&published, &host, 0).await;
    for wall in [-1, -86_400, 1, 86_400] {
        published.clock.wall.store(wall, Ordering::SeqCst);
        assert_eq!(kids(&published, 1), ["a"], "{wall}");
        assert!(!published.at(1).lacks(Some("a")), "{wall}");
        assert!(refresh(&published, &host, 1).await, "{wall}");
        assert!(published.at(300).lacks(Some("a")), "{wall}");
        assert!(kids(&published, 3_600).is_empty(), "{wall}");
    }
    assert_eq!(host.asked(), 1);
}

#[tokio::test]
async fn who_read_the_clock_before_a_set_was_asked_for_believes_it_all_the_same() {
    let (published, host) = (published(), Host::saying(&[set(&["a"])]));
    refresh(&published, &host, 1).await;
    assert_eq!(kids(&published, 0), ["a"]);
    assert!(!published.at(0).lacks(Some("a")));
    assert!(refresh(&published, &host, 0).await);
    assert_eq!(host.asked(), 1);
}
