//! The one scope that is built in.

use model::Scope;

/// The scope that says who the customer is (OpenID Connect Core §3.1.2.1).
const OPENID: &str = "openid";

/// Whether this is that scope.
pub(crate) fn is_openid(scope: &Scope) -> bool {
    scope.as_str() == OPENID
}
