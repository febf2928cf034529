//! The userinfo endpoint (OIDC Core §5.3; OC-04): who the customer of a token is, as its client
//! knows them.
//!
//! The caller is identified as on the road, by an access token that names this issuer as its
//! audience, with whatever it is bound to. Refusals are the road's too: problem documents with a
//! challenge (RFC 6750 §3). Answers and refusals of whoever is known are durable in the log first.

use std::sync::Arc;

use crypto::SignFailed;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value};

use identity::{Caller, Judges, Knock, OnBehalf, Place, Witness};
use model::ports::Stage;
use model::{
    Asked, ClientId, Facts, OauthEndpoint, Partner, PartnerId, ProofProblem, Refusal, Response,
};
use web::Challenged;

use super::not_allowed::not_allowed;
use crate::evidence::OpenRecord;
use crate::issuer::Issuer;
use crate::step::openid::OPENID;
use crate::token::id_token::TYP;
use crate::{AuthServer, Userinfo};

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// What is told.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    to: Option<To<'a>>,
    sub: &'a str,
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

/// Why nothing is told.
enum Untold {
    Refused(Refusal),
    Broken(SignFailed),
}

impl From<Refusal> for Untold {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<SignFailed> for Untold {
    fn from(cause: SignFailed) -> Self {
        Self::Broken(cause)
    }
}

/// Who tells whom: in a signed answer (OIDC Core §5.3.2).
#[derive(Serialize)]
struct To<'a> {
    iss: &'a str,
    aud: &'a str,
}

impl AuthServer {
    /// Answers whoever asks who a customer is.
    pub(crate) async fn userinfo(&self, issuer: &Issuer, asked: Asked) -> (Response, Facts) {
        let (head, _) = asked.request.into_parts();
        let mut record = OpenRecord::open(
            self.ports(),
            issuer,
            OauthEndpoint::Userinfo,
            asked.request_id,
            asked.interaction,
            &asked.connection,
        );
        if ![Method::GET, Method::POST].contains(&head.method) {
            let allow = vec![Method::GET, Method::POST];
            return not_allowed(record, allow, asked.request_id).await;
        }
        let mut noted = Noted {
            record: &mut record,
            nonce: None,
        };
        let decided = self.told(issuer, &asked.connection, &head, &mut noted);
        let nonce = noted.nonce;
        let mut facts = record.facts();
        let recorded = match &decided {
            Ok(_) => record.allowed(StatusCode::OK, None).await.map(drop),
            Err(Untold::Broken(cause)) => {
                tracing::error!(
                    error = cause as &dyn std::error::Error,
                    bank.id = %issuer.bank,
                    request.id = %asked.request_id,
                    "the userinfo endpoint failed"
                );
                let status = StatusCode::INTERNAL_SERVER_ERROR;
                let rule = "Something broke inside the server.".to_owned();
                record.refused(status, "internal", rule, true).await
            }
            Err(Untold::Refused(refusal)) => {
                let (status, code) = (web::status(refusal), refusal.code().as_str());
                let rule = web::detail(refusal).to_owned();
                record.refused(status, code, rule, false).await
            }
        };
        let unrecorded = |_| Untold::Refused(Refusal::AuditUnavailable);
        let decided = recorded.map_err(unrecorded).and(decided);
        let mut response = decided.unwrap_or_else(|untold| {
            let refusal = match untold {
                Untold::Broken(_) => {
                    facts.code = Some("internal");
                    return web::internal_problem(asked.request_id);
                }
                Untold::Refused(refusal) => refusal,
            };
            facts.code = Some(refusal.code().as_str());
            let challenged = Challenged {
                by_dpop: identity::names_dpop(&head.headers),
                resource_metadata: None,
            };
            web::challenged(&refusal, asked.request_id, &challenged)
        });
        if let Some(Ok(nonce)) = nonce.map(HeaderValue::try_from) {
            response.headers_mut().insert(DPOP_NONCE, nonce);
        }
        (response, facts)
    }

    /// The caller, the scope, the answer.
    fn told(
        &self,
        issuer: &Issuer,
        connection: &model::Connection,
        head: &http::request::Parts,
        noted: &mut Noted<'_, '_>,
    ) -> Result<Response, Untold> {
        let ports = self.ports();
        let origin = issuer.origins.get(&connection.listener);
        let origin = origin.ok_or(Refusal::Proof(ProofProblem::Url))?;
        let knock = Knock {
            method: &head.method,
            headers: &head.headers,
            query: head.uri.query(),
            origin,
            path: head.uri.path(),
            chain: connection.chain.as_deref(),
            now: ports.clock.now(),
        };
        let judges = Judges {
            certificates: &ports.certificates,
            tokens: &ports.tokens,
            proofs: &|| Arc::clone(&ports.proofs),
        };
        let place = Place {
            trust: &issuer.trust,
            issuer: &issuer.own,
            owner: &|client| owner(issuer, client, knock.now),
        };
        let caller = identity::identify(&judges, &place, &knock, noted)?;
        noted.record.enter(Stage::Answer);
        let token = caller.token();
        noted.record.under(token.grant_digest);
        let customer = token.customer.as_ref();
        let customer = customer.filter(|_| token.scope.iter().any(|one| one.as_str() == OPENID));
        let scope = OPENID.to_owned();
        let customer = customer.ok_or(Refusal::InsufficientScope { scope })?;
        Ok(answer(issuer, &caller, customer, knock.now)?)
    }
}

/// The partner whose client this is, while it has an agreement with the bank.
fn owner<'a>(
    issuer: &'a Issuer,
    client: &ClientId,
    now: Timestamp,
) -> Option<&'a std::sync::Arc<Partner>> {
    let client = issuer.clients.get(client)?;
    if !client.open(now).is_any() {
        return None;
    }
    let id = &client.partner;
    issuer.trust.partners().find(|partner| partner.id == *id)
}

/// The answer, as the client is registered to take it.
fn answer(
    issuer: &Issuer,
    caller: &Caller,
    customer: &OnBehalf,
    now: Timestamp,
) -> Result<Response, SignFailed> {
    let client = caller.client();
    let registered = issuer.clients.get(client);
    let form = registered.map_or(Userinfo::Json, |settings| settings.userinfo);
    let mut told = Told {
        to: None,
        sub: &customer.sub,
        more: &customer.userinfo,
    };
    let mut response = match form {
        Userinfo::Json => web::json(StatusCode::OK, &told),
        Userinfo::Jwt => {
            told.to = Some(To {
                iss: &issuer.identifier,
                aud: client.as_str(),
            });
            let signed = issuer.ring.signer(now).sign(TYP, &told)?;
            let length = HeaderValue::from(signed.len());
            let mut response = Response::new(model::full(signed));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/jwt"));
            headers.insert(CONTENT_LENGTH, length);
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// What becomes known of the caller goes to the record, and a nonce with the answer.
struct Noted<'r, 'a> {
    record: &'r mut OpenRecord<'a>,
    nonce: Option<String>,
}

impl Witness for Noted<'_, '_> {
    fn partner(&mut self, partner: &PartnerId) {
        self.record.partner_is(partner);
    }

    fn token(&mut self, client: &ClientId, jti_digest: [u8; 32]) {
        self.record.token_is(client, jti_digest);
    }

    fn key(&mut self, thumbprint: [u8; 32]) {
        self.record.key_is(thumbprint);
    }

    fn nonce(&mut self, nonce: &str) {
        self.nonce = Some(nonce.to_owned());
    }
}
