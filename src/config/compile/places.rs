//! Where the gateway writes: the store and the log, each in a place of its own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::Compiler;
use crate::file::File;
use crate::mistake::Code;
use crate::source::At;

/// A place that is written to.
struct Place<'f> {
    written: &'f At<String>,
    path: PathBuf,
    /// Without links and `..`, however much of it is there yet.
    real: PathBuf,
}

/// Notes where the store, the log and what is read get into each other's way. Called last: all that
/// is read has been asked for.
pub(super) fn check(c: &mut Compiler<'_>, file: &File) {
    let place = |written| {
        let path = c.files.path(written);
        let real = real(&path);
        Place {
            written,
            path,
            real,
        }
    };
    let store = file.store.as_ref().map(place);
    let dir = file.audit.as_ref().and_then(|audit| audit.dir.as_ref());
    let log = dir.map(place);
    let mut read: Vec<_> = c.files.asked().map(|path| (path, real(path))).collect();
    read.sort_unstable();
    let of_log = log.as_ref().and_then(|log| in_the_log(log, &read));
    let mut of_store = store.as_ref().and_then(|store| at_the_store(store, &read));
    if let (None, Some(store), Some(log)) = (&of_log, &store, &log)
        && let Some(what) = overlap(store, log)
    {
        let help = "give each a place of its own, such as `data/mortise.sqlite` and `data/audit`";
        of_store = Some((what.to_owned(), help.to_owned()));
    }
    for (place, wrong) in [(store, of_store), (log, of_log)] {
        if let (Some(place), Some((what, help))) = (place, wrong) {
            let at = place.written.at;
            let noted = c.reader.collector.mistake(Code::Contradiction, at, what);
            noted.help(help);
        }
    }
}

/// What is wrong, and what would be right.
type Wrong = (String, String);

/// What keeps the log's folder from being the log's alone.
fn in_the_log(log: &Place<'_>, read: &[(&Path, PathBuf)]) -> Option<Wrong> {
    if log.path.metadata().is_ok_and(|found| !found.is_dir()) {
        return Some((
            "`audit.dir` is not a folder".to_owned(),
            "name a folder that is the log's alone, such as `data/audit`".to_owned(),
        ));
    }
    let (path, _) = read.iter().find(|(_, read)| read.starts_with(&log.real))?;
    Some((
        format!("`audit.dir` holds `{}`, which is read", path.display()),
        "the log has a folder for itself, such as `data/audit`".to_owned(),
    ))
}

/// What keeps the store's file from being the store's alone.
fn at_the_store(store: &Place<'_>, read: &[(&Path, PathBuf)]) -> Option<Wrong> {
    let found = store.path.metadata();
    let is_folder = found.as_ref().is_ok_and(std::fs::Metadata::is_dir);
    if is_folder || store.written.value.ends_with('/') {
        let inside = Path::new(&store.written.value).join("mortise.sqlite");
        return Some((
            "`store.path` is a folder".to_owned(),
            format!("name a file in it, such as `{}`", inside.display()),
        ));
    }
    if let Some((path, _)) = read.iter().find(|(_, read)| *read == store.real) {
        return Some((
            format!("`store.path` is `{}`, which is read", path.display()),
            "give the store a file of its own: it is written to".to_owned(),
        ));
    }
    found.is_ok_and(|found| !found.is_file()).then(|| {
        (
            "`store.path` is not a file".to_owned(),
            "name a file that is the store's alone, such as `data/mortise.sqlite`".to_owned(),
        )
    })
}

/// How one lies within the other.
fn overlap(store: &Place<'_>, log: &Place<'_>) -> Option<&'static str> {
    if store.real == log.real {
        Some("`store.path` and `audit.dir` are the same")
    } else if store.real.starts_with(&log.real) {
        Some("`store.path` lies within `audit.dir`, which is the log's alone")
    } else if log.real.starts_with(&store.real) {
        Some("`audit.dir` lies within `store.path`, which must be a file")
    } else {
        None
    }
}

/// A path without links, `.` and `..`; what of it is not there yet is taken as it is written.
fn real(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut beyond: Vec<OsString> = Vec::new();
    let mut there = absolute.as_path();
    let mut real = loop {
        if let Ok(real) = there.canonicalize() {
            break real;
        }
        let (Some(parent), Some(last)) = (there.parent(), there.components().next_back()) else {
            break there.to_owned();
        };
        beyond.push(last.as_os_str().to_owned());
        there = parent;
    };
    for name in beyond.into_iter().rev() {
        if name == ".." {
            real.pop();
        } else {
            real.push(name);
        }
    }
    real
}
