//! Where segments lie, and how the file of a new one is made.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::wal::disk::{Device, Disk, is_full};
use crate::wal::segment::HEADER_BYTES;

/// The most bytes a segment is given for a setting's sake.
const SEGMENT_BYTES_MAX: u64 = 1 << 36;

/// What every segment of a node has in common.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) disk: Arc<dyn Disk>,
    /// The folder of the segments.
    pub(crate) folder: PathBuf,
    pub(crate) node: String,
    pub(crate) segment_bytes: u64,
}

/// Why there is no next segment.
#[derive(Debug)]
pub(crate) enum NoSegment {
    /// The disk is full; nothing changed, it may be tried again.
    Full(io::Error),
    /// The disk is broken; nothing may be written any more.
    Broken(io::Error),
}

impl NoSegment {
    /// The disk's error.
    pub(crate) fn into_error(self) -> io::Error {
        match self {
            Self::Full(error) | Self::Broken(error) => error,
        }
    }
}

impl From<io::Error> for NoSegment {
    fn from(error: io::Error) -> Self {
        if is_full(&error) {
            Self::Full(error)
        } else {
            Self::Broken(error)
        }
    }
}

/// A segment's file with its blocks and zeros, still without a header and a name of its own.
#[derive(Debug)]
pub(crate) struct Fresh {
    pub(crate) device: Box<dyn Device>,
    pub(crate) path: PathBuf,
    /// Its bytes.
    pub(crate) capacity: u64,
}

impl Place {
    /// Makes the file of a segment for at least so many bytes: create → allocate. It is not synced
    /// yet. Of a full disk's attempt nothing is left. `number` tells it from the one before, which
    /// may not have its last name yet; a start removes what bears this ending.
    pub(crate) fn make(&self, number: u64, bytes: u64) -> Result<Fresh, NoSegment> {
        let path = self.folder.join(format!("next-{number}.new"));
        let capacity = self
            .segment_bytes
            .min(SEGMENT_BYTES_MAX)
            .max(bytes)
            .next_multiple_of(HEADER_BYTES as u64);
        let mut device = self.disk.create(&path)?;
        match device.allocate(0, capacity) {
            Ok(()) => Ok(Fresh {
                device,
                path,
                capacity,
            }),
            Err(error) => Err(self.undone(&path, error)),
        }
    }

    /// What an error with a fresh file means; the file of a full disk goes away.
    pub(crate) fn undone(&self, path: &Path, error: io::Error) -> NoSegment {
        let error = NoSegment::from(error);
        if matches!(error, NoSegment::Full(_)) {
            // It may not be there any more; a start removes what is left of it.
            let _ = self.disk.remove(path);
        }
        error
    }
}
