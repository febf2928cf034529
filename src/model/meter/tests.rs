use std::time::Duration;

use super::*;

static CALLS: Measure = Measure {
    name: "calls_total",
    kind: Kind::Counter,
    help: "Calls by bank and outcome.",
    labels: &["bank", "outcome"],
};
static OPEN: Measure = Measure {
    name: "open",
    kind: Kind::Gauge,
    help: "What is open.",
    labels: &[],
};
static WAITS: Measure = Measure {
    name: "waits_seconds",
    kind: Kind::Durations(&[Duration::from_millis(1), Duration::from_secs(1)]),
    help: "Waits.",
    labels: &["bank"],
};

#[test]
fn numbers_are_exposed_by_name_and_labels_with_help_and_type() {
    let meter = Meter::new();
    let calls = meter.words::<1>(&CALLS, &["har\"bour\\"]);
    calls.count(["refused"]);
    calls.count(["allowed"]);
    calls.count(["allowed"]);
    let held = meter.gauge(&OPEN, &[]).held();
    let waits = meter.histogram(&WAITS, &["b"]);
    waits.took(Duration::from_millis(1));
    waits.took(Duration::from_millis(1_500));
    let expected = "\
# HELP calls_total Calls by bank and outcome.
# TYPE calls_total counter
calls_total{bank=\"har\\\"bour\\\\\",outcome=\"allowed\"} 2
calls_total{bank=\"har\\\"bour\\\\\",outcome=\"refused\"} 1
# HELP open What is open.
# TYPE open gauge
open 1
# HELP waits_seconds Waits.
# TYPE waits_seconds histogram
waits_seconds_bucket{bank=\"b\",le=\"0.001\"} 1
waits_seconds_bucket{bank=\"b\",le=\"1\"} 1
waits_seconds_bucket{bank=\"b\",le=\"+Inf\"} 2
waits_seconds_sum{bank=\"b\"} 1.501
waits_seconds_count{bank=\"b\"} 2
";
    assert_eq!(meter.expose(), expected);
    drop(held);
    assert!(meter.expose().contains("open 0\n"));
}

#[test]
fn the_same_labels_give_the_same_number_until_nobody_holds_it() {
    let meter = Meter::new();
    let first = meter.counter(&CALLS, &["a", "allowed"]);
    first.add(2);
    let again = meter.counter(&CALLS, &["a", "allowed"]);
    again.add(1);
    drop(first);
    meter.forget_unused();
    assert!(meter.expose().ends_with("} 3\n"), "{}", meter.expose());
    drop(again);
    meter.forget_unused();
    assert_eq!(meter.expose(), "");
}

#[test]
fn watched_numbers_are_asked_for_and_go_with_their_watch() {
    let meter = Meter::new();
    let watch = meter.watch(&OPEN, |tell| tell(&[], 0.5));
    assert!(meter.expose().ends_with("open 0.5\n"));
    drop(watch);
    assert_eq!(meter.expose(), "");
}

#[test]
fn a_histogram_that_counted_nothing_has_no_lines() {
    let meter = Meter::new();
    let waits = meter.histogram(&WAITS, &["b"]);
    assert_eq!(meter.expose(), "");
    waits.took(Duration::ZERO);
    assert!(
        meter
            .expose()
            .contains("waits_seconds_count{bank=\"b\"} 1\n")
    );
}

#[test]
fn words_asked_for_again_hold_all_that_was_counted() {
    let meter = Meter::new();
    let before = meter.words::<1>(&CALLS, &["a"]);
    before.count(["allowed"]);
    // As a reload does: the new snapshot asks before the old one goes, and counts nothing yet.
    let after = meter.words::<1>(&CALLS, &["a"]);
    drop(before);
    meter.forget_unused();
    assert!(meter.expose().ends_with("} 1\n"), "{}", meter.expose());
    after.count(["allowed"]);
    assert!(meter.expose().ends_with("} 2\n"), "{}", meter.expose());
    drop(after);
    meter.forget_unused();
    assert_eq!(meter.expose(), "");
}

#[test]
fn words_are_counted_by_many_threads_at_once() {
    let meter = Meter::new();
    let words: Vec<&'static str> = (0..40).map(|n| &*n.to_string().leak()).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let calls = meter.words::<1>(&CALLS, &["a"]);
                for word in &words {
                    calls.count([word]);
                    calls.count([word]);
                }
                calls
            });
        }
    });
    let held = meter.words::<1>(&CALLS, &["a"]);
    for word in &words {
        held.count([word]);
    }
    let text = meter.expose();
    assert_eq!(text.matches("} 9\n").count(), words.len(), "{text}");
}
