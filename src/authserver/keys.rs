//! The issuer's signing keys.

pub(crate) mod distrust;
pub(crate) mod ring;
pub(crate) mod rotation;
pub(crate) mod subjects;
