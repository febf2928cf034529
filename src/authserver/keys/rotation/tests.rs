//! The whole life of a rotation, at every moment that matters.

use std::time::Duration;

use jiff::SignedDuration;
use model::{Clock as _, VERIFIES_AFTER};

use super::*;
use crate::test_house::{House, bank};

const SIGNS_AFTER: Duration = Duration::from_mins(2);

fn lives(ring: &[RingKey]) -> Vec<&'static str> {
    ring.iter().map(|key| key.life.as_str()).collect()
}

async fn change(house: &House, change: KeyChange) -> Result<Vec<RingKey>, Unchanged> {
    house.server.change_keys(&bank(), &change).await
}

async fn ring(house: &House) -> Vec<RingKey> {
    house.server.signing_keys(&bank()).await.expect("a ring")
}

#[tokio::test]
async fn a_rotation_publishes_signs_verifies_and_then_lets_the_old_key_go() {
    let house = House::open().await;
    let rotated = change(&house, KeyChange::Rotate).await.expect("rotates");
    assert_eq!(lives(&rotated), ["signs", "starts"]);
    let (old, new) = (rotated[0].kid.clone(), rotated[1].kid.clone());
    let starts = house.clock.now() + SignedDuration::from_secs(120);
    assert_eq!(rotated[1].life, KeyLife::Starts { at: starts });

    let again = change(&house, KeyChange::Rotate).await;
    let Err(Unchanged::UnderWay { kid, at }) = again else {
        panic!("{again:?}")
    };
    assert_eq!((kid, at), (new.clone(), starts));
    for kid in [&old, &new] {
        let retired = change(&house, KeyChange::Retire { kid: kid.clone() }).await;
        assert!(
            matches!(retired, Err(Unchanged::Signs { .. })),
            "{retired:?}"
        );
    }

    house.clock.advance(SIGNS_AFTER);
    assert_eq!(lives(&ring(&house).await), ["verifies", "signs"]);
    let early = change(&house, KeyChange::Retire { kid: old.clone() }).await;
    let until = starts + VERIFIES_AFTER;
    assert!(
        matches!(&early, Err(Unchanged::InUse { until: end, .. }) if *end == until),
        "{early:?}"
    );

    house.clock.advance(Duration::from_secs(15 * 60 + 10));
    assert_eq!(lives(&ring(&house).await), ["ended", "signs"]);
    let left = change(&house, KeyChange::Retire { kid: old }).await;
    let left = left.expect("retires");
    assert_eq!(left.len(), 1);
    assert_eq!(
        (left[0].kid.as_str(), left[0].life),
        (new.as_str(), KeyLife::Signs)
    );
}

#[tokio::test]
async fn a_key_that_nobody_published_signs_two_minutes_from_now_at_the_earliest() {
    let house = House::open().await;
    for _ in 0..2 {
        let made = change(&house, KeyChange::Make).await.expect("makes");
        assert_eq!(lives(&made), ["signs", "waits"]);
    }
    house.clock.advance(Duration::from_hours(24));
    let rotated = change(&house, KeyChange::Rotate).await.expect("rotates");
    let starts = house.clock.now() + SignedDuration::from_secs(120);
    assert_eq!(rotated[1].life, KeyLife::Starts { at: starts });
}

#[tokio::test]
async fn a_change_that_another_overtakes_is_not_settled() {
    let keys = std::sync::Arc::<crate::test_house::Keys>::default();
    let log = crate::test_house::log();
    let open = || async {
        let ports = crate::test_house::ports(
            keys.clone(),
            1,
            std::sync::Arc::clone(&log),
            crate::test_house::replays(),
        );
        let authority = crate::test_house::Authority::new();
        let clients = crate::test_house::client_keys();
        let settings = crate::test_house::settings(&authority, &clients);
        AuthServer::open(vec![settings], Vec::new(), ports).await
    };
    let (one, other) = (open().await.expect("opens"), open().await.expect("opens"));
    one.settle_keys().await.expect("the first is kept");
    let begun = log.durable.lock().expect("sound").clone();
    let begun = begun.iter().map(|entry| match &entry.event {
        AuditEvent::KeyRotate {
            key_use, action, ..
        } => (*key_use, *action),
        other => panic!("{other:?}"),
    });
    let expected = [("tokens", "begin"), ("assertions", "begin")];
    assert_eq!(begun.collect::<Vec<_>>(), expected);
    let late = other.settle_keys().await;
    assert!(matches!(late, Err(Unchanged::Overtaken { .. })), "{late:?}");
    let ring = one.signing_keys(&bank()).await.expect("a ring");
    assert_eq!(lives(&ring), ["signs"]);
}

#[tokio::test]
async fn a_key_that_waits_may_be_retired_and_one_that_is_not_there_may_not() {
    let house = House::open().await;
    let made = change(&house, KeyChange::Make).await.expect("makes");
    let kid = made[1].kid.clone();
    let left = change(&house, KeyChange::Retire { kid: kid.clone() }).await;
    assert_eq!(lives(&left.expect("retires")), ["signs"]);
    let gone = change(&house, KeyChange::Retire { kid }).await;
    assert!(matches!(gone, Err(Unchanged::NoKey { .. })), "{gone:?}");
}

#[tokio::test]
async fn every_change_leaves_its_record_and_none_is_made_without() {
    let house = House::open().await;
    let made = change(&house, KeyChange::Make).await.expect("makes");
    change(&house, KeyChange::Rotate).await.expect("rotates");
    let recorded = house.log.durable.lock().expect("sound").clone();
    let recorded: Vec<_> = recorded
        .iter()
        .filter_map(|entry| match &entry.event {
            AuditEvent::KeyRotate { action, kid, .. } => Some((*action, kid.clone())),
            _ => None,
        })
        .collect();
    let kid = made[1].kid.clone();
    assert_eq!(recorded, [("make", kid.clone()), ("rotate", kid)]);

    *house.log.mood.lock().expect("sound") = crate::test_house::Mood::FailsBefore;
    house.clock.advance(SIGNS_AFTER);
    let before = ring(&house).await;
    let unrecorded = change(&house, KeyChange::Make).await;
    assert!(
        matches!(unrecorded, Err(Unchanged::Audit(_))),
        "{unrecorded:?}"
    );
    assert_eq!(ring(&house).await, before);
}

#[tokio::test]
async fn a_bank_without_an_issuer_here_has_no_keys_to_change() {
    let house = House::open().await;
    let other = BankId::parse("other").expect("valid");
    let changed = house.server.change_keys(&other, &KeyChange::Rotate).await;
    assert!(
        matches!(changed, Err(Unchanged::NoIssuer { .. })),
        "{changed:?}"
    );
    assert!(!house.server.issues_for(&other) && house.server.issues_for(&bank()));
}
