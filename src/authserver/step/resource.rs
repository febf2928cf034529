//! Step: which resource the token is for (RFC 8707; TK-10): one that takes our tokens, and none
//! that the customer's grant is not for. **Stops**: a token for one service used at another.

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::request::details::Details;
use crate::step::form::Parameters;
use crate::step::scope::Granted;

/// Of whom the token's `aud` will consist; the issuer joins them where userinfo may be asked.
pub(crate) struct Audience(Vec<String>);

impl Audience {
    /// As the token says it.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }
}

/// What an authorization request is for, if it says so.
pub(crate) fn asked(issuer: &Issuer, form: &Parameters) -> Result<Option<String>, Denied> {
    match form.get("resource") {
        None => Ok(None),
        Some(resource) if issuer.serves(resource) => Ok(Some(resource.to_owned())),
        Some(_) => Err(Denied::Target),
    }
}

/// Whom a client's own token is for: what it names, or the bank's products.
pub(crate) fn check(
    issuer: &Issuer,
    form: &Parameters,
    scope: &Granted,
) -> Result<Audience, Denied> {
    Ok(match asked(issuer, form)? {
        Some(resource) => Audience(vec![resource]),
        None => products(issuer, scope.has_others()),
    })
}

/// Whom a token under a grant is for: as the grant, or less. A grant that named nothing is for the
/// bank's products.
pub(crate) fn of_grant(
    issuer: &Issuer,
    form: &Parameters,
    (granted, scope, details): (Option<&str>, &Granted, &Details),
) -> Result<Audience, Denied> {
    let names = match granted {
        Some(granted) => vec![granted.to_owned()],
        None => issuer.audience.clone(),
    };
    let audience = match (asked(issuer, form)?, granted) {
        (None, None) => products(issuer, scope.has_others() || !details.is_empty()),
        (None, Some(_)) => Audience(names),
        (Some(resource), _) if names.contains(&resource) => Audience(vec![resource]),
        (Some(_), _) => return Err(Denied::Target),
    };
    // What took our tokens once may do so no longer.
    if audience.0.iter().all(|name| issuer.serves(name)) {
        Ok(audience)
    } else {
        Err(Denied::Target)
    }
}

/// The bank's products; none, for a token that is only to tell who the customer is.
fn products(issuer: &Issuer, is_for_them: bool) -> Audience {
    Audience(if is_for_them {
        issuer.audience.clone()
    } else {
        Vec::new()
    })
}
