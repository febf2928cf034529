//! The life of a signing key: waiting → published → signs → verifies → ended. A function of the
//! ring's times and of now, so that every node, and a node after a restart, says the same.
//!
//! ```text
//!             published before it signs       last token ended
//! old  ──── signs ───────────────────┤ verifies ├─ gone
//! new            ├─ published ───────┼─ signs ──────────────
//!             rotate             signs_from
//! ```

use jiff::{SignedDuration, Timestamp};

/// How long a key stands in the published document before it signs: twice as long as anybody may
/// keep that document (`max-age=60`).
pub const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_secs(120);

/// How long a key verifies after its last signature: the longest life that an access token may
/// have, and the leeway of clocks. With [`PUBLISHED_BEFORE`] two keys stand beside each other for
/// longer than any token lives and any document is kept.
pub const VERIFIES_AFTER: SignedDuration = SignedDuration::from_secs(15 * 60 + 10);

/// Where a key stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyLife {
    /// Published, and nothing says when it will sign.
    Waits,
    /// Published; signs from then on.
    Starts {
        /// When.
        at: Timestamp,
    },
    /// Signs.
    Signs,
    /// Signs no more; its tokens still verify.
    Verifies {
        /// Until when.
        until: Timestamp,
    },
    /// Its last token has ended: it is published no more, and verifies nothing.
    Ended,
}

impl KeyLife {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waits => "waits",
            Self::Starts { .. } => "starts",
            Self::Signs => "signs",
            Self::Verifies { .. } => "verifies",
            Self::Ended => "ended",
        }
    }

    /// The lives of a ring's keys, which are given by when each is to sign, in the order of their
    /// making. When all are to sign later, the first of them signs already: there is always one.
    pub fn of_ring(signs_from: &[Option<Timestamp>], now: Timestamp) -> Vec<Self> {
        let order = |index: &usize| (signs_from.get(*index).copied().flatten(), *index);
        let mut scheduled: Vec<usize> = (0..signs_from.len())
            .filter(|index| order(index).0.is_some())
            .collect();
        scheduled.sort_by_key(order);
        let started = |index: &&usize| order(index).0.is_some_and(|from| from <= now);
        let signer = scheduled
            .iter()
            .rev()
            .find(started)
            .or(scheduled.first())
            .copied();
        let one = |index: usize| {
            let Some(from) = order(&index).0 else {
                return Self::Waits;
            };
            if Some(index) == signer {
                return Self::Signs;
            }
            if from > now {
                return Self::Starts { at: from };
            }
            let next = scheduled
                .iter()
                .position(|one| *one == index)
                .and_then(|place| order(scheduled.get(place + 1)?).0);
            let until = next.and_then(|next| next.checked_add(VERIFIES_AFTER).ok());
            match until {
                Some(until) if now < until => Self::Verifies { until },
                _ => Self::Ended,
            }
        };
        (0..signs_from.len()).map(one).collect()
    }

    /// From when on each key of a ring may have signed a token: `None` for one that waits, and the
    /// beginning of time for the first.
    pub fn begins(signs_from: &[Option<Timestamp>]) -> Vec<Option<Timestamp>> {
        let order = |index: usize| (signs_from.get(index).copied().flatten(), index);
        let scheduled = (0..signs_from.len()).filter(|index| order(*index).0.is_some());
        let first = scheduled.min_by_key(|index| order(*index));
        let keys = signs_from.iter().enumerate();
        keys.map(|(index, from)| {
            if Some(index) == first {
                Some(Timestamp::MIN)
            } else {
                *from
            }
        })
        .collect()
    }

    /// When each key of a ring ends, as far as that is settled: the one after it has its time.
    pub fn ends(signs_from: &[Option<Timestamp>]) -> Vec<Option<Timestamp>> {
        let mut starts: Vec<_> = signs_from
            .iter()
            .enumerate()
            .filter_map(|(index, from)| Some(((*from)?, index)))
            .collect();
        starts.sort_unstable();
        let mut ends = vec![None; signs_from.len()];
        for (one, next) in starts.iter().zip(starts.iter().skip(1)) {
            if let Some(end) = ends.get_mut(one.1) {
                *end = next.0.checked_add(VERIFIES_AFTER).ok();
            }
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("an instant")
    }

    fn lives(ring: &[Option<i64>], now: i64) -> Vec<KeyLife> {
        let ring: Vec<_> = ring.iter().map(|from| from.map(at)).collect();
        KeyLife::of_ring(&ring, at(now))
    }

    #[test]
    fn a_rotation_goes_from_published_over_signing_to_gone() {
        use KeyLife::{Ended, Signs, Starts, Verifies, Waits};
        let ring = [Some(0), Some(1000)];
        let after = VERIFIES_AFTER.as_secs();
        let until = at(1000 + after);
        for (now, expected) in [
            (0, [Signs, Starts { at: at(1000) }]),
            (999, [Signs, Starts { at: at(1000) }]),
            (1000, [Verifies { until }, Signs]),
            (1000 + after - 1, [Verifies { until }, Signs]),
            (1000 + after, [Ended, Signs]),
            (1_000_000, [Ended, Signs]),
            // A clock that was set back finds a key that signs.
            (-5, [Signs, Starts { at: at(1000) }]),
        ] {
            assert_eq!(lives(&ring, now), expected, "{now}");
        }
        assert_eq!(lives(&[Some(0), None], 500), [Signs, Waits]);
        assert_eq!(lives(&[], 0), []);
    }

    #[test]
    fn there_is_one_signer_whatever_the_times() {
        let times = [None, Some(0), Some(10), Some(20)];
        for a in times {
            for b in times {
                for c in times {
                    for now in [-1, 0, 5, 10, 15, 20, 2_000] {
                        let signers = lives(&[a, b, c], now)
                            .into_iter()
                            .filter(|life| *life == KeyLife::Signs)
                            .count();
                        let any = [a, b, c].iter().any(Option::is_some);
                        assert_eq!(signers, usize::from(any), "{a:?} {b:?} {c:?} at {now}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_key_ends_when_the_tokens_it_signed_before_its_follower_have() {
        let ring = [Some(at(0)), None, Some(at(100)), Some(at(50))];
        let end = |second| at(second).checked_add(VERIFIES_AFTER).ok();
        assert_eq!(KeyLife::ends(&ring), [end(50), None, None, end(100)]);
    }

    #[test]
    fn a_key_begins_when_its_time_comes_and_the_first_was_always_there() {
        let ring = [Some(at(70)), None, Some(at(100)), Some(at(50))];
        let begins = [Some(at(70)), None, Some(at(100)), Some(Timestamp::MIN)];
        assert_eq!(KeyLife::begins(&ring), begins);
        assert_eq!(KeyLife::begins(&[None]), [None]);
    }
}
