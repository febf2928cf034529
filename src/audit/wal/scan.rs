//! Reads a segment batch by batch, through a window: never more of it in memory than a batch.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::wal::batch::{BATCH_BYTES_MAX, Batch, FrameAt};
use crate::wal::commit::Commit;
use crate::wal::frame::{FrameHead, HEAD_BYTES, Kind};
use crate::wal::segment::{HEADER_BYTES, Header};

/// The most bytes hashed while a broken tail is searched for commits; beyond, it is no torn tail.
const SEARCH_BYTES_MAX: usize = 64 << 20;
const WINDOW_BYTES: usize = 256 << 10;

/// What comes next in a segment.
#[derive(Debug)]
pub(crate) enum Next {
    Batch(Box<Batch>),
    End(Tail),
}

/// What follows the last batch.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    /// Where the last batch ended.
    pub(crate) offset: u64,
    /// Bytes from there to the last that is not zero: 0 is a clean end.
    pub(crate) bytes: u64,
    /// Why no batch begins there.
    pub(crate) what: &'static str,
    /// Whether a commit of another batch than the next lies in it. A batch is written only after
    /// the one before it is synced, so that is no torn write but damage. The next batch's own
    /// commit may be there: pages reach the disk in any order.
    pub(crate) is_damage: bool,
}

/// A segment being read.
#[derive(Debug)]
pub(crate) struct Scan {
    window: Window,
    offset: u64,
}

impl Scan {
    /// Opens a segment; the inner error says what is wrong with its header.
    pub(crate) fn open(path: &Path) -> io::Result<Result<(Self, Header), &'static str>> {
        let mut window = Window::new(File::open(path)?);
        window.fill(0, HEADER_BYTES)?;
        let header = Header::parse(&window.bytes);
        Ok(header.map(|header| {
            let offset = HEADER_BYTES as u64;
            (Self { window, offset }, header)
        }))
    }

    /// Bytes of the file now.
    pub(crate) fn file_bytes(&self) -> io::Result<u64> {
        Ok(self.window.file.metadata()?.len())
    }

    /// Where the next batch is looked for.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// The next batch is looked for here: a place where one ends.
    pub(crate) fn go_to(&mut self, offset: u64) {
        self.offset = offset;
    }

    /// What is behind the last batch may be another by now.
    pub(crate) fn look_again(&mut self) {
        self.window.forget();
    }

    /// The next batch, which is to bear the number `expected`, or the segment's end.
    pub(crate) fn next(&mut self, expected: u64) -> io::Result<Next> {
        let what = match self.batch()? {
            Ok(batch) => return Ok(self.go_past(batch)),
            Err(what) => what,
        };
        let tail = self.tail(expected, what)?;
        if tail.bytes == 0 {
            return Ok(Next::End(tail));
        }
        // A running node may have finished this batch, and later ones, between the two looks.
        self.window.forget();
        Ok(match self.batch()? {
            Ok(batch) => self.go_past(batch),
            Err(_) => Next::End(tail),
        })
    }

    fn go_past(&mut self, batch: Batch) -> Next {
        self.offset = batch.end;
        Next::Batch(Box::new(batch))
    }

    fn batch(&mut self) -> io::Result<Result<Batch, &'static str>> {
        let start = self.offset;
        let mut bytes = Vec::new();
        let mut frames = Vec::new();
        loop {
            let offset = start + bytes.len() as u64;
            let head = match FrameHead::parse(self.window.at(offset, HEAD_BYTES)?) {
                Ok(head) => head,
                Err(what) => return Ok(Err(what)),
            };
            if bytes.len() + head.frame_bytes() > BATCH_BYTES_MAX {
                return Ok(Err("a batch longer than any may be"));
            }
            let frame = self.window.at(offset, head.frame_bytes())?;
            let payload = match head.payload(frame) {
                Ok(payload) => payload,
                Err(what) => return Ok(Err(what)),
            };
            if head.kind == Kind::Commit {
                let Some(commit) = Commit::parse(payload) else {
                    return Ok(Err("a commit that cannot be read"));
                };
                return Ok(Ok(Batch {
                    bytes,
                    frames,
                    commit,
                    commit_offset: offset,
                    end: offset + head.frame_bytes() as u64,
                }));
            }
            let from = bytes.len() + HEAD_BYTES;
            frames.push(FrameAt {
                kind: head.kind,
                log: head.log,
                crc: head.crc,
                offset,
                payload: from..from + head.length,
            });
            bytes.extend_from_slice(frame);
        }
    }

    fn tail(&mut self, expected: u64, what: &'static str) -> io::Result<Tail> {
        let mut tail = Tail {
            offset: self.offset,
            bytes: 0,
            what,
            is_damage: false,
        };
        let mut budget = SEARCH_BYTES_MAX;
        let mut at = self.offset;
        loop {
            let (candidates, read) = {
                let chunk = self.window.at(at, WINDOW_BYTES)?;
                if let Some(last) = chunk.iter().rposition(|byte| *byte != 0) {
                    tail.bytes = at + last as u64 + 1 - self.offset;
                }
                (commits_in(chunk, at), chunk.len())
            };
            for (offset, head) in candidates {
                if tail.is_damage {
                    break;
                }
                let Some(left) = budget.checked_sub(head.frame_bytes()) else {
                    tail.is_damage = true;
                    break;
                };
                budget = left;
                let frame = self.window.at(offset, head.frame_bytes())?;
                let commit = head.payload(frame).ok().and_then(Commit::parse);
                tail.is_damage = commit.is_some_and(|commit| commit.batch != expected);
            }
            if read < WINDOW_BYTES {
                return Ok(tail);
            }
            // The last bytes are looked at again: a head may lie across the edge.
            at += (WINDOW_BYTES - HEAD_BYTES) as u64;
        }
    }
}

