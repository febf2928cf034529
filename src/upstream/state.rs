//! The pool's books: who holds what at which endpoint. Plain data, changed under the pool's lock;
//! nothing here waits.

use std::time::Duration;

use model::Alpn;

use crate::UpstreamLimits;
use crate::balance::{self, Candidate, Draws};
use crate::connection::{Http1, Http2, Http2Sender};

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

/// How a place comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// Clean: an HTTP/1.1 connection may serve again.
    Clean,
    /// Used, and not brought to its end: an HTTP/1.1 connection is closed.
    Broken,
}

/// The books of one upstream.
pub(crate) struct State {
    endpoints: Vec<Tally>,
    draws: Draws,
    /// No new place is given.
    pub(crate) draining: bool,
}

/// The books of one endpoint.
#[derive(Default)]
struct Tally {
    /// What it spoke last; `None` before the first connection.
    protocol: Option<Alpn>,
    /// After a failed connect: until when it is passed over.
    failed_until: Option<Duration>,
    /// Requests that hold a place.
    in_flight: usize,
    /// Connections being opened.
    opening: usize,
    /// Connections that are open, used or not.
    open: usize,
    /// HTTP/1.1 connections that nobody uses, the last used at the end.
    idle: Vec<Idle>,
    /// HTTP/2 connections.
    shared: Vec<Shared>,
}

struct Idle {
    connection: Http1,
    since: Duration,
}

struct Shared {
    connection: Http2,
    streams: usize,
    idle_since: Duration,
    /// Takes no new stream, and goes with its last.
    retired: bool,
}

impl State {
    /// The books of an upstream with so many endpoints, nothing open. `protocol` is what they are
    /// known to speak before they were asked: HTTP/1.1 where there is no ALPN.
    pub(crate) fn new(endpoints: usize, protocol: Option<Alpn>) -> Self {
        let tally = || Tally {
            protocol,
            ..Tally::default()
        };
        Self {
            endpoints: (0..endpoints).map(|_| tally()).collect(),
            draws: Draws(0),
            draining: false,
        }
    }

    /// Takes a place at an endpoint that `avoid` does not name, if there is one now.
    pub(crate) fn take(
        &mut self,
        limits: &UpstreamLimits,
        now: Duration,
        avoid: Option<usize>,
    ) -> Option<(usize, Held)> {
        if self.draining {
            return None;
        }
        let draw = self.draws.next();
        // One bit for each endpoint; settings allow 64.
        let mut skipped = avoid.map_or(0_u64, |index| 1 << index);
        loop {
            let candidates = self
                .endpoints
                .iter()
                .enumerate()
                .map(|(index, tally)| Candidate {
                    in_play: skipped & (1 << index) == 0,
                    has_place: tally.has_place(limits, now),
                    backing_off: tally.is_backing_off(now),
                    in_flight: tally.in_flight,
                });
            let index = balance::choose(candidates, draw)?;
            let tally = self.endpoints.get_mut(index)?;
            if let Some(held) = tally.take(limits, now) {
                tally.in_flight += 1;
                return Some((index, held));
            }
            // All that looked free there was closed or too old.
            skipped |= 1 << index;
        }
    }

    /// Takes a place back. `counted` says whether it still counts as a request in flight.
    pub(crate) fn give_back(
        &mut self,
        (index, held): (usize, Held),
        how: Return,
        counted: bool,
        limits: &UpstreamLimits,
        now: Duration,
    ) {
        let draining = self.draining;
        let Some(tally) = self.endpoints.get_mut(index) else {
            return;
        };
        if counted {
            tally.in_flight -= 1;
        }
        match held {
            Held::Opening => tally.opening -= 1,
            Held::Http1(connection) => {
                let serves_again = how == Return::Clean
                    && !draining
                    && connection.sender.is_ready()
                    && now.saturating_sub(connection.born) < limits.max_age;
                if serves_again {
                    let since = now;
                    tally.idle.push(Idle { connection, since });
                } else {
                    tally.open -= 1;
                }
            }
            Held::Http2 { id, sender } => {
                drop(sender);
                if let Some(shared) = tally.shared.iter_mut().find(|s| s.connection.id == id) {
                    shared.streams -= 1;
                    shared.idle_since = now;
                    shared.retired |= draining;
                }
                tally.sweep_shared(limits, now);
            }
        }
    }

    /// Takes a request out of the count that does not wait for its connection to settle.
    pub(crate) fn uncount(&mut self, index: usize) {
        if let Some(tally) = self.endpoints.get_mut(index) {
            tally.in_flight -= 1;
        }
    }

    /// Enters an HTTP/1.1 connection that was opened; its opener holds it.
    pub(crate) fn opened_http1(&mut self, index: usize) {
        if let Some(tally) = self.endpoints.get_mut(index) {
            tally.opened(Alpn::Http1);
        }
    }

