//! What a browser asks for: the parameters, and the pushed request that they name.

use std::time::Duration;

use http::Method;
use http::request::Parts;
use jiff::Timestamp;

use model::ports::Session;
use model::{ClientId, Fault, MessageBody, Request, Response, ScopeSet};
use web::{Form, Language};

use super::{Turned, Visit};
use crate::ClientSettings;
use crate::evidence::OpenRecord;
use crate::issuer::agreement::Open;
use crate::issuer::limits::FORM_BYTES_MAX;
use crate::page::{Cause, Ending};
use crate::request::pushed::URN;
use crate::request::{AuthorizationRequest, escaped, from_store};
use crate::step::form::{Parameters, once_each};
use crate::step::scope::{self, details};

/// The longest query that is read, in bytes. The longest that is ours, a way back to an app, has
/// half of that.
const QUERY_BYTES_MAX: usize = 16 * 1024;

/// How long a customer may take from the first page on (AZ-10).
const VISIT: Duration = Duration::from_mins(15);

/// The same at a consent desk, where they may take more time twice: it says itself when the time
/// that they took is over.
const VISIT_AT_DESK: Duration = Duration::from_mins(45);

/// How long after its link was opened the request is known, so that whoever comes back too late can
/// be led back to the app (AZ-05). The same with a desk and without: when it was opened is read
/// from it, also after the bank has got a desk.
const KNOWN: Duration = Duration::from_mins(75);

/// A pushed request on its way, and whose it is.
pub(super) struct Known<'a> {
    /// That of its pages.
    pub(super) language: Language,
    pub(super) request_uri: String,
    pub(super) digest: [u8; 32],
    pub(super) client_id: &'a ClientId,
    pub(super) client: &'a ClientSettings,
    pub(super) request: AuthorizationRequest,
    /// When its link was opened first: whoever logs in from then on does it for this request.
    pub(super) opened_at: Timestamp,
    /// Why there is nothing left to decide, as the customer and the app are told.
    pub(super) over: Option<(Ending, &'static str)>,
}

/// A customer of a request, with the secret of their session.
#[derive(Clone, Copy)]
pub(super) struct Sitting<'a> {
    pub(super) known: &'a Known<'a>,
    pub(super) secret: &'a [u8; 32],
    pub(super) session: &'a Session,
}

/// The parameters of a GET, or the form of a POST.
pub(super) async fn parameters(head: &Parts, body: MessageBody) -> Result<Parameters, Turned> {
    let bad = |description| Turned::away(Cause::BadRequest, "invalid_request", description);
    let form = if head.method == Method::GET {
        let query = head.uri.query().unwrap_or_default();
        if query.len() > QUERY_BYTES_MAX {
            return Err(bad("The query is too long."));
        }
        Form::parse(query.as_bytes())
    } else {
        web::read_form(Request::from_parts(head.clone(), body), FORM_BYTES_MAX).await
    };
    let form = form.map_err(|_| bad("The request must be a form, in UTF-8."))?;
    once_each(form).map_err(|_| bad("A parameter must not stand more than once."))
}

/// The form did not come in time.
pub(super) fn too_slow() -> Turned {
    let description = "The form came too slowly.";
    Turned::away(Cause::BadRequest, "invalid_request", description)
}

/// What a link of ours says that a form led to.
const AFTER_FORM: (&str, &str) = ("after", "form");

/// Whether a form of ours led here. Whoever says so without one is led back to the app over a page
/// of ours, and that is all.
pub(super) fn is_after_form(form: &Parameters) -> bool {
    let (name, value) = AFTER_FORM;
    form.get(name) == Some(value)
}

/// What an address asks the page's language to be, whatever the method.
pub(super) fn ui_locales(query: Option<&str>) -> Option<String> {
    let query = query.filter(|query| query.len() <= QUERY_BYTES_MAX)?;
    let form = Form::parse(query.as_bytes()).ok()?;
    form.only("ui_locales").ok().flatten().map(str::to_owned)
}

