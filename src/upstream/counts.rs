//! What the books say to those who watch: numbers and words, no connection.

use crate::Trouble;

/// The state of an upstream at one moment, and what was counted under its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Requests that hold a place.
    pub in_use: usize,
    /// Requests that wait for one.
    pub waiting: usize,
    /// Connections that are open, used or not.
    pub open: usize,
    /// Of them, those that nobody uses.
    pub idle: usize,
    /// Requests that had to wait for a place, since the start.
    pub waits: u64,
    /// Requests that were sent once more, since the start.
    pub repeats: u64,
    /// How often each trouble was met, since the start; in the order of [`Trouble::ALL`].
    pub troubles: [u64; Trouble::ALL.len()],
}

impl Counts {
    /// How often this was met since the start.
    pub fn met(&self, trouble: Trouble) -> u64 {
        self.troubles
            .get(trouble.index())
            .copied()
            .unwrap_or_default()
    }
}

/// The state of one endpoint at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointCounts {
    /// Requests that hold a place there.
    pub in_use: usize,
    /// Connections that are open.
    pub open: usize,
    /// Whether it takes requests.
    pub standing: Standing,
}

/// Whether an endpoint takes requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Freely.
    InPlay,
    /// None: it rests after failures.
    Resting,
    /// A few, to see whether it is well again: its rest is over.
    OnTrial,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::InPlay, Self::Resting, Self::OnTrial];

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPlay => "in_play",
            Self::Resting => "resting",
            Self::OnTrial => "on_trial",
        }
    }
}
