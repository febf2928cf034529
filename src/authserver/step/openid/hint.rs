//! `id_token_hint`: who the client believes the customer to be (OIDC Core §3.1.2.1; OC-03).
//! **Stops**: an ID token of another issuer or another client, which would tell who is logged in.

use jiff::Timestamp;
use serde::Deserialize;

use crypto::{Rules, Typ};

use crate::denied::{Denied, RequestProblem};
use crate::issuer::Issuer;
use crate::issuer::limits::TOKEN_BYTES_MAX;
use crate::step::standing::InGoodStanding;
use crate::token::id_token::TYP;

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: String,
}

/// The `sub` of an ID token of ours for this client, expired or not.
pub(super) fn subject(
    issuer: &Issuer,
    client: &InGoodStanding<'_>,
    token: &str,
    now: Timestamp,
) -> Result<String, Denied> {
    let rules = Rules {
        typ: Typ::Exactly(&[TYP]),
        bytes_max: TOKEN_BYTES_MAX,
    };
    let verified = crypto::verify(token, &issuer.ring.public(now), &rules).ok();
    let claims = verified.and_then(|verified| serde_json::from_slice(&verified.claims).ok());
    let is_ours = |claims: &Claims| {
        claims.iss == issuer.identifier && claims.aud == client.client().id().as_str()
    };
    let claims = claims.filter(is_ours);
    let claims = claims.ok_or(Denied::Request(RequestProblem::Hint))?;
    Ok(claims.sub)
}
