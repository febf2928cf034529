//! One contract per port, run on every store, and behind stores that fail before and after a
//! write took hold.

mod accesses;
mod consents;
mod fixture;
mod grants;
mod keys;
mod outbox;
mod replay;
mod sessions;
mod simulation;
mod stores;
