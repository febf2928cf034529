//! Step: which resource the token is for (RFC 8707; TK-10): one that an agreement of the client
//! reaches, and none that the customer's grant is not for. **Stops**: a token for one service used
//! at another, and tokens for services that have nothing to do with the client.

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::request::details::{Detail, Details};
use crate::step::form::Parameters;
use crate::step::scope::Granted;
use crate::step::standing::InGoodStanding;

/// Of whom the token's `aud` will consist; the issuer joins them where userinfo may be asked.
pub(crate) struct Audience(Vec<String>);

impl Audience {
    /// As the token says it.
    pub(crate) fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether a detail is to be used at one of them (RFC 9396 §2.2, §9.1).
    pub(crate) fn takes(&self, detail: Detail<'_>) -> bool {
        self.0.iter().any(|name| detail.is_for(name))
    }
}

/// What a request is for, if it says so: a resource, or a product's URL, whose resource it then is.
pub(crate) fn asked(
    form: &Parameters,
    client: &InGoodStanding<'_>,
) -> Result<Option<String>, Denied> {
    let Some(resource) = form.get("resource") else {
        return Ok(None);
    };
    let audience = client.open().audience(resource);
    audience
        .map(|its| Some(its.to_owned()))
        .ok_or(Denied::Target)
}

/// Whom the tokens of an authorization request are for at most.
pub(crate) fn of_request(
    issuer: &Issuer,
    client: &InGoodStanding<'_>,
    asked: Option<&str>,
) -> Audience {
    let named = asked.map(|its| vec![its.to_owned()]);
    Audience(named.unwrap_or_else(|| products(issuer, client)))
}

/// Whom a client's own token is for: what it names, or the bank's products.
pub(crate) fn check(
    issuer: &Issuer,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    scope: &Granted,
) -> Result<Audience, Denied> {
    Ok(match asked(form, client)? {
        Some(resource) => Audience(vec![resource]),
        None if scope.has_others() => Audience(products(issuer, client)),
        None => Audience(Vec::new()),
    })
}

/// Whom a token under a grant is for: as the grant, or less. A grant that named nothing is for the
/// bank's products; a token that is only to tell who the customer is, for none of them.
pub(crate) fn of_grant(
    issuer: &Issuer,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    (granted, scope, held): (Option<&str>, &Granted, &Details),
) -> Result<Audience, Denied> {
    // What took the client's tokens once may do so no longer.
    if granted.is_some_and(|granted| !client.open().reaches(granted)) {
        return Err(Denied::Target);
    }
    let of_grant = of_request(issuer, client, granted);
    let is_of_use = || scope.has_others() || held.iter().any(|detail| of_grant.takes(detail));
    match (asked(form, client)?, granted) {
        (None, None) if !is_of_use() => Ok(Audience(Vec::new())),
        (None, _) => Ok(of_grant),
        (Some(resource), _) if of_grant.0.contains(&resource) => Ok(Audience(vec![resource])),
        (Some(_), _) => Err(Denied::Target),
    }
}

/// Where the bank's products are that the client's agreements hold.
fn products(issuer: &Issuer, client: &InGoodStanding<'_>) -> Vec<String> {
    let reached = issuer.audience.iter();
    reached
        .filter(|name| client.open().reaches(name))
        .cloned()
        .collect()
}
