//! Appends batches to the last segment and turns to the next when one does not fit.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use model::LogName;

use crate::wal::ahead::{Helper, OnBroken, Stock};
use crate::wal::batch::GROUP_BYTES_MAX;
use crate::wal::builder::Builder;
use crate::wal::commit::LogSize;
use crate::wal::disk::Device;
use crate::wal::head::Head;
use crate::wal::note::{Note, PARTNERS_MAX};
use crate::wal::place::{Fresh, NoSegment, Place};
use crate::wal::segment::{self, Header};

/// How far each partner has come, by log.
pub(crate) type Partners = HashMap<u32, HashMap<String, u64>>;

/// The log's end, to append to.
#[derive(Debug)]
pub(crate) struct Appender {
    place: Place,
    /// Makes the files of segments; none while the log is being opened.
    helper: Option<Helper>,
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
            helper: None,
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
        let opening = Opening::of(&place, 0, &Head::empty(), &Partners::new());
        let fresh = place.make(0, opening.bytes(0))?;
        let made = open(&place, fresh, opening).map_err(NoSegment::Broken)?;
        Ok(Self::resume(place, made))
    }

    /// From here on the files of segments are made ahead; what is in stock is handed out.
    pub(crate) fn look_ahead(&mut self, on_broken: OnBroken) -> io::Result<Arc<Stock>> {
        let helper = Helper::start(self.place.clone(), self.room(), on_broken)?;
        let stock = Arc::clone(helper.stock());
        self.helper = Some(helper);
        Ok(stock)
    }

    /// Makes no more files ahead, and removes the one that was not needed.
    pub(crate) fn put_away(&mut self) -> io::Result<()> {
        self.helper.take().map_or(Ok(()), Helper::put_away)
    }

    /// Bytes left of the last segment.
    fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.offset)
    }

    /// Sees to it that a batch of `bytes` fits; turns to a new segment when it does not.
    pub(crate) fn make_room(&mut self, bytes: usize) -> Result<(), NoSegment> {
        if bytes as u64 <= self.room() {
            return Ok(());
        }
        self.rotate(bytes)
    }

    /// Turns to a new segment with room for a batch of `bytes`.
    fn rotate(&mut self, bytes: usize) -> Result<(), NoSegment> {
        let ordinal = self.ordinal + 1;
        let opening = Opening::of(&self.place, ordinal, &self.head, &self.partners);
        let needed = opening.bytes(bytes);
        let fresh = match &self.helper {
            Some(helper) => helper.stock().take(needed)?,
            None => self.place.make(0, needed)?,
        };
        let made = open(&self.place, fresh, opening).map_err(NoSegment::Broken)?;
        self.device = made.device;
        self.ordinal = made.ordinal;
        self.offset = made.offset;
        self.capacity = made.capacity;
        self.head = made.head;
        self.tell_room();
        Ok(())
    }

    fn tell_room(&self) {
        if let Some(helper) = &self.helper {
            helper.stock().left(self.room());
        }
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
        self.tell_room();
        Ok(())
    }
}

/// What a segment begins with, behind its header.
struct Opening {
    /// The header, which lacks the capacity; where the log stood before.
    header: Header,
    batches: Builder,
    /// Where the log stands after them.
    after: Head,
}

impl Opening {
    fn of(place: &Place, ordinal: u64, head: &Head, partners: &Partners) -> Self {
        let header = Header {
            ordinal,
            capacity: 0,
            node: place.node.clone(),
            head: head.clone(),
        };
        let (_, held) = header.to_bytes();
        let mut after = head.clone();
        after.declared = after.logs.len() as u32;
        let batches = opening(&mut after, held, partners);
        Self {
            header,
            batches,
            after,
        }
    }

    /// Bytes of header and opening, and of a batch behind them.
    fn bytes(&self, batch: usize) -> u64 {
        (segment::HEADER_BYTES + self.batches.bytes().len() + batch) as u64
    }
}

/// Makes a fresh file a segment: header → fsync → rename → fsync(folder). Until the rename it
/// bears another name, so that a crash leaves no half-made segment. It has its blocks, so that a
/// full disk is an error here like any other.
fn open(place: &Place, fresh: Fresh, opening: Opening) -> io::Result<End> {
    let Fresh {
        mut device,
        path,
        capacity,
    } = fresh;
    let offset = opening.bytes(0);
    let mut header = opening.header;
    header.capacity = capacity;
    let name = segment::name(header.head.frame);
    let (mut bytes, _) = header.to_bytes();
    bytes.extend_from_slice(opening.batches.bytes());
    device.write_at(&bytes, 0)?;
    device.sync_all()?;
    place.disk.rename(&path, &place.folder.join(name))?;
    place.disk.sync_folder(&place.folder)?;
    Ok(End {
        device,
        ordinal: header.ordinal,
        offset,
        capacity,
        head: opening.after,
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
