//! What happens at start before anything is written (specs/audit.md §3, Recovery). Fail-closed.
//!
//! The headers of all segments and the whole of the last one are read: earlier ones were synced
//! before the last was made. A torn tail is saved beside the segment (`.cut`), cut, told of in an
//! `audit.recover` record, and only then called `.torn`: a crash between leaves it to be told.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crypto::{Sha256, base64url};

use crate::counters::{Counters, Facts};
use crate::record::Torn;
use crate::wal::append::{Appender, End};
use crate::wal::batch::Batch;
use crate::wal::disk::zero;
use crate::wal::head::Head;
use crate::wal::place::{NoSegment, Place};
use crate::wal::scan::{Next, Scan, Tail};
use crate::wal::segment::{self, Header, file_name};
use crate::walk::Finding;

/// Why the log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenFailed {
    /// The node's name cannot be written into records.
    #[error("the node's name must be 1 to 64 of a-z, A-Z, 0-9, '.', '_' and '-': {name:?}")]
    NodeName {
        /// The name given.
        name: String,
    },
    /// Another process has the log open.
    #[error(
        "the audit log in {} is in use by process {}",
        dir.display(),
        pid.map_or_else(|| "(unknown)".to_owned(), |pid| pid.to_string())
    )]
    InUse {
        /// The log's directory.
        dir: PathBuf,
        /// That process, if its id could be read.
        pid: Option<u32>,
    },
    /// The directory holds another node's log.
    #[error("{} belongs to node {found:?}, not {expected:?}", path.display())]
    OtherNode {
        /// A segment.
        path: PathBuf,
        /// The node in it.
        found: String,
        /// This node.
        expected: String,
    },
    /// What was synced is not what is there: damaged, or tampered with. Nothing was changed.
    #[error("the audit log is corrupt: {0}")]
    Corrupt(Finding),
    /// The disk refused.
    #[error("cannot {doing}: {}", path.display())]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

const COPY_BYTES: usize = 64 << 10;
/// The most tails saved at one place of one segment.
const SAVED_MAX: u32 = 1_000;

/// The log, ready to be written.
#[derive(Debug)]
pub(crate) struct Recovered {
    pub(crate) appender: Appender,
    /// Whether the last record is that of an orderly stop; true for an empty directory.
    pub(crate) is_clean: bool,
    /// Tails cut that no record tells of yet.
    pub(crate) torn: Vec<Torn>,
    /// Their files.
    pub(crate) saved: Vec<PathBuf>,
}

/// Recovers the log at a place whose lock is held.
pub(crate) fn recover(place: Place) -> Result<Recovered, OpenFailed> {
    remove_half_made(&place)?;
    let segments = list(&place, ".seg")?;
    let Some((last, earlier)) = segments.split_last() else {
        let appender = Appender::begin(place.clone())
            .map_err(NoSegment::into_error)
            .map_err(failed("make the first segment", &place.folder))?;
        return Ok(Recovered {
            appender,
            is_clean: true,
            torn: Vec::new(),
            saved: Vec::new(),
        });
    };
    for (ordinal, path) in (0..).zip(earlier) {
        open(&place, path, ordinal)?;
    }
    let ordinal = earlier.len() as u64;
    let (scan, header) = open(&place, last, ordinal)?;
    let read = read_to_the_end(last, scan, &header)?;
    let cut = mend(&place, last, header.capacity, &read)?;
    let (torn, saved) = untold(&place, cut.as_ref())?;
    let device = place
        .disk
        .open(last)
        .map_err(failed("open the segment", last))?;
    let end = End {
        device,
        ordinal,
        offset: read.tail.offset,
        capacity: header.capacity,
        head: read.head,
        partners: read.counters.partners,
    };
    Ok(Recovered {
        is_clean: read.is_stopped && torn.is_empty(),
        appender: Appender::resume(place, end),
        torn,
        saved,
    })
}

