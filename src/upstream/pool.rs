//! Places: who may send now, who waits, and how a place comes back whatever happens to its holder.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::TaskTracker;

use model::{Alpn, Clock};

use crate::connection::helm::Helm;
use crate::connection::{Held, Http1, Opened};
use crate::counts::{Counts, EndpointCounts};
use crate::pool::health::{Epoch, Verdict};
use crate::pool::repeats::Repeats;
use crate::pool::state::{Attempt, Place, Report, Return, State, Taken, Wish};
use crate::totals::Totals;
use crate::{Trouble, Unreachable, UpstreamFailure, UpstreamLimits, Waiting};

mod balance;
pub(crate) mod health;
mod repeats;
pub(crate) mod state;
mod tally;

/// How long a connection whose answer has ended may take to become ready for the next request.
const SETTLE_WITHIN: Duration = Duration::from_secs(1);

/// The places of one upstream. The lock is held for bookkeeping only, never across an await.
pub(crate) struct Pool {
    books: Mutex<Books>,
    limits: UpstreamLimits,
    clock: Arc<dyn Clock>,
    tracker: TaskTracker,
    ids: AtomicU64,
    totals: Arc<Totals>,
}

/// What the lock guards.
struct Books {
    /// Who holds what.
    state: State,
    /// Those who wait, first come first served.
    waiters: VecDeque<Waiter>,
    /// How much may be repeated.
    repeats: Repeats,
}

/// One who waits for a place. Dropped without a place when there is none to hope for.
struct Waiter {
    id: u64,
    gets: oneshot::Sender<Lease>,
}

/// A place, held. Comes back when dropped: a connection that a request was sent on is then closed
/// (HTTP/1.1) or loses that stream only (HTTP/2).
pub(crate) struct Lease {
    pool: Arc<Pool>,
    endpoint: usize,
    held: Option<Held>,
    epoch: Epoch,
    /// When it was given, or its connection opened.
    since: Duration,
    /// Whether something may have been sent on it.
    used: bool,
    /// Whether it has its connection to itself from the first.
    is_fresh: bool,
    /// What its request says about the endpoint; `None` once that was said, and it counts as a
    /// request in flight no longer.
    report: Option<Report>,
}

impl Pool {
    /// Makes the pool of an upstream with so many endpoints.
    pub(crate) fn new(
        endpoints: usize,
        protocol: Option<Alpn>,
        limits: UpstreamLimits,
        clock: Arc<dyn Clock>,
        tracker: TaskTracker,
        totals: Arc<Totals>,
    ) -> Arc<Self> {
        Arc::new(Self {
            books: Mutex::new(Books {
                state: State::new(endpoints, protocol),
                waiters: VecDeque::new(),
                repeats: Repeats::default(),
            }),
            limits,
            clock,
            tracker,
            ids: AtomicU64::new(0),
            totals,
        })
    }

