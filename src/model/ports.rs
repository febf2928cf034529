//! The ports: what a product room may ask of a store, a log or a bank, in the domain's verbs.

mod customers;
mod keys;
mod log;
mod replay;

pub use customers::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
pub use keys::{
    KeyRing, KeyUse, Published, SealedKey, StoreUnavailable, has_begun, lay_by, may_go, publish,
    schedule,
};
pub use log::{AuditLog, AuditUnavailable, Receipt};
pub use replay::{Claim, Replay};
