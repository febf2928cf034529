//! Clients that call a program which may end at any moment, and remember what they were answered.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crypto::{Random, SeededRandom, SystemRandom};
use kit::{
    Answer, Client, Dial, FORM, Folder, Method, Partner, Version, records, token_form, whole,
};
use model::SystemClock;

use crate::process::PATIENCE;

/// An answer that a client has: its request id, the type of its record, whom it was for, its
/// status.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    id: String,
    kind: &'static str,
    partner: &'static str,
    pub(crate) status: u16,
}

/// An assertion that a token was given for.
#[derive(Debug, Clone)]
pub(crate) struct Used {
    client: &'static str,
    assertion: String,
}

/// What the clients know of the campaign, and it of them.
#[derive(Debug)]
struct Ledger {
    answered: Mutex<Vec<Answered>>,
    used: Mutex<Option<Used>>,
    count: watch::Sender<usize>,
    /// Answers that evidence cannot be kept.
    unavailable: watch::Sender<usize>,
    /// How many programs have been opened; 0 once the campaign is over.
    generation: watch::Sender<u32>,
}

/// Six clients of two partners, on both versions of HTTP, that call as fast as they are answered.
pub(crate) struct Load {
    ledger: Arc<Ledger>,
    tasks: JoinSet<()>,
}

/// One client: connects again when a new program is open.
struct Caller {
    id: &'static str,
    client: &'static str,
    partner: Partner,
    issuer: String,
    dial: Dial,
    api: SocketAddr,
    token: String,
    ledger: Arc<Ledger>,
}

/// Path and whether the token is shown: allowed, refused for the scope or the agreement, refused
/// for the token that is not there.
const CALLS: [(&str, bool); 5] = [
    ("/catalogue/v1/products?limit=2", true),
    ("/catalogue/v1/products?limit=1", true),
    ("/branches/v1/branches", true),
    ("/catalogue/v1/products?limit=2", true),
    ("/branches/v1/branches", false),
];

/// After so many calls a token is asked for.
const CALLS_PER_TOKEN: usize = 7;

/// One that is granted, one that is refused.
const SCOPES: [&str; 2] = ["catalogue", "payments"];

/// A folder whose limits let the load through, but for those of one partner.
pub(crate) fn folder() -> Folder {
    Folder::new()
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 100000/s, burst: 100000 requests",
        )
        .edit(
            "plans:\n",
            "plans:\n  narrow: { rate: 20/s, burst: 5 requests, concurrent: 8 requests }\n",
        )
        .edit(
            "products: [catalogue], plan: trial",
            "products: [catalogue], plan: narrow",
        )
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 100000/s, burst: 100000 requests",
        )
}

impl Load {
    /// Starts it on a folder whose program is open.
    pub(crate) async fn start(folder: &Folder) -> Self {
        let ledger = Arc::new(Ledger {
            answered: Mutex::default(),
            used: Mutex::default(),
            count: watch::Sender::new(0),
            unavailable: watch::Sender::new(0),
            generation: watch::Sender::new(1),
        });
        let mut tasks = JoinSet::new();
        for (id, client) in [
            ("swiftride", "swiftride-app"),
            ("cartwheel", "cartwheel-app"),
        ] {
            for version in [Version::Http1, Version::Http2, Version::Http1] {
                let partner = Partner::in_folder(folder, client);
                let token = partner.bearer_in(folder, "catalogue").await;
                let caller = Caller {
                    id,
                    client,
                    issuer: folder.prepared().issuer_url.clone(),
                    dial: folder.dial(Some(&partner.identity), version),
                    api: folder.api(),
                    token,
                    partner,
                    ledger: Arc::clone(&ledger),
                };
                tasks.spawn(caller.run());
            }
        }
        Self { ledger, tasks }
    }

    /// Says that another program is open.
    pub(crate) fn go_on(&self) {
        self.ledger.generation.send_modify(|open| *open += 1);
    }

