//! Reads the log on, batch by batch, while it grows: only what is durable, and from where it was
//! read to before. For whoever keeps something that the log tells of beside it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::reader::StoredRecord;
use crate::wal::batch::Batch;
use crate::wal::frame::Kind;
use crate::wal::head::link;
use crate::wal::note::Note;
use crate::wal::scan::{Next, Scan};
use crate::wal::segment::{self, file_name};
use crate::walk::{Finding, ReadProblem};

/// How far an open log is durable. Clones tell of the same log.
#[derive(Debug, Clone, Default)]
pub struct Durable(Arc<AtomicU64>);

impl Durable {
    /// All batches below this number are durable from now on.
    pub(crate) fn reach(&self, batches: u64) {
        self.0.store(batches, Ordering::Release);
    }

    fn batches(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// Where a batch begins. A later one is greater.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogPlace {
    /// The segment's file name.
    pub segment: String,
    /// Where in it, in bytes.
    pub offset: u64,
}

/// A batch that was read.
#[derive(Debug)]
pub struct Followed {
    /// Where it begins.
    pub place: LogPlace,
    /// The records of the wanted logs in it, in their order.
    pub records: Vec<StoredRecord>,
}

/// Reads a log of which some are wanted.
#[derive(Debug)]
pub struct Follower {
    folder: PathBuf,
    wanted: Vec<String>,
    /// Where to begin; `None`: with the first segment.
    from: Option<LogPlace>,
    at: Option<At>,
    /// The batches below this number are known to be durable.
    bound: u64,
}

/// Where it reads.
#[derive(Debug)]
struct At {
    segment: String,
    scan: Scan,
    /// The number of the next batch; `None` where one is found in the midst of a segment.
    next: Option<u64>,
    /// The number of the next frame, which names the next segment.
    frame: u64,
    /// The leaf chain so far, as far as it is known.
    chain: Option<[u8; 32]>,
    /// The labels of the logs by their numbers.
    labels: BTreeMap<u32, String>,
}

impl Follower {
    /// Reads the log of a directory: the records of the logs with these labels, from a place on.
    /// Where there is no batch at that place, and where its segment does not tell which logs are
    /// wanted, it begins before it: some may be read twice, and none is left out.
    pub fn new(dir: &Path, wanted: Vec<String>, from: Option<LogPlace>) -> Self {
        Self {
            folder: segment::folder(dir),
            wanted,
            from,
            at: None,
            bound: 0,
        }
    }

    /// The next batch of those that are durable; `None` when all of them were read.
    ///
    /// Errors: the disk's; or the log is not as it was written, and nothing more is believed.
    pub fn next(&mut self, durable: &Durable) -> Result<Option<Followed>, ReadProblem> {
        if self.at.is_none() {
            self.at = self.begin()?;
        }
        loop {
            let Some(at) = &mut self.at else {
                return Ok(None);
            };
            if at.next.is_some_and(|next| next >= self.bound) {
                self.bound = durable.batches();
                at.scan.look_again();
                if at.next.is_some_and(|next| next >= self.bound) {
                    return Ok(None);
                }
            }
            let offset = at.scan.offset();
            let path = self.folder.join(&at.segment);
            match at.scan.next(at.next.unwrap_or(0)).map_err(failed(&path))? {
                Next::Batch(batch) => {
                    let records = at.take(&batch, &self.wanted);
                    let segment = at.segment.clone();
                    let place = LogPlace { segment, offset };
                    return match records {
                        Ok(records) => Ok(Some(Followed { place, records })),
                        Err(what) => Err(corrupt(&place, what)),
                    };
                }
                Next::End(tail) if tail.bytes > 0 => {
                    let segment = at.segment.clone();
                    return Err(corrupt(&LogPlace { segment, offset }, tail.what));
                }
                Next::End(_) => {
                    let following = follow(&self.folder, at)?;
                    self.at = Some(following);
                }
            }
        }
    }

    /// Where reading begins; `None` where there is no segment yet.
    fn begin(&mut self) -> Result<Option<At>, ReadProblem> {
        if let Some(from) = self.from.take()
            && let Some(at) = self.resume(&from)?
        {
            return Ok(Some(at));
        }
        let all = segment::list(&self.folder).map_err(failed(&self.folder))?;
        all.first().map(|path| open(path)).transpose()
    }

