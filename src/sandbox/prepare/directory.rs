//! Files in the sandbox's directory: each is whole or absent, private ones are private.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::PrepareFailed;

/// Who may read a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Access {
    /// Its owner: mode 0600.
    Private,
    /// Whoever may enter the folder: mode 0644.
    Public,
}

/// The directory, and what was written into it.
#[derive(Debug)]
pub(super) struct Directory {
    root: PathBuf,
    written: Vec<PathBuf>,
}

impl Directory {
    /// Makes the directory (mode 0700) unless it is there.
    pub(super) fn open(dir: &Path) -> Result<Self, PrepareFailed> {
        let root = std::path::absolute(dir).map_err(failed("name", dir))?;
        make_folder(&root)?;
        Ok(Self {
            root,
            written: Vec::new(),
        })
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// What was written, in order.
    pub(super) fn into_written(self) -> Vec<PathBuf> {
        self.written
    }

    /// The absolute path of a file in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A file's bytes; `None` when there is no such file.
    pub(super) fn read(&self, name: &str) -> Result<Option<Vec<u8>>, PrepareFailed> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(source) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(failed("read", &path)(source)),
        }
    }

    /// A file's bytes as text; `None` when there is no such file or it is no text.
    pub(super) fn read_text(&self, name: &str) -> Result<Option<String>, PrepareFailed> {
        Ok(self
            .read(name)?
            .and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Puts a file in place at once: written beside it, synced, renamed. What an interrupted run
    /// left beside it is overwritten.
    pub(super) fn write(
        &mut self,
        name: &str,
        contents: &[u8],
        access: Access,
    ) -> Result<(), PrepareFailed> {
        let path = self.path(name);
        let parent = path.parent().unwrap_or(&self.root);
        make_folder(parent)?;
        let mode = match access {
            Access::Private => 0o600,
            Access::Public => 0o644,
        };
        let beside = beside(&path);
        write_new(&beside, contents, mode)
            .and_then(|()| fs::rename(&beside, &path))
            // The name is durable once its folder is.
            .and_then(|()| File::open(parent)?.sync_all())
            .map_err(failed("write", &path))?;
        self.written.push(path);
        Ok(())
    }

    /// Takes a file away, if it is there.
    pub(super) fn remove(&mut self, name: &str) -> Result<(), PrepareFailed> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(failed("remove", &path)(source))
            }
            _ => Ok(()),
        }
    }
}

fn make_folder(path: &Path) -> Result<(), PrepareFailed> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .map_err(failed("make", path))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

fn write_new(path: &Path, contents: &[u8], mode: u32) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(path)?;
    // A file that was left over keeps its mode when it is opened.
    file.set_permissions(Permissions::from_mode(mode))?;
    file.write_all(contents)?;
    file.sync_all()
}

fn failed(doing: &'static str, path: &Path) -> impl Fn(io::Error) -> PrepareFailed {
    let path = path.to_owned();
    move |source| PrepareFailed::File {
        doing,
        path: path.clone(),
        source,
    }
}
