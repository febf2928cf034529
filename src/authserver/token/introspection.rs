//! Introspection (RFC 7662; IN-01 to IN-03): a client asks about its own tokens, a service of the
//! bank's own about those that are for it, and of what they grant as much as is its own: the scopes
//! of the products that it is behind, and the details that are for it. Of anything else it learns
//! that it is not active, and not why. **Stops**: asking what a stolen or guessed token is good
//! for.

use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use model::ports::Receipt;
use model::{GrantId, Response, Standing};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::agreement::Open;
use crate::request::details::{Detail, Details};
use crate::request::{Granted, from_store};
use crate::step::form::Parameters;
use crate::step::scope;
use crate::step::scope::details::{held, is_held};
use crate::step::standing::Asker;
use crate::token::ours::{self, Claims};
use crate::{Ports, Profile, ResourceServer};

/// The media type, and the `typ`, of a signed answer (RFC 9701 §5).
const SIGNED_TYPE: &str = "application/token-introspection+jwt";
const TYP: &str = "token-introspection+jwt";

/// How an answer is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Signed,
}

/// What is told of a token (RFC 7662 §2.2, RFC 8705 §3.2, RFC 9449 §6.2). One that is not active
/// has nothing else.
#[derive(Default, Serialize)]
struct Facts {
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    #[serde(skip_serializing_if = "Details::is_empty")]
    authorization_details: Details,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cnf: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<String>,
}

/// A signed answer's claims (RFC 9701 §5): the facts stand in one claim, so that it passes for no
/// token itself.
#[derive(Serialize)]
struct SignedClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    iat: i64,
    token_introspection: &'a Facts,
}

/// An answer on its way to evidence, with what is recorded of the token.
pub(crate) struct Told {
    body: Body,
    /// SHA-256 of the `jti` of an access token that is active.
    pub(crate) jti_digest: Option<[u8; 32]>,
    /// SHA-256 of the id of the grant of a token that is active.
    pub(crate) grant: Option<[u8; 32]>,
}

enum Body {
    Json(Box<Facts>),
    Signed(String),
}

/// How the asker gets the answer: signed, when the profile offers that and its media type is
/// accepted at all (RFC 9701 §4).
pub(crate) fn form(profile: &Profile, headers: &HeaderMap) -> Form {
    let accepted = headers.get_all(ACCEPT).iter();
    let mut ranges = accepted
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let is_signed = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let names_it = parts
            .next()
            .is_some_and(|its| its.eq_ignore_ascii_case(SIGNED_TYPE));
        let is_refused = |part: &str| {
            let weight = part.strip_prefix("q=").or_else(|| part.strip_prefix("Q="));
            weight.is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight == 0.0))
        };
        names_it && !parts.any(is_refused)
    };
    if profile.signs_introspection && ranges.any(is_signed) {
        Form::Signed
    } else {
        Form::Json
    }
}

/// Looks the token up that the form names.
pub(crate) async fn look(
    issuer: &Issuer,
    ports: &Ports,
    parameters: &Parameters,
    asker: &Asker<'_>,
    form: Form,
    now: Timestamp,
) -> Result<Told, Denied> {
    let token = parameters.required("token")?;
    let facts = match ours::read(issuer, token, now) {
        Some(claims) => of_access_token(issuer, claims, asker, now),
        None => of_refresh_token(issuer, ports, token, asker, now).await?,
    };
    let facts = facts.unwrap_or_default();
    let digest = |text: &Option<String>| text.as_ref().map(|it| crypto::sha256(it.as_bytes()));
    let (jti_digest, grant) = (digest(&facts.jti), digest(&facts.grant_id));
    let body = match form {
        Form::Json => Body::Json(Box::new(facts)),
        Form::Signed => {
            let claims = SignedClaims {
                iss: &issuer.identifier,
                aud: asker.id().as_str(),
                iat: now.as_second(),
                token_introspection: &facts,
            };
            let signed = issuer.ring.signer(now).sign(TYP, &claims);
            Body::Signed(signed.map_err(Denied::Signing)?)
        }
    };
    Ok(Told {
        body,
        jti_digest,
        grant,
    })
}

/// The facts of an access token of ours, if it is the asker's business and good now.
fn of_access_token(
    issuer: &Issuer,
    claims: Claims,
    asker: &Asker<'_>,
    now: Timestamp,
) -> Option<Facts> {
    let client = issuer.clients.get(claims.client())?;
    // What it says is good for as long as agreements give it.
    let open = client.open(now);
    let grant = claims.grant();
    let mut scope = match &grant {
        Some(_) => scope::still_granted(issuer, &claims.scope, open)?,
        None => scope::still_open(&claims.scope, open)?,
    };
    let held = claims.authorization_details.clone();
    let mut details = held.only(|detail| is_held(issuer, open, detail));
    if scope.is_empty() && details.is_empty() {
        return None;
    }
    let audience = claims.audience();
    if !is_reached(issuer, open, &audience) {
        return None;
    }
    let aud = match asker {
        Asker::Client(client) if client.client().id() == claims.client() => match *audience {
            [one] => Value::from(one),
            _ => Value::from(audience),
        },
        Asker::Client(_) => return None,
        // Of whom else it is for, this one learns nothing.
        Asker::Server(server) => {
            let its = server.settings();
            let own = scope.iter().filter(|scope| its.scopes.contains(scope));
            scope = own.cloned().collect();
            details = details.only(|detail| is_its_own(its, detail));
            let its = its.audience.as_str();
            Value::from(audience.contains(&its).then_some(its)?)
        }
    };
    let is_live = claims.exp > now.as_second()
        && client.standing == Standing::Active
        && !issuer.is_revoked(&claims.jti_digest(), grant.as_ref());
    let token_type = if claims.cnf.contains_key("jkt") {
        "DPoP"
    } else {
        "Bearer"
    };
    is_live.then(|| Facts {
        active: true,
        client_id: Some(claims.client().as_str().to_owned()),
        scope: Some(scope.to_string()).filter(|scope| !scope.is_empty()),
        authorization_details: details,
        sub: Some(claims.sub),
        aud: Some(aud),
        iss: Some(issuer.identifier.clone()),
        exp: Some(claims.exp),
        iat: Some(claims.iat),
        jti: Some(claims.jti),
        token_type: Some(token_type),
        cnf: Some(claims.cnf),
        auth_time: claims.auth_time,
        acr: claims.acr,
        grant_id: grant.as_ref().map(text),
    })
}

