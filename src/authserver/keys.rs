//! The issuer's signing keys.

pub(crate) mod ring;
