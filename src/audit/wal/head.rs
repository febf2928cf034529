//! Where the log stands after its last commit; the same rules for writing, recovery and reading.

use std::collections::BTreeMap;
use std::ops::Range;

use crypto::{Sha256, sha256};

use crate::wal::batch::Batch;
use crate::wal::commit::{Commit, LogSize};
use crate::wal::frame::Kind;
use crate::wal::note::Note;

/// A log known to the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Log {
    /// Its origin; in this form its label.
    pub(crate) origin: String,
    /// Its entries so far.
    pub(crate) size: u64,
}

/// Where the log stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    /// The number of the next frame.
    pub(crate) frame: u64,
    /// The number of the next batch.
    pub(crate) batch: u64,
    /// The leaf chain.
    pub(crate) chain: [u8; 32],
    /// The logs; log 1 stands first.
    pub(crate) logs: Vec<Log>,
    /// How many logs there were when the segment was opened: notes may bring those with a size.
    pub(crate) declared: u32,
}

/// A batch does not fit what stood before it, though its frames are valid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misfit {
    pub(crate) offset: u64,
    pub(crate) what: String,
}

/// What a batch brought.
#[derive(Debug, Default)]
pub(crate) struct Applied {
    pub(crate) entries: Vec<Placed>,
    pub(crate) partners: Vec<(u32, Vec<(String, u64)>)>,
}

/// An entry with its place.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) log: u32,
    /// Its index in its log, from 0.
    pub(crate) index: u64,
    /// The frame's place in the segment.
    pub(crate) offset: u64,
    /// Its bytes in [`Batch::bytes`].
    pub(crate) payload: Range<usize>,
}

impl Head {
    /// The beginning: nothing written.
    pub(crate) fn empty() -> Self {
        Self {
            frame: 0,
            batch: 0,
            chain: [0; 32],
            logs: Vec::new(),
            declared: 0,
        }
    }

    /// The log of this number.
    pub(crate) fn log(&self, log: u32) -> Option<&Log> {
        self.logs.get((log as usize).checked_sub(1)?)
    }

    /// The log of this number, to count in.
    pub(crate) fn log_mut(&mut self, log: u32) -> Option<&mut Log> {
        self.logs.get_mut((log as usize).checked_sub(1)?)
    }

    /// Checks a batch against this head and goes to the head after it; on error nothing changed.
    pub(crate) fn apply(&mut self, batch: &Batch) -> Result<Applied, Misfit> {
        let mut next = Draft {
            head: self,
            chain: self.chain,
            fresh: Vec::new(),
            touched: BTreeMap::new(),
            applied: Applied::default(),
            crcs: 0,
        };
        for frame in &batch.frames {
            next.crcs = crc32c::crc32c_append(next.crcs, &frame.crc.to_le_bytes());
            let payload = batch.bytes.get(frame.payload.clone()).unwrap_or_default();
            let taken = match frame.kind {
                Kind::Entry => next.entry(frame.log, frame.offset, &frame.payload, payload),
                Kind::Note | Kind::Commit => next.note(payload),
            };
            taken.map_err(|what| Misfit {
                offset: frame.offset,
                what,
            })?;
        }
        next.fits(&batch.commit, batch.frames.len())
            .map_err(|what| Misfit {
                offset: batch.commit_offset,
                what,
            })?;
        let Draft {
            fresh,
            touched,
            applied,
            ..
        } = next;
        self.logs.extend(fresh);
        self.go_to(&batch.commit, touched);
        Ok(applied)
    }

    /// Believes a commit that did not fit, so that reading can go on after the finding.
    pub(crate) fn resync(&mut self, commit: &Commit) {
        let sizes = commit.logs.iter().map(|log| (log.log, log.size)).collect();
        self.go_to(commit, sizes);
    }

    fn go_to(&mut self, commit: &Commit, sizes: BTreeMap<u32, u64>) {
        for (number, size) in sizes {
            if let Some(log) = self.log_mut(number) {
                log.size = size;
            }
        }
        self.frame = commit
            .first
            .saturating_add(u64::from(commit.count))
            .saturating_add(1);
        self.batch = commit.batch.saturating_add(1);
        self.chain = commit.chain;
    }
}

