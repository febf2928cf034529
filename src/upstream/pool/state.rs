//! The pool's books: who holds what at which endpoint. Plain data, changed under the pool's lock;
//! nothing here waits.

use std::time::Duration;

use model::Alpn;

use crate::UpstreamLimits;
use crate::connection::{Held, Http2};
use crate::counts::{EndpointCounts, Standing};
use crate::pool::balance::{self, Draws};
use crate::pool::health::{Epoch, Verdict};
use crate::pool::tally::{Idle, Shared, Tally};

/// A place at an endpoint.
pub(crate) struct Place {
    /// The endpoint's number.
    pub(crate) endpoint: usize,
    /// What it is.
    pub(crate) held: Held,
    /// Under which epoch of the endpoint it was given.
    pub(crate) epoch: Epoch,
}

/// What came of asking for a place.
pub(crate) enum Taken {
    /// A place.
    Place(Place),
    /// All endpoints in play are full: waiting may help.
    Full,
    /// No endpoint is in play.
    Resting,
}

/// What a place is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Wish {
    /// An endpoint to leave out.
    pub(crate) avoid: Option<usize>,
    /// For which try.
    pub(crate) attempt: Attempt,
}

/// Which try a place is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The request's first.
    #[default]
    First,
    /// Another one, nothing having been sent.
    Further,
    /// A repeat. An unused HTTP/1.1 connection will not do: the bank may have closed them all.
    Repeat,
}

/// How a place comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// Clean: an HTTP/1.1 connection may serve again.
    Clean,
    /// Used, and not brought to its end: an HTTP/1.1 connection is closed.
    Broken,
}

/// What a request in flight says about its endpoint when it is one no longer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// How it went.
    pub(crate) verdict: Verdict,
    /// From its sending to the answer's head, when one came.
    pub(crate) latency: Option<Duration>,
}

impl Report {
    /// Nothing is said.
    pub(crate) const VOID: Self = Self {
        verdict: Verdict::Void,
        latency: None,
    };
}

/// The books of one upstream.
pub(crate) struct State {
    endpoints: Vec<Tally>,
    draws: Draws,
    /// No new place is given.
    pub(crate) draining: bool,
}

impl State {
    /// The books of an upstream with so many endpoints, nothing open. `protocol` is what they are
    /// known to speak before they were asked: HTTP/1.1 where there is no ALPN.
    pub(crate) fn new(endpoints: usize, protocol: Option<Alpn>) -> Self {
        Self {
            endpoints: (0..endpoints).map(|_| Tally::new(protocol)).collect(),
            draws: Draws(0),
            draining: false,
        }
    }

    /// Takes a place, if there is one now.
    pub(crate) fn take(&mut self, limits: &UpstreamLimits, now: Duration, wish: Wish) -> Taken {
        if self.draining {
            return Taken::Resting;
        }
        let draw = self.draws.next();
        let none_is_in = self.endpoints.iter().all(|t| !t.health.is_in());
        // One bit for each endpoint; settings allow 64.
        let avoided = wish.avoid.map_or(0_u64, |index| 1 << index);
        let mut skipped = avoided;
        loop {
            let is_eligible = self.endpoints.iter().enumerate().map(|(index, tally)| {
                skipped & (1 << index) == 0
                    && tally.health.admits(now, none_is_in, limits)
                    && tally.has_place(limits, now)
            });
            // One whose rest is over goes before the others: what was slow or bad is tried soon, by
            // the few requests that may try it.
            let load = |index: usize| match self.endpoints.get(index) {
                Some(tally) if tally.health.is_in() => tally.latency.load(tally.in_flight, now),
                Some(_) => 0,
                None => u64::MAX,
            };
            let Some(endpoint) = balance::choose(is_eligible, draw, load) else {
                return self.without_place(avoided);
            };
            let Some(tally) = self.endpoints.get_mut(endpoint) else {
                return Taken::Resting;
            };
            if let Some(held) = tally.take(limits, now, wish.attempt == Attempt::Repeat) {
                tally.in_flight += 1;
                let epoch = tally.health.enter();
                return Taken::Place(Place {
                    endpoint,
                    held,
                    epoch,
                });
            }
            // All that looked free there was closed or too old.
            skipped |= 1 << endpoint;
        }
    }

    /// Waiting for a good endpoint beats knocking at a dead one; where there is no good one, nobody
    /// waits.
    fn without_place(&self, avoided: u64) -> Taken {
        let mut endpoints = self.endpoints.iter().enumerate();
        if endpoints.any(|(index, t)| avoided & (1 << index) == 0 && t.health.is_in()) {
            Taken::Full
        } else {
            Taken::Resting
        }
    }

