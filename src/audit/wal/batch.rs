//! A batch as it is read, and how large one may be.

use std::ops::Range;

use crate::wal::commit::Commit;
use crate::wal::frame::Kind;

/// The most payload and frames a group gathers before it is written (specs/audit.md §3).
pub(crate) const GROUP_BYTES_MAX: usize = 1 << 20;
/// The most records in a group.
pub(crate) const GROUP_RECORDS_MAX: usize = 8_192;
/// The most bytes taken for one batch: a full group, its notes and its commit.
pub(crate) const BATCH_BYTES_MAX: usize = 4 << 20;

/// A batch whose frames are all valid. Whether it fits the log is [`crate::wal::head`]'s to say.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The bytes of its frames before the commit.
    pub(crate) bytes: Vec<u8>,
    pub(crate) frames: Vec<FrameAt>,
    pub(crate) commit: Commit,
    pub(crate) commit_offset: u64,
    /// Where the next batch begins.
    pub(crate) end: u64,
}

/// A frame in a batch.
#[derive(Debug)]
pub(crate) struct FrameAt {
    pub(crate) kind: Kind,
    pub(crate) log: u32,
    pub(crate) crc: u32,
    /// Its place in the segment.
    pub(crate) offset: u64,
    /// Its payload in [`Batch::bytes`].
    pub(crate) payload: Range<usize>,
}
