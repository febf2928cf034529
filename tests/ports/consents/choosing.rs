//! What a customer has chosen so far, and how long they may choose.

use futures_util::future::join_all;

use model::ports::{Change, Changed, Choices, Consent, Keep};
use model::{ConsentState, Edge, GrantAction};

use super::{DECIDE, asked, change, changed, found, id, in_force, kept, opened, waiting};
use crate::fixture::{GRANT_LIFE, at, bank, digest, event, harbour};
use crate::stores::{self, Store};

/// A draft that was chosen at a version, where there was none.
fn draft(version: u32, draft: u8) -> Choices {
    Choices {
        version,
        subject: None,
        request: None,
        former: Vec::new(),
        draft: Some(vec![draft]),
    }
}

/// The same on another draft.
fn on(former: &[u8], choices: Choices) -> Choices {
    Choices {
        former: former.to_vec(),
        ..choices
    }
}

/// A draft that was chosen at a version, on the first of a consent that its customer looks at.
fn first(version: u32, next: u8) -> Choices {
    on(&opened(1).draft, draft(version, next))
}

async fn keep(store: &dyn Store, number: u32, choices: Choices, now: i64) -> Keep {
    let kept = store.keep(harbour(), &id(number), choices, at(now)).await;
    kept.expect("answers")
}

#[tokio::test]
async fn what_was_chosen_is_kept_without_an_edge() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, asked(1)).await;
        let first = Choices {
            subject: Some("li-lei".to_owned()),
            request: Some(digest(77)),
            ..draft(0, 1)
        };
        assert_eq!(keep(store, 1, first, 5).await, Keep::Kept, "{name}");
        let mut expected = Consent {
            subject: Some("li-lei".to_owned()),
            request: Some(digest(77)),
            draft: vec![1],
            ..asked(1)
        };
        assert!(found(store, 1).await == Some(expected.clone()), "{name}");
        let of_request = store.of_request(harbour(), digest(77)).await;
        assert!(of_request.expect("answers").is_some(), "{name}");
        // Of the same version once more; what is not said stays.
        let second = on(&[1], draft(0, 2));
        assert_eq!(keep(store, 1, second, 6).await, Keep::Kept, "{name}");
        expected.draft = vec![2];
        assert!(found(store, 1).await == Some(expected.clone()), "{name}");
        let nothing = Choices {
            draft: None,
            ..on(&[2], draft(0, 0))
        };
        assert_eq!(keep(store, 1, nothing, 6).await, Keep::Kept, "{name}");
        assert!(found(store, 1).await == Some(expected), "{name}");
        assert_eq!(waiting(store).await, 1, "{name}: no event");
    }
}

#[tokio::test]
async fn of_all_that_is_chosen_on_one_draft_one_is_kept() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let reviewing = Keep::Otherwise(ConsentState::Reviewing);
        let racing = (1..=20).map(|number| keep(store, 1, first(0, number), 5));
        let said = join_all(racing).await;
        let winners = said.iter().filter(|one| **one == Keep::Kept);
        assert_eq!(winners.count(), 1, "{name}");
        assert!(
            said.iter().all(|one| [Keep::Kept, reviewing].contains(one)),
            "{name}"
        );
        let winner = found(store, 1).await.expect("there").draft;
        assert_eq!(winner.len(), 1, "{name}");
        // What was read before another kept something puts nothing back.
        let next = on(&winner, draft(0, 99));
        assert_eq!(keep(store, 1, next, 6).await, Keep::Kept, "{name}");
        for former in [on(&winner, draft(0, 50)), first(0, 50), draft(0, 50)] {
            assert_eq!(keep(store, 1, former, 6).await, reviewing, "{name}");
        }
        assert_eq!(found(store, 1).await.expect("there").draft, [99], "{name}");
    }
}

