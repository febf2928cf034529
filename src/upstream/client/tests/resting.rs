//! Endpoints that fail are passed over, and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::join_all;
use http::Response;
use http_body_util::BodyExt;
use model::Clock;
use tokio::sync::Semaphore;

use crate::{Standing, Trouble, Unreachable, UpstreamFailure, UpstreamLimits};

use super::bank::{Bank, Behaviour, Pki, echo_head, on_command, silent};
use super::connections::Down;
use super::{House, get, post};

/// A bank whose status is set by the test.
async fn bank(status: &Arc<AtomicU16>) -> Bank {
    let status = Arc::clone(status);
    let behaviour: Behaviour = Arc::new(move |_| {
        let status = status.load(Ordering::SeqCst);
        let answer = Response::builder().status(status).body(model::full("said"));
        Box::pin(async { answer.expect("valid") })
    });
    Bank::plain(behaviour).await
}

fn status(status: u16) -> Arc<AtomicU16> {
    Arc::new(AtomicU16::new(status))
}

/// So many calls, one after the other, each answer read to its end; how many of them were 200.
async fn calls(house: &House, count: usize) -> usize {
    let mut good = 0;
    for _ in 0..count {
        if let Ok(answer) = house.send(post("/pay", model::empty())).await {
            let (head, body) = answer.into_parts();
            body.collect().await.expect("whole");
            good += usize::from(head.status == 200);
        }
    }
    good
}

fn standings(house: &House) -> Vec<Standing> {
    let endpoints = house.upstream.endpoints();
    endpoints
        .iter()
        .map(|(_, counts)| counts.standing)
        .collect()
}

#[tokio::test]
async fn an_endpoint_that_fails_five_times_rests_and_comes_back_by_one_good_answer() {
    let (well, ill) = (status(200), status(503));
    let (one, other) = (bank(&well).await, bank(&ill).await);
    let house = House::new(&[&one, &other], None, UpstreamLimits::default());
    let good = calls(&house, 60).await;
    assert_eq!((good, other.requests()), (55, 5), "five were declined");
    assert_eq!(standings(&house), [Standing::InPlay, Standing::Resting]);
    assert_eq!(house.upstream.endpoints()[1].1.open, 0, "let go");

    // Its rest is over and it is as ill as before: one call finds out, and the next rest is longer.
    house.clock.advance(Duration::from_secs(1));
    assert_eq!(standings(&house)[1], Standing::OnTrial);
    assert_eq!((calls(&house, 40).await, other.requests()), (39, 6));
    house.clock.advance(Duration::from_millis(1_400));
    assert_eq!((calls(&house, 40).await, other.requests()), (40, 6));

    ill.store(200, Ordering::SeqCst);
    house.clock.advance(Duration::from_millis(600));
    assert_eq!(calls(&house, 40).await, 40);
    assert_eq!(standings(&house), [Standing::InPlay; 2]);
    assert!(other.requests() > 10, "{}", other.requests());
}

#[tokio::test]
async fn when_all_endpoints_give_bad_answers_half_of_them_go_on() {
    let banks = [
        status(503),
        status(503),
        status(503),
        status(503),
        status(503),
    ];
    let banks = join_all(banks.iter().map(bank)).await;
    let house = House::new(
        &banks.iter().collect::<Vec<_>>(),
        None,
        UpstreamLimits::default(),
    );
    assert_eq!(calls(&house, 300).await, 0);
    let in_play = |s: &&Standing| **s == Standing::InPlay;
    assert_eq!(standings(&house).iter().filter(in_play).count(), 3);
    let seen: usize = banks.iter().map(Bank::requests).sum();
    assert_eq!(seen, 300, "every call was still made, once");
}

#[tokio::test]
async fn the_only_endpoint_goes_on_whatever_it_answers() {
    let ill = status(503);
    let bank = bank(&ill).await;
    let house = House::new(&[&bank], None, UpstreamLimits::default());
    assert_eq!(calls(&house, 50).await, 0);
    assert_eq!(bank.requests(), 50);
    ill.store(200, Ordering::SeqCst);
    assert_eq!(calls(&house, 1).await, 1);
}

#[tokio::test]
async fn the_services_own_errors_are_answers() {
    let (one, other) = (bank(&status(500)).await, bank(&status(429)).await);
    let house = House::new(&[&one, &other], None, UpstreamLimits::default());
    calls(&house, 100).await;
    assert_eq!(standings(&house), [Standing::InPlay; 2]);
    assert!(one.requests() > 20 && other.requests() > 20);
}

#[tokio::test]
async fn while_all_are_dead_calls_are_refused_at_once_and_a_few_find_out() {
    let down = Down::new();
    let house = House::at(&[down.port], None, UpstreamLimits::default());
    let resting = |failure: &UpstreamFailure| {
        matches!(
            failure,
            UpstreamFailure::Unavailable(Unreachable::NoEndpoint)
        )
    };
    let failed = house.get("/rates").await.expect_err("nobody listens");
    assert_eq!(failed.trouble(), Some(Trouble::Dead));
    for _ in 0..100 {
        // Ready at the first poll: no connection is tried, and nobody waits.
        let refused = house.get("/rates").now_or_never().expect("at once");
        assert!(resting(&refused.expect_err("it rests")));
    }
    let met = |trouble| house.upstream.counts().met(trouble);
    assert_eq!((met(Trouble::Dead), met(Trouble::Resting)), (1, 100));
    for knocks in 2..10 {
        house.clock.advance(Duration::from_millis(100));
        let tried = join_all((0..50).map(|_| house.get("/rates"))).await;
        let dead = |r: &&Result<String, UpstreamFailure>| !r.as_ref().is_err_and(resting);
        assert_eq!(tried.iter().filter(dead).count(), 1, "one finds out");
        assert_eq!(met(Trouble::Dead), knocks);
    }
    let back = down.comes_up();
    house.clock.advance(Duration::from_millis(100));
    for _ in 0..50 {
        house
            .get("/rates")
            .await
            .expect("back after a tenth of a second");
    }
    assert_eq!(back.requests(), 50);
}

