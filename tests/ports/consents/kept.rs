//! What is kept of consents: the customers' lists, what was spent in a day, and what is forgotten.

use futures_util::future::join_all;
use jiff::civil::Date;

use model::ports::{Changed, Consent, Spend};
use model::{ConsentState, Edge};

use super::{DECIDE, asked, change, changed, found, id, kept, opened};
use crate::fixture::{bank, client, digest, harbour};
use crate::stores::{self, Store};

/// The numbers of a customer's consents, page by page.
async fn pages(store: &dyn Store, subject: &str, limit: u16) -> Vec<Vec<String>> {
    let (mut pages, mut after) = (Vec::new(), None);
    loop {
        let page = store.of_customer(harbour(), subject, after, limit).await;
        let page = page.expect("answers");
        let Some(last) = page.last() else {
            return pages;
        };
        after = Some((last.changed_at, last.id.clone()));
        pages.push(page.iter().map(|its| its.id.to_string()).collect());
    }
}

#[tokio::test]
async fn a_customer_is_told_their_own_the_last_changed_first() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        for number in 1..=7 {
            kept(store, opened(number)).await;
        }
        kept(store, asked(8)).await;
        let another = Consent {
            subject: Some("han-meimei".to_owned()),
            ..opened(9)
        };
        kept(store, another).await;
        for (number, second) in [(3, 5), (6, 9), (1, 9)] {
            let refuse = change(ConsentState::Reviewing, 0, Edge::Refuse);
            let done = changed(store, number, refuse, second).await;
            assert!(matches!(done, Changed::Done(_)), "{name}");
        }
        let all = [1, 6, 3, 2, 4, 5, 7].map(|number| id(number).to_string());
        assert_eq!(pages(store, "li-lei", 50).await, [all.to_vec()], "{name}");
        let in_twos: Vec<_> = all.chunks(2).map(<[String]>::to_vec).collect();
        assert_eq!(pages(store, "li-lei", 2).await, in_twos, "{name}");
        let theirs = [vec![id(9).to_string()]];
        assert_eq!(pages(store, "han-meimei", 50).await, theirs, "{name}");
        assert!(pages(store, "nobody", 50).await.is_empty(), "{name}");
        let there = store.of_customer(&bank("other"), "li-lei", None, 50).await;
        assert_eq!(there.expect("answers"), [], "{name}");
    }
}

#[tokio::test]
async fn five_hundred_are_told_in_pages_of_fifty() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let all = (1..=500).map(|number| kept(store, opened(number)));
        join_all(all).await;
        let pages = pages(store, "li-lei", u16::MAX).await;
        let sizes: Vec<_> = pages.iter().map(Vec::len).collect();
        assert_eq!(sizes, [50; 10], "{name}");
        let mut ids: Vec<_> = pages.concat();
        assert!(ids.is_sorted(), "{name}: of one instant by id");
        ids.dedup();
        assert_eq!(ids.len(), 500, "{name}");
    }
}

