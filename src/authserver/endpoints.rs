//! The table: every endpoint and its steps in order. Read this file first.
//!
//! | endpoint | method | steps |
//! |---|---|---|
//! | [`Endpoint::Metadata`] | GET, HEAD | the document (RFC 8414 §3) |
//! | [`Endpoint::OpenIdMetadata`] | GET, HEAD | the same document (OIDC Discovery §4) |
//! | [`Endpoint::Jwks`] | GET, HEAD | the document (RFC 7517 §5) |
//! | [`Endpoint::UpstreamJwks`] | GET, HEAD | the document (RFC 7517 §5) |
//! | [`Endpoint::Token`] | POST | *client*, proof used up, binding, grant type; scope, or the code with its verifier, redirect URI and key, or the refresh token and scope; resource, details, issue, evidence, answer |
//! | [`Endpoint::Par`] | POST | *client*, proof used up, no `request_uri`, request object, response, redirect URI, `state`, PKCE, DPoP key, details, scope, consent, OpenID Connect's, resource, the object's `jti`, keep, evidence, answer |
//! | [`Endpoint::Userinfo`] | GET, POST | `endpoints/userinfo.rs` |
//! | [`Endpoint::Revoke`] | POST | *client*, the token's owner, revoke, evidence, answer |
//! | [`Endpoint::Authorize`], [`Endpoint::LogIn`], [`Endpoint::LoggedIn`], [`Endpoint::Approve`], [`Endpoint::Done`], [`Endpoint::Permissions`] | GET, POST | `front.rs` |
//! | [`Endpoint::Introspect`] | POST | *client*, or a service of the bank's; look, evidence, answer |
//!
//! *client*: method, form, published keys at hand, client authentication, `client_id`, proof
//! looked at, `jti` used up, standing, certificate shown.
//!
//! No step calls the next one, and no setting reorders them. Each step demands the proofs of those
//! before it, so a step that is left out does not compile. The steps up to the deciding have one
//! deadline together; evidence has its own, so that a late decision is recorded.

mod decided;
mod for_clients;
pub(crate) mod not_allowed;
mod userinfo;

use std::time::Duration;

use bytes::Bytes;
use http::HeaderValue;
use identity::Proved;
use jiff::Timestamp;

use model::ports::Stage;
use model::{
    Asked, BankId, Connection, Facts, InteractionId, Refusal, Request, RequestId, Response,
};

use self::decided::Decided;
use self::for_clients::{ForClients, Own};
use crate::AuthServer;
use crate::denied::{Denied, GrantProblem, RequestProblem};
use crate::evidence::OpenRecord;
use crate::evidence::events::Events;
use crate::grant::authorization_code::Within;
use crate::grant::issued::Issued;
use crate::grant::{authorization_code, client_credentials, refresh_token};
use crate::issuer::{AtBank, Issuer, Tokens};
use crate::jwks;
use crate::oauth_error::OauthError;
use crate::request::AuthorizationRequest;
use crate::request::pushed::{self, Pushed};
use crate::step::form::Parameters;
use crate::step::grant_type::GrantType;
use crate::step::jti::Authenticated;
use crate::step::proof::{Looked, Sent};
use crate::step::scope::{self, consent, details};
use crate::step::shown::Shown;
use crate::step::standing::{Asker, InGoodStanding};
use crate::step::{
    binding, client_authentication, client_id, client_keys, dpop_jkt, form, grant_type, jti,
    method, openid, pkce, proof, redirect_uri, request_object, resource, response, returned, shown,
    standing,
};
use crate::token::introspection;
use crate::token::revocation;

/// How long an endpoint of clients takes to decide, from the request's head: the body's arrival and
/// every port's answer included. Past it the answer is that of an unavailable store.
const DEADLINE: Duration = Duration::from_secs(10);

