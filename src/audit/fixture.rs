//! What the tests of this room share: a disk that counts and fails, a log in a temporary folder.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use crypto::SeededRandom;
use jiff::Timestamp;
use model::{
    Access, AuditEntry, AuditEvent, BankId, Decision, InteractionId, LogName, MovedClock,
    PartnerId, RequestId, Timing, Who,
};
use tempfile::TempDir;

use crate::wal::disk::{Device, Disk, FileSystem};
use crate::wal::head::Head;
use crate::wal::scan::{Next, Scan};
use crate::{Audit, OpenFailed, Settings, read};

/// The machine's files with every sync left out, each call counted, any of them made to fail.
#[derive(Debug, Default)]
pub(crate) struct TestDisk {
    pub(crate) calls: Arc<Calls>,
}

/// What was called, and what is to go wrong.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(crate) all: AtomicUsize,
    pub(crate) syncs: AtomicUsize,
    /// The call that fails with EIO, from 1; 0 for none.
    pub(crate) fails_at: AtomicUsize,
    /// Whether no file can be given blocks.
    pub(crate) is_full: AtomicBool,
    /// Whether each call of the thread that makes segments fails.
    pub(crate) helper_fails: AtomicBool,
    /// Whether that thread panics instead.
    pub(crate) helper_panics: AtomicBool,
    /// How often the writer itself gave a file blocks.
    pub(crate) by_writer: AtomicUsize,
    /// The thread of the call that failed.
    failed: Mutex<Option<ThreadId>>,
    /// Calls that the same thread has made since.
    pub(crate) after_failure: AtomicUsize,
    /// Whether syncs wait.
    is_held: Mutex<bool>,
    released: Condvar,
}

impl Calls {
    fn call(&self) -> io::Result<()> {
        let me = thread::current().id();
        let number = self.all.fetch_add(1, Ordering::SeqCst) + 1;
        let mut failed = self.failed.lock().unwrap();
        if *failed == Some(me) {
            self.after_failure.fetch_add(1, Ordering::SeqCst);
        }
        let is_helpers = thread::current().name() == Some("audit-ahead");
        if is_helpers && self.helper_panics.load(Ordering::SeqCst) {
            drop(failed);
            panic!("a disk that nobody thought of");
        }
        if number == self.fails_at.load(Ordering::SeqCst)
            || is_helpers && self.helper_fails.load(Ordering::SeqCst)
        {
            *failed = Some(me);
            return Err(rustix::io::Errno::IO.into());
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.call()?;
        // The thread that makes segments ahead is neither counted nor held.
        if thread::current().name() == Some("audit-ahead") {
            return Ok(());
        }
        self.syncs.fetch_add(1, Ordering::SeqCst);
        let held = self.is_held.lock().unwrap();
        drop(self.released.wait_while(held, |held| *held).unwrap());
        Ok(())
    }

    pub(crate) fn hold_syncs(&self, is_held: bool) {
        *self.is_held.lock().unwrap() = is_held;
        self.released.notify_all();
    }
}

impl Disk for TestDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn Device>> {
        self.calls.call()?;
        let device = FileSystem.create(path)?;
        let calls = Arc::clone(&self.calls);
        Ok(Box::new(TestDevice { device, calls }))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Device>> {
        self.calls.call()?;
        let device = FileSystem.open(path)?;
        let calls = Arc::clone(&self.calls);
        Ok(Box::new(TestDevice { device, calls }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.calls.call()?;
        FileSystem.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.calls.call()?;
        FileSystem.remove(path)
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        self.calls.call()
    }
}

#[derive(Debug)]
struct TestDevice {
    device: Box<dyn Device>,
    calls: Arc<Calls>,
}

impl Device for TestDevice {
    fn allocate(&mut self, from: u64, to: u64) -> io::Result<()> {
        self.calls.call()?;
        if thread::current().name() == Some("audit-writer") {
            self.calls.by_writer.fetch_add(1, Ordering::SeqCst);
        }
        if self.calls.is_full.load(Ordering::SeqCst) {
            return Err(rustix::io::Errno::NOSPC.into());
        }
        self.device.allocate(from, to)
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.calls.call()?;
        self.device.write_at(bytes, offset)
    }

    fn sync_data(&mut self) -> io::Result<()> {
        self.calls.sync()
    }

    fn sync_all(&mut self) -> io::Result<()> {
        self.calls.sync()
    }
}

/// A folder for a log, the disk under it, and how often it was poisoned.
pub(crate) struct Room {
    pub(crate) dir: TempDir,
    pub(crate) calls: Arc<Calls>,
    pub(crate) poisoned: Arc<AtomicUsize>,
    pub(crate) segment_bytes: u64,
    starts: AtomicUsize,
}

impl Room {
    pub(crate) fn new(segment_bytes: u64) -> Self {
        Self {
            dir: TempDir::new().unwrap(),
            calls: Arc::default(),
            poisoned: Arc::default(),
            segment_bytes,
            starts: AtomicUsize::new(1),
        }
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            dir: self.dir.path().to_owned(),
            node: "node-1".to_owned(),
            segment_bytes: self.segment_bytes,
            linger: Duration::ZERO,
            queue_bytes_max: 8 << 20,
        }
    }

    pub(crate) fn open(&self) -> Audit {
        self.try_open(self.settings()).unwrap()
    }

    pub(crate) fn try_open(&self, settings: Settings) -> Result<Audit, OpenFailed> {
        let poisoned = Arc::clone(&self.poisoned);
        let seed = self.starts.fetch_add(1, Ordering::SeqCst) as u64;
        Audit::open_on(
            Arc::new(TestDisk {
                calls: Arc::clone(&self.calls),
            }),
            settings,
            Arc::new(MovedClock::stopped()),
            &SeededRandom::new(seed),
            Box::new(move || {
                poisoned.fetch_add(1, Ordering::SeqCst);
            }),
        )
    }

    /// All records, which must be readable.
    pub(crate) fn records(&self) -> Vec<String> {
        let records = read(self.dir.path()).unwrap();
        records.map(|record| text(&record.unwrap().json)).collect()
    }

    /// A copy of the log's files.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        segments(self.dir.path())
            .into_iter()
            .map(|path| {
                let bytes = std::fs::read(&path).unwrap();
                (path, bytes)
            })
            .collect()
    }

