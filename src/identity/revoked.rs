//! What was revoked and could still be shown: in memory, asked on every request, changed before the
//! call that revokes is answered (DESIGN §6; RFC 7009 §2).

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

use model::Why;

/// The revoked tokens and grants of a bank. One for each bank; outlives snapshots.
#[derive(Debug, Default)]
pub struct Revoked {
    /// SHA-256 of a token's `jti` or of a grant's id, and how it is held.
    held: RwLock<HashMap<[u8; 32], Held>>,
    /// How many there are: mostly none, which costs no lock.
    count: AtomicUsize,
    /// At how many those that have ended are forgotten next.
    sweep_at: AtomicUsize,
    /// How many marks and doubts there were.
    moments: AtomicU64,
}

/// How a digest is held.
#[derive(Debug, Clone, Copy)]
struct Held {
    until: Timestamp,
    why: Why,
    /// When it came into doubt, in moments; none when it is revoked.
    doubted: Option<u64>,
}

/// A moment in the life of [`Revoked`]; doubts came before it or come after it.
#[derive(Debug, Clone, Copy)]
pub struct Moment(u64);

/// At fewer than these nothing is forgotten.
const SWEEP_MIN: usize = 1_024;

impl Revoked {
    /// Holds a digest until an instant, or longer where it was held before. Whoever asks from now
    /// on finds it, for the first reason that there was.
    pub fn hold(&self, digest: [u8; 32], why: Why, until: Timestamp, now: Timestamp) {
        let doubted = None;
        self.put(
            digest,
            Held {
                until,
                why,
                doubted,
            },
            now,
        );
    }

    /// Holds a digest of which it is not known whether it has ended for this reason, as
    /// [`hold`](Self::hold); what has ended stays so.
    pub fn doubt(&self, digest: [u8; 32], why: Why, until: Timestamp, now: Timestamp) {
        let doubted = Some(self.moment().0);
        self.put(
            digest,
            Held {
                until,
                why,
                doubted,
            },
            now,
        );
    }

    /// This moment.
    pub fn moment(&self) -> Moment {
        Moment(self.moments.fetch_add(1, Ordering::AcqRel))
    }

    /// Holds a digest no more that came into doubt before this moment, and was neither doubted nor
    /// revoked after it.
    pub fn settle(&self, digest: &[u8; 32], before: Moment) {
        if self.count.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let its = held.get(digest).and_then(|its| its.doubted);
        if its.is_some_and(|doubted| doubted < before.0) {
            held.remove(digest);
            self.count.store(held.len(), Ordering::Release);
        }
    }

