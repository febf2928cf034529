//! Sending one request to one upstream, once.

use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::time::{Instant, timeout_at};
use tokio_util::task::TaskTracker;

use model::{Alpn, Clock, MessageBody, UpstreamId};

use crate::answer::AnswerBody;
use crate::endpoint::Endpoint;
use crate::pool::{Lease, Pool};
use crate::request_body::{Progress, RequestBody, broken_within};
use crate::state::{Held, State};
use crate::{
    BadUpstream, ConnectProblem, Unacceptable, Unreachable, UpstreamFailure, UpstreamSettings,
    Waiting, connect, message, tls,
};

/// A deadline beyond this is cut to it, so that no clock arithmetic can overflow.
const DEADLINE_MAX: Duration = Duration::from_hours(24);
/// Endpoints that the bits of the pool's books can tell apart.
const ENDPOINTS_MAX: usize = 64;
/// Failed connects that one request bears: the first, and one at the next endpoint.
const CONNECTS_MAX: usize = 2;
/// Connections taken for one request, those that proved closed before it was sent included.
const CONNECTIONS_TRIED_MAX: usize = 4;

/// One bank service: its endpoints, our identity towards it, its connections.
pub struct Upstream {
    id: UpstreamId,
    endpoints: Vec<Endpoint>,
    tls: Option<Arc<ClientConfig>>,
    pool: Arc<Pool>,
}

impl Upstream {
    /// Makes an upstream from its settings; nothing is connected yet. Tasks that drive connections
    /// are spawned on the tracker; they end when the upstream is drained or dropped and the last
    /// answer has ended.
    pub fn new(
        settings: UpstreamSettings,
        clock: Arc<dyn Clock>,
        tracker: TaskTracker,
    ) -> Result<Arc<Self>, BadUpstream> {
        settings.limits.check()?;
        let count = settings.endpoints.len();
        if !(1..=ENDPOINTS_MAX).contains(&count) {
            return Err(BadUpstream::Endpoints { count });
        }
        let endpoints = settings
            .endpoints
            .iter()
            .map(|endpoint| Endpoint::new(endpoint, settings.tls.as_ref()))
            .collect::<Result<_, _>>()?;
        let tls = settings.tls.as_ref().map(tls::client_config).transpose()?;
        let protocol = tls.is_none().then_some(Alpn::Http1);
        Ok(Arc::new(Self {
            id: settings.id,
            endpoints,
            tls,
            pool: Pool::new(count, protocol, settings.limits, clock, tracker),
        }))
    }

    /// The upstream's id.
    pub fn id(&self) -> &UpstreamId {
        &self.id
    }

    /// Sends a request, whose URI needs a path and query only, and waits for the answer's head
    /// until `deadline`, a monotonic reading of the clock. Framing and hop-by-hop fields of the
    /// request are replaced, those of the answer removed (RFC 9110 §7.6.1).
    ///
    /// The request goes out at most once: it moves to another connection only while none of its
    /// bytes can have left. The answer's body ends with [`model::BodyBroken`] when it pauses for
    /// too long or breaks off. The request's place is held until that body ends or is dropped;
    /// the future may be dropped at any await.
    pub async fn send(
        &self,
        request: Request<MessageBody>,
        deadline: Duration,
    ) -> Result<Response<MessageBody>, UpstreamFailure> {
        let left = deadline.saturating_sub(self.pool.clock().monotonic());
        if left.is_zero() {
            return Err(UpstreamFailure::TimedOut(Waiting::Place));
        }
        let until = Instant::now() + left.min(DEADLINE_MAX);
        let (head, body) = request.into_parts();
        let (body, progress) = RequestBody::watch(body);
        let mut request = Request::from_parts(head, body);
        let target = message::prepare(&mut request).map_err(UpstreamFailure::Invalid)?;
        for _ in 0..CONNECTIONS_TRIED_MAX {
            let lease = self.connection(until).await?;
            match self
                .exchange(lease, request, &target, progress.as_deref(), until)
                .await
            {
                Exchanged::Answered(answer) => return Ok(answer),
                Exchanged::Failed(failure) => return Err(failure),
                Exchanged::GivenBack(unsent) => request = unsent,
            }
        }
        Err(UpstreamFailure::Unavailable(Unreachable::GivenBack))
    }

    /// Sends no request any more, closes unused connections at once and the others after their
    /// last answer.
    pub fn drain(&self) {
        self.pool.drain();
    }

    /// How many requests hold a place: from the moment it is given until the answer's body ends.
    pub fn in_use(&self) -> usize {
        self.pool.count(State::in_use)
    }

    /// How many requests wait for a place.
    pub fn waiting(&self) -> usize {
        self.pool.waiting()
    }

    /// How many connections are open, used or not.
    pub fn connections_open(&self) -> usize {
        self.pool.count(State::open)
    }

    /// How many open connections nobody uses.
    pub fn idle(&self) -> usize {
        self.pool.count(State::idle)
    }

