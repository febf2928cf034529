//! Whether an endpoint is in play: it rests after failures, and comes back by being tried. Pure:
//! state in, what happened in, state out.
//!
//! ```text
//!        failures in a row, or nobody there            its rest is over: a request comes
//!   In ──────────────────────────────────▶ Resting ──────────────────────────────────▶ Trying
//!    ▲                                        ▲   it fails: a rest twice as long          │  │
//!    │                                        └───────────────────────────────────────────┘  │
//!    └───────────────────────────────────────── as many good answers as may be tried at once ┘
//! ```

use std::time::Duration;

use crate::UpstreamLimits;

/// While no endpoint is in play, none rests longer than this part of `back_off`: a bank of one
/// endpoint that restarts is not missed for long, and a dead one not knocked at by every request.
const ALONE: u32 = 10;

/// The standing of one endpoint.
#[derive(Debug, Default)]
pub(crate) struct Health {
    standing: Standing,
    /// Failures in a row, while in play.
    failures: u32,
    /// Rests in a row: how long the next one is.
    rests: u32,
    /// When it last came back.
    back_since: Duration,
    /// Changes when a rest begins: what was sent before says nothing about the time after.
    epoch: u32,
}

#[derive(Debug, Default, Clone, Copy)]
enum Standing {
    #[default]
    In,
    Resting {
        since: Duration,
        until: Duration,
    },
    Trying {
        under_way: u32,
        passed: u32,
    },
}

/// What a request that was let in says about its endpoint at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Nothing: it was not sent, the caller left, or an old connection had just been closed.
    Void,
    /// It answered, to the last byte.
    Good,
    /// It failed.
    Bad,
    /// It failed with its whole connection.
    BadConnection,
}

/// Which rest a request belongs to; handed back with its verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Epoch(u32);

impl Health {
    /// Whether it takes requests freely.
    pub(crate) fn is_in(&self) -> bool {
        matches!(self.standing, Standing::In)
    }

    /// Whether it rests, and its rest is not over.
    pub(crate) fn is_resting(&self, now: Duration) -> bool {
        matches!(self.standing, Standing::Resting { until, .. } if now < until)
    }

    /// Whether a request may be sent to it now. `none_is_in` says that no endpoint is in play.
    pub(crate) fn admits(&self, now: Duration, none_is_in: bool, limits: &UpstreamLimits) -> bool {
        match self.standing {
            Standing::In => true,
            Standing::Resting { since, until } => {
                let alone = since.saturating_add(limits.back_off / ALONE);
                now >= until || (none_is_in && now >= alone)
            }
            Standing::Trying { under_way, .. } => under_way < limits.probes,
        }
    }

    /// Enters a request that it admitted.
    pub(crate) fn enter(&mut self) -> Epoch {
        match &mut self.standing {
            Standing::In => {}
            Standing::Resting { .. } => {
                self.standing = Standing::Trying {
                    under_way: 1,
                    passed: 0,
                };
            }
            Standing::Trying { under_way, .. } => *under_way += 1,
        }
        Epoch(self.epoch)
    }

    /// Whether no rest has begun since a request was let in under this epoch.
    pub(crate) fn is_current(&self, epoch: Epoch) -> bool {
        epoch == Epoch(self.epoch)
    }

    /// Enters how a request ended. `may_rest` says whether this endpoint, if it is in play, may be
    /// taken out of it; `draw` varies the length of the rest. True when a rest begins.
    pub(crate) fn judge(
        &mut self,
        verdict: Verdict,
        epoch: Epoch,
        may_rest: bool,
        draw: u64,
        limits: &UpstreamLimits,
        now: Duration,
    ) -> bool {
        if !self.is_current(epoch) {
            return false;
        }
        let is_bad = matches!(verdict, Verdict::Bad | Verdict::BadConnection);
        match &mut self.standing {
            Standing::In if is_bad => {
                self.failures = self.failures.saturating_add(1);
                let rests = self.failures >= limits.failures && may_rest;
                if rests {
                    self.rest(draw, limits, now);
                }
                return rests;
            }
            Standing::In => {
                if verdict == Verdict::Good {
                    self.failures = 0;
                    if now.saturating_sub(self.back_since) >= limits.back_off_max {
                        self.rests = 0;
                    }
                }
            }
            Standing::Trying { under_way, passed } => {
                if is_bad {
                    self.rest(draw, limits, now);
                    return true;
                }
                *under_way -= 1;
                *passed += u32::from(verdict == Verdict::Good);
                if *passed >= limits.probes {
                    self.standing = Standing::In;
                    self.failures = 0;
                    self.back_since = now;
                }
            }
            // Nothing of this epoch is under way: the epoch began with the rest.
            Standing::Resting { .. } => {}
        }
        false
    }

    /// Enters that nobody is there: no connection is open, and none could be opened.
    pub(crate) fn is_dead(
        &mut self,
        epoch: Epoch,
        draw: u64,
        limits: &UpstreamLimits,
        now: Duration,
    ) {
        if self.is_current(epoch) {
            self.rest(draw, limits, now);
        }
    }

    /// Begins a rest: `back_off`, twice as long for each in a row, at most `back_off_max`, less up
    /// to a quarter by the draw, so that several endpoints, or nodes, do not come back in step.
    fn rest(&mut self, draw: u64, limits: &UpstreamLimits, now: Duration) {
        let longer = 1_u32.checked_shl(self.rests).unwrap_or(u32::MAX);
        let whole = limits
            .back_off
            .saturating_mul(longer)
            .min(limits.back_off_max);
        let quarter = whole / 4;
        let less = quarter / 256 * u32::try_from(draw % 256).unwrap_or(0);
        self.standing = Standing::Resting {
            since: now,
            until: now.saturating_add(whole.saturating_sub(less)),
        };
        self.rests = self.rests.saturating_add(1);
        self.failures = 0;
        self.epoch = self.epoch.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests;
