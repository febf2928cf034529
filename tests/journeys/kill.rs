//! Killed under load, again and again: nobody was answered after identify without a record.
//! `MORTISE_LONG=1` makes the full counts, `MORTISE_SEED` repeats a run.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;
use tokio::task::JoinSet;

use crypto::{Random, SeededRandom, SystemRandom};
use kit::{Client, Dial, FORM, Folder, Method, Partner, Version, records, token_form, whole};
use model::SystemClock;

use crate::process::{PATIENCE, Program, assert_clean};

/// An answer that a client has: its request id, the type of its record, whom it was for, its
/// status.
#[derive(Debug, Clone)]
struct Answered {
    id: String,
    kind: &'static str,
    partner: &'static str,
    status: u16,
}

/// What the clients know of the campaign, and it of them.
#[derive(Debug)]
struct Ledger {
    answered: Mutex<Vec<Answered>>,
    count: watch::Sender<usize>,
    /// How many programs have been opened; 0 once the campaign is over.
    generation: watch::Sender<u32>,
}

impl Ledger {
    fn new() -> Self {
        let (count, _) = watch::channel(0);
        let (generation, _) = watch::channel(1);
        Self {
            answered: Mutex::default(),
            count,
            generation,
        }
    }

    fn note(&self, answered: Answered) {
        self.answered
            .lock()
            .expect("no client panicked")
            .push(answered);
        self.count.send_modify(|count| *count += 1);
    }

    /// Waits until so many calls have been answered.
    async fn reach(&self, wanted: usize) {
        let mut count = self.count.subscribe();
        let reached = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= wanted));
        assert!(
            reached.await.is_ok_and(|count| count.is_ok()),
            "no {wanted} answers came"
        );
    }
}

/// One client: calls as fast as it is answered, connects again when a new program is open.
struct Load {
    id: &'static str,
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

impl Load {
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
            if !self.is_answered(&mut client, "api.access", request).await {
                return;
            }
            if number % CALLS_PER_TOKEN == 0 {
                let scope = SCOPES[number / CALLS_PER_TOKEN % 2];
                let assertion = self.partner.assertion(&self.issuer, &SystemClock::new());
                let form = token_form(scope, &assertion);
                let request = (Method::POST, "/token", &[FORM][..], form.as_str());
                if !self.is_answered(&mut client, "oauth.token", request).await {
                    return;
                }
            }
        }
    }

    /// Sends a request and notes its answer; whether the connection is good for another.
    async fn is_answered(
        &self,
        client: &mut Client,
        kind: &'static str,
        (method, target, headers, body): (Method, &str, &[(&str, &str)], &str),
    ) -> bool {
        let body = whole(body.to_owned());
        let Ok(answer) = client.send(method, target, headers, body).await else {
            return false;
        };
        // The head is here: that is an answer, whatever becomes of its body.
        let id = answer.headers()["x-request-id"]
            .to_str()
            .expect("an id")
            .to_owned();
        self.ledger.note(Answered {
            id,
            kind,
            partner: self.id,
            status: answer.status().as_u16(),
        });
        kit::read(answer).await.is_ok()
    }
}

async fn clients(folder: &Folder, ledger: &Arc<Ledger>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (id, client) in [
        ("swiftride", "swiftride-app"),
        ("cartwheel", "cartwheel-app"),
    ] {
        for version in [Version::Http1, Version::Http2, Version::Http1] {
            let partner = Partner::in_folder(folder, client);
            let token = partner.bearer_in(folder, "catalogue").await;
            let load = Load {
                id,
                issuer: folder.prepared().issuer_url.clone(),
                dial: folder.dial(Some(&partner.identity), version),
                api: folder.api(),
                token,
                partner,
                ledger: Arc::clone(ledger),
            };
            tasks.spawn(load.run());
        }
    }
    tasks
}

/// A number below `end`.
fn below(random: &dyn Random, end: usize) -> usize {
    let drawn = u64::from_le_bytes(crypto::random_array(random));
    usize::try_from(drawn % end.max(1) as u64).expect("a small number")
}

/// Kills the program so many times over so many calls; gives what was answered.
async fn campaign(folder: &Folder, kills: usize, calls: usize, seed: u64) -> Vec<Answered> {
    let random = SeededRandom::new(seed);
    let audit = &folder.prepared().audit;
    let ledger = Arc::new(Ledger::new());
    let mut sandbox = Program::sandbox(folder).await;
    let mut tasks = clients(folder, &ledger).await;
    let share = calls / (kills + 1);
    for number in 1..=kills {
        // Under load: in this life of the program, too, calls have been answered.
        let since = *ledger.count.borrow();
        ledger.reach(since + 1 + below(&random, 2 * share)).await;
        sandbox.kill();
        sandbox = Program::sandbox(folder).await;
        let generation = u32::try_from(number).expect("a small number") + 1;
        ledger.generation.send_replace(generation);
        assert_clean(audit);
    }
    // Read first: a borrowed count would keep the clients from counting on.
    let since = *ledger.count.borrow();
    ledger.reach(calls.max(since + share)).await;
    ledger.generation.send_replace(0);
    while let Some(ended) = tasks.join_next().await {
        ended.expect("a client that does not panic");
    }
    assert_eq!(sandbox.stop().await, Some(0));
    assert_clean(audit);
    let answered = ledger.answered.lock().expect("no client panicked");
    answered.clone()
}

/// Each answer has its one record, of its type, which says the same.
fn compare(folder: &Folder, answered: &[Answered]) {
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
        let Some([record]) = by_id.get(answer.id.as_str()).map(Vec::as_slice) else {
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

#[tokio::test(flavor = "multi_thread")]
async fn long_kill_under_load_loses_no_record_of_an_answered_call() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let (kills, calls) = if is_long { (10, 5_000) } else { (10, 1_000) };
    let given = std::env::var_os("MORTISE_SEED");
    let seed = match given.map(|seed| seed.to_string_lossy().parse()) {
        Some(seed) => seed.expect("a number in MORTISE_SEED"),
        None => u64::from_le_bytes(crypto::random_array(&SystemRandom)),
    };
    println!("seed {seed}, commit {}", commit());
    let folder = Folder::new()
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
        );
    let answered = campaign(&folder, kills, calls, seed).await;
    compare(&folder, &answered);
    let mut tally: BTreeMap<(&str, &str, u16), usize> = BTreeMap::new();
    for answer in &answered {
        let key = (answer.kind, answer.partner, answer.status);
        *tally.entry(key).or_default() += 1;
    }
    println!(
        "{kills} kills, {} answered calls: {tally:?}",
        answered.len()
    );
    assert!(answered.len() >= calls, "{}", answered.len());
    for expected in [
        ("api.access", "swiftride", 200),
        ("api.access", "swiftride", 401),
        ("api.access", "swiftride", 403),
        ("api.access", "cartwheel", 200),
        ("api.access", "cartwheel", 403),
        ("api.access", "cartwheel", 429),
        ("oauth.token", "swiftride", 200),
        ("oauth.token", "swiftride", 400),
        ("oauth.token", "cartwheel", 200),
        ("oauth.token", "cartwheel", 400),
    ] {
        assert!(tally.contains_key(&expected), "no {expected:?}: {tally:?}");
    }
}
