//! What was revoked, and how long that is told.

use std::sync::Arc;

use jiff::Timestamp;
use model::GrantAction;
use model::ports::{Approval, Code, Grant, Grants, Outbox, Posted, Redeem, RefreshToken, Revoked};

use crate::fixture::{
    GRANT_LIFE, approve, at, bank, code, digest, event, grant, grant_id, harbour, plain, push,
    redemption, token,
};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

/// Makes the grant of a number and redeems its code at second 1.
async fn granted(store: &dyn Store, number: u32) {
    approve(store, harbour(), number).await;
    let redeemed = store.redeem(harbour(), digest(number), redemption(number, 1), at(1));
    let redeemed = redeemed.await.expect("answers");
    assert!(matches!(redeemed, Redeem::First(_)));
}

async fn revoke(store: &dyn Store, number: u32, until: i64, now: i64) -> Option<Posted> {
    let event = event(GrantAction::Revoke, number);
    let id = grant_id(number);
    let revoked = store.revoke_grant(harbour(), &id, at(until), at(now), event);
    revoked.await.expect("answers")
}

async fn revoke_token(store: &dyn Store, number: u32, until: i64, now: i64) -> Option<Posted> {
    let event = event(GrantAction::RevokeToken, number);
    let revoked = store.revoke_token(harbour(), digest(number), at(until), at(now), event);
    revoked.await.expect("answers")
}

async fn revoked(store: &dyn Store, now: i64) -> Revoked {
    store.revoked(harbour(), at(now)).await.expect("answers")
}

async fn refreshed(store: &dyn Store, number: u32, now: i64) -> Option<(RefreshToken, Grant)> {
    let found = store.refresh_token(harbour(), digest(number), at(now));
    found.await.expect("answers")
}

#[tokio::test]
async fn a_refresh_token_serves_again_and_again_until_it_or_its_grant_ends() {
    // OA-90, TK-08.
    for adapter in stores::all() {
        let store = &*adapter.store;
        granted(store, 1).await;
        let expected = Some((token(1, 1), grant(1, 0)));
        for now in [1, 2, 2, GRANT_LIFE - 1] {
            assert_eq!(refreshed(store, 1, now).await, expected, "{}", adapter.name);
        }
        // The token would live a second longer.
        assert_eq!(
            refreshed(store, 1, GRANT_LIFE).await,
            None,
            "{}",
            adapter.name
        );

        approve(store, harbour(), 2).await;
        let mut short = redemption(2, 1);
        short.refresh = Some(RefreshToken {
            expires: at(100),
            ..token(2, 1)
        });
        let redeemed = store.redeem(harbour(), digest(2), short, at(1)).await;
        assert!(redeemed.is_ok(), "{}", adapter.name);
        assert!(refreshed(store, 2, 99).await.is_some(), "{}", adapter.name);
        assert_eq!(refreshed(store, 2, 100).await, None, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_revoked_grant_is_dead_and_told_as_long_as_its_tokens_could_be_shown() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        granted(store, 1).await;
        granted(store, 2).await;
        assert!(revoke(store, 1, 300, 10).await.is_some(), "{name}");
        assert_eq!(refreshed(store, 1, 10).await, None, "{name}");
        assert!(refreshed(store, 2, 10).await.is_some(), "{name}");
        let expected = [(grant_id(1), at(300))];
        assert_eq!(revoked(store, 299).await.grants, expected, "{name}");
        assert_eq!(revoked(store, 300).await, Revoked::default(), "{name}");
        assert_eq!(refreshed(store, 1, 301).await, None, "{name}: for good");
    }
}

#[tokio::test]
async fn a_grant_is_revoked_once_and_a_later_end_is_kept() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        granted(store, 1).await;
        assert!(revoke(store, 1, 300, 10).await.is_some(), "{name}");
        for (until, kept) in [(200, 300), (400, 400)] {
            assert_eq!(revoke(store, 1, until, 11).await, None, "{name}");
            let expected = [(grant_id(1), at(kept))];
            assert_eq!(revoked(store, 11).await.grants, expected, "{name}");
        }
        assert_eq!(
            revoke(store, 2, 300, 10).await,
            None,
            "{name}: there is none"
        );
        assert_eq!(revoked(store, 11).await.grants.len(), 1, "{name}");
        granted(store, 3).await;
        assert_eq!(
            revoke(store, 3, 2_000, GRANT_LIFE).await,
            None,
            "{name}: ended"
        );
        assert_eq!(
            revoked(store, GRANT_LIFE).await,
            Revoked::default(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_token_is_revoked_once_and_told_until_it_expires() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        assert!(revoke_token(store, 1, 100, 1).await.is_some(), "{name}");
        for (until, kept) in [(50, 100), (200, 200)] {
            assert_eq!(revoke_token(store, 1, until, 2).await, None, "{name}");
            let expected = [(digest(1), at(kept))];
            assert_eq!(revoked(store, 2).await.tokens, expected, "{name}");
        }
        assert_eq!(revoked(store, 200).await, Revoked::default(), "{name}");
        // Forgotten or not, it counts as new.
        assert!(revoke_token(store, 1, 300, 200).await.is_some(), "{name}");
        let expected = [(digest(1), at(300))];
        assert_eq!(revoked(store, 200).await.tokens, expected, "{name}");
    }
}

#[tokio::test]
async fn all_that_is_revoked_is_told_in_order_to_its_own_bank() {
    for adapter in stores::all() {
        let (store, other) = (&*adapter.store, bank("other"));
        for number in [3, 1, 2] {
            granted(store, number).await;
            assert!(
                revoke(store, number, 300, 1).await.is_some(),
                "{}",
                adapter.name
            );
            assert!(
                revoke_token(store, number, 400, 1).await.is_some(),
                "{}",
                adapter.name
            );
        }
        let expected = Revoked {
            grants: [1, 2, 3].map(|number| (grant_id(number), at(300))).to_vec(),
            tokens: [1, 2, 3].map(|number| (digest(number), at(400))).to_vec(),
        };
        assert_eq!(revoked(store, 2).await, expected, "{}", adapter.name);
        let others = store.revoked(&other, at(2)).await.expect("answers");
        assert_eq!(others, Revoked::default(), "{}", adapter.name);
        let event = event(GrantAction::Revoke, 9);
        let id = grant_id(1);
        let foreign = store.revoke_grant(&other, &id, at(300), at(2), event);
        assert_eq!(foreign.await.expect("answers"), None, "{}", adapter.name);
    }
}

#[tokio::test]
async fn forgetting_what_has_ended_forgets_nothing_else() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        // Half of the codes are never redeemed, and their grants forgotten with them.
        for number in 0..40 {
            if number % 2 == 0 {
                granted(store, number).await;
            } else {
                approve(store, harbour(), number).await;
            }
            let until = if number % 4 == 0 { 100 } else { 2_000 };
            revoke_token(store, number, until, 1).await;
        }
        for number in 100..120 {
            push(store, harbour(), number).await;
            let opened = store.open(harbour(), digest(number), at(600), at(1)).await;
            assert!(opened.expect("answers").is_some(), "{name}");
            let made = store.approve(harbour(), digest(number), plain(number, 500), at(500));
            made.await.expect("answers");
            revoke_token(store, number, 2_000, 500).await;
        }
        for number in 0..40 {
            let is_granted = number % 2 == 0;
            let found = store.code(harbour(), digest(number), at(501)).await;
            assert_eq!(
                found.expect("answers").is_some(),
                is_granted,
                "{name} {number}"
            );
            let refreshed = refreshed(store, number, 501).await;
            assert_eq!(refreshed.is_some(), is_granted, "{name} {number}");
        }
        let told = revoked(store, 501).await.tokens.len();
        assert_eq!(told, 30 + 20, "{name}");
    }
}

