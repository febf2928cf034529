//! The customers' accounts: what they are, what is on them, and how money moved. Class `customer`:
//! a call is answered for the customer whom the identity assertion names, and for nobody else;
//! another's account answers as one that there is not.
//!
//! Amounts are decimals in strings with two places, below zero where money went out. What is told
//! of one account agrees: a balance is the balance of any day before and the booked movements
//! since.

mod account;
mod choice;
mod funds;
mod ledger;
mod list;
mod money;
mod statement;
mod transactions;
mod window;

pub(super) use choice::choice;
pub(super) use funds::confirm;
pub(super) use list::{balances, list, read};
pub(super) use statement::statement;
pub(super) use transactions::{of_account, of_all};