/// What may be a commit frame, by its head, in a chunk that begins at `start`. JSON text holds no
/// control characters, so a record's content cannot look like one.
fn commits_in(chunk: &[u8], start: u64) -> Vec<(u64, FrameHead)> {
    if chunk.iter().all(|byte| *byte == 0) {
        return Vec::new();
    }
    chunk
        .windows(HEAD_BYTES)
        .step_by(8)
        .zip((start..).step_by(8))
        .filter_map(|(bytes, offset)| {
            let head = FrameHead::parse(bytes).ok()?;
            (head.kind == Kind::Commit).then_some((offset, head))
        })
        .collect()
}

/// Part of a file in memory.
#[derive(Debug)]
struct Window {
    file: File,
    start: u64,
    bytes: Vec<u8>,
}

impl Window {
    fn new(file: File) -> Self {
        Self {
            file,
            start: 0,
            bytes: Vec::new(),
        }
    }

    fn forget(&mut self) {
        self.bytes.clear();
    }

    /// The `length` bytes at `offset`; fewer where the file ends.
    fn at(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let end = offset.saturating_add(length as u64);
        if offset < self.start || end > self.start.saturating_add(self.bytes.len() as u64) {
            self.fill(offset, length.max(WINDOW_BYTES))?;
        }
        let from = usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        let held = self.bytes.get(from..).unwrap_or_default();
        Ok(held.get(..length).unwrap_or(held))
    }

    fn fill(&mut self, offset: u64, length: usize) -> io::Result<()> {
        self.start = offset;
        self.bytes.resize(length, 0);
        let mut held = 0;
        while let Some(free) = self.bytes.get_mut(held..).filter(|free| !free.is_empty()) {
            match self.file.read_at(free, offset.saturating_add(held as u64)) {
                Ok(0) => break,
                Ok(read) => held += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.bytes.clear();
                    return Err(error);
                }
            }
        }
        self.bytes.truncate(held);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Room, batch_ends};

    #[test]
    fn a_batch_finished_between_two_looks_is_read_and_no_damage() {
        let room = Room::new(16 << 10);
        room.open().close();
        let (path, whole) = room.files().pop_first().unwrap();
        let ends = batch_ends(&path);
        assert_eq!(ends.len(), 4, "opening, start, stop");
        // The reader sees the file before its last two batches were written …
        let mut early = whole.clone();
        early[ends[1] as usize..].fill(0);
        std::fs::write(&path, early).unwrap();
        let (mut scan, header) = Scan::open(&path).unwrap().unwrap();
        let first = header.head.batch;
        assert!(matches!(scan.next(first).unwrap(), Next::Batch(_)));
        // … and looks again when both are there.
        std::fs::write(&path, whole).unwrap();
        for batch in [first + 1, first + 2] {
            let next = scan.next(batch).unwrap();
            assert!(
                matches!(&next, Next::Batch(read) if read.commit.batch == batch),
                "{next:?}"
            );
        }
        assert!(matches!(scan.next(first + 3).unwrap(), Next::End(tail) if tail.bytes == 0));
    }
}
