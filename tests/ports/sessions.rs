//! The contract of `ports::Sessions`.

use std::sync::Arc;

use model::ports::{Posted, Session, Sessions};
use model::{BankId, GrantAction};

use crate::fixture::{at, bank, digest, event, harbour, session};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

async fn begin(store: &dyn Store, session: Session, now: i64) -> Posted {
    let event = event(GrantAction::LogIn, 1);
    let begun = Sessions::begin(store, harbour(), session, None, at(now), event);
    begun.await.expect("answers")
}

async fn find(store: &dyn Store, number: u32, now: i64) -> Option<Session> {
    let found = Sessions::find(store, harbour(), digest(number), at(now)).await;
    found.expect("answers")
}

async fn end(store: &dyn Store, number: u32, now: i64) -> bool {
    let ended = store.end(harbour(), digest(number), at(now)).await;
    ended.expect("answers")
}

#[tokio::test]
async fn a_session_is_found_as_it_was_begun_until_it_expires() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let plain = Session {
            acr: None,
            subject: "韩梅梅".to_owned(),
            ..session(2)
        };
        begin(store, session(1), 0).await;
        begin(store, plain.clone(), 0).await;
        assert_eq!(find(store, 1, 599).await, Some(session(1)), "{name}");
        assert_eq!(find(store, 2, 0).await, Some(plain), "{name}");
        assert_eq!(find(store, 1, 600).await, None, "{name}");
        assert_eq!(find(store, 3, 0).await, None, "{name}");
    }
}

#[tokio::test]
async fn a_session_that_ended_is_gone_and_ends_once() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        begin(store, session(1), 0).await;
        begin(store, session(2), 0).await;
        assert!(end(store, 1, 1).await, "{name}");
        assert_eq!(find(store, 1, 1).await, None, "{name}");
        assert!(!end(store, 1, 2).await, "{name}");
        assert!(!end(store, 2, 600).await, "{name}: it was over");
        assert!(!end(store, 3, 0).await, "{name}");
    }
}

#[tokio::test]
async fn a_session_that_begins_in_the_place_of_another_ends_it_in_the_same_change() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let instead = async |session, former, of: &BankId| {
            let event = event(GrantAction::LogIn, 1);
            Sessions::begin(store, of, session, Some(digest(former)), at(1), event).await
        };
        begin(store, session(1), 0).await;
        begin(store, session(2), 0).await;
        // One that is not begun ends nothing, nor does one of another bank.
        assert!(instead(session(2), 1, harbour()).await.is_err(), "{name}");
        let others = instead(session(1), 2, &bank("other")).await;
        others.expect("answers");
        assert_eq!(find(store, 1, 1).await, Some(session(1)), "{name}");
        assert_eq!(find(store, 2, 1).await, Some(session(2)), "{name}");

        instead(session(3), 1, harbour()).await.expect("answers");
        assert_eq!(find(store, 1, 1).await, None, "{name}");
        assert_eq!(find(store, 2, 1).await, Some(session(2)), "{name}");
        assert_eq!(find(store, 3, 1).await, Some(session(3)), "{name}");
        instead(session(4), 99, harbour()).await.expect("answers");
        assert_eq!(find(store, 4, 1).await, Some(session(4)), "{name}");
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_others_sessions() {
    for adapter in stores::all() {
        let (store, other) = (&*adapter.store, bank("other"));
        begin(store, session(1), 0).await;
        let found = Sessions::find(store, &other, digest(1), at(1)).await;
        assert_eq!(found.expect("answers"), None, "{}", adapter.name);
        let ended = store.end(&other, digest(1), at(1)).await;
        assert!(!ended.expect("answers"), "{}", adapter.name);
        assert_eq!(
            find(store, 1, 1).await,
            Some(session(1)),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_is_an_error_and_changes_nothing() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        begin(store, session(1), 0).await;
        let long = || Some("a".repeat(1_025));
        let unfit = [
            Session {
                subject: "wu".to_owned(),
                ..session(1)
            },
            Session {
                acr: long(),
                ..session(2)
            },
            Session {
                subject: long().unwrap_or_default(),
                ..session(2)
            },
        ];
        for (case, session) in unfit.into_iter().enumerate() {
            let event = event(GrantAction::LogIn, 2);
            let begun = Sessions::begin(store, harbour(), session, None, at(0), event).await;
            assert!(begun.is_err(), "{name} {case}");
        }
        assert_eq!(find(store, 1, 1).await, Some(session(1)), "{name}");
        assert_eq!(find(store, 2, 1).await, None, "{name}");
        assert_eq!(store.waiting(10).await.expect("answers").len(), 1, "{name}");
    }
}

#[tokio::test]
async fn a_customer_has_64_sessions_and_those_that_expire_first_end() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let lasting = |number: u32| Session {
            expires: at(600 + i64::from(number / 2)),
            ..session(number)
        };
        let another = Session {
            subject: "han-meimei".to_owned(),
            expires: at(10),
            ..session(900)
        };
        begin(store, another, 0).await;
        for number in (0..70).rev() {
            begin(store, lasting(number), 0).await;
        }
        for number in 0..70 {
            let is_left = number >= 6;
            assert_eq!(
                find(store, number, 1).await.is_some(),
                is_left,
                "{name} {number}"
            );
        }
        assert!(
            find(store, 900, 1).await.is_some(),
            "{name}: another's stays"
        );
    }
}

#[tokio::test]
async fn forgetting_the_expired_forgets_nothing_else() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let of = |number: u32| Session {
            subject: format!("customer-{number}"),
            expires: at(i64::from(100 + number)),
            ..session(number)
        };
        for number in 0..50 {
            begin(store, of(number), 0).await;
        }
        for number in 50..80 {
            begin(store, of(number), 125).await;
        }
        for number in 0..80 {
            let is_live = number > 25;
            assert_eq!(
                find(store, number, 125).await.is_some(),
                is_live,
                "{name} {number}"
            );
        }
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_session_begins_or_not() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            store.arm();
            let event = event(GrantAction::LogIn, 1);
            let failed = Sessions::begin(&store, harbour(), session(1), None, at(0), event).await;
            assert!(failed.is_err(), "{name}");
            let took_hold = fails == Fails::After;
            assert_eq!(find(&store, 1, 1).await.is_some(), took_hold, "{name}");
            if !took_hold {
                begin(&store, session(1), 0).await;
            }
            store.arm();
            assert!(
                store.end(harbour(), digest(1), at(1)).await.is_err(),
                "{name}"
            );
            assert_eq!(end(&store, 1, 1).await, !took_hold, "{name}");
            assert_eq!(find(&store, 1, 1).await, None, "{name}");
        }
    }
}

#[tokio::test]
async fn in_a_file_sessions_outlive_a_restart_and_a_crash() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let store = stores::sqlite(&file);
    begin(&*store, session(1), 0).await;
    begin(&*store, session(2), 0).await;
    assert!(end(&*store, 2, 1).await);
    let crashed = stores::after_a_crash(dir.path());
    drop(store);
    for file in [file, stores::data_file(crashed.path())] {
        let store = stores::sqlite(&file);
        assert_eq!(find(&*store, 1, 1).await, Some(session(1)));
        assert_eq!(find(&*store, 2, 1).await, None, "{}", file.display());
    }
}
