//! One contract per port, run on every store, and behind stores that fail before and after a
//! write took hold.

mod faulty;
mod keys;
mod replay;
mod stores;