/// The leaf chain after one more entry: SHA-256(chain ‖ log ‖ SHA-256(0x00 ‖ entry)). The inner
/// hash is RFC 6962's leaf hash; the log's number keeps an entry in its log.
pub(crate) fn link(chain: &[u8; 32], log: u32, parts: &[&[u8]]) -> [u8; 32] {
    join(chain, log, &leaf(parts))
}

/// The hash of an entry, which lies in parts.
pub(crate) fn leaf(parts: &[&[u8]]) -> [u8; 32] {
    let mut leaf = Sha256::new();
    leaf.update(&[0]);
    for part in parts {
        leaf.update(part);
    }
    leaf.finish()
}

/// The leaf chain after one more entry of this hash.
pub(crate) fn join(chain: &[u8; 32], log: u32, leaf: &[u8; 32]) -> [u8; 32] {
    let mut next = [0; 68];
    let (before, rest) = next.split_at_mut(32);
    let (number, after) = rest.split_at_mut(4);
    before.copy_from_slice(chain);
    number.copy_from_slice(&log.to_le_bytes());
    after.copy_from_slice(leaf);
    sha256(&next)
}

/// A head on its way to the next.
struct Draft<'a> {
    head: &'a Head,
    chain: [u8; 32],
    fresh: Vec<Log>,
    touched: BTreeMap<u32, u64>,
    applied: Applied,
    crcs: u32,
}

impl Draft<'_> {
    fn known(&self, number: u32) -> Option<&Log> {
        let at = (number as usize).checked_sub(1)?;
        let old = self.head.logs.len();
        self.head
            .logs
            .get(at)
            .or_else(|| self.fresh.get(at.checked_sub(old)?))
    }

    fn entry(
        &mut self,
        log: u32,
        offset: u64,
        place: &Range<usize>,
        payload: &[u8],
    ) -> Result<(), String> {
        let before = self
            .known(log)
            .map(|known| known.size)
            .ok_or_else(|| format!("an entry of log {log}, which was never introduced"))?;
        let size = self.touched.entry(log).or_insert(before);
        self.applied.entries.push(Placed {
            log,
            index: *size,
            offset,
            payload: place.clone(),
        });
        *size = size.saturating_add(1);
        self.chain = link(&self.chain, log, &[payload]);
        Ok(())
    }

    fn note(&mut self, payload: &[u8]) -> Result<(), String> {
        match Note::parse(payload).ok_or("an unknown note")? {
            Note::Partners { log, counts } => {
                self.known(log)
                    .ok_or_else(|| format!("a note on log {log}, which was never introduced"))?;
                self.applied.partners.push((log, counts));
                Ok(())
            }
            Note::Log { size, origin } => self.introduce(size, origin),
        }
    }

    fn introduce(&mut self, LogSize { log, size }: LogSize, origin: String) -> Result<(), String> {
        if let Some(known) = self.known(log) {
            return if known.origin == origin && known.size == size {
                Ok(())
            } else {
                Err(format!("a note that changes log {log} ({})", known.origin))
            };
        }
        let next = self.head.logs.len() + self.fresh.len() + 1;
        if log as usize != next || (size > 0 && log > self.head.declared) {
            return Err(format!("log {log} is introduced out of turn"));
        }
        self.fresh.push(Log { origin, size });
        Ok(())
    }

    fn fits(&self, commit: &Commit, frames: usize) -> Result<(), String> {
        let expected = |what: &str, is: u64, should: u64| {
            if is == should {
                Ok(())
            } else {
                Err(format!("the commit says {what} {is}, not {should}"))
            }
        };
        expected("batch", commit.batch, self.head.batch)?;
        expected("first frame", commit.first, self.head.frame)?;
        expected("frames", u64::from(commit.count), frames as u64)?;
        if commit.crcs != self.crcs {
            return Err("the frames are not those that were committed".to_owned());
        }
        if commit.chain != self.chain {
            return Err("the leaf chain is broken".to_owned());
        }
        let sizes = self
            .touched
            .iter()
            .map(|(log, size)| (*log, *size))
            .eq(commit.logs.iter().map(|log| (log.log, log.size)));
        if sizes {
            Ok(())
        } else {
            Err("the sizes of the logs do not fit".to_owned())
        }
    }
}
