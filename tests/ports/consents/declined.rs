//! Requests that come to nothing, and their consents with them.

use model::ports::{Change, Changed, Consent, Finish};
use model::{By, ConsentPart, ConsentState, Edge, Evidence, GrantAction, GrantEvent};

use super::{
    DECIDE, all_of, approval, authorisation, change, changed, evidence, found, fresh_request, id,
    in_force, is_done, kept, opened, waiting, withdrawal,
};
use crate::fixture::{GRANT_LIFE, at, digest, event, harbour};
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
        evidence_digest: None,
    };
    GrantEvent {
        consent: Some(part),
        ..event(GrantAction::Refuse, 1)
    }
}

/// The same event, as it tells of what is kept.
fn telling_of(event: &GrantEvent, evidence: &Evidence) -> GrantEvent {
    let mut told = event.clone();
    let part = told.consent.as_mut().expect("a part");
    part.evidence_digest = Some(crypto::sha256(&evidence.sealed));
    told
}

#[tokio::test]
async fn the_event_of_an_edge_names_what_is_kept_of_it_and_nothing_where_nothing_is() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2] {
            kept(store, opened(number)).await;
        }
        let told = refusal(By::Customer);
        let mut allow = change(ConsentState::Reviewing, 0, Edge::Allow);
        let (one, two) = (id(1), id(2));
        let bare = store.change(harbour(), &two, allow.clone(), at(1), told.clone());
        let Changed::Done(posted) = bare.await.expect("answers") else {
            panic!("{name}: it is as thought");
        };
        assert_eq!(*posted.event, told, "{name}");
        allow.evidence = Some(evidence(7, Edge::Allow));
        let full = store.change(harbour(), &one, allow, at(1), told.clone());
        let Changed::Done(posted) = full.await.expect("answers") else {
            panic!("{name}: it is as thought");
        };
        let said = telling_of(&told, &evidence(7, Edge::Allow));
        assert_eq!(*posted.event, said, "{name}");
        assert_ne!(said, telling_of(&told, &evidence(8, Edge::Allow)));

        let mut agreed = authorisation(1, 900);
        agreed.from = Some((ConsentState::Confirming, 1));
        let mut approval = approval(1, agreed, 2);
        approval.event.consent.clone_from(&told.consent);
        let said = telling_of(&approval.event, &evidence(1, Edge::Authorise));
        let request = fresh_request(store, 2).await;
        let done = store.approve(harbour(), request, approval, at(2)).await;
        let posted = crate::fixture::posted(done.expect("answers"));
        assert_eq!(*posted.expect("done").event, said, "{name}");
        let ended = store.withdraw(harbour(), &one, withdrawal(400), at(3), told.clone());
        let Changed::Done(posted) = ended.await.expect("answers") else {
            panic!("{name}: it is in force");
        };
        let said = telling_of(&told, &evidence(2, Edge::Withdraw));
        assert_eq!(*posted.event, said, "{name}");
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
            let told = telling_of(&event, &evidence(1, edge));
            assert_eq!(*posted.expect("done").event, told, "{name}");
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

#[tokio::test]
async fn who_refuses_to_renew_leaves_in_force_what_is_and_it_is_kept() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        let before = found(store, 1).await.expect("there");
        let refuse = || {
            let mut refuse = change(ConsentState::Authorised, before.version, Edge::Refuse);
            refuse.evidence = Some(evidence(7, Edge::Refuse));
            Some((id(1), refuse))
        };
        let turn_down = async |now: i64| {
            let request = fresh_request(store, now).await;
            let event = refusal(By::Customer);
            let done = store.turn_down(harbour(), request, refuse(), at(now), event);
            done.await.expect("answers")
        };
        // Its end has come, and nobody has said so.
        assert_eq!(turn_down(GRANT_LIFE).await, Finish::Gone, "{name}");
        assert!(found(store, 1).await.as_ref() == Some(&before), "{name}");
        assert!(is_done(&turn_down(5).await), "{name}");
        let after = found(store, 1).await.expect("there");
        let expected = Consent {
            version: before.version + 1,
            changed_at: at(5),
            ..before.clone()
        };
        assert!(after == expected, "{name}");
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept.last(), Some(&evidence(7, Edge::Refuse)), "{name}");
        assert_eq!(turn_down(6).await, Finish::Gone, "{name}: of one version");
    }
}
