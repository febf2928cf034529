//! The log as the house sees it: opened, handed out as a port, closed.

use std::fmt;
use std::fs::DirBuilder;
use std::future::ready;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crypto::{Random, base64url, random_array};
use futures_util::future::BoxFuture;
use model::ports::{AuditLog, AuditUnavailable, Receipt};
use model::{AuditEntry, Clock, Meter, Watch};

use crate::follow::Durable;
use crate::lock::{Lock, NoLock};
use crate::metrics::{GroupMeters, POISONED, QUEUE_MAX, QUEUED};
use crate::outcome::Herald;
use crate::queue::{Item, Queue, Share, Ticket};
use crate::record::{self, HouseEvent};
use crate::recover::{OpenFailed, recover, told};
use crate::settings::Settings;
use crate::wal::ahead::Stock;
use crate::wal::disk::{Disk, FileSystem};
use crate::wal::place::{NoSegment, Place};
use crate::wal::segment;
use crate::writer::{OnPoison, Writer};

/// The audit log of this node, open. Dropped it is closed, as a start that fails later leaves it;
/// but while a panic unwinds, it writes what is queued and ends without `audit.stop`: the next
/// start says that the stop was not clean.
pub struct Audit {
    queue: Arc<Queue>,
    stock: Arc<Stock>,
    durable: Durable,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Audit").finish_non_exhaustive()
    }
}

