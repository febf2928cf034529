//! The life of a signing key: waiting → published → signs → verifies → ended. A function of the
//! ring's times and of now, so that every node, and a node after a restart, says the same.
//!
//! ```text
//!             published before it signs       last token ended
//! old  ──── signs ───────────────────┤ verifies ├─ gone
//! new            ├─ published ───────┼─ signs ──────────────
//!             rotate             signs_from
//! ```
//! One that somebody else may hold is distrusted: from then on it signs and verifies nothing.

use jiff::{SignedDuration, Timestamp};

/// How long a key stands in the published document before it signs: twice as long as anybody may
/// keep that document (`max-age=60`).
pub const PUBLISHED_BEFORE: SignedDuration = SignedDuration::from_secs(120);

/// How long a key verifies after its last signature: the longest life that an access token may
/// have, and the leeway of clocks. With [`PUBLISHED_BEFORE`] two keys stand beside each other for
/// longer than any token lives and any document is kept.
pub const VERIFIES_AFTER: SignedDuration = SignedDuration::from_secs(15 * 60 + 10);

/// What a key's life follows from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyTimes {
    /// When it is to sign; `None` while nothing says so.
    pub signs_from: Option<Timestamp>,
    /// Since when it is distrusted, if it is.
    pub distrusted_at: Option<Timestamp>,
}

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
    /// Somebody else may hold it: it is neither published nor trusted, for ever.
    Distrusted {
        /// Since when.
        since: Timestamp,
    },
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
            Self::Distrusted { .. } => "distrusted",
        }
    }

    /// The lives of a ring's keys, in the order of their making. When all are to sign later, the
    /// first of them signs already: there is always one, as long as one that is trusted has its
    /// time. A distrusted key still ends the one before it.
    pub fn of_ring(ring: &[KeyTimes], now: Timestamp) -> Vec<Self> {
        let times = |index: usize| ring.get(index).copied().unwrap_or_default();
        let order = |index: &usize| (times(*index).signs_from, *index);
        let mut scheduled: Vec<usize> = (0..ring.len())
            .filter(|index| order(index).0.is_some())
            .collect();
        scheduled.sort_by_key(order);
        let is_trusted = |index: &&usize| times(**index).distrusted_at.is_none();
        let started = |index: &&usize| order(index).0.is_some_and(|from| from <= now);
        let mut trusted = scheduled.iter().filter(is_trusted);
        let signer = trusted.clone().rfind(started).or(trusted.next()).copied();
        let one = |index: usize| {
            if let Some(since) = times(index).distrusted_at {
                return Self::Distrusted { since };
            }
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
        (0..ring.len()).map(one).collect()
    }

    /// From when on each key of a ring may have signed a token: `None` for one that waits or is
    /// distrusted, and the beginning of time for the first of the others.
    pub fn begins(ring: &[KeyTimes]) -> Vec<Option<Timestamp>> {
        let from = |times: &KeyTimes| times.signs_from.filter(|_| times.distrusted_at.is_none());
        let scheduled = ring.iter().enumerate();
        let scheduled = scheduled.filter_map(|(index, times)| Some((from(times)?, index)));
        let first = scheduled.min().map(|(_, index)| index);
        let keys = ring.iter().enumerate();
        keys.map(|(index, times)| {
            if Some(index) == first {
                Some(Timestamp::MIN)
            } else {
                from(times)
            }
        })
        .collect()
    }

    /// When each key of a ring ends, as far as that is settled: the one after it has its time.
    pub fn ends(ring: &[KeyTimes]) -> Vec<Option<Timestamp>> {
        let mut starts: Vec<_> = ring
            .iter()
            .enumerate()
            .filter_map(|(index, times)| Some((times.signs_from?, index)))
            .collect();
        starts.sort_unstable();
        let mut ends = vec![None; ring.len()];
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

    fn from(signs_from: Option<Timestamp>) -> KeyTimes {
        KeyTimes {
            signs_from,
            distrusted_at: None,
        }
    }

    fn lives(ring: &[Option<i64>], now: i64) -> Vec<KeyLife> {
        let ring: Vec<_> = ring.iter().map(|second| from(second.map(at))).collect();
        KeyLife::of_ring(&ring, at(now))
    }

    fn distrusted(signs_from: Option<Timestamp>) -> KeyTimes {
        KeyTimes {
            distrusted_at: Some(at(200)),
            ..from(signs_from)
        }
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
        let ring = [Some(at(0)), None, Some(at(100)), Some(at(50))].map(from);
        let end = |second| at(second).checked_add(VERIFIES_AFTER).ok();
        assert_eq!(KeyLife::ends(&ring), [end(50), None, None, end(100)]);
    }

    #[test]
    fn a_key_begins_when_its_time_comes_and_the_first_was_always_there() {
        let ring = [Some(at(70)), None, Some(at(100)), Some(at(50))].map(from);
        let begins = [Some(at(70)), None, Some(at(100)), Some(Timestamp::MIN)];
        assert_eq!(KeyLife::begins(&ring), begins);
        assert_eq!(KeyLife::begins(&[from(None)]), [None]);
    }

    #[test]
    fn a_distrusted_key_never_signs_and_the_one_before_it_ends_no_later_for_it() {
        use KeyLife::{Distrusted, Ended, Signs, Verifies};
        let since = at(200);
        let ring = [
            from(Some(at(0))),
            distrusted(Some(at(100))),
            from(Some(at(200))),
        ];
        let until = at(100 + VERIFIES_AFTER.as_secs());
        for (now, expected) in [
            // Even a clock that was set back does not bring it back.
            (
                150,
                [Signs, Distrusted { since }, KeyLife::Starts { at: at(200) }],
            ),
            (200, [Verifies { until }, Distrusted { since }, Signs]),
            (
                100 + VERIFIES_AFTER.as_secs(),
                [Ended, Distrusted { since }, Signs],
            ),
        ] {
            assert_eq!(KeyLife::of_ring(&ring, at(now)), expected, "{now}");
        }
        let begins = [Some(Timestamp::MIN), None, Some(at(200))];
        assert_eq!(KeyLife::begins(&ring), begins);
        assert_eq!(KeyLife::ends(&ring)[0], Some(until));
        // The only one left is the first, and there was always a first.
        let ring = [distrusted(Some(at(0))), from(Some(at(200)))];
        assert_eq!(KeyLife::of_ring(&ring, at(100))[1], Signs);
        assert_eq!(KeyLife::begins(&ring), [None, Some(Timestamp::MIN)]);
    }
}
