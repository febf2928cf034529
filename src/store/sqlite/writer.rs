//! The writer: one thread that commits commands in groups.
//!
//! A command runs in its own savepoint inside the group's transaction, so one that fails undoes
//! itself and not its neighbours. Callers are woken after COMMIT, never before; when COMMIT fails,
//! all of the group hear that the store is unavailable. A caller that went away changes nothing:
//! its command, once queued, is carried out.
//!
//! The writer is not a thread of the runtime its callers live in, and a wake from outside costs a
//! runtime of one thread a system call each. So the writer answers the first caller of a group,
//! which answers the others from within: what they do next meets again in one group. Whom it has
//! not answered when the next group is written, or a moment later, the writer answers itself.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::oneshot;

use model::Turn;
use model::ports::StoreUnavailable;

use self::queue::{Command, Queue};
use crate::rim::Unfit;

mod queue;

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
/// Answers the caller, and hands it those that it is to answer; gives them back when it has gone.
type Answer = Box<dyn FnOnce(Fate, Option<Others>) -> Option<Others> + Send>;

/// What a command leaves behind.
struct Ran {
    answer: Answer,
    /// It could be neither kept nor undone by itself.
    is_group_lost: bool,
}

/// Who else of a group is to be answered. Whoever lets go of it first does it.
struct Others {
    answers: Arc<Mutex<Vec<Answer>>>,
    fate: Fate,
}

impl Others {
    fn waiting(&self) -> MutexGuard<'_, Vec<Answer>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        let answers = mem::take(&mut *self.waiting());
        for answer in answers {
            answer(self.fate.clone(), None);
        }
    }
}

/// Answers the first of a group that is still there, which answers the others. What is given back
/// answers those whom it has not, when it is dropped.
fn tell(mut answers: Vec<Answer>, fate: &Fate) -> Others {
    answers.reverse();
    let answers = Arc::new(Mutex::new(answers));
    let others = || Others {
        answers: Arc::clone(&answers),
        fate: fate.clone(),
    };
    let mut handed = others();
    loop {
        let Some(first) = handed.waiting().pop() else {
            return handed;
        };
        match first(fate.clone(), Some(handed)) {
            None => return others(),
            Some(back) => handed = back,
        }
    }
}

/// The door to the writer thread. Dropping it carries out what waits, then closes the connection.
#[derive(Debug)]
pub(super) struct Writer {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(connection: Connection) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let waiting = Arc::clone(&queue);
        let thread = thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, &waiting))?;
        Ok(Self {
            queue,
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
            let (result, is_group_lost) = in_savepoint(group, work);
            let answer: Answer = Box::new(move |fate, others| {
                let result = match fate {
                    Ok(()) => result.map_err(Cause::from),
                    Err(cause) => Err(cause.into()),
                };
                // The caller may have gone; what is written stays written.
                answer
                    .send((result, others))
                    .err()
                    .and_then(|(_, others)| others)
            });
            Ran {
                answer,
                is_group_lost,
            }
        });
        let unavailable = |source| StoreUnavailable { doing, source };
        let asks = self
            .queue
            .push(command)
            .map_err(|refused| unavailable(Some(refused.into())))?;
        if let Some(asks) = asks {
            let mut turn = Turn::default();
            poll_fn(|context| turn.poll(context)).await;
            asks.ask();
        }
        let (result, others) = answered
            .await
            .map_err(|_| unavailable(Some("the command was not carried out".into())))?;
        drop(others);
        result.map_err(|cause| unavailable(Some(cause)))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue.end();
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

fn write(mut connection: Connection, queue: &Queue) {
    let mut waiting = queue.served();
    let mut others = None;
    while let Some(group) = waiting.next() {
        if group.is_empty() {
            others = None;
            continue;
        }
        let mut answers = Vec::with_capacity(group.len());
        let fate = commit(&mut connection, group, &mut answers).map_err(Arc::new);
        if let Err(cause) = &fate {
            tracing::error!(
                error = cause as &dyn std::error::Error,
                "the store could not commit"
            );
        }
        drop(others.replace(tell(answers, &fate)));
    }
}

/// Runs a group and commits it. Commands that were not run are dropped, which their callers hear.
fn commit(
    connection: &mut Connection,
    group: Vec<Command>,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for command in group {
        let ran = command(&transaction);
        answers.push(ran.answer);
        // A full disk or an I/O error makes SQLite roll the whole transaction back by itself.
        // What ran after that would be committed alone, so nothing may.
        if ran.is_group_lost || transaction.is_autocommit() {
            return Err(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_ABORT_ROLLBACK),
                Some("the group was rolled back".to_owned()),
            ));
        }
    }
    transaction.commit()
}

