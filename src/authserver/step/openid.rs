//! Step: what a request asks of the customer's log-in (OIDC Core §3.1.2.1; OC-02, OC-03). It is
//! read of every request, whatever its scope: `max_age` and `acr_values` are OAuth's too
//! (RFC 9470).

mod claims;
mod hint;
mod prompt;
pub(crate) mod ui_locales;

pub use self::claims::fuzz_claims;
use jiff::Timestamp;

use crate::denied::{Denied, RequestProblem};
use crate::issuer::Issuer;
use crate::issuer::limits::NONCE_CHARS_MAX;
use crate::request::authentication::Authentication;
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// The longest `login_hint` that fills in the log-in page, in characters; a longer one is of no
/// use there.
const LOGIN_HINT_CHARS_MAX: usize = 200;

/// The scope that makes a request one of OpenID Connect's (OIDC Core §3.1.2.1).
pub(crate) const OPENID: &str = "openid";

/// The most values of `acr_values` that are looked at, and the characters of each.
const ACR_VALUES_MAX: usize = 8;
const ACR_CHARS_MAX: usize = 200;

/// Wishes, in their order: the bank alone knows how its customers prove who they are (OIDC Core
/// §5.5.1.1), so that what is too long or too much is passed over.
fn wished(acr_values: &str) -> Vec<String> {
    let values = acr_values.split(' ').filter(|value| !value.is_empty());
    let readable = values.filter(|value| value.chars().count() <= ACR_CHARS_MAX);
    readable.take(ACR_VALUES_MAX).map(str::to_owned).collect()
}

/// Reads them all.
pub(crate) fn check(
    issuer: &Issuer,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Authentication, Denied> {
    // OIDC Core §7.2.1: clients are registered in the file.
    if form.get("registration").is_some() {
        return Err(Denied::Request(RequestProblem::Registration));
    }
    let claims = form.get("claims").map(claims::read).transpose()?;
    let mut asks = claims.unwrap_or_default();
    asks.nonce = form.get("nonce").map(str::to_owned);
    if let Some(nonce) = &asks.nonce
        && nonce.chars().count() > NONCE_CHARS_MAX
    {
        return Err(Denied::Request(RequestProblem::Nonce));
    }
    asks.prompt = prompt::read(form.get("prompt"))?;
    asks.max_age = prompt::max_age(form.get("max_age"))?;
    asks.id_token.auth_time |= asks.max_age.is_some();
    asks.wished_acr = form.get("acr_values").map(wished).unwrap_or_default();
    asks.id_token.acr |= form.get("acr_values").is_some();
    let hint = form.get("login_hint");
    let hint = hint.filter(|hint| hint.chars().count() <= LOGIN_HINT_CHARS_MAX);
    asks.login_hint = hint.map(str::to_owned);
    if let Some(token) = form.get("id_token_hint") {
        asks.subjects
            .push(vec![hint::subject(issuer, client, token, now)?]);
    }
    Ok(asks)
}
