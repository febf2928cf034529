//! The access token: a JWT of the type `at+jwt` (RFC 9068), bound to a certificate (RFC 8705 §3.1),
//! to a key (RFC 9449 §6.1), or to both (AT-01, MT-04, DP-11).

use jiff::Timestamp;
use serde::Serialize;

use crypto::{Random, SignFailed};
use model::{ClientId, GrantId, ScopeSet};

use crate::issuer::Issuer;
use crate::step::binding::Binding;

/// What a token says, and to whom.
pub(crate) struct Says<'a> {
    /// The client that it is issued to.
    pub(crate) client: &'a ClientId,
    /// What may be done with it.
    pub(crate) scope: &'a ScopeSet,
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
    /// When the grant ends: the token does not outlive it.
    pub(crate) until: Timestamp,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    /// The client itself, where nobody else is acting (RFC 9068 §2.2). Customers' subjects come
    /// from another space, so that no client passes for one (RFC 9700 §4.15).
    sub: &'a str,
    aud: Audience<'a>,
    client_id: &'a str,
    iat: i64,
    exp: i64,
    jti: &'a str,
    scope: String,
    cnf: Confirmation,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<&'a str>,
    /// What revoking it takes along.
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<&'a str>,
}

/// One audience is a string, several are an array (RFC 7519 §4.1.3).
#[derive(Serialize)]
#[serde(untagged)]
enum Audience<'a> {
    One(&'a str),
    Several(&'a [String]),
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
}

/// Makes a token.
pub(crate) fn make(
    issuer: &Issuer,
    says: &Says<'_>,
    now: Timestamp,
    random: &dyn Random,
) -> Result<AccessToken, SignFailed> {
    // 128 bits: nobody guesses one that is in use (L-08).
    let jti = crypto::base64url(&crypto::random_array::<16>(random));
    let iat = now.as_second();
    let customer = says.customer.as_ref();
    let left = customer.map_or(u64::MAX, |grant| {
        u64::try_from(grant.until.as_second().saturating_sub(iat)).unwrap_or(0)
    });
    let expires_in = issuer.access_token_lifetime.as_secs().min(left);
    let claims = Claims {
        iss: &issuer.identifier,
        sub: customer.map_or(says.client.as_str(), |grant| grant.sub),
        aud: match issuer.audience.as_slice() {
            [one] => Audience::One(one),
            several => Audience::Several(several),
        },
        client_id: says.client.as_str(),
        iat,
        exp: iat.saturating_add_unsigned(expires_in),
        jti: &jti,
        scope: says.scope.to_string(),
        cnf: Confirmation {
            certificate: says.binding.certificate().map(base64url),
            key: says.binding.key().map(base64url),
        },
        auth_time: customer.map(|grant| grant.auth_time),
        acr: customer.and_then(|grant| grant.acr),
        grant_id: customer.map(|grant| grant.grant.as_str()),
    };
    Ok(AccessToken {
        text: issuer.ring.signer(now).sign("at+jwt", &claims)?,
        expires_in,
        jti_digest: crypto::sha256(jti.as_bytes()),
    })
}

fn base64url(digest: &[u8; 32]) -> String {
    crypto::base64url(digest)
}
