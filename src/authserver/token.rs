//! The tokens that the issuer makes.

pub(crate) mod access;
pub(crate) mod id_token;
pub(crate) mod revocation;
