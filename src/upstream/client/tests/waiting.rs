//! Waiting for a place.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use model::Clock;
use tokio::sync::Semaphore;

use crate::{Unreachable, UpstreamFailure, UpstreamLimits, Waiting};

use super::bank::{Bank, Behaviour, Pki, echo_head, on_command};
use super::{House, every_protocol, get};

/// One connection, with one stream.
fn one_place() -> UpstreamLimits {
    UpstreamLimits {
        connections_max: 1,
        h2_streams: 1,
        ..UpstreamLimits::default()
    }
}

#[tokio::test]
async fn those_who_wait_are_served_in_the_order_of_arrival() {
    let pki = Pki::new();
    for alpn in ["h2", "http/1.1"] {
        let order = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&order);
        let behaviour: Behaviour = Arc::new(move |request| {
            let path = request.uri().path().to_owned();
            seen.lock().expect("not poisoned").push(path.clone());
            Box::pin(async move { http::Response::new(model::full(path)) })
        });
        let bank = Bank::tls(&pki, &[alpn], behaviour).await;
        let house = House::new(&[&bank], Some(pki.client_tls()), one_place());
        let paths: Vec<String> = (0..8).map(|n| format!("/{n}")).collect();
        let answers = join_all(paths.iter().map(|path| house.get(path))).await;
        let answers: Vec<String> = answers.into_iter().map(|a| a.expect("answered")).collect();
        assert_eq!(answers, paths, "{alpn}");
        assert_eq!(*order.lock().expect("not poisoned"), paths, "{alpn}");
        assert_eq!((bank.accepted(), house.counts()), (1, (0, 1, 1)), "{alpn}");
    }
}

#[tokio::test]
async fn nobody_waits_longer_than_allowed() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let limits = UpstreamLimits {
            wait_timeout: Duration::from_millis(20),
            ..one_place()
        };
        let house = House::new(&[&bank], tls, limits);
        let held = house.send(get("/held")).await.expect(name);
        let failed = house.get("/waits").await.expect_err("the place is held");
        assert!(
            matches!(
                failed,
                UpstreamFailure::Unavailable(Unreachable::WaitedTooLong)
            ),
            "{name}: {failed:?}"
        );
        let deadline = house.clock.monotonic() + Duration::from_millis(5);
        let failed = house
            .send_until(get("/waits"), deadline)
            .await
            .expect_err("no time");
        assert!(
            matches!(failed, UpstreamFailure::TimedOut(Waiting::Place)),
            "{name}: {failed:?}"
        );
        drop(held);
        house.get("/free").await.expect("the place is free again");
        assert_eq!((bank.requests(), house.upstream.in_use()), (2, 0), "{name}");
    }
}

#[tokio::test]
async fn a_full_queue_takes_nobody() {
    let bank = Bank::plain(echo_head()).await;
    let limits = UpstreamLimits {
        waiters_max: 0,
        ..one_place()
    };
    let house = House::new(&[&bank], None, limits);
    let _held = house.send(get("/held")).await.expect("answered");
    let failed = house.get("/late").await.expect_err("no place, no queue");
    assert!(
        matches!(
            failed,
            UpstreamFailure::Unavailable(Unreachable::QueueFull { waiters: 0 })
        ),
        "{failed:?}"
    );
}

#[tokio::test]
async fn a_place_is_handed_on_when_its_answer_ends() {
    let gate = Arc::new(Semaphore::new(0));
    let bank = Bank::plain(on_command(&gate)).await;
    let house = House::new(&[&bank], None, one_place());
    let calls = join_all(["/a", "/b"].map(|path| house.get(path)));
    let watch = async {
        house
            .until("the first has arrived", |_| bank.requests() == 1)
            .await;
        assert_eq!(house.upstream.in_use(), 1);
        gate.add_permits(1);
        house
            .until("the second has arrived", |_| bank.requests() == 2)
            .await;
        gate.add_permits(1);
    };
    let (answers, ()) = tokio::join!(calls, watch);
    let answers: Vec<_> = answers.into_iter().map(|a| a.expect("answered")).collect();
    assert_eq!(
        (answers, bank.accepted()),
        (vec!["/a".into(), "/b".into()], 1)
    );
    assert_eq!(house.upstream.counts().waits, 1);
}

#[tokio::test]
async fn a_deadline_that_is_over_sends_nothing() {
    let bank = Bank::plain(echo_head()).await;
    let house = House::new(&[&bank], None, one_place());
    house.clock.advance(Duration::from_secs(5));
    let failed = house.send_until(get("/late"), Duration::from_secs(5)).await;
    assert!(matches!(
        failed,
        Err(UpstreamFailure::TimedOut(Waiting::Place))
    ));
    assert_eq!(bank.accepted(), 0);
}

#[tokio::test]
async fn one_who_left_the_queue_takes_no_room_in_it() {
    let bank = Bank::plain(echo_head()).await;
    let limits = UpstreamLimits {
        waiters_max: 1,
        ..one_place()
    };
    let house = House::new(&[&bank], None, limits);
    let held = house.send(get("/held")).await.expect("answered");
    for _ in 0..3 {
        let mut waits = Box::pin(house.get("/leaves"));
        assert!(waits.as_mut().now_or_never().is_none());
    }
    let mut waits = Box::pin(house.get("/stays"));
    assert!(waits.as_mut().now_or_never().is_none());
    let full = house.get("/late").await.expect_err("one waits already");
    assert!(matches!(
        full,
        UpstreamFailure::Unavailable(Unreachable::QueueFull { waiters: 1 })
    ));
    drop(held);
    waits.await.expect("its turn");
    assert_eq!(bank.requests(), 2);
}
