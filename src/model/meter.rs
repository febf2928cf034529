//! What rooms count and measure, for alarms: a registry of numbers that are changed by one atomic
//! step and read by whoever scrapes.
//!
//! A room states each [`Measure`] once, in its `metrics.rs`, and takes handles for the things that
//! it measures when these are made: a route, an upstream, a listener. Asked again for the same
//! labels the registry gives the same number, so a new snapshot counts on. The values of labels are
//! ids out of the configuration or words of the code, never anything out of a request, so that the
//! configuration bounds how many numbers there are.

mod handles;
mod text;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

pub use handles::{Counter, Gauge, Held, Histogram, Words};

/// One line of the list of what is measured.
#[derive(Debug, PartialEq, Eq)]
pub struct Measure {
    /// Its name in the exposition, ending in its unit: `mortise_request_duration_seconds`.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// What it says, a sentence.
    pub help: &'static str,
    /// The names of its labels, in the order in which their values are given.
    pub labels: &'static [&'static str],
}

/// The kinds of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows; the name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// How long things took, counted by these upper bounds; exposed in seconds.
    Durations(&'static [Duration]),
    /// How many or how much, counted by these upper bounds.
    Sizes(&'static [u64]),
}

/// Upper bounds for what takes from a fraction of a millisecond to half a minute.
pub const SECONDS: Kind = Kind::Durations(&[
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2_500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(250),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_millis(2_500),
    Duration::from_secs(5),
    Duration::from_secs(10),
    Duration::from_secs(30),
]);

/// The registry. Clones share it; each house has its own.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Registry>);

#[derive(Debug, Default)]
struct Registry {
    families: Mutex<BTreeMap<&'static str, Family>>,
}

/// All numbers of one measure.
#[derive(Debug)]
struct Family {
    measure: &'static Measure,
    series: BTreeMap<Vec<Arc<str>>, Number>,
    /// [`Words`] that somebody holds, by the labels that they have in common.
    words: BTreeMap<Vec<Arc<str>>, Weak<dyn Any + Send + Sync>>,
    watched: Vec<Weak<Watched>>,
}

#[derive(Debug, Clone)]
enum Number {
    Counter(Arc<AtomicU64>),
    Gauge(Arc<AtomicI64>),
    Histogram(Arc<handles::Buckets>),
}

/// Tells a number that somebody else keeps, when it is asked for.
type Ask = dyn Fn(&mut dyn FnMut(&[&str], f64)) + Send + Sync;

struct Watched(Box<Ask>);

impl std::fmt::Debug for Watched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

/// Keeps numbers in the exposition that are asked for at each scrape; on drop they go.
#[derive(Debug)]
pub struct Watch(#[expect(dead_code, reason = "held, so that it is found alive")] Arc<Watched>);

impl Meter {
    /// A registry in which nothing is measured yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The counter of a measure for these label values: the one there is, or a new one at 0.
    pub fn counter(&self, measure: &'static Measure, values: &[&str]) -> Counter {
        match self.number(measure, values) {
            Number::Counter(number) => Counter(number),
            Number::Gauge(_) | Number::Histogram(_) => Counter::default(),
        }
    }

    /// The gauge of a measure for these label values: the one there is, or a new one at 0.
    pub fn gauge(&self, measure: &'static Measure, values: &[&str]) -> Gauge {
        match self.number(measure, values) {
            Number::Gauge(number) => Gauge(number),
            Number::Counter(_) | Number::Histogram(_) => Gauge::default(),
        }
    }

    /// The histogram of a measure for these label values: the one there is, or a new, empty one.
    pub fn histogram(&self, measure: &'static Measure, values: &[&str]) -> Histogram {
        match self.number(measure, values) {
            Number::Histogram(number) => Histogram(number),
            Number::Counter(_) | Number::Gauge(_) => {
                Histogram(Arc::new(handles::Buckets::new(measure.kind)))
            }
        }
    }

    /// Counters that differ in their last `N` labels, whose values are words of the code: those
    /// there are, with all that they counted, or new ones.
    pub fn words<const N: usize>(&self, measure: &'static Measure, values: &[&str]) -> Words<N> {
        debug_assert_eq!(values.len() + N, measure.labels.len(), "{}", measure.name);
        let mut families = self.families();
        let family = Family::of(&mut families, measure);
        let known = family.words.entry(key(values));
        let known = known.or_insert_with(|| Weak::<handles::Found<N>>::new());
        if let Some(Ok(same)) = known.upgrade().map(Arc::downcast) {
            return Words(same);
        }
        let fresh = Arc::new(handles::Found::new(self.clone(), measure, values));
        *known = Arc::downgrade(&fresh) as _;
        Words(fresh)
    }

    /// Asks `ask` at each scrape for the numbers of a measure, as long as the watch is held. It
    /// gives label values and number to its argument, once for each.
    #[must_use = "without the watch nothing is asked"]
    pub fn watch(
        &self,
        measure: &'static Measure,
        ask: impl Fn(&mut dyn FnMut(&[&str], f64)) + Send + Sync + 'static,
    ) -> Watch {
        let watched = Arc::new(Watched(Box::new(ask)));
        let mut families = self.families();
        let family = Family::of(&mut families, measure);
        family.watched.retain(|watched| watched.strong_count() > 0);
        family.watched.push(Arc::downgrade(&watched));
        Watch(watched)
    }

    /// Forgets the numbers that nobody holds a handle of any more: what they measured is gone from
    /// the configuration.
    pub fn forget_unused(&self) {
        for family in self.families().values_mut() {
            family.words.retain(|_, words| words.strong_count() > 0);
            family.series.retain(|_, number| number.is_held());
        }
    }

    /// All numbers as text: Prometheus' exposition format, version 0.0.4.
    pub fn expose(&self) -> String {
        text::expose(self)
    }

    fn number(&self, measure: &'static Measure, values: &[&str]) -> Number {
        debug_assert_eq!(values.len(), measure.labels.len(), "{}", measure.name);
        let mut families = self.families();
        let family = Family::of(&mut families, measure);
        let fresh = || Number::new(measure.kind);
        family
            .series
            .entry(key(values))
            .or_insert_with(fresh)
            .clone()
    }

    fn families(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        self.0
            .families
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Family {
    fn of<'f>(
        families: &'f mut BTreeMap<&'static str, Self>,
        measure: &'static Measure,
    ) -> &'f mut Self {
        let family = families.entry(measure.name).or_insert_with(|| Self {
            measure,
            series: BTreeMap::new(),
            words: BTreeMap::new(),
            watched: Vec::new(),
        });
        debug_assert_eq!(family.measure, measure, "two measures of one name");
        family
    }
}

impl Number {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Counter => Self::Counter(Arc::default()),
            Kind::Gauge => Self::Gauge(Arc::default()),
            Kind::Durations(_) | Kind::Sizes(_) => {
                Self::Histogram(Arc::new(handles::Buckets::new(kind)))
            }
        }
    }

    /// Whether someone but the registry holds it.
    fn is_held(&self) -> bool {
        1 < match self {
            Self::Counter(number) => Arc::strong_count(number),
            Self::Gauge(number) => Arc::strong_count(number),
            Self::Histogram(number) => Arc::strong_count(number),
        }
    }
}

fn key(values: &[&str]) -> Vec<Arc<str>> {
    values.iter().map(|value| Arc::from(*value)).collect()
}

fn load(number: &AtomicU64) -> u64 {
    number.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests;
