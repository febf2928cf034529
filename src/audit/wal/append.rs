//! Appends batches to the last segment and turns to the next when one does not fit.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::LogName;

use crate::wal::batch::GROUP_BYTES_MAX;
use crate::wal::builder::Builder;
use crate::wal::commit::LogSize;
use crate::wal::disk::{Device, Disk, is_full};
use crate::wal::head::Head;
use crate::wal::note::{Note, PARTNERS_MAX};
use crate::wal::segment::{self, Header};

/// The most bytes a segment is given for a setting's sake.
const SEGMENT_BYTES_MAX: u64 = 1 << 36;

/// How far each partner has come, by log.
pub(crate) type Partners = HashMap<u32, HashMap<String, u64>>;

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

/// The log's end, to append to.
#[derive(Debug)]
pub(crate) struct Appender {
    place: Place,
    device: Box<dyn Device>,
    ordinal: u64,
    offset: u64,
    capacity: u64,
    /// Where the log stands; moved on while a batch is built.
    pub(crate) head: Head,
    /// The `pseq` last given to each partner.
    pub(crate) partners: Partners,
    /// The batch being built.
    pub(crate) batch: Builder,
}

/// The end of an existing segment.
#[derive(Debug)]
pub(crate) struct End {
    pub(crate) device: Box<dyn Device>,
    pub(crate) ordinal: u64,
    pub(crate) offset: u64,
    pub(crate) capacity: u64,
    pub(crate) head: Head,
    pub(crate) partners: Partners,
}

impl Appender {
    /// Goes on in an existing segment.
    pub(crate) fn resume(place: Place, end: End) -> Self {
        Self {
            place,
            device: end.device,
            ordinal: end.ordinal,
            offset: end.offset,
            capacity: end.capacity,
            head: end.head,
            partners: end.partners,
            batch: Builder::default(),
        }
    }

    /// Begins a directory with its first segment.
    pub(crate) fn begin(place: Place) -> Result<Self, NoSegment> {
        let made = create(&place, 0, &Head::empty(), &Partners::new(), 0)?;
        Ok(Self::resume(place, made))
    }

    /// Sees to it that a batch of `bytes` fits; turns to a new segment when it does not.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), NoSegment> {
        if self.offset.saturating_add(bytes as u64) <= self.capacity {
            return Ok(());
        }
        self.rotate(bytes)
    }

    /// Turns to a new segment with room for a batch of `bytes`.
    pub(crate) fn rotate(&mut self, bytes: usize) -> Result<(), NoSegment> {
        let made = create(
            &self.place,
            self.ordinal + 1,
            &self.head,
            &self.partners,
            bytes,
        )?;
        self.device = made.device;
        self.ordinal = made.ordinal;
        self.offset = made.offset;
        self.capacity = made.capacity;
        self.head = made.head;
        Ok(())
    }

    /// Closes the batch being built and makes it durable. After an error nothing may be written.
    pub(crate) fn commit(&mut self) -> io::Result<()> {
        self.batch.commit(&mut self.head);
        let end = self.offset + self.batch.bytes().len() as u64;
        if end > self.capacity {
            // Room was made from an upper bound; past the end lies no preallocated block.
            return Err(io::Error::other("a batch beyond the room made for it"));
        }
        self.device.write_at(self.batch.bytes(), self.offset)?;
        self.device.sync_data()?;
        self.offset = end;
        self.batch.clear();
        Ok(())
    }
}

/// Makes a segment: create → allocate → header → fsync → rename → fsync(folder). Until the rename
/// it bears another name, so that a crash leaves no half-made segment.
fn create(
    place: &Place,
    ordinal: u64,
    head: &Head,
    partners: &Partners,
    batch_bytes: usize,
) -> Result<End, NoSegment> {
    let path = place.folder.join(segment::name(head.frame));
    let fresh = path.with_extension("new");
    let made = write_new(place, &fresh, ordinal, head, partners, batch_bytes)
        .and_then(|end| place.disk.rename(&fresh, &path).map(|()| end));
    let end = match made {
        Ok(end) => end,
        Err(error) if is_full(&error) => {
            // It may not be there; a start removes what is left of it.
            let _ = place.disk.remove(&fresh);
            return Err(NoSegment::Full(error));
        }
        Err(error) => return Err(NoSegment::Broken(error)),
    };
    place
        .disk
        .sync_folder(&place.folder)
        .map_err(NoSegment::Broken)?;
    Ok(end)
}

fn write_new(
    place: &Place,
    path: &Path,
    ordinal: u64,
    head: &Head,
    partners: &Partners,
    batch_bytes: usize,
) -> io::Result<End> {
    let mut header = Header {
        ordinal,
        capacity: 0,
        node: place.node.clone(),
        head: head.clone(),
    };
    let (bytes, held) = header.to_bytes();
    let mut head = head.clone();
    head.declared = head.logs.len() as u32;
    let opening = opening(&mut head, held, partners);
    let offset = (bytes.len() + opening.bytes().len()) as u64;
    header.capacity = place
        .segment_bytes
        .min(SEGMENT_BYTES_MAX)
        .max(offset + batch_bytes as u64)
        .next_multiple_of(segment::HEADER_BYTES as u64);
    let mut device = place.disk.create(path)?;
    device.allocate(0, header.capacity)?;
    let (mut bytes, _) = header.to_bytes();
    bytes.extend_from_slice(opening.bytes());
    device.write_at(&bytes, 0)?;
    device.sync_all()?;
    Ok(End {
        device,
        ordinal,
        offset,
        capacity: header.capacity,
        head,
        partners: Partners::new(),
    })
}

/// The batches a segment opens with: the first log, so that no segment is without a frame and no
/// two have one name; logs for which the header had no room; and how far partners had come.
fn opening(head: &mut Head, held: usize, partners: &Partners) -> Builder {
    let mut batch = Builder::default();
    let mut begun = 0;
    if head.logs.is_empty() {
        batch.introduce(head, &LogName::House.label());
    }
    let mut notes: Vec<Note> = (1..)
        .zip(&head.logs)
        .filter(|(log, _)| !batch.is_open() && (*log == 1 || *log as usize > held))
        .map(|(log, known)| Note::Log {
            size: LogSize {
                log,
                size: known.size,
            },
            origin: known.origin.clone(),
        })
        .collect();
    for (log, counts) in partners {
        let counts: Vec<_> = counts.iter().map(|(p, n)| (p.clone(), *n)).collect();
        notes.extend(counts.chunks(PARTNERS_MAX).map(|counts| Note::Partners {
            log: *log,
            counts: counts.to_vec(),
        }));
    }
    for note in notes {
        batch.note(&note);
        if batch.bytes().len() - begun > GROUP_BYTES_MAX {
            batch.commit(head);
            begun = batch.bytes().len();
        }
    }
    if batch.is_open() {
        batch.commit(head);
    }
    batch
}