#[tokio::test]
async fn what_is_anothers_decided_or_too_late_is_not_chosen_over() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let reviewing = ConsentState::Reviewing;
        kept(store, opened(1)).await;
        in_force(store, 2, GRANT_LIFE).await;
        kept(store, opened(3)).await;
        changed(store, 3, change(reviewing, 0, Edge::Refuse), 1).await;
        let anothers = Choices {
            subject: Some("han-meimei".to_owned()),
            ..first(0, 9)
        };
        let otherwise = Keep::Otherwise;
        for (number, choices, answer) in [
            (1, anothers, otherwise(reviewing)),
            (1, first(1, 9), otherwise(reviewing)),
            (2, draft(0, 9), otherwise(ConsentState::Authorised)),
            (3, draft(1, 9), otherwise(ConsentState::Refused)),
            (4, draft(0, 9), Keep::Gone),
        ] {
            let before = found(store, number).await;
            assert_eq!(keep(store, number, choices, 5).await, answer, "{name}");
            assert!(found(store, number).await == before, "{name} {number}");
        }
        assert_eq!(
            keep(store, 1, first(0, 9), DECIDE).await,
            Keep::Gone,
            "{name}"
        );
        let there = store.keep(&bank("other"), &id(1), first(0, 9), at(5)).await;
        assert_eq!(there.expect("answers"), Keep::Gone, "{name}");
        let theirs = Choices {
            subject: Some("li-lei".to_owned()),
            ..first(0, 8)
        };
        assert_eq!(
            keep(store, 1, theirs, DECIDE - 1).await,
            Keep::Kept,
            "{name}"
        );
    }
}

#[tokio::test]
async fn what_is_chosen_on_the_way_to_a_renewal_is_kept_until_the_end() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, 500).await;
        let before = found(store, 1).await.expect("there");
        let again = Choices {
            request: Some(digest(77)),
            ..draft(before.version, 7)
        };
        let kept = keep(store, 1, again.clone(), 499).await;
        assert_eq!(kept, Keep::Kept, "{name}: time to decide is another matter");
        let expected = Consent {
            request: Some(digest(77)),
            draft: vec![7],
            ..before
        };
        assert!(found(store, 1).await == Some(expected), "{name}");
        let anothers = Choices {
            subject: Some("han-meimei".to_owned()),
            ..on(&[7], again.clone())
        };
        let otherwise = Keep::Otherwise(ConsentState::Authorised);
        assert_eq!(keep(store, 1, anothers, 499).await, otherwise, "{name}");
        let again = on(&[7], again);
        assert_eq!(keep(store, 1, again, 500).await, Keep::Gone, "{name}");
    }
}

#[tokio::test]
async fn what_is_taken_or_too_long_is_not_kept() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        kept(store, opened(2)).await;
        let taken = Choices {
            request: opened(2).request,
            ..first(0, 9)
        };
        let long = Choices {
            draft: Some(vec![9; (256 << 10) + 1]),
            ..first(0, 9)
        };
        let named = Choices {
            subject: Some("x".repeat(1_025)),
            ..first(0, 9)
        };
        for choices in [taken, long, named] {
            let refused = store.keep(harbour(), &id(1), choices, at(5)).await;
            assert!(refused.is_err(), "{name}");
        }
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
    }
}

#[tokio::test]
async fn an_edge_changes_no_customer_that_is_known() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        let mut allow = change(ConsentState::Reviewing, 0, Edge::Allow);
        allow.subject = Some("han-meimei".to_owned());
        let done = changed(store, 1, allow.clone(), 1).await;
        let still = Changed::Otherwise(ConsentState::Reviewing);
        assert_eq!(done, still, "{name}");
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
        allow.subject = Some("li-lei".to_owned());
        let done = changed(store, 1, allow, 1).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
    }
}

#[tokio::test]
async fn only_an_extension_puts_the_decision_off_and_not_for_long() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let reviewing = ConsentState::Reviewing;
        kept(store, opened(1)).await;
        let put_off = |edge, until: Option<i64>| Change {
            decide_until: until.map(at),
            ..change(reviewing, 0, edge)
        };
        let unfit = [
            put_off(Edge::Allow, Some(DECIDE + 1)),
            put_off(Edge::Refuse, Some(DECIDE + 1)),
            put_off(Edge::Extend, None),
            put_off(Edge::Extend, Some(DECIDE)),
            put_off(Edge::Extend, Some(DECIDE - 1)),
            put_off(Edge::Extend, Some(3 * DECIDE + 1)),
        ];
        for (number, change) in unfit.into_iter().enumerate() {
            let event = event(GrantAction::ConsentExtend, 1);
            let refused = store.change(harbour(), &id(1), change, at(1), event).await;
            assert!(refused.is_err(), "{name} {number}");
        }
        assert!(found(store, 1).await == Some(opened(1)), "{name}");
        let longest = put_off(Edge::Extend, Some(3 * DECIDE));
        let done = changed(store, 1, longest, DECIDE - 1).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        let consent = found(store, 1).await.expect("there");
        assert_eq!(consent.decide_until, at(3 * DECIDE), "{name}");
        assert_eq!(consent.extended, 1, "{name}");
    }
}
