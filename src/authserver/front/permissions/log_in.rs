//! The log-in to "My permissions": the same page and the same bank's word, a session of its own.

use http::StatusCode;
use jiff::Timestamp;

use model::ports::{Customer, Session};
use model::{GrantAction, Response};

use super::super::authorize::TO_LOG_IN;
use super::super::log_in::SESSION_LIFETIME;
use super::super::{BROWSER, NOT_FIT, Turned, Visit};
use super::place::Place;
use super::{KEEPING, PLACE, digest};
use crate::Customers;
use crate::evidence::OpenRecord;
use crate::page::log_in::{self, LogIn, Notice};
use crate::page::{Cause, OwnForm};
use crate::request::escaped;
use crate::step::form::Parameters;

impl Visit<'_> {
    /// The log-in page, on the way to this place; a browser that has no secret yet gets one.
    pub(super) fn ask_keeper(
        &self,
        place: &Place,
        user_name: &str,
        notice: Option<Notice>,
    ) -> Result<Response, Turned> {
        let (secret, is_new) = self.browser();
        let form = self.log_in_form(&secret, place);
        let switch = self.keeper_switch(place);
        let view = LogIn {
            frame: self.frame(self.language, Some(&switch)),
            app: None,
            user_name,
            notice,
            form: OwnForm {
                action: &form.action,
                csrf: &form.csrf,
                request: &form.request,
            },
        };
        let response = log_in::log_in(self.pages, &view)?;
        self.keeping(response, &secret, is_new)
    }

    /// Where the form of that page is sent: whoever comes back to that address goes on to the same
    /// place.
    pub(super) fn log_in_path(&self, place: &Place) -> String {
        let path = self.keeper_path("log-in");
        match place.as_str() {
            "" => path,
            place => format!("{path}?to={}", escaped(place)),
        }
    }

    /// The form of that page: the bank's word, and a session under a secret of its own.
    pub(super) async fn keeper_logs_in(
        &self,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if self.as_json && matches!(self.asking.customers, Customers::Provider(_)) {
            return self.must_log_in(&Place::default());
        }
        let name = form.get("request").unwrap_or_default();
        self.is_own(BROWSER, TO_LOG_IN, name, form.get("csrf"))?;
        let place = name
            .strip_prefix(PLACE)
            .and_then(|rest| rest.strip_prefix(' '));
        let Some(place) = place.and_then(Place::parse) else {
            // It is one of ours, but for a visit of an app's.
            let rule = "The form is not one to log in here.";
            return Err(Turned::away(Cause::BadRequest, "invalid_request", rule));
        };
        let Customers::Password(bank) = &self.asking.customers else {
            return Err(super::unknown());
        };
        let user_name = form.get("username").unwrap_or_default();
        match self.word_of(bank.as_ref(), form).await? {
            Ok(customer) => self.begin_keeping(customer, self.now, &place, record).await,
            Err(notice) if self.as_json => Err(Turned {
                status: StatusCode::UNAUTHORIZED,
                notice: Some(notice),
                ..Turned::away(Cause::NotLoggedIn, "access_denied", NOT_FIT)
            }),
            Err(notice) => self.ask_keeper(&place, user_name, Some(notice)),
        }
    }

    /// Begins a session of a customer's who logged in then, in the place of the browser's former
    /// one, and leads on.
    pub(super) async fn begin_keeping(
        &self,
        customer: Customer,
        auth_time: Timestamp,
        place: &Place,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let secret = crypto::random_array::<32>(self.ports.random.as_ref());
        let expires = self.now.checked_add(SESSION_LIFETIME);
        let expires = expires.unwrap_or(self.now);
        let response = if self.as_json {
            let shown = web::text::name(&customer.shown)?;
            self.logged_in_to(&shown, expires, place)
        } else {
            web::see_other(&self.keeper_path(place.as_str()))?
        };
        let session = Session {
            digest: digest(&secret),
            subject: customer.subject,
            shown: customer.shown,
            auth_time,
            acr: customer.acr,
            expires,
        };
        let former = self.secret(KEEPING).map(|secret| digest(&secret));
        let event = self.events(record).of(GrantAction::LogIn, None, self.now);
        let (bank, sessions) = (&self.issuer.bank, &self.ports.sessions);
        let begun = sessions.begin(bank, session, former, self.now, event);
        record.posted([begun.await?]);
        self.with_cookie(response, KEEPING, &secret)
    }
}

/// What the form names: no request of an app's has a name like that.
pub(super) fn named(place: &Place) -> String {
    format!("{PLACE} {}", place.as_str())
}