/// Whether agreements still lead to whomever a token is for: to one of them, or to the issuer
/// itself, which tells who the customer is.
fn is_reached(issuer: &Issuer, open: Open<'_>, audience: &[&str]) -> bool {
    let is_own = |name: &str| name == issuer.identifier && open.is_any();
    audience
        .iter()
        .any(|name| open.reaches(name) || is_own(name))
}

/// Whether a detail is the business of a service of the bank's own: it names that service (RFC 9396
/// §2.2), or no place and a type of the products that this is behind (§9.2).
fn is_its_own(server: &ResourceServer, detail: Detail<'_>) -> bool {
    let is_of_its_products = || {
        let its = detail.r#type();
        its.is_some_and(|its| server.details.iter().any(|own| own.as_str() == its))
    };
    let place = server.audience.as_str();
    detail.names(place) || detail.is_for(place) && is_of_its_products()
}

/// The facts of a refresh token of the asking client's own, as far as a refresh would give them.
async fn of_refresh_token(
    issuer: &Issuer,
    ports: &Ports,
    token: &str,
    asker: &Asker<'_>,
    now: Timestamp,
) -> Result<Option<Facts>, Denied> {
    let Asker::Client(client) = asker else {
        return Ok(None);
    };
    let digest = crypto::sha256(token.as_bytes());
    let found = ports.grants.refresh_token(&issuer.bank, digest, now).await;
    let Some((refresh, grant)) = found.map_err(Denied::Store)? else {
        return Ok(None);
    };
    if grant.client != *client.client().id() {
        return Ok(None);
    }
    let granted: Granted = from_store(&grant.granted).map_err(Denied::Store)?;
    let resource = granted.resource.as_deref();
    if resource.is_some_and(|its| !client.open().reaches(its)) {
        return Ok(None);
    }
    let details = held(issuer, client, &granted.authorization_details);
    let Some(scope) = scope::still_granted(issuer, &granted.scope, client.open()) else {
        return Ok(None);
    };
    let scope = scope.to_string();
    if scope.is_empty() && details.is_empty() {
        return Ok(None);
    }
    Ok(Some(Facts {
        active: true,
        client_id: Some(grant.client.as_str().to_owned()),
        scope: Some(scope).filter(|scope| !scope.is_empty()),
        authorization_details: details,
        sub: issuer.subject(&client.client().settings().partner, &grant.subject),
        iss: Some(issuer.identifier.clone()),
        exp: Some(refresh.expires.as_second()),
        iat: Some(grant.made_at.as_second()),
        auth_time: Some(granted.auth_time),
        acr: granted.acr,
        grant_id: Some(text(&grant.id)),
        ..Facts::default()
    }))
}

fn text(grant: &GrantId) -> String {
    grant.as_str().to_owned()
}

impl Told {
    /// The answer. The receipt is the only way to it.
    pub(crate) fn into_response(self, _evidence: Receipt) -> Response {
        let mut response = match self.body {
            Body::Json(facts) => web::json(StatusCode::OK, &facts),
            Body::Signed(jwt) => {
                let length = HeaderValue::from(jwt.len());
                let mut response = Response::new(model::full(jwt));
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static(SIGNED_TYPE));
                headers.insert(CONTENT_LENGTH, length);
                response
            }
        };
        let uncached = HeaderValue::from_static("no-store");
        response.headers_mut().insert(CACHE_CONTROL, uncached);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_03_an_answer_is_signed_for_whoever_accepts_the_media_type_and_for_nobody_else() {
        let form_of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(ACCEPT, HeaderValue::from_static(value));
            }
            form(&crate::FAPI2_MESSAGE_SIGNING, &headers)
        };
        for signed in [
            &["application/token-introspection+jwt"][..],
            &["application/json, Application/Token-Introspection+JWT;q=0.5"],
            &["application/json", "application/token-introspection+jwt"],
        ] {
            assert_eq!(form_of(signed), Form::Signed, "{signed:?}");
        }
        for plain in [
            &[][..],
            &["*/*"],
            &["application/json"],
            &["application/jwt"],
            &["application/token-introspection+jwt;q=0, */*"],
            &["application/token-introspection+jwt; q=0.000"],
        ] {
            assert_eq!(form_of(plain), Form::Json, "{plain:?}");
        }
    }
}
