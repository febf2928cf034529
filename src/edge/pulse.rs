//! What a connection's task and the parts inside it know of each other: requests in progress, when
//! something last happened, and what the house has ordered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::Waker;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::time::Instant;

use crate::settings::Limits;

/// What the house orders of a connection. Orders only get stricter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// Serve on.
    Serve,
    /// Finish what is in progress, take nothing new.
    Drain,
    /// End now.
    Cut,
}

/// The pulse of one connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    start: Instant,
    open: AtomicU32,
    served: AtomicU64,
    since_us: AtomicU64,
    head_begun: AtomicBool,
    unread: AtomicU64,
    /// When a connection that was told to close takes no more requests; `u64::MAX` until then.
    last_call_us: AtomicU64,
    order: AtomicU8,
    waker: AtomicWaker,
}

/// A request in progress: from its head to the last byte of its answer. Ends on drop.
#[derive(Debug)]
pub(crate) struct InProgress(Arc<Pulse>);

impl Pulse {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: Instant::now(),
            open: AtomicU32::new(0),
            served: AtomicU64::new(0),
            since_us: AtomicU64::new(0),
            head_begun: AtomicBool::new(false),
            unread: AtomicU64::new(0),
            last_call_us: AtomicU64::new(u64::MAX),
            order: AtomicU8::new(Order::Serve as u8),
            waker: AtomicWaker::new(),
        })
    }

    /// A request's head is whole.
    pub(crate) fn begin(self: &Arc<Self>) -> InProgress {
        self.open.fetch_add(1, Relaxed);
        self.served.fetch_add(1, Relaxed);
        self.head_begun.store(false, Relaxed);
        self.unread.store(0, Relaxed);
        InProgress(Arc::clone(self))
    }

    /// The connection is told to close: after so long it takes no more requests. What is on its way
    /// meanwhile is served; a client that goes on asking has no longer for it.
    pub(crate) fn last_call(&self, within: Duration) {
        let at = self.start.elapsed().saturating_add(within);
        let at = u64::try_from(at.as_micros()).unwrap_or(u64::MAX - 1);
        self.last_call_us.fetch_min(at, Relaxed);
    }

    /// Whether it takes no more requests.
    pub(crate) fn is_shut(&self) -> bool {
        let last_call = self.last_call_us.load(Relaxed);
        last_call != u64::MAX && self.start.elapsed() >= Duration::from_micros(last_call)
    }

    /// Requests taken so far.
    pub(crate) fn served(&self) -> u64 {
        self.served.load(Relaxed)
    }

    /// Bytes came in on an HTTP/1.1 connection. Between requests they begin the next head; those
    /// that come together with the end of a request count from the next bytes, or as idle.
    pub(crate) fn bytes_came(&self) {
        if self.open.load(Relaxed) == 0 && !self.head_begun.load(Relaxed) {
            self.touch();
            self.head_begun.store(true, Relaxed);
        }
    }

    /// Starts the present phase anew.
    pub(crate) fn touch(&self) {
        let since = u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.since_us.store(since, Relaxed);
    }

    /// A request's body was dropped this many bytes before its end; `u64::MAX` when nobody knows.
    pub(crate) fn left_unread(&self, bytes: u64) {
        self.unread.fetch_max(bytes, Relaxed);
    }

    /// Bytes of the last request's body that were not read.
    pub(crate) fn unread(&self) -> u64 {
        self.unread.load(Relaxed)
    }

    /// When the present phase must end; `None` while a request is in progress, which its own
    /// limits end.
    pub(crate) fn deadline(&self, limits: &Limits, is_closing: bool) -> Option<Instant> {
        if self.open.load(Relaxed) > 0 {
            return None;
        }
        let allowed = if self.head_begun.load(Relaxed) {
            limits.head_timeout
        } else if is_closing {
            limits.write_timeout
        } else {
            limits.idle_timeout
        };
        let since = self.start + Duration::from_micros(self.since_us.load(Relaxed));
        since.checked_add(allowed)
    }

    /// Whether a head has begun and is not whole.
    pub(crate) fn is_mid_head(&self) -> bool {
        self.open.load(Relaxed) == 0 && self.head_begun.load(Relaxed)
    }

    /// Orders the connection's task.
    pub(crate) fn command(&self, order: Order) {
        self.order.fetch_max(order as u8, Relaxed);
        self.waker.wake();
    }

    /// What is ordered.
    pub(crate) fn order(&self) -> Order {
        match self.order.load(Relaxed) {
            0 => Order::Serve,
            1 => Order::Drain,
            _ => Order::Cut,
        }
    }

    /// Names the task that is woken by an order. Read the order after this.
    pub(crate) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.touch();
        self.0.open.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(pulse: &Pulse, limits: &Limits, is_closing: bool) -> Option<Duration> {
        let since = pulse.start + Duration::from_micros(pulse.since_us.load(Relaxed));
        pulse.deadline(limits, is_closing).map(|at| at - since)
    }

    #[test]
    fn each_phase_of_a_connection_has_its_limit() {
        let limits = Limits::default();
        let pulse = Pulse::new();
        assert_eq!(allowed(&pulse, &limits, false), Some(limits.idle_timeout));
        pulse.bytes_came();
        assert_eq!(allowed(&pulse, &limits, false), Some(limits.head_timeout));
        let request = pulse.begin();
        assert_eq!(allowed(&pulse, &limits, false), None);
        pulse.bytes_came();
        drop(request);
        assert_eq!(allowed(&pulse, &limits, false), Some(limits.idle_timeout));
        assert_eq!(allowed(&pulse, &limits, true), Some(limits.write_timeout));
    }

    #[test]
    fn more_bytes_of_one_head_do_not_extend_its_time() {
        let pulse = Pulse::new();
        pulse.bytes_came();
        let first = pulse.since_us.load(Relaxed);
        while u64::try_from(pulse.start.elapsed().as_micros()).unwrap() <= first {}
        pulse.bytes_came();
        assert_eq!(pulse.since_us.load(Relaxed), first);
    }

    #[test]
    fn orders_only_get_stricter() {
        let pulse = Pulse::new();
        pulse.command(Order::Cut);
        pulse.command(Order::Drain);
        assert_eq!(pulse.order(), Order::Cut);
    }
}
