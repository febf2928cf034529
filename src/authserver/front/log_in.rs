//! The log-in: the browser's own form, the bank's word, a new session (AZ-07).

use std::time::Duration;

use jiff::Timestamp;

use model::ports::{Customer, CustomerAuth, LogIn, Session};
use model::{GrantAction, Response};

use super::authorize::TO_LOG_IN;
use super::fit::Fit;
use super::request::{Known, Named};
use super::{BROWSER, SESSION, Turned, Visit};
use crate::evidence::OpenRecord;
use crate::page::log_in::{CREDENTIAL_CHARS_MAX, Notice};
use crate::page::{Cause, Ending};
use crate::step::form::Parameters;

/// How long a customer stays logged in (AZ-10).
pub(super) const SESSION_LIFETIME: Duration = Duration::from_mins(15);

/// How long the bank is waited for.
pub(super) const BANK_WAIT: Duration = Duration::from_secs(8);

impl Visit<'_> {
    pub(super) async fn log_in(
        &self,
        bank: &dyn CustomerAuth,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let (known, named) = self.known_by_form(form, record).await?;
        let decided = self.logged_in(bank, form, &known, &named, record).await;
        self.or_told(&known, decided, record).await
    }

    async fn logged_in(
        &self,
        bank: &dyn CustomerAuth,
        form: &Parameters,
        known: &Known<'_>,
        named: &Named<'_>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if let Some((ending, error)) = known.over {
            return self.end(known, ending, error, record).await;
        }
        self.is_own(BROWSER, TO_LOG_IN, named.name, form.get("csrf"))?;
        if form.get("act") == Some("cancel") {
            return self
                .end(known, Ending::Cancelled, "access_denied", record)
                .await;
        }
        match self.word_of(bank, form).await? {
            Ok(customer) => self.enter(known, customer, self.now, record).await,
            Err(notice) => {
                let user_name = form.get("username").unwrap_or_default();
                self.log_in_page(known, user_name, Some(notice))
            }
        }
    }

    /// What the bank says to the user name and the password of a form: the customer, or what they
    /// are to notice.
    pub(super) async fn word_of(
        &self,
        bank: &dyn CustomerAuth,
        form: &Parameters,
    ) -> Result<Result<Customer, Notice>, Turned> {
        let user_name = form.get("username").unwrap_or_default();
        let password = form.get("password").unwrap_or_default();
        let fits = |text: &str| text.chars().count() <= CREDENTIAL_CHARS_MAX;
        if !fits(user_name) || !fits(password) {
            let description = "User name and password have at most 200 characters each.";
            return Err(Turned::away(
                Cause::BadRequest,
                "invalid_request",
                description,
            ));
        }
        let (wrong, peer) = (&self.ports.wrong_log_ins, self.connection.peer.ip());
        let tried = wrong.begin(&self.issuer.bank, peer, user_name, self.now);
        let tried = tried.map_err(Turned::too_many_tries)?;
        let asked = bank.log_in(
            user_name,
            password,
            self.request_id,
            self.interaction,
            BANK_WAIT,
        );
        let answer = match asked.await {
            Ok(answer) => answer,
            Err(unavailable) => {
                tried.nobody_knows();
                return Err(Turned::unavailable(unavailable));
            }
        };
        let notice = match answer {
            LogIn::Known(customer) => {
                tried.was_right(self.now);
                return Ok(Ok(customer));
            }
            LogIn::Wrong { tries_left } => Notice::Wrong { tries_left },
            LogIn::LockedUntil(until) => Notice::LockedUntil(until),
        };
        tried.was_wrong();
        Ok(Err(notice))
    }

    /// Begins a session under a secret of its own, and ends what the browser had before: that is
    /// worth nothing from here on, whoever else has it.
    pub(super) async fn enter(
        &self,
        known: &Known<'_>,
        customer: Customer,
        auth_time: Timestamp,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let secret = crypto::random_array::<32>(self.ports.random.as_ref());
        let expires = self.now.checked_add(SESSION_LIFETIME);
        let digest = crypto::sha256(&secret);
        let session = Session {
            digest,
            subject: customer.subject,
            shown: customer.shown,
            auth_time,
            acr: customer.acr,
            expires: expires.unwrap_or(self.now),
        };
        let fit = self.fit(known, &session);
        let event = self.events(record).of(GrantAction::LogIn, None, self.now);
        let former = self.secret(SESSION);
        let former = former.map(|secret| crypto::sha256(&secret));
        let bank = &self.issuer.bank;
        let sessions = &self.ports.sessions;
        let begun = sessions.begin(bank, session, former, self.now, event);
        record.posted([begun.await?]);
        if let Fit::Never(error) = fit {
            // Not whom the app asked for: told now, for after a form no redirect leaves the site.
            let ended = self.end(known, Ending::Failed, error, record).await?;
            return self.leave(digest, ended).await;
        }
        self.with_cookie(self.on_to(known)?, SESSION, &secret)
    }

    /// Whether a form is one that we gave this browser for this.
    pub(super) fn is_own(
        &self,
        cookie: web::Cookie<'static>,
        purpose: &str,
        form: &str,
        sent: Option<&str>,
    ) -> Result<[u8; 32], Turned> {
        let secret = self.secret(cookie).filter(|secret| {
            let csrf = web::Csrf {
                secret,
                purpose,
                form,
            };
            sent.is_some_and(|sent| csrf.fits(sent))
        });
        secret.ok_or_else(foreign_form)
    }
}

/// It comes from elsewhere, or the browser has lost what it is known by.
pub(super) fn foreign_form() -> Turned {
    let description = "The form was not given to this browser.";
    Turned::away(Cause::ForeignForm, "access_denied", description)
}
