//! The door to files that are written, so that tests can make any call on it fail.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::FallocateFlags;

const ZEROS: usize = 1 << 20;

/// Files and folders.
pub(crate) trait Disk: Send + Sync + fmt::Debug {
    /// Makes a new file, readable by its owner only.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Device>>;
    /// Opens a file to write in it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Device>>;
    /// Renames a file.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes names in a folder durable: `fsync` on it.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// A file being written.
pub(crate) trait Device: Send + fmt::Debug {
    /// Gives the file blocks and zeros from `from` to `to`, so that later writes need neither.
    fn allocate(&mut self, from: u64, to: u64) -> io::Result<()>;
    /// Writes all bytes at a place.
    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// Makes the content durable: `fdatasync`.
    fn sync_data(&mut self) -> io::Result<()>;
    /// Makes content and size durable: `fsync`.
    fn sync_all(&mut self) -> io::Result<()>;
}

/// Whether an error means that the disk is full, or a quota on it, or a limit of file sizes met.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge
    )
}

/// The machine's file system.
#[derive(Debug)]
pub(crate) struct FileSystem;

impl Disk for FileSystem {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Device>> {
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        Ok(Box::new(Opened(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Device>> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Box::new(Opened(file)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

#[derive(Debug)]
struct Opened(File);

impl Device for Opened {
    fn allocate(&mut self, from: u64, to: u64) -> io::Result<()> {
        let length = to.saturating_sub(from);
        match rustix::fs::fallocate(&self.0, FallocateFlags::empty(), from, length) {
            // Not supported: the zeros below allocate, too, only less surely in one piece.
            Ok(()) | Err(rustix::io::Errno::OPNOTSUPP) => {}
            Err(error) => return Err(error.into()),
        }
        // Allocated blocks are "unwritten" until they are written once, and that first write is
        // metadata which each fdatasync would have to commit.
        zero(self, from, to)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        Ok(rustix::fs::fdatasync(&self.0)?)
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Writes zeros from `from` to `to`.
pub(crate) fn zero(device: &mut dyn Device, from: u64, to: u64) -> io::Result<()> {
    let length = usize::try_from(to.saturating_sub(from)).unwrap_or(ZEROS);
    let zeros = vec![0; length.min(ZEROS)];
    let mut at = from;
    while at < to {
        let length = usize::try_from(to - at).unwrap_or(ZEROS).min(ZEROS);
        device.write_at(zeros.get(..length).unwrap_or(&zeros), at)?;
        at += length as u64;
    }
    Ok(())
}
