//! The tokens that the issuer makes, and what becomes of them.

pub(crate) mod access;
pub(crate) mod id_token;
pub(crate) mod introspection;
mod ours;
pub(crate) mod revocation;
