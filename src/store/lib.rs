//! The stores: the state ports of `model`, filled.
//!
//! **For**: what must outlive a request, and mostly a restart: used `jti`s, sealed signing keys,
//! pushed requests, grants with their codes and tokens, customers' sessions, consents with their
//! evidence and accesses, and the events of all that until the log has them.
//! **Doors**: [`Sqlite::open`], the embedded file of one node; [`Memory::new`], with no file.
//! Both implement every port; one contract test holds them to the same words.
//! **How a value goes through**: a port's call becomes one command on the writer's bounded queue;
//! the writer thread runs a group of commands in one transaction, each in its own savepoint, and
//! answers its first caller after COMMIT, which answers the others. Questions go to a reader thread
//! with its own connection.
//! Limits and lives are decided once for all stores, in `rim`, `life` and `consent_life`.
//! **Absent on purpose**: keys in the clear (they come and go sealed), codes and tokens (their
//! digests come), protocol, clocks (callers
//! say what time it is), and SQL anywhere else in the house.

mod claims;
mod consent_life;
mod event;
mod expiring;
mod life;
mod memory;
mod rim;
mod sqlite;
mod terms;

pub use memory::Memory;
pub use sqlite::{OpenFailed, Sqlite};
