//! The ports in one SQLite file: the store of a single node.
//!
//! Durability: WAL with `synchronous=FULL`, so a transaction survives a loss of power once COMMIT
//! returned. One process at a time: an advisory lock on a file beside the data file is held from
//! before the first byte is read until the last connection is closed.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use rustix::fs::{FlockOperation, flock};

use self::reader::Reader;
use self::writer::Writer;

mod accesses;
mod consents;
mod forget;
mod grants;
mod keys;
mod migrate;
mod outbox;
mod reader;
mod replay;
mod room;
mod row;
mod sessions;
mod writer;

/// How long a connection waits for another one's lock. Only a checkpoint of the reader's at close
/// or a person with the `sqlite3` shell can hold one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// How many prepared statements a connection keeps: all that this room has.
const STATEMENTS_KEPT: usize = 96;

/// The write-ahead file is cut back to this many bytes after a checkpoint.
const WAL_BYTES_KEPT: u32 = 16 * 1024 * 1024;

/// Why a data file was not opened. Nothing was changed in it, except by the migrations that had
/// already succeeded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenFailed {
    /// The file, or the lock file beside it, cannot be made, opened or protected.
    #[error("the data file cannot be opened: {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another process, or another part of this one, has it open.
    #[error("the data file is in use by another process: {}", path.display())]
    InUse {
        /// The data file.
        path: PathBuf,
    },
    /// It holds something else than a store of ours.
    #[error("the file is not a data file of mortise: {}", path.display())]
    Foreign {
        /// The data file.
        path: PathBuf,
    },
    /// A newer program wrote it.
    #[error(
        "the data file {} has version {version}, this program knows versions up to {known}; \
         run the newer program, or restore a backup from before the upgrade",
        path.display()
    )]
    Newer {
        /// The data file.
        path: PathBuf,
        /// The file's version.
        version: i64,
        /// The newest version this program knows.
        known: i64,
    },
    /// A migration in the file differs from the one of that number in this program.
    #[error(
        "the data file {} was migrated by another program: migration {number} differs",
        path.display()
    )]
    Diverged {
        /// The data file.
        path: PathBuf,
        /// The migration's number.
        number: i64,
    },
    /// SQLite cannot keep a write-ahead log here: a file system without shared memory.
    #[error(
        "the data file {} cannot have a write-ahead log; keep it on a local file system",
        path.display()
    )]
    NoWriteAhead {
        /// The data file.
        path: PathBuf,
    },
    /// SQLite refused.
    #[error("the data file {} failed while {doing}", path.display())]
    Database {
        /// The data file.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// The embedded store. Its threads end, and the file is free again, when the last handle drops.
#[derive(Debug)]
pub struct Sqlite {
    // In the order of dropping: both threads close their connections before the lock is let go.
    reader: Reader,
    writer: Writer,
    /// The `jti`s, for the writer's thread alone.
    taken: Arc<Mutex<replay::Taken>>,
    _lock: File,
}

impl Sqlite {
    /// Opens the data file, making it (mode 0600) when there is none, and brings it to this
    /// program's version. Blocks while migrations run. Fails when the file is in use, foreign,
    /// newer than this program, or cannot be read.
    pub fn open(path: &Path) -> Result<Arc<Self>, OpenFailed> {
        let lock = lock_beside(path)?;
        make_private(path)?;
        let mut connection = connect(path)?;
        migrate::run(&mut connection, migrate::ALL, path)?;
        let taken = replay::Taken::read(&connection)
            .map_err(failed(path, "reading the jtis that are taken"))?;
        let question = connect(path)?;
        question
            .pragma_update(None, "query_only", true)
            .map_err(failed(path, "setting up the reader"))?;
        let file = |source| OpenFailed::File {
            path: path.to_owned(),
            source,
        };
        Ok(Arc::new(Self {
            reader: Reader::start(question).map_err(file)?,
            writer: Writer::start(connection).map_err(file)?,
            taken: Arc::new(taken),
            _lock: lock,
        }))
    }
}

/// Takes the lock. It is a file of its own because closing any descriptor of the data file would
/// drop the POSIX locks that SQLite holds on it in this process.
fn lock_beside(path: &Path) -> Result<File, OpenFailed> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = PathBuf::from(name);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(&beside)
        .map_err(|source| OpenFailed::File {
            path: beside.clone(),
            source,
        })?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(file),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(OpenFailed::InUse {
            path: path.to_owned(),
        }),
        Err(errno) => Err(OpenFailed::File {
            path: beside,
            source: errno.into(),
        }),
    }
}

