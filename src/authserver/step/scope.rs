//! Step: what may be done with the token (RFC 6749 §3.3; TK-07).

pub(crate) mod consent;
pub(crate) mod details;

use model::{Scope, ScopeSet};

use crate::denied::{Denied, GrantProblem};
use crate::issuer::Issuer;
use crate::issuer::agreement::Open;
use crate::issuer::limits::CARRIED_BYTES_MAX;
use crate::request::details::Details;
use crate::step::form::Parameters;
use crate::step::openid::OPENID;
use crate::step::standing::InGoodStanding;

/// Scopes within what the client may have; empty only beside authorization details (RA-05).
pub(crate) struct Granted(ScopeSet);

impl Granted {
    /// The scopes.
    pub(crate) fn scopes(&self) -> &ScopeSet {
        &self.0
    }

    /// Whether there are others than that which asks who the customer is.
    pub(crate) fn has_others(&self) -> bool {
        !self.0.iter().all(is_openid)
    }

    /// Whether they ask who the customer is.
    pub(crate) fn has_openid(&self) -> bool {
        self.0.iter().any(is_openid)
    }
}

/// The scopes asked for; all that the client may have when none are named.
pub(crate) fn check(form: &Parameters, client: &InGoodStanding<'_>) -> Result<Granted, Denied> {
    let open = client.open().scopes();
    if open.is_empty() {
        return Err(Denied::NoGrant);
    }
    let Some(text) = form.get("scope") else {
        // More of them than the road reads in a token must be named.
        return ScopeSet::parse(&open.to_string())
            .map(Granted)
            .map_err(|_| Denied::ScopeMalformed);
    };
    let granted = within(text, |asked| is_open(asked, client.open()))?;
    // There is nobody to be told of (TK-07).
    if granted.has_openid() {
        return Err(Denied::ScopeOpenId);
    }
    Ok(granted)
}

/// The scopes that a customer is asked for: named, unless there are details, within what the
/// client may have, and with the details no more than a token carries.
pub(crate) fn of_customer(
    form: &Parameters,
    client: &InGoodStanding<'_>,
    details: &Details,
) -> Result<Granted, Denied> {
    let granted = if !details.is_empty() && form.get("scope").is_none() {
        Granted(ScopeSet::default())
    } else {
        let is_open = |asked: &ScopeSet| is_open(asked, client.open());
        within(form.required("scope")?, is_open)?
    };
    // What no token can carry is asked of no customer.
    if granted.scopes().to_string().len() + details.bytes() > CARRIED_BYTES_MAX {
        return Err(Denied::TokenTooLong);
    }
    Ok(granted)
}

/// The scopes of a new access token under a grant: those asked for, which it holds, or all of it
/// (RFC 6749 §6; TK-08). What the client may no longer have is not in it, whoever granted it.
pub(crate) fn of_grant(
    issuer: &Issuer,
    form: &Parameters,
    granted: &str,
    client: &InGoodStanding<'_>,
) -> Result<Granted, Denied> {
    let held = of_code(issuer, granted, client)?;
    match form.get("scope") {
        Some(text) => within(text, |asked| asked.is_within(held.scopes())),
        None => Ok(held),
    }
}

/// The scopes that a customer allowed, as far as the client may have them today.
pub(crate) fn of_code(
    issuer: &Issuer,
    granted: &str,
    client: &InGoodStanding<'_>,
) -> Result<Granted, Denied> {
    let held = still_granted(issuer, granted, client.open());
    held.map(Granted)
        .ok_or(Denied::Grant(GrantProblem::NothingLeft))
}

/// What of these scopes of a client's own is open now; `None` when there were some and none is.
pub(crate) fn still_open(granted: &str, open: Open<'_>) -> Option<ScopeSet> {
    those(granted, |scope| is_one_open(scope, open))
}

/// The same of scopes that a customer granted: what customers may not be asked for today is not
/// among them.
pub(crate) fn still_granted(issuer: &Issuer, granted: &str, open: Open<'_>) -> Option<ScopeSet> {
    let is_held = |scope: &Scope| {
        is_one_open(scope, open) && (is_openid(scope) || issuer.is_open_to_customers(scope))
    };
    those(granted, is_held)
}

fn those(granted: &str, are_held: impl Fn(&Scope) -> bool) -> Option<ScopeSet> {
    let granted = ScopeSet::parse(granted).ok()?;
    let held = granted.iter().filter(|scope| are_held(scope));
    let held: ScopeSet = held.cloned().collect();
    (!held.is_empty() || granted.is_empty()).then_some(held)
}

fn within(text: &str, are_open: impl Fn(&ScopeSet) -> bool) -> Result<Granted, Denied> {
    let asked = ScopeSet::parse(text).map_err(|_| Denied::ScopeMalformed)?;
    if asked.is_empty() {
        return Err(Denied::ScopeMalformed);
    }
    if are_open(&asked) {
        Ok(Granted(asked))
    } else {
        Err(Denied::ScopeTooWide)
    }
}

/// Whether a customer may be asked for these now.
pub(crate) fn is_open(asked: &ScopeSet, open: Open<'_>) -> bool {
    asked.iter().all(|scope| is_one_open(scope, open))
}

/// `openid` is open to every client whose partner has any agreement, and what else its agreements
/// give.
fn is_one_open(scope: &Scope, open: Open<'_>) -> bool {
    if is_openid(scope) {
        open.is_any()
    } else {
        open.has_scope(scope)
    }
}

fn is_openid(scope: &Scope) -> bool {
    scope.as_str() == OPENID
}

#[cfg(test)]
mod tests;
