//! The ends of what was in force, and what ends with it.

use std::sync::Arc;

use tokio::task::JoinSet;

use model::ports::{Changed, Consents, Outbox, Redeem};
use model::{By, ConsentState, Edge, GrantAction, Why};

use super::{
    asked, change, changed, evidence, expiry, found, given, id, in_force, is_done, kept, opened,
    terms, waiting, withdrawal, withdrawn,
};
use crate::fixture::{
    CODE_LIFE, GRANT_LIFE, approve, at, bank, digest, event, grant, grant_id, harbour, plain,
    redemption, token,
};
use crate::stores::{self, Store};

/// What stands for the grant of a number: its fresh code, its refresh token.
async fn stands_for(store: &dyn Store, number: u32, now: i64) -> (bool, bool) {
    let code = store.code(harbour(), digest(number), at(now)).await;
    let token = store
        .refresh_token(harbour(), digest(number), at(now))
        .await;
    let code = code.expect("answers").map(|found| found.state);
    let is_fresh = code == Some(model::ports::CodeState::Fresh);
    (is_fresh, token.expect("answers").is_some())
}

async fn redeem(store: &dyn Store, number: u32, now: i64) -> Redeem {
    let redeemed = store.redeem(harbour(), digest(number), redemption(number, now), at(now));
    redeemed.await.expect("answers")
}

#[tokio::test]
async fn a_withdrawal_ends_the_grant_its_code_and_its_refresh_token_with_the_consent() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2, 3] {
            in_force(store, number, GRANT_LIFE).await;
        }
        // One has tokens, one only its code; a third is not withdrawn.
        for number in [1, 3] {
            assert!(matches!(redeem(store, number, 1).await, Redeem::First(_)));
        }
        let before = waiting(store).await;
        for number in [1, 2] {
            let told = event(GrantAction::ConsentWithdraw, number);
            match withdrawn(store, number, withdrawal(400), 10).await {
                Changed::Done(posted) => assert_eq!(*posted.event, told, "{name}"),
                other => panic!("{name}: {other:?}"),
            }
            assert_eq!(
                stands_for(store, number, 10).await,
                (false, false),
                "{name}"
            );
            let consent = found(store, number).await.expect("there");
            assert_eq!(consent.state, ConsentState::Withdrawn, "{name}");
            assert_eq!(consent.version, 2, "{name}");
            assert_eq!(consent.changed_at, at(10), "{name}");
            assert_eq!(consent.ended_until, Some(at(400)), "{name}");
            assert_eq!(consent.ended_by, Some(By::Customer), "{name}");
            assert_eq!(consent.reason.as_deref(), Some("I do not use it"), "{name}");
            assert!(
                consent.terms == Some(terms(number, at(GRANT_LIFE))),
                "{name}: kept"
            );
            let kept = store.evidence(harbour(), &id(number)).await;
            let expected = [evidence(1, Edge::Authorise), evidence(2, Edge::Withdraw)];
            assert_eq!(kept.expect("answers"), expected, "{name}");
        }
        assert_eq!(redeem(store, 2, 11).await, Redeem::Gone, "{name}");
        assert_eq!(
            stands_for(store, 3, 11).await,
            (false, true),
            "{name}: another"
        );
        let revoked = store.revoked(harbour(), at(11)).await.expect("answers");
        let expected = [(grant_id(1), at(400)), (grant_id(2), at(400))];
        assert_eq!(revoked.grants, expected, "{name}");
        assert_eq!(waiting(store).await, before + 2, "{name}: one event each");
    }
}

#[tokio::test]
async fn what_lies_there_dies_with_its_consent_and_what_is_forgotten_hinders_no_withdrawal() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2] {
            in_force(store, number, GRANT_LIFE).await;
        }
        // Nobody redeemed their codes. The grants are not remembered, but still lie there.
        let late = CODE_LIFE + 2;
        let done = withdrawn(store, 1, withdrawal(400), late).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        // Whoever tells an earlier time finds no code that is good.
        assert_eq!(redeem(store, 1, 2).await, Redeem::Gone, "{name}");
        assert_eq!(stands_for(store, 1, 2).await, (false, false), "{name}");
        // Another approval forgets the other: then there is no grant at all.
        assert!(is_done(&given(store, plain(9, late), late).await), "{name}");
        let done = withdrawn(store, 2, withdrawal(400), late).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        let revoked = store.revoked(harbour(), at(late)).await.expect("answers");
        assert_eq!(revoked.grants, [(grant_id(1), at(400))], "{name}");
        let ended = store.ended(harbour(), at(late)).await.expect("answers");
        assert_eq!(ended.len(), 2, "{name}");
        for number in 1..=2 {
            let standing = store.terms(harbour(), digest(number), at(late)).await;
            let expected = Some((ConsentState::Withdrawn, None));
            assert_eq!(standing.expect("answers"), expected, "{name} {number}");
        }
        assert_eq!(stands_for(store, 9, late).await, (true, false), "{name}");
    }
}

