//! Reads a whole log and names everything that is not as it was written (specs/audit.md §8).

use std::path::Path;

use crate::counters::{Counters, Facts};
use crate::wal::batch::Batch;
use crate::wal::head::Applied;
use crate::walk::{Finding, ReadProblem, Step, Walk};

/// The most findings gathered; a log with so many needs no more.
const FINDINGS_MAX: usize = 1_000;

/// What a verification saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Records read and found whole. None read is for the caller to call not clean.
    pub records: u64,
    /// Batches read and found whole.
    pub batches: u64,
    /// Segments with a valid header.
    pub segments: u64,
    /// Each log's label and number of records.
    pub logs: Vec<(String, u64)>,
    /// Bytes behind the last whole batch: unfinished while the node runs, else torn; the next
    /// start saves and cuts them.
    pub torn_tail: Option<u64>,
    /// Starts after a stop that was not orderly.
    pub unclean_starts: u64,
    /// Torn tails that starts have cut.
    pub recoveries: u64,
    /// Records that tell of entries the log could not take.
    pub gaps: u64,
    /// What is not as it was written, at most 1,000.
    pub findings: Vec<Finding>,
}

/// Verifies a directory, also that of a running node: frames and checksums, commit frames, the
/// leaf chain across segments and headers, `seq` dense per boot, `pseq` dense per partner and log,
/// each record readable. It cannot see that the newest records were cut off cleanly, or all was
/// computed anew: that takes a checkpoint held elsewhere (specs/audit.md §4).
pub fn verify(dir: &Path) -> Result<Report, ReadProblem> {
    let mut walk = Walk::begin(dir)?;
    let mut verifier = Verifier::default();
    while verifier.report.findings.len() < FINDINGS_MAX {
        let Some(step) = walk.step()? else {
            break;
        };
        match step {
            Step::Segment(header) => {
                verifier.report.segments += 1;
                verifier.node = header.node;
            }
            Step::Batch(batch, applied) => verifier.batch(&walk.segment(), &batch, applied),
            Step::Torn { bytes } => verifier.report.torn_tail = Some(bytes),
            Step::Problem(finding) => {
                verifier.report.findings.push(finding);
                verifier.counters.lose();
            }
        }
    }
    verifier.report.logs = walk.logs();
    Ok(verifier.report)
}

#[derive(Debug, Default)]
struct Verifier {
    report: Report,
    counters: Counters,
    node: String,
}

impl Verifier {
    fn batch(&mut self, segment: &str, batch: &Batch, applied: Applied) {
        self.report.batches += 1;
        for (log, counts) in applied.partners {
            if let Err(what) = self.counters.note(log, counts) {
                self.find(segment, batch.commit_offset, what);
            }
        }
        for entry in applied.entries {
            let json = batch.bytes.get(entry.payload).unwrap_or_default();
            self.report.records += 1;
            if let Err(what) = self.record(entry.log, json) {
                self.find(segment, entry.offset, what);
            }
        }
    }

    fn record(&mut self, log: u32, json: &[u8]) -> Result<(), String> {
        let facts = Facts::read(json)?;
        match facts.kind.as_ref() {
            "audit.start" if facts.clean != Some(true) => self.report.unclean_starts += 1,
            "audit.recover" => self.report.recoveries += 1,
            "audit.gap" => self.report.gaps += 1,
            _ => {}
        }
        let counted = self.counters.count(log, &facts);
        if facts.node != self.node {
            return Err(format!("a record of node {}", facts.node));
        }
        counted
    }

    fn find(&mut self, segment: &str, offset: u64, what: String) {
        if self.report.findings.len() < FINDINGS_MAX {
            self.report.findings.push(Finding {
                segment: segment.to_owned(),
                offset,
                what,
            });
        }
    }
}

#[cfg(test)]
mod tests;