    /// The limits.
    pub(crate) fn limits(&self) -> &UpstreamLimits {
        &self.limits
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Owner of the tasks that drive connections.
    pub(crate) fn tracker(&self) -> &TaskTracker {
        &self.tracker
    }

    /// A number that no other connection or waiter of this pool has.
    pub(crate) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Reads off the books.
    pub(crate) fn count(&self, count: impl Fn(&State) -> usize) -> usize {
        count(&self.books().state)
    }

    /// How many wait for a place.
    pub(crate) fn waiting(&self) -> usize {
        self.books().waiters.len()
    }

    /// All that is counted.
    pub(crate) fn counts(&self) -> Counts {
        let books = self.books();
        let state = &books.state;
        Counts {
            in_use: state.in_use(),
            waiting: books.waiters.len(),
            open: state.open(),
            idle: state.idle(),
            waits: self.totals.waits(),
            repeats: self.totals.repeats(),
            troubles: self.totals.troubles(),
        }
    }

    /// The same for each endpoint.
    pub(crate) fn each(&self) -> Vec<EndpointCounts> {
        let now = self.clock.monotonic();
        self.books().state.each(now).collect()
    }

    /// What is counted under the upstream's name.
    pub(crate) fn totals(&self) -> &Arc<Totals> {
        &self.totals
    }

    /// Counts a trouble.
    pub(crate) fn note(&self, trouble: Trouble) {
        self.totals.met(trouble);
    }

    /// Takes one repeat from the budget, if there is one left.
    pub(crate) fn may_repeat(&self) -> bool {
        let now = self.clock.monotonic();
        let may = self.books().repeats.spend(now);
        if may {
            self.totals.repeated();
        }
        may
    }

    /// Takes a place, waiting for one in the order of arrival, at most `wait_timeout` and until
    /// `until`. Dropping the future leaves the queue, or gives the place back. A wish is not kept
    /// for those who wait: what comes free was just in use.
    pub(crate) async fn place(
        self: &Arc<Self>,
        wish: Wish,
        until: Instant,
    ) -> Result<Lease, UpstreamFailure> {
        let mut waiting = match self.take_or_queue(wish) {
            Ok(Given::Now(lease)) => return Ok(lease),
            Ok(Given::Queued(waiting)) => waiting,
            Err(why) => return Err(UpstreamFailure::Unavailable(why)),
        };
        let wait_until = Instant::now() + self.limits.wait_timeout;
        match timeout_at(wait_until.min(until), &mut waiting.gets).await {
            Ok(Ok(lease)) => Ok(lease),
            Ok(Err(_)) if self.books().state.draining => {
                Err(UpstreamFailure::Unavailable(Unreachable::Draining))
            }
            Ok(Err(_)) => Err(UpstreamFailure::Unavailable(Unreachable::NoEndpoint)),
            Err(_) if until <= wait_until => Err(UpstreamFailure::TimedOut(Waiting::Place)),
            Err(_) => Err(UpstreamFailure::Unavailable(Unreachable::WaitedTooLong)),
        }
    }

    /// Gives no place any more, sends those away who wait, and closes what is unused.
    pub(crate) fn drain(&self) {
        let now = self.clock.monotonic();
        let waiters = {
            let mut books = self.books();
            books.state.drain(&self.limits, now);
            std::mem::take(&mut books.waiters)
        };
        drop(waiters);
    }

    /// Enters that a connection has ended by itself.
    pub(crate) fn ended(self: &Arc<Self>, endpoint: usize, id: u64) {
        let now = self.clock.monotonic();
        self.books().state.ended(endpoint, id, &self.limits, now);
        self.serve_waiters();
    }

    /// Looks after a connection; says when to look again.
    pub(crate) fn look(self: &Arc<Self>, endpoint: usize, id: u64) -> Duration {
        let now = self.clock.monotonic();
        let again = self.books().state.look(endpoint, id, &self.limits, now);
        self.serve_waiters();
        again
    }

    fn take_or_queue(self: &Arc<Self>, wish: Wish) -> Result<Given<'_>, Unreachable> {
        let now = self.clock.monotonic();
        let mut books = self.books();
        if books.state.draining {
            return Err(Unreachable::Draining);
        }
        if wish.attempt == Attempt::First {
            books.repeats.count(now);
        }
        // Nobody overtakes those who wait.
        if books.waiters.is_empty() {
            match books.state.take(&self.limits, now, wish) {
                Taken::Place(place) => return Ok(Given::Now(self.lease(place, now))),
                Taken::Resting => return Err(Unreachable::NoEndpoint),
                Taken::Full => {}
            }
        }
        let waiters = books.waiters.len();
        if waiters >= self.limits.waiters_max {
            return Err(Unreachable::QueueFull { waiters });
        }
        let (gets, got) = oneshot::channel();
        let id = self.next_id();
        books.waiters.push_back(Waiter { id, gets });
        self.totals.waited();
        Ok(Given::Queued(Queued {
            pool: self,
            id,
            gets: got,
        }))
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease(self: &Arc<Self>, place: Place, now: Duration) -> Lease {
        Lease {
            pool: Arc::clone(self),
            endpoint: place.endpoint,
            held: Some(place.held),
            epoch: place.epoch,
            since: now,
            used: false,
            is_fresh: false,
            report: Some(Report::VOID),
        }
    }

    /// Hands out places while there are both places and waiters. Sends all away who wait when no
    /// endpoint is in play any more.
    fn serve_waiters(self: &Arc<Self>) {
        loop {
            let (waiter, lease) = {
                let now = self.clock.monotonic();
                let mut books = self.books();
                if books.waiters.is_empty() {
                    return;
                }
                match books.state.take(&self.limits, now, Wish::default()) {
                    Taken::Place(place) => (books.waiters.pop_front(), self.lease(place, now)),
                    Taken::Full => return,
                    Taken::Resting => {
                        let in_vain = std::mem::take(&mut books.waiters);
                        drop(books);
                        drop(in_vain);
                        return;
                    }
                }
            };
            // Sent outside the lock, since a lease that nobody takes comes back through it.
            let untaken = match waiter {
                Some(waiter) => waiter.gets.send(lease).err(),
                None => Some(lease),
            };
            if let Some(mut lease) = untaken {
                // This loop goes on anyway.
                let _ = lease.enter_return(Return::Clean);
            }
        }
    }
}

enum Given<'a> {
    Now(Lease),
    Queued(Queued<'a>),
}

/// A stand in the queue, left on drop.
struct Queued<'a> {
    pool: &'a Pool,
    id: u64,
    gets: oneshot::Receiver<Lease>,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        let gone = {
            let waiters: &mut VecDeque<Waiter> = &mut self.pool.books().waiters;
            // Ids only grow, so the queue is sorted by them.
            let at = waiters.binary_search_by_key(&self.id, |waiter| waiter.id);
            at.ok().and_then(|at| waiters.remove(at))
        };
        drop(gone);
    }
}

