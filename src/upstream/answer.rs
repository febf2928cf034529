//! The answer's body on its way back: it holds the place of its request, and ends it.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep};

use model::{BodyBroken, BodyError};

use crate::UpstreamLimits;
use crate::pool::Lease;
use crate::pool::health::Verdict;
use crate::trouble::{Trouble, is_of_connection};

/// A body that gives its place back when it ends, and at once when it is dropped. Trailers end it
/// and are dropped (RFC 9110 §6.5.1): what they would say was not judged with the head.
pub(crate) struct AnswerBody {
    incoming: Incoming,
    /// The place; `None` once the body has ended, well or badly.
    lease: Option<Lease>,
    /// The longest pause; also what the bank may keep us waiting for in all before the rate counts.
    pause_max: Duration,
    /// Bytes per second of that waiting.
    rate_min: u32,
    /// Bytes so far, and how long the bank kept us waiting for them.
    bytes: u64,
    waited: Duration,
    /// When the present pause began, and when it is too long; `None` while bytes come.
    pause: Option<(Instant, Instant)>,
    /// Made at the first pause, and moved rarely: most answers never need it.
    timer: Option<Pin<Box<Sleep>>>,
}

impl AnswerBody {
    /// Wraps a body that has not ended.
    pub(crate) fn new(incoming: Incoming, lease: Lease, limits: &UpstreamLimits) -> Self {
        Self {
            incoming,
            lease: Some(lease),
            pause_max: limits.body_idle_timeout,
            rate_min: limits.body_rate_min,
            bytes: 0,
            waited: Duration::ZERO,
            pause: None,
            timer: None,
        }
    }

    fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.finish();
        }
    }

    /// Ends badly. The place is dropped, not finished: the connection's state is unknown.
    fn fail(&mut self, trouble: Trouble, is_of_one: bool) {
        if let Some(mut lease) = self.lease.take() {
            let verdict = if is_of_one {
                Verdict::Bad
            } else {
                Verdict::BadConnection
            };
            lease.blame(verdict, Some(trouble));
        }
    }

    /// What the bank may still keep us waiting for in all: so much, and a second for every
    /// `rate_min` bytes that came.
    fn patience(&self) -> Duration {
        let earned = Duration::from_secs(self.bytes / u64::from(self.rate_min.max(1)));
        (self.pause_max + earned).saturating_sub(self.waited)
    }

    /// Waits for the bank, but not too long. The pause counts only while someone asks for bytes and
    /// none are there: a slow reader is no fault of the bank's.
    fn poll_pause(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let longest = self.pause_max.min(self.patience());
        let (_, due) = *self.pause.get_or_insert_with(|| {
            let now = Instant::now();
            (now, now + longest)
        });
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        while timer.as_mut().poll(cx).is_ready() {
            // The timer may still stand at the due time of an earlier pause.
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
        Poll::Pending
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = &mut *self;
        let Some(lease) = &this.lease else {
            return Poll::Ready(None);
        };
        let mut poll = |cx: &mut Context<'_>| Pin::new(&mut this.incoming).poll_frame(cx);
        let polled = match lease.helm() {
            Some(helm) => helm.poll_with(cx, poll),
            None => poll(cx),
        };
        let how = match polled {
            Poll::Ready(Some(Ok(frame))) => {
                let Ok(bytes) = frame.into_data() else {
                    this.finish();
                    return Poll::Ready(None);
                };
                this.bytes += bytes.len() as u64;
                if let Some((since, _)) = this.pause.take() {
                    this.waited += since.elapsed();
                }
                // Whoever writes the answer on may not ask again after the last byte.
                if this.incoming.is_end_stream() {
                    this.finish();
                }
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
            Poll::Ready(None) => {
                this.finish();
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => {
                let is_of_one = !is_of_connection(&error);
                this.fail(Trouble::Truncated, is_of_one);
                BodyBroken::BrokenOff
            }
            Poll::Pending => match this.poll_pause(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(()) => {
                    this.fail(Trouble::Stalled, true);
                    BodyBroken::TooSlow
                }
            },
        };
        Poll::Ready(Some(Err(how.into())))
    }

    fn is_end_stream(&self) -> bool {
        self.lease.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
