//! Builds one batch: frames, then the commit frame that makes them count.

use std::collections::BTreeSet;

use crate::wal::commit::{self, Commit, LogSize};
use crate::wal::frame::{self, Kind};
use crate::wal::head::{Head, Log, link};
use crate::wal::note::Note;

/// Bytes of the frame that introduces a log, at most.
pub(crate) const LOG_NOTE_BYTES_MAX: usize = 304;

/// A batch being built; its buffer is used again for the next.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    bytes: Vec<u8>,
    scratch: Vec<u8>,
    frames: u32,
    crcs: u32,
    touched: BTreeSet<u32>,
}

impl Builder {
    /// The finished bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Frames put since the last commit.
    pub(crate) fn is_open(&self) -> bool {
        self.frames > 0
    }

    /// Forgets the bytes.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.frames = 0;
        self.crcs = 0;
        self.touched.clear();
    }

    /// Introduces a log and gives its number.
    pub(crate) fn introduce(&mut self, head: &mut Head, origin: &str) -> u32 {
        let log = head.logs.len() as u32 + 1;
        self.note(&Note::Log {
            size: LogSize { log, size: 0 },
            origin: origin.to_owned(),
        });
        head.logs.push(Log {
            origin: origin.to_owned(),
            size: 0,
        });
        log
    }

    /// Puts a note.
    pub(crate) fn note(&mut self, note: &Note) {
        let mut payload = std::mem::take(&mut self.scratch);
        payload.clear();
        note.put(&mut payload);
        self.put(Kind::Note, 0, &[&payload]);
        self.scratch = payload;
    }

    /// Puts an entry of a known log, its payload in parts.
    pub(crate) fn entry(&mut self, head: &mut Head, log: u32, parts: &[&[u8]]) {
        self.put(Kind::Entry, log, parts);
        head.chain = link(&head.chain, log, parts);
        if let Some(known) = head.log_mut(log) {
            known.size = known.size.saturating_add(1);
        }
        self.touched.insert(log);
    }

    /// Closes the batch: `head` is then the one after it.
    pub(crate) fn commit(&mut self, head: &mut Head) {
        let commit = Commit {
            batch: head.batch,
            first: head.frame,
            count: self.frames,
            crcs: self.crcs,
            chain: head.chain,
            logs: self
                .touched
                .iter()
                .map(|log| LogSize {
                    log: *log,
                    size: head.log(*log).map_or(0, |known| known.size),
                })
                .collect(),
        };
        self.scratch.clear();
        commit.put(&mut self.scratch);
        frame::put(&mut self.bytes, Kind::Commit, 0, &[&self.scratch]);
        head.frame = head.frame.saturating_add(u64::from(self.frames) + 1);
        head.batch = head.batch.saturating_add(1);
        self.frames = 0;
        self.crcs = 0;
        self.touched.clear();
    }

    fn put(&mut self, kind: Kind, log: u32, parts: &[&[u8]]) {
        let crc = frame::put(&mut self.bytes, kind, log, parts);
        self.crcs = crc32c::crc32c_append(self.crcs, &crc.to_le_bytes());
        self.frames += 1;
    }
}

/// Bytes of a commit frame that names `logs` logs.
pub(crate) fn commit_bytes(logs: usize) -> usize {
    frame::frame_bytes(commit::payload_bytes(logs))
}