    /// Takes a place back. `report` is what its request says, while it counts as one in flight.
    pub(crate) fn give_back(
        &mut self,
        place: Place,
        how: Return,
        report: Option<Report>,
        limits: &UpstreamLimits,
        now: Duration,
    ) {
        let draining = self.draining;
        let (index, epoch) = (place.endpoint, place.epoch);
        let mut report = report;
        let Some(tally) = self.endpoints.get_mut(index) else {
            return;
        };
        match place.held {
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
                    if let Some(report) = &mut report
                        && report.verdict == Verdict::BadConnection
                    {
                        shared.retired = true;
                        if std::mem::replace(&mut shared.blamed, true) {
                            report.verdict = Verdict::Void;
                        }
                    }
                }
                tally.sweep_shared(limits, now);
            }
        }
        if let Some(report) = report {
            self.report(index, epoch, report, limits, now);
        }
    }

    /// Enters what a request says that is in flight no longer. An endpoint in play may be taken out
    /// of it for bad answers while fewer than half of all rest: if they are all bad, half go on.
    pub(crate) fn report(
        &mut self,
        index: usize,
        epoch: Epoch,
        report: Report,
        limits: &UpstreamLimits,
        now: Duration,
    ) {
        let is_good = report.verdict == Verdict::Good;
        let may_rest = !is_good && self.may_rest();
        let draw = if is_good { 0 } else { self.draws.next() };
        let Some(tally) = self.endpoints.get_mut(index) else {
            return;
        };
        tally.in_flight -= 1;
        if let Some(latency) = report.latency
            && is_good
            && tally.health.is_current(epoch)
        {
            tally.latency.hear(latency, now);
        }
        let verdict = report.verdict;
        if (tally.health).judge(verdict, epoch, may_rest, draw, limits, now) {
            tally.let_go(limits, now);
        }
    }

    fn may_rest(&self) -> bool {
        let out = self.endpoints.iter().filter(|t| !t.health.is_in()).count();
        2 * (out + 1) <= self.endpoints.len()
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
                blamed: false,
            });
        }
    }

    /// Enters a failed attempt to connect. Where nothing is open that could serve instead, the
    /// endpoint rests whatever the others do: at once, or, when the attempt had not its whole time
    /// (`in_time` is false), after as many failures as any.
    pub(crate) fn failed(
        &mut self,
        index: usize,
        epoch: Epoch,
        in_time: bool,
        limits: &UpstreamLimits,
        now: Duration,
    ) {
        let (draw, may_rest) = (self.draws.next(), self.may_rest());
        let Some(tally) = self.endpoints.get_mut(index) else {
            return;
        };
        tally.in_flight -= 1;
        tally.opening -= 1;
        tally.failed_until = Some(now.saturating_add(limits.back_off));
        let (health, is_cut_off) = (&mut tally.health, tally.open == 0);
        if is_cut_off && in_time {
            health.is_dead(epoch, draw, limits, now);
            tally.let_go(limits, now);
        } else {
            let may_rest = may_rest || is_cut_off;
            if health.judge(Verdict::Bad, epoch, may_rest, draw, limits, now) {
                tally.let_go(limits, now);
            }
        }
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
            tally.let_go(limits, now);
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

    /// Endpoints that are out of play: resting, or being tried again.
    #[cfg(test)]
    pub(crate) fn out_of_play(&self) -> usize {
        let is_out = |t: &&Tally| !t.health.is_in();
        self.endpoints.iter().filter(is_out).count()
    }

    /// Each endpoint's requests in flight, open connections, and standing.
    pub(crate) fn each(&self, now: Duration) -> impl Iterator<Item = EndpointCounts> {
        self.endpoints.iter().map(move |t| EndpointCounts {
            in_use: t.in_flight,
            open: t.open,
            standing: match &t.health {
                health if health.is_in() => Standing::InPlay,
                health if health.is_resting(now) => Standing::Resting,
                _ => Standing::OnTrial,
            },
        })
    }

    /// Of them, those that nobody uses.
    pub(crate) fn idle(&self) -> usize {
        let of = |t: &Tally| t.idle.len() + t.shared.iter().filter(|s| s.streams == 0).count();
        self.endpoints.iter().map(of).sum()
    }
}

#[cfg(test)]
mod tests;
