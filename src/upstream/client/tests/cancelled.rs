//! Futures dropped at every point where they can be.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_util::FutureExt;
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use crate::UpstreamLimits;

use super::bank::{Bank, echo_body, echo_head, on_command};
use super::{House, every_protocol, get, post};

/// Polls a future so many times, then drops it; `None` when it had not completed by then.
async fn cut_after<F: Future>(polls: usize, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut done = 0;
    poll_fn(|cx| {
        if done == polls {
            return Poll::Ready(None);
        }
        done += 1;
        match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if done == polls => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

fn one_place() -> UpstreamLimits {
    UpstreamLimits {
        connections_max: 1,
        h2_streams: 1,
        ..UpstreamLimits::default()
    }
}

/// Runs the whole call, cut after every number of polls until it completes, and demands each time
/// that the one place there is can be had again.
async fn cut_everywhere(house: &House, name: &str, fresh: bool) -> usize {
    for polls in 0..1_000 {
        if fresh {
            house.clock.advance(house.upstream.pool().limits().max_age);
        }
        let call = async {
            let answer = house.send(post("/echo", model::full("through"))).await?;
            Ok::<_, crate::UpstreamFailure>(answer.into_body().collect().await)
        };
        let done = cut_after(polls, call).await;
        assert_eq!(
            house.upstream.in_use(),
            0,
            "{name}, cut after {polls} polls"
        );
        if let Some(answer) = done {
            answer.expect("answered").expect("whole");
            return polls;
        }
        if !fresh {
            let answer = house.send(get("/echo")).await.expect("the place is free");
            answer.into_body().collect().await.expect("whole");
        }
        assert!(
            house.upstream.connections_open() <= 1,
            "{name}, cut after {polls} polls"
        );
    }
    panic!("{name}: never completed");
}

#[tokio::test]
async fn a_call_dropped_at_any_poll_gives_its_place_back() {
    for (name, bank, tls) in every_protocol(echo_body).await {
        let house = House::new(&[&bank], tls, one_place());
        let with_connect = cut_everywhere(&house, name, true).await;
        let with_reuse = cut_everywhere(&house, name, false).await;
        assert!(
            with_connect > 2 && with_reuse > 1,
            "{name}: {with_connect}, {with_reuse}"
        );
    }
}

#[tokio::test]
async fn one_who_leaves_the_queue_at_any_poll_takes_nothing_along() {
    for (name, bank, tls) in every_protocol(echo_head).await {
        let house = House::new(&[&bank], tls, one_place());
        for polls in 0..6 {
            let held = house.send(get("/held")).await.expect(name);
            let mut waits = Box::pin(house.send(get("/waits")));
            let mut waits_behind = Box::pin(house.get("/behind"));
            assert!(cut_after(1, waits.as_mut()).await.is_none(), "{name}");
            assert!(waits_behind.as_mut().now_or_never().is_none(), "{name}");
            // The place is on its way to the one who waits when that one is cut.
            drop(held);
            assert_eq!(house.upstream.in_use(), 1, "{name}");
            let answer = cut_after(polls, waits).await;
            drop(answer);
            waits_behind.await.expect(name);
            assert_eq!(
                house.upstream.in_use(),
                0,
                "{name}, cut after {polls} polls"
            );
        }
    }
}

#[tokio::test]
async fn an_opening_that_is_given_up_lets_the_next_one_open() {
    let pki = super::Pki::new();
    let gate = Arc::new(Semaphore::new(1));
    let bank = Bank::tls(&pki, &["h2"], on_command(&gate)).await;
    let house = House::new(&[&bank], Some(pki.client_tls()), one_place());
    let mut opens = Box::pin(house.get("/opens"));
    let mut waits = Box::pin(house.get("/waits"));
    assert!(opens.as_mut().now_or_never().is_none());
    assert!(waits.as_mut().now_or_never().is_none());
    assert_eq!(house.counts(), (1, 0, 0));
    drop(opens);
    assert_eq!(waits.await.expect("its turn"), "/waits");
}
