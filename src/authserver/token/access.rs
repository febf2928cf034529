//! The access token: a JWT of the type `at+jwt` (RFC 9068), bound to a certificate (RFC 8705 §3.1),
//! to a key (RFC 9449 §6.1), or to both (AT-01, MT-04, DP-11).

use jiff::Timestamp;
use serde::Serialize;

use crypto::Random;
use model::{ClientId, GrantId};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::limits::TOKEN_BYTES_MAX;
use crate::request::authentication::Wanted;
use crate::request::details::Details;
use crate::step::binding::Binding;
use crate::step::resource::Audience;
use crate::step::scope;

/// What a token says, and to whom.
pub(crate) struct Says<'a> {
    /// The client that it is issued to.
    pub(crate) client: &'a ClientId,
    /// What may be done with it.
    pub(crate) scope: &'a scope::Granted,
    /// What may be done with it, in detail.
    pub(crate) details: &'a Details,
    /// Whom it is for.
    pub(crate) audience: &'a Audience,
    /// What it is bound to.
    pub(crate) binding: &'a Binding,
    /// On whose behalf; `None` for the client's own access.
    pub(crate) customer: Option<OnBehalf<'a>>,
}

/// A customer's grant, as a token says it.
pub(crate) struct OnBehalf<'a> {
    /// The customer, as this partner knows them.
    pub(crate) sub: &'a str,
    /// The grant.
    pub(crate) grant: &'a GrantId,
    /// When the customer logged in, in Unix seconds.
    pub(crate) auth_time: i64,
    /// How strongly.
    pub(crate) acr: Option<&'a str>,
    /// What the userinfo endpoint is to tell of that.
    pub(crate) userinfo: Wanted,
    /// When the grant ends: the token does not outlive it.
    pub(crate) until: Timestamp,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    /// The client itself, where nobody else is acting (RFC 9068 §2.2). Customers' subjects come
    /// from another space, so that no client passes for one (RFC 9700 §4.15).
    sub: &'a str,
    aud: Aud<'a>,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope: String,
    #[serde(skip_serializing_if = "Details::is_empty")]
    authorization_details: &'a Details,
    cnf: Confirmation,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    /// What revoking it takes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo: Option<Told<'a>>,
}

/// What the userinfo endpoint tells beside `sub`: it stands in the token that is shown there.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
}

impl<'a> Told<'a> {
    fn of(grant: &OnBehalf<'a>) -> Option<Self> {
        let Wanted { auth_time, acr, .. } = grant.userinfo;
        (auth_time || acr).then(|| Self {
            auth_time: auth_time.then_some(grant.auth_time),
            acr: grant.acr.filter(|_| acr),
        })
    }
}

/// One audience is a string, several are an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum Aud<'a> {
    One(&'a str),
    Several(&'a [&'a str]),
}

impl<'a> Aud<'a> {
    fn of(names: &'a [&'a str]) -> Self {
        match names {
            [one] => Self::One(one),
            _ => Self::Several(names),
        }
    }
}

/// Whom it is for, and the issuer itself, for who may ask who the customer is (RFC 9068 §3).
fn names<'a>(issuer: &'a Issuer, says: &Says<'a>) -> Vec<&'a str> {
    let mut all: Vec<&str> = says.audience.names().iter().map(String::as_str).collect();
    let itself = issuer.identifier.as_str();
    if says.scope.has_openid() && !all.contains(&itself) {
        all.push(itself);
    }
    all
}

/// All that it names must be shown with the token (RFC 7800 §3).
#[derive(Serialize)]
struct Confirmation {
    #[serde(rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(rename = "jkt", skip_serializing_if = "Option::is_none")]
    key: Option<String>,
}

/// A signed access token, on its way to evidence and only then to the client.
pub(crate) struct AccessToken {
    /// The compact JWS. Never logged.
    pub(crate) text: String,
    /// How long it lives, in seconds.
    pub(crate) expires_in: u64,
    /// SHA-256 of its `jti`, for the record.
    pub(crate) jti_digest: [u8; 32],
    /// What its `aud` names, space-delimited, for the record.
    pub(crate) audience: String,
}

/// Makes a token, no longer than the road reads.
pub(crate) fn make(
    issuer: &Issuer,
    says: &Says<'_>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<AccessToken, Denied> {
    // 128 bits: nobody guesses one that is in use (L-08).
    let jti = crypto::base64url(&crypto::random_array::<16>(random));
    let iat = now.as_second();
    let customer = says.customer.as_ref();
    let names = names(issuer, says);
    let left = customer.map_or(u64::MAX, |grant| {
        u64::try_from(grant.until.as_second().saturating_sub(iat)).unwrap_or(0)
    });
    let expires_in = issuer.access_token_lifetime.as_secs().min(left);
    let claims = Claims {
        iss: &issuer.identifier,
        sub: customer.map_or(says.client.as_str(), |grant| grant.sub),
        aud: Aud::of(&names),
        client_id: says.client.as_str(),
        iat,
        exp: iat.saturating_add_unsigned(expires_in),
        jti: &jti,
        scope: says.scope.scopes().to_string(),
        authorization_details: says.details,
        cnf: Confirmation {
            certificate: says.binding.certificate().map(base64url),
            key: says.binding.key().map(base64url),
        },
        auth_time: customer.map(|grant| grant.auth_time),
        acr: customer.and_then(|grant| grant.acr),
        grant_id: customer.map(|grant| grant.grant.as_str()),
        userinfo: customer.and_then(Told::of),
    };
    let text = issuer.ring.signer(now).sign("at+jwt", &claims);
    let text = text.map_err(Denied::Signing)?;
    if text.len() > TOKEN_BYTES_MAX {
        return Err(Denied::TokenTooLong);
    }
    Ok(AccessToken {
        text,
        expires_in,
        jti_digest: crypto::sha256(jti.as_bytes()),
        audience: names.join(" "),
    })
}

fn base64url(digest: &[u8; 32]) -> String {
    crypto::base64url(digest)
}
