//! Revocation (RFC 7009; RV-01, RV-02): a refresh token takes its grant along, an access token goes
//! alone. What is not known is as good as revoked; another client's is refused and stays.

use http::header::{CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;

use crypto::{Rules, Typ};
use model::ports::{Posted, Receipt};
use model::{GrantAction, Response};

use crate::Ports;
use crate::denied::Denied;
use crate::evidence::events::Events;
use crate::issuer::{Issuer, shown_until};
use crate::step::form::Parameters;
use crate::step::standing::InGoodStanding;

/// The longest access token that is read, in bytes.
const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// How far clocks may differ, in seconds: as long as that after its end a token may be shown.
const LEEWAY_S: i64 = 10;

#[derive(Deserialize)]
struct Claims {
    client_id: String,
    jti: String,
    exp: i64,
}

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
    let digest = crypto::sha256(token.as_bytes());
    let found = ports.grants.refresh_token(&issuer.bank, digest, now).await;
    if let Some((_, grant)) = found.map_err(Denied::Store)? {
        if grant.client != *client.client().id() {
            return Err(Denied::OthersToken);
        }
        let until = shown_until(now);
        let event = events.of(GrantAction::Revoke, Some(&grant.id), now);
        // Refused from here on, whatever becomes of the caller or the store.
        issuer.revoke_grant(&grant.id, until, now);
        let revoked = ports
            .grants
            .revoke_grant(&issuer.bank, &grant.id, until, now, event);
        let posted = revoked.await.map_err(Denied::Store)?;
        return Ok(posted);
    }
    let Some(claims) = ours(issuer, token, now) else {
        return Ok(None);
    };
    if claims.client_id != client.client().id().as_str() {
        return Err(Denied::OthersToken);
    }
    let jti = crypto::sha256(claims.jti.as_bytes());
    let until = Timestamp::from_second(claims.exp.saturating_add(LEEWAY_S)).unwrap_or(now);
    let event = events.of(GrantAction::RevokeToken, None, now);
    issuer.revoke_token(jti, until, now);
    let revoked = ports
        .grants
        .revoke_token(&issuer.bank, jti, until, now, event);
    let posted = revoked.await.map_err(Denied::Store)?;
    Ok(posted)
}

/// The claims of an access token that we issued and that has not ended.
fn ours(issuer: &Issuer, token: &str, now: Timestamp) -> Option<Claims> {
    let rules = Rules {
        typ: Typ::Exactly(&["at+jwt"]),
        bytes_max: TOKEN_BYTES_MAX,
    };
    let verified = crypto::verify(token, &issuer.ring.public(now), &rules).ok()?;
    let claims: Claims = serde_json::from_slice(&verified.claims).ok()?;
    (claims.exp.saturating_add(LEEWAY_S) > now.as_second()).then_some(claims)
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