#[tokio::test]
async fn an_endpoint_on_trial_takes_one_request_at_a_time() {
    let down = Down::new();
    let steady = Bank::plain(echo_head()).await;
    let house = House::at(&[down.port, steady.port], None, UpstreamLimits::default());
    for _ in 0..20 {
        house.get("/rates").await.expect("the other endpoint");
    }
    let gate = Arc::new(Semaphore::new(0));
    let back = down.comes_up_as(on_command(&gate));
    house.clock.advance(Duration::from_secs(1));
    // One of these is held by the endpoint on trial; all others are the other's.
    let many = join_all((0..40).map(|_| house.get("/rates")));
    let watch = async {
        house
            .until("all but one are answered", |house| {
                steady.requests() == 59 && house.upstream.in_use() == 1
            })
            .await;
        assert_eq!(back.requests(), 1);
        assert_eq!(standings(&house)[0], Standing::OnTrial);
        gate.add_permits(1_000);
    };
    let (answers, ()) = tokio::join!(many, watch);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(standings(&house), [Standing::InPlay; 2]);
}

#[tokio::test]
async fn one_connection_that_breaks_under_many_requests_is_one_failure() {
    let pki = Pki::new();
    let bank = Bank::tls(&pki, &["h2"], silent()).await;
    let other = Bank::tls(&pki, &["h2"], silent()).await;
    let house = House::new(
        &[&bank, &other],
        Some(pki.client_tls()),
        UpstreamLimits::default(),
    );
    let many = join_all((0..60).map(|_| house.send(post("/pay", model::empty()))));
    let cut = async {
        house
            .until("all have arrived", |_| {
                bank.requests() + other.requests() == 60
            })
            .await;
        bank.cut_all().await;
        other.cut_all().await;
    };
    let (answers, ()) = tokio::join!(many, cut);
    assert!(answers.iter().all(Result::is_err));
    assert_eq!(house.upstream.counts().met(Trouble::Reset), 60);
    assert_eq!(standings(&house), [Standing::InPlay; 2]);
}

#[tokio::test]
async fn a_silent_endpoint_rests_and_a_caller_slow_with_its_body_blames_nobody() {
    let (quiet, well) = (Bank::plain(silent()).await, Bank::plain(echo_head()).await);
    let limits = UpstreamLimits {
        head_timeout: Duration::from_millis(400),
        ..UpstreamLimits::default()
    };
    let house = House::new(&[&quiet, &well], None, limits);
    let good = calls(&house, 40).await;
    assert_eq!((good, quiet.requests()), (35, 5));
    assert_eq!(standings(&house), [Standing::Resting, Standing::InPlay]);

    let house = House::new(&[&quiet, &quiet], None, UpstreamLimits::default());
    for _ in 0..12 {
        let deadline = house.clock.monotonic() + Duration::from_millis(150);
        let slow = house.send_until(post("/pay", super::raw::never()), deadline);
        slow.await.expect_err("the deadline");
    }
    assert_eq!(standings(&house), [Standing::InPlay; 2]);
}

#[tokio::test]
async fn an_endpoint_without_an_answer_to_connecting_rests_though_deadlines_are_short() {
    let deaf = super::raw::Deaf::new().await;
    let house = House::at(&[deaf.port], None, UpstreamLimits::default());
    for _ in 0..5 {
        let deadline = house.clock.monotonic() + Duration::from_millis(10);
        let failed = house.send_until(get("/rates"), deadline).await;
        let trouble = failed.expect_err("nobody answers").trouble();
        assert_eq!(trouble, Some(Trouble::Unreachable));
    }
    let refused = house.get("/rates").now_or_never().expect("at once");
    assert_eq!(
        refused.expect_err("it rests").trouble(),
        Some(Trouble::Resting)
    );
}

#[tokio::test]
async fn those_who_wait_are_sent_away_when_the_last_endpoint_goes() {
    let pki = Pki::new();
    let gate = Arc::new(Semaphore::new(0));
    let bank = Bank::tls(&pki, &["http/1.1"], on_command(&gate)).await;
    let limits = UpstreamLimits {
        connections_max: 1,
        ..UpstreamLimits::default()
    };
    let house = House::new(&[&bank], Some(Pki::new().client_tls()), limits);
    // The bank is not believed: the first to connect learns it, the others waited for nothing.
    let all = join_all((0..10).map(|_| house.get("/rates"))).await;
    let words: Vec<_> = all
        .iter()
        .map(|call| call.as_ref().expect_err("not believed").trouble())
        .collect();
    let count = |trouble| words.iter().filter(|w| **w == Some(trouble)).count();
    assert_eq!((count(Trouble::Untrusted), count(Trouble::Resting)), (1, 9));
    assert_eq!(house.upstream.counts().waiting, 0);
}