impl Audit {
    /// Takes the directory's lock, recovers what is there, and makes `audit.start` durable. Blocks
    /// on the disk. `on_poison` is called once, from the writer's thread, when the log can no
    /// longer be written: every waiter has failed by then and nothing is taken any more.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the house hands out its ports as shared values"
    )]
    pub fn open(
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        on_poison: Box<dyn Fn() + Send + Sync>,
    ) -> Result<Self, OpenFailed> {
        Self::open_on(Arc::new(FileSystem), settings, clock, &*random, on_poison)
    }

    pub(crate) fn open_on(
        disk: Arc<dyn Disk>,
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: &dyn Random,
        on_poison: OnPoison,
    ) -> Result<Self, OpenFailed> {
        if !is_node_name(&settings.node) {
            return Err(OpenFailed::NodeName {
                name: settings.node,
            });
        }
        let dir = settings.dir;
        let folder = segment::folder(&dir);
        make_folders(&*disk, &dir, &folder).map_err(failed("make the folder", &folder))?;
        let boot = base64url(&random_array::<16>(random));
        let lock = Lock::take(&dir.join("lock"), &boot).map_err(|problem| match problem {
            NoLock::Held { pid } => OpenFailed::InUse {
                dir: dir.clone(),
                pid,
            },
            NoLock::Io(source) => failed("lock", &dir)(source),
        })?;
        let place = Place {
            disk,
            folder,
            node: settings.node,
            segment_bytes: settings.segment_bytes,
        };
        let recovered = recover(place.clone())?;
        let mut events: Vec<_> = recovered
            .torn
            .into_iter()
            .map(HouseEvent::Recover)
            .collect();
        events.push(HouseEvent::Start {
            clean: recovered.is_clean,
        });
        let mut writer = Writer::new(recovered.appender, clock, &place.node, &boot, lock);
        writer
            .say(&events)
            .map_err(NoSegment::into_error)
            .map_err(failed("write the record of the start", &place.folder))?;
        told(&place, &recovered.saved)?;
        let queue = Arc::new(Queue::new(settings.queue_bytes_max));
        let given_up = Arc::clone(&queue);
        let stock = writer
            .look_ahead(Box::new(move || given_up.kill()))
            .map_err(failed("start the thread that makes segments", &dir))?;
        let durable = writer.durable().clone();
        let linger = settings.linger;
        let at_work = Arc::clone(&queue);
        let thread = std::thread::Builder::new()
            .name("audit-writer".to_owned())
            .spawn(move || writer.run(&at_work, linger, on_poison))
            .map_err(failed("start the writer's thread", &dir))?;
        Ok(Self {
            queue,
            stock,
            durable,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// The port to record through; clones share the one log.
    pub fn log(&self) -> Arc<dyn AuditLog> {
        Arc::new(Log {
            queue: Arc::clone(&self.queue),
            stock: Arc::clone(&self.stock),
        })
    }

    /// How far the log is durable, for whoever reads it on.
    pub fn durable(&self) -> Durable {
        self.durable.clone()
    }

    /// A task for the runtime in which records are waited for: it wakes them from within, which is
    /// cheaper than from the writer's thread. One at a time; it ends when the log is closed, which
    /// works without it.
    pub fn herald(&self) -> impl Future<Output = ()> + Send + use<> {
        Herald::new(self.queue.calls())
    }

    /// Puts the log's numbers into a registry, as long as the watches are held.
    pub fn measure(&self, meter: &Meter) -> Vec<Watch> {
        self.queue.measure_groups(GroupMeters::new(meter));
        let watch = |measure, number: fn(&Queue) -> f64| {
            let queue = Arc::downgrade(&self.queue);
            meter.watch(measure, move |tell| {
                if let Some(queue) = queue.upgrade() {
                    tell(&[], number(&queue));
                }
            })
        };
        vec![
            watch(&QUEUED, |queue| queue.bytes() as f64),
            watch(&QUEUE_MAX, |queue| queue.bytes_max() as f64),
            watch(&POISONED, |queue| f64::from(u8::from(queue.is_dead()))),
        ]
    }

    /// Takes nothing more, makes what is queued and `audit.stop` durable, and lets go of the lock.
    /// Blocks on the disk. Called again it does nothing.
    pub fn close(&self) {
        self.end(true);
    }

    /// Ends as a killed process does, but for what is queued.
    #[cfg(test)]
    pub(crate) fn abandon(&self) {
        self.end(false);
    }

    fn end(&self, is_orderly: bool) {
        self.queue.end(is_orderly);
        let thread = self
            .thread
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let me = std::thread::current().id();
        // Called from `on_poison`, the thread cannot wait for itself. One that panicked has
        // poisoned the queue and said so.
        if let Some(thread) = thread.filter(|thread| thread.thread().id() != me) {
            let _ = thread.join();
        }
        self.queue.calls().end();
    }
}

impl Drop for Audit {
    fn drop(&mut self) {
        self.end(!std::thread::panicking());
    }
}

/// The port, filled.
struct Log {
    queue: Arc<Queue>,
    stock: Arc<Stock>,
}

impl Log {
    fn push(&self, entry: &AuditEntry, share: Share) -> Result<Ticket, AuditUnavailable> {
        let item = Item {
            log: entry.log.clone(),
            partner: entry.event.partner().cloned(),
            at: entry.at,
            body: record::event(entry.at, &entry.event),
        };
        self.queue.push(item, share)
    }
}

impl AuditLog for Log {
    /// The entry is queued by the call itself; the future only waits.
    fn record(&self, entry: AuditEntry) -> BoxFuture<'static, Result<Receipt, AuditUnavailable>> {
        match self.push(&entry, Share::Whole) {
            Ok(ticket) => Box::pin(ticket),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }

    fn queue(&self, entry: AuditEntry) -> Result<(), AuditUnavailable> {
        self.push(&entry, Share::Most).map(|_| ())
    }

    fn is_available(&self) -> bool {
        self.stock.has_space() && self.queue.is_available()
    }
}

fn is_node_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

fn make_folders(disk: &dyn Disk, dir: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)?;
    disk.sync_folder(dir)?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => disk.sync_folder(parent),
        _ => Ok(()),
    }
}

fn failed<'a>(doing: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> OpenFailed + 'a {
    move |source| OpenFailed::Io {
        doing,
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests;
