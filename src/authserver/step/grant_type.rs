//! Step: which grant is asked for (RFC 6749 §4.1.3, §4.4.2, §5.2, §6; TK-02).

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::form::Parameters;

/// The grants on offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantType {
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 6749 §4.1.3.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
}

impl GrantType {
    /// The parameter's value.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
        }
    }
}

/// Customers' grants are on offer where the issuer asks customers.
pub(crate) fn read(form: &Parameters, issuer: &Issuer) -> Result<GrantType, Denied> {
    let asks_customers = issuer.authorization.is_some();
    match form.required("grant_type")? {
        "client_credentials" => Ok(GrantType::ClientCredentials),
        "authorization_code" if asks_customers => Ok(GrantType::AuthorizationCode),
        "refresh_token" if asks_customers => Ok(GrantType::RefreshToken),
        _ => Err(Denied::GrantType),
    }
}
