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
    let Some(text) = form.scope.as_deref() else {
        return Ok(Granted(open.clone()));
    };
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