    /// How many calls have been answered.
    pub(crate) fn count(&self) -> usize {
        *self.ledger.count.borrow()
    }

    /// Waits until so many calls have been answered.
    pub(crate) async fn reach(&self, wanted: usize) {
        reach(&self.ledger.count, wanted, "answers").await;
    }

    /// How many were answered 503 `audit_unavailable`.
    pub(crate) fn unavailable(&self) -> usize {
        *self.ledger.unavailable.borrow()
    }

    /// Waits until so many were.
    pub(crate) async fn reach_unavailable(&self, wanted: usize) {
        reach(&self.ledger.unavailable, wanted, "audit_unavailable").await;
    }

    /// Ends the clients; gives what they were answered.
    pub(crate) async fn end(mut self) -> Vec<Answered> {
        self.ledger.generation.send_replace(0);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a client that does not panic");
        }
        let answered = self.ledger.answered.lock().expect("no client panicked");
        answered.clone()
    }

    /// The last assertion that a token was given for is not taken again: the store remembers it.
    pub(crate) async fn is_remembered(&self, folder: &Folder) {
        let used = self.ledger.used.lock().expect("no client panicked").clone();
        let Some(Used { client, assertion }) = used else {
            return;
        };
        let partner = Partner::in_folder(folder, client);
        let dial = folder.dial(Some(&partner.identity), Version::Http1);
        let mut client = dial.connect(folder.api()).await.expect("a connection");
        let scope = SCOPES[0];
        let answer = partner.ask_token_on(&mut client, scope, &assertion).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (401, "invalid_client".to_owned()),
            "an assertion was taken twice: {answer:?}"
        );
    }
}

async fn reach(count: &watch::Sender<usize>, wanted: usize, what: &str) {
    let mut count = count.subscribe();
    let reached = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= wanted));
    assert!(
        reached.await.is_ok_and(|count| count.is_ok()),
        "no {wanted} {what} came"
    );
}

impl Ledger {
    fn note(&self, answered: Answered, answer: Option<&Answer>) {
        let is_unavailable = answer.is_some_and(|answer| answer.code() == "audit_unavailable");
        self.answered
            .lock()
            .expect("no client panicked")
            .push(answered);
        self.count.send_modify(|count| *count += 1);
        if is_unavailable {
            self.unavailable.send_modify(|count| *count += 1);
        }
    }
}

impl Caller {
    async fn run(self) {
        let mut generation = self.ledger.generation.subscribe();
        loop {
            let now = *generation.borrow_and_update();
            if now == 0 {
                return;
            }
            self.call_until_it_breaks(&generation).await;
            // The program is gone: the next one is waited for.
            let changed = generation.wait_for(|open| *open != now).await;
            if changed.is_err() {
                return;
            }
        }
    }

    async fn call_until_it_breaks(&self, generation: &watch::Receiver<u32>) {
        let Ok(mut client) = self.dial.connect(self.api).await else {
            return;
        };
        for (number, (target, is_shown)) in (1..).zip(CALLS.iter().cycle()) {
            if *generation.borrow() == 0 {
                return;
            }
            let headers = [("authorization", self.token.as_str())];
            let headers = if *is_shown { &headers[..] } else { &[] };
            let request = (Method::GET, *target, headers, "");
            if self
                .answer(&mut client, "api.access", request)
                .await
                .is_none()
            {
                return;
            }
            if number % CALLS_PER_TOKEN == 0 {
                let scope = SCOPES[number / CALLS_PER_TOKEN % 2];
                let assertion = self.partner.assertion(&self.issuer, &SystemClock::new());
                let form = token_form(scope, &assertion);
                let request = (Method::POST, "/token", &[FORM][..], form.as_str());
                let Some(status) = self.answer(&mut client, "oauth.token", request).await else {
                    return;
                };
                if status == 200 {
                    let mut used = self.ledger.used.lock().expect("no client panicked");
                    *used = Some(Used {
                        client: self.client,
                        assertion,
                    });
                }
            }
        }
    }

