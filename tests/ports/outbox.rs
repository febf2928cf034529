//! The contract of `ports::Outbox`, and of every change that writes into it.

use std::sync::Arc;

use futures_util::future::join_all;
use model::ports::{
    Approval, Changed, Grants, Lodge, Outbox, OutboxId, Posted, Redeem, Sessions, StoreUnavailable,
};
use model::{
    AuditEntry, AuditEvent, ConsentState, Edge, GrantAction, GrantEvent, LogName, Network, Who,
};

use crate::consents;
use crate::fixture::{
    approve, at, digest, event, grant_id, harbour, plain, posted, push, redemption, session,
};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

/// A change that writes an event, each on something of its own, which [`prepare`] makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Approve = 1,
    TurnDown,
    Redeem,
    RedeemAgain,
    RevokeGrant,
    RevokeToken,
    LogIn,
    Lodge,
    Allow,
    Authorise,
    Withdraw,
}

impl Change {
    const ALL: [Self; 11] = [
        Self::Approve,
        Self::TurnDown,
        Self::Redeem,
        Self::RedeemAgain,
        Self::RevokeGrant,
        Self::RevokeToken,
        Self::LogIn,
        Self::Lodge,
        Self::Allow,
        Self::Authorise,
        Self::Withdraw,
    ];

    fn action(self) -> GrantAction {
        match self {
            Self::Approve => GrantAction::Approve,
            Self::TurnDown => GrantAction::Refuse,
            Self::Redeem => GrantAction::Redeem,
            Self::RedeemAgain => GrantAction::Reuse,
            Self::RevokeGrant => GrantAction::Revoke,
            Self::RevokeToken => GrantAction::RevokeToken,
            Self::LogIn => GrantAction::LogIn,
            Self::Lodge => GrantAction::ConsentOpen,
            Self::Allow => GrantAction::ConsentAllow,
            Self::Authorise => GrantAction::ConsentRenew,
            Self::Withdraw => GrantAction::ConsentWithdraw,
        }
    }

    fn event(self) -> GrantEvent {
        event(self.action(), self as u32)
    }

    /// Makes the change at second 1; answers what it wrote.
    async fn make(self, store: &dyn Store) -> Result<Option<Posted>, StoreUnavailable> {
        let (bank, number) = (harbour(), self as u32);
        let (digest, now, event) = (digest(number), at(1), self.event());
        let changed = |changed: Changed| match changed {
            Changed::Done(posted) => Some(posted),
            Changed::Otherwise(_) | Changed::Gone => None,
        };
        let id = consents::id(number);
        match self {
            Self::Approve => {
                let approval = plain(number, 1);
                store.approve(bank, digest, approval, now).await.map(posted)
            }
            Self::TurnDown => {
                let finish = store.turn_down(bank, digest, None, now, event).await;
                finish.map(posted)
            }
            Self::Redeem | Self::RedeemAgain => {
                let redemption = redemption(number, 1);
                let redeemed = store.redeem(bank, digest, redemption, now).await;
                redeemed.map(|redeemed| match redeemed {
                    Redeem::First(posted) | Redeem::Again(posted) => Some(posted),
                    Redeem::Gone => None,
                })
            }
            Self::RevokeGrant => {
                let id = grant_id(number);
                store.revoke_grant(bank, &id, at(300), now, event).await
            }
            Self::RevokeToken => store.revoke_token(bank, digest, at(300), now, event).await,
            Self::LogIn => {
                let begun = Sessions::begin(store, bank, session(number), None, now, event);
                begun.await.map(Some)
            }
            Self::Lodge => {
                let lodged = store.lodge(bank, consents::opened(number), now, event);
                lodged.await.map(|lodged| match lodged {
                    Lodge::Kept(posted) => Some(posted),
                    Lodge::Known(_) | Lodge::Full => None,
                })
            }
            Self::Allow => {
                let allow = consents::change(ConsentState::Reviewing, 0, Edge::Allow);
                store
                    .change(bank, &id, allow, now, event)
                    .await
                    .map(changed)
            }
            Self::Authorise => {
                let approval = Approval {
                    event,
                    ..consents::approval(number, consents::authorisation(number, 900), 1)
                };
                store.approve(bank, digest, approval, now).await.map(posted)
            }
            Self::Withdraw => {
                let ending = consents::withdrawal(300);
                let done = store.withdraw(bank, &id, ending, now, event).await;
                done.map(changed)
            }
        }
    }
}

