//! Cost: how much work an expression may be, and how much each step of it is.
//!
//! A step of the walk costs 1; what looks at a text costs 1 more for each 64 bytes of it. The bound
//! that is worked out when a file loads uses the same figures with the longest texts and lists that
//! the types allow, so no evaluation goes beyond it.

/// The most that one expression may cost, worked out from its types.
pub(super) const COST_MAX: u64 = 1_000_000;
/// The bytes of text that are looked at for one.
const BYTES_PER_STEP: u64 = 64;

/// What is left to spend, over all expressions of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    left: u64,
    spent: u64,
}

impl Cost {
    /// So much to spend.
    pub fn new(limit: u64) -> Self {
        Self {
            left: limit,
            spent: 0,
        }
    }

    /// What was spent.
    pub fn spent(&self) -> u64 {
        self.spent
    }

    /// Spends so much, if it is left.
    pub(super) fn spend(&mut self, steps: u64) -> Option<()> {
        self.left = self.left.checked_sub(steps)?;
        self.spent += steps;
        Some(())
    }
}

/// The cost of looking at so many bytes.
pub(super) fn looking(bytes: usize) -> u64 {
    bytes as u64 / BYTES_PER_STEP
}

/// The cost of comparing texts of so many bytes.
pub(super) fn comparing(one: usize, other: usize) -> u64 {
    looking(one.min(other))
}

/// The cost of matching so many bytes against a pattern: each byte against its parts.
pub(super) fn matching(bytes: usize) -> u64 {
    bytes as u64 * 2
}
