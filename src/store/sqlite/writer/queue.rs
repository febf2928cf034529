//! Between those who change the store and the one thread that does it: groups that grow while the
//! disk works.
//!
//! Who finds that nobody does asks for the group, once all other tasks that are ready now have run:
//! what they queue joins. A full group needs nobody who asks; what nobody asks for, since the asker
//! left, is taken a moment later. The mutex is held for moments, never for I/O.

use std::fmt;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::Ran;

/// How many commands may wait. Beyond it the store answers that it is unavailable at once:
/// a queue that only grows helps nobody.
pub(super) const COMMANDS_MAX: usize = 4096;

/// How many commands share one transaction at most; bounds the wait of the first among them.
const GROUP_MAX: usize = 256;

/// How long commands that nobody asks for wait.
const UNASKED_WAIT_MAX: Duration = Duration::from_millis(10);

/// Runs inside the group's transaction.
pub(super) type Command = Box<dyn FnOnce(&Connection) -> Ran + Send>;

/// The queue.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<State>,
    work: Condvar,
}

#[derive(Default)]
struct State {
    commands: Vec<Command>,
    /// Whether somebody is about to ask for them.
    has_asker: bool,
    /// Whether the writer is to take them.
    is_asked_for: bool,
    waits: Waits,
    /// Why no more are taken.
    closed: Option<&'static str>,
}

/// What the writer's thread does when it is not at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Waits {
    #[default]
    No,
    /// Any command wakes it.
    ForWork,
    /// It looks by itself after a moment; what is asked for wakes it.
    AMoment,
}

impl State {
    fn is_due(&self) -> bool {
        self.closed.is_some() || (self.is_asked_for && !self.commands.is_empty())
    }

    fn is_to_wake(&self) -> bool {
        match self.waits {
            Waits::No => false,
            Waits::ForWork => true,
            Waits::AMoment => self.is_due(),
        }
    }

    fn take(&mut self) -> Vec<Command> {
        let count = self.commands.len().min(GROUP_MAX);
        let later = self.commands.split_off(count);
        self.is_asked_for = !later.is_empty();
        mem::replace(&mut self.commands, later)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("commands", &self.lock().commands.len())
            .finish_non_exhaustive()
    }
}

impl Queue {
    /// Queues a command, or says why it is not taken. Who is given [`Asks`] is to ask when the
    /// others that are ready have had their turn.
    pub(super) fn push(self: &Arc<Self>, command: Command) -> Result<Option<Asks>, &'static str> {
        let mut state = self.lock();
        if let Some(why) = state.closed {
            return Err(why);
        }
        if state.commands.len() >= COMMANDS_MAX {
            return Err("the writer's queue is full");
        }
        state.commands.push(command);
        state.is_asked_for |= state.commands.len() >= GROUP_MAX;
        let is_asker = !state.has_asker && !state.is_asked_for;
        state.has_asker |= is_asker;
        self.wake(state);
        Ok(is_asker.then(|| Asks {
            queue: Arc::clone(self),
            is_asking: false,
        }))
    }

    /// Takes no more. The writer ends when it has carried out what waits.
    pub(super) fn end(&self) {
        self.close("the writer is stopping");
    }

    /// The writer's side.
    pub(super) fn served(&self) -> Served<'_> {
        Served {
            queue: self,
            has_looked: false,
        }
    }

    fn close(&self, why: &'static str) {
        let mut state = self.lock();
        state.closed.get_or_insert(why);
        self.wake(state);
    }

    fn wake(&self, mut state: MutexGuard<'_, State>) {
        if state.is_to_wake() {
            state.waits = Waits::No;
            drop(state);
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who asks for what is queued. Dropped instead, it leaves that to who comes next.
#[derive(Debug)]
pub(super) struct Asks {
    queue: Arc<Queue>,
    is_asking: bool,
}

impl Asks {
    /// Asks for it.
    pub(super) fn ask(mut self) {
        self.is_asking = true;
    }
}

impl Drop for Asks {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        state.has_asker = false;
        state.is_asked_for |= self.is_asking && !state.commands.is_empty();
        self.queue.wake(state);
    }
}

/// Gives the writer its groups. When the writer goes, by a panic too, what waits is dropped, which
/// its callers hear.
pub(super) struct Served<'a> {
    queue: &'a Queue,
    has_looked: bool,
}