/// Makes what the changes need, and empties the outbox of that.
async fn prepare(store: &dyn Store) {
    let harbour = harbour();
    for change in [Change::Approve, Change::TurnDown] {
        push(store, harbour, change as u32).await;
    }
    for change in [Change::Redeem, Change::RedeemAgain, Change::RevokeGrant] {
        approve(store, harbour, change as u32).await;
    }
    push(store, harbour, Change::Authorise as u32).await;
    for change in [Change::Allow, Change::Authorise] {
        consents::kept(store, consents::opened(change as u32)).await;
    }
    consents::in_force(store, Change::Withdraw as u32, 900).await;
    let first = Change::RedeemAgain.make(store).await.expect("answers");
    assert!(first.is_some());
    let ids: Vec<_> = waiting(store)
        .await
        .iter()
        .map(|posted| posted.id)
        .collect();
    store.logged(&ids).await.expect("answers");
    assert_eq!(waiting(store).await, []);
}

async fn waiting(store: &dyn Store) -> Vec<Posted> {
    store.waiting(100_000).await.expect("answers")
}

#[tokio::test]
async fn every_change_leaves_its_own_event_and_those_wait_in_order() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        prepare(store).await;
        let mut expected = Vec::new();
        for change in Change::ALL {
            let posted = change.make(store).await.expect("answers");
            let posted = posted.expect("something changed");
            assert_eq!(*posted.event, change.event(), "{} {change:?}", adapter.name);
            expected.push(posted);
            assert_eq!(
                waiting(store).await,
                expected,
                "{} {change:?}",
                adapter.name
            );
        }
        assert!(
            expected.is_sorted_by(|a, b| a.id < b.id),
            "{}",
            adapter.name
        );
        let oldest = store.waiting(3).await.expect("answers");
        assert_eq!(oldest, expected[..3], "{}", adapter.name);
        assert_eq!(
            store.waiting(0).await.expect("answers"),
            [],
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn what_changes_nothing_leaves_no_event() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        prepare(store).await;
        for change in Change::ALL {
            change.make(store).await.expect("answers");
        }
        let before = waiting(store).await;
        for change in Change::ALL {
            let name = format!("{} {change:?}", adapter.name);
            match (change, change.make(store).await) {
                // Each reuse is evidence by itself.
                (Change::Redeem | Change::RedeemAgain, again) => {
                    let posted = again.expect("answers").expect("revoked again");
                    assert_eq!(posted.event.action, GrantAction::Reuse, "{name}");
                    store.logged(&[posted.id]).await.expect("answers");
                }
                (Change::LogIn, taken) => assert!(taken.is_err(), "{name}"),
                (_, again) => assert_eq!(again.expect("answers"), None, "{name}"),
            }
            assert_eq!(waiting(store).await, before, "{name}");
        }
        for calls in 0..2 {
            push(store, harbour(), 50 + calls).await;
            let opened = store.open(harbour(), digest(50), at(90), at(1)).await;
            assert!(opened.expect("answers").is_some(), "{}", adapter.name);
            store
                .end(harbour(), digest(7), at(1))
                .await
                .expect("answers");
        }
        assert_eq!(waiting(store).await, before, "{}", adapter.name);
    }
}

#[tokio::test]
async fn what_is_logged_is_gone_and_its_place_is_never_given_again() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        prepare(store).await;
        let mut ids = Vec::new();
        for change in [Change::Approve, Change::TurnDown, Change::RevokeToken] {
            let posted = change.make(store).await.expect("answers");
            ids.push(posted.expect("something changed").id);
        }
        store.logged(&[ids[1]]).await.expect("answers");
        let left: Vec<_> = waiting(store)
            .await
            .iter()
            .map(|posted| posted.id)
            .collect();
        assert_eq!(left, [ids[0], ids[2]], "{}", adapter.name);
        // Told twice, or of what never was: nothing else goes.
        let unknown = OutboxId(i64::MAX);
        store.logged(&[ids[1], unknown]).await.expect("answers");
        store.logged(&[]).await.expect("answers");
        assert_eq!(waiting(store).await.len(), 2, "{}", adapter.name);
        store.logged(&ids).await.expect("answers");
        assert_eq!(waiting(store).await, [], "{}", adapter.name);
        let next = Change::LogIn.make(store).await.expect("answers");
        let next = next.expect("something changed").id;
        assert!(ids.iter().all(|id| *id < next), "{}", adapter.name);
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_change_and_its_event_are_one() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            prepare(&store).await;
            for change in Change::ALL {
                let name = format!("{} {fails:?} {change:?}", adapter.name);
                store.arm();
                assert!(change.make(&store).await.is_err(), "{name}");
                let events = waiting(&store).await;
                match fails {
                    Fails::Before => assert_eq!(events, [], "{name}"),
                    Fails::After | Fails::Unanswered => {
                        assert_eq!(events.len(), 1, "{name}");
                        assert_eq!(*events[0].event, change.event(), "{name}");
                    }
                }
                let ids: Vec<_> = events.iter().map(|posted| posted.id).collect();
                store.arm();
                assert!(store.logged(&ids).await.is_err(), "{name}");
                store.logged(&ids).await.expect("answers");
                assert_eq!(waiting(&store).await, [], "{name}");
            }
        }
    }
}

