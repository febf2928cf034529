//! The stages, one file each, in the order of `pipeline.rs`.

pub(crate) mod authorize;
pub(crate) mod consent;
pub(crate) mod disclose;
pub(crate) mod forward;
pub(crate) mod gate;
pub(crate) mod identify;
pub(crate) mod limit;
pub(crate) mod respond;
pub(crate) mod route;
