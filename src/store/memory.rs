//! The ports in memory: no file, nothing survives.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod keys;
mod replay;

/// A store that lives and dies with the process. For tests, and for whoever compiles a house
/// without opening it.
#[derive(Debug, Default)]
pub struct Memory {
    keys: Mutex<keys::Rings>,
    replay: Mutex<replay::Claims>,
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }
}

/// Locks even after a panic elsewhere: every change below is a single insertion or removal of a
/// whole entry, so the state is never half-made.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