#[tokio::test]
async fn a_day_has_so_many_accesses_and_no_more() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let today = Date::constant(2026, 11, 23);
        let spend = async |number, day, max| {
            let spent = store.spend(harbour(), digest(number), day, max).await;
            spent.expect("answers")
        };
        for left in [
            Spend::Left(2),
            Spend::Left(1),
            Spend::Left(0),
            Spend::None,
            Spend::None,
        ] {
            assert_eq!(spend(1, today, 3).await, left, "{name}");
        }
        assert_eq!(
            spend(1, today, 4).await,
            Spend::Left(0),
            "{name}: more are allowed"
        );
        assert_eq!(spend(1, today, 2).await, Spend::None, "{name}: fewer are");
        assert_eq!(spend(2, today, 0).await, Spend::None, "{name}");
        assert_eq!(
            spend(2, today, 1).await,
            Spend::Left(0),
            "{name}: another consent"
        );
        let tomorrow = today.tomorrow().expect("in range");
        assert_eq!(
            spend(1, tomorrow, 3).await,
            Spend::Left(2),
            "{name}: another day"
        );
        let there = store.spend(&bank("other"), digest(1), today, 3).await;
        assert_eq!(
            there.expect("answers"),
            Spend::Left(2),
            "{name}: another bank"
        );

        let give_back = async |number, day| {
            let given = store.give_back(harbour(), digest(number), day).await;
            given.expect("answers");
        };
        give_back(4, today).await;
        assert_eq!(
            spend(4, today, 1).await,
            Spend::Left(0),
            "{name}: of no use"
        );
        give_back(4, tomorrow).await;
        assert_eq!(
            spend(4, today, 1).await,
            Spend::None,
            "{name}: another day's"
        );
        for _ in 0..2 {
            give_back(4, today).await;
        }
        assert_eq!(
            spend(4, today, 1).await,
            Spend::Left(0),
            "{name}: given back"
        );
        assert_eq!(spend(4, today, 1).await, Spend::None, "{name}: once");

        let racing = (0..20).map(|_| store.spend(harbour(), digest(3), today, 5));
        let mut left: Vec<_> = join_all(racing)
            .await
            .into_iter()
            .filter_map(|spent| match spent.expect("answers") {
                Spend::Left(left) => Some(left),
                Spend::None => None,
            })
            .collect();
        left.sort_unstable();
        assert_eq!(left, [0, 1, 2, 3, 4], "{name}");
    }
}

#[tokio::test]
async fn a_day_is_forgotten_two_days_after_and_not_before() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let day = |of| Date::constant(2026, 11, of);
        let spend = async |number, day| {
            let spent = store.spend(harbour(), digest(number), day, 2).await;
            spent.expect("answers")
        };
        assert_eq!(spend(1, day(20)).await, Spend::Left(1), "{name}");
        // Two days on, midnight has not come everywhere.
        assert_eq!(spend(2, day(22)).await, Spend::Left(1), "{name}");
        assert_eq!(spend(1, day(20)).await, Spend::Left(0), "{name}");
        assert_eq!(spend(2, day(23)).await, Spend::Left(1), "{name}");
        assert_eq!(spend(1, day(20)).await, Spend::Left(1), "{name}: as if new");
    }
}

#[tokio::test]
async fn what_lapsed_before_anybody_logged_in_is_forgotten_after_thirty_days_alone() {
    for adapter in stores::all() {
        let (store, name) = (&*adapter.store, adapter.name);
        let day = 24 * 3_600;
        kept(store, asked(1)).await;
        kept(store, opened(2)).await;
        kept(store, asked(3)).await;
        kept(store, asked(4)).await;
        for (number, from, edge) in [
            (1, ConsentState::Requested, Edge::Lapse),
            (2, ConsentState::Reviewing, Edge::Lapse),
            (3, ConsentState::Requested, Edge::Refuse),
        ] {
            let done = changed(store, number, change(from, 0, edge), DECIDE).await;
            assert!(matches!(done, Changed::Done(_)), "{name}");
        }
        super::lodge(store, asked(5), DECIDE + 30 * day).await;
        assert!(found(store, 1).await.is_some(), "{name}: not yet");
        super::lodge(store, asked(6), DECIDE + 30 * day + 1).await;
        assert_eq!(found(store, 1).await, None, "{name}");
        for number in [2, 3, 4, 5, 6] {
            assert!(found(store, number).await.is_some(), "{name} {number}");
        }
        // A few at a time, and all in the end.
        for number in 10..20 {
            let lapsing = Consent {
                client: client("other"),
                ..asked(number)
            };
            kept(store, lapsing).await;
            let lapse = change(ConsentState::Requested, 0, Edge::Lapse);
            changed(store, number, lapse, DECIDE).await;
        }
        for number in 20..23 {
            super::lodge(store, asked(number), DECIDE + 31 * day).await;
        }
        for number in 10..20 {
            assert_eq!(found(store, number).await, None, "{name} {number}");
        }
    }
}