impl Served<'_> {
    /// The next group; an empty one once, when none has come for a moment; none when no more come.
    pub(super) fn next(&mut self) -> Option<Vec<Command>> {
        let mut state = self.queue.lock();
        loop {
            if state.is_due() || (self.has_looked && !state.commands.is_empty()) {
                self.has_looked = false;
                let group = state.take();
                return (!group.is_empty()).then_some(group);
            }
            if self.has_looked {
                state.waits = Waits::ForWork;
                let is_asleep = |state: &mut State| state.waits == Waits::ForWork;
                let woken = self.queue.work.wait_while(state, is_asleep);
                state = woken.unwrap_or_else(PoisonError::into_inner);
                self.has_looked = false;
            } else {
                state.waits = Waits::AMoment;
                let is_asleep = |state: &mut State| state.waits == Waits::AMoment;
                let work = &self.queue.work;
                let woken = work.wait_timeout_while(state, UNASKED_WAIT_MAX, is_asleep);
                (state, _) = woken.unwrap_or_else(PoisonError::into_inner);
                state.waits = Waits::No;
                self.has_looked = true;
                if state.commands.is_empty() && state.closed.is_none() {
                    return Some(Vec::new());
                }
            }
        }
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.queue.close("the writer has stopped");
        let commands = mem::take(&mut self.queue.lock().commands);
        drop(commands);
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    impl Queue {
        /// How many commands wait, and whether they are asked for.
        pub(in super::super) fn waiting(&self) -> (usize, bool) {
            let state = self.lock();
            (state.commands.len(), state.is_asked_for)
        }
    }

    /// What a command leaves that nobody waits for.
    pub(in super::super) fn unanswered() -> Ran {
        Ran {
            answer: Box::new(|_, others| others),
            is_group_lost: false,
        }
    }

    fn queued(queue: &Arc<Queue>) -> Option<Asks> {
        queue.push(Box::new(|_| unanswered())).expect("has room")
    }

    fn sizes(served: &mut Served<'_>, groups: usize) -> Vec<Option<usize>> {
        let mut next = || served.next().map(|group| group.len());
        (0..groups).map(|_| next()).collect()
    }

    #[test]
    fn one_asks_for_all_and_the_next_when_it_has_left() {
        let queue = Arc::new(Queue::default());
        let first = queued(&queue).expect("is the asker");
        assert!(queued(&queue).is_none());
        drop(first);
        assert_eq!(queue.waiting(), (2, false));
        let second = queued(&queue).expect("is the asker");
        second.ask();
        assert_eq!(queue.waiting(), (3, true));
        assert_eq!(sizes(&mut queue.served(), 2), [Some(3), Some(0)]);
    }

    #[test]
    fn a_full_group_needs_no_asker_and_no_group_is_larger() {
        let queue = Arc::new(Queue::default());
        let asks: Vec<_> = (0..GROUP_MAX + 2).filter_map(|_| queued(&queue)).collect();
        assert_eq!((asks.len(), queue.waiting()), (1, (GROUP_MAX + 2, true)));
        assert_eq!(
            sizes(&mut queue.served(), 3),
            [Some(GROUP_MAX), Some(2), Some(0)]
        );
    }

    #[test]
    fn what_nobody_asks_for_is_taken_after_a_moment() {
        let queue = Arc::new(Queue::default());
        let _asks = queued(&queue);
        assert_eq!(sizes(&mut queue.served(), 1), [Some(1)]);
    }

    #[test]
    fn what_waits_when_it_ends_is_given_and_nothing_is_taken_after() {
        let queue = Arc::new(Queue::default());
        let _asks = queued(&queue);
        queue.end();
        let refused = queue.push(Box::new(|_| unanswered())).err();
        assert_eq!(refused, Some("the writer is stopping"));
        assert_eq!(sizes(&mut queue.served(), 2), [Some(1), None]);
    }

    #[test]
    fn a_writer_that_goes_drops_what_waits() {
        let queue = Arc::new(Queue::default());
        let (held, free) = std::sync::mpsc::channel::<()>();
        let waits: Command = Box::new(move |_| {
            drop(held);
            unanswered()
        });
        let _asks = queue.push(waits).expect("has room");
        drop(queue.served());
        assert!(free.recv().is_err(), "the command is dropped");
        let refused = queue.push(Box::new(|_| unanswered())).err();
        assert_eq!(refused, Some("the writer has stopped"));
    }
}
