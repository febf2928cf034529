//! An answer's body on its way out: counted, and followed by the record of how it ended, unless the
//! answer's own record could tell all of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use jiff::Timestamp;

use model::ports::AuditLog;
use model::{
    AuditEntry, AuditEvent, Body as WholeBody, BodyError, Clock, End, Ended, LogName, MessageBody,
    PartnerId, RequestId,
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
    /// Bytes of the request's body; `None` when it has none.
    pub(crate) bytes_in: Option<Arc<AtomicU64>>,
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
            bytes_in: self
                .bytes_in
                .map_or(0, |bytes| bytes.load(Ordering::Relaxed)),
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

/// The longest body that is held, in bytes: its digest costs no more than a record of its end.
const HELD_BYTES_MAX: u64 = 4 << 10;

/// Turns until an HTTP/1.1 connection has sent what it was given: it writes the bytes down, and
/// sends them after waiting for its turn ([`model::Turn`]).
const PAUSES: u8 = 2;

type Framed = Result<Frame<Bytes>, BodyError>;

/// An answer's body that was looked at before its head leaves.
pub(crate) struct Begun {
    /// What was there at once.
    first: Option<Framed>,
    rest: MessageBody,
    whole: Option<WholeBody>,
}

impl Begun {
    /// Looks at a body without waiting for it. If it is short and came with the head, as a short
    /// answer's does, it is held whole; `has_digest` says whether its record has its digest.
    pub(crate) fn look(body: MessageBody, has_digest: bool) -> Self {
        Self::within(body, has_digest, HELD_BYTES_MAX)
    }

    /// A body that is in memory as a whole, however long, as a filtered one is.
    pub(crate) fn held(body: MessageBody) -> Self {
        Self::within(body, true, u64::MAX)
    }

    fn within(mut body: MessageBody, has_digest: bool, bytes_max: u64) -> Self {
        let length = body.size_hint().exact();
        let length = length.filter(|length| (1..=bytes_max).contains(length));
        let mut first = None;
        if length.is_some() {
            // Nobody need be woken: whoever takes the body on asks again.
            let mut cx = Context::from_waker(Waker::noop());
            if let Poll::Ready(Some(framed)) = Pin::new(&mut body).poll_frame(&mut cx) {
                first = Some(framed);
            }
        }
        let data = first.as_ref().and_then(|framed| framed.as_ref().ok());
        let data = data.and_then(Frame::data_ref);
        let data = data.filter(|data| body.is_end_stream() && Some(data.len() as u64) == length);
        let whole = data.map(|data| WholeBody {
            length: data.len() as u64,
            sha256: has_digest.then(|| crypto::sha256(data)),
        });
        Self {
            first,
            rest: body,
            whole,
        }
    }

    /// A body that streams whatever it is.
    pub(crate) fn unseen(body: MessageBody) -> Self {
        Self {
            first: None,
            rest: body,
            whole: None,
        }
    }

    /// What its record tells, where it is held whole.
    pub(crate) fn whole(&self) -> Option<WholeBody> {
        self.whole
    }
}

/// An answer's body on its way to the partner. When it ends, is cut, or is dropped by a client
/// that hung up, the record `api.end` is queued and the place given back. One that is held whole,
/// and leaves whole, needs no such record where the request had no body: the answer's own tells of
/// it.
pub(crate) struct Tracked {
    first: Option<Framed>,
    inner: MessageBody,
    is_told: bool,
    /// How often a break still waits for what came before it to leave.
    pauses_left: u8,
    bytes_out: u64,
    last: Option<Last>,
}

impl Tracked {
    /// Tracks a body. Where nothing streams the place goes back now, and there is only to be told
    /// if the answer does not leave.
    pub(crate) fn track(begun: Begun, mut last: Last) -> (MessageBody, Option<Unsent>) {
        let (first, inner) = (begun.first, begun.rest);
        if first.is_none() && inner.is_end_stream() {
            last.place = None;
            return (inner, Some(Unsent(Some(last))));
        }
        let tracked = Self {
            first,
            inner,
            is_told: begun.whole.is_some() && last.bytes_in.is_none(),
            pauses_left: PAUSES,
            bytes_out: 0,
            last: Some(last),
        };
        (tracked.boxed_unsync(), None)
    }

    fn end(&mut self, ended: Ended, trouble: Option<Trouble>) {
        if let Some(last) = self.last.take()
            && !(self.is_told && ended == Ended::Clean)
        {
            last.tell(self.bytes_out, ended, trouble);
        }
    }

    fn is_whole(&self) -> bool {
        let expected = self.last.as_ref().and_then(|last| last.bytes_expected);
        self.is_end_stream() || expected == Some(self.bytes_out)
    }
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => Pin::new(&mut self.inner).poll_frame(cx),
        };
        if matches!(polled, Poll::Ready(Some(Err(_)))) && self.pauses_left > 0 {
            // What breaks at once must not take with it what was given before: the head, and bytes
            // that the connection has not sent yet, leave first.
            self.pauses_left -= 1;
            self.first = match polled {
                Poll::Ready(framed) => framed,
                Poll::Pending => None,
            };
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
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
        self.first.is_none() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = self.inner.size_hint();
        let first = self.first.as_ref().and_then(|framed| framed.as_ref().ok());
        let first = first.and_then(Frame::data_ref).map_or(0, Bytes::len) as u64;
        if let Some(upper) = hint.upper() {
            hint.set_upper(upper.saturating_add(first));
        }
        hint.set_lower(hint.lower().saturating_add(first));
        hint
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::future::{BoxFuture, ready};
    use model::MovedClock;
    use model::ports::{AuditUnavailable, Receipt};

    use super::*;

    /// Keeps what is queued.
    #[derive(Debug, Default)]
    struct Kept(Mutex<Vec<AuditEntry>>);

    impl AuditLog for Kept {
        fn record(&self, _: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
            Box::pin(ready(Err(AuditUnavailable)))
        }

        fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
            self.0.lock().unwrap().push(entry);
            Ok(())
        }

        fn is_available(&self) -> bool {
            true
        }
    }

    fn last(log: &Arc<Kept>, bytes_expected: Option<u64>) -> Last {
        let clock = MovedClock::stopped();
        Last {
            log: Arc::clone(log) as Arc<dyn AuditLog>,
            now: clock.now(),
            clock: Arc::new(clock),
            started: Duration::ZERO,
            bytes_in: None,
            bytes_expected,
            name: LogName::House,
            request: RequestId::new(Timestamp::UNIX_EPOCH, [0; 10]),
            partner: None,
            place: None,
        }
    }

    /// Polls once, with nobody to wake.
    fn poll(body: &mut MessageBody) -> Poll<Option<Framed>> {
        Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop()))
    }

    /// How the ends were that were told.
    fn told(log: &Kept) -> Vec<(Ended, u64)> {
        let kept = log.0.lock().unwrap();
        let ends = kept.iter().map(|entry| match &entry.event {
            AuditEvent::End(end) => (end.ended, end.bytes_out),
            other => panic!("no end: {other:?}"),
        });
        ends.collect()
    }

    /// Three bytes of five; the others do not come.
    struct Part(Option<Bytes>);

    impl Body for Part {
        type Data = Bytes;
        type Error = BodyError;

        fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Framed>> {
            match self.0.take() {
                Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
                None => Poll::Pending,
            }
        }

        fn size_hint(&self) -> SizeHint {
            SizeHint::with_exact(if self.0.is_some() { 5 } else { 2 })
        }
    }

    #[test]
    fn a_short_body_that_is_there_is_held_and_needs_no_record_of_its_end() {
        let log = Arc::default();
        let open = Begun::look(model::full("taken"), false).whole();
        let open = open.map(|whole| (whole.length, whole.sha256));
        assert_eq!(open, Some((5, None)));
        let begun = Begun::look(model::full("taken"), true);
        let whole = begun.whole().expect("held");
        let digest = crypto::sha256(b"taken");
        assert_eq!((whole.length, whole.sha256), (5, Some(digest)));
        let (mut body, unsent) = Tracked::track(begun, last(&log, Some(5)));
        assert!(unsent.is_none() && !body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(5));
        let Poll::Ready(Some(Ok(frame))) = poll(&mut body) else {
            panic!("a held body is not there");
        };
        assert_eq!(frame.into_data().expect("data"), "taken");
        assert!(body.is_end_stream());
        drop(body);
        assert_eq!(told(&log), []);
    }

    #[test]
    fn a_held_body_that_answers_a_body_has_both_records() {
        let log = Arc::default();
        let begun = Begun::held(model::full("taken"));
        let digest = Some(crypto::sha256(b"taken"));
        let whole = begun.whole().map(|whole| (whole.length, whole.sha256));
        assert_eq!(whole, Some((5, digest)));
        let sent = Last {
            bytes_in: Some(Arc::new(AtomicU64::new(7))),
            ..last(&log, Some(5))
        };
        let (mut body, _) = Tracked::track(begun, sent);
        assert!(poll(&mut body).is_ready());
        drop(body);
        assert_eq!(told(&log), [(Ended::Clean, 5)]);
    }

    #[test]
    fn a_held_body_that_does_not_leave_is_told_as_aborted() {
        let log = Arc::default();
        let (body, _) = Tracked::track(
            Begun::look(model::full("taken"), false),
            last(&log, Some(5)),
        );
        drop(body);
        assert_eq!(told(&log), [(Ended::Aborted, 0)]);
    }

    #[test]
    fn what_is_long_or_not_whole_yet_streams_and_loses_nothing() {
        let long = vec![0; HELD_BYTES_MAX as usize + 1];
        assert!(Begun::look(model::full(long), false).whole().is_none());
        assert!(Begun::unseen(model::full("taken")).whole().is_none());
        let log = Arc::default();
        let begun = Begun::look(Part(Some(Bytes::from_static(b"tak"))).boxed_unsync(), false);
        assert!(begun.whole().is_none());
        let (mut body, _) = Tracked::track(begun, last(&log, Some(5)));
        let Poll::Ready(Some(Ok(frame))) = poll(&mut body) else {
            panic!("what had come is lost");
        };
        assert_eq!(frame.into_data().expect("data"), "tak");
        assert!(poll(&mut body).is_pending());
        drop(body);
        assert_eq!(told(&log), [(Ended::Aborted, 3)]);
    }
}
