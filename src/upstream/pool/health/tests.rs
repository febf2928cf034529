//! The standing of an endpoint, step by step, and under anything that may happen to it.

use super::*;
use crate::pool::balance::Draws;

fn limits() -> UpstreamLimits {
    UpstreamLimits::default()
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// One request from beginning to end.
fn request(health: &mut Health, verdict: Verdict, now: Duration, limits: &UpstreamLimits) -> bool {
    assert!(health.admits(now, false, limits), "{health:?}");
    let epoch = health.enter();
    health.judge(verdict, epoch, true, 0, limits, now)
}

/// An endpoint that has just begun to rest.
fn resting(now: Duration, limits: &UpstreamLimits) -> Health {
    let mut health = Health::default();
    for _ in 1..limits.failures {
        assert!(!request(&mut health, Verdict::Bad, now, limits));
    }
    assert!(request(&mut health, Verdict::Bad, now, limits));
    health
}

#[test]
fn five_failures_in_a_row_make_an_endpoint_rest() {
    let limits = limits();
    let mut health = Health::default();
    for _ in 0..20 {
        for _ in 0..4 {
            assert!(!request(&mut health, Verdict::Bad, Duration::ZERO, &limits));
        }
        assert!(!request(
            &mut health,
            Verdict::Good,
            Duration::ZERO,
            &limits
        ));
        assert!(!request(
            &mut health,
            Verdict::Void,
            Duration::ZERO,
            &limits
        ));
    }
    let health = resting(seconds(3), &limits);
    assert!(!health.admits(seconds(3), false, &limits));
    assert!(!health.admits(Duration::from_millis(3_999), false, &limits));
    assert!(health.admits(seconds(4), false, &limits));
}

#[test]
fn one_who_may_not_rest_rests_at_the_next_failure_that_lets_it() {
    let limits = limits();
    let mut health = Health::default();
    for _ in 0..50 {
        let epoch = health.enter();
        assert!(!health.judge(Verdict::Bad, epoch, false, 0, &limits, Duration::ZERO));
        assert!(health.is_in());
    }
    assert!(request(
        &mut health,
        Verdict::BadConnection,
        Duration::ZERO,
        &limits
    ));
}

#[test]
fn after_a_rest_one_request_is_let_in_and_its_answer_decides() {
    let limits = limits();
    let mut health = resting(Duration::ZERO, &limits);
    let epoch = health.enter();
    assert!(
        !health.admits(seconds(1), false, &limits),
        "a second at once"
    );
    assert!(!health.judge(Verdict::Void, epoch, true, 0, &limits, seconds(1)));
    assert!(!health.is_in(), "nothing was learnt");
    assert!(!request(&mut health, Verdict::Good, seconds(1), &limits));
    assert!(health.is_in());
    let mut health = resting(Duration::ZERO, &limits);
    assert!(request(&mut health, Verdict::Bad, seconds(1), &limits));
    assert!(!health.admits(seconds(2), false, &limits), "twice as long");
    assert!(health.admits(seconds(3), false, &limits));
}

#[test]
fn several_probes_bring_back_by_as_many_good_answers() {
    let limits = UpstreamLimits {
        probes: 3,
        ..limits()
    };
    let mut health = resting(Duration::ZERO, &limits);
    let epochs: Vec<Epoch> = (0..3)
        .map(|_| {
            assert!(health.admits(seconds(1), false, &limits));
            health.enter()
        })
        .collect();
    assert!(!health.admits(seconds(1), false, &limits));
    for epoch in epochs {
        assert!(!health.is_in());
        assert!(!health.judge(Verdict::Good, epoch, true, 0, &limits, seconds(1)));
    }
    assert!(health.is_in());
}

#[test]
fn rests_grow_to_their_longest_and_begin_anew_after_a_good_while() {
    let limits = limits();
    let mut now = Duration::ZERO;
    let mut health = resting(now, &limits);
    for long in [1, 2, 4, 8, 16, 30, 30, 30] {
        assert!(!health.admits(
            now + seconds(long).saturating_sub(Duration::from_millis(1)),
            false,
            &limits
        ));
        now += seconds(long);
        assert!(request(&mut health, Verdict::Bad, now, &limits));
    }
    now += seconds(30);
    assert!(!request(&mut health, Verdict::Good, now, &limits));
    assert!(!request(
        &mut health,
        Verdict::Good,
        now + seconds(29),
        &limits
    ));
    assert_ne!(health.rests, 0);
    assert!(!request(
        &mut health,
        Verdict::Good,
        now + seconds(30),
        &limits
    ));
    assert_eq!(health.rests, 0);
}

#[test]
fn what_was_sent_before_a_rest_says_nothing_about_the_time_after() {
    let limits = limits();
    let mut health = Health::default();
    let old = health.enter();
    for _ in 0..5 {
        request(&mut health, Verdict::Bad, Duration::ZERO, &limits);
    }
    for verdict in [Verdict::Good, Verdict::Bad, Verdict::Void] {
        assert!(!health.judge(verdict, old, true, 0, &limits, Duration::ZERO));
    }
    let probe = health.enter();
    assert!(!health.judge(Verdict::Good, old, true, 0, &limits, seconds(1)));
    assert!(!health.is_in(), "the probe is still under way");
    assert!(!health.judge(Verdict::Good, probe, true, 0, &limits, seconds(1)));
    assert!(health.is_in());
}

#[test]
fn while_nobody_is_in_play_a_rest_is_a_tenth_of_a_second() {
    let limits = limits();
    let health = resting(Duration::ZERO, &limits);
    assert!(!health.admits(Duration::from_millis(99), true, &limits));
    assert!(health.admits(Duration::from_millis(100), true, &limits));
    assert!(!health.admits(Duration::from_millis(100), false, &limits));
}

#[test]
fn the_draw_shortens_a_rest_by_less_than_a_quarter() {
    let limits = limits();
    let mut draws = Draws(11);
    let mut lengths = Vec::new();
    for _ in 0..500 {
        let mut health = Health::default();
        let epoch = health.enter();
        health.is_dead(epoch, draws.next(), &limits, Duration::ZERO);
        let Standing::Resting { until, .. } = health.standing else {
            panic!("{health:?}");
        };
        lengths.push(until);
    }
    assert!(
        lengths
            .iter()
            .all(|l| (Duration::from_millis(750)..=seconds(1)).contains(l))
    );
    lengths.sort_unstable();
    lengths.dedup();
    assert!(lengths.len() > 100, "{}", lengths.len());
}

/// Anything that may happen, in any order, for every seed: the bounds hold at every step.
#[test]
fn under_any_order_of_events_the_bounds_hold() {
    for seed in 0..200 {
        let mut draws = Draws(seed);
        let limits = UpstreamLimits {
            failures: 1 + (draws.next() % 6) as u32,
            probes: 1 + (draws.next() % 4) as u32,
            ..limits()
        };
        let (mut health, mut now) = (Health::default(), Duration::ZERO);
        let mut under_way: Vec<Epoch> = Vec::new();
        for _ in 0..500 {
            now += Duration::from_millis(draws.next() % 700);
            let (was_in, alone) = (health.is_in(), draws.next().is_multiple_of(3));
            if draws.next().is_multiple_of(2) && health.admits(now, alone, &limits) {
                under_way.push(health.enter());
            } else if !under_way.is_empty() {
                let epoch = under_way.swap_remove((draws.next() % under_way.len() as u64) as usize);
                let verdict = match draws.next() % 4 {
                    0 => Verdict::Void,
                    1 => Verdict::Good,
                    2 => Verdict::Bad,
                    _ => Verdict::BadConnection,
                };
                let (may_rest, draw) = (!draws.next().is_multiple_of(4), draws.next());
                let rests = health.judge(verdict, epoch, may_rest, draw, &limits, now);
                assert!(!rests || verdict != Verdict::Good, "seed {seed}");
                assert!(!(rests && was_in) || may_rest, "seed {seed}");
                assert!(
                    was_in || !health.is_in() || verdict == Verdict::Good,
                    "seed {seed}"
                );
            }
            match health.standing {
                Standing::In => assert!(health.admits(now, false, &limits)),
                Standing::Resting { since, until } => {
                    let long = until.saturating_sub(since);
                    assert!(long >= limits.back_off * 3 / 4 && long <= limits.back_off_max);
                    assert!(health.admits(until, false, &limits), "seed {seed}");
                }
                Standing::Trying {
                    under_way: probes,
                    passed,
                } => {
                    assert!(
                        probes <= limits.probes && passed < limits.probes,
                        "seed {seed}"
                    );
                    let same = |epoch: &&Epoch| **epoch == Epoch(health.epoch);
                    assert_eq!(under_way.iter().filter(same).count() as u32, probes);
                }
            }
        }
        // Whatever happened: good answers bring it back.
        under_way.clear();
        health.standing = match health.standing {
            Standing::Trying { .. } => Standing::Resting {
                since: now,
                until: now,
            },
            other => other,
        };
        now += limits.back_off_max;
        for _ in 0..limits.probes {
            assert!(!request(&mut health, Verdict::Good, now, &limits));
        }
        assert!(health.is_in(), "seed {seed}");
    }
}
