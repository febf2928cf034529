//! Walks over all segments of a directory, also one in use: what readers see, and what is wrong.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::wal::batch::Batch;
use crate::wal::head::{Applied, Head};
use crate::wal::scan::{Next, Scan, Tail};
use crate::wal::segment::{self, Header, file_name};

/// Something in the log that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The segment's file name.
    pub segment: String,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.segment, self.offset, self.what)
    }
}

/// Why a directory cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadProblem {
    /// The disk refused.
    #[error("cannot read {}", path.display())]
    Io {
        /// Which file or folder.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The log is not as it was written; nothing behind this place is believed.
    #[error("the audit log is corrupt: {0}")]
    Corrupt(Finding),
}

/// What a walk comes by.
#[derive(Debug)]
pub(crate) enum Step {
    /// A segment whose header is valid.
    Segment(Box<Header>),
    /// A batch that fits what was before it.
    Batch(Box<Batch>, Applied),
    /// The last segment ends in bytes that are no batch: unfinished, or torn.
    Torn {
        /// How many.
        bytes: u64,
    },
    /// Something is wrong; what comes after is believed anew.
    Problem(Finding),
}

/// A walk.
#[derive(Debug)]
pub(crate) struct Walk {
    left: VecDeque<PathBuf>,
    ordinal: u64,
    current: Option<(PathBuf, Scan)>,
    /// Where the log stands; unknown after a problem, until the next header.
    head: Option<Head>,
    steps: VecDeque<Step>,
}

impl Walk {
    /// A walk over the segments there are now.
    pub(crate) fn begin(dir: &Path) -> Result<Self, ReadProblem> {
        std::fs::read_dir(dir).map_err(unreadable(dir))?;
        let folder = segment::folder(dir);
        let left = segment::list(&folder).map_err(unreadable(&folder))?;
        Ok(Self {
            left: left.into(),
            ordinal: 0,
            current: None,
            head: Some(Head::empty()),
            steps: VecDeque::new(),
        })
    }

    /// The segment being read.
    pub(crate) fn segment(&self) -> String {
        self.current
            .as_ref()
            .map(|(path, _)| file_name(path))
            .unwrap_or_default()
    }

    /// The label of a log.
    pub(crate) fn label(&self, log: u32) -> String {
        self.head
            .as_ref()
            .and_then(|head| head.log(log))
            .map(|log| log.origin.clone())
            .unwrap_or_default()
    }

    /// The logs known at the end, with their sizes.
    pub(crate) fn logs(&self) -> Vec<(String, u64)> {
        let logs = self.head.iter().flat_map(|head| &head.logs);
        logs.map(|log| (log.origin.clone(), log.size)).collect()
    }

    /// The next step; `None` at the end.
    pub(crate) fn step(&mut self) -> Result<Option<Step>, ReadProblem> {
        loop {
            if let Some(step) = self.steps.pop_front() {
                return Ok(Some(step));
            }
            if self.current.is_some() {
                self.advance()?;
            } else if let Some(path) = self.left.pop_front() {
                self.open(path)?;
            } else {
                return Ok(None);
            }
        }
    }

    fn open(&mut self, path: PathBuf) -> Result<(), ReadProblem> {
        let ordinal = self.ordinal;
        self.ordinal += 1;
        let (scan, header) = match Scan::open(&path).map_err(unreadable(&path))? {
            Ok(opened) => opened,
            Err(what) => {
                self.problem(&path, 0, what);
                self.head = None;
                return Ok(());
            }
        };
        if header.ordinal != ordinal {
            let what = format!("this is segment {}, not {ordinal}", header.ordinal);
            self.problem(&path, 0, what);
            self.ordinal = header.ordinal.saturating_add(1);
        }
        if segment::name(header.head.frame) != file_name(&path) {
            self.problem(&path, 0, "the segment bears another's name");
        }
        let file_bytes = scan.file_bytes().map_err(unreadable(&path))?;
        if file_bytes != header.capacity {
            let what = format!("the file has {file_bytes} bytes, not {}", header.capacity);
            self.steps.push_back(Step::Problem(Finding {
                segment: file_name(&path),
                offset: 0,
                what,
            }));
        }
        self.join(&path, &header);
        self.steps.push_back(Step::Segment(Box::new(header)));
        self.current = Some((path, scan));
        Ok(())
    }

    /// Compares where the last segment ended with where this one says it begins.
    fn join(&mut self, path: &Path, header: &Header) {
        let Some(mut head) = self.head.take() else {
            self.head = Some(header.head.clone());
            return;
        };
        let begins = &header.head;
        let fits = head.frame == begins.frame
            && head.batch == begins.batch
            && head.chain == begins.chain
            && head.logs.len() == begins.declared as usize
            && head.logs.starts_with(&begins.logs);
        if fits {
            head.declared = begins.declared;
            self.head = Some(head);
        } else {
            self.problem(path, 0, "the segment does not follow the one before it");
            self.head = Some(begins.clone());
        }
    }

    fn advance(&mut self) -> Result<(), ReadProblem> {
        let Some((path, mut scan)) = self.current.take() else {
            return Ok(());
        };
        let Some(head) = self.head.as_mut() else {
            return Ok(());
        };
        match scan.next(head.batch).map_err(unreadable(&path))? {
            Next::Batch(batch) => {
                match head.apply(&batch) {
                    Ok(applied) => self.steps.push_back(Step::Batch(batch, applied)),
                    Err(misfit) => {
                        head.resync(&batch.commit);
                        self.steps.push_back(Step::Problem(Finding {
                            segment: file_name(&path),
                            offset: misfit.offset,
                            what: misfit.what,
                        }));
                    }
                }
                self.current = Some((path, scan));
            }
            Next::End(tail) => self.end(&path, &tail),
        }
        Ok(())
    }

    fn end(&mut self, path: &Path, tail: &Tail) {
        if tail.bytes == 0 {
            return;
        }
        if tail.is_damage || !self.left.is_empty() {
            self.problem(path, tail.offset, tail.what);
            self.head = None;
        } else {
            self.steps.push_back(Step::Torn { bytes: tail.bytes });
        }
    }

    fn problem(&mut self, path: &Path, offset: u64, what: impl Into<String>) {
        self.steps.push_back(Step::Problem(Finding {
            segment: file_name(path),
            offset,
            what: what.into(),
        }));
    }
}

fn unreadable(path: &Path) -> impl FnOnce(io::Error) -> ReadProblem {
    let path = path.to_owned();
    move |source| ReadProblem::Io { path, source }
}
