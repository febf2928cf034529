//! The stores that every contract runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::{Memory, Sqlite};
use tempfile::TempDir;

use model::ports::{Accesses, Consents, Grants, KeyRing, Outbox, Replay, Sessions};

/// Everything a store does, as one thing to hand around.
pub(crate) trait Store:
    Accesses + Consents + Grants + KeyRing + Outbox + Replay + Sessions
{
}

impl<T: Accesses + Consents + Grants + KeyRing + Outbox + Replay + Sessions> Store for T {}

/// A store under test, by name, with what must outlive it.
pub(crate) struct Adapter {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn Store>,
    _dir: Option<TempDir>,
}

/// A fresh store of each kind.
pub(crate) fn all() -> Vec<Adapter> {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let sqlite = sqlite(&data_file(dir.path()));
    vec![
        Adapter {
            name: "memory",
            store: Arc::new(Memory::new()),
            _dir: None,
        },
        Adapter {
            name: "sqlite",
            store: sqlite,
            _dir: Some(dir),
        },
    ]
}

pub(crate) fn sqlite(file: &Path) -> Arc<Sqlite> {
    Sqlite::open(file).expect("opens")
}

pub(crate) fn data_file(dir: &Path) -> PathBuf {
    dir.join("mortise.db")
}

/// What a crash would leave of a running store's files: the data file and the write-ahead log as
/// they are now, without the closing that writes the one into the other.
pub(crate) fn after_a_crash(dir: &Path) -> TempDir {
    let copy = tempfile::tempdir().expect("a temporary directory");
    let (from, to) = (data_file(dir), data_file(copy.path()));
    for suffix in ["", "-wal"] {
        let beside = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
        std::fs::copy(beside(&from), beside(&to)).expect("copied");
    }
    copy
}
