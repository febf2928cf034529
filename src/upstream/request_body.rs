//! The request's body on its way out, watched: whether it broke, and whose turn it is.

use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::Instant;

use model::{BodyBroken, BodyError, MessageBody};

/// What the sender of a request may learn of its body while the connection pulls it.
#[derive(Debug)]
pub(crate) struct Progress {
    start: Instant,
    moved_ms: AtomicU64,
    awaits_caller: AtomicBool,
    broken: OnceLock<BodyBroken>,
}

impl Progress {
    fn new() -> Self {
        Self {
            start: Instant::now(),
            moved_ms: AtomicU64::new(0),
            awaits_caller: AtomicBool::new(false),
            broken: OnceLock::new(),
        }
    }

    /// When the connection last pulled something.
    pub(crate) fn moved(&self) -> Instant {
        self.start + Duration::from_millis(self.moved_ms.load(Ordering::Relaxed))
    }

    /// Whether the connection would take more, and the caller has not sent it yet.
    pub(crate) fn awaits_caller(&self) -> bool {
        self.awaits_caller.load(Ordering::Relaxed)
    }

    /// How the body broke, if it did.
    pub(crate) fn broken(&self) -> Option<BodyBroken> {
        self.broken.get().copied()
    }

    fn note_move(&self) {
        let elapsed = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(elapsed, Ordering::Relaxed);
    }
}

/// A request's body as the connection pulls it.
pub(crate) struct RequestBody {
    inner: MessageBody,
    progress: Option<Arc<Progress>>,
}

impl RequestBody {
    /// Watches a body. One that has no bytes needs no watching.
    pub(crate) fn watch(inner: MessageBody) -> (Self, Option<Arc<Progress>>) {
        let progress = (!inner.is_end_stream()).then(|| Arc::new(Progress::new()));
        let body = Self {
            inner,
            progress: progress.clone(),
        };
        (body, progress)
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Some(progress) = &self.progress {
            progress
                .awaits_caller
                .store(polled.is_pending(), Ordering::Relaxed);
            match &polled {
                Poll::Pending => {}
                Poll::Ready(Some(Err(error))) => {
                    let how = broken_within(error.as_ref()).unwrap_or(BodyBroken::BrokenOff);
                    // Only the first break is kept; a broken body is not polled again.
                    let _ = progress.broken.set(how);
                }
                Poll::Ready(_) => progress.note_move(),
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// Looks through an error and its causes for the break of a body.
pub(crate) fn broken_within(error: &(dyn Error + 'static)) -> Option<BodyBroken> {
    std::iter::successors(Some(error), |&e| e.source())
        .find_map(|e| e.downcast_ref::<BodyBroken>())
        .copied()
}
