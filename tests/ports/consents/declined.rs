//! Requests that come to nothing, and their consents with them.

use model::ports::{Change, Finish};
use model::{By, ConsentPart, ConsentState, Edge, GrantAction, GrantEvent};

use super::{
    DECIDE, all_of, change, changed, evidence, found, fresh_request, id, kept, opened, waiting,
};
use crate::fixture::{at, digest, event, harbour};
use crate::stores;

/// The event of a refusal, by somebody.
fn refusal(by: By) -> GrantEvent {
    let part = ConsentPart {
        from: Some(ConsentState::Reviewing),
        to: ConsentState::Refused,
        by,
        channel: model::Channel::Page,
        text_version: None,
        customer: None,
        clusters: Vec::new(),
        resources: 0,
    };
    GrantEvent {
        consent: Some(part),
        ..event(GrantAction::Refuse, 1)
    }
}

#[tokio::test]
async fn who_refuses_ends_the_request_and_the_consent_at_once() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in 1..=4 {
            kept(store, opened(number)).await;
        }
        let reviewing = ConsentState::Reviewing;
        changed(store, 3, change(reviewing, 0, Edge::Allow), 1).await;
        let before = waiting(store).await;
        for (number, from, version, edge, now, ended) in [
            (
                1,
                reviewing,
                0,
                Edge::Refuse,
                2,
                (ConsentState::Refused, By::Customer),
            ),
            (
                2,
                reviewing,
                0,
                Edge::Lapse,
                DECIDE,
                (ConsentState::Lapsed, By::House),
            ),
            (
                3,
                ConsentState::Confirming,
                1,
                Edge::Lock,
                2,
                (ConsentState::Refused, By::House),
            ),
        ] {
            let mut taken = change(from, version, edge);
            taken.evidence = Some(evidence(1, edge));
            let request = fresh_request(store, now).await;
            let declined = Some((id(number), taken));
            let event = refusal(By::Customer);
            let done = store.turn_down(harbour(), request, declined, at(now), event.clone());
            let posted = crate::fixture::posted(done.await.expect("answers"));
            assert_eq!(*posted.expect("done").event, event, "{name}");
            let consent = found(store, number).await.expect("there");
            assert_eq!(
                (consent.state, consent.ended_by),
                (ended.0, Some(ended.1)),
                "{name}"
            );
            assert!(consent.draft.is_empty(), "{name}");
            let live = store.open(harbour(), request, at(now + 9), at(now)).await;
            assert_eq!(live.expect("answers"), None, "{name}");
            let kept = store.evidence(harbour(), &id(number)).await;
            assert_eq!(kept.expect("answers"), [evidence(1, edge)], "{name}");
        }
        assert_eq!(waiting(store).await, before + 3, "{name}: one event each");
    }
}

#[tokio::test]
async fn a_request_whose_consent_stands_otherwise_is_not_turned_down() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let before = all_of(store, 1, 2).await;
        let request = fresh_request(store, 2).await;
        let reviewing = ConsentState::Reviewing;
        let turn_down = async |number, taken: Change, request, now: i64| {
            let declined = Some((id(number), taken));
            let event = refusal(By::Customer);
            store
                .turn_down(harbour(), request, declined, at(now), event)
                .await
        };
        for (number, taken) in [
            (1, change(reviewing, 1, Edge::Refuse)),
            (1, change(ConsentState::Confirming, 0, Edge::Refuse)),
            (1, change(reviewing, 0, Edge::Lapse)),
            (2, change(reviewing, 0, Edge::Refuse)),
        ] {
            let done = turn_down(number, taken, request, 2).await;
            assert_eq!(done.expect("answers"), Finish::Gone, "{name}");
        }
        for edge in [Edge::Open, Edge::Allow, Edge::Extend, Edge::Authorise] {
            let refused = turn_down(1, change(reviewing, 0, edge), request, 2).await;
            assert!(refused.is_err(), "{name} {edge:?}");
        }
        let gone = turn_down(1, change(reviewing, 0, Edge::Refuse), digest(77), 2).await;
        assert_eq!(gone.expect("answers"), Finish::Gone, "{name}");
        assert!(all_of(store, 1, 2).await == before, "{name}");
        let live = store.open(harbour(), request, at(9), at(2)).await;
        assert!(live.expect("answers").is_some(), "{name}");
    }
}
