//! The evidence: a write-ahead log per node, durable before an answer leaves (specs/audit.md).
//!
//! **For**: keeping what happened so that no crash loses an answered record and no later edit,
//! deletion or reordering goes unseen. **Doors**: [`Audit::open`] and the port it hands out
//! ([`model::ports::AuditLog`]); [`read`] and [`verify`] for a directory, also one in use;
//! [`Follower`] for what is kept beside the log, and [`Audit::durable`], which it goes by;
//! [`prove`] and [`Proof`] for a record that is shown elsewhere.
//!
//! **How a value goes through**: `record` makes the event's JSON in the caller's task, `queue`
//! puts it into the open group, the one `writer` thread gives it `seq` and `pseq`, `wal/builder`
//! frames it, `wal/append` writes the group with one `pwrite` and one `fdatasync` and turns to the
//! next segment, whose file the thread of `wal/ahead` has made; then the group's waiters are woken
//! together (`outcome`). `recover` runs at start and reads with the same `wal/scan` and `wal/head`
//! that serve readers through `walk`.
//!
//! **On disk**: `DIR/lock` (pid and boot of the owner), `DIR/wal/FIRST_FRAME.seg` (segments),
//! `DIR/wal/next-N.new` (the next one's blocks), `DIR/wal/*.torn` (what a torn tail held). All
//! numbers are little-endian.
//!
//! **Absent on purpose**: Merkle trees, checkpoints, receipts, witnesses and sealed parts (the
//! fields for roots are there and empty); sinks; a reserve for the records of a stop; O_DIRECT
//! reads; retention. Who is told what when evidence cannot be kept: that is the caller's to say.

mod counters;
mod follow;
mod lock;
mod locked;
mod log;
mod metrics;
mod outcome;
mod proof;
mod queue;
mod reader;
mod record;
mod recover;
mod settings;
mod verify;
mod wal;
mod walk;
mod writer;

#[cfg(test)]
mod fixture;

pub use follow::{Durable, Followed, Follower, LogPlace};
pub use log::Audit;
pub use proof::{Proof, Upheld, prove, upheld};
pub use reader::{Records, StoredRecord, read};
pub use recover::OpenFailed;
pub use settings::Settings;
pub use verify::{Report, verify};
pub use walk::{Finding, ReadProblem};
