//! The grants: what a token is issued for.

pub(crate) mod authorization_code;
pub(crate) mod client_credentials;
pub(crate) mod doubt;
pub(crate) mod issued;
pub(crate) mod refresh_token;
pub(crate) mod under_grant;
