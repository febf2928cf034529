//! Step: what may be done with the token (RFC 6749 §3.3; TK-07).

use model::{Scope, ScopeSet};

use crate::denied::Denied;
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// Scopes within what the client may have; never empty.
pub(crate) struct Granted(ScopeSet);

impl Granted {
    /// The scopes.
    pub(crate) fn scopes(&self) -> &ScopeSet {
        &self.0
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
    within(text, open)
}

/// The scopes that a customer is asked for: named, and within what the client may have.
pub(crate) fn of_customer(
    form: &Parameters,
    client: &InGoodStanding<'_>,
) -> Result<Granted, Denied> {
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
    let held = granted.iter().filter(|scope| open.contains(scope));
    let held: ScopeSet = held.cloned().collect();
    if held.is_empty() {
        return Err(Denied::NoGrant);
    }
    Ok(Granted(held))
}

fn within(text: &str, open: &ScopeSet) -> Result<Granted, Denied> {
    let asked = ScopeSet::parse(text).map_err(|_| Denied::ScopeMalformed)?;
    if asked.is_empty() {
        return Err(Denied::ScopeMalformed);
    }
    if asked
        .iter()
        .map(Scope::as_str)
        .any(|scope| scope == "openid")
    {
        return Err(Denied::ScopeOpenId);
    }
    if asked.is_within(open) {
        Ok(Granted(asked))
    } else {
        Err(Denied::ScopeTooWide)
    }
}