/// After the records that tell of them are durable: the saved tails get their last name.
pub(crate) fn told(place: &Place, saved: &[PathBuf]) -> Result<(), OpenFailed> {
    for path in saved {
        place
            .disk
            .rename(path, &path.with_extension("torn"))
            .map_err(failed("rename the saved tail", path))?;
    }
    if saved.is_empty() {
        return Ok(());
    }
    place
        .disk
        .sync_folder(&place.folder)
        .map_err(failed("sync the folder", &place.folder))
}

/// The last segment, read.
struct LastSegment {
    head: Head,
    counters: Counters,
    is_stopped: bool,
    tail: Tail,
    file_bytes: u64,
}

/// A tail that was saved and cut in this start.
struct Cut {
    path: PathBuf,
    short: u64,
}

fn remove_half_made(place: &Place) -> Result<(), OpenFailed> {
    for path in list(place, ".new")? {
        place
            .disk
            .remove(&path)
            .map_err(failed("remove a half-made segment", &path))?;
    }
    Ok(())
}

fn open(place: &Place, path: &Path, ordinal: u64) -> Result<(Scan, Header), OpenFailed> {
    let opened = Scan::open(path).map_err(failed("read the segment", path))?;
    let (scan, header) = opened.map_err(|what| corrupt(path, 0, what))?;
    if header.ordinal != ordinal {
        let what = format!("this is segment {}, not {ordinal}", header.ordinal);
        return Err(corrupt(path, 0, what));
    }
    if segment::name(header.head.frame) != file_name(path) {
        return Err(corrupt(path, 0, "the segment bears another's name"));
    }
    if header.node != place.node {
        return Err(OpenFailed::OtherNode {
            path: path.to_owned(),
            found: header.node,
            expected: place.node.clone(),
        });
    }
    Ok((scan, header))
}

fn read_to_the_end(
    path: &Path,
    mut scan: Scan,
    header: &Header,
) -> Result<LastSegment, OpenFailed> {
    let mut head = header.head.clone();
    let mut counters = if header.ordinal == 0 {
        Counters::default()
    } else {
        Counters::partial()
    };
    let mut is_stopped = false;
    loop {
        match scan
            .next(head.batch)
            .map_err(failed("read the segment", path))?
        {
            Next::Batch(batch) => take(path, &batch, &mut head, &mut counters, &mut is_stopped)?,
            Next::End(tail) => {
                let file_bytes = scan
                    .file_bytes()
                    .map_err(failed("read the segment's size", path))?;
                return Ok(LastSegment {
                    head,
                    counters,
                    is_stopped,
                    tail,
                    file_bytes,
                });
            }
        }
    }
}

fn take(
    path: &Path,
    batch: &Batch,
    head: &mut Head,
    counters: &mut Counters,
    is_stopped: &mut bool,
) -> Result<(), OpenFailed> {
    let applied = head
        .apply(batch)
        .map_err(|misfit| corrupt(path, misfit.offset, misfit.what))?;
    for (log, counts) in applied.partners {
        counters
            .note(log, counts)
            .map_err(|what| corrupt(path, batch.commit_offset, what))?;
    }
    for entry in applied.entries {
        let json = batch.bytes.get(entry.payload).unwrap_or_default();
        let facts = Facts::read(json).map_err(|what| corrupt(path, entry.offset, what))?;
        counters
            .count(entry.log, &facts)
            .map_err(|what| corrupt(path, entry.offset, what))?;
        *is_stopped = facts.kind == "audit.stop";
    }
    Ok(())
}

