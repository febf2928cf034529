//! What customers still need, and what was decided: told of consents, and no edges of them.

use std::sync::Arc;

use model::ports::{Changed, Consent, Consents};
use model::{By, Channel, ConsentPart, ConsentState, Edge, GrantAction};

use super::{
    change, changed, evidence, expiry, found, id, in_force, instead, is_done, kept, opened,
    renewal, renewed, waiting, withdrawal, withdrawn,
};
use crate::fixture::{GRANT_LIFE, at, bank, digest, event, harbour};
use crate::stores;
use faulty::{Call, Fails, Faulty};

async fn confirms(store: &(impl Consents + ?Sized), number: u32, subject: &str, now: i64) -> bool {
    let id = id(number);
    let confirmed = store.confirm(harbour(), &id, subject, at(now));
    confirmed.await.expect("answers")
}

#[tokio::test]
async fn what_is_in_force_is_confirmed_by_its_customer_and_nothing_else_of_it_changes() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, GRANT_LIFE).await;
        let before = found(store, 1).await.expect("there");
        assert_eq!(before.confirmed_at, None, "{name}");
        let events = waiting(store).await;
        assert!(!confirms(store, 1, "han-meimei", 20).await, "{name}");
        assert!(!confirms(store, 2, "li-lei", 20).await, "{name}");
        let (other, one) = (bank("other"), id(1));
        let others = store.confirm(&other, &one, "li-lei", at(20)).await;
        assert!(!others.expect("answers"), "{name}");
        assert!(found(store, 1).await.as_ref() == Some(&before), "{name}");

        assert!(confirms(store, 1, "li-lei", 20).await, "{name}");
        // Whoever tells an earlier time takes none of it back.
        assert!(confirms(store, 1, "li-lei", 10).await, "{name}");
        let after = found(store, 1).await.expect("there");
        let confirmed = Consent {
            confirmed_at: Some(at(20)),
            ..before
        };
        assert!(after == confirmed, "{name}");
        assert_eq!(waiting(store).await, events, "{name}: no event");

        // It stays as the consent goes on.
        let again = renewal(1, after.version, GRANT_LIFE + 50);
        assert!(is_done(&renewed(store, 1, again, 77, 30).await), "{name}");
        let renewed = found(store, 1).await.expect("there");
        assert_eq!(renewed.confirmed_at, Some(at(20)), "{name}");
    }
}

#[tokio::test]
async fn what_is_undecided_or_has_ended_is_not_confirmed() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, opened(1)).await;
        in_force(store, 2, 100).await;
        in_force(store, 3, GRANT_LIFE).await;
        assert!(confirms(store, 2, "li-lei", 99).await, "{name}");
        let done = withdrawn(store, 3, withdrawal(400), 10).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        for number in [1, 2, 3] {
            assert!(
                !confirms(store, number, "li-lei", 100).await,
                "{name} {number}"
            );
        }
        let at_last = found(store, 2).await.expect("there");
        assert_eq!(at_last.confirmed_at, Some(at(99)), "{name}");
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_confirms() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            in_force(&*adapter.store, 1, GRANT_LIFE).await;
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            store.fails_at(Call::Confirm, fails);
            let failed = store.confirm(harbour(), &id(1), "li-lei", at(20)).await;
            assert!(failed.is_err(), "{name}");
            let consent = found(&*adapter.store, 1).await.expect("there");
            let took_hold = fails == Fails::After;
            assert_eq!(consent.confirmed_at.is_some(), took_hold, "{name}");
            store.fails_at(Call::Confirm, None);
            assert!(confirms(&store, 1, "li-lei", 20).await, "{name}");
            let consent = found(&*adapter.store, 1).await.expect("there");
            assert_eq!(consent.confirmed_at, Some(at(20)), "{name}");
        }
    }
}

#[tokio::test]
async fn what_was_decided_is_told_without_what_was_kept_of_it() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let decided = async |number: u32| {
            let decided = store.decided(harbour(), &id(number)).await;
            decided.expect("answers")
        };
        assert_eq!(decided(1).await, [], "{name}");
        in_force(store, 1, GRANT_LIFE).await;
        let version = found(store, 1).await.expect("there").version;
        let again = renewal(1, version, GRANT_LIFE + 50);
        assert!(is_done(&renewed(store, 1, again, 77, 30).await), "{name}");
        withdrawn(store, 1, withdrawal(400), 40).await;
        let of = |edge| (edge, By::Customer, evidence(1, edge).at);
        let expected = [of(Edge::Authorise), of(Edge::Renew), of(Edge::Withdraw)];
        assert_eq!(decided(1).await, expected, "{name}");
        let others = store.decided(&bank("other"), &id(1)).await;
        assert_eq!(others.expect("answers"), [], "{name}");
    }
}

#[tokio::test]
async fn by_which_way_a_consent_ended_is_kept() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2, 4] {
            in_force(store, number, GRANT_LIFE).await;
        }
        kept(store, opened(3)).await;
        kept(store, opened(5)).await;
        kept(store, opened(6)).await;
        let told = |number: u32, action, by, channel| {
            let mut told = event(action, number);
            told.consent = Some(ConsentPart {
                from: None,
                to: ConsentState::Withdrawn,
                by,
                channel,
                text_version: None,
                customer: None,
                clusters: Vec::new(),
                resources: 0,
                evidence_digest: None,
            });
            told
        };
        let by_bank = told(1, GrantAction::ConsentWithdraw, By::Bank, Channel::Control);
        let one = id(1);
        let ended = store.withdraw(harbour(), &one, expiry(400), at(GRANT_LIFE), by_bank);
        let ended = ended.await.expect("answers");
        assert!(matches!(ended, Changed::Done(_)), "{name}");
        // Who did not say so is told as nobody.
        withdrawn(store, 2, withdrawal(400), 10).await;
        let taken = told(3, GrantAction::Refuse, By::Partner, Channel::Api);
        let refusal = change(ConsentState::Reviewing, 0, Edge::Refuse);
        let three = id(3);
        let ended = store
            .change(harbour(), &three, refusal, at(10), taken)
            .await;
        assert!(matches!(ended, Ok(Changed::Done(_))), "{name}");
        let given = super::given(store, instead(6, 4, 400), 2).await;
        assert!(is_done(&given), "{name}");
        // An edge that is no end says nothing of one.
        let opens = change(ConsentState::Reviewing, 0, Edge::Allow);
        changed(store, 5, opens, 10).await;
        for (number, way) in [
            (1, Some(Channel::Control)),
            (2, None),
            (3, Some(Channel::Api)),
            (4, Some(Channel::Page)),
            (5, None),
        ] {
            let consent = found(store, number).await.expect("there");
            assert_eq!(consent.ended_on, way, "{name} {number}");
        }
        assert_eq!(
            found(store, 6).await.expect("there").digest,
            digest(6),
            "{name}"
        );
    }
}