#[tokio::test]
async fn who_revokes_the_grant_withdraws_the_consent_and_it_is_kept_who() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2, 3] {
            in_force(store, number, GRANT_LIFE).await;
            assert!(matches!(redeem(store, number, 2).await, Redeem::First(_)));
        }
        let before = waiting(store).await;
        let (revoke, first) = (event(GrantAction::Revoke, 1), grant_id(1));
        let revoked = store.revoke_grant(harbour(), &first, at(500), at(3), revoke);
        assert!(revoked.await.expect("answers").is_some(), "{name}");
        // Its code was used before: somebody else has it.
        assert!(matches!(redeem(store, 2, 3).await, Redeem::Again(_)));
        assert_eq!(waiting(store).await, before + 2, "{name}: one event each");
        for (number, by, until) in [(1, By::Partner, 500), (2, By::House, 303)] {
            let consent = found(store, number).await.expect("there");
            assert_eq!(consent.state, ConsentState::Withdrawn, "{name}");
            assert_eq!((consent.version, consent.changed_at), (2, at(3)), "{name}");
            assert_eq!(consent.ended_by, Some(by), "{name}");
            assert_eq!(consent.ended_until, Some(at(until)), "{name}");
            let again = withdrawn(store, number, withdrawal(400), 4).await;
            let ended = Changed::Otherwise(ConsentState::Withdrawn);
            assert_eq!(again, ended, "{name}");
        }
        let other = found(store, 3).await.expect("there");
        assert_eq!(other.state, ConsentState::Authorised, "{name}: another");
        // Once more: the consent stays as it ended.
        let revoke = event(GrantAction::Revoke, 1);
        let again = store.revoke_grant(harbour(), &first, at(600), at(5), revoke);
        assert_eq!(again.await.expect("answers"), None, "{name}");
        let consent = found(store, 1).await.expect("there");
        assert_eq!((consent.version, consent.changed_at), (2, at(3)), "{name}");
    }
}

#[tokio::test]
async fn what_has_come_to_its_end_is_not_withdrawn_any_more() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [1, 2] {
            in_force(store, number, 100).await;
        }
        assert!(matches!(redeem(store, 2, 2).await, Redeem::First(_)));
        let expired = Changed::Otherwise(ConsentState::Expired);
        let late = withdrawn(store, 1, withdrawal(400), 100).await;
        assert_eq!(late, expired, "{name}");
        // A code that was used is used again: the grant dies, the consent had ended.
        assert!(matches!(redeem(store, 2, 100).await, Redeem::Again(_)));
        for number in [1, 2] {
            let consent = found(store, number).await.expect("there");
            assert_eq!(consent.state, ConsentState::Authorised, "{name}");
            let done = withdrawn(store, number, expiry(110), 100).await;
            assert!(matches!(done, Changed::Done(_)), "{name}");
            let consent = found(store, number).await.expect("there");
            assert_eq!(consent.state, ConsentState::Expired, "{name}");
            assert_eq!(consent.ended_by, Some(By::House), "{name}");
        }
    }
}

