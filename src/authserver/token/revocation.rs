//! Revocation (RFC 7009; RV-01, RV-02): a refresh token takes its grant along, an access token goes
//! alone. What is not known is as good as revoked; another client's is refused and stays.

use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;

use model::ports::{Posted, Receipt};
use model::{GrantAction, Response};

use crate::Ports;
use crate::denied::Denied;
use crate::evidence::events::Events;
use crate::issuer::limits::LEEWAY_S;
use crate::issuer::{Issuer, shown_until};
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;
use crate::token::ours::{self, Claims};

/// Revokes the token that the form names; gives what is left to be recorded. From here on the road
/// refuses it.
pub(crate) async fn revoke(
    issuer: &Issuer,
    ports: &Ports,
    form: &Parameters,
    client: &InGoodStanding<'_>,
    events: &Events<'_>,
    now: Timestamp,
) -> Result<Option<Posted>, Denied> {
    let token = form.required("token")?;
    match ours::read(issuer, token, now) {
        Some(claims) => revoke_access(issuer, ports, &claims, client, events, now).await,
        None => revoke_refresh(issuer, ports, token, client, events, now).await,
    }
}

async fn revoke_access(
    issuer: &Issuer,
    ports: &Ports,
    claims: &Claims,
    client: &InGoodStanding<'_>,
    events: &Events<'_>,
    now: Timestamp,
) -> Result<Option<Posted>, Denied> {
    if claims.client() != client.client().id() {
        return Err(Denied::OthersToken);
    }
    let jti = claims.jti_digest();
    let until = Timestamp::from_second(claims.exp.saturating_add(LEEWAY_S)).unwrap_or(now);
    let event = events.of(GrantAction::RevokeToken, None, now);
    // Refused from here on, whatever becomes of the caller or the store.
    issuer.revoke_token(jti, until, now);
    let grants = &ports.grants;
    let revoked = grants.revoke_token(&issuer.bank, jti, until, now, event);
    revoked.await.map_err(Denied::Store)
}

async fn revoke_refresh(
    issuer: &Issuer,
    ports: &Ports,
    token: &str,
    client: &InGoodStanding<'_>,
    events: &Events<'_>,
    now: Timestamp,
) -> Result<Option<Posted>, Denied> {
    let digest = crypto::sha256(token.as_bytes());
    let found = ports.grants.refresh_token(&issuer.bank, digest, now).await;
    let Some((_, grant)) = found.map_err(Denied::Store)? else {
        return Ok(None);
    };
    if grant.client != *client.client().id() {
        return Err(Denied::OthersToken);
    }
    let until = shown_until(now);
    let event = events.of(GrantAction::Revoke, Some(&grant.id), now);
    // Refused from here on, whatever becomes of the caller or the store.
    issuer.revoke_grant(&grant.id, until, now);
    let grants = &ports.grants;
    let revoked = grants.revoke_grant(&issuer.bank, &grant.id, until, now, event);
    let revoked = revoked.await;
    issuer.consent_changed(&grant.id);
    revoked.map_err(Denied::Store)
}

/// The answer: nothing (RFC 7009 §2.2). The receipt is the only way to it.
pub(crate) fn answer(_evidence: Receipt) -> Response {
    let mut response = Response::new(model::empty());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
