//! Sending one request to one upstream: once, and once more only where that is surely safe.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use rustls::ClientConfig;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use model::{Alpn, Clock, MessageBody, Turn, UpstreamId};

use crate::answer::AnswerBody;
use crate::connection::Held;
use crate::connection::head_timer::{HeadTimer, head_in_time};
use crate::counts::{Counts, EndpointCounts};
use crate::endpoint::Endpoint;
use crate::pool::health::Verdict;
use crate::pool::state::{Attempt, State, Wish};
use crate::pool::{Lease, Pool};
use crate::request_body::{Progress, RequestBody, broken_within};
use crate::totals::Totals;
use crate::trouble::{Trouble, is_of_connection};
use crate::{
    BadUpstream, ConnectProblem, Unacceptable, Unanswered, Unreachable, UpstreamFailure,
    UpstreamSettings, Waiting, connect, message, tls,
};

/// A deadline beyond this is cut to it, so that no clock arithmetic can overflow.
const DEADLINE_MAX: Duration = Duration::from_hours(24);
/// Endpoints that the bits of the pool's books can tell apart.
const ENDPOINTS_MAX: usize = 64;
/// Connections taken for one request, those that proved closed before it was sent included.
const CONNECTIONS_TRIED_MAX: usize = 4;

/// What a request is sent under.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// Until when its answer's head must have come: a monotonic reading of the clock.
    pub deadline: Duration,
    /// Whether its operation changes nothing: then it may be sent once more.
    pub has_no_effect: bool,
}

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
        Self::counting(settings, clock, tracker, Arc::default())
    }

    /// The same, counting on where another of this name is.
    pub(crate) fn counting(
        settings: UpstreamSettings,
        clock: Arc<dyn Clock>,
        tracker: TaskTracker,
        totals: Arc<Totals>,
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
            endpoints,
            tls,
            id: settings.id,
            pool: Pool::new(count, protocol, settings.limits, clock, tracker, totals),
        }))
    }

    /// The upstream's id.
    pub fn id(&self) -> &UpstreamId {
        &self.id
    }

    /// Sends a request and waits for the answer's head. `head` makes the request's head, whose URI
    /// needs a path and query only, each time that it is sent. Framing and hop-by-hop fields of the
    /// request are replaced, those of the answer removed (RFC 9110 §7.6.1).
    ///
    /// It goes out once; without effect and without a body, it may go out twice (the table in the
    /// room's header says when). The answer's body ends with [`model::BodyBroken`] when it pauses
    /// for too long, trickles or breaks off. The request's place is held until that body ends or is
    /// dropped; the future may be dropped at any await.
    pub async fn send(
        &self,
        head: impl Fn() -> Request<()>,
        body: MessageBody,
        terms: Terms,
    ) -> Result<Response<MessageBody>, Unanswered> {
        let left = (terms.deadline).saturating_sub(self.pool.clock().monotonic());
        if left.is_zero() {
            let tried = Tried::from(UpstreamFailure::TimedOut(Waiting::Place));
            return Err(self.unanswered(tried, 1));
        }
        let until = Instant::now() + left.min(DEADLINE_MAX);
        let is_repeatable = terms.has_no_effect && body.is_end_stream();
        let request = head().map(|()| body);
        let first = match self.attempt(request, Wish::default(), until).await {
            Ok(answer) => return Ok(answer),
            Err(tried) => tried,
        };
        if !(is_repeatable && first.failure.invites_repeat() && self.pool.may_repeat()) {
            return Err(self.unanswered(first, 1));
        }
        let wish = Wish {
            avoid: first.endpoint.filter(|_| self.endpoints.len() > 1),
            attempt: Attempt::Repeat,
        };
        let request = head().map(|()| model::empty());
        // Boxed: few requests are sent once more.
        match Box::pin(self.attempt(request, wish, until)).await {
            Ok(answer) => Ok(answer),
            // The repeat was not sent: what happened is what happened first.
            Err(second) if second.endpoint.is_none() => Err(self.unanswered(first, 1)),
            Err(second) => Err(self.unanswered(second, 2)),
        }
    }

    fn unanswered(&self, tried: Tried, tries: u32) -> Unanswered {
        let endpoint = tried.endpoint.and_then(|index| self.endpoints.get(index));
        Unanswered {
            failure: tried.failure,
            endpoint: endpoint.map(|endpoint| endpoint.authority.to_string()),
            tries,
        }
    }

    /// Sends a request at most once: it moves to another connection only while none of its bytes
    /// can have left.
    async fn attempt(
        &self,
        request: Request<MessageBody>,
        mut wish: Wish,
        until: Instant,
    ) -> Result<Response<MessageBody>, Tried> {
        let (head, body) = request.into_parts();
        let (body, progress) = RequestBody::watch(body);
        let mut request = Request::from_parts(head, body);
        let target = message::prepare(&mut request).map_err(UpstreamFailure::Invalid)?;
        let mut endpoint = None;
        for _ in 0..CONNECTIONS_TRIED_MAX {
            let lease = self.connection(wish, until).await?;
            endpoint = Some(lease.endpoint());
            match self
                .exchange(lease, request, &target, progress.as_deref(), until)
                .await
            {
                Exchanged::Answered(answer) => return Ok(answer),
                Exchanged::Failed(failure) => return Err(Tried { failure, endpoint }),
                Exchanged::GivenBack(unsent) => request = unsent,
            }
            if wish.attempt == Attempt::First {
                wish.attempt = Attempt::Further;
            }
        }
        let failure = UpstreamFailure::Unavailable(Unreachable::GivenBack);
        Err(Tried { failure, endpoint })
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

    /// Everything that is counted, read at one moment under the pool's lock.
    pub fn counts(&self) -> Counts {
        self.pool.counts()
    }

    /// What is counted under its name.
    pub(crate) fn totals(&self) -> &Arc<Totals> {
        self.pool.totals()
    }

    /// The state of each endpoint, in the order of the settings, by its `host:port`.
    pub fn endpoints(&self) -> Vec<(&str, EndpointCounts)> {
        let names = self.endpoints.iter().map(|e| e.authority.as_str());
        names.zip(self.pool.each()).collect()
    }

    /// The pool, for tests that put a connection of their own into it.
    #[cfg(test)]
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// Takes a place and sees to it that there is a connection behind it. When one cannot be made,
    /// another endpoint is tried once: nothing has been sent.
    async fn connection(&self, mut wish: Wish, until: Instant) -> Result<Lease, Tried> {
        let mut failed: Option<Tried> = None;
        loop {
            let mut lease = match self.pool.place(wish, until).await {
                Ok(lease) => lease,
                Err(failure) => {
                    if let Some(trouble) = failure.trouble() {
                        self.pool.note(trouble);
                    }
                    return Err(failed.unwrap_or_else(|| failure.into()));
                }
            };
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
            let failure = match Box::pin(opening).await {
                Ok(opened) => {
                    lease.opened(opened);
                    return Ok(lease);
                }
                Err(ConnectProblem::TimedOut) if until <= connect_until => {
                    lease.failed(false);
                    UpstreamFailure::TimedOut(Waiting::Connection)
                }
                Err(source) => {
                    lease.failed(true);
                    let endpoint = endpoint.authority.to_string();
                    UpstreamFailure::Unavailable(Unreachable::Connect { endpoint, source })
                }
            };
            if let Some(trouble) = failure.trouble() {
                self.pool.note(trouble);
            }
            let is_last = failed.is_some() || self.endpoints.len() == 1;
            let tried = Tried {
                failure,
                endpoint: Some(index),
            };
            if is_last || until <= Instant::now() {
                return Err(tried);
            }
            failed = Some(tried);
            wish.avoid = Some(index);
            if wish.attempt == Attempt::First {
                wish.attempt = Attempt::Further;
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
        if matches!(lease.held(), Some(Held::Http1(connection)) if connection.takes_turns()) {
            // Nothing of the request has left yet, and the connection is as it was.
            let mut turn = Turn::default();
            poll_fn(|cx| turn.poll(cx)).await;
        }
        lease.mark_used();
        let limits = self.pool.limits();
        let answered = match lease.held() {
            Some(Held::Http1(connection)) => {
                let bytes = usize::try_from(limits.head_bytes).unwrap_or(usize::MAX);
                let times = (limits.head_timeout, until);
                connection.ask(request, bytes, progress, times).await
            }
            Some(Held::Http2 { sender, .. }) => {
                let answer = sender.try_send_request(request);
                let (mut timer, within) = (HeadTimer::default(), limits.head_timeout);
                head_in_time(answer, &mut timer, within, progress, until).await
            }
            Some(Held::Opening) | None => return Exchanged::GivenBack(request),
        };
        let failure = match answered {
            None => UpstreamFailure::TimedOut(Waiting::Head),
            Some(Ok(answer)) => match message::accept(answer, limits.headers_max) {
                Ok(answer) => return Exchanged::Answered(self.wrap(answer, is_head, lease)),
                Err(why) => UpstreamFailure::Invalid(why),
            },
            Some(Err(mut error)) => match error.take_message() {
                Some(unsent) => {
                    // A connection that was just opened is closed: that is no old one.
                    if lease.is_fresh() {
                        lease.blame(Verdict::Bad, Some(Trouble::Reset));
                    }
                    return Exchanged::GivenBack(unsent);
                }
                None => failure(error.into_error(), progress),
            },
        };
        let verdict = verdict(&failure, lease.is_fresh(), protocol, progress);
        lease.blame(verdict, failure.trouble());
        Exchanged::Failed(failure)
    }

    /// Puts the place into an answer's body. The answer to HEAD has none, whatever an HTTP/2 bank
    /// may still send to end the stream (RFC 9110 §9.3.2).
    fn wrap(
        &self,
        answer: Response<Incoming>,
        is_head: bool,
        mut lease: Lease,
    ) -> Response<MessageBody> {
        lease.head_came();
        if is_declined(answer.status()) {
            lease.blame(Verdict::Bad, Some(Trouble::Declined));
        }
        answer.map(|incoming| {
            if is_head || incoming.is_end_stream() {
                lease.finish();
                model::empty()
            } else {
                AnswerBody::new(incoming, lease, self.pool.limits()).boxed_unsync()
            }
        })
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
            .field("id", self.id())
            .finish_non_exhaustive()
    }
}

/// A request that was tried in vain.
struct Tried {
    failure: UpstreamFailure,
    /// Where; `None` when it came to no endpoint.
    endpoint: Option<usize>,
}

impl From<UpstreamFailure> for Tried {
    fn from(failure: UpstreamFailure) -> Self {
        Self {
            failure,
            endpoint: None,
        }
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

/// Tells whose fault it was that no answer came.
fn failure(error: hyper::Error, progress: Option<&Progress>) -> UpstreamFailure {
    let broken = progress
        .and_then(Progress::broken)
        .or_else(|| broken_within(&error));
    match broken {
        Some(broken) => UpstreamFailure::Request(broken),
        None => UpstreamFailure::of_exchange(error),
    }
}

/// Whether an answer says that the bank's service was not reached: 502, 503 and 504 are what a
/// gateway, or a node that is being emptied, says instead of it. Any other status, 500 among them,
/// is the service's own answer.
fn is_declined(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT
    )
}

/// What a failure says about the endpoint.
fn verdict(
    failure: &UpstreamFailure,
    is_fresh: bool,
    protocol: Alpn,
    progress: Option<&Progress>,
) -> Verdict {
    match failure {
        // The request's own fault, or a goodbye said in order.
        UpstreamFailure::Request(_)
        | UpstreamFailure::Invalid(Unacceptable::NotForwardable)
        | UpstreamFailure::Unavailable(Unreachable::WentAway(_)) => Verdict::Void,
        // Time spent while the caller's own body did not come is not the bank's.
        UpstreamFailure::TimedOut(_) if progress.is_some_and(Progress::awaits_caller) => {
            Verdict::Void
        }
        // A connection that had rested may be closed at the moment that a request is sent on it.
        UpstreamFailure::Invalid(Unacceptable::Broken(_))
            if protocol == Alpn::Http1 && !is_fresh =>
        {
            Verdict::Void
        }
        UpstreamFailure::Invalid(Unacceptable::Broken(error) | Unacceptable::Malformed(error))
            if is_of_connection(error) =>
        {
            Verdict::BadConnection
        }
        _ => Verdict::Bad,
    }
}

#[cfg(test)]
mod tests;
