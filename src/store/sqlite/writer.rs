//! The writer: one thread that commits commands in groups.
//!
//! A command runs in its own savepoint inside the group's transaction, so one that fails undoes
//! itself and not its neighbours. Callers are woken after COMMIT, never before; when COMMIT fails,
//! all of the group hear that the store is unavailable. A caller that went away changes nothing:
//! its command, once queued, is carried out.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::oneshot;

use model::ports::StoreUnavailable;

use crate::rim::Unfit;

/// How many commands may wait. Beyond it the store answers that it is unavailable at once:
/// a queue that only grows helps nobody.
const COMMANDS_MAX: usize = 4096;

/// How many commands share one transaction at most; bounds the wait of the first among them.
const GROUP_MAX: usize = 256;

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Undone {
    /// SQLite refused.
    #[error(transparent)]
    Sql(#[from] rusqlite::Error),
    /// It would break a rule.
    #[error(transparent)]
    Unfit(#[from] Unfit),
}

/// Whether what a command did is on the disk now; if not, why.
type Fate = Result<(), Arc<rusqlite::Error>>;
type Cause = Box<dyn std::error::Error + Send + Sync>;
/// Tells the caller.
type Wake = Box<dyn FnOnce(Fate) + Send>;
/// Runs inside the group's transaction; what it gives is called when the fate is known.
type Command = Box<dyn FnOnce(&mut Transaction<'_>) -> Wake + Send>;

/// The door to the writer thread. Dropping it carries out what waits, then closes the connection.
#[derive(Debug)]
pub(super) struct Writer {
    commands: Option<SyncSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let (commands, waiting) = sync_channel(COMMANDS_MAX);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, &waiting))?;
        Ok(Self {
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    /// Carries out one command; resolves when it is durable.
    pub(super) async fn carry_out<T: Send + 'static, E: Into<Undone> + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    ) -> Result<T, StoreUnavailable> {
        let (answer, answered) = oneshot::channel();
        let command: Command = Box::new(move |group| {
            let result = in_savepoint(group, work);
            Box::new(move |fate| {
                // The caller may have gone; what is written stays written.
                let _ = answer.send(match fate {
                    Ok(()) => result.map_err(Cause::from),
                    Err(cause) => Err(cause.into()),
                });
            })
        });
        let unavailable = |source| StoreUnavailable { doing, source };
        let sender = self.commands.as_ref().ok_or_else(|| unavailable(None))?;
        sender.try_send(command).map_err(|refused| {
            unavailable(Some(match refused {
                TrySendError::Full(_) => "the writer's queue is full".into(),
                TrySendError::Disconnected(_) => "the writer has stopped".into(),
            }))
        })?;
        let result = answered
            .await
            .map_err(|_| unavailable(Some("the command was not carried out".into())))?;
        result.map_err(|cause| unavailable(Some(cause)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

fn write(mut connection: Connection, waiting: &Receiver<Command>) {
    while let Ok(first) = waiting.recv() {
        let mut group = vec![first];
        group.extend(waiting.try_iter().take(GROUP_MAX - 1));
        let mut wakes = Vec::with_capacity(group.len());
        let fate = commit(&mut connection, group, &mut wakes).map_err(Arc::new);
        if let Err(cause) = &fate {
            tracing::error!(
                error = cause as &dyn std::error::Error,
                "the store could not commit"
            );
        }
        for wake in wakes {
            wake(fate.clone());
        }
    }
}

/// Runs a group and commits it. Commands that were not run are dropped, which their callers hear.
fn commit(
    connection: &mut Connection,
    group: Vec<Command>,
    wakes: &mut Vec<Wake>,
) -> rusqlite::Result<()> {
    let mut transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for command in group {
        wakes.push(command(&mut transaction));
        // A full disk or an I/O error makes SQLite roll the whole transaction back by itself.
        // What ran after that would be committed alone, so nothing may.
        if transaction.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                Some("the group was rolled back".to_owned()),
            ));
        }
    }
    transaction.commit()
}

fn in_savepoint<T, E: Into<Undone>>(
    group: &mut Transaction<'_>,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> Result<T, Undone> {
    // Dropped without `commit`, a savepoint is rolled back.
    let savepoint = group.savepoint()?;
    let value = work(&savepoint).map_err(Into::into)?;
    savepoint.commit()?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    fn writer() -> (tempfile::TempDir, Writer) {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let connection = Connection::open(dir.path().join("test.db")).expect("opens");
        connection
            .execute_batch(
                "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;
                 CREATE TABLE parent (id INTEGER PRIMARY KEY) STRICT;
                 CREATE TABLE child (
                    parent INTEGER NOT NULL REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED
                 ) STRICT;",
            )
            .expect("runs");
        (dir, Writer::start(connection).expect("starts"))
    }

    fn insert(id: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send {
        move |c| c.execute("INSERT INTO parent (id) VALUES (?1)", [id])
    }

    async fn count(writer: &Writer) -> i64 {
        writer
            .carry_out("counting", |c| {
                c.query_row("SELECT count(*) FROM parent", [], |row| row.get(0))
            })
            .await
            .expect("counts")
    }

    /// Keeps the writer busy until the returned sender is used, so that what is queued meanwhile
    /// becomes one group.
    fn hold(writer: &Writer) -> mpsc::Sender<()> {
        let (go, wait) = mpsc::channel::<()>();
        let (entered, started) = mpsc::channel();
        let command: Command = Box::new(move |_| {
            entered.send(()).expect("somebody waits");
            let _ = wait.recv();
            Box::new(|_| ())
        });
        let sender = writer.commands.as_ref().expect("open");
        sender.try_send(command).expect("has room");
        started.recv().expect("starts");
        go
    }

    #[tokio::test]
    async fn a_command_that_fails_undoes_itself_and_not_its_neighbours() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        let half_done = writer.carry_out("failing", |c| {
            c.execute("INSERT INTO parent (id) VALUES (7)", [])?;
            c.execute("INSERT INTO nowhere (id) VALUES (7)", [])
        });
        let good = writer.carry_out("inserting", insert(1));
        let (half_done, good, ()) =
            tokio::join!(half_done, good, async { go.send(()).expect("held") });
        assert!(half_done.is_err());
        assert_eq!(good.expect("inserts"), 1);
        assert_eq!(count(&writer).await, 1);
    }

    #[tokio::test]
    async fn when_commit_fails_all_of_the_group_hear_it_and_nothing_stays() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        let innocent = writer.carry_out("inserting", insert(1));
        // Found only by COMMIT: the constraint is deferred.
        let orphan = writer.carry_out("inserting an orphan", |c| {
            c.execute("INSERT INTO child (parent) VALUES (99)", [])
        });
        let (innocent, orphan, ()) =
            tokio::join!(innocent, orphan, async { go.send(()).expect("held") });
        assert!(innocent.is_err() && orphan.is_err());
        assert_eq!(count(&writer).await, 0);
        assert_eq!(
            writer
                .carry_out("inserting", insert(1))
                .await
                .expect("works again"),
            1
        );
    }

    #[tokio::test]
    async fn after_sqlite_rolled_back_by_itself_nothing_of_the_group_is_run_alone() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        let rolled_back = writer.carry_out("rolling back", |c| c.execute_batch("ROLLBACK"));
        let after = writer.carry_out("inserting", insert(2));
        let (rolled_back, after, ()) =
            tokio::join!(rolled_back, after, async { go.send(()).expect("held") });
        assert!(rolled_back.is_err() && after.is_err());
        assert_eq!(count(&writer).await, 0);
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        let sender = writer.commands.as_ref().expect("open");
        for _ in 0..COMMANDS_MAX {
            sender
                .try_send(Box::new(|_| Box::new(|_| ())))
                .expect("has room");
        }
        let refused = writer.carry_out("inserting", insert(1)).await;
        let cause = refused.expect_err("full").source.expect("a cause");
        assert_eq!(cause.to_string(), "the writer's queue is full");
        go.send(()).expect("held");
    }

    #[tokio::test]
    async fn a_caller_that_leaves_does_not_withdraw_its_command() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        {
            let mut left = Box::pin(writer.carry_out("inserting", insert(5)));
            let waker = futures_util::task::noop_waker();
            let mut context = std::task::Context::from_waker(&waker);
            assert!(left.as_mut().poll(&mut context).is_pending());
        }
        go.send(()).expect("held");
        assert_eq!(count(&writer).await, 1);
    }
}
