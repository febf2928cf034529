//! Pushed requests: how long they live, and that they are finished once.

use std::sync::Arc;

use futures_util::future::join_all;
use model::GrantAction;
use model::ports::{Approval, Code, Finish, Grants, Push, PushedRequest};
use tokio::task::JoinSet;

use crate::fixture::{at, bank, client, code, digest, event, grant, harbour, plain, push, pushed};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

async fn open(store: &dyn Store, number: u32, until: i64, now: i64) -> Option<PushedRequest> {
    let opened = store.open(harbour(), digest(number), at(until), at(now));
    opened.await.expect("answers")
}

async fn turn_down(store: &dyn Store, number: u32, now: i64) -> Finish {
    let event = event(GrantAction::Refuse, number);
    let finished = store.turn_down(harbour(), digest(number), None, at(now), event);
    finished.await.expect("answers")
}

async fn approve(store: &dyn Store, number: u32, now: i64) -> Finish {
    let finished = store.approve(harbour(), digest(number), plain(number, now), at(now));
    finished.await.expect("answers")
}

fn is_done(finish: &Finish) -> bool {
    matches!(finish, Finish::Done(_))
}

#[tokio::test]
async fn a_pushed_request_is_opened_to_the_byte_as_it_was_pushed() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        let largest = PushedRequest {
            request: vec![7; 64 << 10],
            ..pushed(2)
        };
        push(store, harbour(), 1).await;
        let kept = store.push(harbour(), largest.clone(), at(0)).await;
        assert_eq!(kept.expect("answers"), Push::Kept, "{}", adapter.name);
        assert_eq!(
            open(store, 1, 60, 1).await,
            Some(pushed(1)),
            "{}",
            adapter.name
        );
        assert_eq!(
            open(store, 2, 60, 1).await,
            Some(largest),
            "{}",
            adapter.name
        );
        assert_eq!(open(store, 3, 60, 1).await, None, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_request_that_nobody_opens_is_gone_when_it_expires() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        for number in [1, 2, 3] {
            push(store, harbour(), number).await;
        }
        assert_eq!(open(store, 1, 900, 60).await, None, "{}", adapter.name);
        assert_eq!(
            approve(store, 2, 60).await,
            Finish::Gone,
            "{}",
            adapter.name
        );
        assert_eq!(
            turn_down(store, 3, 60).await,
            Finish::Gone,
            "{}",
            adapter.name
        );
        assert!(open(store, 1, 900, 59).await.is_some(), "{}", adapter.name);
    }
}

