//! Whether an ID token is one to believe (OpenID Connect Core §3.1.3.7), and whom it names.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use crypto::{Jwks, JwsProblem, Rules, TimeProblem, Times, Typ, Verified};
use model::ports::Customer;

use super::ShownClaim;

/// An ID token has no `typ`, or says that it is a JWT: logout tokens and others say what they are.
const RULES: Rules = Rules {
    typ: Typ::AbsentOr(&["JWT"]),
    bytes_max: 16 * 1024,
};
/// How far clocks may differ, in seconds (L-02).
const LEEWAY_S: i64 = 10;
/// A `sub` has no more (OpenID Connect Core §2); an `acr` gets no more.
const NAME_CHARS_MAX: usize = 255;
const SHOWN_CHARS_MAX: usize = 200;

/// What the token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) access_token: &'a str,
    /// In Unix seconds.
    pub(super) now: i64,
    /// The earliest that the customer may have logged in, in Unix seconds.
    pub(super) since: i64,
    pub(super) shown: ShownClaim,
}

/// Why an ID token is not believed, in the order of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdTokenProblem {
    #[error("it is not signed by a key of the provider's, with PS256, ES256 or EdDSA")]
    Jws(#[source] JwsProblem),
    #[error("its claims are not those of an ID token")]
    Malformed,
    #[error("iss is not the provider")]
    Issuer,
    #[error("aud is not us alone")]
    Audience,
    #[error("azp is not us")]
    Party,
    #[error("its times are not good")]
    Times(#[source] TimeProblem),
    #[error("iat is missing")]
    IssuedAt,
    #[error("nonce is not the one that was sent")]
    Nonce,
    #[error("at_hash is not that of the access token")]
    AccessToken,
    #[error("auth_time is missing, or in the future")]
    AuthTime,
    #[error("the customer logged in too long ago")]
    TooOld,
    #[error("sub is not 1 to 255 visible ASCII characters")]
    Subject,
    #[error("acr is not 1 to 255 visible ASCII characters")]
    Acr,
    #[error("the claim that customers are shown is missing, too long, or no text")]
    Shown,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: Audience,
    azp: Option<String>,
    nonce: Option<String>,
    at_hash: Option<String>,
    auth_time: Option<Number>,
    acr: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Several(Vec<String>),
}

impl Audience {
    /// For nobody beside us: whom else it is for, we do not trust (§3.1.3.7, 3).
    fn is_alone(&self, client_id: &str) -> bool {
        match self {
            Self::One(one) => one == client_id,
            Self::Several(all) => matches!(all.as_slice(), [one] if one == client_id),
        }
    }
}

/// Checks a token; gives the customer whom it names, and when they logged in.
pub(super) fn check(
    token: &str,
    keys: &Jwks,
    expected: &Expected<'_>,
) -> Result<(Customer, Timestamp), IdTokenProblem> {
    let verified = crypto::verify(token, keys, &RULES).map_err(IdTokenProblem::Jws)?;
    believe(&verified, expected)
}

/// The same of one whose signature holds.
pub(super) fn believe(
    verified: &Verified,
    expected: &Expected<'_>,
) -> Result<(Customer, Timestamp), IdTokenProblem> {
    let times = Times::read(&verified.claims).map_err(IdTokenProblem::Times)?;
    let claims: Claims =
        serde_json::from_slice(&verified.claims).map_err(|_| IdTokenProblem::Malformed)?;
    if claims.iss != expected.issuer {
        return Err(IdTokenProblem::Issuer);
    }
    if !claims.aud.is_alone(expected.client_id) {
        return Err(IdTokenProblem::Audience);
    }
    let is_us = |party: &str| party == expected.client_id;
    if !claims.azp.as_deref().is_none_or(is_us) {
        return Err(IdTokenProblem::Party);
    }
    crypto::check_times(&times, expected.now, LEEWAY_S).map_err(IdTokenProblem::Times)?;
    if times.iat.is_none() {
        return Err(IdTokenProblem::IssuedAt);
    }
    let nonce = claims.nonce.as_deref().unwrap_or_default();
    if !crypto::equal(nonce.as_bytes(), expected.nonce.as_bytes()) {
        return Err(IdTokenProblem::Nonce);
    }
    let access_token = expected.access_token.as_bytes();
    if let Some(at_hash) = &claims.at_hash
        && *at_hash != crypto::half_hash(verified.algorithm, access_token)
    {
        return Err(IdTokenProblem::AccessToken);
    }
    let auth_time = claims.auth_time.as_ref().and_then(seconds);
    let auth_time = auth_time.filter(|at| *at <= expected.now.saturating_add(LEEWAY_S));
    let auth_time = auth_time.ok_or(IdTokenProblem::AuthTime)?;
    if auth_time < expected.since.saturating_sub(LEEWAY_S) {
        return Err(IdTokenProblem::TooOld);
    }
    let at = Timestamp::from_second(auth_time.min(expected.now));
    let at = at.map_err(|_| IdTokenProblem::AuthTime)?;
    let all: Map<String, Value> =
        serde_json::from_slice(&verified.claims).map_err(|_| IdTokenProblem::Malformed)?;
    let shown = all.get(expected.shown.as_str()).and_then(Value::as_str);
    Ok((customer(claims, shown)?, at))
}

fn customer(claims: Claims, shown: Option<&str>) -> Result<Customer, IdTokenProblem> {
    let is_name = |text: &str| {
        (1..=NAME_CHARS_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
    };
    if !is_name(&claims.sub) {
        return Err(IdTokenProblem::Subject);
    }
    if !claims.acr.as_deref().is_none_or(is_name) {
        return Err(IdTokenProblem::Acr);
    }
    let is_shown = |text: &&str| {
        let chars = text.chars().take(SHOWN_CHARS_MAX + 1).count();
        (1..=SHOWN_CHARS_MAX).contains(&chars) && !text.chars().any(char::is_control)
    };
    let shown = shown.filter(is_shown).ok_or(IdTokenProblem::Shown)?;
    Ok(Customer {
        subject: claims.sub,
        shown: shown.to_owned(),
        acr: claims.acr,
    })
}

/// Whole seconds; fractions are cut off.
fn seconds(number: &Number) -> Option<i64> {
    let whole = number.as_f64().map(|seconds| seconds.floor() as i64);
    number.as_i64().or(whole)
}
