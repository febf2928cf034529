//! An access token of ours that a form brings back: believed because our key signed it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crypto::{Rules, Typ};
use model::{ClientId, GrantId};

use crate::issuer::Issuer;
use crate::issuer::limits::{LEEWAY_S, TOKEN_BYTES_MAX};
use crate::request::details::Details;

/// What a token of ours says of itself, as `access.rs` wrote it.
#[derive(Deserialize)]
pub(crate) struct Claims {
    iss: String,
    pub(crate) sub: String,
    aud: Value,
    pub(crate) client_id: ClientIdText,
    pub(crate) iat: i64,
    pub(crate) exp: i64,
    pub(crate) jti: String,
    #[serde(default)]
    pub(crate) scope: String,
    #[serde(default)]
    pub(crate) authorization_details: Details,
    pub(crate) cnf: Map<String, Value>,
    pub(crate) auth_time: Option<i64>,
    pub(crate) acr: Option<String>,
    grant_id: Option<String>,
}

/// A client_id as a token holds it.
#[derive(Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct ClientIdText(pub(crate) ClientId);

impl TryFrom<String> for ClientIdText {
    type Error = model::BadId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        ClientId::parse(&text).map(Self)
    }
}

impl Claims {
    /// The client that it was issued to.
    pub(crate) fn client(&self) -> &ClientId {
        &self.client_id.0
    }

    /// Whom it is for.
    pub(crate) fn audience(&self) -> Vec<&str> {
        match &self.aud {
            Value::String(one) => vec![one],
            Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The customer's grant that it is under, where it is.
    pub(crate) fn grant(&self) -> Option<GrantId> {
        GrantId::parse(self.grant_id.as_deref()?).ok()
    }

    /// SHA-256 of its `jti`.
    pub(crate) fn jti_digest(&self) -> [u8; 32] {
        crypto::sha256(self.jti.as_bytes())
    }
}

/// The claims of an access token that this issuer issued and that may still be shown.
pub(crate) fn read(issuer: &Issuer, token: &str, now: Timestamp) -> Option<Claims> {
    let rules = Rules {
        typ: Typ::Exactly(&["at+jwt"]),
        bytes_max: TOKEN_BYTES_MAX,
    };
    let verified = crypto::verify(token, &issuer.ring.public(now), &rules).ok()?;
    let claims: Claims = serde_json::from_slice(&verified.claims).ok()?;
    let is_ours = claims.iss == issuer.identifier;
    (is_ours && claims.exp.saturating_add(LEEWAY_S) > now.as_second()).then_some(claims)
}
