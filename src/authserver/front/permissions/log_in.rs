//! The log-in to "My permissions": the same page and the same bank's word, a session of its own.

use jiff::Timestamp;

use model::ports::{Customer, Session};
use model::{GrantAction, Response};

use super::super::authorize::TO_LOG_IN;
use super::super::log_in::SESSION_LIFETIME;
use super::super::{BROWSER, Turned, Visit};
use super::{KEEPING, PLACE, digest};
use crate::Customers;
use crate::evidence::OpenRecord;
use crate::page::log_in::{self, LogIn, Notice};
use crate::page::{Cause, OwnForm};
use crate::step::form::Parameters;

impl Visit<'_> {
    /// The log-in page, on the way to this address below the list; a browser that has no secret yet
    /// gets one.
    pub(super) fn ask_keeper(
        &self,
        place: &str,
        user_name: &str,
        notice: Option<Notice>,
    ) -> Result<Response, Turned> {
        let (secret, is_new) = self.browser();
        let name = named(place);
        let csrf = web::Csrf {
            secret: &secret,
            purpose: TO_LOG_IN,
            form: &name,
        };
        let other = self.language.other().tag();
        let switch = format!("{}?ui_locales={other}", self.keeper_path(place));
        let action = self.keeper_path("log-in");
        let view = LogIn {
            frame: self.frame(self.language, Some(&switch)),
            app: None,
            user_name,
            notice,
            form: OwnForm {
                action: &action,
                csrf: &csrf.token(),
                request: &name,
            },
        };
        let response = log_in::log_in(self.pages, &view)?;
        self.keeping(response, &secret, is_new)
    }

    /// The form of that page: the bank's word, and a session under a secret of its own.
    pub(super) async fn keeper_logs_in(
        &self,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let name = form.get("request").unwrap_or_default();
        self.is_own(BROWSER, TO_LOG_IN, name, form.get("csrf"))?;
        let place = name
            .strip_prefix(PLACE)
            .and_then(|rest| rest.strip_prefix(' '));
        let Some(place) = place else {
            // It is one of ours, but for a visit of an app's.
            let rule = "The form is not one to log in here.";
            return Err(Turned::away(Cause::BadRequest, "invalid_request", rule));
        };
        let Customers::Password(bank) = &self.asking.customers else {
            return Err(super::unknown());
        };
        let user_name = form.get("username").unwrap_or_default();
        let customer = match self.word_of(bank.as_ref(), form).await? {
            Ok(customer) => customer,
            Err(notice) => return self.ask_keeper(place, user_name, Some(notice)),
        };
        self.begin_keeping(customer, self.now, place, record).await
    }

    /// Begins a session of a customer's who logged in then, in the place of the browser's former
    /// one, and leads to this address below the list.
    pub(super) async fn begin_keeping(
        &self,
        customer: Customer,
        auth_time: Timestamp,
        place: &str,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let secret = crypto::random_array::<32>(self.ports.random.as_ref());
        let expires = self.now.checked_add(SESSION_LIFETIME);
        let session = Session {
            digest: digest(&secret),
            subject: customer.subject,
            shown: customer.shown,
            auth_time,
            acr: customer.acr,
            expires: expires.unwrap_or(self.now),
        };
        let former = self.secret(KEEPING).map(|secret| digest(&secret));
        let event = self.events(record).of(GrantAction::LogIn, None, self.now);
        let (bank, sessions) = (&self.issuer.bank, &self.ports.sessions);
        let begun = sessions.begin(bank, session, former, self.now, event);
        record.posted([begun.await?]);
        let response = web::see_other(&self.keeper_path(place))?;
        self.with_cookie(response, KEEPING, &secret)
    }
}

/// What the form names: no request of an app's has a name like that.
fn named(place: &str) -> String {
    format!("{PLACE} {place}")
}