    /// The pool, for tests that put a connection of their own into it.
    #[cfg(test)]
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Takes a place and sees to it that there is a connection behind it. When one cannot be made,
    /// the next endpoint is tried once: nothing has been sent.
    async fn connection(&self, until: Instant) -> Result<Lease, UpstreamFailure> {
        let mut avoid = None;
        let mut failed = 0;
        loop {
            let mut lease = self.pool.place(avoid, until).await?;
            if !lease.is_right_to_open() {
                return Ok(lease);
            }
            let index = lease.endpoint();
            let endpoint = self
                .endpoints
                .get(index)
                .ok_or(UpstreamFailure::Unavailable(Unreachable::NoEndpoint))?;
            let connect_until = Instant::now() + self.pool.limits().connect_timeout;
            let tls = self.tls.as_ref();
            // Boxed: most requests find a connection, and should not carry room for a handshake.
            let opening = connect::open(&self.pool, index, endpoint, tls, connect_until.min(until));
            let opened = Box::pin(opening).await;
            match opened {
                Ok(opened) => {
                    lease.opened(opened);
                    return Ok(lease);
                }
                // The caller's time was up: that says nothing about the endpoint.
                Err(ConnectProblem::TimedOut) if until <= connect_until => {
                    return Err(UpstreamFailure::TimedOut(Waiting::Connection));
                }
                Err(source) => {
                    lease.failed();
                    failed += 1;
                    if failed >= CONNECTS_MAX.min(self.endpoints.len()) {
                        let endpoint = endpoint.authority.to_string();
                        let why = Unreachable::Connect { endpoint, source };
                        return Err(UpstreamFailure::Unavailable(why));
                    }
                    avoid = Some(index);
                }
            }
        }
    }

    /// Sends the request on a connection and waits for the answer's head.
    async fn exchange(
        &self,
        mut lease: Lease,
        mut request: Request<RequestBody>,
        target: &PathAndQuery,
        progress: Option<&Progress>,
        until: Instant,
    ) -> Exchanged {
        let Some(endpoint) = self.endpoints.get(lease.endpoint()) else {
            return Exchanged::GivenBack(request);
        };
        let protocol = match lease.held() {
            Some(Held::Http2 { .. }) => Alpn::Http2,
            _ => Alpn::Http1,
        };
        if let Err(why) = message::direct(&mut request, target, endpoint, protocol) {
            return Exchanged::Failed(UpstreamFailure::Invalid(why));
        }
        let is_head = request.method() == Method::HEAD;
        lease.mark_used();
        let head_timeout = self.pool.limits().head_timeout;
        let answered = match lease.held() {
            Some(Held::Http1(connection)) => {
                let answer = connection.sender.try_send_request(request);
                head_in_time(answer, head_timeout, progress, until).await
            }
            Some(Held::Http2 { sender, .. }) => {
                let answer = sender.try_send_request(request);
                head_in_time(answer, head_timeout, progress, until).await
            }
            Some(Held::Opening) | None => return Exchanged::GivenBack(request),
        };
        match answered {
            None => Exchanged::Failed(UpstreamFailure::TimedOut(Waiting::Head)),
            Some(Ok(answer)) => match self.accept(answer, is_head, lease) {
                Ok(answer) => Exchanged::Answered(answer),
                Err(why) => Exchanged::Failed(UpstreamFailure::Invalid(why)),
            },
            Some(Err(mut error)) => match error.take_message() {
                Some(unsent) => Exchanged::GivenBack(unsent),
                None => Exchanged::Failed(failure(error.into_error(), progress)),
            },
        }
    }

    /// Judges the answer's head; the place goes into its body. The answer to HEAD has none,
    /// whatever an HTTP/2 bank may still send to end the stream (RFC 9110 §9.3.2).
    fn accept(
        &self,
        mut answer: Response<Incoming>,
        is_head: bool,
        lease: Lease,
    ) -> Result<Response<MessageBody>, Unacceptable> {
        let limits = self.pool.limits();
        message::accept(&mut answer, limits.headers_max)?;
        Ok(answer.map(|incoming| {
            if is_head || incoming.is_end_stream() {
                lease.finish();
                model::empty()
            } else {
                AnswerBody::new(incoming, lease, limits.body_idle_timeout).boxed_unsync()
            }
        }))
    }
}

impl Drop for Upstream {
    /// Nobody sends any more: what is unused closes now, the rest after its last answer.
    fn drop(&mut self) {
        self.pool.drain();
    }
}

impl std::fmt::Debug for Upstream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Upstream")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// How an exchange went.
enum Exchanged {
    /// The answer's head came.
    Answered(Response<MessageBody>),
    /// The connection was closed before the request was begun: it may go elsewhere.
    GivenBack(Request<RequestBody>),
    /// It failed, and the bank may have seen it.
    Failed(UpstreamFailure),
}

/// Waits for the answer's head: until the deadline, and no longer than `head_timeout` while it is
/// the bank's turn. A caller that is slow with its body is limited where that body comes from.
async fn head_in_time<F: Future>(
    answer: F,
    head_timeout: Duration,
    progress: Option<&Progress>,
    until: Instant,
) -> Option<F::Output> {
    let mut answer = pin!(answer);
    let begun = Instant::now();
    let mut wake = begun + head_timeout;
    loop {
        if let Ok(answered) = timeout_at(wake.min(until), answer.as_mut()).await {
            return Some(answered);
        }
        let now = Instant::now();
        let due = match progress {
            Some(progress) if progress.awaits_caller() => now + head_timeout,
            Some(progress) => progress.moved().max(begun) + head_timeout,
            None => wake,
        };
        if until <= now || due <= now {
            return None;
        }
        wake = due;
    }
}

/// Tells whose fault it was that no answer came.
fn failure(error: hyper::Error, progress: Option<&Progress>) -> UpstreamFailure {
    let broken = progress
        .and_then(Progress::broken)
        .or_else(|| broken_within(&error));
    if let Some(broken) = broken {
        return UpstreamFailure::Request(broken);
    }
    let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
    let cause = causes.find_map(|cause| cause.downcast_ref::<h2::Error>());
    let is_refused =
        |e: &h2::Error| e.is_remote() && e.reason() == Some(h2::Reason::REFUSED_STREAM);
    if cause.is_some_and(is_refused) {
        return UpstreamFailure::Unavailable(Unreachable::RefusedStream(error));
    }
    UpstreamFailure::Invalid(Unacceptable::Broken(error))
}

#[cfg(test)]
mod tests;
