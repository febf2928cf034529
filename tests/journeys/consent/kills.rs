//! Killed while customers decide: each consent stands in a state that its life allows, with all
//! that belongs to the state and nothing else; the log tells of each edge that the store took and
//! of no other; what was withdrawn stays so. `MORTISE_LONG=1` makes the full counts,
//! `MORTISE_SEED` repeats a run.

pub(super) mod kept;
mod load;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crypto::Random;
use kit::{Answer, Folder, html, records};
use model::{Clock, ConsentState, Edge, SystemClock, Why};
use serde_json::Value;

use super::accesses::{ACCOUNTS, App, Sandbox, browser, call, until_shown};
use super::control::consent;
use crate::grants::{Form, log_in};
use crate::load::{below, drawn, is_long};
use crate::process::assert_clean;
use kept::Kept;
use load::{CUSTOMERS, Given, Load, Standing};

/// How many of each kind are looked at after each start, drawn anew each time.
const LOOKS: usize = 4;
/// What a full run tries, and who does it.
const EDGES: [&str; 12] = [
    "consent.lodge by partner",
    "consent.open by customer",
    "consent.allow by customer",
    "grant.approve by customer",
    "grant.refuse by customer",
    "grant.refuse by partner",
    "grant.refuse by house",
    "consent.renew by customer",
    "consent.supersede by customer",
    "consent.withdraw by customer",
    "consent.withdraw by partner",
    "consent.withdraw by bank",
];
/// How old a token may be that is shown, in seconds: it lives for 300.
const FRESH_SECONDS: i64 = 200;

fn folder() -> Arc<Folder> {
    let fast = "rate: 100000/s, burst: 100000 requests";
    let folder = Folder::consenting()
        .edit("rate: 5/s, burst: 10 requests", fast)
        .edit("rate: 200/s, burst: 400 requests", fast);
    Arc::new(folder)
}

/// The edges of consents in the log, oldest first; of what is told twice the first.
fn edges(folder: &Folder, left_over: &BTreeSet<String>) -> Vec<Value> {
    let mut records = records(&folder.prepared().audit);
    let mut seen: BTreeMap<String, Value> = BTreeMap::new();
    records.retain(|record| {
        let is_edge = record["consent"]["to"].is_string() && record["action"] != "consent.look";
        let Some(id) = record["eid"].as_str().filter(|_| is_edge) else {
            return false;
        };
        match seen.insert(id.to_owned(), record.clone()) {
            None => true,
            Some(former) => {
                // Whoever withdraws without a gateway may find it before it is seen here.
                let is_copy = left_over.contains(id) || former["boot"] != record["boot"];
                assert!(is_copy, "{record:#} was not left over");
                for member in ["action", "req", "gid", "consent"] {
                    assert_eq!(former[member], record[member], "{record:#}");
                }
                false
            }
        }
    });
    records
}

fn state(word: &Value) -> Option<ConsentState> {
    let state = ConsentState::parse(word.as_str()?);
    Some(state.unwrap_or_else(|| panic!("no state: {word}")))
}

/// What the log tells of a consent.
#[derive(Debug)]
struct Told {
    state: ConsentState,
    version: u32,
    digests: Vec<String>,
}

/// How each consent stands by the log, by its digest: each edge is one that the state before has.
fn told(edges: &[Value]) -> BTreeMap<String, Told> {
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for record in edges {
        let gid = record["gid"].as_str().expect("a digest").to_owned();
        let part = &record["consent"];
        let to = state(&part["to"]).expect("a state");
        let from = state(&part["from"]);
        let before = told.get(&gid);
        assert_eq!(from, before.map(|its| its.state), "{record:#}");
        let is_allowed = match from {
            Some(from) => Edge::ALL.iter().any(|edge| from.after(*edge) == Ok(to)),
            None => to.is_undecided(),
        };
        assert!(is_allowed, "no life has this edge: {record:#}");
        let its = told.entry(gid).or_insert(Told {
            state: to,
            version: 0,
            digests: Vec::new(),
        });
        its.version += u32::from(from.is_some());
        its.state = to;
        let digest = part["evidence_digest"].as_str();
        its.digests.extend(digest.map(str::to_owned));
    }
    told
}

/// Store and log tell the same of the same consents.
fn compare(kept: &Kept, told: &BTreeMap<String, Told>) {
    for (digest, stands) in &kept.consents {
        let its = told.get(digest);
        let its = its.unwrap_or_else(|| panic!("{} is in the store alone", stands.id));
        let (state, version) = (stands.state, stands.version);
        assert_eq!((state, version), (its.state, its.version), "{}", stands.id);
        assert_eq!(stands.digests, its.digests, "{}", stands.id);
    }
    for (digest, its) in told {
        let is_kept = kept.consents.contains_key(digest);
        assert!(is_kept, "{digest} is in the log alone: {its:?}");
    }
}

/// So many of these, drawn.
fn some<'a, T>(all: &'a [T], random: &dyn Random) -> Vec<&'a T> {
    let looks = 0..LOOKS.min(all.len());
    looks.map(|_| &all[below(random, all.len())]).collect()
}