    fn put(&self, digest: [u8; 32], put: Held, now: Timestamp) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let its = held.entry(digest).or_insert(put);
        its.until = put.until.max(its.until);
        // The reason of a doubt is none that stays.
        if its.doubted.is_some() {
            its.why = put.why;
        }
        // The last doubt counts, and none where it is revoked.
        its.doubted = its.doubted.and(put.doubted);
        if held.len() > self.sweep_at.load(Ordering::Relaxed).max(SWEEP_MIN) {
            held.retain(|_, its| its.until > now);
            let next = held.len().saturating_mul(2);
            self.sweep_at.store(next, Ordering::Relaxed);
        }
        self.count.store(held.len(), Ordering::Release);
    }

    /// Why one of these is held, if one is. What is revoked is so whatever became of its consent.
    pub fn held(&self, digests: [Option<&[u8; 32]>; 2]) -> Option<Why> {
        if self.count.load(Ordering::Acquire) == 0 {
            return None;
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let found = digests.into_iter().flatten();
        let whys = found.filter_map(|one| held.get(one).map(|its| its.why));
        whys.reduce(|first, next| match next {
            Why::Revoked => Why::Revoked,
            Why::Withdrawn | Why::Expired | Why::Superseded => first,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn holds(revoked: &Revoked, digests: [Option<&[u8; 32]>; 2]) -> bool {
        revoked.held(digests).is_some()
    }

    #[test]
    fn the_first_reason_stays_that_is_no_doubts_and_what_is_revoked_is_so_whatever_else() {
        let whys = [Why::Withdrawn, Why::Expired, Why::Superseded];
        for why in whys {
            let revoked = Revoked::default();
            revoked.doubt([1; 32], Why::Revoked, at(10), at(0));
            revoked.doubt([1; 32], why, at(10), at(0));
            assert_eq!(revoked.held([Some(&[1; 32]), None]), Some(why));
        }
        for first in [Why::Revoked].into_iter().chain(whys) {
            for second in whys {
                let revoked = Revoked::default();
                revoked.doubt([1; 32], Why::Revoked, at(10), at(0));
                assert_eq!(revoked.held([Some(&[1; 32]), None]), Some(Why::Revoked));
                revoked.hold([1; 32], first, at(10), at(0));
                revoked.hold([1; 32], second, at(20), at(0));
                revoked.doubt([1; 32], Why::Revoked, at(10), at(0));
                assert_eq!(revoked.held([None, Some(&[1; 32])]), Some(first));
                revoked.settle(&[1; 32], revoked.moment());
                assert_eq!(revoked.held([None, Some(&[1; 32])]), Some(first));
                revoked.hold([2; 32], Why::Revoked, at(10), at(0));
                for both in [[&[1; 32], &[2; 32]], [&[2; 32], &[1; 32]]] {
                    assert_eq!(revoked.held(both.map(Some)), Some(Why::Revoked));
                }
            }
        }
    }

    #[test]
    fn what_is_held_is_found_by_either_name_and_nothing_else_is() {
        let revoked = Revoked::default();
        assert!(!holds(&revoked, [Some(&[1; 32]), None]));
        revoked.hold([1; 32], Why::Revoked, at(10), at(0));
        assert!(holds(&revoked, [Some(&[1; 32]), None]));
        assert!(holds(&revoked, [Some(&[2; 32]), Some(&[1; 32])]));
        assert!(!holds(&revoked, [Some(&[2; 32]), None]));
        assert!(!holds(&revoked, [None, None]));
    }

    #[test]
    fn a_doubt_is_settled_by_what_began_after_it_and_a_revocation_by_nothing() {
        let revoked = Revoked::default();
        let digest = [1; 32];
        let is_held = || holds(&revoked, [Some(&digest), None]);
        let before = revoked.moment();
        revoked.doubt(digest, Why::Revoked, at(10), at(0));
        revoked.settle(&digest, before);
        assert!(is_held(), "it came into doubt after that moment");
        let after = revoked.moment();
        revoked.doubt(digest, Why::Revoked, at(10), at(0));
        revoked.settle(&digest, after);
        assert!(is_held(), "it came into doubt again");
        revoked.settle(&digest, revoked.moment());
        assert!(!is_held());
        for revocation in [
            |revoked: &Revoked| {
                revoked.hold([1; 32], Why::Revoked, at(10), at(0));
                revoked.doubt([1; 32], Why::Revoked, at(10), at(0));
            },
            |revoked: &Revoked| {
                revoked.doubt([1; 32], Why::Revoked, at(10), at(0));
                revoked.hold([1; 32], Why::Revoked, at(10), at(0));
            },
        ] {
            let revoked = Revoked::default();
            revocation(&revoked);
            revoked.settle(&digest, revoked.moment());
            assert!(holds(&revoked, [None, Some(&digest)]), "it is revoked");
        }
    }

    #[test]
    fn what_has_ended_is_forgotten_when_there_is_much_and_nothing_before_its_end() {
        let revoked = Revoked::default();
        let digest = |number: u64| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        revoked.hold(digest(0), Why::Revoked, at(10), at(0));
        revoked.hold(digest(0), Why::Revoked, at(5), at(0));
        for number in 1..=2_000 {
            revoked.hold(digest(number), Why::Revoked, at(6), at(0));
        }
        assert!(holds(&revoked, [Some(&digest(1)), None]));
        for number in 3_000..7_000 {
            revoked.hold(digest(number), Why::Revoked, at(20), at(7));
        }
        assert!(!holds(&revoked, [Some(&digest(1)), None]), "it has ended");
        assert!(
            holds(&revoked, [Some(&digest(0)), None]),
            "the later end counts"
        );
        assert!(holds(&revoked, [Some(&digest(3_000)), None]));
    }
}
