//! The authorization endpoint and its pages (RFC 6749 §3.1, RFC 9126 §4; AZ-01 to AZ-11): what a
//! customer's browser is answered.
//!
//! | address | method | steps |
//! |---|---|---|
//! | `authorize` | GET, POST | parameters, client, pushed request, its client, its redirect URI, standing; time, scope; log-in page or the bank's own provider; for who is logged in as the request asks what the consent desk shows, or the approval page |
//! | `log-in` | POST | form, pushed request, browser, form's proof; cancelled, or the bank's word; session, evidence, back to `authorize` |
//! | `logged-in` | GET | sealed state of this browser, pushed request, used once; cancelled, or the provider's word; session, evidence, back to `authorize` |
//! | `approve` | POST | form, pushed request, session, form's proof; with a desk its word; grant and code, or nothing; evidence, `done` |
//! | `done` | GET | what happened, and the way back to the app |
//! | `permissions` | GET, POST | `front/permissions.rs` |
//!
//! Until the redirect URI is known to be the client's, nothing leads anywhere else: errors are
//! pages (AZ-03). From then on the app is told, of faults too; but nobody is led to a suspended
//! partner. Attacks stopped here: a link that names another client's request; a form of
//! another site (AZ-07); a page in a frame; a request that is used twice; an open redirector.

mod approve;
mod authorize;
mod desk;
mod done;
mod failed;
mod fit;
mod grant;
mod log_in;
mod logged_in;
mod permissions;
pub(crate) mod provider;
mod request;
mod signed;
pub(crate) mod tries;
mod way_back;

use std::time::Duration;

use http::header::{RETRY_AFTER, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::Timestamp;

use model::ports::StoreUnavailable;
use model::{
    Asked, Connection, Facts, Fault, InteractionId, MessageBody, OauthEndpoint, Refusal, RequestId,
    Response,
};
use web::{Cookie, Frame, Language, Pages};

use crate::denied::Denied;
use crate::endpoints::not_allowed::not_allowed;
use crate::endpoints::{Endpoint, refused};
use crate::evidence::OpenRecord;
use crate::evidence::events::Events;
use crate::issuer::{Asking, Issuer};
use crate::page::Cause;
use crate::page::error::{Failure, failure};
use crate::page::log_in::Notice;
use crate::step::form::Parameters;
use crate::{AuthServer, Customers, Ports};

/// How long a browser may take to send a form.
const DEADLINE: Duration = Duration::from_secs(10);

/// What the record says of a log-in that the bank knows nobody by.
const NOT_FIT: &str = "User name and password do not fit, or the name is locked.";

/// What binds a form to a browser before anybody logged in.
const BROWSER: Cookie<'_> = Cookie::named("browser");
/// What a customer who logged in is known by.
const SESSION: Cookie<'_> = Cookie::named("session");

/// A browser's visit to an issuer.
struct Visit<'a> {
    ports: &'a Ports,
    pages: &'a Pages,
    issuer: &'a Issuer,
    asking: &'a Asking,
    request_id: RequestId,
    interaction: &'a InteractionId,
    connection: &'a Connection,
    head: &'a Parts,
    headers: &'a HeaderMap,
    language: Language,
    /// Whether the address said it.
    says_language: bool,
    /// Whether it sent a form of ours, now or before it was sent on to here.
    sent_form: bool,
    /// Whether it is the bank's own app, which is answered with JSON.
    as_json: bool,
    now: Timestamp,
}

/// Why a visit ends on a page that leads nowhere, or at the app with an error.
struct Turned {
    cause: Cause,
    status: StatusCode,
    code: &'static str,
    description: &'static str,
    /// In how many seconds another try may be made, where that is known.
    retry_after: Option<u64>,
    /// What the bank says of a log-in that it knows nobody by; pages show it on the log-in page.
    notice: Option<Notice>,
    /// What broke, when we did.
    fault: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// What leads back to the app, which is told so, once that is allowed.
    back: Option<Box<Response>>,
}

impl Turned {
    fn away(cause: Cause, code: &'static str, description: &'static str) -> Self {
        let status = match cause {
            Cause::ForeignForm => StatusCode::FORBIDDEN,
            Cause::TooManyTries => StatusCode::TOO_MANY_REQUESTS,
            Cause::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Cause::Broken => StatusCode::INTERNAL_SERVER_ERROR,
            Cause::NoSuchPermission => StatusCode::NOT_FOUND,
            Cause::NoSuchRequest | Cause::BadRequest | Cause::NotLoggedIn | Cause::UnknownApp => {
                StatusCode::BAD_REQUEST
            }
        };
        Self {
            cause,
            status,
            code,
            description,
            retry_after: None,
            notice: None,
            fault: None,
            back: None,
        }
    }