#[tokio::test]
async fn only_what_is_in_force_is_withdrawn_and_once() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        kept(store, asked(1)).await;
        kept(store, opened(2)).await;
        kept(store, opened(3)).await;
        changed(store, 3, change(ConsentState::Reviewing, 0, Edge::Allow), 1).await;
        kept(store, opened(4)).await;
        changed(
            store,
            4,
            change(ConsentState::Reviewing, 0, Edge::Refuse),
            1,
        )
        .await;
        in_force(store, 5, GRANT_LIFE).await;
        withdrawn(store, 5, withdrawal(400), 2).await;
        for (number, state) in [
            (1, ConsentState::Requested),
            (2, ConsentState::Reviewing),
            (3, ConsentState::Confirming),
            (4, ConsentState::Refused),
            (5, ConsentState::Withdrawn),
        ] {
            let before = found(store, number).await;
            for ending in [withdrawal(900), expiry(900)] {
                let done = withdrawn(store, number, ending, 3).await;
                assert_eq!(done, Changed::Otherwise(state), "{name}");
            }
            assert!(found(store, number).await == before, "{name}");
        }
        let none = withdrawn(store, 6, withdrawal(400), 3).await;
        assert_eq!(none, Changed::Gone, "{name}");
        in_force(store, 6, GRANT_LIFE).await;
        let there = event(GrantAction::ConsentWithdraw, 6);
        let there = store
            .withdraw(&bank("other"), &id(6), withdrawal(400), at(3), there)
            .await;
        assert_eq!(there.expect("answers"), Changed::Gone, "{name}: not theirs");

        let mut unfit = [withdrawal(400), withdrawal(400), withdrawal(400)];
        unfit[0].edge = Edge::Supersede;
        unfit[1].by = By::Bank;
        unfit[2].reason = Some("x".repeat(1_025));
        for (number, ending) in unfit.into_iter().enumerate() {
            let event = event(GrantAction::ConsentWithdraw, 6);
            let refused = store
                .withdraw(harbour(), &id(6), ending, at(3), event)
                .await;
            assert!(refused.is_err(), "{name} {number}");
        }
        let consent = found(store, 6).await.expect("there");
        assert_eq!(consent.state, ConsentState::Authorised, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_all_that_withdraw_one_consent_one_does() {
    for adapter in stores::all() {
        let name = adapter.name;
        for number in 1..=10 {
            in_force(&*adapter.store, number, 100).await;
            let before = waiting(&*adapter.store).await;
            let mut racers = JoinSet::new();
            for racer in 0..16_u32 {
                let store = Arc::clone(&adapter.store);
                racers.spawn(async move {
                    // Some see it in its last second, and some after.
                    match racer % 2 {
                        0 => withdrawn(&*store, number, withdrawal(400), 99).await,
                        _ => withdrawn(&*store, number, expiry(400), 100).await,
                    }
                });
            }
            let raced = racers.join_all().await;
            let done = raced.iter().filter(|one| matches!(one, Changed::Done(_)));
            assert_eq!(done.count(), 1, "{name}: {raced:?}");
            let after = waiting(&*adapter.store).await;
            assert_eq!(after, before + 1, "{name}: one event");
        }
    }
}

#[tokio::test]
async fn it_expires_when_its_time_has_come_and_not_before() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        in_force(store, 1, 100).await;
        let still = Changed::Otherwise(ConsentState::Authorised);
        assert_eq!(withdrawn(store, 1, expiry(110), 99).await, still, "{name}");
        let done = withdrawn(store, 1, expiry(110), 100).await;
        assert!(matches!(done, Changed::Done(_)), "{name}");
        let consent = found(store, 1).await.expect("there");
        assert_eq!(consent.state, ConsentState::Expired, "{name}");
        assert_eq!(consent.reason, None, "{name}");
    }
}

#[tokio::test]
async fn the_terms_are_told_as_long_as_it_is_in_force() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let standing = async |number, now| {
            let told = store.terms(harbour(), digest(number), at(now)).await;
            told.expect("answers")
        };
        kept(store, asked(1)).await;
        let requested = Some((ConsentState::Requested, None));
        assert_eq!(standing(1, 1).await, requested, "{name}");
        in_force(store, 2, 100).await;
        let live = Some((ConsentState::Authorised, Some(terms(2, at(100)))));
        assert_eq!(standing(2, 99).await, live, "{name}");
        let expired = Some((ConsentState::Expired, None));
        assert_eq!(
            standing(2, 100).await,
            expired,
            "{name}: nobody said so yet"
        );
        withdrawn(store, 2, withdrawal(110), 50).await;
        let ended = Some((ConsentState::Withdrawn, None));
        for now in [51, 100, 5_000] {
            assert_eq!(standing(2, now).await, ended, "{name}");
        }
        // A grant of before there were consents: there is none, and class customer refuses it.
        approve(store, harbour(), 3).await;
        redeem(store, 3, 1).await;
        assert_eq!(standing(3, 2).await, None, "{name}");
        let refreshed = store.refresh_token(harbour(), digest(3), at(2)).await;
        let expected = Some((token(3, 1), grant(3, 0)));
        assert_eq!(refreshed.expect("answers"), expected, "{name}: it goes on");
    }
}