/// Asks after what was known before the kill: whoever has it is served, whoever lost it is not.
async fn look_around(folder: &Folder, load: &Load, kept: &Kept, random: &dyn Random) {
    let given = load.given();
    let mut by_state: BTreeMap<ConsentState, Vec<&Given>> = BTreeMap::new();
    for (id, its) in &given {
        let state = kept.state(id).unwrap_or_else(|| panic!("{id} is lost"));
        let is_known = match its.standing {
            Standing::Live => state == ConsentState::Authorised,
            Standing::Ended => Why::of(state).is_some(),
            Standing::Doubtful => state == ConsentState::Authorised || Why::of(state).is_some(),
        };
        assert!(is_known, "{id} is {state:?}, and was answered {its:?}");
        by_state.entry(state).or_default().push(its);
    }
    let app = App::of(folder);
    let mut client = app.connected().await.expect("a connection");
    for (state, all) in &by_state {
        let is_live = *state == ConsentState::Authorised;
        for its in some(all, random) {
            let refreshed = app.post("/token", Form::refresh(&its.refresh_token)).await;
            let refreshed = refreshed.expect("an answer");
            let wanted = if is_live { 200 } else { 400 };
            assert_eq!(refreshed.status, wanted, "{its:?}: {refreshed:?}");
        }
        let now = SystemClock::new().now().as_second();
        let fresh = all.iter().filter(|its| now < its.since + FRESH_SECONDS);
        let fresh: Vec<_> = fresh.collect();
        for its in some(&fresh, random) {
            let answer = call(&mut client, &its.bearer, ACCOUNTS, true).await;
            let answer: Answer = answer.expect("an answer");
            if is_live {
                answer.ok();
            } else {
                answer.refused(403, "consent_withdrawn");
            }
        }
    }
}

/// The evidence of a few that stand otherwise than before opens, and the log bears it out; and a
/// customer is shown just the accesses that the log tells of.
async fn look_closely(folder: &Folder, load: &Load, kept: &Kept, random: &dyn Random) {
    let new: Vec<_> = kept.consents.values().filter(|its| its.is_new).collect();
    if !new.is_empty() {
        let id = new[below(random, new.len())].id.as_str();
        let said = consent(&folder.config(), &["evidence", id]);
        assert_eq!(said.code, Some(0), "{said:?}");
    }
    let given: Vec<_> = load.given().into_iter().collect();
    if given.is_empty() {
        return;
    }
    let (id, its) = &given[below(random, given.len())];
    let mut browser = browser(folder);
    let page = browser.get("/permissions").await;
    let list = log_in(&mut browser, &page, its.customer).await;
    assert!(html(&list).contains("SwiftRide"), "{}", html(&list));
    until_shown(&mut browser, folder, id).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_consent_killed_leaves_no_half_decision_and_no_edge_without_its_record() {
    let (kills, answers) = if is_long() { (200, 8_000) } else { (4, 160) };
    let (random, seed) = drawn();
    println!("{seed}");
    let folder = folder();
    let mut sandbox = Sandbox::open(&folder, 0).await;
    let mut load = Load::start(&folder, &sandbox.start).await;
    let (mut left, mut torn) = (BTreeSet::new(), 0);
    let mut kept: Option<Kept> = None;
    for kill in 1..=kills {
        let share = answers / kills;
        let lives = load.lives();
        lives
            .reach(lives.count() + 1 + below(&random, 2 * share))
            .await;
        sandbox.program.kill();
        lives.is_broken(CUSTOMERS.len()).await;
        let now = Kept::of(&folder, &load.lodged(), kept.as_ref()).await;
        torn += usize::from(!now.waiting.is_empty());
        left.extend(now.waiting.iter().cloned());
        sandbox = Sandbox::open(&folder, kill).await;
        assert_clean(&folder.prepared().audit);
        compare(&now, &told(&edges(&folder, &left)));
        look_around(&folder, &load, &now, &random).await;
        look_closely(&folder, &load, &now, &random).await;
        kept = Some(now);
        load.go_on(&sandbox.start);
    }
    let lives = load.lives();
    lives.reach(answers.max(lives.count() + 20)).await;
    load.end().await;
    assert_eq!(sandbox.program.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
    let now = Kept::of(&folder, &load.lodged(), kept.as_ref()).await;
    assert!(now.waiting.is_empty(), "all is in the log");
    let edges = edges(&folder, &left);
    compare(&now, &told(&edges));
    let tally = tally(&edges);
    println!(
        "{kills} kills, {} answers, {} consents, {} edges {tally:?}; {} left over by {torn} kills",
        load.lives().count(),
        now.consents.len(),
        edges.len(),
        left.len(),
    );
    // In a few kills each of them need not come to be.
    let is_whole = EDGES.iter().all(|edge| tally.contains_key(*edge));
    assert!(!is_long() || is_whole && torn > 0, "{torn} torn, {tally:?}");
}

/// How often which edge was taken by whom.
fn tally(edges: &[Value]) -> BTreeMap<String, usize> {
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    for record in edges {
        let by = record["consent"]["by"].as_str().expect("somebody");
        let action = record["action"].as_str().expect("an action");
        *tally.entry(format!("{action} by {by}")).or_default() += 1;
    }
    tally
}
