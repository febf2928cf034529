//! Keys that are distrusted.

use std::sync::Arc;

use model::ports::{KeyRing, KeyUse, Published, SealedKey};

use super::{at, key, key_of, rings, waiting};
use crate::fixture::bank;
use crate::stores;
use faulty::{Fails, Faulty};

/// A key as it stays once it is distrusted.
fn distrusted(key: SealedKey, second: i64) -> SealedKey {
    SealedKey {
        sealed: Vec::new(),
        distrusted_at: Some(at(second)),
        ..key
    }
}

#[tokio::test]
async fn a_key_that_signs_is_distrusted_for_another_that_signs_at_once() {
    for adapter in rings() {
        let (store, harbour, tokens) = (&adapter.store, bank("harbour"), KeyUse::Tokens);
        let begun = store.begin(&harbour, tokens, key("one")).await;
        begun.expect("answers");
        let distrust =
            |kid, instead, second| store.distrust(&harbour, tokens, kid, instead, at(second));
        let stays = distrust("one", None, 50).await.expect("answers");
        assert_eq!(
            stays,
            [key("one")],
            "{}: nothing signs instead",
            adapter.name
        );
        let nobody = distrust("nobody", Some(waiting("two")), 50).await;
        assert_eq!(nobody.expect("answers"), [key("one")], "{}", adapter.name);

        let two = SealedKey {
            signs_from: Some(at(50)),
            published_at: Some(at(50)),
            ..waiting("two")
        };
        let expected = [distrusted(key("one"), 50), two];
        for (kid, second) in [("two", 50), ("three", 60)] {
            let left = distrust("one", Some(waiting(kid)), second).await;
            assert_eq!(left.expect("answers"), expected, "{} {kid}", adapter.name);
        }
        // It does not come back, nor does its row go.
        let begun = store.begin(&harbour, tokens, key("late")).await;
        assert_eq!(begun.expect("answers"), expected, "{}", adapter.name);
        let left = store.remove(&harbour, tokens, "one", at(1_000_000)).await;
        assert_eq!(left.expect("answers"), expected, "{}", adapter.name);
        let again = store.begin(&harbour, tokens, key_of("PS256", "one")).await;
        assert!(
            again.is_err() || again.is_ok_and(|ring| ring[..2] == expected),
            "{}",
            adapter.name
        );
    }
}

#[tokio::test]
async fn a_key_that_is_distrusted_before_its_time_ends_nobody_and_makes_room_for_another() {
    for adapter in rings() {
        let (store, harbour, tokens) = (&adapter.store, bank("harbour"), KeyUse::Tokens);
        let begun = store.begin(&harbour, tokens, key("one")).await;
        begun.expect("answers");
        let distrust = |kid, second| {
            store.distrust(&harbour, tokens, kid, Some(waiting("unused")), at(second))
        };
        let laid_by = store.lay_by(&harbour, tokens, waiting("two")).await;
        laid_by.expect("answers");
        let left = distrust("two", 10).await.expect("answers");
        let two = distrusted(waiting("two"), 10);
        assert_eq!(left, [key("one"), two.clone()], "{}", adapter.name);

        for (kid, second) in [("two", 20), ("nobody", 20)] {
            let ring = store.schedule(&harbour, tokens, kid, at(second)).await;
            assert_eq!(ring.expect("answers"), left, "{} {kid}", adapter.name);
            let times = Published {
                at: at(second),
                signs_from: at(second),
            };
            let ring = store.publish(&harbour, tokens, kid, times).await;
            assert_eq!(ring.expect("answers"), left, "{} {kid}", adapter.name);
        }
        let ring = store.lay_by(&harbour, tokens, waiting("three")).await;
        let expected = [key("one"), two.clone(), waiting("three")];
        assert_eq!(ring.expect("answers"), expected, "{}", adapter.name);
        let ring = store.schedule(&harbour, tokens, "three", at(300)).await;
        ring.expect("answers");
        let ring = distrust("three", 299).await.expect("answers");
        let expected = [key("one"), two, distrusted(waiting("three"), 299)];
        assert_eq!(ring, expected, "{}", adapter.name);
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_to_distrust_leaves_one_that_signs() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            let (harbour, tokens) = (bank("harbour"), KeyUse::Tokens);
            let begun = store.begin(&harbour, tokens, key("one")).await;
            begun.expect("answers");
            let distrust = |kid| store.distrust(&harbour, tokens, "one", Some(waiting(kid)), at(5));
            store.arm();
            assert!(distrust("two").await.is_err());
            let ring = distrust("three").await.expect("answers");
            let kept = match fails {
                Fails::Before => "three",
                Fails::After | Fails::Unanswered => "two",
            };
            let kids: Vec<_> = ring.iter().map(|key| key.kid.as_str()).collect();
            assert_eq!(kids, ["one", kept], "{} {fails:?}", adapter.name);
            assert!(!ring[0].is_trusted() && ring[1].signs_from == Some(at(5)));
        }
    }
}
