//! The authorization endpoint itself: whoever comes by a good link sees who asks for what, once
//! they are known.

use jiff::Timestamp;
use model::ports::Session;
use model::{DetailType, Response, Scope, ScopeSet};

use web::{Language, Pages};

use super::fit::Fit;
use super::request::{Known, Sitting};
use super::{BROWSER, SESSION, Turned, Visit};
use crate::evidence::OpenRecord;
use crate::page::approve::{self, Approve, Permission};
use crate::page::details::lines;
use crate::page::log_in::{self, LogIn, Notice};
use crate::page::{Cause, Ending, OwnForm};
use crate::request::authentication::Prompt;
use crate::request::details::Detail;
use crate::step::form::Parameters;
use crate::step::openid::OPENID;
use crate::{ClientSettings, Customers};

/// What the forms do, as their proofs say it.
pub(super) const TO_LOG_IN: &str = "log-in";
pub(super) const TO_APPROVE: &str = "approve";

impl Visit<'_> {
    pub(super) async fn authorize(
        &self,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let without = |parameter| {
            let description = match parameter {
                "client_id" => "client_id is required.",
                // PA-12: all else is pushed first.
                _ => "request_uri is required: push the request first (RFC 9126).",
            };
            Turned::away(Cause::BadRequest, "invalid_request", description)
        };
        let value = |parameter| form.get(parameter).ok_or_else(|| without(parameter));
        let (client_id, request_uri) = (value("client_id")?, value("request_uri")?);
        let known = self.known(client_id, request_uri, record).await?;
        let shown = self.shown(&known, record).await;
        self.or_told(&known, shown, record).await
    }

    /// The page that comes next; where none may be shown, or none would help, the app is told.
    async fn shown(
        &self,
        known: &Known<'_>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if let Some((ending, error)) = known.over {
            return self.end(known, ending, error, record).await;
        }
        let asks = &known.request.authentication;
        let session = self.session().await?;
        let fit = match &session {
            Some((_, session)) => self.fit(known, session),
            None => Fit::LogIn,
        };
        let error = match (asks.prompt, fit, &session) {
            (Prompt::Never, Fit::Fits, _) => "consent_required",
            (Prompt::Never, ..) => "login_required",
            (_, Fit::Never(error), _) => error,
            (_, Fit::Fits, Some((secret, session))) => {
                let sitting = Sitting {
                    known,
                    secret,
                    session,
                };
                return match self.asking.desk.as_deref() {
                    Some(desk) => self.at_desk(desk, sitting, None, record).await,
                    None => self.approval_page(sitting),
                };
            }
            (_, Fit::LogIn | Fit::Fits, _) => {
                return self.ask_who(known, session.is_some()).await;
            }
        };
        self.end(known, Ending::Failed, error, record).await
    }

    /// Asks who the customer is, as the bank wants it asked; `again` when the log-in that there is
    /// will not do.
    async fn ask_who(&self, known: &Known<'_>, again: bool) -> Result<Response, Turned> {
        let hint = known.request.authentication.login_hint.as_deref();
        match &self.asking.customers {
            Customers::Password(_) => self.log_in_page(known, hint.unwrap_or_default(), None),
            Customers::Provider(provider) => self.to_provider(provider, known, again).await,
        }
    }

    /// The customer who is logged in with this browser.
    pub(super) async fn session(&self) -> Result<Option<([u8; 32], Session)>, Turned> {
        let Some(secret) = self.secret(SESSION) else {
            return Ok(None);
        };
        let digest = crypto::sha256(&secret);
        let sessions = &self.ports.sessions;
        let found = sessions.find(&self.issuer.bank, digest, self.now).await?;
        Ok(found.map(|session| (secret, session)))
    }

    /// The log-in page; a browser that has no secret yet gets one.
    pub(super) fn log_in_page(
        &self,
        known: &Known<'_>,
        user_name: &str,
        notice: Option<Notice>,
    ) -> Result<Response, Turned> {
        let (secret, is_new) = self.browser();
        let (name, switch) = (known.name(), self.switch(known));
        let csrf = web::Csrf {
            secret: &secret,
            purpose: TO_LOG_IN,
            form: &name,
        };
        let view = LogIn {
            frame: self.frame(known.language, Some(&switch)),
            app: Some(name_of(known.client, known.language)),
            user_name,
            notice,
            form: OwnForm {
                action: &self.action("log-in", known),
                csrf: &csrf.token(),
                request: &name,
            },
        };
        let response = log_in::log_in(self.pages, &view)?;
        self.keeping(response, &secret, is_new)
    }

    /// The browser's secret, and whether it is one that it is to get.
    pub(super) fn browser(&self) -> ([u8; 32], bool) {
        let fresh = || (crypto::random_array::<32>(self.ports.random.as_ref()), true);
        let known = self.secret(BROWSER).map(|secret| (secret, false));
        known.unwrap_or_else(fresh)
    }

    /// Gives the browser its secret with an answer, if it is new.
    pub(super) fn keeping(
        &self,
        response: Response,
        secret: &[u8; 32],
        is_new: bool,
    ) -> Result<Response, Turned> {
        if is_new {
            self.with_cookie(response, BROWSER, secret)
        } else {
            Ok(response)
        }
    }

    pub(super) fn approval_page(
        &self,
        Sitting {
            known,
            secret,
            session,
        }: Sitting<'_>,
    ) -> Result<Response, Turned> {
        let until = self.latest_end().as_second();
        let name = format!("{} {until}", known.name());
        let switch = self.switch(known);
        let csrf = web::Csrf {
            secret,
            purpose: TO_APPROVE,
            form: &name,
        };
        let scopes = ScopeSet::parse(&known.request.scope);
        let scopes = scopes.map_err(|_| model::Fault::new("reading back the scopes"))?;
        let app = name_of(known.client, known.language);
        let permission = |scope: &Scope| permission(self.pages, scope, app, known.language);
        let permissions: Result<Vec<_>, _> = scopes.iter().map(permission).collect();
        let mut permissions = permissions?;
        for detail in known.request.authorization_details.iter() {
            permissions.push(self.in_detail(detail, known.language)?);
        }
        let view = Approve {
            frame: self.frame(known.language, Some(&switch)),
            app,
            act: None,
            legal: &known.client.app.legal,
            contact: &known.client.contact,
            customer: &session.shown,
            permissions: &permissions,
            until: Timestamp::from_second(until).unwrap_or(self.now),
            form: OwnForm {
                action: &self.action("approve", known),
                csrf: &csrf.token(),
                request: &name,
            },
        };
        let response = approve::approve(self.pages, &view)?;
        let (browser, is_new) = self.browser();
        self.keeping(response, &browser, is_new)
    }

    /// What a detail is called on the page, and all that it says.
    fn in_detail(&self, detail: Detail<'_>, language: Language) -> Result<Permission, Turned> {
        let known = detail.r#type().and_then(|its| DetailType::parse(its).ok());
        let known = known.and_then(|its| self.issuer.details.get(&its));
        let known = known.ok_or_else(|| model::Fault::new("showing a detail of no known type"))?;
        let lines = lines(detail.members(), &known.schema.labels(), language);
        let lines = lines.ok_or_else(|| model::Fault::new("showing a detail whole"))?;
        let title = match language {
            Language::ZhCn => known.zh_cn.clone(),
            Language::En => known.en.clone(),
        };
        Ok(Permission { title, lines })
    }

    /// Where a form goes: the page that follows keeps the language.
    pub(super) fn action(&self, place: &str, known: &Known<'_>) -> String {
        let (path, tag) = (self.issuer.path(), known.language.tag());
        format!("{path}/{place}?ui_locales={tag}")
    }

    /// The same page in the other language.
    pub(super) fn switch(&self, known: &Known<'_>) -> String {
        known.link(self.issuer.path(), known.language.other())
    }
}

/// The app's name in the page's language.
pub(super) fn name_of(client: &ClientSettings, language: Language) -> &str {
    let name = &client.app;
    let own = match language {
        Language::ZhCn => name.zh_cn.as_deref(),
        Language::En => name.en.as_deref(),
    };
    own.unwrap_or(&name.legal)
}

/// What a scope is called on the page.
fn permission(
    pages: &Pages,
    scope: &Scope,
    app: &str,
    language: Language,
) -> Result<Permission, model::Fault> {
    if scope.as_str() == OPENID {
        return approve::who_you_are(pages, app, language);
    }
    Ok(Permission {
        title: scope.as_str().to_owned(),
        lines: Vec::new(),
    })
}
