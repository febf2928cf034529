//! The contract of `ports::Accesses`.

use std::sync::Arc;

use jiff::Timestamp;

use model::ports::{AccessRow, Accesses, LogIndex};
use model::{ClusterId, OperationId, PartnerId, ProductId, RequestId};

use crate::fixture::{at, bank, digest, harbour};
use crate::stores::{self, Store};
use faulty::{Fails, Faulty};

/// The access of a number, under the consent of another, at a second.
fn row(number: u8, consent: u32, second: i64) -> AccessRow {
    AccessRow {
        digest: digest(consent),
        at: at(second),
        request: RequestId::new(at(0), [number; 10]),
        partner: PartnerId::parse("swiftride").expect("valid"),
        product: ProductId::parse("accounts").expect("valid"),
        operation: OperationId::parse("readBalances").expect("valid"),
        clusters: ["account_list", "balance"]
            .map(|id| ClusterId::parse(id).expect("valid"))
            .into(),
        status: 200,
        code: None,
        attended: number.is_multiple_of(2),
    }
}

fn upto(index: u64) -> LogIndex {
    LogIndex {
        index,
        segment: format!("segment-{}", index / 10),
        offset: index * 1_000,
    }
}

async fn note(store: &dyn Store, index: u64, rows: Vec<AccessRow>) {
    let noted = store.note(harbour(), upto(index), rows).await;
    noted.expect("answers");
}

async fn last_given(store: &dyn Store, consent: u32) -> Option<Timestamp> {
    let last = store.last_given(harbour(), digest(consent)).await;
    last.expect("answers")
}

async fn noted(store: &dyn Store) -> Option<LogIndex> {
    store.noted(harbour()).await.expect("answers")
}

async fn under(store: &dyn Store, consent: u32) -> Vec<AccessRow> {
    let rows = store.of(harbour(), digest(consent), None, 50).await;
    rows.expect("answers")
}

#[tokio::test]
async fn accesses_are_told_by_consent_the_latest_first() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        assert_eq!(noted(store).await, None, "{name}");
        let refused = AccessRow {
            clusters: Vec::new(),
            status: 403,
            code: Some("not_covered".to_owned()),
            ..row(4, 1, 30)
        };
        let rows = vec![row(1, 1, 10), row(2, 1, 20), row(3, 2, 25), refused.clone()];
        note(store, 7, rows).await;
        note(store, 9, vec![row(5, 1, 20)]).await;
        assert_eq!(noted(store).await, Some(upto(9)), "{name}");
        let expected = [refused, row(5, 1, 20), row(2, 1, 20), row(1, 1, 10)];
        assert_eq!(under(store, 1).await, expected, "{name}");
        assert_eq!(under(store, 2).await, [row(3, 2, 25)], "{name}");
        assert_eq!(under(store, 3).await, [], "{name}");

        let mut after = None;
        for page in expected.chunks(1) {
            let told = store.of(harbour(), digest(1), after, 1).await;
            assert_eq!(told.expect("answers"), page, "{name}");
            after = page.last().map(|row| (row.at, row.request));
        }
        let told = store.of(harbour(), digest(1), after, 1).await;
        assert_eq!(told.expect("answers"), [], "{name}");
    }
}

#[tokio::test]
async fn only_what_was_given_is_counted_and_is_the_last_use() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        assert_eq!(last_given(store, 1).await, None, "{name}");
        let statuses = [199, 200, 299, 300, 0, 403, 502];
        let rows = (1..).zip(statuses).map(|(number, status)| AccessRow {
            status,
            ..row(number, 1, 10 * i64::from(number))
        });
        note(store, 1, rows.chain([row(20, 2, 99)]).collect()).await;
        assert_eq!(under(store, 1).await.len(), 7, "{name}: all are listed");
        for (since, count) in [(0, 2), (20, 2), (21, 1), (30, 1), (31, 0)] {
            let given = store.given_since(harbour(), digest(1), at(since)).await;
            assert_eq!(given.expect("answers"), count, "{name} {since}");
        }
        assert_eq!(last_given(store, 1).await, Some(at(30)), "{name}");
        assert_eq!(last_given(store, 2).await, Some(at(99)), "{name}");
    }
}

#[tokio::test]
async fn banks_see_nothing_of_each_others_accesses() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        note(store, 7, vec![row(1, 1, 10)]).await;
        let other = bank("other");
        assert_eq!(store.noted(&other).await.expect("answers"), None, "{name}");
        let told = store.of(&other, digest(1), None, 50).await;
        assert_eq!(told.expect("answers"), [], "{name}");
        let counted = store.given_since(&other, digest(1), at(0)).await;
        assert_eq!(counted.expect("answers"), 0, "{name}");
        let last = store.last_given(&other, digest(1)).await;
        assert_eq!(last.expect("answers"), None, "{name}");
        store
            .note(&other, upto(3), Vec::new())
            .await
            .expect("answers");
        assert_eq!(noted(store).await, Some(upto(7)), "{name}");
    }
}