/// Makes the file for its owner alone. SQLite gives the `-wal` and `-shm` files the same mode.
fn make_private(path: &Path) -> Result<(), OpenFailed> {
    let made = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o600)
        .open(path)
        .and_then(|_| fs::set_permissions(path, Permissions::from_mode(0o600)));
    made.map_err(|source| OpenFailed::File {
        path: path.to_owned(),
        source,
    })
}

fn connect(path: &Path) -> Result<Connection, OpenFailed> {
    let doing = "opening it";
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed(path, doing))?;
    migrate::refuse_foreign(&connection, path)?;
    let set_up = || -> rusqlite::Result<String> {
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        // Without it a statement with `?1` in a range or a limit is prepared anew for each value.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let mode =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection
            .pragma_update_and_check(None, "journal_size_limit", WAL_BYTES_KEPT, |_| Ok(()))?;
        Ok(mode)
    };
    // Asked for WAL, SQLite answers with the mode it could set.
    if set_up().map_err(failed(path, doing))? == "wal" {
        Ok(connection)
    } else {
        Err(OpenFailed::NoWriteAhead {
            path: path.to_owned(),
        })
    }
}

fn failed(path: &Path, doing: &'static str) -> impl FnOnce(rusqlite::Error) -> OpenFailed {
    let path = path.to_owned();
    move |source| OpenFailed::Database {
        path,
        doing,
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("mortise.db");
        (dir, path)
    }

    #[test]
    fn the_files_are_their_owners_alone() {
        let (dir, path) = place();
        fs::write(&path, b"").expect("written");
        fs::set_permissions(&path, Permissions::from_mode(0o644)).expect("set");
        let _store = Sqlite::open(&path).expect("opens");
        let mut seen = 0;
        for entry in fs::read_dir(dir.path()).expect("listed") {
            let entry = entry.expect("an entry");
            let mode = entry.metadata().expect("metadata").permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "{}", entry.path().display());
            seen += 1;
        }
        assert_eq!(seen, 4, "the file, its -wal and -shm, and the lock");
    }

    #[test]
    fn a_file_in_use_is_refused_and_free_again_when_closed() {
        let (_dir, path) = place();
        let first = Sqlite::open(&path).expect("opens");
        assert!(matches!(Sqlite::open(&path), Err(OpenFailed::InUse { .. })));
        drop(first);
        Sqlite::open(&path).expect("opens again");
    }

    #[test]
    fn what_is_not_a_data_file_is_refused_and_left_alone() {
        let (_dir, path) = place();
        let text =
            "no database, but a text that is longer than SQLite's header of 100 bytes: ".repeat(4);
        fs::write(&path, &text).expect("written");
        assert!(matches!(
            Sqlite::open(&path),
            Err(OpenFailed::Foreign { .. })
        ));
        assert_eq!(fs::read_to_string(&path).expect("read"), text);
    }

    #[test]
    fn a_missing_folder_is_an_error_that_names_the_file() {
        let failed = Sqlite::open(Path::new("/nonexistent-folder/mortise.db")).expect_err("fails");
        assert!(
            failed
                .to_string()
                .contains("/nonexistent-folder/mortise.db")
        );
    }

    #[test]
    fn commits_are_synchronous_and_logged_ahead() {
        let (_dir, path) = place();
        drop(Sqlite::open(&path).expect("opens"));
        let connection = connect(&path).expect("connects");
        let text = |name: &str| -> String {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .expect("answers")
        };
        let number = |name: &str| -> i64 {
            connection
                .pragma_query_value(None, name, |row| row.get(0))
                .expect("answers")
        };
        assert_eq!(text("journal_mode"), "wal");
        assert_eq!(number("synchronous"), 2, "FULL");
        assert_eq!(number("foreign_keys"), 1);
    }

    #[test]
    fn a_statement_is_prepared_once_for_all_values() {
        let (_dir, path) = place();
        drop(Sqlite::open(&path).expect("opens"));
        let connection = connect(&path).expect("connects");
        let mut statement = connection
            .prepare("SELECT place FROM outbox WHERE place < ?1 LIMIT ?2")
            .expect("prepares");
        for value in 0..3 {
            statement
                .query_map([value, value + 1], |_| Ok(()))
                .expect("runs")
                .count();
        }
        assert_eq!(
            statement.get_status(rusqlite::StatementStatus::RePrepare),
            0
        );
    }
}