    /// The status of the answer.
    fn status(&self) -> StatusCode {
        let back = self.back.as_ref();
        back.map_or(self.status, |back| back.status())
    }

    /// Too many log-ins of one network were wrong (OA-96).
    fn too_many_tries(retry_after: u64) -> Self {
        let description = "Too many log-ins from this network were wrong.";
        Self {
            retry_after: Some(retry_after),
            ..Self::away(Cause::TooManyTries, "access_denied", description)
        }
    }

    fn unavailable(fault: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let description = "The server cannot decide right now.";
        Self {
            fault: Some(fault.into()),
            ..Self::away(Cause::Unavailable, "temporarily_unavailable", description)
        }
    }
}

impl From<StoreUnavailable> for Turned {
    fn from(fault: StoreUnavailable) -> Self {
        Self::unavailable(fault)
    }
}

impl From<Fault> for Turned {
    fn from(fault: Fault) -> Self {
        let description = "Something broke inside the server.";
        Self {
            fault: Some(Box::new(fault)),
            ..Self::away(Cause::Broken, "server_error", description)
        }
    }
}

impl AuthServer {
    /// Answers a browser. Never fails: what is refused is a page.
    pub(crate) async fn front(
        &self,
        endpoint: Endpoint,
        issuer: &Issuer,
        asked: Asked,
    ) -> (Response, Facts) {
        let Some(asking) = issuer.authorization.as_ref() else {
            return refused(&Refusal::UnknownRoute, asked.request_id);
        };
        let Some(allow) = methods(endpoint, asking) else {
            return refused(&Refusal::UnknownRoute, asked.request_id);
        };
        let mut record = OpenRecord::open(
            self.ports(),
            issuer,
            match endpoint {
                Endpoint::Permissions => OauthEndpoint::Permissions,
                _ => OauthEndpoint::Authorize,
            },
            asked.request_id,
            asked.interaction.clone(),
            &asked.connection,
        );
        if !allow.contains(asked.request.method()) {
            return not_allowed(record, allow, asked.request_id).await;
        }
        let (head, body) = asked.request.into_parts();
        let asked_language = request::ui_locales(head.uri.query());
        // The body comes at its own pace; what time it is counts from when it is here.
        let form = tokio::time::timeout(DEADLINE, parameters(endpoint, &head, body)).await;
        let form = form.unwrap_or_else(|_| Err(request::too_slow()));
        let visit = Visit {
            ports: self.ports(),
            pages: &asking.pages,
            issuer,
            asking,
            request_id: asked.request_id,
            interaction: &asked.interaction,
            connection: &asked.connection,
            head: &head,
            headers: &head.headers,
            language: Language::chosen(asked_language.as_deref(), &head.headers),
            says_language: asked_language.is_some(),
            sent_form: is_form(endpoint, &head.method)
                || form.as_ref().is_ok_and(request::is_after_form),
            as_json: endpoint == Endpoint::Permissions && permissions::wants_json(&head),
            now: self.ports().clock.now(),
        };
        let decided = match form {
            Err(turned) => Err(turned),
            Ok(form) => visit.answer_at(endpoint, &form, &mut record).await,
        };
        let mut facts = record.facts();
        let turned = match decided {
            Ok(response) => match record_of(record, response.status()).await {
                Ok(()) => return (visit.remembering(response), facts),
                Err(denied) => Turned::unavailable(Fault::new(format!("{denied:?}"))),
            },
            Err(turned) => {
                let (status, is_ours) = (turned.status(), turned.fault.is_some());
                let refused = record.turned_away(status, turned.code, turned.description, is_ours);
                match refused.await {
                    Ok(()) => turned,
                    Err(denied) => Turned::unavailable(Fault::new(format!("{denied:?}"))),
                }
            }
        };
        facts.code = Some(turned.code);
        (visit.answer_to(turned), facts)
    }
}

/// How an endpoint is asked; `None` where this bank's customers log in otherwise.
fn methods(endpoint: Endpoint, asking: &Asking) -> Option<Vec<Method>> {
    match (endpoint, &asking.customers) {
        (Endpoint::Permissions, _) if asking.permissions.is_some() => {
            Some(vec![Method::GET, Method::POST])
        }
        (Endpoint::Permissions, _)
        | (Endpoint::LogIn, Customers::Provider(_))
        | (Endpoint::LoggedIn, Customers::Password(_)) => None,
        (Endpoint::Authorize, _) => Some(vec![Method::GET, Method::POST]),
        (Endpoint::Done | Endpoint::LoggedIn, _) => Some(vec![Method::GET]),
        _ => Some(vec![Method::POST]),
    }
}

