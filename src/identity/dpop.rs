//! DPoP: proof that the caller holds a key, made for one request (RFC 9449; checklist §12).
//!
//! **Stops**: a stolen token without its key; a stolen proof for another method, URL or token, out
//! of its time, or a second time; a proof that was made ahead, where a nonce is demanded.

mod banks;
mod nonce;
mod proof;
mod replay;
mod target;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use crypto::Random;
use model::{Clock, ProofProblem};

use nonce::Mint;
use proof::Proof;
use replay::{Claim, Used};

pub use banks::BankProofs;
pub use proof::fuzz_proof;

/// How far a proof's `iat` may lie behind, in seconds (L-05).
const BEHIND_S: i64 = 60;
/// How far it may lie ahead, in seconds (L-05).
const AHEAD_S: i64 = 10;
/// Longer than a proof without a nonce is good from its first use on.
const PROOF_WINDOW: Duration = Duration::from_secs(72);
/// How far the wall's clock may fall back behind ours before a nonce is demanded.
const SET_BACK_MS_MAX: i64 = 10_000;

/// When a proof must bear a nonce of ours (RFC 9449 §8, §9). One that it bears must always be good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nonces {
    /// Always.
    Always,
    /// Until one proof window has passed since the start, for what was used before is forgotten;
    /// and while the wall's clock is set back, for what is forgotten might be in time again.
    AtStart,
}

/// What a proof must have been made for.
#[derive(Debug, Clone, Copy)]
pub struct ProofFor<'a> {
    /// The request's method, as it was sent.
    pub method: &'a str,
    /// The request's URL as the configuration writes scheme, host and port (DP-05), without query
    /// and fragment.
    pub url: &'a str,
    /// The client that the token is of, or asks for one: what it uses up is counted as its own.
    pub whose: &'a str,
    /// The access token that was sent with it, where one was.
    pub access_token: Option<&'a str>,
}

/// Proof that the caller holds a key: it signed this request, now, for the first time.
#[derive(Debug)]
pub struct Proved {
    thumbprint: [u8; 32],
    next_nonce: Option<String>,
}

impl Proved {
    /// The key's SHA-256 thumbprint (RFC 7638): `jkt` (RFC 9449 §6.1).
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The nonce to be sent with the answer, when the proof's is about to end (RFC 9449 §8.2).
    pub fn next_nonce(&self) -> Option<&str> {
        self.next_nonce.as_deref()
    }
}

/// A proof that is good in all but this: it is not used up yet, and another caller may do that.
#[derive(Debug)]
#[must_use]
pub struct Good {
    thumbprint: [u8; 32],
    place: [u8; 16],
    timely: Timely,
}

impl Good {
    /// The key's SHA-256 thumbprint (RFC 7638).
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }
}

/// Checks proofs, and remembers those that were used. For each bank one for the road and one for
/// its authorization server, which outlive snapshots: none takes the nonces of another, or its
/// room.
pub struct Proofs {
    clock: Arc<dyn Clock>,
    started: Duration,
    demanded: Nonces,
    mint: Mint,
    used: Used,
    /// The most by which the wall's clock was ever ahead of the one that never goes back, in
    /// milliseconds.
    ahead_ms: AtomicI64,
}

/// A proof that is in its time.
#[derive(Debug)]
struct Timely {
    /// The second, by the clock that never goes back, from which on it is not, whatever happens.
    until: u64,
    next_nonce: Option<String>,
}

impl Proofs {
    /// Remembers nothing yet, and makes nonces that nobody else makes: 256 bits of a secret.
    pub fn new(clock: Arc<dyn Clock>, random: &dyn Random, demanded: Nonces) -> Self {
        let started = clock.monotonic();
        Self::since(started, clock, random, demanded)
    }

    /// The same, of a process that has run since this instant, and used no proof before.
    fn since(
        started: Duration,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
        demanded: Nonces,
    ) -> Self {
        Self {
            started,
            clock,
            demanded,
            mint: Mint::new(random),
            used: Used::default(),
            ahead_ms: AtomicI64::new(i64::MIN),
        }
    }

