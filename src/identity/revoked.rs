//! What was revoked and could still be shown: in memory, asked on every request, changed before the
//! call that revokes is answered (DESIGN §6; RFC 7009 §2).

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;

/// The revoked tokens and grants of a bank. One for each bank; outlives snapshots.
#[derive(Debug, Default)]
pub struct Revoked {
    /// SHA-256 of a token's `jti` or of a grant's id, and until when it is held.
    held: RwLock<HashMap<[u8; 32], Timestamp>>,
    /// How many there are: mostly none, which costs no lock.
    count: AtomicUsize,
    /// At how many those that have ended are forgotten next.
    sweep_at: AtomicUsize,
}

/// At fewer than these nothing is forgotten.
const SWEEP_MIN: usize = 1_024;

impl Revoked {
    /// Holds a digest until an instant, or longer where it was held before. Whoever asks from now
    /// on finds it.
    pub fn hold(&self, digest: [u8; 32], until: Timestamp, now: Timestamp) {
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        let its = held.entry(digest).or_insert(until);
        *its = until.max(*its);
        if held.len() > self.sweep_at.load(Ordering::Relaxed).max(SWEEP_MIN) {
            held.retain(|_, until| *until > now);
            let next = held.len().saturating_mul(2);
            self.sweep_at.store(next, Ordering::Relaxed);
        }
        self.count.store(held.len(), Ordering::Release);
    }

    /// Whether one of these is held.
    pub fn holds(&self, digests: [Option<&[u8; 32]>; 2]) -> bool {
        if self.count.load(Ordering::Acquire) == 0 {
            return false;
        }
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        digests
            .into_iter()
            .flatten()
            .any(|one| held.contains_key(one))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    #[test]
    fn what_is_held_is_found_by_either_name_and_nothing_else_is() {
        let revoked = Revoked::default();
        assert!(!revoked.holds([Some(&[1; 32]), None]));
        revoked.hold([1; 32], at(10), at(0));
        assert!(revoked.holds([Some(&[1; 32]), None]));
        assert!(revoked.holds([Some(&[2; 32]), Some(&[1; 32])]));
        assert!(!revoked.holds([Some(&[2; 32]), None]));
        assert!(!revoked.holds([None, None]));
    }

    #[test]
    fn what_has_ended_is_forgotten_when_there_is_much_and_nothing_before_its_end() {
        let revoked = Revoked::default();
        let digest = |number: u64| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&number.to_be_bytes());
            digest
        };
        revoked.hold(digest(0), at(10), at(0));
        revoked.hold(digest(0), at(5), at(0));
        for number in 1..=2_000 {
            revoked.hold(digest(number), at(6), at(0));
        }
        assert!(revoked.holds([Some(&digest(1)), None]));
        for number in 3_000..7_000 {
            revoked.hold(digest(number), at(20), at(7));
        }
        assert!(!revoked.holds([Some(&digest(1)), None]), "it has ended");
        assert!(
            revoked.holds([Some(&digest(0)), None]),
            "the later end counts"
        );
        assert!(revoked.holds([Some(&digest(3_000)), None]));
    }
}
