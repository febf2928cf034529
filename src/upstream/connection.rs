//! One connection to a bank, as the pool keeps it.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{TrySendError, http1, http2};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::oneshot;
use tokio::time::Instant;

pub(crate) mod head_timer;
pub(crate) mod helm;

use self::head_timer::{HeadTimer, head_in_time};
use self::helm::Helm;
use crate::request_body::{Progress, RequestBody};
use crate::wire::HeadAllowance;

/// The sender of an HTTP/2 connection.
pub(crate) type Http2Sender = http2::SendRequest<RequestBody>;

/// Dropped with the connection: tells its task that nobody holds it.
pub(crate) type Kept = oneshot::Sender<Infallible>;

/// An HTTP/1.1 connection. Its owner is its user; dropping it closes it.
pub(crate) struct Http1 {
    /// Its number.
    pub(crate) id: u64,
    /// When it was opened, by the clock.
    pub(crate) born: Duration,
    /// Its sender.
    pub(crate) sender: http1::SendRequest<RequestBody>,
    /// How much may come before a head has ended.
    pub(crate) allowance: HeadAllowance,
    /// Who drives it.
    pub(crate) helm: Arc<Helm>,
    /// Rings when an answer's head is late.
    pub(crate) head_timer: HeadTimer,
    /// Whether the runtime is of one thread: then requests that are ready together leave together,
    /// and the bank is woken once for them. (Of several threads a waiting task wakes another one,
    /// which costs more.)
    takes_turns: bool,
    _kept: Kept,
}

/// What became of a request: an answer's head, or what broke, with the request when none of it was
/// sent.
type Asked = Result<Response<Incoming>, TrySendError<Request<RequestBody>>>;

impl Http1 {
    /// Whether a request waits for its turn ([`model::Turn`]) before it is sent.
    pub(crate) fn takes_turns(&self) -> bool {
        self.takes_turns
    }

    /// Sends a request and waits for the answer's head, of at most so many bytes, until
    /// `times.1` and for `times.0` while it is the bank's turn; `None` when that is over.
    pub(crate) async fn ask(
        &mut self,
        request: Request<RequestBody>,
        head_bytes: usize,
        progress: Option<&Progress>,
        times: (Duration, Instant),
    ) -> Option<Asked> {
        self.allowance.begin(head_bytes);
        // A body is sent on while the answer already comes, and a caller that does not read the one
        // must not hold up the other: then the connection's task drives.
        let (helm, timer) = (&self.helm, &mut self.head_timer);
        let drives = progress.is_none();
        if drives {
            helm.take();
        }
        let mut answer = pin!(self.sender.try_send_request(request));
        let answer = poll_fn(|cx| {
            if drives {
                helm.poll_with(cx, |cx| answer.as_mut().poll(cx))
            } else {
                answer.as_mut().poll(cx)
            }
        });
        let answered = head_in_time(answer, timer, times.0, progress, times.1).await;
        self.allowance.end();
        answered
    }
}

/// An HTTP/2 connection. The pool owns it, its users have clones of the sender.
pub(crate) struct Http2 {
    /// Its number.
    pub(crate) id: u64,
    /// When it was opened, by the clock.
    pub(crate) born: Duration,
    /// Its sender.
    pub(crate) sender: Http2Sender,
    streams_max: Arc<AtomicUsize>,
    _kept: Kept,
}

/// A connection that was just opened.
pub(crate) enum Opened {
    /// HTTP/1.1.
    Http1(Http1),
    /// HTTP/2.
    Http2(Http2),
}

/// What a place is, at this moment.
pub(crate) enum Held {
    /// The right to open a connection.
    Opening,
    /// An HTTP/1.1 connection, whole.
    Http1(Http1),
    /// A stream of a shared HTTP/2 connection.
    Http2 {
        /// The connection's id.
        id: u64,
        /// Its sender.
        sender: Http2Sender,
    },
}

impl Http1 {
    /// A connection whose task runs.
    pub(crate) fn new(
        id: u64,
        born: Duration,
        sender: http1::SendRequest<RequestBody>,
        allowance: HeadAllowance,
        helm: Arc<Helm>,
        kept: Kept,
    ) -> Self {
        Self {
            id,
            born,
            sender,
            allowance,
            helm,
            head_timer: HeadTimer::default(),
            takes_turns: Handle::try_current()
                .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::CurrentThread),
            _kept: kept,
        }
    }
}

impl Drop for Http1 {
    /// Its task has the helm for the goodbye.
    fn drop(&mut self) {
        self.helm.release(true);
    }
}

impl Http2 {
    /// A connection whose task runs, and notes in `streams_max` what the bank allows.
    pub(crate) fn new(
        id: u64,
        born: Duration,
        sender: Http2Sender,
        streams_max: Arc<AtomicUsize>,
        kept: Kept,
    ) -> Self {
        Self {
            id,
            born,
            sender,
            streams_max,
            _kept: kept,
        }
    }

    /// How many streams the bank allows at once (RFC 9113 §5.1.2), as last seen.
    pub(crate) fn streams_max(&self) -> usize {
        self.streams_max.load(Ordering::Relaxed)
    }
}
