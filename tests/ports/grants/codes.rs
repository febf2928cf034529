//! Codes: redeemed once, remembered as long as what came of them.

use std::sync::Arc;

use model::ports::{
    Approval, CodeState, FoundCode, Grant, Grants, Outbox, Posted, Redeem, Redemption,
    RefreshToken, Revoked,
};
use tokio::task::JoinSet;

use crate::fixture::{
    GRANT_LIFE, approve, at, bank, code, digest, grant, grant_id, harbour, plain, push, redemption,
    token,
};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

async fn redeem(store: &dyn Store, number: u32, now: i64) -> Redeem {
    let redemption = redemption(number, now);
    let redeemed = store.redeem(harbour(), digest(number), redemption, at(now));
    redeemed.await.expect("answers")
}

async fn found(store: &dyn Store, number: u32, now: i64) -> Option<FoundCode> {
    let found = store.code(harbour(), digest(number), at(now)).await;
    found.expect("answers")
}

async fn state(store: &dyn Store, number: u32, now: i64) -> Option<CodeState> {
    found(store, number, now).await.map(|found| found.state)
}

async fn refreshes(store: &dyn Store, number: u32, now: i64) -> bool {
    let found = store.refresh_token(harbour(), digest(number), at(now));
    found.await.expect("answers").is_some()
}

fn is_first(redeem: &Redeem) -> bool {
    matches!(redeem, Redeem::First(_))
}

fn is_again(redeem: &Redeem) -> bool {
    matches!(redeem, Redeem::Again(_))
}

