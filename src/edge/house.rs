//! What listeners and connections share, and the list of what is open.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use model::{Handler, Meter};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::pulse::{Order, Pulse};

/// What listeners and connections share.
pub(crate) struct House {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) tracker: TaskTracker,
    pub(crate) stopping: CancellationToken,
    pub(crate) refused: AtomicU64,
    pub(crate) meter: Meter,
    pub(crate) open: Mutex<Open>,
}

#[derive(Default)]
pub(crate) struct Open {
    pub(crate) is_draining: bool,
    next: u64,
    pub(crate) pulses: HashMap<u64, OpenConnection>,
}

/// A connection in the list.
pub(crate) struct OpenConnection {
    /// The number of its listener's run.
    run: u64,
    pulse: Arc<Pulse>,
}

/// A connection's line in the list of what is open; gone on drop.
pub(crate) struct Entry {
    house: Arc<House>,
    number: u64,
}

impl House {
    /// Lists a connection of a listener's run; `None` when the house takes none any more.
    pub(crate) fn enter(self: &Arc<Self>, run: u64, pulse: &Arc<Pulse>) -> Option<Entry> {
        let mut open = self.open();
        if open.is_draining {
            return None;
        }
        let number = open.next;
        open.next += 1;
        let pulse = Arc::clone(pulse);
        open.pulses.insert(number, OpenConnection { run, pulse });
        Some(Entry {
            house: Arc::clone(self),
            number,
        })
    }

    /// Orders every connection, and takes no new one; answers how many there are.
    pub(crate) fn command(&self, order: Order) -> usize {
        let mut open = self.open();
        open.is_draining = true;
        for connection in open.pulses.values() {
            connection.pulse.command(order);
        }
        open.pulses.len()
    }

    /// Tells the connections of one listener's run to finish; answers which.
    pub(crate) fn drain_run(&self, run: u64) -> Vec<Weak<Pulse>> {
        let open = self.open();
        let of_run = open.pulses.values().filter(|open| open.run == run);
        let drained = of_run.map(|open| {
            open.pulse.command(Order::Drain);
            Arc::downgrade(&open.pulse)
        });
        drained.collect()
    }

    pub(crate) fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.house.open().pulses.remove(&self.number);
    }
}