#[tokio::test]
async fn instants_are_kept_to_the_microsecond_and_decide_by_it() {
    let nano = |second: i64, nanosecond| {
        Timestamp::new(1_800_000_000 + second, nanosecond).expect("in range")
    };
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        push(store, harbour(), 1).await;
        let fine = Grant {
            made_at: nano(0, 999_999_999),
            expires: nano(500, 1_999),
            ..grant(1, 0)
        };
        let code = Code {
            expires: nano(10, 1_999),
            ..code(1, 0)
        };
        let event = event(GrantAction::Approve, 1);
        let approval = Approval::plain(fine, code, event);
        let made = store.approve(harbour(), digest(1), approval, at(0));
        made.await.expect("answers");
        let found = store.code(harbour(), digest(1), nano(10, 999)).await;
        let found = found.expect("answers").expect("live");
        assert_eq!(found.grant.made_at, nano(0, 999_999_000), "{name}");
        assert_eq!(found.grant.expires, nano(500, 1_000), "{name}");
        assert_eq!(found.code.expires, nano(10, 1_000), "{name}");
        let found = store.code(harbour(), digest(1), nano(10, 1_500)).await;
        assert_eq!(found.expect("answers"), None, "{name}");
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_ends_revoked() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            granted(&store, 1).await;
            let before = store.waiting(10).await.expect("answers").len();
            store.arm();
            let revoke_once = event(GrantAction::Revoke, 1);
            let id = grant_id(1);
            let failed = store.revoke_grant(harbour(), &id, at(300), at(2), revoke_once);
            assert!(failed.await.is_err(), "{name}");
            let again = revoke(&store, 1, 300, 2).await;
            assert_eq!(again.is_some(), fails == Fails::Before, "{name}");
            store.arm();
            let revoke_once = event(GrantAction::RevokeToken, 1);
            let failed = store.revoke_token(harbour(), digest(1), at(300), at(2), revoke_once);
            assert!(failed.await.is_err(), "{name}");
            let again = revoke_token(&store, 1, 300, 2).await;
            assert_eq!(again.is_some(), fails == Fails::Before, "{name}");
            let expected = Revoked {
                grants: vec![(grant_id(1), at(300))],
                tokens: vec![(digest(1), at(300))],
            };
            assert_eq!(revoked(&store, 2).await, expected, "{name}");
            let after = store.waiting(10).await.expect("answers").len();
            assert_eq!(after, before + 2, "{name}: one event each");
        }
    }
}
