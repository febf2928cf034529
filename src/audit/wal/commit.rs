//! The commit frame's payload: it closes a batch and says how the log stands after it.

use crate::wal::cursor;

/// A log as a commit frame, a note or a segment's header tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LogSize {
    /// The log's number in this directory, from 1.
    pub(crate) log: u32,
    /// Its entries so far.
    pub(crate) size: u64,
}

/// What a commit frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    /// The batch's number, dense from 0.
    pub(crate) batch: u64,
    /// The number of its first frame; frames are counted over the whole directory.
    pub(crate) first: u64,
    /// Its frames, without this one.
    pub(crate) count: u32,
    /// CRC-32C over the CRCs of those frames.
    pub(crate) crcs: u32,
    /// The leaf chain after it.
    pub(crate) chain: [u8; 32],
    /// Each log it touched, ascending, with its size after it.
    pub(crate) logs: Vec<LogSize>,
}

impl Commit {
    /// Appends `batch u64 | first u64 | count u32 | crcs u32 | chain 32 | n u32` and per log
    /// `log u32 | size u64 | root`.
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.batch.to_le_bytes());
        out.extend_from_slice(&self.first.to_le_bytes());
        out.extend_from_slice(&self.count.to_le_bytes());
        out.extend_from_slice(&self.crcs.to_le_bytes());
        out.extend_from_slice(&self.chain);
        out.extend_from_slice(&(self.logs.len() as u32).to_le_bytes());
        for log in &self.logs {
            put_size(out, *log);
        }
    }

    /// Reads the payload whole; `None` when it is not of this form.
    pub(crate) fn parse(mut bytes: &[u8]) -> Option<Self> {
        let bytes = &mut bytes;
        let mut commit = Self {
            batch: cursor::take_u64(bytes)?,
            first: cursor::take_u64(bytes)?,
            count: cursor::take_u32(bytes)?,
            crcs: cursor::take_u32(bytes)?,
            chain: cursor::take(bytes)?,
            logs: Vec::new(),
        };
        for _ in 0..cursor::take_u32(bytes)? {
            commit.logs.push(take_size(bytes)?);
        }
        bytes.is_empty().then_some(commit)
    }
}

/// Bytes of a commit's payload that names `logs` logs.
pub(crate) fn payload_bytes(logs: usize) -> usize {
    60 + logs * 13
}

/// Appends `log u32 | size u64 | root`; the root is a length (`u8`), now always 0, for the tree.
pub(crate) fn put_size(out: &mut Vec<u8>, log: LogSize) {
    out.extend_from_slice(&log.log.to_le_bytes());
    out.extend_from_slice(&log.size.to_le_bytes());
    out.push(0);
}

/// Reads what [`put_size`] wrote; a root is refused, for without the tree none can be checked.
pub(crate) fn take_size(bytes: &mut &[u8]) -> Option<LogSize> {
    let log = cursor::take_u32(bytes)?;
    let size = cursor::take_u64(bytes)?;
    (cursor::take_u8(bytes)? == 0).then_some(LogSize { log, size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_reads_back_and_nothing_may_follow_it() {
        let commit = Commit {
            batch: 3,
            first: 40,
            count: 5,
            crcs: 0xdead_beef,
            chain: [9; 32],
            logs: vec![LogSize { log: 1, size: 2 }, LogSize { log: 4, size: 77 }],
        };
        let mut bytes = Vec::new();
        commit.put(&mut bytes);
        assert_eq!(bytes.len(), payload_bytes(2));
        assert_eq!(Commit::parse(&bytes), Some(commit));
        for end in 0..bytes.len() {
            assert_eq!(Commit::parse(&bytes[..end]), None);
        }
        bytes.push(0);
        assert_eq!(Commit::parse(&bytes), None);
    }
}
