//! The directory's lock: one process writes (specs/audit.md §3).

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The most bytes of a lock file that are read.
const LOCK_BYTES_MAX: u64 = 128;

/// The lock, held until dropped (`flock`, so a killed process leaves none).
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// Why the lock was not given.
#[derive(Debug)]
pub(crate) enum NoLock {
    /// Another process holds it.
    Held {
        /// Its id, if it could be read.
        pid: Option<u32>,
    },
    /// The file cannot be used.
    Io(io::Error),
}

impl Lock {
    /// Takes the lock and writes `pid boot` into its file.
    pub(crate) fn take(path: &Path, boot: &str) -> Result<Self, NoLock> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path)
            .map_err(NoLock::Io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // The holder's id is a courtesy: unreadable, the refusal stands without it.
                let _ = file.take(LOCK_BYTES_MAX).read_to_string(&mut text);
                let pid = text.split_whitespace().next();
                let pid = pid.and_then(|word| word.parse().ok());
                return Err(NoLock::Held { pid });
            }
            Err(TryLockError::Error(error)) => return Err(NoLock::Io(error)),
        }
        file.set_len(0).map_err(NoLock::Io)?;
        writeln!(file, "{} {boot}", std::process::id()).map_err(NoLock::Io)?;
        Ok(Self { _file: file })
    }
}
