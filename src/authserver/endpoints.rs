//! The table: every endpoint and its steps in order. Read this file first.
//!
//! | endpoint | method | steps |
//! |---|---|---|
//! | [`Endpoint::Metadata`] | GET, HEAD | the document (RFC 8414 §3) |
//! | [`Endpoint::Jwks`] | GET, HEAD | the document (RFC 7517 §5) |
//! | [`Endpoint::UpstreamJwks`] | GET, HEAD | the document (RFC 7517 §5) |
//! | [`Endpoint::Token`] | POST | method, form, client authentication, `client_id`, `jti` used up, standing, certificate, grant type, scope, issue, evidence, answer |
//!
//! No step calls the next one, and no setting reorders them. Each step demands the proofs of those
//! before it, so a step that is left out does not compile. The token endpoint's steps up to the
//! issuing have one deadline together; evidence has its own, so that a late decision is recorded.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Method};

use model::{Asked, BankId, Connection, Facts, Refusal, Request, RequestId, Response};

use crate::AuthServer;
use crate::denied::Denied;
use crate::evidence::OpenRecord;
use crate::grant::client_credentials;
use crate::issuer::{AtBank, Issuer, Tokens};
use crate::jwks;
use crate::oauth_error::OauthError;
use crate::step::grant_type::GrantType;
use crate::step::{
    certificate, client_authentication, client_id, form, grant_type, jti, method, scope, standing,
};

/// How long clients may keep a published document. Short: a key that is distrusted must go.
const DOCUMENT_CACHE: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// How long the token endpoint takes to decide, from the request's head: the body's arrival and
/// every port's answer included. Past it the answer is that of an unavailable store.
const DEADLINE: Duration = Duration::from_secs(10);

/// An endpoint of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The metadata document (RFC 8414), at [`crate::well_known_path`].
    Metadata,
    /// The issuer's public keys (RFC 7517).
    Jwks,
    /// The public keys that the bank's services verify identity assertions with (RFC 7517).
    UpstreamJwks,
    /// The token endpoint (RFC 6749 §3.2).
    Token,
}

impl AuthServer {
    /// Answers a request to an endpoint of a bank's issuer. Never fails: refusals and faults are
    /// answers. The future may be dropped at any await: a `jti` is then taken or free, a record
    /// written or queued as aborted, and no token has left.
    pub async fn answer(
        &self,
        bank: &BankId,
        endpoint: Endpoint,
        asked: Asked,
    ) -> (Response, Facts) {
        let Some(AtBank { tokens, assertions }) = self.at(bank) else {
            return refused(&Refusal::UnknownRoute, asked.request_id);
        };
        let now = || self.ports().clock.now();
        let (response, facts) = match (endpoint, tokens) {
            (Endpoint::UpstreamJwks, _) => document(&asked, &jwks::document(assertions, now())),
            (Endpoint::Metadata, Tokens::Ours(issuer)) => document(&asked, &issuer.metadata),
            (Endpoint::Jwks, Tokens::Ours(issuer)) => {
                document(&asked, &jwks::document(&issuer.ring, now()))
            }
            (Endpoint::Token, Tokens::Ours(issuer)) => self.token(issuer, asked).await,
            // The bank's own authorization server answers for itself.
            (Endpoint::Metadata | Endpoint::Jwks | Endpoint::Token, Tokens::Elsewhere(_)) => {
                refused(&Refusal::UnknownRoute, asked.request_id)
            }
        };
        let bank = Some(bank.clone());
        (response, Facts { bank, ..facts })
    }

    async fn token(&self, issuer: &Issuer, asked: Asked) -> (Response, Facts) {
        let Asked {
            request_id,
            interaction,
            connection,
            request,
            ..
        } = asked;
        let mut record =
            OpenRecord::open(self.ports(), issuer, request_id, interaction, &connection);
        let steps = self.token_steps(issuer, &connection, request, &mut record);
        let issued = tokio::time::timeout(DEADLINE, steps)
            .await
            .unwrap_or(Err(Denied::TooSlow));
        let mut facts = record.facts();
        let denied = match issued {
            Ok(issued) => match record.allowed(&issued).await {
                Ok(receipt) => return (issued.into_response(receipt), facts),
                Err(denied) => denied,
            },
            Err(denied) => {
                let error = OauthError::of(&denied);
                match record.denied(&error, denied.is_ours()).await {
                    Ok(()) => denied,
                    Err(unrecorded) => unrecorded,
                }
            }
        };
        report(&denied, &issuer.bank, request_id);
        let error = OauthError::of(&denied);
        facts.code = Some(error.code);
        (error.into_response(), facts)
    }

    async fn token_steps(
        &self,
        issuer: &Issuer,
        connection: &Connection,
        request: Request,
        record: &mut OpenRecord<'_>,
    ) -> Result<client_credentials::Issued, Denied> {
        let ports = self.ports();
        method::check(request.method())?;
        let scheme = client_authentication::scheme(request.headers());
        let form = form::read(request).await?;
        let now = ports.clock.now();
        let client = client_authentication::check(issuer, ports, connection, now, scheme, &form)?;
        record.client_is(&client);
        let client = client_id::check(&form, client)?;
        let client = jti::use_up(issuer, ports.replay.as_ref(), client, now).await?;
        let client = standing::check(client)?;
        let binding = certificate::check(issuer, ports, connection, &client, now)?;
        let grant = grant_type::read(&form)?;
        record.grant_is(grant);
        let granted = scope::check(&form, &client)?;
        match grant {
            GrantType::ClientCredentials => {
                client_credentials::issue(issuer, ports, &client, &binding, &granted, now)
            }
        }
    }
}

/// Answers with a document (MD-01).
fn document(asked: &Asked, bytes: &Bytes) -> (Response, Facts) {
    let method = asked.request.method();
    let body = match *method {
        Method::GET => model::full(bytes.clone()),
        Method::HEAD => model::empty(),
        _ => {
            let allow = vec![Method::GET, Method::HEAD];
            return refused(&Refusal::MethodNotAllowed { allow }, asked.request_id);
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    headers.insert(CACHE_CONTROL, DOCUMENT_CACHE);
    (response, Facts::default())
}

fn refused(refusal: &Refusal, request: RequestId) -> (Response, Facts) {
    let facts = Facts {
        code: Some(refusal.code().as_str()),
        ..Facts::default()
    };
    (web::problem(refusal, request), facts)
}

/// What broke inside is logged here, where it is handled; the client is told nothing of it.
fn report(denied: &Denied, bank: &BankId, request: RequestId) {
    let cause: &dyn std::error::Error = match denied {
        Denied::Store(cause) => cause,
        Denied::Signing(cause) => cause,
        Denied::Audit => &model::ports::AuditUnavailable,
        Denied::TooSlow => {
            // A client that sends its body slowly gets here too: no fault by itself.
            tracing::warn!(
                bank.id = %bank,
                request.id = %request,
                "the token endpoint's deadline passed"
            );
            return;
        }
        _ => return,
    };
    tracing::error!(
        error = cause,
        bank.id = %bank,
        request.id = %request,
        "the token endpoint failed"
    );
}

#[cfg(test)]
mod tests;
