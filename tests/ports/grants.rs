//! The contract of `ports::Grants`.

mod codes;
mod requests;
mod revoked;
