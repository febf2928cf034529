//! That a record lies in a log, shown without the others: the batch that it became durable with, as
//! hashes, between two values of the leaf chain. Whoever has the log, or a copy of it that was made
//! at any time since, sees whether it says so.

use std::collections::BTreeSet;
use std::path::Path;

use crypto::{base64url, from_base64url};
use serde::{Deserialize, Serialize};

use crate::reader::StoredRecord;
use crate::wal::batch::Batch;
use crate::wal::head::{Applied, join, leaf};
use crate::walk::{ReadProblem, Step, Walk};

/// The place of a record. It tells nothing of the other records but how many there are beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The label of its log.
    pub log: String,
    /// Its index in that log, from 0.
    pub index: u64,
    /// The number of its batch.
    pub batch: u64,
    /// The leaf chain before the batch, base64url, as all hashes here.
    before: String,
    /// Each record of the batch, in order: the number of its log, and its leaf hash.
    leaves: Vec<(u32, String)>,
    /// Which of them it is, from 0.
    place: usize,
    /// The leaf chain after the batch, which its commit says.
    after: String,
}

/// What a log says to a proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upheld {
    /// It has the batch as the proof says.
    Yes,
    /// It has another batch of that number.
    No,
    /// It has no batch of that number.
    NoBatch,
}

impl Proof {
    /// Whether it is the proof of a record, by its bytes as they were stored, and leads from the
    /// one value of the chain to the other.
    pub fn is_of(&self, record: &[u8]) -> bool {
        let is_leaf = |(_, hash): &(u32, String)| hash_of(hash) == Some(leaf(&[record]));
        self.leaves.get(self.place).is_some_and(is_leaf) && self.leads()
    }

    fn leads(&self) -> bool {
        let mut chain = hash_of(&self.before);
        for (log, hash) in &self.leaves {
            let link = chain.zip(hash_of(hash));
            chain = link.map(|(chain, hash)| join(&chain, *log, &hash));
        }
        chain.is_some() && chain == hash_of(&self.after)
    }
}

fn hash_of(text: &str) -> Option<[u8; 32]> {
    from_base64url(text)?.try_into().ok()
}

/// A batch, with the leaf chain before it.
type Linked = ([u8; 32], Box<Batch>, Applied);

/// A directory's batches with the leaf chain before each.
struct Batches {
    walk: Walk,
    chain: [u8; 32],
}

impl Batches {
    fn of(dir: &Path) -> Result<Self, ReadProblem> {
        let walk = Walk::begin(dir)?;
        let chain = [0; 32];
        Ok(Self { walk, chain })
    }

    /// The next batch; ends with the first problem, for nothing behind it is believed.
    fn next(&mut self) -> Result<Option<Linked>, ReadProblem> {
        loop {
            match self.walk.step()? {
                Some(Step::Batch(batch, applied)) => {
                    let before = std::mem::replace(&mut self.chain, batch.commit.chain);
                    return Ok(Some((before, batch, applied)));
                }
                Some(Step::Segment(header)) => self.chain = header.head.chain,
                Some(Step::Torn { .. }) => {}
                Some(Step::Problem(finding)) => return Err(ReadProblem::Corrupt(finding)),
                None => return Ok(None),
            }
        }
    }
}

/// The records of a log at these indexes, each with its proof, in their order.
pub fn prove(
    dir: &Path,
    log: &str,
    indexes: &BTreeSet<u64>,
) -> Result<Vec<(StoredRecord, Proof)>, ReadProblem> {
    let mut proved = Vec::with_capacity(indexes.len());
    let mut batches = Batches::of(dir)?;
    while proved.len() < indexes.len() {
        let Some((before, batch, applied)) = batches.next()? else {
            break;
        };
        for (place, entry) in applied.entries.iter().enumerate() {
            if !indexes.contains(&entry.index) || batches.walk.label(entry.log) != log {
                continue;
            }
            let payload = batch.bytes.get(entry.payload.clone());
            let record = StoredRecord {
                log: log.to_owned(),
                index: entry.index,
                json: payload.unwrap_or_default().to_vec(),
            };
            let proof = Proof {
                log: log.to_owned(),
                index: entry.index,
                batch: batch.commit.batch,
                before: base64url(&before),
                leaves: leaves(&batch, &applied),
                place,
                after: base64url(&batch.commit.chain),
            };
            proved.push((record, proof));
        }
    }
    Ok(proved)
}