/// What a request says: all but the permissions hear forms alone.
async fn parameters(
    endpoint: Endpoint,
    head: &Parts,
    body: MessageBody,
) -> Result<Parameters, Turned> {
    match endpoint {
        Endpoint::Permissions => permissions::parameters(head, body).await,
        _ => request::parameters(head, body).await,
    }
}

/// Whether a form of ours is sent there.
fn is_form(endpoint: Endpoint, method: &Method) -> bool {
    match endpoint {
        Endpoint::LogIn | Endpoint::Approve => true,
        Endpoint::Permissions => method == Method::POST,
        _ => false,
    }
}

impl<'a> Visit<'a> {
    async fn answer_at(
        &self,
        endpoint: Endpoint,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        match (endpoint, &self.asking.customers) {
            (Endpoint::LogIn, Customers::Password(bank)) => {
                self.log_in(bank.as_ref(), form, record).await
            }
            (Endpoint::LoggedIn, Customers::Provider(provider)) => {
                self.came_back(provider, form, record).await
            }
            (Endpoint::Approve, _) => self.approve(form, record).await,
            (Endpoint::Done, _) => self.done(form),
            (Endpoint::Permissions, _) => match self.asking.permissions.as_deref() {
                Some(keeper) => self.permissions(keeper, form, record).await,
                None => Err(Fault::new("looking for the keeper of permissions").into()),
            },
            _ => self.authorize(form, record).await,
        }
    }

    fn events(&self, record: &OpenRecord<'_>) -> Events<'a> {
        Events {
            ports: self.ports,
            bank: &self.issuer.bank,
            request: self.request_id,
            interaction: self.interaction,
            connection: self.connection,
            who: record.who(),
        }
    }

    /// The page's language, which the browser keeps.
    fn remembering(&self, mut response: Response) -> Response {
        let tag = self.language.tag().as_bytes();
        let cookie = Language::COOKIE
            .set(tag)
            .ok()
            .filter(|_| self.says_language);
        if let Some(cookie) = cookie {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// What the bank is called.
    fn bank(&self, language: Language) -> &'a str {
        let id = self.issuer.bank.as_str();
        self.asking.own.bank(language, id)
    }

    fn frame<'f>(&self, language: Language, switch: Option<&'f str>) -> Frame<'f>
    where
        'a: 'f,
    {
        let (bank, host) = (self.bank(language), self.issuer.host());
        Frame {
            language,
            bank,
            host,
            switch,
            correlation: self.request_id,
            help: None,
            complaint: None,
        }
    }

    /// What whoever is turned away is answered; what broke is logged here.
    fn answer_to(&self, mut turned: Turned) -> Response {
        if let Some(fault) = &turned.fault {
            tracing::error!(
                error = fault.as_ref() as &dyn std::error::Error,
                bank.id = %self.issuer.bank,
                request.id = %self.request_id,
                "the authorization endpoint failed"
            );
        }
        if let Some(response) = turned.back.take() {
            return *response;
        }
        let mut response = if self.as_json {
            permissions::turned_away(&turned, self.request_id)
        } else {
            self.error_page(&turned)
        };
        if let Some(seconds) = turned.retry_after {
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }

    fn error_page(&self, turned: &Turned) -> Response {
        let failed = Failure {
            frame: self.frame(self.language, None),
            status: turned.status,
            cause: turned.cause,
            code: turned.code,
            description: Some(turned.description),
        };
        failure(self.pages, &failed)
    }

    /// A cookie of this bank's: another may be on the same host.
    fn own(&self, cookie: Cookie<'static>) -> Cookie<'a> {
        cookie.of(self.issuer.bank.as_str())
    }

    /// The secret of a cookie; one that cannot be believed is none.
    fn secret(&self, cookie: Cookie<'static>) -> Option<[u8; 32]> {
        let value = self.own(cookie).read(self.headers).ok().flatten()?;
        value.try_into().ok()
    }

    /// Gives the browser a cookie with an answer.
    fn with_cookie(
        &self,
        mut response: Response,
        cookie: Cookie<'static>,
        secret: &[u8; 32],
    ) -> Result<Response, Turned> {
        let header = self.own(cookie).set(secret);
        let header = header.map_err(|cause| Fault::caused("writing a cookie", cause))?;
        response.headers_mut().append(SET_COOKIE, header);
        Ok(response)
    }
}

/// Records what was answered: the log-in page that tells of a wrong password is a refusal.
async fn record_of(record: OpenRecord<'_>, status: StatusCode) -> Result<(), Denied> {
    if status == StatusCode::FORBIDDEN {
        record
            .turned_away(status, "access_denied", NOT_FIT, false)
            .await
    } else {
        record.answered(status).await
    }
}

#[cfg(test)]
mod tests;