impl<'a> Visit<'a> {
    /// The request that a link names (PA-06, PA-07, PA-13): its client's, waiting, and still to be
    /// answered where its client says today.
    pub(super) async fn known(
        &self,
        client_id: &str,
        request_uri: &str,
        record: &mut OpenRecord<'_>,
    ) -> Result<Known<'a>, Turned> {
        let unknown = || {
            let description = "request_uri is unknown, used, expired, or another client's.";
            Turned::away(Cause::NoSuchRequest, "invalid_request_uri", description)
        };
        let parsed = ClientId::parse(client_id).ok();
        let found = parsed.and_then(|id| self.issuer.clients.get_key_value(&id));
        let Some((client_id, client)) = found else {
            let description = "client_id is not known here.";
            return Err(Turned::away(
                Cause::UnknownApp,
                "invalid_client",
                description,
            ));
        };
        // A reference to anywhere else is never fetched (RFC 9126 §4, OA-10).
        if !request_uri.starts_with(URN) {
            return Err(unknown());
        }
        let digest = crypto::sha256(request_uri.as_bytes());
        let until = self.now.checked_add(KNOWN);
        let until = until.unwrap_or(self.now);
        let opened = self
            .ports
            .grants
            .open(&self.issuer.bank, digest, until, self.now);
        let pushed = opened.await?.filter(|pushed| pushed.client == *client_id);
        let pushed = pushed.ok_or_else(unknown)?;
        record.visits(client_id, &client.partner);
        let request: AuthorizationRequest = from_store(&pushed.request)?;
        if !client.redirect_uris.contains(&request.redirect_uri) {
            let description = "redirect_uri is no longer registered for this client.";
            return Err(Turned::away(
                Cause::BadRequest,
                "invalid_request",
                description,
            ));
        }
        if client.standing == model::Standing::Suspended {
            let description = "The partner of this client is suspended.";
            return Err(Turned::away(
                Cause::UnknownApp,
                "unauthorized_client",
                description,
            ));
        }
        let (opened_at, ends) = self.visit(pushed.expires)?;
        let over = if self.now < ends {
            let error = self.no_longer(client.open(self.now), &request);
            error.map(|error| (Ending::Failed, error))
        } else {
            Some((Ending::TimedOut, "access_denied"))
        };
        let language = match request.ui_locales.as_deref() {
            Some(list) if !self.says_language => Language::chosen(Some(list), self.headers),
            _ => self.language,
        };
        Ok(Known {
            language,
            request_uri: request_uri.to_owned(),
            digest,
            client_id,
            client,
            request,
            opened_at,
            over,
        })
    }

    /// From when until when a customer may decide about a request that is known until then.
    fn visit(&self, known_until: Timestamp) -> Result<(Timestamp, Timestamp), Fault> {
        let visit = match self.asking.desk {
            Some(_) => VISIT_AT_DESK,
            None => VISIT,
        };
        let unread = |cause| Fault::caused("reading back an end", cause);
        let opened_at = known_until.checked_sub(KNOWN).map_err(unread)?;
        let ends = opened_at.checked_add(visit).map_err(unread)?;
        Ok((opened_at, ends))
    }

    /// On to the authorization endpoint, with word of the form that was sent, if one was: browsers
    /// stop a redirect to another site not only when it answers a form, but also when it follows
    /// on such an answer (specs/consent.md §9).
    pub(super) fn on_to(&self, known: &Known<'_>) -> Result<Response, Turned> {
        let link = known.link(self.issuer.path(), known.language);
        let (name, value) = AFTER_FORM;
        let link = if self.sent_form {
            format!("{link}&{name}={value}")
        } else {
            link
        };
        Ok(web::see_other(&link)?)
    }

    /// What the app is told where something that is asked for is open to the client no longer: its
    /// file has changed since the request was pushed, or an agreement has ended.
    fn no_longer(&self, open: Open<'_>, request: &AuthorizationRequest) -> Option<&'static str> {
        let scopes = ScopeSet::parse(&request.scope);
        if !scopes.is_ok_and(|scopes| scope::is_open(&scopes, open)) {
            return Some("invalid_scope");
        }
        let mut details = request.authorization_details.iter();
        if !details.all(|one| details::is_open(self.issuer, open, one)) {
            return Some("invalid_authorization_details");
        }
        let mut resource = request.resource.iter();
        let is_open = resource.all(|resource| open.reaches(resource));
        // RFC 8707 §2.1.
        (!is_open).then_some("invalid_target")
    }

    /// The request that a form of ours names, and what the form says beside it.
    pub(super) async fn known_by_form<'f>(
        &self,
        form: &'f Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<(Known<'a>, Named<'f>), Turned> {
        let name = form.get("request").unwrap_or_default();
        let mut parts = name.splitn(3, ' ');
        let (client_id, request_uri) = (parts.next(), parts.next());
        let known = self
            .known(
                client_id.unwrap_or_default(),
                request_uri.unwrap_or_default(),
                record,
            )
            .await?;
        let beside = parts.next();
        Ok((known, Named { name, beside }))
    }
}

/// What a form of ours says it is about. Its proof is of the whole name.
pub(super) struct Named<'f> {
    pub(super) name: &'f str,
    /// When the grant is to end, in Unix seconds, where the page said it.
    pub(super) beside: Option<&'f str>,
}

impl Known<'_> {
    /// What the forms name it by: the client, which has no space in its id, and the reference.
    pub(super) fn name(&self) -> String {
        format!("{} {}", self.client_id, self.request_uri)
    }

    /// The link to it, from its path on, under an issuer's path, in this language.
    pub(super) fn link(&self, path: &str, language: Language) -> String {
        let client_id = escaped(self.client_id.as_str());
        let request_uri = escaped(&self.request_uri);
        let tag = language.tag();
        format!("{path}/authorize?client_id={client_id}&request_uri={request_uri}&ui_locales={tag}")
    }
}
