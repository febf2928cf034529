//! The stores: the state ports of `model`, filled.
//!
//! **For**: what must outlive a request, and mostly a restart: used `jti`s, sealed signing keys.
//! **Doors**: [`Sqlite::open`], the embedded file of one node; [`Memory::new`], with no file.
//! Both implement every port; one contract test holds them to the same words.
//! **How a value goes through**: a port's call becomes one command on the writer's bounded queue;
//! the writer thread runs a group of commands in one transaction, each in its own savepoint, and
//! wakes the callers after COMMIT. Questions go to a reader thread with its own connection.
//! **Absent on purpose**: keys in the clear (they come and go sealed), protocol, clocks (callers
//! say what time it is), and SQL anywhere else in the house.

mod memory;
mod sqlite;

pub use memory::Memory;
pub use sqlite::{OpenFailed, Sqlite};
