//! The contract of `ports::KeyRing`.

mod distrust;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::task::JoinSet;

use model::VERIFIES_AFTER;
use model::ports::{KeyRing, KeyUse, Published, SealedKey};

use crate::fixture::bank;
use crate::stores::{self, Adapter};
use faulty::{Fails, Faulty};

/// A store under test, of which only its rings are seen.
struct Rings {
    name: &'static str,
    store: Arc<dyn KeyRing>,
    _adapter: Adapter,
}

fn rings() -> impl Iterator<Item = Rings> {
    stores::all().into_iter().map(|adapter| Rings {
        name: adapter.name,
        store: Arc::clone(&adapter.store) as Arc<dyn KeyRing>,
        _adapter: adapter,
    })
}

fn key(kid: &str) -> SealedKey {
    key_of("ES256", kid)
}

fn key_of(alg: &str, kid: &str) -> SealedKey {
    SealedKey {
        kid: kid.to_owned(),
        alg: alg.to_owned(),
        sealed: vec![0, 1, 2, 255, 0],
        made_at: at(0),
        signs_from: Some(at(0)),
        published_at: Some(at(0)),
        distrusted_at: None,
    }
}

fn at(second: i64) -> Timestamp {
    Timestamp::new(1_800_000_000 + second, 123_456_789).expect("in range")
}

/// A key that waits.
fn waiting(kid: &str) -> SealedKey {
    SealedKey {
        signs_from: None,
        published_at: None,
        ..key(kid)
    }
}

