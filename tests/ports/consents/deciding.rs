//! The edges on the way to a decision, and the decision.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use model::ports::{AgreedConsent, Change, Changed, Finish};
use model::{By, ConsentState, Edge, GrantAction};

use super::{
    DECIDE, approval, asked, authorisation, authorised, change, changed, evidence, found,
    fresh_request, id, is_done, kept, opened, terms, waiting,
};
use crate::fixture::{at, bank, digest, event, harbour};
use crate::stores::{self, Store};

#[tokio::test]
async fn a_consent_goes_from_the_partners_request_to_its_decision() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, asked(1)).await;
        let mut expected = asked(1);

        let mut open = change(ConsentState::Requested, 0, Edge::Open);
        open.subject = Some("li-lei".to_owned());
        open.request = Some(digest(77));
        open.draft = Some(vec![1]);
        let done = changed(store, 1, open, 2).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        expected.state = ConsentState::Reviewing;
        expected.version = 1;
        expected.subject = Some("li-lei".to_owned());
        expected.request = Some(digest(77));
        expected.draft = vec![1];
        expected.changed_at = at(2);
        assert!(found(store, 1).await == Some(expected.clone()), "{name}");
        let of_request = store.of_request(harbour(), digest(77)).await;
        assert!(of_request.expect("answers").is_some(), "{name}");

        let mut extend = change(ConsentState::Reviewing, 1, Edge::Extend);
        extend.decide_until = Some(at(DECIDE + 900));
        changed(store, 1, extend, 3).await;
        let mut allow = change(ConsentState::Reviewing, 2, Edge::Allow);
        allow.evidence = Some(evidence(1, Edge::Allow));
        changed(store, 1, allow, 4).await;
        expected.state = ConsentState::Confirming;
        expected.version = 3;
        expected.extended = 1;
        expected.decide_until = at(DECIDE + 900);
        expected.changed_at = at(4);
        assert!(found(store, 1).await == Some(expected.clone()), "{name}");

        let given = AgreedConsent {
            from: Some((ConsentState::Confirming, 3)),
            evidence: evidence(2, Edge::Authorise),
            ..authorisation(1, 5_000)
        };
        let done = authorised(store, 1, given, DECIDE + 899).await;
        assert!(is_done(&done), "{name}");
        expected.state = ConsentState::Authorised;
        expected.version = 4;
        expected.draft = Vec::new();
        expected.terms = Some(terms(1, at(5_000)));
        expected.expires = Some(at(5_000));
        expected.changed_at = at(DECIDE + 899);
        assert!(found(store, 1).await == Some(expected), "{name}");
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        let given = [evidence(1, Edge::Allow), evidence(2, Edge::Authorise)];
        assert_eq!(kept, given, "{name}");
        let there = store.evidence(&bank("other"), &id(1)).await;
        assert_eq!(there.expect("answers"), [], "{name}");
        assert_eq!(waiting(store).await, 5, "{name}: one event each");
    }
}

#[tokio::test]
async fn each_call_takes_its_own_edges_and_no_others() {
    use ConsentState::{Confirming, Lapsed, Refused, Requested, Reviewing};
    const OF_CHANGE: [(ConsentState, Edge, ConsentState); 11] = [
        (Requested, Edge::Open, Reviewing),
        (Requested, Edge::Refuse, Refused),
        (Requested, Edge::Lapse, Lapsed),
        (Reviewing, Edge::Allow, Confirming),
        (Reviewing, Edge::Extend, Reviewing),
        (Reviewing, Edge::Refuse, Refused),
        (Reviewing, Edge::Lapse, Lapsed),
        (Confirming, Edge::Extend, Confirming),
        (Confirming, Edge::Refuse, Refused),
        (Confirming, Edge::Lock, Refused),
        (Confirming, Edge::Lapse, Lapsed),
    ];
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let mut number = 0;
        for from in [Requested, Reviewing, Confirming] {
            for edge in Edge::ALL {
                number += 1;
                let name = format!("{name} {from:?} {edge:?}");
                let is_asked = from == Requested;
                let first = if is_asked {
                    asked(number)
                } else {
                    opened(number)
                };
                kept(store, first).await;
                if from == Confirming {
                    changed(store, number, change(Reviewing, 0, Edge::Allow), 1).await;
                }
                let before = found(store, number).await.expect("kept");
                let mut taken = change(from, before.version, edge);
                taken.reason = Some("so it is".to_owned());
                let event = event(GrantAction::ConsentAllow, number);
                let now = if edge == Edge::Lapse { DECIDE } else { 2 };
                let done = store
                    .change(harbour(), &id(number), taken, at(now), event)
                    .await;
                let after = found(store, number).await.expect("kept");
                let row = OF_CHANGE.iter().find(|row| (row.0, row.1) == (from, edge));
                match row {
                    None => {
                        assert!(done.is_err(), "{name}");
                        assert!(after == before, "{name}");
                    }
                    Some((_, _, to)) => {
                        assert!(matches!(done, Ok(Changed::Done(_))), "{name}");
                        assert_eq!(after.state, *to, "{name}");
                        assert_eq!(after.version, before.version + 1, "{name}");
                        assert_eq!(after.reason.as_deref(), Some("so it is"), "{name}");
                        assert_eq!(after.draft.is_empty(), to.is_end() || is_asked, "{name}");
                    }
                }
            }
        }
        // Whatever is done to what has ended: it is otherwise.
        for edge in Edge::ALL {
            let late = changed_or_refused(store, 4, change(Reviewing, 0, edge)).await;
            let is_of_change = OF_CHANGE.iter().any(|row| row.1 == edge);
            assert_eq!(late.is_some(), is_of_change, "{name} {edge:?}");
        }
    }
}