    /// Checks the one proof that a request must bring, `proofs` being the values of its `DPoP`
    /// headers (DP-01 to DP-07), in the order of RFC 9449 §4.3. A proof is used up when all else
    /// holds, and then at once: of two callers with one proof one gets it, however they race.
    ///
    /// Errors: the first thing that is wrong.
    pub fn check<'p>(
        &self,
        proofs: impl IntoIterator<Item = &'p [u8]>,
        expected: &ProofFor<'_>,
        now: Timestamp,
    ) -> Result<Proved, ProofProblem> {
        let good = self.look(proofs, expected, now)?;
        self.use_up(good, expected.whose)
    }

    /// The same without using it up: for whoever has more to ask of the caller before that, such as
    /// the key of a token. Who holds one token could else use up the memory with keys of his own.
    ///
    /// Errors: the first thing that is wrong; that it was used before is told by [`Self::use_up`].
    pub fn look<'p>(
        &self,
        proofs: impl IntoIterator<Item = &'p [u8]>,
        expected: &ProofFor<'_>,
        now: Timestamp,
    ) -> Result<Good, ProofProblem> {
        let mut proofs = proofs.into_iter();
        let sent = proofs.next().ok_or(ProofProblem::Missing)?;
        if proofs.next().is_some() {
            return Err(ProofProblem::Several);
        }
        let proof = Proof::read(sent)?;
        proof.is_made_for(expected)?;
        Ok(Good {
            timely: self.in_time(&proof, now, self.clock.monotonic())?,
            place: proof.place(),
            thumbprint: proof.thumbprint,
        })
    }

    /// Uses a proof of this client up: of two callers with one proof one gets it, however they
    /// race.
    ///
    /// Errors: [`ProofProblem::Replayed`]; [`ProofProblem::NonceNeeded`] when it cannot be
    /// remembered.
    pub fn use_up(&self, good: Good, whose: &str) -> Result<Proved, ProofProblem> {
        let Good {
            thumbprint,
            place,
            timely,
        } = good;
        let elapsed = self.clock.monotonic().as_secs();
        match self.used.claim(whose, place, timely.until, elapsed) {
            Claim::First => Ok(Proved {
                thumbprint,
                next_nonce: timely.next_nonce,
            }),
            Claim::Seen => Err(ProofProblem::Replayed),
            // What cannot be remembered is not good: it could be used again.
            Claim::NoRoom => Err(ProofProblem::NonceNeeded),
        }
    }

    /// A nonce for the header `DPoP-Nonce`: good for one to two minutes.
    pub fn nonce(&self) -> String {
        self.mint.fresh(self.clock.monotonic())
    }

    /// With a nonce of ours the client's clock does not matter (L-05).
    fn in_time(
        &self,
        proof: &Proof,
        now: Timestamp,
        elapsed: Duration,
    ) -> Result<Timely, ProofProblem> {
        if let Some(nonce) = proof.nonce() {
            let life = self.mint.life(nonce, elapsed);
            let life = life.ok_or(ProofProblem::NonceBad)?;
            return Ok(Timely {
                until: life.until,
                next_nonce: life.is_ending.then(|| self.mint.fresh(elapsed)),
            });
        }
        let is_starting = elapsed.saturating_sub(self.started) < PROOF_WINDOW;
        if self.demanded == Nonces::Always || is_starting {
            return Err(ProofProblem::NonceNeeded);
        }
        let second = self.second(now, elapsed).ok_or(ProofProblem::NonceNeeded)?;
        let ahead = proof.iat.saturating_sub(second);
        if !(-BEHIND_S..=AHEAD_S).contains(&ahead) {
            return Err(ProofProblem::Time);
        }
        // Seconds that have begun, here and there, are counted whole.
        let left = u64::try_from(ahead + BEHIND_S + 2).unwrap_or(0);
        Ok(Timely {
            until: elapsed.as_secs().saturating_add(left),
            next_nonce: None,
        })
    }

    /// The present in Unix seconds, by a clock that never goes back: it follows the wall's forward,
    /// and runs on when that is set back. `None` when the wall's is far behind it.
    fn second(&self, now: Timestamp, elapsed: Duration) -> Option<i64> {
        let elapsed = i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX);
        let ahead = now.as_millisecond().saturating_sub(elapsed);
        let most = self.ahead_ms.fetch_max(ahead, Ordering::Relaxed).max(ahead);
        let is_near = most.saturating_sub(ahead) <= SET_BACK_MS_MAX;
        is_near.then(|| most.saturating_add(elapsed).div_euclid(1_000))
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proofs")
            .field("demanded", &self.demanded)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