    /// Sends a request and notes its answer; its status, unless the connection broke.
    async fn answer(
        &self,
        client: &mut Client,
        kind: &'static str,
        (method, target, headers, body): (Method, &str, &[(&str, &str)], &str),
    ) -> Option<u16> {
        let body = whole(body.to_owned());
        let answer = client.send(method, target, headers, body).await.ok()?;
        // The head is here: that is an answer, whatever becomes of its body.
        let id = answer.headers()["x-request-id"]
            .to_str()
            .expect("an id")
            .to_owned();
        let status = answer.status().as_u16();
        let answered = Answered {
            id,
            kind,
            partner: self.id,
            status,
        };
        let read = kit::read(answer).await;
        self.ledger.note(answered, read.as_ref().ok());
        read.is_ok().then_some(status)
    }
}

/// A number below `end`.
pub(crate) fn below(random: &dyn Random, end: usize) -> usize {
    let drawn = u64::from_le_bytes(crypto::random_array(random));
    usize::try_from(drawn % end.max(1) as u64).expect("a small number")
}

/// Each answer has its one record, of its type, which says the same. One that says that evidence
/// cannot be kept has one at most.
pub(crate) fn compare(folder: &Folder, answered: &[Answered]) {
    let kept = records(&folder.prepared().audit);
    let mut by_id: HashMap<&str, Vec<&serde_json::Value>> = HashMap::new();
    let is_outcome = |record: &&serde_json::Value| {
        record["type"] == "api.access" || record["type"] == "oauth.token"
    };
    for record in kept.iter().filter(is_outcome) {
        by_id
            .entry(record["req"].as_str().expect("an id"))
            .or_default()
            .push(record);
    }
    let mut lost = Vec::new();
    for answer in answered {
        let found = by_id.get(answer.id.as_str()).map(Vec::as_slice);
        if answer.status == 503 {
            assert!(found.is_none_or(|found| found.len() == 1), "{answer:?}");
            continue;
        }
        let Some([record]) = found else {
            lost.push(answer);
            continue;
        };
        assert_eq!(record["type"], answer.kind, "{answer:?} {record:#}");
        assert_eq!(
            record["outcome"]["status"], answer.status,
            "{answer:?} {record:#}"
        );
        assert_eq!(
            record["partner"]["id"], answer.partner,
            "{answer:?} {record:#}"
        );
    }
    assert!(
        lost.is_empty(),
        "{} of {} lack their record: {lost:?}",
        lost.len(),
        answered.len()
    );
}

/// How many answers of which kind, to which partner, with which status.
pub(crate) fn tally(answered: &[Answered]) -> BTreeMap<(&'static str, &'static str, u16), usize> {
    let mut tally = BTreeMap::new();
    for answer in answered {
        let key = (answer.kind, answer.partner, answer.status);
        *tally.entry(key).or_default() += 1;
    }
    tally
}

/// Whether the full counts are asked for.
pub(crate) fn is_long() -> bool {
    std::env::var_os("MORTISE_LONG").is_some()
}

/// Random numbers of a campaign, and what it prints of them: seed and commit.
pub(crate) fn drawn() -> (SeededRandom, String) {
    let given = std::env::var_os("MORTISE_SEED");
    let seed = match given.map(|seed| seed.to_string_lossy().parse()) {
        Some(seed) => seed.expect("a number in MORTISE_SEED"),
        None => u64::from_le_bytes(crypto::random_array(&SystemRandom)),
    };
    let told = format!("seed {seed}, commit {}", commit());
    (SeededRandom::new(seed), told)
}

/// The commit of this checkout, where git can tell.
fn commit() -> String {
    let mut git = Command::new("git");
    git.args(["-C", env!("CARGO_MANIFEST_DIR"), "rev-parse", "HEAD"]);
    let told = git.output().ok().filter(|output| output.status.success());
    told.map_or_else(
        || "unknown".to_owned(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
