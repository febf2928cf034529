//! The grants: what a token is issued for.

pub(crate) mod client_credentials;
