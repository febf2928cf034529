//! The contract of `ports::Replay`.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;

use model::ports::{Claim, Replay};
use model::{BankId, ClientId};

use crate::fixture::{bank, client};
use crate::stores;
use faulty::{Fails, Faulty};

const LIFE: Duration = Duration::from_mins(1);

fn start() -> Timestamp {
    Timestamp::from_second(1_800_000_000).expect("in range")
}

async fn claim(store: &dyn Replay, client: &ClientId, jti: &str, now: Timestamp) -> Claim {
    claim_at(store, &bank("harbour"), client, jti, now).await
}

async fn claim_at(
    store: &dyn Replay,
    bank: &BankId,
    client: &ClientId,
    jti: &str,
    now: Timestamp,
) -> Claim {
    let claimed = store.claim(bank, client, jti, now + LIFE, now).await;
    claimed.expect("the store answers")
}

#[tokio::test]
async fn a_jti_is_first_once() {
    for adapter in stores::all() {
        let (store, app) = (&*adapter.store, client("app"));
        assert_eq!(
            claim(store, &app, "a", start()).await,
            Claim::First,
            "{}",
            adapter.name
        );
        assert_eq!(
            claim(store, &app, "a", start()).await,
            Claim::Seen,
            "{}",
            adapter.name
        );
        assert_eq!(
            claim(store, &app, "b", start()).await,
            Claim::First,
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn clients_and_jtis_are_told_apart_to_the_letter() {
    let pairs = [
        ("app", "x"),
        ("ap", "px"),
        ("APP", "x"),
        ("app", "X"),
        ("app", "x "),
        ("app", "x\0"),
        ("app", "x\0y"),
        ("app", "é"),
        ("app", "e\u{301}"),
        ("app", "1"),
        ("app", "01"),
        ("app", "1.0"),
    ];
    for adapter in stores::all() {
        for expected in [Claim::First, Claim::Seen] {
            for (id, jti) in pairs {
                let found = claim(&*adapter.store, &client(id), jti, start()).await;
                assert_eq!(found, expected, "{}: {id} {jti:?}", adapter.name);
            }
        }
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_others_jtis() {
    for adapter in stores::all() {
        for expected in [Claim::First, Claim::Seen] {
            for (bank_id, client_id) in [("harbour", "app"), ("other", "app"), ("harbou", "rapp")] {
                let (bank, client) = (bank(bank_id), client(client_id));
                let found = claim_at(&*adapter.store, &bank, &client, "x", start()).await;
                assert_eq!(found, expected, "{}: {bank_id} {client_id}", adapter.name);
            }
        }
    }
}

#[tokio::test]
async fn a_banks_claim_expires_by_itself_alone() {
    for adapter in stores::all() {
        let (store, app) = (&*adapter.store, client("app"));
        let later = start() + LIFE + Duration::from_secs(1);
        claim_at(store, &bank("harbour"), &app, "x", start()).await;
        claim_at(store, &bank("other"), &app, "x", later).await;
        // Whoever forgets the first bank's must not forget the other's with it.
        claim_at(store, &bank("harbour"), &app, "y", later).await;
        let found = claim_at(store, &bank("other"), &app, "x", later).await;
        assert_eq!(found, Claim::Seen, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_claim_holds_to_the_end_of_its_last_instant() {
    for adapter in stores::all() {
        let (store, app) = (&*adapter.store, client("app"));
        claim(store, &app, "a", start()).await;
        let last = start() + LIFE;
        assert_eq!(
            claim(store, &app, "a", last).await,
            Claim::Seen,
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn an_expired_claim_is_never_an_error_and_a_renewed_one_holds() {
    for adapter in stores::all() {
        let (store, app) = (&*adapter.store, client("app"));
        claim(store, &app, "a", start()).await;
        let later = start() + LIFE * 2;
        // Forgotten or not is the store's choice; from then on it is taken.
        claim(store, &app, "a", later).await;
        assert_eq!(
            claim(store, &app, "a", later).await,
            Claim::Seen,
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn forgetting_the_expired_forgets_nothing_else() {
    for adapter in stores::all() {
        let (store, app) = (&*adapter.store, client("app"));
        for i in 0..50 {
            let now = start() + Duration::from_secs(i);
            claim(store, &app, &format!("old-{i}"), now).await;
        }
        let now = start() + LIFE + Duration::from_secs(25);
        for i in 0..50 {
            claim(store, &app, &format!("new-{i}"), now).await;
        }
        for i in 25..50 {
            let found = claim(store, &app, &format!("old-{i}"), now).await;
            assert_eq!(found, Claim::Seen, "{}: old-{i}", adapter.name);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_callers_with_one_jti_exactly_one_is_first() {
    for adapter in stores::all() {
        let mut callers = JoinSet::new();
        for i in 0..400 {
            let store = Arc::clone(&adapter.store);
            callers.spawn(async move {
                let jti = (i % 20).to_string();
                claim(&*store, &client("app"), &jti, start()).await
            });
        }
        let answers = callers.join_all().await;
        let first = answers
            .iter()
            .filter(|answer| **answer == Claim::First)
            .count();
        assert_eq!(first, 20, "{}", adapter.name);
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_no_jti_is_first_twice() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            let app = client("app");
            store.arm();
            let harbour = bank("harbour");
            let failed = store
                .claim(&harbour, &app, "a", start() + LIFE, start())
                .await;
            assert!(failed.is_err(), "{} {fails:?}", adapter.name);
            let expected = match fails {
                Fails::Before => Claim::First,
                // Told nothing, the caller lets nobody in; the jti stays taken.
                Fails::After | Fails::Unanswered => Claim::Seen,
            };
            let again = claim(&store, &app, "a", start()).await;
            assert_eq!(again, expected, "{} {fails:?}", adapter.name);
            let thrice = claim(&store, &app, "a", start()).await;
            assert_eq!(thrice, Claim::Seen, "{} {fails:?}", adapter.name);
        }
    }
}

#[tokio::test]
async fn in_a_file_a_claim_outlives_a_restart_and_a_crash() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let store = stores::sqlite(&file);
    for i in 0..100 {
        claim(&*store, &client("app"), &i.to_string(), start()).await;
    }
    let crashed = stores::after_a_crash(dir.path());
    drop(store);
    for file in [file, stores::data_file(crashed.path())] {
        let store = stores::sqlite(&file);
        for i in 0..100 {
            let found = claim(&*store, &client("app"), &i.to_string(), start()).await;
            assert_eq!(found, Claim::Seen, "{}", file.display());
        }
    }
}
