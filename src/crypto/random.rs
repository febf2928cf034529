//! Randomness as a port: the system's, and a seeded one for tests and sandbox data.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::hash::Sha256;

/// A source of random bytes.
pub trait Random: Send + Sync + fmt::Debug {
    /// Fills the whole slice.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, through AWS-LC (C-07).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes)
            .expect("the system's random generator must work: nothing is safe without it");
    }
}

/// Bytes of one draw of [`DrawnAhead`].
const BLOCK_BYTES: usize = 4_096;

/// Another source, drawn from in blocks: for the ids of requests, where a draw of the system's
/// generator each would cost more than the rest of the id. Keys are not made of it.
pub struct DrawnAhead {
    source: Arc<dyn Random>,
    left: Mutex<Vec<u8>>,
}

impl DrawnAhead {
    /// Draws from this source.
    pub fn new(source: Arc<dyn Random>) -> Self {
        Self {
            source,
            left: Mutex::new(Vec::new()),
        }
    }
}

impl Random for DrawnAhead {
    fn fill(&self, bytes: &mut [u8]) {
        if bytes.len() > BLOCK_BYTES {
            return self.source.fill(bytes);
        }
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if left.len() < bytes.len() {
            left.resize(BLOCK_BYTES, 0);
            self.source.fill(&mut left);
        }
        let rest = left.len() - bytes.len();
        for (to, from) in bytes.iter_mut().zip(left.drain(rest..)) {
            *to = from;
        }
    }
}

impl fmt::Debug for DrawnAhead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DrawnAhead")
    }
}

/// A repeatable stream of bytes that only looks random: for tests and the sandbox's seeded data,
/// never for keys, tokens or nonces. Block `i` is SHA-256 of the seed and `i`.
#[derive(Debug)]
pub struct SeededRandom {
    seed: u64,
    blocks: AtomicU64,
}

impl SeededRandom {
    /// Starts the stream of this seed.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            blocks: AtomicU64::new(0),
        }
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let block = self.blocks.fetch_add(1, Ordering::Relaxed);
            let mut sha256 = Sha256::new();
            sha256.update(b"mortise seeded random");
            sha256.update(&self.seed.to_be_bytes());
            sha256.update(&block.to_be_bytes());
            for (to, from) in chunk.iter_mut().zip(sha256.finish()) {
                *to = from;
            }
        }
    }
}

/// Makes an array of `N` random bytes.
pub fn random_array<const N: usize>(random: &dyn Random) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_one_stream_and_another_seed_another() {
        let (a, b, c) = (
            SeededRandom::new(7),
            SeededRandom::new(7),
            SeededRandom::new(8),
        );
        let first: [u8; 80] = random_array(&a);
        assert_eq!(first, random_array::<80>(&b));
        assert_ne!(first, random_array::<80>(&c));
        assert_ne!(first, random_array::<80>(&a), "the stream goes on");
        assert_ne!(first[..32], first[32..64], "blocks differ");
    }

    #[test]
    fn what_is_drawn_ahead_is_given_out_once() {
        let ahead = DrawnAhead::new(Arc::new(SeededRandom::new(7)));
        let mut seen = std::collections::HashSet::new();
        for _ in 0..2 * BLOCK_BYTES / 26 {
            assert!(seen.insert(random_array::<26>(&ahead)));
        }
        let mut long = vec![0; 2 * BLOCK_BYTES];
        ahead.fill(&mut long);
        assert!(long.iter().any(|byte| *byte != 0));
    }

    #[test]
    fn the_system_fills_to_the_last_byte() {
        let filled = (0..64).any(|_| random_array::<33>(&SystemRandom)[32] != 0);
        assert!(filled);
    }
}