impl Lease {
    /// Where the place is: the number of the endpoint.
    pub(crate) fn endpoint(&self) -> usize {
        self.endpoint
    }

    /// What the place is.
    pub(crate) fn held(&mut self) -> Option<&mut Held> {
        self.held.as_mut()
    }

    /// The helm of its connection, where its request drives that.
    pub(crate) fn helm(&self) -> Option<&Helm> {
        match &self.held {
            Some(Held::Http1(Http1 { helm, .. })) if helm.is_taken() => Some(helm),
            _ => None,
        }
    }

    /// Whether it is the right to open a connection.
    pub(crate) fn is_right_to_open(&self) -> bool {
        matches!(self.held, Some(Held::Opening))
    }

    /// Says that something may have been sent from now on.
    pub(crate) fn mark_used(&mut self) {
        self.used = true;
    }

    /// Whether its connection was opened for it: what breaks then is no old connection that the
    /// bank was just closing.
    pub(crate) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    /// Says how its request went, to be entered when the place comes back; counts the trouble.
    pub(crate) fn blame(&mut self, verdict: Verdict, trouble: Option<Trouble>) {
        if let Some(report) = &mut self.report {
            report.verdict = verdict;
        }
        if let Some(trouble) = trouble {
            self.pool.note(trouble);
        }
    }

    /// Says that the answer's head is there, and acceptable.
    pub(crate) fn head_came(&mut self) {
        let now = self.pool.clock.monotonic();
        if let Some(report) = &mut self.report {
            report.latency = Some(now.saturating_sub(self.since));
        }
    }

    /// Turns the right to open a connection into the connection that was opened.
    pub(crate) fn opened(&mut self, opened: Opened) {
        self.is_fresh = true;
        self.since = self.pool.clock.monotonic();
        {
            let state = &mut self.pool.books().state;
            self.held = Some(match opened {
                Opened::Http1(connection) => {
                    state.opened_http1(self.endpoint);
                    Held::Http1(connection)
                }
                Opened::Http2(connection) => {
                    let (id, sender) = (connection.id, connection.sender.clone());
                    state.opened_http2(self.endpoint, connection);
                    Held::Http2 { id, sender }
                }
            });
        }
        // The protocol is known now, and an HTTP/2 connection has room for more.
        self.pool.serve_waiters();
    }

    /// Gives the right to open a connection back, since the attempt failed. `in_time` says whether
    /// it had all the time that it may have.
    pub(crate) fn failed(mut self, in_time: bool) {
        self.held = None;
        let now = self.pool.clock.monotonic();
        {
            let state = &mut self.pool.books().state;
            let limits = &self.pool.limits;
            state.failed(self.endpoint, self.epoch, in_time, limits, now);
        }
        self.pool.serve_waiters();
    }

    /// Gives the place back after an answer that ended cleanly.
    pub(crate) fn finish(mut self) {
        if let Some(report) = &mut self.report
            && report.verdict == Verdict::Void
        {
            report.verdict = Verdict::Good;
        }
        let unsettled = match &self.held {
            Some(Held::Http1(Http1 { sender, helm, .. })) => {
                let unsettled = !sender.is_ready() && !sender.is_closed();
                helm.release(unsettled);
                unsettled
            }
            _ => false,
        };
        if unsettled {
            self.settle();
        } else if self.enter_return(Return::Clean) {
            self.pool.serve_waiters();
        }
    }

    /// Waits apart until the connection is ready: the answer can be read to its end a moment before
    /// the task that drives the connection gets there, or before the request's body is all sent.
    /// Rare, so that the task it takes is not a task per request.
    fn settle(mut self) {
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if let Some(report) = self.report.take() {
            let now = self.pool.clock.monotonic();
            let state = &mut self.pool.books().state;
            state.report(self.endpoint, self.epoch, report, &self.pool.limits, now);
        }
        let tracker = self.pool.tracker.clone();
        let wait = async move {
            if let Some(Held::Http1(connection)) = &mut self.held
                && let Ok(Ok(())) = timeout(SETTLE_WITHIN, connection.sender.ready()).await
            {
                self.finish();
            }
        };
        tracker.spawn_on(wait, &runtime);
    }

    /// Enters the return of the place. Says whether someone waits, whom the caller then serves.
    #[must_use]
    fn enter_return(&mut self, how: Return) -> bool {
        let Some(held) = self.held.take() else {
            return false;
        };
        let now = self.pool.clock.monotonic();
        let place = Place {
            endpoint: self.endpoint,
            held,
            epoch: self.epoch,
        };
        let mut books = self.pool.books();
        let (limits, report) = (&self.pool.limits, self.report.take());
        books.state.give_back(place, how, report, limits, now);
        !books.waiters.is_empty()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let how = if self.used {
            Return::Broken
        } else {
            Return::Clean
        };
        if self.enter_return(how) {
            self.pool.serve_waiters();
        }
    }
}
