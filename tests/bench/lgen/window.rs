//! What is counted while the window is open, and the open loop's places.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Waker;

use serde_json::{Value, json};
use tokio::time::Instant;

use crate::process::Usage;

/// Shared by all tasks of the one thread.
pub(crate) type SharedWindow = Rc<RefCell<Window>>;

/// What is counted.
#[derive(Debug, Default)]
pub(crate) struct Window {
    began: Option<Instant>,
    /// How long it was open, in seconds; known when it is closed.
    seconds: f64,
    /// Whether the load is to end.
    pub(crate) is_over: bool,
    /// Whether no request is left to be sent.
    pub(crate) is_empty: bool,
    good: u64,
    bad: u64,
    errors: u64,
    last_error: String,
    full: u64,
    resumed: u64,
    bytes: u64,
    /// Tenths of a microsecond.
    latencies: Vec<u32>,
    /// Microseconds.
    handshakes: Vec<u32>,
    /// Requests that are due, by the instant that was planned.
    pub(crate) due: VecDeque<Instant>,
    /// Workers without one.
    pub(crate) waiting: VecDeque<Waker>,
    next: usize,
}

impl Window {
    pub(crate) fn shared() -> SharedWindow {
        let window = Self {
            latencies: Vec::with_capacity(1 << 20),
            ..Self::default()
        };
        Rc::new(RefCell::new(window))
    }

    pub(crate) fn begin(&mut self) {
        self.began = Some(Instant::now());
    }

    /// Closes the window and ends the load.
    pub(crate) fn end(&mut self) {
        self.seconds = self
            .began
            .map_or(0.0, |began| began.elapsed().as_secs_f64());
        self.is_over = true;
        for waker in self.waiting.drain(..) {
            waker.wake();
        }
    }

    fn is_open(&self) -> bool {
        self.began.is_some() && !self.is_over
    }

    /// A number that no other request has.
    pub(crate) fn next(&mut self) -> usize {
        self.next += 1;
        self.next - 1
    }

    /// Counts an answer to a request of this instant.
    pub(crate) fn answer(&mut self, since: Instant, status: u16, bytes: u64) {
        if !self.is_open() {
            return;
        }
        if status == 200 {
            self.good += 1;
        } else {
            self.bad += 1;
        }
        self.bytes += bytes;
        let tenths = since.elapsed().as_nanos() / 100;
        self.latencies
            .push(u32::try_from(tenths).unwrap_or(u32::MAX));
    }

    /// Counts a handshake that began at this instant.
    pub(crate) fn handshake(&mut self, since: Instant, resumed: bool) {
        if !self.is_open() {
            return;
        }
        if resumed {
            self.resumed += 1;
        } else {
            self.full += 1;
        }
        let micros = since.elapsed().as_micros();
        self.handshakes
            .push(u32::try_from(micros).unwrap_or(u32::MAX));
    }

    /// Counts what went wrong, also before the window; at the end all connections break.
    pub(crate) fn error(&mut self, error: &dyn std::fmt::Display) {
        if !self.is_over {
            self.errors += 1;
            self.last_error = error.to_string();
        }
    }

    /// Errors so far, and the last.
    pub(crate) fn errors(&self) -> (u64, &str) {
        (self.errors, &self.last_error)
    }

    /// All figures as one object.
    pub(crate) fn report(
        &mut self,
        before: &Usage,
        after: &Usage,
        own_before: &Usage,
        own_after: &Usage,
    ) -> Value {
        self.latencies.sort_unstable();
        self.handshakes.sort_unstable();
        let answers = self.good + self.bad;
        let per_answer = |ns: u64| ns as f64 / 1_000.0 / answers.max(1) as f64;
        let share = |ns: u64| ns as f64 / 1e9 / self.seconds;
        let latency = |share: f64| f64::from(quantile(&self.latencies, share)) / 10.0;
        let ran = after.ran_ns.saturating_sub(before.ran_ns);
        json!({
            "answers": answers, "bad": self.bad, "errors": self.errors, "error": self.last_error,
            "seconds": self.seconds, "per_second": answers as f64 / self.seconds,
            "p50": latency(0.5), "p99": latency(0.99), "p999": latency(0.999),
            "cpu_us": per_answer(ran),
            "cpu_ticks_us": per_answer(after.ticks_ns.saturating_sub(before.ticks_ns)),
            "busy": share(ran),
            "lgen_busy": share(own_after.ran_ns.saturating_sub(own_before.ran_ns)),
            "full": self.full, "resumed": self.resumed,
            "handshake_p50": quantile(&self.handshakes, 0.5),
            "mib_per_second": self.bytes as f64 / 1_048_576.0 / self.seconds,
            "rss_kib": after.rss_kib, "peak_kib": after.peak_kib,
        })
    }
}

fn quantile(sorted: &[u32], share: f64) -> u32 {
    let at = (sorted.len() as f64 * share) as usize;
    let at = at.min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or(0)
}
