//! Amounts and times as people read them, in the language of their page (specs/consent.md §6C).
//! Digits are grouped and signs placed here, by our own rules: an amount that a customer agrees to
//! must not change with a library's tables.

mod capital;
mod moment;
mod money;

pub use capital::capital;
pub use model::{BadDecimal, Decimal};
pub use moment::{date, moment};
pub use money::money;