#[tokio::test]
async fn in_a_file_events_outlive_a_restart_and_a_crash_as_they_are() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let store = stores::sqlite(&file);
    prepare(&*store).await;
    for change in Change::ALL {
        change.make(&*store).await.expect("answers");
    }
    let bare = GrantEvent {
        who: Who::default(),
        grant: None,
        rule: None,
        code: Some("access_denied".to_owned()),
        network: Network::of(std::net::Ipv6Addr::LOCALHOST.into()),
        ..event(GrantAction::RevokeToken, 99)
    };
    let posted = store.revoke_token(harbour(), digest(99), at(300), at(1), bare.clone());
    let posted = posted.await.expect("answers").expect("something changed");
    assert_eq!(*posted.event, bare);
    let expected = waiting(&*store).await;
    assert_eq!(expected.len(), Change::ALL.len() + 1);
    let crashed = stores::after_a_crash(dir.path());
    drop(store);
    for file in [file, stores::data_file(crashed.path())] {
        let store = stores::sqlite(&file);
        assert_eq!(waiting(&*store).await, expected, "{}", file.display());
        let ids: Vec<_> = expected.iter().map(|posted| posted.id).collect();
        store.logged(&ids).await.expect("answers");
        drop(store);
        let store = stores::sqlite(&file);
        assert_eq!(waiting(&*store).await, [], "{}", file.display());
        let next = store.revoke_token(harbour(), digest(98), at(300), at(1), bare.clone());
        let next = next.await.expect("answers").expect("something changed");
        assert!(ids.iter().all(|id| *id < next.id), "{}", file.display());
    }
}

#[tokio::test]
async fn an_event_becomes_the_entry_of_its_banks_log() {
    for adapter in stores::all() {
        prepare(&*adapter.store).await;
        Change::Redeem.make(&*adapter.store).await.expect("answers");
        let posted = waiting(&*adapter.store).await.remove(0);
        let expected = Change::Redeem.event();
        let entry = AuditEntry::from(posted.event);
        assert_eq!(
            entry.log,
            LogName::Bank(harbour().clone()),
            "{}",
            adapter.name
        );
        assert_eq!(entry.at, expected.at, "{}", adapter.name);
        assert_eq!(entry.event.partner(), expected.who.partner.as_ref());
        match entry.event {
            AuditEvent::Grant(event) => assert_eq!(*event, expected, "{}", adapter.name),
            other => panic!("{}: {other:?}", adapter.name),
        }
    }
}

#[tokio::test]
async fn a_change_whose_event_is_too_long_is_not_made() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        let long = || Some("x".repeat((64 << 10) + 1));
        let plain = event(GrantAction::RevokeToken, 1);
        let with_rule = GrantEvent {
            rule: long(),
            ..plain.clone()
        };
        let with_code = GrantEvent {
            code: long(),
            ..plain
        };
        for event in [with_rule, with_code] {
            let revoked = store.revoke_token(harbour(), digest(1), at(300), at(1), event);
            assert!(revoked.await.is_err(), "{}", adapter.name);
        }
        let revoked = store.revoked(harbour(), at(1)).await.expect("answers");
        assert_eq!(revoked.tokens, [], "{}", adapter.name);
        assert_eq!(waiting(store).await, [], "{}", adapter.name);
    }
}

#[tokio::test]
async fn when_ten_thousand_wait_every_change_is_refused_and_changes_nothing() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        prepare(store).await;
        let bank = harbour();
        for thousand in 0..10_u32 {
            let numbers = 1_000 + thousand * 1_000..2_000 + thousand * 1_000;
            let posts = numbers.map(|number| {
                let event = event(GrantAction::RevokeToken, number);
                store.revoke_token(bank, digest(number), at(300), at(1), event)
            });
            for posted in join_all(posts).await {
                assert!(posted.expect("answers").is_some(), "{}", adapter.name);
            }
        }
        for change in Change::ALL {
            let refused = change.make(store).await;
            let cause = refused.expect_err("full").source.expect("a cause");
            let name = format!("{} {change:?}", adapter.name);
            assert_eq!(cause.to_string(), "the outbox is full", "{name}");
        }
        let events = waiting(store).await;
        assert_eq!(events.len(), 10_000, "{}", adapter.name);
        let ids: Vec<_> = events.iter().map(|posted| posted.id).collect();
        // One that is stuck does not keep the others out.
        store.logged(&ids[1..]).await.expect("answers");
        for change in Change::ALL {
            let posted = change.make(store).await.expect("answers");
            let posted = posted.expect("nothing had changed");
            assert_eq!(*posted.event, change.event(), "{}", adapter.name);
        }
    }
}
