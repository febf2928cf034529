//! Killed while grants are made, used and ended: no code is good twice, nothing that a client was
//! answered lacks its record, whatever was revoked stays so, and the log tells of every step that
//! the store took. `MORTISE_LONG=1` makes the full counts, `MORTISE_SEED` repeats a run.

mod load;

use std::collections::{BTreeMap, BTreeSet};

use crypto::Random;
use kit::{Folder, records};
use serde_json::Value;

use super::claims;
use crate::lives::left_over;
use crate::load::{below, drawn, folder, is_long};
use crate::process::{Program, assert_clean};
use load::{Answered, Client, Grant, Load, Standing};

/// How many grants of each kind are asked after at each start, drawn anew each time.
const LOOKS: usize = 6;

/// The steps of grants in the log, oldest first.
fn steps(folder: &Folder) -> Vec<Value> {
    let mut records = records(&folder.prepared().audit);
    records.retain(|record| record["type"] == "oauth.grant");
    records
}

/// Asks after what was known before the kill; gives how many codes in doubt had not been used.
async fn look_around(folder: &Folder, load: &Load, random: &dyn Random) -> usize {
    let mut client = Client::of(folder, "swiftride-app").await;
    let mut unused = 0;
    // A code that nobody heard of is good once at most.
    for code in load.take_doubtful_codes() {
        let first = client.redeem(&code).await.expect("an answer");
        let second = client.redeem(&code).await.expect("an answer");
        assert_eq!(second.status, 400, "a code was good twice: {second:?}");
        if first.status == 200 {
            unused += 1;
            let token = &first.json()["access_token"];
            assert_eq!(client.call(token).await, Some(401), "its token is dead");
        }
    }
    for (standing, wanted) in [
        (Standing::Live, 200),
        (Standing::Revoked, 400),
        (Standing::Reused, 400),
    ] {
        let known = load.grants(standing);
        for _ in 0..LOOKS.min(known.len()) {
            let grant = &known[below(random, known.len())];
            let answer = client.refresh(&grant.refresh_token).await;
            let answer = answer.expect("an answer");
            assert_eq!(answer.status, wanted, "{standing:?}: {answer:?}");
            if standing == Standing::Revoked {
                assert_eq!(client.call(&grant.access_token).await, Some(401));
            }
        }
    }
    used_up(&mut client, load, random).await;
    // One that was redeemed, again.
    let known = load.grants(Standing::Live);
    if !known.is_empty() {
        let grant = &known[below(random, known.len())];
        let again = client.redeem(&grant.code).await.expect("an answer");
        assert_eq!(again.status, 400, "a code was good twice: {again:?}");
        load.is_reused(grant);
        assert_eq!(client.call(&grant.access_token).await, Some(401));
    }
    unused
}

/// What was good once is so after a kill: access tokens that were given up alone, request objects
/// and proofs.
async fn used_up(client: &mut Client, load: &Load, random: &dyn Random) {
    let mut known = load.grants(Standing::Live);
    known.retain(|grant| grant.token == Standing::Revoked);
    for _ in 0..LOOKS.min(known.len()) {
        let grant = &known[below(random, known.len())];
        assert_eq!(client.call(&grant.access_token).await, Some(401));
    }
    let objects = load.objects();
    for _ in 0..LOOKS.min(objects.len()) {
        let object = &objects[below(random, objects.len())];
        let again = client.push(object).await.expect("an answer");
        assert_eq!(again.status, 400, "an object was good twice: {again:?}");
        assert_eq!(again.json()["error"], "invalid_request_object");
    }
    let proofs = load.proofs();
    for _ in 0..LOOKS.min(proofs.len()) {
        let proof = &proofs[below(random, proofs.len())];
        let again = client.own(proof).await.expect("an answer");
        assert_eq!(again.status, 400, "a proof was good twice: {again:?}");
        let told = again.json();
        let code = told["error"].as_str().unwrap_or_default();
        let codes = ["invalid_dpop_proof", "use_dpop_nonce"];
        assert!(codes.contains(&code), "{again:?}");
    }
}

/// Each answer has its one record, and its step of the grant where it made one.
fn compare(folder: &Folder, answered: &[Answered]) {
    let mut by_request: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for record in records(&folder.prepared().audit) {
        if let Some(id) = record["req"].as_str() {
            by_request.entry(id.to_owned()).or_default().push(record);
        }
    }
    for answer in answered {
        let found = by_request.get(&answer.id).map_or(&[][..], Vec::as_slice);
        if let Some(kind) = answer.kind {
            let own: Vec<_> = found
                .iter()
                .filter(|record| record["type"] == kind)
                .collect();
            let [record] = own.as_slice() else {
                panic!("{answer:?} has {} records: {found:#?}", own.len());
            };
            assert_eq!(record["outcome"]["status"], answer.status, "{record:#}");
        }
        if let Some(step) = answer.step {
            let is_it = |record: &&Value| record["action"] == step;
            let ids: BTreeSet<_> = found
                .iter()
                .filter(is_it)
                .map(|one| one["eid"].as_str())
                .collect();
            assert_eq!(ids.len(), 1, "{answer:?}: {found:#?}");
        }
    }
}