fn leaves(batch: &Batch, applied: &Applied) -> Vec<(u32, String)> {
    let hashes = applied.entries.iter().map(|entry| {
        let payload = batch.bytes.get(entry.payload.clone()).unwrap_or_default();
        (entry.log, base64url(&leaf(&[payload])))
    });
    hashes.collect()
}

/// What the log of a directory, or of a copy of it, says to a proof: whether just these records
/// became durable together there, behind the same others.
pub fn upheld(dir: &Path, proof: &Proof) -> Result<Upheld, ReadProblem> {
    let mut batches = Batches::of(dir)?;
    while let Some((before, batch, applied)) = batches.next()? {
        if batch.commit.batch != proof.batch {
            continue;
        }
        let entry = applied.entries.get(proof.place);
        let is_there = entry.is_some_and(|entry| {
            entry.index == proof.index && batches.walk.label(entry.log) == proof.log
        });
        let is_same = is_there
            && base64url(&before) == proof.before
            && base64url(&batch.commit.chain) == proof.after
            && leaves(&batch, &applied) == proof.leaves;
        return Ok(if is_same { Upheld::Yes } else { Upheld::No });
    }
    Ok(Upheld::NoBatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Room, access, bank, segments};
    use crate::{Audit, read};

    async fn record(audit: &Audit, numbers: std::ops::Range<u8>) {
        for number in numbers {
            let entries = ["harbour", "tidewater"].map(|id| {
                let entry = access(bank(id), Some("swiftride"), number);
                audit.log().record(entry)
            });
            for entry in entries {
                entry.await.expect("a log");
            }
        }
    }

    #[tokio::test]
    async fn each_record_has_a_proof_and_a_proof_is_of_no_other() {
        let room = Room::new(16 << 10);
        let audit = room.open();
        record(&audit, 0..60).await;
        audit.close();
        let dir = room.dir.path();
        let log = "bank/harbour";
        let all: Vec<_> = read(dir)
            .expect("a log")
            .map(|record| record.expect("a record"))
            .filter(|record| record.log == log)
            .collect();
        let proved = prove(dir, log, &(0..60).collect()).expect("a log");
        assert_eq!(proved.len(), 60);
        for ((record, proof), stored) in proved.iter().zip(&all) {
            assert_eq!(record, stored);
            assert!(proof.is_of(&record.json), "{proof:?}");
            assert_eq!(upheld(dir, proof).expect("a log"), Upheld::Yes);
            let text = serde_json::to_string(proof).expect("JSON");
            let read: Proof = serde_json::from_str(&text).expect("a proof");
            assert_eq!(read, *proof);
        }
        let (record, proof) = &proved[30];
        assert!(!proof.is_of(&proved[31].0.json));
        let mut changed = record.json.clone();
        changed[20] ^= 1;
        assert!(!proof.is_of(&changed));
        for wrong in [
            Proof {
                before: proof.after.clone(),
                ..proof.clone()
            },
            Proof {
                after: proof.before.clone(),
                ..proof.clone()
            },
            Proof {
                place: 99,
                ..proof.clone()
            },
            Proof {
                leaves: Vec::new(),
                ..proof.clone()
            },
        ] {
            assert!(!wrong.is_of(&record.json), "{wrong:?}");
            assert_eq!(upheld(dir, &wrong).expect("a log"), Upheld::No);
        }
        let other = Proof {
            index: 31,
            ..proof.clone()
        };
        assert_eq!(upheld(dir, &other).expect("a log"), Upheld::No);
        let later = Proof {
            batch: 10_000,
            ..proof.clone()
        };
        assert_eq!(upheld(dir, &later).expect("a log"), Upheld::NoBatch);
        assert!(
            prove(dir, "bank/nobody", &[1].into())
                .expect("a log")
                .is_empty()
        );
    }

    #[tokio::test]
    async fn a_log_that_was_written_anew_upholds_no_proof_of_before() {
        let (room, other) = (Room::new(64 << 10), Room::new(64 << 10));
        let mut proofs = Vec::new();
        for (room, first) in [(&room, 0), (&other, 1)] {
            let audit = room.open();
            record(&audit, first..first + 9).await;
            audit.close();
            assert_eq!(segments(room.dir.path()).len(), 1);
            proofs.extend(prove(room.dir.path(), "bank/harbour", &[5].into()).expect("a log"));
        }
        let [(_, proof), _] = proofs.as_slice() else {
            panic!("{proofs:?}")
        };
        assert_eq!(upheld(other.dir.path(), proof).expect("a log"), Upheld::No);
    }
}