#[tokio::test]
async fn what_is_noted_again_changes_nothing() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        note(store, 7, vec![row(1, 1, 10), row(2, 1, 20)]).await;
        let otherwise = AccessRow {
            status: 500,
            ..row(1, 2, 99)
        };
        let twice = vec![otherwise, row(3, 1, 30), row(3, 2, 31)];
        note(store, 5, twice).await;
        let expected = [row(3, 1, 30), row(2, 1, 20), row(1, 1, 10)];
        assert_eq!(under(store, 1).await, expected, "{name}");
        assert_eq!(under(store, 2).await, [], "{name}");
        assert_eq!(noted(store).await, Some(upto(7)), "{name}: never less far");
        // Others' records came since, and then another segment.
        let farther = LogIndex {
            offset: 8_000,
            ..upto(7)
        };
        let next = LogIndex {
            segment: "segment-1".to_owned(),
            offset: 4_096,
            ..upto(7)
        };
        for (place, expected) in [(&farther, &farther), (&next, &next), (&farther, &next)] {
            let read = store.note(harbour(), place.clone(), Vec::new()).await;
            read.expect("answers");
            assert_eq!(noted(store).await.as_ref(), Some(expected), "{name}");
        }
    }
}

#[tokio::test]
async fn too_much_at_once_is_refused_whole() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let long = AccessRow {
            code: Some("x".repeat(1_025)),
            ..row(2, 1, 10)
        };
        let far = LogIndex {
            offset: u64::MAX,
            ..upto(1)
        };
        let named = LogIndex {
            segment: "x".repeat(1_025),
            ..upto(1)
        };
        for (upto, rows) in [
            (upto(1), vec![row(1, 1, 10), long]),
            (upto(1), vec![row(1, 1, 10); 1_001]),
            (far, vec![row(1, 1, 10)]),
            (named, vec![row(1, 1, 10)]),
        ] {
            let refused = store.note(harbour(), upto, rows).await;
            assert!(refused.is_err(), "{name}");
        }
        assert_eq!(under(store, 1).await, [], "{name}");
        assert_eq!(noted(store).await, None, "{name}");
        let many = (0..120).map(|number| row(number, 1, 10)).collect();
        note(store, 1, many).await;
        let page = store.of(harbour(), digest(1), None, u16::MAX).await;
        assert_eq!(page.expect("answers").len(), 50, "{name}");
    }
}

#[tokio::test]
async fn behind_a_store_that_fails_a_second_try_notes_each_once() {
    for fails in [Fails::Before, Fails::After] {
        for adapter in stores::all() {
            let name = format!("{} {fails:?}", adapter.name);
            let store = Faulty::new(Arc::clone(&adapter.store), fails);
            store.arm();
            let rows = vec![row(1, 1, 10), row(2, 1, 20)];
            let failed = store.note(harbour(), upto(7), rows.clone()).await;
            assert!(failed.is_err(), "{name}");
            let is_noted = noted(&store).await == Some(upto(7));
            assert_eq!(is_noted, fails == Fails::After, "{name}");
            note(&store, 7, rows).await;
            let expected = [row(2, 1, 20), row(1, 1, 10)];
            assert_eq!(under(&store, 1).await, expected, "{name}");
            assert_eq!(noted(&store).await, Some(upto(7)), "{name}");
        }
    }
}

#[tokio::test]
async fn an_access_is_kept_to_the_microsecond() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let fine = Timestamp::new(1_800_000_000, 123_456_999).expect("in range");
        let of_then = AccessRow {
            at: fine,
            ..row(1, 1, 0)
        };
        note(store, 1, vec![of_then]).await;
        assert_eq!(under(store, 1).await, [row(1, 1, 0)], "{name}");
        let counted = store.given_since(harbour(), digest(1), fine).await;
        assert_eq!(counted.expect("answers"), 1, "{name}");
    }
}

#[tokio::test]
async fn an_access_is_forgotten_two_years_after_a_few_at_a_time() {
    const YEARS: i64 = 2 * 366 * 24 * 3_600;
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let old = (1..=9).map(|number| row(number, 1, i64::from(number)));
        note(store, 1, old.collect()).await;
        let told = async || {
            let rows = under(store, 1).await;
            let seconds = rows
                .iter()
                .map(|row| row.at.duration_since(at(0)).as_secs());
            seconds.filter(|second| *second < 10).collect::<Vec<_>>()
        };
        // Nothing that is noted tells no time.
        note(store, 2, Vec::new()).await;
        note(store, 3, vec![row(10, 1, YEARS + 1)]).await;
        assert_eq!(told().await, [9, 8, 7, 6, 5, 4, 3, 2, 1], "{name}: not yet");
        note(store, 4, vec![row(11, 1, YEARS + 3)]).await;
        assert_eq!(told().await, [9, 8, 7, 6, 5, 4, 3], "{name}");
        note(store, 5, vec![row(12, 1, YEARS + 100)]).await;
        assert_eq!(told().await, [9, 8, 7], "{name}: a few");
        note(store, 6, vec![row(13, 1, 10), row(14, 1, YEARS + 100)]).await;
        assert_eq!(told().await.len(), 0, "{name}");
        assert_eq!(under(store, 1).await.len(), 4, "{name}");
    }
}
