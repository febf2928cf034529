//! Handles: what the road holds of a number. Changing one is an atomic step or two, no more.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{Kind, Measure, Meter};

/// A number that only grows.
#[derive(Debug, Clone, Default)]
pub struct Counter(pub(super) Arc<AtomicU64>);

impl Counter {
    /// Adds so many.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

/// A number that goes up and down.
#[derive(Debug, Clone, Default)]
pub struct Gauge(pub(super) Arc<AtomicI64>);

impl Gauge {
    /// Sets it.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// One more, until what is given is dropped.
    pub fn held(&self) -> Held {
        self.0.fetch_add(1, Ordering::Relaxed);
        Held(Arc::clone(&self.0))
    }
}

/// One of what a gauge counts; one less on drop.
#[derive(Debug)]
pub struct Held(Arc<AtomicI64>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A number of things by how long they took or how large they were.
#[derive(Debug, Clone)]
pub struct Histogram(pub(super) Arc<Buckets>);

impl Histogram {
    /// Counts one that took so long.
    pub fn took(&self, duration: Duration) {
        self.0
            .count(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts one of this size.
    pub fn sized(&self, size: u64) {
        self.0.count(size);
    }
}

/// The counts of a histogram, each of its own bucket alone; durations in nanoseconds.
#[derive(Debug)]
pub(super) struct Buckets {
    pub(super) bounds: Box<[u64]>,
    pub(super) counts: Box<[AtomicU64]>,
    pub(super) sum: AtomicU64,
}

impl Buckets {
    pub(super) fn new(kind: Kind) -> Self {
        let bounds: Box<[u64]> = match kind {
            Kind::Durations(bounds) => bounds
                .iter()
                .map(|bound| u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX))
                .collect(),
            Kind::Sizes(bounds) => bounds.into(),
            Kind::Counter | Kind::Gauge => Box::default(),
        };
        Self {
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            bounds,
            sum: AtomicU64::new(0),
        }
    }

    /// Whether nothing was counted yet.
    pub(super) fn is_empty(&self) -> bool {
        self.counts.iter().all(|count| super::load(count) == 0)
    }

    fn count(&self, value: u64) {
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(count) = self.counts.get(at) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.sum.fetch_add(value, Ordering::Relaxed);
    }
}

/// Counters of one thing that differ in their last `N` labels. A combination is registered when it
/// first occurs, so that what never happens costs neither memory nor a line; from then on counting
/// it asks nobody. Clones share what was found, and so do all of one thing.
#[derive(Debug, Clone)]
pub struct Words<const N: usize>(pub(super) Arc<Found<N>>);

/// The combinations that occurred.
#[derive(Debug)]
pub(super) struct Found<const N: usize> {
    meter: Meter,
    measure: &'static Measure,
    values: Box<[Box<str>]>,
    first: OnceLock<Box<Link<N>>>,
}

/// One combination, and the next that occurred.
#[derive(Debug)]
struct Link<const N: usize> {
    words: [&'static str; N],
    counter: Counter,
    next: OnceLock<Box<Self>>,
}

impl<const N: usize> Words<N> {
    /// One more of these words.
    pub fn count(&self, words: [&'static str; N]) {
        let mut place = &self.0.first;
        loop {
            let link = place.get_or_init(|| Box::new(self.0.link(words)));
            if link.words == words {
                link.counter.add(1);
                return;
            }
            place = &link.next;
        }
    }
}

impl<const N: usize> Found<N> {
    pub(super) fn new(meter: Meter, measure: &'static Measure, values: &[&str]) -> Self {
        Self {
            meter,
            measure,
            values: values.iter().map(|value| Box::from(*value)).collect(),
            first: OnceLock::new(),
        }
    }

    fn link(&self, words: [&'static str; N]) -> Link<N> {
        let values = self.values.iter().map(AsRef::as_ref);
        let values: Vec<&str> = values.chain(words).collect();
        Link {
            words,
            counter: self.meter.counter(self.measure, &values),
            next: OnceLock::new(),
        }
    }
}
