//! What becomes of customers' consents on no request of theirs or of a partner's: they end when
//! their time is over, or because the bank says so. And what went out under them, read off the log.

mod accesses;
mod end;
mod sweep;

pub(crate) use accesses::Accesses;
pub(crate) use end::{AtBank, Told};
pub(crate) use sweep::sweep;
