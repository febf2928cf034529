//! The books of one endpoint: its connections, its requests in flight, its standing.

use std::time::Duration;

use model::Alpn;

use crate::UpstreamLimits;
use crate::connection::{Held, Http1, Http2};
use crate::pool::balance::Latency;
use crate::pool::health::Health;

/// The books of one endpoint.
#[derive(Default)]
pub(crate) struct Tally {
    /// What it spoke last; `None` before the first connection.
    pub(crate) protocol: Option<Alpn>,
    /// Whether it is in play.
    pub(crate) health: Health,
    /// How quickly it answers.
    pub(crate) latency: Latency,
    /// After a failed connect: until when connections are opened one at a time.
    pub(crate) failed_until: Option<Duration>,
    /// Requests that hold a place.
    pub(crate) in_flight: usize,
    /// Connections being opened.
    pub(crate) opening: usize,
    /// Connections that are open, used or not.
    pub(crate) open: usize,
    /// HTTP/1.1 connections that nobody uses, the last used at the end.
    pub(crate) idle: Vec<Idle>,
    /// HTTP/2 connections.
    pub(crate) shared: Vec<Shared>,
}

/// An HTTP/1.1 connection that nobody uses.
pub(crate) struct Idle {
    /// The connection.
    pub(crate) connection: Http1,
    /// Since when.
    pub(crate) since: Duration,
}

/// An HTTP/2 connection.
pub(crate) struct Shared {
    /// The connection.
    pub(crate) connection: Http2,
    /// Requests on it.
    pub(crate) streams: usize,
    /// Since when it had none, if it has none.
    pub(crate) idle_since: Duration,
    /// Takes no new stream, and goes with its last.
    pub(crate) retired: bool,
    /// Its end was held against the endpoint already: not once for each stream.
    pub(crate) blamed: bool,
}

impl Tally {
    /// Nothing open. `protocol` is what the endpoint is known to speak before it was asked.
    pub(crate) fn new(protocol: Option<Alpn>) -> Self {
        Self {
            protocol,
            ..Self::default()
        }
    }

    fn is_backing_off(&self, now: Duration) -> bool {
        self.failed_until.is_some_and(|until| now < until)
    }

    /// Lets go of all that is unused, and of the rest when it ends: an endpoint that comes back is
    /// connected to anew. How slow it was is forgotten too, or nobody would ever try it.
    pub(crate) fn let_go(&mut self, limits: &UpstreamLimits, now: Duration) {
        self.latency = Latency::default();
        self.drop_idle(|_| true);
        for shared in &mut self.shared {
            shared.retired = true;
        }
        self.sweep_shared(limits, now);
    }

    /// Whether there may be a place. An unused connection counts even when it is too old: its own
    /// place is then free for a new one, once `take` has looked.
    pub(crate) fn has_place(&self, limits: &UpstreamLimits, now: Duration) -> bool {
        let mut shared = self.shared.iter();
        !self.idle.is_empty()
            || shared.any(|s| s.streams == 0 || s.takes_one_more(limits, now))
            || self.may_open(limits, now)
    }

    /// Whether one more connection may be opened. Before the protocol is known, and for HTTP/2, one
    /// at a time: those who come meanwhile share it. After a failure, one at a time: it probes.
    fn may_open(&self, limits: &UpstreamLimits, now: Duration) -> bool {
        let many_at_once = self.protocol == Some(Alpn::Http1) && !self.is_backing_off(now);
        self.open + self.opening < limits.connections_max && (self.opening == 0 || many_at_once)
    }

    /// Takes a place here, if there is one now.
    pub(crate) fn take(
        &mut self,
        limits: &UpstreamLimits,
        now: Duration,
        fresh: bool,
    ) -> Option<Held> {
        if fresh && !self.may_open(limits, now) && !self.idle.is_empty() {
            // Makes room: the one that is unused for the longest time is closed.
            self.idle.remove(0);
            self.open -= 1;
        }
        while !fresh && let Some(idle) = self.idle.pop() {
            if idle.connection.sender.is_ready() && !idle.time_left(limits, now).is_zero() {
                return Some(Held::Http1(idle.connection));
            }
            self.open -= 1;
        }
        self.sweep_shared(limits, now);
        if let Some(shared) = self
            .shared
            .iter_mut()
            .find(|s| s.takes_one_more(limits, now))
        {
            shared.streams += 1;
            return Some(Held::Http2 {
                id: shared.connection.id,
                sender: shared.connection.sender.clone(),
            });
        }
        self.may_open(limits, now).then(|| {
            self.opening += 1;
            Held::Opening
        })
    }

    /// Enters a connection that was opened.
    pub(crate) fn opened(&mut self, protocol: Alpn) {
        self.opening -= 1;
        self.open += 1;
        self.protocol = Some(protocol);
        self.failed_until = None;
    }

    /// Drops those unused HTTP/1.1 connections that go.
    pub(crate) fn drop_idle(&mut self, goes: impl Fn(&Idle) -> bool) {
        let before = self.idle.len();
        self.idle.retain(|idle| !goes(idle));
        self.open -= before - self.idle.len();
    }

    /// Retires shared connections that are closed or too old, and drops the unused among them.
    pub(crate) fn sweep_shared(&mut self, limits: &UpstreamLimits, now: Duration) {
        let before = self.shared.len();
        self.shared.retain_mut(|s| {
            s.retired |= s.connection.sender.is_closed() || s.is_old(limits, now);
            s.streams > 0 || !(s.retired || s.time_left(limits, now).is_zero())
        });
        self.open -= before - self.shared.len();
    }
}

impl Idle {
    /// What is left of its time while unused.
    pub(crate) fn time_left(&self, limits: &UpstreamLimits, now: Duration) -> Duration {
        time_left(self.since, self.connection.born, limits, now)
    }
}

impl Shared {
    /// What is left of its time while unused.
    pub(crate) fn time_left(&self, limits: &UpstreamLimits, now: Duration) -> Duration {
        time_left(self.idle_since, self.connection.born, limits, now)
    }

    fn is_old(&self, limits: &UpstreamLimits, now: Duration) -> bool {
        now.saturating_sub(self.connection.born) >= limits.max_age
    }

    fn takes_one_more(&self, limits: &UpstreamLimits, now: Duration) -> bool {
        !self.retired
            && self.streams < limits.h2_streams.min(self.connection.streams_max())
            && !self.connection.sender.is_closed()
            && !self.is_old(limits, now)
            && (self.streams > 0 || !self.time_left(limits, now).is_zero())
    }
}

/// What is left of an unused connection's time: until it was idle, or lived, for too long.
fn time_left(
    idle_since: Duration,
    born: Duration,
    limits: &UpstreamLimits,
    now: Duration,
) -> Duration {
    let idle = limits
        .idle_timeout
        .saturating_sub(now.saturating_sub(idle_since));
    let life = limits.max_age.saturating_sub(now.saturating_sub(born));
    idle.min(life)
}
