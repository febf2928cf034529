//! Step: what may be done with the token (RFC 6749 §3.3; TK-07).

pub(crate) mod details;

use model::{Scope, ScopeSet};

use crate::denied::Denied;
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
    let open = &client.client().settings().scopes;
    if open.is_empty() {
        return Err(Denied::NoGrant);
    }
    let Some(text) = form.get("scope") else {
        return Ok(Granted(open.clone()));
    };
    let granted = within(text, open)?;
    // There is nobody to be told of (TK-07).
    if granted.has_openid() {
        return Err(Denied::ScopeOpenId);
    }
    Ok(granted)
}

/// The scopes that a customer is asked for: named, unless there are details, and within what the
/// client may have.
pub(crate) fn of_customer(
    form: &Parameters,
    client: &InGoodStanding<'_>,
    details: &Details,
) -> Result<Granted, Denied> {
    if !details.is_empty() && form.get("scope").is_none() {
        return Ok(Granted(ScopeSet::default()));
    }
    within(form.required("scope")?, &client.client().settings().scopes)
}

/// The scopes of a new access token under a grant: those asked for, which it holds, or all of it
/// (RFC 6749 §6; TK-08). What the client may no longer have is not in it, whoever granted it.
pub(crate) fn of_grant(
    form: &Parameters,
    granted: &str,
    client: &InGoodStanding<'_>,
) -> Result<Granted, Denied> {
    let held = of_code(granted, client)?;
    match form.get("scope") {
        Some(text) => within(text, held.scopes()),
        None => Ok(held),
    }
}

/// The scopes that a customer allowed, as far as the client may have them today.
pub(crate) fn of_code(granted: &str, client: &InGoodStanding<'_>) -> Result<Granted, Denied> {
    let granted = ScopeSet::parse(granted).map_err(|_| Denied::ScopeMalformed)?;
    let open = &client.client().settings().scopes;
    let held = granted
        .iter()
        .filter(|scope| is_openid(scope) || open.contains(scope));
    let held: ScopeSet = held.cloned().collect();
    if held.is_empty() && !granted.is_empty() {
        return Err(Denied::NoGrant);
    }
    Ok(Granted(held))
}

fn within(text: &str, open: &ScopeSet) -> Result<Granted, Denied> {
    let asked = ScopeSet::parse(text).map_err(|_| Denied::ScopeMalformed)?;
    if asked.is_empty() {
        return Err(Denied::ScopeMalformed);
    }
    if is_open(&asked, open) {
        Ok(Granted(asked))
    } else {
        Err(Denied::ScopeTooWide)
    }
}

/// Whether a customer may be asked for these: `openid`, which every client may, and what is open to
/// this one.
pub(crate) fn is_open(asked: &ScopeSet, open: &ScopeSet) -> bool {
    asked
        .iter()
        .all(|scope| is_openid(scope) || open.contains(scope))
}

fn is_openid(scope: &Scope) -> bool {
    scope.as_str() == OPENID
}