/// An endpoint of an issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    /// The metadata document (RFC 8414), at [`crate::well_known_path`].
    Metadata,
    /// The same for OpenID Connect (OIDC Discovery §4), at [`crate::openid_path`].
    OpenIdMetadata,
    /// The issuer's public keys (RFC 7517).
    Jwks,
    /// The public keys that the bank's services verify identity assertions with (RFC 7517).
    UpstreamJwks,
    /// The token endpoint (RFC 6749 §3.2).
    Token,
    /// The pushed authorization request endpoint (RFC 9126).
    Par,
    /// The revocation endpoint (RFC 7009).
    Revoke,
    /// The userinfo endpoint (OIDC Core §5.3).
    Userinfo,
    /// The introspection endpoint (RFC 7662).
    Introspect,
    /// The authorization endpoint (RFC 6749 §3.1).
    Authorize,
    /// Where the log-in page sends its form.
    LogIn,
    /// Where the bank's own OpenID provider sends customers back to.
    LoggedIn,
    /// Where the approval page sends its form.
    Approve,
    /// The page that leads back to the app.
    Done,
    /// Where customers see and withdraw what they gave, and all that is below it.
    Permissions,
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
            (Endpoint::OpenIdMetadata, Tokens::Ours(issuer)) if issuer.authorization.is_some() => {
                document(&asked, &issuer.metadata)
            }
            (Endpoint::Jwks, Tokens::Ours(issuer)) => {
                document(&asked, &jwks::document(&issuer.ring, now()))
            }
            (Endpoint::Token, Tokens::Ours(issuer)) => {
                self.clients(ForClients::Own(Own::Token), issuer, asked)
                    .await
            }
            (Endpoint::Introspect, Tokens::Ours(issuer)) => {
                self.clients(ForClients::Introspect, issuer, asked).await
            }
            (Endpoint::Par, Tokens::Ours(issuer)) if issuer.authorization.is_some() => {
                self.clients(ForClients::Own(Own::Par), issuer, asked).await
            }
            (Endpoint::Revoke, Tokens::Ours(issuer)) => {
                self.clients(ForClients::Own(Own::Revoke), issuer, asked)
                    .await
            }
            (Endpoint::Userinfo, Tokens::Ours(issuer)) if issuer.authorization.is_some() => {
                self.userinfo(issuer, asked).await
            }
            (
                Endpoint::Authorize
                | Endpoint::LogIn
                | Endpoint::LoggedIn
                | Endpoint::Approve
                | Endpoint::Done
                | Endpoint::Permissions,
                Tokens::Ours(issuer),
            ) => self.front(endpoint, issuer, asked).await,
            // The bank's own authorization server answers for itself.
            (
                Endpoint::Metadata
                | Endpoint::OpenIdMetadata
                | Endpoint::Jwks
                | Endpoint::Token
                | Endpoint::Par
                | Endpoint::Revoke
                | Endpoint::Userinfo
                | Endpoint::Introspect
                | Endpoint::Authorize
                | Endpoint::LogIn
                | Endpoint::LoggedIn
                | Endpoint::Approve
                | Endpoint::Done
                | Endpoint::Permissions,
                _,
            ) => refused(&Refusal::UnknownRoute, asked.request_id),
        };
        let bank = Some(bank.clone());
        (response, Facts { bank, ..facts })
    }

    /// The endpoints of clients: authenticated, decided, recorded, answered.
    async fn clients(
        &self,
        endpoint: ForClients,
        issuer: &Issuer,
        asked: Asked,
    ) -> (Response, Facts) {
        let Asked {
            request_id,
            interaction,
            connection,
            request,
            ..
        } = asked;
        let mut record = OpenRecord::open(
            self.ports(),
            issuer,
            endpoint.recorded(),
            request_id,
            interaction.clone(),
            &connection,
        );
        let asked = Asking {
            request_id,
            interaction: &interaction,
            connection: &connection,
        };
        let steps = self.steps(endpoint, issuer, &asked, request, &mut record);
        let decided = tokio::time::timeout(DEADLINE, steps)
            .await
            .unwrap_or(Err(Denied::TooSlow));
        let mut facts = record.facts();
        let denied = match decided {
            Ok((decided, nonce)) => match record.allowed(decided.status(), decided.token()).await {
                Ok(receipt) => {
                    let response = decided.into_response(receipt);
                    return (proof::with_nonce(response, nonce), facts);
                }
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

    async fn steps(
        &self,
        endpoint: ForClients,
        issuer: &Issuer,
        asked: &Asking<'_>,
        request: Request,
        record: &mut OpenRecord<'_>,
    ) -> Result<(Decided, Option<HeaderValue>), Denied> {
        let answer_form = introspection::form(issuer.profile, request.headers());
        let (form, who, looked, now) = self
            .client_steps(endpoint, issuer, asked.connection, request, record)
            .await?;
        let own = match endpoint {
            ForClients::Own(own) => own,
            ForClients::Introspect => {
                let asker = standing::asker(who, now)?;
                if let Asker::Client(client) = &asker {
                    shown::check(issuer, self.ports(), asked.connection, client, now)?;
                }
                record.enter(Stage::Answer);
                let ports = self.ports();
                let told = introspection::look(issuer, ports, &form, &asker, answer_form, now);
                let told = told.await?;
                record.tells_of(told.jti_digest, told.grant);
                return Ok((Decided::Introspected(told), None));
            }
        };
        let client = standing::check(who, now)?;
        let shown = shown::check(issuer, self.ports(), asked.connection, &client, now)?;
        let proved = proof::use_up(self.ports(), &client, looked)?;
        record.enter(Stage::Answer);
        record.proved(proved.as_ref());
        let nonce = proof::next_nonce(proved.as_ref());
        let events = Events {
            ports: self.ports(),
            bank: &issuer.bank,
            request: asked.request_id,
            interaction: asked.interaction,
            connection: asked.connection,
            who: record.who(),
        };
        let step = Step {
            form: &form,
            client: &client,
            shown: &shown,
            proved: proved.as_ref(),
            events: &events,
            now,
        };
        let decided = match own {
            Own::Token => {
                let issued = self.token_steps(issuer, &step, record).await;
                issued.map(Decided::Token)
            }
            Own::Par => self.par_steps(issuer, &step).await.map(Decided::Pushed),
            Own::Revoke => {
                let (ports, events) = (self.ports(), step.events);
                let posted = revocation::revoke(issuer, ports, step.form, step.client, events, now);
                record.posted(posted.await?);
                Ok(Decided::Revoked)
            }
        };
        Ok((decided?, nonce))
    }

    /// Who asks: the same steps at every endpoint of clients (CA-02).
    async fn client_steps<'a>(
        &self,
        endpoint: ForClients,
        issuer: &'a Issuer,
        connection: &Connection,
        request: Request,
        record: &mut OpenRecord<'_>,
    ) -> Result<(Parameters, Authenticated<'a>, Looked, Timestamp), Denied> {
        let ports = self.ports();
        method::check(request.method())?;
        let scheme = client_authentication::scheme(request.headers());
        let sent = Sent::of(&request);
        let form = form::read(request).await?;
        let now = ports.clock.now();
        client_keys::at_hand(issuer, ports, &form).await;
        let client = client_authentication::check(issuer, ports, connection, now, scheme, &form)?;
        record.client_is(&client);
        let client = client_id::check(&form, client)?;
        let looked = match endpoint.wants() {
            Some(wants) => proof::look(issuer, ports, connection, (&sent, wants), &client, now)?,
            None => Looked::NOT_AT,
        };
        let who = jti::use_up(issuer, ports.replay.as_ref(), client, now).await?;
        Ok((form, who, looked, now))
    }

    async fn token_steps(
        &self,
        issuer: &Issuer,
        step: &Step<'_>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Issued, Denied> {
        let (
            ports,
            &Step {
                form,
                client,
                shown,
                proved,
                events,
                now,
            },
        ) = (self.ports(), step);
        let binding = binding::check(client, shown, proved)?;
        let grant = grant_type::read(form, issuer)?;
        record.grant_is(grant);
        match grant {
            GrantType::ClientCredentials => {
                details::none(form)?;
                let granted = scope::check(form, client)?;
                let audience = resource::check(issuer, form, client, &granted)?;
                let within = (&granted, &audience);
                client_credentials::issue(issuer, ports, client, &binding, within, now)
            }
            GrantType::AuthorizationCode => {
                let code = authorization_code::find(issuer, ports, form, client, now).await?;
                pkce::verify(form, &code.challenge()?)?;
                code.is_for(form)?;
                code.is_for_key(&binding)?;
                if code.is_used() {
                    let posted = authorization_code::reuse(issuer, ports, &code, events, now);
                    record.posted(posted.await?);
                    return Err(Denied::Grant(GrantProblem::Code));
                }
                let scope = scope::of_code(issuer, code.scope(), client)?;
                let held = details::held(issuer, client, code.details());
                let says = (code.resource(), &scope, &held);
                let audience = resource::of_grant(issuer, form, client, says)?;
                let details = details::of_grant(form, &held, (&scope, &audience))?;
                let within = Within {
                    scope,
                    details,
                    audience,
                };
                let code = (code, &within);
                let redeemed =
                    authorization_code::issue(issuer, ports, client, &binding, code, events, now);
                let redeemed = redeemed.await?;
                record.posted(redeemed.posted);
                redeemed.outcome
            }
            GrantType::RefreshToken => {
                let found = refresh_token::find(issuer, ports, form, client, now).await?;
                refresh_token::issue(issuer, ports, form, client, &binding, &found, now)
            }
        }
    }

    async fn par_steps(&self, issuer: &Issuer, step: &Step<'_>) -> Result<Pushed, Denied> {
        let ports = self.ports();
        let &Step {
            form,
            client,
            proved,
            now,
            ..
        } = step;
        if form.get("request_uri").is_some() {
            return Err(Denied::Request(RequestProblem::UriGiven));
        }
        let requested = request_object::read(issuer, ports, form, client, now).await?;
        let form = requested.parameters();
        let redirect_uri = redirect_uri::check(form, client)?;
        let response_mode = response::check(form, issuer, client)?;
        let state = returned::state(form, &redirect_uri, response_mode)?;
        let challenge = pkce::challenge(form)?;
        let dpop_key = dpop_jkt::check(form, proved)?;
        let resource = resource::asked(form, client)?;
        let audience = resource::of_request(issuer, client, resource.as_deref());
        let details = details::asked(issuer, form, client, &audience)?;
        let scope = scope::of_customer(form, client, &details)?;
        let askable = consent::check(issuer, client, &scope, &details, now).await?;
        let authentication = openid::check(issuer, form, client, now)?;
        let request = AuthorizationRequest {
            redirect_uri: redirect_uri.as_str().to_owned(),
            response_mode,
            state,
            scope: scope.scopes().to_string(),
            authorization_details: details,
            resource,
            challenge: crypto::base64url(challenge.digest()),
            dpop_jkt: dpop_key.map(|key| crypto::base64url(&key)),
            ui_locales: openid::ui_locales::wished(form),
            authentication,
            signed: issuer.desk().map(|_| requested.as_it_came()),
        };
        let replay = ports.replay.as_ref();
        let once = request_object::use_up(issuer, replay, client, &requested, now).await?;
        pushed::push(issuer, ports, client, (&request, askable, once), now).await
    }
}

/// The request that is asked, as the steps need it.
struct Asking<'a> {
    request_id: RequestId,
    interaction: &'a InteractionId,
    connection: &'a Connection,
}