    /// Enters an HTTP/2 connection that was opened; its opener holds the first stream.
    pub(crate) fn opened_http2(&mut self, index: usize, connection: Http2) {
        if let Some(tally) = self.endpoints.get_mut(index) {
            tally.opened(Alpn::Http2);
            tally.shared.push(Shared {
                idle_since: connection.born,
                connection,
                streams: 1,
                retired: false,
            });
        }
    }

    /// Enters a failed attempt to connect. True when no endpoint has a connection, none is being
    /// opened, and all are backing off: then those who wait, wait in vain.
    pub(crate) fn failed(&mut self, index: usize, limits: &UpstreamLimits, now: Duration) -> bool {
        if let Some(tally) = self.endpoints.get_mut(index) {
            tally.in_flight -= 1;
            tally.opening -= 1;
            tally.failed_until = Some(now.saturating_add(limits.back_off));
        }
        self.endpoints
            .iter()
            .all(|t| t.open == 0 && t.opening == 0 && t.is_backing_off(now))
    }

    /// Enters that a connection has ended by itself.
    pub(crate) fn ended(&mut self, index: usize, id: u64, limits: &UpstreamLimits, now: Duration) {
        if let Some(tally) = self.endpoints.get_mut(index) {
            tally.drop_idle(|idle| idle.connection.id == id);
            for shared in tally.shared.iter_mut().filter(|s| s.connection.id == id) {
                shared.retired = true;
            }
            tally.sweep_shared(limits, now);
        }
    }

    /// Looks after an unused connection: closes it when its time has come. Returns how long it may
    /// stay unlooked at.
    pub(crate) fn look(
        &mut self,
        index: usize,
        id: u64,
        limits: &UpstreamLimits,
        now: Duration,
    ) -> Duration {
        let Some(tally) = self.endpoints.get_mut(index) else {
            return limits.idle_timeout;
        };
        tally.drop_idle(|idle| idle.connection.id == id && idle.time_left(limits, now).is_zero());
        tally.sweep_shared(limits, now);
        let idle = tally.idle.iter().find(|i| i.connection.id == id);
        let shared = tally
            .shared
            .iter()
            .find(|s| s.connection.id == id && s.streams == 0);
        idle.map(|i| i.time_left(limits, now))
            .or(shared.map(|s| s.time_left(limits, now)))
            .unwrap_or(limits.idle_timeout)
    }

    /// Gives no place any more, and lets go of all that is unused.
    pub(crate) fn drain(&mut self, limits: &UpstreamLimits, now: Duration) {
        self.draining = true;
        for tally in &mut self.endpoints {
            tally.drop_idle(|_| true);
            for shared in &mut tally.shared {
                shared.retired = true;
            }
            tally.sweep_shared(limits, now);
        }
    }

    /// Requests that hold a place.
    pub(crate) fn in_use(&self) -> usize {
        self.endpoints.iter().map(|t| t.in_flight).sum()
    }

    /// Connections that are open.
    pub(crate) fn open(&self) -> usize {
        self.endpoints.iter().map(|t| t.open).sum()
    }

    /// Of them, those that nobody uses.
    pub(crate) fn idle(&self) -> usize {
        let of = |t: &Tally| t.idle.len() + t.shared.iter().filter(|s| s.streams == 0).count();
        self.endpoints.iter().map(of).sum()
    }
}

impl Tally {
    fn is_backing_off(&self, now: Duration) -> bool {
        self.failed_until.is_some_and(|until| now < until)
    }

    /// Whether there may be a place. An unused connection counts even when it is too old: its own
    /// place is then free for a new one, once `take` has looked.
    fn has_place(&self, limits: &UpstreamLimits, now: Duration) -> bool {
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

    fn take(&mut self, limits: &UpstreamLimits, now: Duration) -> Option<Held> {
        while let Some(idle) = self.idle.pop() {
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

    fn opened(&mut self, protocol: Alpn) {
        self.opening -= 1;
        self.open += 1;
        self.protocol = Some(protocol);
        self.failed_until = None;
    }

    fn drop_idle(&mut self, goes: impl Fn(&Idle) -> bool) {
        let before = self.idle.len();
        self.idle.retain(|idle| !goes(idle));
        self.open -= before - self.idle.len();
    }

    /// Retires shared connections that are closed or too old, and drops the unused among them.
    fn sweep_shared(&mut self, limits: &UpstreamLimits, now: Duration) {
        let before = self.shared.len();
        self.shared.retain_mut(|s| {
            s.retired |= s.connection.sender.is_closed() || s.is_old(limits, now);
            s.streams > 0 || !(s.retired || s.time_left(limits, now).is_zero())
        });
        self.open -= before - self.shared.len();
    }
}

impl Idle {
    fn time_left(&self, limits: &UpstreamLimits, now: Duration) -> Duration {
        time_left(self.since, self.connection.born, limits, now)
    }
}

impl Shared {
    fn time_left(&self, limits: &UpstreamLimits, now: Duration) -> Duration {
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