    /// Makes the log's folder hold these segments and nothing else.
    pub(crate) fn put(&self, files: &BTreeMap<PathBuf, Vec<u8>>) {
        let folder = self.dir.path().join("wal");
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir(&folder).unwrap();
        for (path, bytes) in files {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

/// The segments of a log in order.
pub(crate) fn segments(dir: &Path) -> Vec<PathBuf> {
    crate::wal::segment::list(&dir.join("wal")).unwrap()
}

/// Where each batch of a segment ends; the first is where the header ends.
pub(crate) fn batch_ends(path: &Path) -> Vec<u64> {
    let (mut scan, header) = Scan::open(path).unwrap().unwrap();
    let mut head: Head = header.head;
    let mut ends = vec![scan.offset()];
    while let Next::Batch(batch) = scan.next(head.batch).unwrap() {
        head.apply(&batch).unwrap();
        ends.push(batch.end);
    }
    ends
}

/// The type of a record and, of an access, its partner: `api.access swiftride`.
pub(crate) fn kind(json: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    let partner = json["partner"]["id"].as_str().unwrap_or_default();
    let kind = json["type"].as_str().unwrap();
    format!("{kind} {partner}").trim_end().to_owned()
}

pub(crate) fn text(json: &[u8]) -> String {
    String::from_utf8(json.to_vec()).unwrap()
}

pub(crate) fn bank(name: &str) -> LogName {
    LogName::Bank(BankId::parse(name).unwrap())
}

pub(crate) fn at() -> Timestamp {
    "2026-11-22T10:00:00.000000001Z".parse().unwrap()
}

/// An access by a partner, or by nobody known.
pub(crate) fn access(log: LogName, partner: Option<&str>, number: u8) -> AuditEntry {
    AuditEntry {
        log,
        at: at(),
        event: AuditEvent::Access(Box::new(Access {
            request: RequestId::new(at(), [number; 10]),
            interaction: InteractionId::new([number; 16]),
            peer: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77)),
            who: Who {
                partner: partner.map(|id| PartnerId::parse(id).unwrap()),
                ..Who::default()
            },
            object: None,
            consent: None,
            steps: Vec::new(),
            decision: Decision::Allowed,
            status: 200,
            code: None,
            rule: None,
            trouble: None,
            timing: Timing::default(),
            answer: None,
            snapshot: 1,
        })),
    }
}

/// Waits for a future in a test that has no runtime.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}