/// Runs work so that it alone is undone when it fails; and whether that could not be done, so that
/// its group must be. The statements of rusqlite's own savepoints would be parsed anew each time.
fn in_savepoint<T, E: Into<Undone>>(
    group: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, E>,
) -> (Result<T, Undone>, bool) {
    let run = |sql| group.prepare_cached(sql)?.execute([]);
    if let Err(cause) = run("SAVEPOINT command") {
        return (Err(cause.into()), false);
    }
    let done = work(group).map_err(Into::into);
    let ended = match done {
        Ok(_) => run("RELEASE command"),
        Err(_) => run("ROLLBACK TO command").and_then(|_| run("RELEASE command")),
    };
    match ended {
        Ok(_) => (done, false),
        Err(cause) => (done.and(Err(cause.into())), true),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
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
            queue::tests::unanswered()
        });
        let asks = writer.queue.push(command).expect("has room");
        asks.expect("nothing waits").ask();
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
        let mut asks = Vec::new();
        for _ in 0..queue::COMMANDS_MAX {
            let command: Command = Box::new(|_| queue::tests::unanswered());
            asks.push(writer.queue.push(command).expect("has room"));
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

    #[tokio::test]
    async fn what_can_be_neither_kept_nor_undone_by_itself_goes_with_its_group() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        let before = writer.carry_out("inserting", insert(1));
        let lost = writer.carry_out("letting its savepoint go", |c| {
            c.execute_batch("INSERT INTO parent (id) VALUES (2); RELEASE command")
        });
        let after = writer.carry_out("inserting", insert(3));
        let (before, lost, after, ()) =
            tokio::join!(before, lost, after, async { go.send(()).expect("held") });
        assert!(before.is_err() && lost.is_err() && after.is_err());
        assert_eq!(count(&writer).await, 0);
    }

    #[tokio::test]
    async fn who_is_ready_with_the_first_joins_its_group() {
        let (_dir, writer) = writer();
        let all = (1..=16).map(|id| writer.carry_out("inserting", insert(id)));
        let (all, ()) = tokio::join!(futures_util::future::join_all(all), async {
            assert_eq!(writer.queue.waiting(), (16, false), "nobody has asked yet");
        });
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(count(&writer).await, 16);
    }

    /// Three callers of one group, polled until the first has asked; committed when `go` is used.
    macro_rules! three {
        ($writer:expr, $first:ident, $others:ident) => {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            let mut $first = Box::pin($writer.carry_out("inserting", insert(1)));
            let mut $others = futures_util::future::join(
                Box::pin($writer.carry_out("inserting", insert(2))),
                Box::pin($writer.carry_out("inserting", insert(3))),
            );
            for _ in 0..2 {
                assert!($first.as_mut().poll(&mut context).is_pending());
                assert!(Pin::new(&mut $others).poll(&mut context).is_pending());
            }
        };
    }

    #[tokio::test]
    async fn when_the_first_leaves_before_the_answer_the_next_answers_the_others() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        three!(writer, first, others);
        drop(first);
        go.send(()).expect("held");
        assert!(matches!(others.await, (Ok(1), Ok(1))));
        assert_eq!(count(&writer).await, 3);
    }

    #[tokio::test]
    async fn when_the_first_leaves_with_its_answer_the_others_have_theirs() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        three!(writer, first, others);
        go.send(()).expect("held");
        // The group before has been answered when this one is at work.
        while writer.queue.waiting() != (0, false) {
            tokio::task::yield_now().await;
        }
        let go = hold(&writer);
        drop(first);
        assert!(matches!(others.await, (Ok(1), Ok(1))));
        go.send(()).expect("held");
    }

    #[tokio::test]
    async fn a_first_that_does_nothing_delays_the_others_for_a_moment_only() {
        let (_dir, writer) = writer();
        let go = hold(&writer);
        three!(writer, first, others);
        go.send(()).expect("held");
        assert!(matches!(others.await, (Ok(1), Ok(1))));
        drop(first);
    }

    #[tokio::test]
    async fn a_command_that_nobody_asks_for_is_carried_out_all_the_same() {
        let (_dir, writer) = writer();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut first = Box::pin(writer.carry_out("inserting", insert(1)));
        assert!(first.as_mut().poll(&mut context).is_pending());
        let waits = writer.carry_out("counting", |c| {
            c.query_row("SELECT count(*) FROM parent", [], |row| {
                row.get::<_, i64>(0)
            })
        });
        assert_eq!(waits.await.expect("counts"), 1);
        drop(first);
    }
}
