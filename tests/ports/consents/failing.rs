//! Behind a store that fails before or after a write took hold: whoever tries again learns what is
//! so, and each change has one event.

use std::sync::Arc;

use jiff::civil::Date;

use model::ports::{Changed, Choices, Consents, Grants, Keep, Lodge, Spend};
use model::{ConsentState, Edge, GrantAction};

use super::{
    approval, authorisation, change, changed, evidence, found, fresh_request, id, in_force,
    instead, is_done, kept, lodge, opened, waiting, withdrawal, withdrawn,
};
use crate::fixture::{GRANT_LIFE, at, digest, event, grant_id, harbour};
use crate::stores::{self, Adapter, Store};
use faulty::{Call, Fails, Faulty};

/// A store that fails one way, with what must outlive it.
struct Behind {
    store: Faulty<dyn Store>,
    fails: Fails,
    name: String,
    _adapter: Adapter,
}

/// Each store, failing each way.
fn each() -> Vec<Behind> {
    let mut each = Vec::new();
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            each.push(Behind {
                store: Faulty::new(Arc::clone(&adapter.store), fails),
                fails,
                name: format!("{} {fails:?}", adapter.name),
                _adapter: adapter,
            });
        }
    }
    each
}

#[tokio::test]
async fn a_consent_is_made_once() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        let fails = *fails;
        store.arm();
        let told = event(GrantAction::ConsentLodge, 1);
        let failed = store.lodge(harbour(), opened(1), at(0), told).await;
        assert!(failed.is_err(), "{name}");
        match lodge(store, opened(1), 0).await {
            Lodge::Kept(_) => assert_eq!(fails, Fails::Before, "{name}"),
            Lodge::Known(known) => {
                assert_eq!(fails, Fails::After, "{name}");
                assert!(*known == opened(1), "{name}");
            }
            Lodge::Full => panic!("{name}"),
        }
        assert_eq!(waiting(store).await, 1, "{name}");
    }
}

#[tokio::test]
async fn an_edge_is_taken_once() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        let fails = *fails;
        kept(store, opened(1)).await;
        let mut allow = change(ConsentState::Reviewing, 0, Edge::Allow);
        allow.evidence = Some(evidence(1, Edge::Allow));
        store.arm();
        let told = event(GrantAction::ConsentAllow, 1);
        let failed = store
            .change(harbour(), &id(1), allow.clone(), at(1), told)
            .await;
        assert!(failed.is_err(), "{name}");
        let again = changed(store, 1, allow, 1).await;
        if fails == Fails::After {
            let taken = Changed::Otherwise(ConsentState::Confirming);
            assert_eq!(again, taken, "{name}");
        } else {
            assert!(matches!(again, Changed::Done(_)), "{name}");
        }
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept, [evidence(1, Edge::Allow)], "{name}");
        assert_eq!(waiting(store).await, 2, "{name}");
        assert_eq!(
            found(store, 1).await.map(|its| its.version),
            Some(1),
            "{name}"
        );
    }
}

#[tokio::test]
async fn it_comes_into_force_once() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        let fails = *fails;
        kept(store, opened(1)).await;
        let request = fresh_request(store, 1).await;
        store.arm();
        let authorise = async || {
            let given = approval(1, authorisation(1, 800), 1);
            store.approve(harbour(), request, given, at(1)).await
        };
        assert!(authorise().await.is_err(), "{name}");
        let live = store.terms(harbour(), digest(1), at(2)).await;
        let (_, terms) = live.expect("answers").expect("there");
        assert_eq!(terms.is_some(), fails == Fails::After, "{name}");
        let again = authorise().await.expect("answers");
        assert_eq!(is_done(&again), fails == Fails::Before, "{name}");
        let code = store.code(harbour(), digest(1), at(2)).await;
        assert!(code.expect("answers").is_some(), "{name}");
        assert_eq!(waiting(store).await, 2, "{name}");
        let consent = found(store, 1).await.expect("there");
        assert_eq!(consent.state, ConsentState::Authorised, "{name}");
    }
}

#[tokio::test]
async fn what_takes_the_place_of_another_does_so_once() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        in_force(store, 1, GRANT_LIFE).await;
        kept(store, opened(2)).await;
        let request = fresh_request(store, 2).await;
        store.arm();
        let failed = store.approve(harbour(), request, instead(2, 1, 400), at(2));
        assert!(failed.await.is_err(), "{name}");
        let former = found(store, 1).await.expect("there");
        let is_over = former.state == ConsentState::Superseded;
        assert_eq!(is_over, *fails == Fails::After, "{name}");
        let again = store.approve(harbour(), request, instead(2, 1, 400), at(2));
        let again = again.await.expect("answers");
        assert_eq!(is_done(&again), *fails == Fails::Before, "{name}");
        assert_eq!(waiting(store).await, 5, "{name}: two events, once");
        let kept = store.evidence(harbour(), &id(2)).await.expect("answers");
        assert_eq!(kept, [evidence(1, Edge::Authorise)], "{name}");
    }
}