#[tokio::test]
async fn the_first_opening_puts_the_expiry_off_and_reloads_see_the_same() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        push(store, harbour(), 1).await;
        let opened = Some(PushedRequest {
            expires: at(900),
            ..pushed(1)
        });
        for (until, now) in [(900, 59), (1_800, 60), (1, 500), (1_800, 899)] {
            let found = open(store, 1, until, now).await;
            assert_eq!(found, opened, "{} {now}", adapter.name);
        }
        assert_eq!(open(store, 1, 1_800, 900).await, None, "{}", adapter.name);
        assert_eq!(
            approve(store, 1, 900).await,
            Finish::Gone,
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn opening_never_shortens_a_life() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        push(store, harbour(), 1).await;
        assert_eq!(
            open(store, 1, 5, 1).await,
            Some(pushed(1)),
            "{}",
            adapter.name
        );
        assert!(open(store, 1, 900, 59).await.is_some(), "{}", adapter.name);
        assert_eq!(open(store, 1, 900, 60).await, None, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_finished_request_is_gone_for_all() {
    // OA-06, OA-07: opened as often as one likes, finished once.
    for adapter in stores::all() {
        let store = &*adapter.store;
        for number in [1, 2] {
            push(store, harbour(), number).await;
            assert!(
                open(store, number, 900, 1).await.is_some(),
                "{}",
                adapter.name
            );
            assert!(
                open(store, number, 900, 2).await.is_some(),
                "{}",
                adapter.name
            );
        }
        assert!(is_done(&approve(store, 1, 3).await), "{}", adapter.name);
        assert!(is_done(&turn_down(store, 2, 3).await), "{}", adapter.name);
        for number in [1, 2] {
            let name = format!("{} {number}", adapter.name);
            assert_eq!(open(store, number, 900, 4).await, None, "{name}");
            assert_eq!(approve(store, number, 4).await, Finish::Gone, "{name}");
            assert_eq!(turn_down(store, number, 4).await, Finish::Gone, "{name}");
        }
        let refused = store.code(harbour(), digest(2), at(4)).await;
        assert_eq!(
            refused.expect("answers"),
            None,
            "{}: made nothing",
            adapter.name
        );
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_others_requests() {
    for adapter in stores::all() {
        let (store, other) = (&*adapter.store, bank("other"));
        push(store, harbour(), 1).await;
        let opened = store.open(&other, digest(1), at(900), at(1)).await;
        assert_eq!(opened.expect("answers"), None, "{}", adapter.name);
        let refuse = event(GrantAction::Refuse, 1);
        let finished = store
            .turn_down(&other, digest(1), None, at(1), refuse)
            .await;
        assert_eq!(finished.expect("answers"), Finish::Gone, "{}", adapter.name);
        // The same digest is free there.
        push(store, &other, 1).await;
        assert!(is_done(&turn_down(store, 1, 1).await), "{}", adapter.name);
        let opened = store.open(&other, digest(1), at(60), at(1)).await;
        assert_eq!(
            opened.expect("answers"),
            Some(pushed(1)),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_changes_nothing() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        push(store, harbour(), 1).await;
        let taken = PushedRequest {
            request: vec![8],
            ..pushed(1)
        };
        let too_long = PushedRequest {
            request: vec![8; (64 << 10) + 1],
            ..pushed(2)
        };
        for request in [taken, too_long] {
            let pushed = store.push(harbour(), request, at(0)).await;
            assert!(pushed.is_err(), "{}", adapter.name);
        }
        assert_eq!(
            open(store, 1, 60, 1).await,
            Some(pushed(1)),
            "{}",
            adapter.name
        );
        assert_eq!(open(store, 2, 60, 1).await, None, "{}", adapter.name);
    }
}

#[tokio::test]
async fn an_approval_that_does_not_fit_leaves_the_request_live() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        push(store, harbour(), 1).await;
        push(store, harbour(), 2).await;
        assert!(is_done(&approve(store, 1, 1).await), "{}", adapter.name);
        let mut long = (grant(2, 1), code(2, 1));
        long.0.granted = vec![0; (64 << 10) + 1];
        let mut long_code = (grant(2, 1), code(2, 1));
        long_code.1.bound = vec![0; (64 << 10) + 1];
        let mut long_name = (grant(2, 1), code(2, 1));
        long_name.0.subject = "l".repeat(1_025);
        let same_grant = (
            grant(1, 1),
            Code {
                digest: digest(2),
                ..code(1, 1)
            },
        );
        let same_code = (
            grant(2, 1),
            Code {
                digest: digest(1),
                ..code(2, 1)
            },
        );
        let two_grants = (
            grant(2, 1),
            Code {
                digest: digest(2),
                ..code(1, 1)
            },
        );
        let unfit = [
            long, long_code, long_name, same_grant, same_code, two_grants,
        ];
        for (case, (grant, code)) in unfit.into_iter().enumerate() {
            let approval = Approval::plain(grant, code, event(GrantAction::Approve, 2));
            let finished = store.approve(harbour(), digest(2), approval, at(1));
            assert!(finished.await.is_err(), "{} {case}", adapter.name);
        }
        let waiting = store.waiting(10).await.expect("answers");
        assert_eq!(waiting.len(), 1, "{}: of the first alone", adapter.name);
        assert!(is_done(&approve(store, 2, 1).await), "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_that_finish_one_request_one_is_done() {
    for adapter in stores::all() {
        let requests = 50;
        for number in 0..requests {
            push(&*adapter.store, harbour(), number).await;
        }
        let mut callers = JoinSet::new();
        for number in (0..requests).flat_map(|number| [number; 6]) {
            for is_approval in [true, false] {
                let store = Arc::clone(&adapter.store);
                callers.spawn(async move {
                    let finished = if is_approval {
                        approve(&*store, number, 1).await
                    } else {
                        turn_down(&*store, number, 1).await
                    };
                    (number, finished)
                });
            }
        }
        let mut done = vec![0; requests as usize];
        for (number, finished) in callers.join_all().await {
            done[number as usize] += u32::from(is_done(&finished));
        }
        assert!(
            done.iter().all(|times| *times == 1),
            "{} {done:?}",
            adapter.name
        );
        let events = adapter.store.waiting(1_000).await.expect("answers");
        assert_eq!(events.len(), requests as usize, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_client_has_ten_thousand_live_requests_at_most() {
    for adapter in stores::all() {
        let store = &*adapter.store;
        let push_all = async |numbers: std::ops::Range<u32>, client_id: &str, now: i64| {
            let (harbour, owner) = (harbour(), client(client_id));
            let pushes = numbers.map(|number| {
                let request = PushedRequest {
                    client: owner.clone(),
                    expires: at(now + 60 + i64::from(number % 2)),
                    ..pushed(number)
                };
                store.push(harbour, request, at(now))
            });
            let answers = join_all(pushes).await;
            let kept = answers.into_iter().filter(|answer| {
                let answer = answer.as_ref().expect("answers");
                *answer == Push::Kept
            });
            kept.count()
        };
        for thousand in 0..10 {
            let numbers = thousand * 1_000..(thousand + 1) * 1_000;
            assert_eq!(push_all(numbers, "app", 0).await, 1_000, "{}", adapter.name);
        }
        assert_eq!(
            push_all(10_000..10_003, "app", 0).await,
            0,
            "{}",
            adapter.name
        );
        assert_eq!(
            open(store, 10_000, 60, 1).await,
            None,
            "{}: not kept",
            adapter.name
        );
        // Others have room.
        assert_eq!(
            push_all(10_000..10_003, "other", 0).await,
            3,
            "{}",
            adapter.name
        );
        push(store, &bank("other"), 1).await;
        // What is finished, or has expired, makes room.
        assert!(is_done(&turn_down(store, 7, 1).await), "{}", adapter.name);
        assert_eq!(
            push_all(20_000..20_003, "app", 0).await,
            1,
            "{}",
            adapter.name
        );
        assert_eq!(
            push_all(30_000..30_100, "app", 60).await,
            100,
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_request_is_finished_once() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            store.arm();
            let pushed_once = store.push(harbour(), pushed(1), at(0)).await;
            assert!(pushed_once.is_err(), "{name}");
            if fails == Fails::Before {
                push(&store, harbour(), 1).await;
            }
            store.arm();
            let opened = store.open(harbour(), digest(1), at(900), at(1)).await;
            assert!(opened.is_err(), "{name}");
            // Whoever decided first stays: nobody was told another instant.
            let expires = match fails {
                Fails::Before => at(800),
                Fails::After | Fails::Unanswered => at(900),
            };
            let opened = open(&store, 1, 800, 1).await.expect("live");
            assert_eq!(opened.expires, expires, "{name}");
            store.arm();
            let refuse = event(GrantAction::Refuse, 1);
            let finished = store.turn_down(harbour(), digest(1), None, at(2), refuse);
            assert!(finished.await.is_err(), "{name}");
            let again = turn_down(&store, 1, 2).await;
            assert_eq!(is_done(&again), fails == Fails::Before, "{name}");
            assert_eq!(turn_down(&store, 1, 2).await, Finish::Gone, "{name}");
        }
    }
}