/// Saves and cuts a torn tail, and gives a file that was cut short its size again.
fn mend(
    place: &Place,
    path: &Path,
    capacity: u64,
    read: &LastSegment,
) -> Result<Option<Cut>, OpenFailed> {
    let tail = &read.tail;
    if tail.is_damage || read.file_bytes > capacity {
        let what = format!("{}, and a later batch follows", tail.what);
        return Err(corrupt(path, tail.offset, what));
    }
    let short = capacity - read.file_bytes;
    if tail.bytes == 0 && short == 0 {
        return Ok(None);
    }
    let saved = save(place, path, tail)?;
    let mut device = place
        .disk
        .open(path)
        .map_err(failed("open the segment", path))?;
    let end = tail.offset.saturating_add(tail.bytes);
    zero(&mut *device, tail.offset, end).map_err(failed("cut the torn tail", path))?;
    if short > 0 {
        device
            .allocate(read.file_bytes, capacity)
            .map_err(failed("give the segment its size again", path))?;
    }
    device
        .sync_all()
        .map_err(failed("sync the segment", path))?;
    Ok(Some(Cut { path: saved, short }))
}

/// Copies a torn tail to a file of its own, durably.
fn save(place: &Place, segment: &Path, tail: &Tail) -> Result<PathBuf, OpenFailed> {
    let stem = segment.with_extension("");
    let path = (0..SAVED_MAX)
        .map(|n| {
            place
                .folder
                .join(format!("{}-{:016x}-{n}.cut", file_name(&stem), tail.offset))
        })
        .find(|path| !path.exists() && !path.with_extension("torn").exists())
        .ok_or_else(|| corrupt(segment, tail.offset, "too many tails were cut here"))?;
    copy(place, segment, tail, &path).map_err(failed("save the torn tail", &path))?;
    place
        .disk
        .sync_folder(&place.folder)
        .map_err(failed("sync the folder", &place.folder))?;
    Ok(path)
}

fn copy(place: &Place, segment: &Path, tail: &Tail, to: &Path) -> io::Result<()> {
    let from = File::open(segment)?;
    let mut device = place.disk.create(to)?;
    let mut buffer = vec![0; COPY_BYTES];
    let mut done = 0;
    while done < tail.bytes {
        let length = usize::try_from(tail.bytes - done)
            .unwrap_or(COPY_BYTES)
            .min(COPY_BYTES);
        let chunk = buffer.get_mut(..length).unwrap_or_default();
        from.read_exact_at(chunk, tail.offset + done)?;
        device.write_at(chunk, done)?;
        done += length as u64;
    }
    device.sync_all()
}

/// All saved tails that no record tells of yet: that of this start, and of one that crashed.
fn untold(place: &Place, cut: Option<&Cut>) -> Result<(Vec<Torn>, Vec<PathBuf>), OpenFailed> {
    let mut torn = Vec::new();
    let saved = list(place, ".cut")?;
    for path in &saved {
        let short = cut
            .filter(|cut| cut.path == *path)
            .map_or(0, |cut| cut.short);
        torn.push(describe(path, short).map_err(failed("read the saved tail", path))?);
    }
    Ok((torn, saved))
}

fn describe(path: &Path, short: u64) -> io::Result<Torn> {
    let name = file_name(path);
    let mut parts = name.split('-');
    let segment = format!("{}.seg", parts.next().unwrap_or_default());
    let offset = parts
        .next()
        .and_then(|part| u64::from_str_radix(part, 16).ok());
    let mut file = File::open(path)?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; COPY_BYTES];
    let mut len = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        len += read as u64;
    }
    Ok(Torn {
        segment,
        offset: offset.unwrap_or(0),
        len,
        sha256: base64url(&digest.finish()),
        short,
    })
}

fn list(place: &Place, ending: &str) -> Result<Vec<PathBuf>, OpenFailed> {
    segment::with_ending(&place.folder, ending).map_err(failed("list", &place.folder))
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> OpenFailed + 'a {
    move |source| OpenFailed::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

fn corrupt(path: &Path, offset: u64, what: impl Into<String>) -> OpenFailed {
    OpenFailed::Corrupt(Finding {
        segment: file_name(path),
        offset,
        what: what.into(),
    })
}

#[cfg(test)]
mod tests;