#[tokio::test]
async fn a_ring_is_empty_until_it_is_begun() {
    for adapter in rings() {
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
    for adapter in rings() {
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
    for adapter in rings() {
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
    for adapter in rings() {
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
async fn an_algorithm_is_begun_anew_when_a_key_of_another_signs_after_its_own() {
    for adapter in rings() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let later = SealedKey {
            signs_from: Some(at(60)),
            ..key_of("PS256", "two")
        };
        let again = SealedKey {
            signs_from: Some(at(120)),
            ..key("three")
        };
        let all = [key("one"), later, again];
        for key in &all {
            let begun = store.begin(&harbour, KeyUse::Tokens, key.clone()).await;
            assert_eq!(
                begun.expect("answers").last(),
                Some(key),
                "{}",
                adapter.name
            );
        }
        let late = key("late");
        let begun = store.begin(&harbour, KeyUse::Tokens, late).await;
        assert_eq!(begun.expect("answers"), all, "{}", adapter.name);
    }
}

#[tokio::test]
async fn one_key_waits_until_it_has_its_time_and_then_another_may() {
    for adapter in rings() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let tokens = KeyUse::Tokens;
        let begun = store.begin(&harbour, tokens, key("one")).await;
        begun.expect("answers");
        for kid in ["two", "three"] {
            let ring = store.lay_by(&harbour, tokens, waiting(kid)).await;
            let ring = ring.expect("answers");
            assert_eq!(ring, [key("one"), waiting("two")], "{}", adapter.name);
        }
        let two = SealedKey {
            signs_from: Some(at(300)),
            ..waiting("two")
        };
        for (kid, from) in [("two", 300), ("two", 900), ("one", 900), ("nobody", 900)] {
            let ring = store.schedule(&harbour, tokens, kid, at(from)).await;
            let ring = ring.expect("answers");
            assert_eq!(ring, [key("one"), two.clone()], "{} {kid}", adapter.name);
        }
        let ring = store.lay_by(&harbour, tokens, waiting("three")).await;
        let expected = [key("one"), two, waiting("three")];
        assert_eq!(ring.expect("answers"), expected, "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_key_is_published_once_and_signs_no_earlier_than_then() {
    for adapter in rings() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let tokens = KeyUse::Tokens;
        let times = |at_second: i64| Published {
            at: at(at_second),
            signs_from: at(at_second + 120),
        };
        let begun = store.begin(&harbour, tokens, key("one")).await;
        begun.expect("answers");
        let laid_by = store.lay_by(&harbour, tokens, waiting("two")).await;
        laid_by.expect("answers");
        let published = SealedKey {
            published_at: Some(at(10)),
            ..waiting("two")
        };
        for (kid, second) in [("two", 10), ("two", 20), ("one", 20), ("nobody", 20)] {
            let ring = store.publish(&harbour, tokens, kid, times(second)).await;
            let ring = ring.expect("answers");
            assert_eq!(
                ring,
                [key("one"), published.clone()],
                "{} {kid}",
                adapter.name
            );
        }
        let scheduled = store.schedule(&harbour, tokens, "two", at(130)).await;
        scheduled.expect("answers");
        let laid_by = store.lay_by(&harbour, tokens, waiting("three")).await;
        laid_by.expect("answers");
        let scheduled = store.schedule(&harbour, tokens, "three", at(5)).await;
        scheduled.expect("answers");
        let ring = store.publish(&harbour, tokens, "three", times(200)).await;
        let ring = ring.expect("answers");
        let last = ring.last().expect("a key");
        assert_eq!(last.signs_from, Some(at(320)), "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_key_that_is_removed_is_gone_from_its_own_ring_alone() {
    for adapter in rings() {
        let (store, harbour, other) = (&adapter.store, bank("harbour"), bank("other"));
        let tokens = KeyUse::Tokens;
        for bank in [&harbour, &other] {
            let begun = store.begin(bank, tokens, key("one")).await;
            begun.expect("answers");
            let laid_by = store.lay_by(bank, tokens, waiting("two")).await;
            laid_by.expect("answers");
        }
        for _ in 0..2 {
            let ring = store.remove(&harbour, tokens, "two", at(1)).await;
            assert_eq!(ring.expect("answers"), [key("one")], "{}", adapter.name);
        }
        let ring = store.remove(&other, KeyUse::Assertions, "two", at(1)).await;
        assert_eq!(ring.expect("answers"), [], "{}", adapter.name);
        let ring = store.list(&other, tokens).await.expect("answers");
        assert_eq!(ring, [key("one"), waiting("two")], "{}", adapter.name);
    }
}

#[tokio::test]
async fn a_key_stays_while_it_signs_or_its_tokens_live() {
    for adapter in rings() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        let tokens = KeyUse::Tokens;
        let begun = store.begin(&harbour, tokens, key("one")).await;
        begun.expect("answers");
        let laid_by = store.lay_by(&harbour, tokens, waiting("two")).await;
        laid_by.expect("answers");
        let scheduled = store.schedule(&harbour, tokens, "two", at(100)).await;
        let ring = scheduled.expect("answers");
        let ends = 100 + VERIFIES_AFTER.as_secs();
        for (kid, second) in [("one", 0), ("two", 0), ("one", ends - 1), ("two", ends)] {
            let left = store.remove(&harbour, tokens, kid, at(second)).await;
            assert_eq!(
                left.expect("answers"),
                ring,
                "{} {kid} {second}",
                adapter.name
            );
        }
        let left = store.remove(&harbour, tokens, "one", at(ends)).await;
        assert_eq!(left.expect("answers"), ring[1..], "{}", adapter.name);
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_of_a_rotation_ends_as_one() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            let (harbour, tokens) = (bank("harbour"), KeyUse::Tokens);
            let begun = store.begin(&harbour, tokens, key("one")).await;
            begun.expect("answers");
            let name = format!("{} {fails:?}", adapter.name);

            store.arm();
            let failed = store.lay_by(&harbour, tokens, waiting("two")).await;
            assert!(failed.is_err(), "{name}");
            let ring = store.lay_by(&harbour, tokens, waiting("three")).await;
            let kept = match fails {
                Fails::Before => "three",
                Fails::After | Fails::Unanswered => "two",
            };
            let expected = [key("one"), waiting(kept)];
            assert_eq!(ring.expect("answers"), expected, "{name}");

            store.arm();
            let failed = store.schedule(&harbour, tokens, kept, at(1)).await;
            assert!(failed.is_err(), "{name}");
            let ring = store.schedule(&harbour, tokens, kept, at(2)).await;
            let from = match fails {
                Fails::Before => at(2),
                Fails::After | Fails::Unanswered => at(1),
            };
            let scheduled = SealedKey {
                signs_from: Some(from),
                ..waiting(kept)
            };
            assert_eq!(ring.expect("answers"), [key("one"), scheduled], "{name}");

            let times = Published {
                at: at(3),
                signs_from: at(4),
            };
            store.arm();
            let failed = store.publish(&harbour, tokens, kept, times).await;
            assert!(failed.is_err(), "{name}");
            let ring = store.publish(&harbour, tokens, kept, times).await;
            let published = SealedKey {
                signs_from: Some(at(4)),
                published_at: Some(at(3)),
                ..waiting(kept)
            };
            assert_eq!(ring.expect("answers"), [key("one"), published], "{name}");

            let ended = at(10_000);
            store.arm();
            let failed = store.remove(&harbour, tokens, "one", ended).await;
            assert!(failed.is_err(), "{name}");
            let ring = store.remove(&harbour, tokens, "one", ended).await;
            let left = ring.expect("answers");
            assert!(left.iter().all(|key| key.kid != "one"), "{name}: {left:?}");
        }
    }
}

#[tokio::test]
async fn a_use_is_begun_whatever_another_use_has() {
    for adapter in rings() {
        let (store, harbour) = (&adapter.store, bank("harbour"));
        for (key_use, kid) in [(KeyUse::Tokens, "one"), (KeyUse::Assertions, "two")] {
            let begun = store.begin(&harbour, key_use, key(kid)).await;
            assert_eq!(begun.expect("answers"), [key(kid)], "{}", adapter.name);
        }
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_other() {
    for adapter in rings() {
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
    for adapter in rings() {
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
                Fails::After | Fails::Unanswered => key("one"),
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