/// What the steps after the client's have in common.
struct Step<'a> {
    form: &'a Parameters,
    client: &'a InGoodStanding<'a>,
    shown: &'a Shown,
    proved: Option<&'a Proved>,
    events: &'a Events<'a>,
    now: Timestamp,
}

/// Answers with a document (MD-01).
fn document(asked: &Asked, bytes: &Bytes) -> (Response, Facts) {
    match web::document(asked.request.method(), bytes) {
        Ok(response) => (response, Facts::default()),
        Err(refusal) => refused(&refusal, asked.request_id),
    }
}

pub(crate) fn refused(refusal: &Refusal, request: RequestId) -> (Response, Facts) {
    let facts = Facts {
        code: Some(refusal.code().as_str()),
        ..Facts::default()
    };
    (web::problem(refusal, request), facts)
}

/// What broke inside is logged here, where it is handled; the client is told nothing of it.
pub(crate) fn report(denied: &Denied, bank: &BankId, request: RequestId) {
    let cause: &dyn std::error::Error = match denied {
        Denied::Store(cause) => cause,
        Denied::Signing(cause) => cause,
        Denied::Audit => &model::ports::AuditUnavailable,
        Denied::TooSlow => {
            // A client that sends its body slowly gets here too: no fault by itself.
            tracing::warn!(
                bank.id = %bank,
                request.id = %request,
                "an endpoint's deadline passed"
            );
            return;
        }
        _ => return,
    };
    tracing::error!(
        error = cause,
        bank.id = %bank,
        request.id = %request,
        "an endpoint failed"
    );
}

#[cfg(test)]
mod tests;