/// Each step stands in the log, once by its id, after those that it builds on; gives how many
/// there are, and how many of them were written again after a kill.
fn judge_steps(folder: &Folder, left_over: &BTreeSet<String>) -> (usize, usize) {
    let steps = steps(folder);
    let mut by_id: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut repeated = 0;
    let (mut approved, mut redeemed) = (BTreeSet::new(), BTreeSet::new());
    for step in &steps {
        let id = step["eid"].as_str().expect("an id");
        if let Some(before) = by_id.insert(id, step) {
            // What a crash left between store and log is told twice under one id.
            assert!(left_over.contains(id), "{step:#} was not left over");
            for member in ["action", "req", "gid", "partner"] {
                assert_eq!(before[member], step[member], "{step:#}");
            }
            repeated += 1;
            continue;
        }
        let grant = step["gid"].as_str();
        match step["action"].as_str().expect("an action") {
            "grant.approve" => assert!(approved.insert(grant), "two grants of one id: {step:#}"),
            "code.redeem" => {
                assert!(approved.contains(&grant), "no grant before it: {step:#}");
                assert!(redeemed.insert(grant), "a code was good twice: {step:#}");
            }
            "code.reuse" => {
                assert!(redeemed.contains(&grant), "not used before: {step:#}");
            }
            "grant.revoke" => assert!(approved.contains(&grant), "no grant before it: {step:#}"),
            _ => assert_eq!(grant, None, "{step:#}"),
        }
    }
    for id in left_over {
        assert!(
            by_id.contains_key(id.as_str()),
            "{id} was in the store and never logged"
        );
    }
    // No token of a grant that nobody approved.
    for record in records(&folder.prepared().audit) {
        if record["type"] == "oauth.token" && record["gid"].is_string() {
            assert!(approved.contains(&record["gid"].as_str()), "{record:#}");
        }
    }
    (by_id.len(), repeated)
}

/// The id of a grant as the log writes it.
fn logged_id(grant: &Grant) -> String {
    let id = claims(&grant.access_token)["grant_id"].clone();
    crypto::base64url(&crypto::sha256(id.as_str().expect("text").as_bytes()))
}

#[tokio::test(flavor = "multi_thread")]
async fn long_issue_killed_uses_no_code_twice_and_takes_no_step_without_its_record() {
    let (kills, answers) = if is_long() { (200, 10_000) } else { (3, 100) };
    let (random, told) = drawn();
    println!("{told}");
    let folder = folder();
    let mut sandbox = Program::sandbox(&folder).await;
    let load = Load::start(&folder).await;
    let mut left = BTreeSet::new();
    let (mut unused, mut torn) = (0, 0);
    for _ in 0..kills {
        let share = answers / kills;
        load.reach(load.count() + 1 + below(&random, 2 * share))
            .await;
        sandbox.kill();
        load.is_broken().await;
        let waiting = left_over(&folder).await;
        torn += usize::from(!waiting.is_empty());
        left.extend(waiting);
        sandbox = Program::sandbox(&folder).await;
        assert_clean(&folder.prepared().audit);
        unused += look_around(&folder, &load, &random).await;
        load.go_on();
    }
    load.reach(answers.max(load.count() + 20)).await;
    let (answered, grants) = load.end().await;
    let mut client = Client::of(&folder, "swiftride-app").await;
    let mut tally: BTreeMap<Standing, usize> = BTreeMap::new();
    for grant in &grants {
        *tally.entry(grant.standing).or_default() += 1;
        let answer = client.refresh(&grant.refresh_token).await;
        let status = answer.expect("an answer").status.as_u16();
        match grant.standing {
            Standing::Live => assert_eq!(status, 200, "{grant:?}"),
            Standing::Revoked | Standing::Reused => assert_eq!(status, 400, "{grant:?}"),
            Standing::Doubtful => assert!([200, 400].contains(&status), "{grant:?}"),
        }
    }
    assert_eq!(sandbox.stop().await, Some(0));
    assert_clean(&folder.prepared().audit);
    compare(&folder, &answered);
    let (count, repeated) = judge_steps(&folder, &left);
    let steps = steps(&folder);
    let of_grant = |id: &str| steps.iter().any(|step| step["gid"] == id);
    assert!(grants.iter().all(|grant| of_grant(&logged_id(grant))));
    assert!(left_over(&folder).await.is_empty(), "all is in the log");
    println!(
        "{kills} kills, {} answers, {} grants {tally:?}; {count} steps, {} left over by {torn} kills, \
         {repeated} told again; {unused} codes in doubt were unused",
        answered.len(),
        grants.len(),
        left.len(),
    );
    assert!(answered.len() >= answers, "{}", answered.len());
    let actions: BTreeSet<_> = steps.iter().map(|step| step["action"].as_str()).collect();
    // In a few kills each of them need not come to be.
    assert!(!is_long() || actions.len() == 7, "{actions:?}");
    let all = [Standing::Live, Standing::Revoked, Standing::Reused];
    assert!(
        !is_long() || all.iter().all(|standing| tally.contains_key(standing)),
        "{tally:?}"
    );
}
