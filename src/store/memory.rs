//! The ports in memory: no file, nothing survives.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::claims::Claims;

mod accesses;
mod consents;
mod grants;
mod keys;
mod outbox;
mod replay;
mod sessions;
mod spent;

/// A store that lives and dies with the process. For tests, and for whoever compiles a house
/// without opening it.
#[derive(Debug, Default)]
pub struct Memory {
    keys: Mutex<keys::Rings>,
    replay: Mutex<Claims>,
    books: Mutex<Books>,
    spent: Mutex<spent::SpentDays>,
    accesses: Mutex<accesses::Book>,
}

/// What shares the outbox: a change and its event are made under one lock.
#[derive(Debug, Default)]
struct Books {
    grants: grants::Book,
    sessions: sessions::Book,
    consents: consents::Book,
    outbox: outbox::Events,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Locks even after a panic elsewhere: a change below is decided before it is begun, and what it
/// then does, insertions and removals of whole entries, does not panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
