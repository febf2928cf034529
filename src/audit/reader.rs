//! The records of a directory, one after the other, as they were stored.

use std::collections::VecDeque;
use std::path::Path;

use crate::walk::{ReadProblem, Step, Walk};

/// A record as it lies in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// The label of its log: `house` or `bank/ID`.
    pub log: String,
    /// Its index in that log, from 0.
    pub index: u64,
    /// Its bytes: one JSON object, exactly as hashed.
    pub json: Vec<u8>,
}

/// Reads all durable records in the order they were written, lazily: a batch at a time. Works on
/// the directory of a running node; an unfinished last batch is not read. The iterator ends with
/// the first error: nothing behind a broken place is believed.
pub fn read(dir: &Path) -> Result<Records, ReadProblem> {
    Ok(Records {
        walk: Some(Walk::begin(dir)?),
        ready: VecDeque::new(),
    })
}

/// The iterator of [`read`].
#[derive(Debug)]
pub struct Records {
    walk: Option<Walk>,
    ready: VecDeque<StoredRecord>,
}

impl Iterator for Records {
    type Item = Result<StoredRecord, ReadProblem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(Ok(record));
            }
            let walk = self.walk.as_mut()?;
            match walk.step() {
                Ok(Some(Step::Batch(batch, applied))) => {
                    for entry in applied.entries {
                        self.ready.push_back(StoredRecord {
                            log: walk.label(entry.log),
                            index: entry.index,
                            json: batch.bytes.get(entry.payload).unwrap_or_default().to_vec(),
                        });
                    }
                }
                Ok(Some(Step::Segment(_) | Step::Torn { .. })) => {}
                Ok(Some(Step::Problem(finding))) => {
                    self.walk = None;
                    return Some(Err(ReadProblem::Corrupt(finding)));
                }
                Ok(None) => self.walk = None,
                Err(problem) => {
                    self.walk = None;
                    return Some(Err(problem));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use proptest::prelude::*;

    use super::*;
    use crate::fixture::{Room, access, bank};
    use crate::verify;
    use crate::wal::head::Head;
    use crate::wal::segment::Header;

    /// The bytes of a closed log of one segment.
    fn segment() -> &'static [u8] {
        static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
        BYTES.get_or_init(|| {
            let room = Room::new(16 << 10);
            let audit = room.open();
            for n in 0..8 {
                audit
                    .log()
                    .queue(access(bank("harbour"), Some("swiftride"), n))
                    .unwrap();
            }
            audit.close();
            let (_, bytes) = room.files().pop_first().unwrap();
            bytes
        })
    }

    /// Reads and verifies these bytes as a log; gives the findings and the errors.
    fn try_all(bytes: &[u8]) -> (usize, usize) {
        let dir = tempfile::TempDir::new().unwrap();
        let folder = dir.path().join("wal");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("0000000000000000.seg"), bytes).unwrap();
        let report = verify(dir.path()).unwrap();
        let errors = read(dir.path()).unwrap().filter(Result::is_err).count();
        (report.findings.len(), errors)
    }

    #[test]
    fn records_come_with_their_log_and_their_index_in_it() {
        let dir = tempfile::TempDir::new().unwrap();
        std::fs::create_dir(dir.path().join("wal")).unwrap();
        std::fs::write(dir.path().join("wal/0000000000000000.seg"), segment()).unwrap();
        let places: Vec<_> = read(dir.path())
            .unwrap()
            .map(|record| record.map(|record| (record.log, record.index)).unwrap())
            .collect();
        let mut expected = vec![("house".to_owned(), 0)];
        expected.extend((0..8).map(|index| ("bank/harbour".to_owned(), index)));
        expected.push(("house".to_owned(), 1));
        assert_eq!(places, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn arbitrary_bytes_never_panic_a_reader(
            bytes in proptest::collection::vec(any::<u8>(), 0..6_000),
        ) {
            let (findings, errors) = try_all(&bytes);
            prop_assert!(findings >= 1 && errors == 1);
        }

        #[test]
        fn arbitrary_bytes_behind_a_valid_header_never_panic_a_reader(
            body in proptest::collection::vec(any::<u8>(), 0..2_000),
            small in proptest::collection::vec(0_u8..4, 0..2_000),
        ) {
            let header = Header {
                ordinal: 0,
                capacity: (4_096 + body.len() + small.len()) as u64,
                node: "node-1".to_owned(),
                head: Head::empty(),
            };
            let (mut bytes, _) = header.to_bytes();
            bytes.extend_from_slice(&small);
            bytes.extend_from_slice(&body);
            try_all(&bytes);
        }

        #[test]
        fn a_log_with_bytes_put_over_it_never_panics_a_reader(
            at in 4_096_usize..7_000,
            over in proptest::collection::vec(any::<u8>(), 1..64),
        ) {
            let mut bytes = segment().to_vec();
            for (to, from) in bytes.iter_mut().skip(at).zip(&over) {
                *to = *from;
            }
            try_all(&bytes);
        }
    }
}
