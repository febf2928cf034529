//! Step: where the answer goes: a registered redirect URI, compared as text and nothing else
//! (RFC 9700 §2.1, §4.1; AZ-02, PA-10). **Stops**: a code sent to an attacker by a look-alike.

use crate::denied::{Denied, RequestProblem};
use crate::issuer::limits::REDIRECT_URI_BYTES_MAX;
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// A redirect URI that is registered for the client.
pub(crate) struct RedirectUri(String);

impl RedirectUri {
    /// As it is registered.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

pub(crate) fn check(form: &Parameters, client: &InGoodStanding<'_>) -> Result<RedirectUri, Denied> {
    let asked = form.required("redirect_uri")?;
    let registered = &client.client().settings().redirect_uris;
    if registered.is_empty() {
        return Err(Denied::NoGrant);
    }
    if asked.len() <= REDIRECT_URI_BYTES_MAX && registered.iter().any(|uri| uri == asked) {
        Ok(RedirectUri(asked.to_owned()))
    } else {
        Err(Denied::Request(RequestProblem::RedirectUri))
    }
}
