//! The contract of `ports::KeyRing`.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use model::BankId;
use model::ports::{KeyRing, KeyUse, SealedKey};

use crate::faulty::{Fails, Faulty};
use crate::stores;

fn bank(id: &str) -> BankId {
    BankId::parse(id).expect("valid")
}

fn key(kid: &str) -> SealedKey {
    key_of("ES256", kid)
}

fn key_of(alg: &str, kid: &str) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        alg: alg.to_owned(),
        sealed: vec![0, 1, 2, 255, 0],
        made_at: Timestamp::new(1_800_000_000, 123_456_789).expect("in range"),
    }
}

#[tokio::test]
async fn a_ring_is_empty_until_it_is_begun() {
    for adapter in stores::all() {
        let ring = adapter
            .store
            .list(&bank("harbour"), KeyUse::Tokens)
            .await
            .expect("answers");
        assert_eq!(ring, [], "{}", adapter.name);
    }
}

#[tokio::test]
async fn the_first_key_is_kept_to_the_byte_and_the_nanosecond() {
    for adapter in stores::all() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let begun = store
            .begin(&harbour, KeyUse::Tokens, key("one"))
            .await
            .expect("answers");
        assert_eq!(begun, [key("one")], "{}", adapter.name);
        let listed = store.list(&harbour, KeyUse::Tokens).await.expect("answers");
        assert_eq!(listed, begun, "{}", adapter.name);
    }
}

#[tokio::test]
async fn an_algorithm_that_has_a_key_is_not_begun_again() {
    for adapter in stores::all() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        store
            .begin(&harbour, KeyUse::Tokens, key("one"))
            .await
            .expect("answers");
        let again = store
            .begin(&harbour, KeyUse::Tokens, key("two"))
            .await
            .expect("answers");
        assert_eq!(again, [key("one")], "{}", adapter.name);
    }
}

#[tokio::test]
async fn an_algorithm_without_a_key_is_begun_beside_the_others() {
    for adapter in stores::all() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let mut expected = Vec::new();
        for (alg, kid) in [("ES256", "one"), ("PS256", "two"), ("EdDSA", "three")] {
            expected.push(key_of(alg, kid));
            for key in [key_of(alg, kid), key_of(alg, "late")] {
                let begun = store.begin(&harbour, KeyUse::Tokens, key).await;
                assert_eq!(begun.expect("answers"), expected, "{} {alg}", adapter.name);
            }
        }
        let listed = store.list(&harbour, KeyUse::Tokens).await.expect("answers");
        assert_eq!(listed, expected, "{}: oldest first", adapter.name);
    }
}

#[tokio::test]
async fn a_use_is_begun_whatever_another_use_has() {
    for adapter in stores::all() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        for (key_use, kid) in [(KeyUse::Tokens, "one"), (KeyUse::Assertions, "two")] {
            let begun = store.begin(&harbour, key_use, key(kid)).await;
            assert_eq!(begun.expect("answers"), [key(kid)], "{}", adapter.name);
        }
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_other() {
    for adapter in stores::all() {
        let store = &adapter.store;
        store
            .begin(&bank("harbour"), KeyUse::Tokens, key("same"))
            .await
            .expect("answers");
        let other = SealedKey {
            sealed: vec![9],
            ..key("same")
        };
        let begun = store
            .begin(&bank("other"), KeyUse::Tokens, other.clone())
            .await
            .expect("answers");
        assert_eq!(begun, [other], "{}", adapter.name);
        let harbour = store
            .list(&bank("harbour"), KeyUse::Tokens)
            .await
            .expect("answers");
        assert_eq!(harbour, [key("same")], "{}", adapter.name);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_nodes_that_begin_at_once_one_key_is_kept_and_all_see_it() {
    for adapter in stores::all() {
        let mut nodes = JoinSet::new();
        for i in 0..50 {
            let store = Arc::clone(&adapter.store);
            nodes.spawn(async move {
                let begun = store
                    .begin(&bank("harbour"), KeyUse::Tokens, key(&format!("key-{i}")))
                    .await;
                begun.expect("answers")
            });
        }
        let rings = nodes.join_all().await;
        assert_eq!(rings[0].len(), 1, "{}", adapter.name);
        assert!(
            rings.iter().all(|ring| *ring == rings[0]),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_ends_with_one_key() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            let harbour = bank("harbour");
            store.arm();
            assert!(
                store
                    .begin(&harbour, KeyUse::Tokens, key("one"))
                    .await
                    .is_err()
            );
            let kept = match fails {
                Fails::Before => key("two"),
                Fails::After => key("one"),
            };
            let begun = store
                .begin(&harbour, KeyUse::Tokens, key("two"))
                .await
                .expect("answers");
            assert_eq!(begun, [kept], "{} {fails:?}", adapter.name);
        }
    }
}

#[tokio::test]
async fn a_failed_question_changes_nothing() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            let harbour = bank("harbour");
            store
                .begin(&harbour, KeyUse::Tokens, key("one"))
                .await
                .expect("answers");
            store.arm();
            assert!(store.list(&harbour, KeyUse::Tokens).await.is_err());
            let listed = store.list(&harbour, KeyUse::Tokens).await.expect("answers");
            assert_eq!(listed, [key("one")], "{} {fails:?}", adapter.name);
        }
    }
}

#[tokio::test]
async fn in_a_file_keys_outlive_a_restart_and_a_crash() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = stores::data_file(dir.path());
    let store = stores::sqlite(&file);
    store
        .begin(&bank("harbour"), KeyUse::Tokens, key("one"))
        .await
        .expect("answers");
    let crashed = stores::after_a_crash(dir.path());
    drop(store);
    for file in [file, stores::data_file(crashed.path())] {
        let store = stores::sqlite(&file);
        let listed = store
            .list(&bank("harbour"), KeyUse::Tokens)
            .await
            .expect("answers");
        assert_eq!(listed, [key("one")], "{}", file.display());
    }
}
