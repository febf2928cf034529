//! Step: which grant is asked for (RFC 6749 §4.4.2, §5.2; TK-02).

use crate::denied::Denied;
use crate::step::form::Parameters;

/// The grants on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantType {
    /// RFC 6749 §4.4.
    ClientCredentials,
}

impl GrantType {
    /// The parameter's value.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
        }
    }
}

pub(crate) fn read(form: &Parameters) -> Result<GrantType, Denied> {
    match form.grant_type.as_deref() {
        Some("client_credentials") => Ok(GrantType::ClientCredentials),
        Some(_) => Err(Denied::GrantType),
        None => Err(Denied::Missing {
            parameter: "grant_type",
        }),
    }
}
