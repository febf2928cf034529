//! An answer's body on its way out: counted, and followed by the record of how it ended.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use jiff::Timestamp;

use model::ports::AuditLog;
use model::{
    AuditEntry, AuditEvent, BodyError, Clock, End, Ended, LogName, MessageBody, PartnerId,
    RequestId,
};
use upstream::Trouble;

use crate::record::{later, micros};
use crate::stage::limit::WithinLimits;

/// What is done once, when an answer's body ends.
pub(crate) struct Last {
    pub(crate) log: Arc<dyn AuditLog>,
    pub(crate) clock: Arc<dyn Clock>,
    /// When the request came, by the wall and by the clock that never goes back.
    pub(crate) now: Timestamp,
    pub(crate) started: Duration,
    pub(crate) bytes_in: Arc<AtomicU64>,
    /// The answer's Content-Length: a body that gave as many bytes is whole.
    pub(crate) bytes_expected: Option<u64>,
    pub(crate) name: LogName,
    pub(crate) request: RequestId,
    pub(crate) partner: Option<PartnerId>,
    /// The place among the agreement's concurrent calls, given back here.
    pub(crate) place: Option<WithinLimits>,
}

impl Last {
    /// Gives the place back and queues the record of the end.
    fn tell(self, bytes_out: u64, ended: Ended, trouble: Option<Trouble>) {
        drop(self.place);
        if let Some(trouble) = trouble {
            tracing::warn!(
                request.id = %self.request,
                upstream.trouble = trouble.as_str(),
                "the upstream's answer was cut"
            );
        }
        let duration = self.clock.monotonic().saturating_sub(self.started);
        let end = End {
            request: self.request,
            partner: self.partner,
            bytes_in: self.bytes_in.load(Ordering::Relaxed),
            bytes_out,
            duration_us: micros(duration),
            ended,
            trouble: trouble.map(Trouble::as_str),
        };
        let entry = AuditEntry {
            log: self.name,
            at: later(self.now, duration),
            event: AuditEvent::End(end),
        };
        if self.log.queue(entry).is_err() {
            tracing::warn!(request.id = %self.request, "the end of an answer was not recorded");
        }
    }
}

/// An answer without a body that has not left: dropped before [`Unsent::sent`], since the client
/// hung up while its record was waited for, it queues `api.end` with `aborted`.
pub(crate) struct Unsent(Option<Last>);

impl Unsent {
    /// The answer leaves: its record says all there is.
    pub(crate) fn sent(mut self) {
        self.0 = None;
    }
}

impl Drop for Unsent {
    fn drop(&mut self) {
        if let Some(last) = self.0.take() {
            last.tell(0, Ended::Aborted, None);
        }
    }
}

/// An answer's body on its way to the partner. When it ends, is cut, or is dropped by a client
/// that hung up, the record `api.end` is queued and the place given back.
pub(crate) struct Tracked {
    inner: MessageBody,
    bytes_out: u64,
    last: Option<Last>,
}

impl Tracked {
    /// Tracks a body. Where nothing streams the place goes back now, and there is only to be told
    /// if the answer does not leave.
    pub(crate) fn track(inner: MessageBody, mut last: Last) -> (MessageBody, Option<Unsent>) {
        if inner.is_end_stream() {
            last.place = None;
            return (inner, Some(Unsent(Some(last))));
        }
        let tracked = Self {
            inner,
            bytes_out: 0,
            last: Some(last),
        };
        (tracked.boxed_unsync(), None)
    }

    fn end(&mut self, ended: Ended, trouble: Option<Trouble>) {
        if let Some(last) = self.last.take() {
            last.tell(self.bytes_out, ended, trouble);
        }
    }

    fn is_whole(&self) -> bool {
        let expected = self.last.as_ref().and_then(|last| last.bytes_expected);
        self.inner.is_end_stream() || expected == Some(self.bytes_out)
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.bytes_out += frame.data_ref().map_or(0, |data| data.len() as u64);
            }
            Poll::Ready(Some(Err(error))) => {
                self.end(Ended::Cut, Some(Trouble::of_body(error)));
            }
            Poll::Ready(None) => self.end(Ended::Clean, None),
            Poll::Pending => {}
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

impl Drop for Tracked {
    fn drop(&mut self) {
        let ended = if self.is_whole() {
            Ended::Clean
        } else {
            Ended::Aborted
        };
        self.end(ended, None);
    }
}
