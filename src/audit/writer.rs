//! The one thread that writes: takes a group, numbers its records, makes it durable.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::ports::Receipt;
use model::{Clock, LogName};

use crate::follow::Durable;
use crate::lock::Lock;
use crate::queue::{Group, Item, Queue, Work};
use crate::record::{self, HouseEvent, PREFIX_BYTES_MAX, Prefix};
use crate::wal::ahead::{OnBroken, Stock};
use crate::wal::append::Appender;
use crate::wal::builder::{LOG_NOTE_BYTES_MAX, commit_bytes};
use crate::wal::frame::frame_bytes;
use crate::wal::place::NoSegment;

/// Bytes that a record of the house may take beside a group.
const HOUSE_RECORD_BYTES: usize = 1_024;

/// What is called when the log can no longer be written.
pub(crate) type OnPoison = Box<dyn Fn() + Send + Sync>;

/// Numbers records and appends them; at home in one thread.
pub(crate) struct Writer {
    appender: Appender,
    clock: Arc<dyn Clock>,
    prefix: Prefix,
    seq: u64,
    /// The logs of this boot with their numbers; a house has few banks.
    logs: Vec<(LogName, u32)>,
    durable: Durable,
    _lock: Lock,
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("seq", &self.seq)
            .finish_non_exhaustive()
    }
}

impl Writer {
    /// A writer at the log's end, for a new boot.
    pub(crate) fn new(
        appender: Appender,
        clock: Arc<dyn Clock>,
        node: &str,
        boot: &str,
        lock: Lock,
    ) -> Self {
        Self {
            appender,
            clock,
            prefix: Prefix::new(node, boot),
            seq: 0,
            logs: Vec::new(),
            durable: Durable::default(),
            _lock: lock,
        }
    }

    /// How far the log is durable.
    pub(crate) fn durable(&self) -> &Durable {
        &self.durable
    }

    fn commit(&mut self) -> io::Result<()> {
        self.appender.commit()?;
        self.durable.reach(self.appender.head.batch);
        Ok(())
    }

    /// From here on the files of segments are made ahead; `on_broken` is called when one cannot
    /// be made for another reason than a full disk.
    pub(crate) fn look_ahead(&mut self, on_broken: OnBroken) -> io::Result<Arc<Stock>> {
        self.appender.look_ahead(on_broken)
    }

    /// Makes the log's own records durable, as one batch.
    pub(crate) fn say(&mut self, events: &[HouseEvent]) -> Result<(), NoSegment> {
        let room = commit_bytes(1) + LOG_NOTE_BYTES_MAX + events.len() * HOUSE_RECORD_BYTES;
        self.appender.make_room(room)?;
        let at = self.clock.now();
        for event in events {
            self.place_own(at, event);
        }
        self.commit().map_err(NoSegment::Broken)
    }

    /// Writes until the queue ends. A write error, and a panic, poisons: all waiters fail, nothing
    /// is tried again on this descriptor, and `on_poison` is called once (specs/audit.md §3).
    pub(crate) fn run(mut self, queue: &Arc<Queue>, linger: Duration, on_poison: OnPoison) {
        let mut poison = Poison {
            queue: Arc::clone(queue),
            on_poison,
            is_armed: true,
        };
        match self.write_all(queue, linger) {
            Ok(()) => poison.is_armed = false,
            Err(error) => tracing::error!(%error, "the audit log cannot be written"),
        }
    }

    fn write_all(&mut self, queue: &Queue, linger: Duration) -> io::Result<()> {
        loop {
            match queue.next(linger) {
                Work::Group(group) => self.write(queue, group)?,
                Work::End { is_orderly: true } => return self.end(queue),
                Work::End { is_orderly: false } => return Ok(()),
                Work::GiveUp => return Err(io::Error::other("no segment can follow this one")),
            }
        }
    }

    fn write(&mut self, queue: &Queue, group: Group) -> io::Result<()> {
        match self.appender.make_room(self.room_for(&group)) {
            Ok(()) => {}
            Err(NoSegment::Full(_)) => {
                queue.refuse(group);
                return Ok(());
            }
            Err(NoSegment::Broken(error)) => return Err(fail(queue, group, error)),
        }
        let begun = self.clock.monotonic();
        self.place_gap(queue);
        let receipts = group.items.iter().map(|item| self.place(item)).collect();
        if let Err(error) = self.commit() {
            return Err(fail(queue, group, error));
        }
        let took = self.clock.monotonic().saturating_sub(begun);
        queue.committed(group.items.len(), took);
        queue.finish(&group, receipts);
        Ok(())
    }

