//! Between those who change the store and the one thread that does it: groups that grow while the
//! disk works.
//!
//! Who finds the queue empty asks for its group, once all other tasks that are ready now have run:
//! what they queue joins. The mutex is held for moments, never for I/O.

use std::fmt;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::Answer;

/// How many commands may wait. Beyond it the store answers that it is unavailable at once:
/// a queue that only grows helps nobody.
pub(super) const COMMANDS_MAX: usize = 4096;

/// How many commands share one transaction at most; bounds the wait of the first among them.
const GROUP_MAX: usize = 256;

/// Runs inside the group's transaction; what it gives is called when the fate is known.
pub(super) type Command = Box<dyn FnOnce(&Connection) -> Answer + Send>;

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    commands: Vec<Command>,
    /// Whether the writer is to take them.
    is_asked_for: bool,
    /// Why no more are taken.
    closed: Option<&'static str>,
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("commands", &self.lock().commands.len())
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Queues a command, or says why it is not taken. The first of a group is to let go of what it
    /// is given when the others that are ready have had their turn.
    pub(super) fn push(self: &Arc<Self>, command: Command) -> Result<Option<Asks>, &'static str> {
        let mut state = self.lock();
        if let Some(why) = state.closed {
            return Err(why);
        }
        if state.commands.len() >= COMMANDS_MAX {
            return Err("the writer's queue is full");
        }
        let is_first = state.commands.is_empty();
        state.commands.push(command);
        Ok(is_first.then(|| Asks(Arc::clone(self))))
    }

    /// Takes no more. The writer ends when it has carried out what waits.
    pub(super) fn end(&self) {
        self.close("the writer is stopping");
    }

    /// The writer's side.
    pub(super) fn served(&self) -> Served<'_> {
        Served(self)
    }

    fn close(&self, why: &'static str) {
        let mut state = self.lock();
        state.closed.get_or_insert(why);
        drop(state);
        self.work.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks for what is queued, when it is dropped.
#[derive(Debug)]
pub(super) struct Asks(Arc<Queue>);

impl Drop for Asks {
    fn drop(&mut self) {
        self.0.lock().is_asked_for = true;
        self.0.work.notify_one();
    }
}

/// Gives the writer its groups. When the writer goes, by a panic too, what waits is dropped, which
/// its callers hear.
pub(super) struct Served<'a>(&'a Queue);

impl Served<'_> {
    /// The next group, when there is one that was asked for; none when no more come.
    pub(super) fn next(&self) -> Option<Vec<Command>> {
        let state = self.0.lock();
        let is_idle = |state: &mut State| {
            state.closed.is_none() && !(state.is_asked_for && !state.commands.is_empty())
        };
        let waited = self.0.work.wait_while(state, is_idle);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let count = state.commands.len().min(GROUP_MAX);
        let later = state.commands.split_off(count);
        let group = mem::replace(&mut state.commands, later);
        state.is_asked_for = !state.commands.is_empty();
        (!group.is_empty()).then_some(group)
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.close("the writer has stopped");
        let commands = mem::take(&mut self.0.lock().commands);
        drop(commands);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        Box::new(|_| Box::new(|_, _| ()))
    }

    #[test]
    fn a_group_is_taken_when_its_first_asks_and_no_longer_than_allowed() {
        let queue = Arc::new(Queue::default());
        let asks = queue.push(command()).expect("has room");
        for _ in 1..GROUP_MAX + 2 {
            let more = queue.push(command()).expect("has room");
            assert!(more.is_none(), "one asks for all");
        }
        assert!(!queue.lock().is_asked_for);
        drop(asks.expect("the first asks"));
        let served = queue.served();
        assert_eq!(served.next().map(|group| group.len()), Some(GROUP_MAX));
        assert_eq!(served.next().map(|group| group.len()), Some(2));
        assert!(!queue.lock().is_asked_for);
    }

    #[test]
    fn what_waits_when_it_ends_is_given_and_nothing_is_taken_after() {
        let queue = Arc::new(Queue::default());
        let asks = queue.push(command()).expect("has room");
        queue.end();
        assert_eq!(queue.push(command()).err(), Some("the writer is stopping"));
        let served = queue.served();
        assert_eq!(served.next().map(|group| group.len()), Some(1));
        assert!(served.next().is_none());
        drop(asks);
        assert!(served.next().is_none());
    }

    #[test]
    fn a_writer_that_goes_drops_what_waits() {
        let queue = Arc::new(Queue::default());
        let (held, free) = std::sync::mpsc::channel::<()>();
        let waits: Command = Box::new(move |_| {
            drop(held);
            Box::new(|_, _| ())
        });
        let _asks = queue.push(waits).expect("has room");
        drop(queue.served());
        assert!(free.recv().is_err(), "the command is dropped");
        assert_eq!(queue.push(command()).err(), Some("the writer has stopped"));
    }
}
