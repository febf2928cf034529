//! `mortise consent withdraw`, in the running gateway and without one, and what time ends.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use kit::{GRANT_LIFETIME, HouseBuilder, TestHouse};
use model::ports::Grants as _;
use model::{BankId, Clock as _, GrantAction, MovedClock, SystemClock};
use serde_json::Value;

use super::kills::kept::event;
use super::{id_of, tokens_of};
use crate::grants::{App, Form};
use crate::process::{Finished, eventually, finish, mortise};

const BRANCHES: &str = "/branches/v1/branches";
const REASON: &str = "the customer called: lost their phone";

/// `mortise consent` for a house.
pub(super) fn consent(config: &Path, arguments: &[&str]) -> Finished {
    let mut command = mortise();
    command.arg("consent").args(arguments).arg("--config");
    finish(command.arg(config))
}

fn withdraw(config: &Path, id: &str, reason: &str) -> Finished {
    consent(config, &["withdraw", id, "--reason", reason])
}

fn config(house: &TestHouse) -> std::path::PathBuf {
    house.dir().join("gateway.yaml")
}

/// What the road answers to this access token.
async fn called(app: &mut App<'_>, tokens: &Value) -> kit::Answer {
    let token = tokens["access_token"].as_str().expect("a token");
    let bearer = format!("Bearer {token}");
    app.client
        .get(BRANCHES, &[("authorization", &bearer)])
        .await
}

/// The records of a consent with this action.
fn told(records: &[Value], action: &str) -> Vec<Value> {
    let is_it = |record: &&Value| record["action"] == action;
    records.iter().filter(is_it).cloned().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_withdraws_is_refused_at_once_and_by_the_next_house_too() {
    let house = HouseBuilder::consenting().restartable().start().await;
    let file = config(&house);
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = tokens_of(&house, &mut app, "li-lei").await;
    let others = tokens_of(&house, &mut app, "han-meimei").await;
    called(&mut app, &tokens).await.ok();
    let id = id_of(&tokens);

    for reason in [String::new(), " ".to_owned(), "x".repeat(501)] {
        let refused = withdraw(&file, &id, &reason);
        assert_eq!(refused.code, Some(1), "{refused:?}");
        assert!(refused.err.contains("say why in 1 to 500"), "{refused:?}");
    }
    let nobodys = withdraw(&file, "AAAAAAAAAAAAAAAAAAAAAA", REASON);
    assert_eq!(nobodys.code, Some(1), "{nobodys:?}");
    assert!(nobodys.err.contains("there is no consent"), "{nobodys:?}");
    called(&mut app, &tokens).await.ok();

    let done = withdraw(&file, &id, REASON);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.out.contains("is withdrawn"), "{done:?}");
    let refused = called(&mut app, &tokens).await;
    refused.refused(403, "consent_withdrawn");
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let refused = app.post("/token", Form::refresh(refresh)).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.json()["error"], "invalid_grant");
    called(&mut app, &others).await.ok();

    let again = withdraw(&file, &id, REASON);
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.err.contains("it is withdrawn"), "{again:?}");

    let records = house.records();
    let withdrawn = told(&records, "consent.withdraw");
    let [record] = withdrawn.as_slice() else {
        panic!("{withdrawn:?}")
    };
    assert_eq!(record["consent"]["by"], "bank", "{record}");
    assert_eq!(record["consent"]["channel"], "control", "{record}");
    assert_eq!(record["partner"]["client"], "swiftride-app", "{record}");
    assert!(!record.to_string().contains("phone"), "{record}");
    let approved = told(&records, "grant.approve");
    let same = approved.iter().find(|one| one["gid"] == record["gid"]);
    let same = same.expect("its beginning");
    assert_eq!(same["consent"]["psu"], record["consent"]["psu"], "{same}");

    let house = house.rebuild().await.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let refused = called(&mut app, &tokens).await;
    refused.refused(403, "consent_withdrawn");
    called(&mut app, &others).await.ok();
}

/// The id of an event that a crash left in a store, and not in the log.
async fn left_to_be_logged(dir: &Path) -> String {
    let store = store::Sqlite::open(&dir.join("mortise.sqlite")).expect("a store");
    let (now, bank) = (SystemClock::new().now(), BankId::parse("harbour"));
    let until = now + SignedDuration::from_mins(5);
    let event = event(GrantAction::RevokeToken, now);
    let id = event.id.to_string();
    let bank = bank.expect("an id");
    let posted = store.revoke_token(&bank, [7; 32], until, now, event).await;
    assert!(posted.expect("an answer").is_some());
    id
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_it_is_withdrawn_in_its_store() {
    let house = HouseBuilder::consenting().restartable().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = tokens_of(&house, &mut app, "li-lei").await;
    let builder = house.rebuild().await;
    let left = left_to_be_logged(builder.dir()).await;
    let done = withdraw(&builder.config(), &id_of(&tokens), REASON);
    assert_eq!(done.code, Some(0), "{done:?}");
    let records = kit::records(&builder.prepared().audit);
    let of = |name: &str, word: &str| records.iter().position(|record| record[name] == word);
    let (left, withdrawn) = (of("eid", &left), of("action", "consent.withdraw"));
    assert!(left.is_some() && left < withdrawn, "{left:?} {withdrawn:?}");
    let house = builder.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let refused = called(&mut app, &tokens).await;
    refused.refused(403, "consent_withdrawn");
    assert_eq!(told(&house.records(), "consent.withdraw").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_whose_end_has_come_is_said_expired_once() {
    let clock = Arc::new(MovedClock::stopped());
    let short = GRANT_LIFETIME.replace("90d", "10min");
    let house = HouseBuilder::consenting_with(Arc::clone(&clock)).restartable();
    let house = house.edit(GRANT_LIFETIME, &short).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = tokens_of(&house, &mut app, "li-lei").await;
    let builder = house.rebuild().await;
    let house = builder.start().await;
    clock.advance(Duration::from_mins(9));
    let builder = house.rebuild().await;
    assert!(told(&kit::records(&builder.prepared().audit), "consent.expire").is_empty());
    clock.advance(Duration::from_mins(1));
    let house = builder.start().await;
    let expired = eventually("the record of its end", || {
        let records = told(&house.records(), "consent.expire");
        (!records.is_empty()).then_some(records)
    })
    .await;
    let house = house.rebuild().await.start().await;
    let [record] = expired.as_slice() else {
        panic!("{expired:?}")
    };
    assert_eq!(record["consent"]["by"], "house", "{record}");
    assert_eq!(record["consent"]["channel"], "clock", "{record}");
    assert_eq!(record["consent"]["from"], "authorised", "{record}");
    let refused = withdraw(&config(&house), &id_of(&tokens), REASON);
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.err.contains("it is expired"), "{refused:?}");
    assert_eq!(told(&house.records(), "consent.expire").len(), 1);
}