    /// The record of an orderly stop. A disk too full for it is no reason to call it broken: the
    /// next start says that the stop was not clean.
    fn end(&mut self, queue: &Queue) -> io::Result<()> {
        let mut events = Vec::new();
        events.extend(queue.take_missed().map(HouseEvent::Gap));
        events.push(HouseEvent::Stop);
        match self.say(&events) {
            Ok(()) => {}
            Err(NoSegment::Full(error)) => {
                tracing::error!(%error, "no space for the record of the stop");
            }
            Err(NoSegment::Broken(error)) => return Err(error),
        }
        self.appender.put_away()
    }

    /// An upper bound of the bytes of a group's batch.
    fn room_for(&self, group: &Group) -> usize {
        // There are few logs: a look at each costs less than a hash of each record's.
        let mut touched: Vec<&LogName> = Vec::new();
        for item in &group.items {
            if !touched.contains(&&item.log) {
                touched.push(&item.log);
            }
        }
        let fresh = touched.iter().filter(|log| self.known(log).is_none());
        group.bytes()
            + HOUSE_RECORD_BYTES
            + (fresh.count() + 1) * LOG_NOTE_BYTES_MAX
            + commit_bytes(touched.len() + 1)
    }

    fn place(&mut self, item: &Item) -> Receipt {
        let log = self.log(&item.log);
        let pseq = item.partner.as_ref().map(|partner| {
            let counts = self.appender.partners.entry(log).or_default();
            if let Some(last) = counts.get_mut(partner.as_str()) {
                *last = last.saturating_add(1);
                return *last;
            }
            counts.insert(partner.as_str().to_owned(), 1);
            1
        });
        self.seq += 1;
        let front = self.prefix.of(self.seq, pseq);
        debug_assert!(front.len() <= PREFIX_BYTES_MAX, "a long front");
        let appender = &mut self.appender;
        let parts: [&[u8]; 2] = [front, &item.body];
        appender.batch.entry(&mut appender.head, log, &parts);
        Receipt {
            seq: self.seq,
            pseq,
        }
    }

    fn place_gap(&mut self, queue: &Queue) {
        if let Some(gap) = queue.take_missed() {
            self.place_own(self.clock.now(), &HouseEvent::Gap(gap));
        }
    }

    fn place_own(&mut self, at: Timestamp, event: &HouseEvent) {
        let item = Item {
            log: LogName::House,
            partner: None,
            at,
            body: record::house_event(at, event),
        };
        debug_assert!(
            frame_bytes(PREFIX_BYTES_MAX + item.body.len()) <= HOUSE_RECORD_BYTES,
            "a long record of the house"
        );
        self.place(&item);
    }

    /// The log's number in this directory, introduced when it is new.
    fn log(&mut self, name: &LogName) -> u32 {
        if let Some(log) = self.known(name) {
            return log;
        }
        let origin = name.label();
        let appender = &mut self.appender;
        let known = (1..)
            .zip(&appender.head.logs)
            .find_map(|(number, log)| (log.origin == origin).then_some(number));
        let log = known.unwrap_or_else(|| appender.batch.introduce(&mut appender.head, &origin));
        self.logs.push((name.clone(), log));
        log
    }

    fn known(&self, name: &LogName) -> Option<u32> {
        let mut logs = self.logs.iter();
        logs.find_map(|(known, log)| (known == name).then_some(*log))
    }
}

/// The queue is closed before the group's waiters hear of it, so that none sees it open after.
fn fail(queue: &Queue, group: Group, error: io::Error) -> io::Error {
    queue.kill();
    drop(group);
    error
}

/// Closes the queue and says so, however the thread ends.
struct Poison {
    queue: Arc<Queue>,
    on_poison: OnPoison,
    is_armed: bool,
}

impl Drop for Poison {
    fn drop(&mut self) {
        if self.is_armed {
            self.queue.kill();
            (self.on_poison)();
        }
    }
}

#[cfg(test)]
mod tests;
