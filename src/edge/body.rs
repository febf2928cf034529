//! A request's body under its limits.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use model::{BodyBroken, BodyError};
use tokio::time::{Instant, Sleep, sleep};

use crate::pulse::Pulse;
use crate::settings::Limits;

/// A request's body as the handler gets it. Ends with [`BodyBroken`] when it is too long, too slow
/// or broken off. A `Content-Length` beyond the limit is an error at the first poll, before a byte
/// is read or a `100 Continue` sent. Trailers are dropped (RFC 9110 §6.5.1).
pub(crate) struct RequestBody {
    incoming: Incoming,
    pulse: Arc<Pulse>,
    limit: u64,
    received: u64,
    pace: Pace,
    is_over: bool,
}

/// How long the handler has waited for bytes, and may.
struct Pace {
    idle: Duration,
    rate_min: u32,
    waiting_since: Option<Instant>,
    waited: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl RequestBody {
    pub(crate) fn new(incoming: Incoming, pulse: Arc<Pulse>, limits: &Limits) -> Self {
        Self {
            is_over: incoming.is_end_stream(),
            incoming,
            pulse,
            limit: limits.body_bytes,
            received: 0,
            pace: Pace {
                idle: limits.body_idle_timeout,
                rate_min: limits.body_rate_min,
                waiting_since: None,
                waited: Duration::ZERO,
                sleep: None,
            },
        }
    }

    fn break_with(&mut self, why: BodyBroken) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        self.is_over = true;
        self.pulse.left_unread(u64::MAX);
        Poll::Ready(Some(Err(why.into())))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let limit = self.limit;
        if self
            .received
            .saturating_add(self.incoming.size_hint().lower())
            > limit
        {
            return self.break_with(BodyBroken::TooLarge { limit });
        }
        let Poll::Ready(came) = Pin::new(&mut self.incoming).poll_frame(cx) else {
            let received = self.received;
            ready!(self.pace.poll_too_slow(received, cx));
            return self.break_with(BodyBroken::TooSlow);
        };
        self.pace.came();
        match came {
            Some(Ok(frame)) => {
                let Ok(bytes) = frame.into_data() else {
                    self.is_over = true;
                    return Poll::Ready(None);
                };
                self.received = self.received.saturating_add(bytes.len() as u64);
                if self.received > limit {
                    return self.break_with(BodyBroken::TooLarge { limit });
                }
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Some(Err(_)) => self.break_with(BodyBroken::BrokenOff),
            None => {
                self.is_over = true;
                Poll::Ready(None)
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_over {
            SizeHint::with_exact(0)
        } else {
            self.incoming.size_hint()
        }
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        if !self.is_end_stream() {
            let left = self.incoming.size_hint().exact().unwrap_or(u64::MAX);
            self.pulse.left_unread(left);
        }
    }
}

impl Pace {
    /// Bytes came.
    fn came(&mut self) {
        if let Some(since) = self.waiting_since.take() {
            self.waited = self.waited.saturating_add(since.elapsed());
        }
    }

    /// Ready when no byte came for too long, or too few over the whole of the waiting.
    fn poll_too_slow(&mut self, received: u64, cx: &mut Context<'_>) -> Poll<()> {
        if self.waiting_since.is_none() {
            self.waiting_since = Some(Instant::now());
            let earned = Duration::from_secs(received / u64::from(self.rate_min.max(1)));
            let left = self
                .idle
                .saturating_add(earned)
                .saturating_sub(self.waited)
                .min(self.idle);
            match &mut self.sleep {
                Some(old) => old.as_mut().set(sleep(left)),
                None => self.sleep = Some(Box::pin(sleep(left))),
            }
        }
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}
