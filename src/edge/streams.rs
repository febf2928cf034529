//! The streams of one HTTP/2 connection, run inside the connection's own task: ending the task
//! drops them all, and no request costs a spawn.

use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::rt::Executor;
use tokio::time::{Sleep, sleep};

/// Where hyper puts the streams that it takes up.
#[derive(Clone)]
pub(crate) struct Arrivals {
    write_timeout: Duration,
    landing: Arc<Mutex<Landing>>,
}

#[derive(Default)]
struct Landing {
    announced: Option<Arc<Progress>>,
    streams: Vec<Stream>,
}

/// The streams that run.
pub(crate) struct Streams {
    arrivals: Arrivals,
    running: FuturesUnordered<Stream>,
}

/// How far an answer's body is with its client. Even: the body was asked for more and has none
/// yet, or was not begun. Odd: it gave a frame and was not asked again, so the client is awaited.
#[derive(Debug, Default)]
pub(crate) struct Progress(AtomicU64);

/// One stream. Ends by itself, or when the client takes nothing for too long: dropping it resets
/// the stream (RFC 9113 §5.4.2).
struct Stream {
    task: Pin<Box<dyn Future<Output = ()> + Send>>,
    progress: Arc<Progress>,
    write_timeout: Duration,
    seen: u64,
    stall: Option<Pin<Box<Sleep>>>,
}

impl Arrivals {
    /// The time-out is for each stream's client to take something of what is to be sent.
    pub(crate) fn new(write_timeout: Duration) -> Self {
        Self {
            write_timeout,
            landing: Arc::default(),
        }
    }

    /// Makes the progress of the stream that hyper hands over next: it calls the service and puts
    /// the stream here in one go.
    pub(crate) fn announce(&self) -> Arc<Progress> {
        let progress = Arc::new(Progress::default());
        self.landing().announced = Some(Arc::clone(&progress));
        progress
    }

    fn landing(&self) -> MutexGuard<'_, Landing> {
        self.landing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> Executor<F> for Arrivals
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, task: F) {
        let task = Box::pin(task);
        let mut landing = self.landing();
        let progress = landing.announced.take().unwrap_or_default();
        landing.streams.push(Stream {
            task,
            progress,
            write_timeout: self.write_timeout,
            seen: 0,
            stall: None,
        });
    }
}

impl Streams {
    pub(crate) fn new(arrivals: Arrivals) -> Self {
        Self {
            arrivals,
            running: FuturesUnordered::new(),
        }
    }

    /// Whether a stream came that does not run yet.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.arrivals.landing().streams.is_empty()
    }

    /// Lets every stream go as far as it can; answers whether one came to its end.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        self.running
            .extend(self.arrivals.landing().streams.drain(..));
        let mut has_ended = false;
        while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {
            has_ended = true;
        }
        has_ended
    }
}

impl Progress {
    /// The body was asked for a frame and gave one, or had none yet.
    pub(crate) fn note(&self, gave: bool) {
        let now = self.0.load(Relaxed);
        let step = match (gave, is_odd(now)) {
            (true, true) => 2,
            (true, false) | (false, true) => 1,
            (false, false) => 0,
        };
        self.0.store(now.wrapping_add(step), Relaxed);
    }
}

impl Future for Stream {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.task.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let now = self.progress.0.load(Relaxed);
        if !is_odd(now) {
            self.stall = None;
            return Poll::Pending;
        }
        if self.seen != now {
            self.seen = now;
            self.stall = None;
        }
        let limit = self.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(limit)));
        stall.as_mut().poll(cx)
    }
}

/// Whether the client is waited for.
fn is_odd(count: u64) -> bool {
    count & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_waits_for_its_client_only_after_it_gave_a_frame() {
        let progress = Progress::default();
        let waits = |p: &Progress| is_odd(p.0.load(Relaxed));
        assert!(!waits(&progress));
        progress.note(false);
        assert!(!waits(&progress));
        progress.note(true);
        assert!(waits(&progress));
        let before = progress.0.load(Relaxed);
        progress.note(true);
        assert!(waits(&progress) && progress.0.load(Relaxed) != before);
        progress.note(false);
        assert!(!waits(&progress));
    }
}