/// The state that was said to be; `None` of what was refused.
async fn changed_or_refused(
    store: &dyn Store,
    number: u32,
    change: Change,
) -> Option<ConsentState> {
    let event = event(GrantAction::ConsentAllow, number);
    let done = store
        .change(harbour(), &id(number), change, at(2), event)
        .await;
    match done {
        Ok(Changed::Otherwise(state)) => Some(state),
        Ok(other) => panic!("it is in another state: {other:?}"),
        Err(_) => None,
    }
}

#[tokio::test]
async fn more_time_is_given_twice() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        for version in 0..2 {
            let mut extend = change(ConsentState::Reviewing, version, Edge::Extend);
            extend.decide_until = Some(at(2 * DECIDE + i64::from(version) * DECIDE));
            let done = changed(store, 1, extend, 1).await;
            assert!(matches!(done, Changed::Done(_)), "{name}");
        }
        let mut extend = change(ConsentState::Reviewing, 2, Edge::Extend);
        extend.decide_until = Some(at(3 * DECIDE));
        let event = event(GrantAction::ConsentExtend, 1);
        let refused = store.change(harbour(), &id(1), extend, at(1), event).await;
        assert!(refused.is_err(), "{name}");
        let after = found(store, 1).await.expect("kept");
        assert_eq!((after.extended, after.version), (2, 2), "{name}");
    }
}

/// What became of one who raced.
#[derive(Debug, PartialEq, Eq)]
enum Raced {
    Done,
    Otherwise,
    Gone,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_that_change_one_version_one_does() {
    for adapter in stores::all() {
        let name = adapter.name;
        for number in 1..=10 {
            kept(&*adapter.store, opened(number)).await;
            let mut racers = JoinSet::new();
            for racer in 0..16_u32 {
                let store = Arc::clone(&adapter.store);
                racers.spawn(async move {
                    let edge = [Edge::Allow, Edge::Refuse, Edge::Extend][racer as usize % 3];
                    let mut change = change(ConsentState::Reviewing, 0, edge);
                    change.evidence = Some(evidence(1, edge));
                    if racer % 4 == 3 {
                        let given = authorisation(number, 800);
                        match authorised(&*store, number, given, 2).await {
                            Finish::Done(_) => Raced::Done,
                            Finish::Gone => Raced::Otherwise,
                        }
                    } else {
                        match changed(&*store, number, change, 2).await {
                            Changed::Done(_) => Raced::Done,
                            Changed::Otherwise(_) => Raced::Otherwise,
                            Changed::Gone => Raced::Gone,
                        }
                    }
                });
            }
            let raced = racers.join_all().await;
            let done = raced.iter().filter(|one| **one == Raced::Done);
            assert_eq!(done.count(), 1, "{name}: {raced:?}");
            let others = raced.iter().filter(|one| **one == Raced::Otherwise);
            assert_eq!(others.count(), 15, "{name}");
            let after = found(&*adapter.store, number).await.expect("kept");
            assert_eq!(after.version, 1, "{name}");
            let kept = adapter.store.evidence(harbour(), &id(number)).await;
            assert_eq!(
                kept.expect("answers").len(),
                1,
                "{name}: that one's evidence"
            );
        }
        assert_eq!(waiting(&*adapter.store).await, 20, "{name}: one event each");
    }
}

#[tokio::test]
async fn who_thinks_otherwise_changes_nothing() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let (reviewing, requested) = (ConsentState::Reviewing, ConsentState::Requested);
        for (from, version, edge) in [(reviewing, 1, Edge::Allow), (requested, 0, Edge::Open)] {
            let late = changed(store, 1, change(from, version, edge), 1).await;
            assert_eq!(late, Changed::Otherwise(reviewing), "{name}");
        }
        let none = changed(store, 2, change(reviewing, 0, Edge::Allow), 1).await;
        assert_eq!(none, Changed::Gone, "{name}");
        let (there, allow) = (bank("other"), change(reviewing, 0, Edge::Allow));
        let event = event(GrantAction::ConsentAllow, 1);
        let none = store.change(&there, &id(1), allow, at(1), event).await;
        assert_eq!(none.expect("answers"), Changed::Gone, "{name}");
        let none = authorised(store, 2, authorisation(2, 800), 1).await;
        assert_eq!(none, Finish::Gone, "{name}");
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
        assert_eq!(waiting(store).await, 1, "{name}");
    }
}

