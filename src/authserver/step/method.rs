//! Step: the token endpoint takes POST (RFC 6749 §3.2).

use http::Method;

use crate::denied::Denied;

pub(crate) fn check(method: &Method) -> Result<(), Denied> {
    if method == Method::POST {
        Ok(())
    } else {
        Err(Denied::Method)
    }
}