    /// At this place, or where its segment begins; `None` where there is nothing of the kind.
    fn resume(&self, from: &LogPlace) -> Result<Option<At>, ReadProblem> {
        let path = self.folder.join(&from.segment);
        let is_ours = Path::new(&from.segment).file_name() == Some(from.segment.as_ref());
        if !is_ours || !path.is_file() {
            return Ok(None);
        }
        let mut at = open(&path)?;
        let known: Vec<_> = at.labels.values().collect();
        if !self.wanted.iter().all(|label| known.contains(&label)) {
            return Ok(Some(at));
        }
        let begins = at.scan.offset();
        at.scan.go_to(from.offset);
        let is_there = matches!(at.scan.next(0).map_err(failed(&path))?, Next::Batch(_));
        if is_there {
            (at.next, at.chain) = (None, None);
            at.scan.go_to(from.offset);
        } else {
            at.scan.go_to(begins);
        }
        Ok(Some(at))
    }
}

/// In the segment that follows.
fn follow(folder: &Path, at: &At) -> Result<At, ReadProblem> {
    let next = open(&folder.join(segment::name(at.frame)))?;
    let fits = (at.next, at.frame, at.chain) == (next.next, next.frame, next.chain);
    if fits {
        return Ok(next);
    }
    let place = LogPlace {
        segment: next.segment,
        offset: 0,
    };
    Err(corrupt(&place, "it does not follow the one before it"))
}

impl At {
    /// The wanted records of a batch, which comes next.
    fn take(
        &mut self,
        batch: &Batch,
        wanted: &[String],
    ) -> Result<Vec<StoredRecord>, &'static str> {
        let commit = &batch.commit;
        if self.next.is_some_and(|next| next != commit.batch) {
            return Err("it is another batch than the next");
        }
        let mut sizes = begins(batch).ok_or("the commit is of other records")?;
        let (mut records, mut chain, mut crcs) = (Vec::new(), self.chain, 0);
        for frame in &batch.frames {
            crcs = crc32c::crc32c_append(crcs, &frame.crc.to_le_bytes());
            let payload = batch.bytes.get(frame.payload.clone()).unwrap_or_default();
            if frame.kind != Kind::Entry {
                self.note(payload);
                continue;
            }
            chain = chain.map(|chain| link(&chain, frame.log, &[payload]));
            let size = sizes.entry(frame.log).or_default();
            let index = *size;
            *size = size.saturating_add(1);
            let label = self.labels.get(&frame.log);
            if let Some(label) = label.filter(|label| wanted.contains(label)) {
                records.push(StoredRecord {
                    log: label.clone(),
                    index,
                    json: payload.to_vec(),
                });
            }
        }
        if commit.crcs != crcs || commit.count as usize != batch.frames.len() {
            return Err("the frames are not those that were committed");
        }
        if chain.is_some_and(|chain| chain != commit.chain) {
            return Err("the leaf chain is broken");
        }
        self.chain = Some(commit.chain);
        self.next = Some(commit.batch.saturating_add(1));
        let frames = u64::from(commit.count).saturating_add(1);
        self.frame = commit.first.saturating_add(frames);
        Ok(records)
    }

    /// A log begins, or the header had no room for it.
    fn note(&mut self, payload: &[u8]) {
        if let Some(Note::Log { size, origin }) = Note::parse(payload) {
            self.labels.insert(size.log, origin);
        }
    }
}

/// How many records each log had before a batch, by what its commit says they have after it.
fn begins(batch: &Batch) -> Option<BTreeMap<u32, u64>> {
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    for frame in batch.frames.iter().filter(|one| one.kind == Kind::Entry) {
        *counts.entry(frame.log).or_default() += 1;
    }
    let logs = batch.commit.logs.iter();
    let before = logs.map(|its| {
        let count = counts.remove(&its.log)?;
        Some((its.log, its.size.checked_sub(count)?))
    });
    let before = before.collect::<Option<_>>()?;
    counts.is_empty().then_some(before)
}

/// A segment, at its first batch.
fn open(path: &Path) -> Result<At, ReadProblem> {
    let segment = file_name(path);
    let opened = Scan::open(path).map_err(failed(path))?;
    let (scan, header) = opened.map_err(|what| {
        let segment = segment.clone();
        corrupt(&LogPlace { segment, offset: 0 }, what)
    })?;
    let logs = (1..).zip(&header.head.logs);
    Ok(At {
        segment,
        scan,
        next: Some(header.head.batch),
        frame: header.head.frame,
        chain: Some(header.head.chain),
        labels: logs.map(|(log, its)| (log, its.origin.clone())).collect(),
    })
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> ReadProblem {
    let path = path.to_owned();
    move |source| ReadProblem::Io { path, source }
}

fn corrupt(place: &LogPlace, what: &str) -> ReadProblem {
    ReadProblem::Corrupt(Finding {
        segment: place.segment.clone(),
        offset: place.offset,
        what: what.to_owned(),
    })
}

#[cfg(test)]
mod tests;