#[tokio::test]
async fn a_code_is_found_to_the_byte_with_its_grant_until_it_expires() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        approve(store, harbour(), 1).await;
        let fresh = FoundCode {
            code: code(1, 0),
            grant: grant(1, 0),
            state: CodeState::Fresh,
        };
        assert_eq!(
            found(store, 1, 0).await,
            Some(fresh.clone()),
            "{}",
            adapter.name
        );
        assert_eq!(found(store, 1, 59).await, Some(fresh), "{}", adapter.name);
        assert_eq!(found(store, 1, 60).await, None, "{}", adapter.name);
        assert_eq!(redeem(store, 1, 60).await, Redeem::Gone, "{}", adapter.name);
        assert_eq!(found(store, 2, 0).await, None, "{}", adapter.name);
        assert_eq!(redeem(store, 2, 0).await, Redeem::Gone, "{}", adapter.name);
        assert!(!refreshes(store, 1, 60).await, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_code_is_redeemed_once_and_its_second_use_revokes_the_grant() {
    // OA-30, TK-03.
    for adapter in stores::all() {
        let store = &*adapter.store;
        approve(store, harbour(), 1).await;
        assert!(is_first(&redeem(store, 1, 1).await), "{}", adapter.name);
        assert_eq!(
            state(store, 1, 1).await,
            Some(CodeState::Used),
            "{}",
            adapter.name
        );
        let refreshed = store.refresh_token(harbour(), digest(1), at(2)).await;
        let expected = Some((token(1, 1), grant(1, 0)));
        assert_eq!(refreshed.expect("answers"), expected, "{}", adapter.name);
        let revoked = store.revoked(harbour(), at(2)).await.expect("answers");
        assert_eq!(revoked, Revoked::default(), "{}", adapter.name);

        assert!(is_again(&redeem(store, 1, 2).await), "{}", adapter.name);
        assert!(!refreshes(store, 1, 2).await, "{}", adapter.name);
        let revoked = store.revoked(harbour(), at(2)).await.expect("answers");
        assert_eq!(revoked.grants, [(grant_id(1), at(302))], "{}", adapter.name);
        assert!(is_again(&redeem(store, 1, 10).await), "{}", adapter.name);
        let revoked = store.revoked(harbour(), at(10)).await.expect("answers");
        assert_eq!(revoked.grants, [(grant_id(1), at(310))], "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_used_code_is_recognised_as_long_as_its_grant_lives() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        for number in [1, 2, 3] {
            approve(store, harbour(), number).await;
            assert!(
                is_first(&redeem(store, number, 1).await),
                "{}",
                adapter.name
            );
        }
        assert_eq!(
            state(store, 1, GRANT_LIFE - 1).await,
            Some(CodeState::Used),
            "{}",
            adapter.name
        );
        assert!(
            is_again(&redeem(store, 1, GRANT_LIFE - 1).await),
            "{}",
            adapter.name
        );
        assert_eq!(state(store, 2, GRANT_LIFE).await, None, "{}", adapter.name);
        assert_eq!(
            redeem(store, 2, GRANT_LIFE).await,
            Redeem::Gone,
            "{}",
            adapter.name
        );
        // What is revoked is remembered as long as its tokens can be shown, though it has ended.
        let last = GRANT_LIFE - 1 + 300;
        assert!(
            is_again(&redeem(store, 1, last - 1).await),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn a_used_code_is_recognised_while_access_tokens_outlive_its_grant() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        push(store, harbour(), 1).await;
        let short = Grant {
            expires: at(10),
            ..grant(1, 0)
        };
        let approval = Approval {
            grant: short,
            ..plain(1, 0)
        };
        let made = store.approve(harbour(), digest(1), approval, at(0));
        made.await.expect("answers");
        assert!(is_first(&redeem(store, 1, 1).await), "{}", adapter.name);
        assert!(!refreshes(store, 1, 10).await, "{}", adapter.name);
        assert!(is_again(&redeem(store, 1, 300).await), "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_code_whose_grant_is_over_is_not_redeemed() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        let revoke = crate::fixture::event(model::GrantAction::Revoke, 1);
        approve(store, harbour(), 1).await;
        let id = grant_id(1);
        let revoked = store.revoke_grant(harbour(), &id, at(5), at(1), revoke);
        assert!(
            revoked.await.expect("answers").is_some(),
            "{}",
            adapter.name
        );
        assert_eq!(state(store, 1, 1).await, None, "{}", adapter.name);
        assert_eq!(redeem(store, 1, 1).await, Redeem::Gone, "{}", adapter.name);

        push(store, harbour(), 2).await;
        let short = Grant {
            expires: at(10),
            ..grant(2, 0)
        };
        let approval = Approval {
            grant: short,
            ..plain(2, 0)
        };
        let made = store.approve(harbour(), digest(2), approval, at(0));
        made.await.expect("answers");
        assert_eq!(state(store, 2, 10).await, None, "{}", adapter.name);
        assert_eq!(redeem(store, 2, 10).await, Redeem::Gone, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_code_may_be_redeemed_without_a_refresh_token() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        approve(store, harbour(), 1).await;
        let without = Redemption {
            refresh: None,
            ..redemption(1, 1)
        };
        let redeemed = store.redeem(harbour(), digest(1), without, at(1)).await;
        assert!(is_first(&redeemed.expect("answers")), "{}", adapter.name);
        assert!(!refreshes(store, 1, 1).await, "{}", adapter.name);
        assert!(is_again(&redeem(store, 1, 2).await), "{}", adapter.name);
        assert!(
            !refreshes(store, 1, 2).await,
            "{}: none comes of it",
            adapter.name
        );
    }
}

#[tokio::test]
async fn a_redemption_that_does_not_fit_leaves_the_code_fresh_and_no_event() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        approve(store, harbour(), 1).await;
        approve(store, harbour(), 2).await;
        assert!(is_first(&redeem(store, 2, 1).await), "{}", adapter.name);
        let before = store.waiting(10).await.expect("answers");
        let another_grants = RefreshToken {
            digest: digest(9),
            ..token(2, 1)
        };
        let taken = RefreshToken {
            grant: grant_id(1),
            ..token(2, 1)
        };
        let too_long = RefreshToken {
            bound: vec![0; (64 << 10) + 1],
            ..token(1, 1)
        };
        for (case, refresh) in [another_grants, taken, too_long].into_iter().enumerate() {
            let unfit = Redemption {
                refresh: Some(refresh),
                ..redemption(1, 1)
            };
            let redeemed = store.redeem(harbour(), digest(1), unfit, at(1)).await;
            assert!(redeemed.is_err(), "{} {case}", adapter.name);
            let name = format!("{} {case}", adapter.name);
            assert_eq!(state(store, 1, 1).await, Some(CodeState::Fresh), "{name}");
            assert!(refreshes(store, 2, 1).await, "{name}");
        }
        let after = store.waiting(10).await.expect("answers");
        assert_eq!(after, before, "{}", adapter.name);
        assert!(is_first(&redeem(store, 1, 1).await), "{}", adapter.name);
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_others_codes() {
    for adapter in stores::all() {
        let (store, other) = (&*adapter.store, bank("other"));
        approve(store, harbour(), 1).await;
        let found = store.code(&other, digest(1), at(1)).await;
        assert_eq!(found.expect("answers"), None, "{}", adapter.name);
        let redeemed = store
            .redeem(&other, digest(1), redemption(1, 1), at(1))
            .await;
        assert_eq!(redeemed.expect("answers"), Redeem::Gone, "{}", adapter.name);
        // The same grant, code and token may be there.
        approve(store, &other, 1).await;
        assert!(is_first(&redeem(store, 1, 1).await), "{}", adapter.name);
        assert!(is_again(&redeem(store, 1, 2).await), "{}", adapter.name);
        let redeemed = store
            .redeem(&other, digest(1), redemption(1, 2), at(2))
            .await;
        assert!(is_first(&redeemed.expect("answers")), "{}", adapter.name);
        let refreshed = store.refresh_token(&other, digest(1), at(3)).await;
        assert!(refreshed.expect("answers").is_some(), "{}", adapter.name);
        let revoked = store.revoked(&other, at(3)).await.expect("answers");
        assert_eq!(revoked, Revoked::default(), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_codes_that_two_redeem_at_once_each_is_first_once() {
    // OA-31.
    let codes = 1_000;
    for adapter in stores::all() {
        for number in 0..codes {
            approve(&*adapter.store, harbour(), number).await;
        }
        let made = adapter.store.waiting(10_000).await.expect("answers").len();
        let mut callers = JoinSet::new();
        for number in (0..codes).flat_map(|number| [number; 2]) {
            let store = Arc::clone(&adapter.store);
            callers.spawn(async move { (number, redeem(&*store, number, 1).await) });
        }
        let (mut first, mut again) = (vec![0; codes as usize], vec![0; codes as usize]);
        for (number, redeemed) in callers.join_all().await {
            first[number as usize] += u32::from(is_first(&redeemed));
            again[number as usize] += u32::from(is_again(&redeemed));
        }
        assert!(first.iter().all(|times| *times == 1), "{}", adapter.name);
        assert!(again.iter().all(|times| *times == 1), "{}", adapter.name);
        for number in 0..codes {
            assert!(
                !refreshes(&*adapter.store, number, 1).await,
                "{}",
                adapter.name
            );
        }
        let revoked = adapter.store.revoked(harbour(), at(1)).await;
        let revoked = revoked.expect("answers").grants;
        assert_eq!(
            revoked.len(),
            codes as usize,
            "{}: all of them",
            adapter.name
        );
        let events = adapter.store.waiting(10_000).await.expect("answers");
        let expected = made + 2 * codes as usize;
        assert_eq!(events.len(), expected, "{}: one each", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_that_redeem_one_code_one_is_first_and_its_token_dies() {
    for adapter in stores::all() {
        approve(&*adapter.store, harbour(), 0).await;
        let mut callers = JoinSet::new();
        for number in 0..1_000 {
            let store = Arc::clone(&adapter.store);
            callers.spawn(async move {
                let own = RefreshToken {
                    digest: digest(number),
                    ..token(0, 1)
                };
                let redemption = Redemption {
                    refresh: Some(own),
                    ..redemption(0, 1)
                };
                let redeemed = store.redeem(harbour(), digest(0), redemption, at(1));
                redeemed.await.expect("answers")
            });
        }
        let answers = callers.join_all().await;
        let first = answers.iter().filter(|answer| is_first(answer)).count();
        let again = answers.iter().filter(|answer| is_again(answer)).count();
        assert_eq!((first, again), (1, 999), "{}", adapter.name);
        for number in 0..1_000 {
            assert!(
                !refreshes(&*adapter.store, number, 1).await,
                "{}",
                adapter.name
            );
        }
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_no_code_is_first_twice() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            approve(&store, harbour(), 1).await;
            store.arm();
            let failed = store.redeem(harbour(), digest(1), redemption(1, 1), at(1));
            assert!(failed.await.is_err(), "{name}");
            let again = redeem(&store, 1, 2).await;
            match fails {
                Fails::Before => assert!(is_first(&again), "{name}"),
                // Told nothing, nobody has tokens; none will.
                Fails::After | Fails::Unanswered => assert!(is_again(&again), "{name}"),
            }
            assert!(is_again(&redeem(&store, 1, 3).await), "{name}");
            assert!(!refreshes(&store, 1, 3).await, "{name}");
        }
    }
}

#[tokio::test]
async fn in_a_file_codes_and_grants_outlive_a_restart_and_a_crash() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let store = stores::sqlite(&file);
    for number in [1, 2, 3] {
        approve(&*store, harbour(), number).await;
    }
    push(&*store, harbour(), 4).await;
    assert!(is_first(&redeem(&*store, 2, 1).await));
    assert!(is_first(&redeem(&*store, 3, 1).await));
    assert!(is_again(&redeem(&*store, 3, 1).await));
    let events: Vec<Posted> = store.waiting(10).await.expect("answers");
    let crashed = stores::after_a_crash(dir.path());
    drop(store);
    for file in [file, stores::data_file(crashed.path())] {
        let store = &*stores::sqlite(&file);
        let fresh = FoundCode {
            code: code(1, 0),
            grant: grant(1, 0),
            state: CodeState::Fresh,
        };
        assert_eq!(found(store, 1, 2).await, Some(fresh), "{}", file.display());
        assert_eq!(state(store, 2, 2).await, Some(CodeState::Used));
        assert!(refreshes(store, 2, 2).await);
        assert!(!refreshes(store, 3, 2).await);
        let revoked = store.revoked(harbour(), at(2)).await.expect("answers");
        assert_eq!(revoked.grants, [(grant_id(3), at(301))]);
        let opened = store.open(harbour(), digest(4), at(60), at(2)).await;
        assert!(opened.expect("answers").is_some());
        assert_eq!(store.waiting(10).await.expect("answers"), events);
    }
}