#[tokio::test]
async fn a_refusal_ends_request_and_consent_once() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        kept(store, opened(1)).await;
        let request = fresh_request(store, 1).await;
        let turn_down = async || {
            let refuse = change(ConsentState::Reviewing, 0, Edge::Refuse);
            let told = event(GrantAction::Refuse, 1);
            let declined = Some((id(1), refuse));
            store
                .turn_down(harbour(), request, declined, at(1), told)
                .await
        };
        store.fails_at(Call::TurnDown, *fails);
        assert!(turn_down().await.is_err(), "{name}");
        store.fails_at(Call::TurnDown, None);
        let is_over = found(store, 1).await.expect("there").state == ConsentState::Refused;
        let live = store.open(harbour(), request, at(9), at(1)).await;
        assert_eq!(live.expect("answers").is_none(), is_over, "{name}");
        assert_eq!(is_over, *fails == Fails::After, "{name}");
        let again = turn_down().await.expect("answers");
        assert_eq!(is_done(&again), *fails == Fails::Before, "{name}");
        assert_eq!(waiting(store).await, 2, "{name}");
    }
}

#[tokio::test]
async fn what_was_chosen_is_found_though_nobody_heard_that_it_is_kept() {
    for Behind { store, name, .. } in &each() {
        kept(store, opened(1)).await;
        let choose = async || {
            let choices = Choices {
                version: 0,
                subject: None,
                request: None,
                former: opened(1).draft,
                draft: Some(vec![1]),
            };
            store.keep(harbour(), &id(1), choices, at(1)).await
        };
        store.fails_at(Call::Keep, Fails::After);
        assert!(choose().await.is_err(), "{name}");
        store.fails_at(Call::Keep, None);
        let otherwise = Keep::Otherwise(ConsentState::Reviewing);
        assert_eq!(choose().await.expect("answers"), otherwise, "{name}");
        assert_eq!(
            found(store, 1).await.expect("there").draft,
            [1_u8],
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_withdrawal_that_failed_can_be_tried_until_it_holds() {
    for Behind {
        store, fails, name, ..
    } in &each()
    {
        let fails = *fails;
        in_force(store, 1, GRANT_LIFE).await;
        let before = waiting(store).await;
        store.arm();
        let told = event(GrantAction::ConsentWithdraw, 1);
        let failed = store
            .withdraw(harbour(), &id(1), withdrawal(400), at(2), told)
            .await;
        assert!(failed.is_err(), "{name}");
        let is_revoked = async || {
            let revoked = store.revoked(harbour(), at(3)).await.expect("answers");
            revoked.grants == [(grant_id(1), at(400))]
        };
        assert_eq!(is_revoked().await, fails == Fails::After, "{name}");
        match withdrawn(store, 1, withdrawal(400), 2).await {
            Changed::Done(_) => assert_eq!(fails, Fails::Before, "{name}"),
            again => {
                assert_eq!(fails, Fails::After, "{name}");
                let ended = Changed::Otherwise(ConsentState::Withdrawn);
                assert_eq!(again, ended, "{name}");
            }
        }
        assert!(is_revoked().await, "{name}");
        assert_eq!(waiting(store).await, before + 1, "{name}: one event");
        let ended = store.ended(harbour(), at(3)).await.expect("answers");
        assert_eq!(ended.len(), 1, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_is_never_answered() {
    for Behind { store, name, .. } in &each() {
        in_force(store, 1, GRANT_LIFE).await;
        store.fails_at(Call::Terms, Fails::Before);
        let asked = store.terms(harbour(), digest(1), at(2)).await;
        assert!(asked.is_err(), "{name}");
        store.fails_at(Call::Spend, Fails::After);
        let day = Date::constant(2026, 11, 23);
        let spent = store.spend(harbour(), digest(1), day, 2).await;
        assert!(spent.is_err(), "{name}");
        store.fails_at(Call::Spend, None);
        let left = store.spend(harbour(), digest(1), day, 2).await;
        assert_eq!(
            left.expect("answers"),
            Spend::Left(0),
            "{name}: it was spent"
        );
    }
}