#[tokio::test]
async fn an_end_is_told_with_its_why_as_long_as_tokens_could_be_shown() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in [2, 1, 3] {
            in_force(store, number, 100).await;
        }
        withdrawn(store, 2, withdrawal(300), 10).await;
        withdrawn(store, 1, expiry(200), 100).await;
        let ended = async |now| store.ended(harbour(), at(now)).await.expect("answers");
        let first = (digest(1), Why::Expired, at(200));
        let second = (digest(2), Why::Withdrawn, at(300));
        assert_eq!(ended(199).await, [first, second], "{name}");
        assert_eq!(ended(200).await, [second], "{name}");
        assert_eq!(ended(300).await, [], "{name}");
        let there = store.ended(&bank("other"), at(0)).await;
        assert_eq!(there.expect("answers"), [], "{name}");
    }
}

#[tokio::test]
async fn what_is_due_is_told_the_longest_due_first() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let undecided = |number, until| model::ports::Consent {
            decide_until: at(until),
            ..asked(number)
        };
        kept(store, undecided(1, 300)).await;
        kept(store, undecided(2, 100)).await;
        kept(store, undecided(5, 200)).await;
        kept(store, undecided(4, 200)).await;
        in_force(store, 3, 150).await;
        in_force(store, 6, 400).await;
        kept(store, opened(7)).await;
        changed(
            store,
            7,
            change(ConsentState::Reviewing, 0, Edge::Refuse),
            1,
        )
        .await;
        let due = async |now, limit| {
            let due = store.due(harbour(), at(now), limit).await;
            due.expect("answers")
        };
        let (requested, authorised) = (ConsentState::Requested, ConsentState::Authorised);
        let all = [
            (id(2), requested, 0),
            (id(3), authorised, 1),
            (id(4), requested, 0),
            (id(5), requested, 0),
            (id(1), requested, 0),
        ];
        assert_eq!(due(300, 10).await, all, "{name}");
        assert_eq!(due(300, 3).await, all[..3], "{name}");
        assert_eq!(due(199, 10).await, all[..2], "{name}");
        assert_eq!(due(99, 10).await, [], "{name}");
        let there = store.due(&bank("other"), at(9_000), 10).await;
        assert_eq!(there.expect("answers"), [], "{name}");
        for (id, state, version) in due(150, 10).await {
            let event = event(GrantAction::ConsentLapse, 1);
            let done = if state == ConsentState::Authorised {
                let ending = expiry(160);
                store.withdraw(harbour(), &id, ending, at(150), event).await
            } else {
                let lapse = change(state, version, Edge::Lapse);
                store.change(harbour(), &id, lapse, at(150), event).await
            };
            assert!(matches!(done, Ok(Changed::Done(_))), "{name}");
        }
        assert_eq!(due(300, 10).await, all[2..], "{name}");
    }
}

#[tokio::test]
async fn after_a_crash_a_withdrawal_is_whole_or_was_not() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let store = stores::sqlite(&stores::data_file(dir.path()));
    in_force(&*store, 1, GRANT_LIFE).await;
    redeem(&*store, 1, 1).await;
    let before = stores::after_a_crash(dir.path());
    withdrawn(&*store, 1, withdrawal(400), 10).await;
    let after = stores::after_a_crash(dir.path());
    for (copy, is_withdrawn) in [(before, false), (after, true)] {
        let store = stores::sqlite(&stores::data_file(copy.path()));
        let consent = found(&*store, 1).await.expect("there");
        assert_eq!(consent.state == ConsentState::Withdrawn, is_withdrawn);
        assert_eq!(stands_for(&*store, 1, 11).await.1, !is_withdrawn);
        let kept = store.evidence(harbour(), &id(1)).await.expect("answers");
        assert_eq!(kept.len(), 1 + usize::from(is_withdrawn));
        let events = store.waiting(100).await.expect("answers");
        let told = events
            .iter()
            .any(|posted| posted.event.action == GrantAction::ConsentWithdraw);
        assert_eq!(told, is_withdrawn);
        let standing = store.terms(harbour(), digest(1), at(11)).await;
        let (_, terms) = standing.expect("answers").expect("there");
        assert_eq!(terms.is_some(), !is_withdrawn);
    }
}
