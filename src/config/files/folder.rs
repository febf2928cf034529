//! A folder whose files are read by their names.

use std::io;
use std::path::{Path, PathBuf};

use super::{Files, ReadProblem};

/// The most files of one folder.
const FILES_MAX: usize = 100;

/// A file of a folder.
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// What keeps it from being read; `None` of a file that lies in this very folder.
    pub(crate) problem: Option<&'static str>,
}

impl Files<'_> {
    /// What lies in a folder, by name; the digest of all that is read names it. A link that leads
    /// out of the folder, and what is no file, is told as such and never opened.
    pub(crate) fn folder(&mut self, folder: &Path) -> Result<Vec<Entry>, ReadProblem> {
        let whole = folder.canonicalize()?;
        if !whole.is_dir() {
            return Err(ReadProblem::Failed("it is no folder".to_owned()));
        }
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder)? {
            if entries.len() == FILES_MAX {
                let what = format!("it holds more than {FILES_MAX} files");
                return Err(ReadProblem::Failed(what));
            }
            let name = entry?.file_name();
            let path = folder.join(&name);
            entries.push(Entry {
                problem: problem(&whole, &path),
                name: name.to_string_lossy().into_owned(),
                path,
            });
        }
        entries.sort_by(|one, other| one.name.cmp(&other.name));
        for entry in &entries {
            self.digest.update(entry.name.as_bytes());
            self.digest.update(&[0]);
        }
        Ok(entries)
    }

    /// Notes a file that may come to be: whoever watches files looks for it.
    pub(crate) fn await_file(&mut self, path: PathBuf) {
        self.read.entry(path).or_insert(Err(ReadProblem::Missing));
    }
}

/// What keeps a file of this folder from being read.
fn problem(folder: &Path, path: &Path) -> Option<&'static str> {
    let read = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => "it is a link to what is not there",
        _ => "it cannot be read",
    };
    match path.canonicalize() {
        Err(error) => Some(read(error)),
        Ok(target) if target.parent() != Some(folder) => {
            Some("it is a link that leads out of the folder")
        }
        Ok(target) if !target.is_file() => Some("it is not a file"),
        Ok(_) => None,
    }
}