#[tokio::test]
async fn when_the_time_to_decide_is_over_nobody_allows_it() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let reviewing = ConsentState::Reviewing;
        kept(store, opened(1)).await;
        for edge in [Edge::Allow, Edge::Extend] {
            let late = changed(store, 1, change(reviewing, 0, edge), DECIDE).await;
            assert_eq!(late, Changed::Gone, "{name} {edge:?}");
        }
        let late = authorised(store, 1, authorisation(1, 2_000), DECIDE).await;
        assert_eq!(late, Finish::Gone, "{name}");
        let last = Timestamp::from_microsecond(at(DECIDE).as_microsecond() - 1).expect("in range");
        let event = event(GrantAction::ConsentLapse, 1);
        let lapse = change(reviewing, 0, Edge::Lapse);
        let early = store.change(harbour(), &id(1), lapse, last, event).await;
        let still = Changed::Otherwise(reviewing);
        assert_eq!(early.expect("answers"), still, "{name}");
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
        kept(store, asked(2)).await;
        let open = change(ConsentState::Requested, 0, Edge::Open);
        assert_eq!(
            changed(store, 2, open, DECIDE).await,
            Changed::Gone,
            "{name}"
        );

        let lapsed = changed(store, 1, change(reviewing, 0, Edge::Lapse), DECIDE).await;
        assert!(matches!(lapsed, Changed::Done(_)), "{name}");
        let ended_by = found(store, 1).await.expect("there").ended_by;
        assert_eq!(ended_by, Some(By::House), "{name}");
        kept(store, opened(3)).await;
        let given = approval(3, authorisation(3, 2_000), DECIDE);
        let request = fresh_request(store, DECIDE - 1).await;
        let done = store.approve(harbour(), request, given, last).await;
        assert!(
            is_done(&done.expect("answers")),
            "{name}: in the last moment"
        );
    }
}

#[tokio::test]
async fn what_is_kept_is_of_the_edge_and_in_order() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let mut extend = change(ConsentState::Reviewing, 0, Edge::Extend);
        extend.evidence = Some(evidence(1, Edge::Extend));
        changed(store, 1, extend, 1).await;
        let before = found(store, 1).await;
        let too_long = model::Evidence {
            sealed: vec![1; (256 << 10) + 1],
            ..evidence(2, Edge::Allow)
        };
        for evidence in [evidence(2, Edge::Refuse), too_long] {
            let mut allow = change(ConsentState::Reviewing, 1, Edge::Allow);
            allow.evidence = Some(evidence);
            let event = event(GrantAction::ConsentAllow, 1);
            let refused = store.change(harbour(), &id(1), allow, at(1), event).await;
            assert!(refused.is_err(), "{name}");
        }
        assert!(found(store, 1).await == before, "{name}");
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept, [evidence(1, Edge::Extend)], "{name}");
        assert_eq!(waiting(store).await, 2, "{name}");
        let mut allow = change(ConsentState::Reviewing, 1, Edge::Allow);
        let longest = model::Evidence {
            sealed: vec![1; 256 << 10],
            ..evidence(2, Edge::Allow)
        };
        allow.evidence = Some(longest.clone());
        let done = changed(store, 1, allow, 1).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept, [evidence(1, Edge::Extend), longest], "{name}");
    }
}

#[tokio::test]
async fn instants_of_a_consent_are_kept_to_the_microsecond_and_decide_by_it() {
    let nano = |second: i64, nanosecond| {
        Timestamp::new(1_800_000_000 + second, nanosecond).expect("in range")
    };
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let fine = model::ports::Consent {
            made_at: nano(0, 999_999_999),
            decide_until: nano(10, 1_999),
            ..opened(1)
        };
        kept(store, fine).await;
        let made = found(store, 1).await.expect("kept");
        assert_eq!(made.made_at, nano(0, 999_999_000), "{name}");
        assert_eq!(made.changed_at, made.made_at, "{name}");
        assert_eq!(made.decide_until, nano(10, 1_000), "{name}");
        let mut given = authorisation(1, 0);
        given.terms.expires = nano(20, 1_999);
        given.terms.authorised_at = nano(1, 1_999);
        given.evidence.at = nano(1, 1_999);
        let (given, request) = (approval(1, given, 1), fresh_request(store, 1).await);
        let late = store.approve(harbour(), request, given.clone(), nano(10, 1_500));
        assert_eq!(late.await.expect("answers"), Finish::Gone, "{name}");
        let done = store.approve(harbour(), request, given, nano(10, 999));
        assert!(is_done(&done.await.expect("answers")), "{name}");
        for (nanosecond, is_live) in [(999, true), (1_000, false), (1_500, false)] {
            let standing = store
                .terms(harbour(), digest(1), nano(20, nanosecond))
                .await;
            let (_, terms) = standing.expect("answers").expect("there");
            assert_eq!(terms.is_some(), is_live, "{name} {nanosecond}");
        }
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept[0].at, nano(1, 1_000), "{name}");
    }
}
