//! The decision: a grant and its code, or nothing. The request is consumed by it, whichever it is,
//! and by one of all who decide at once (PA-08).

use http::header::SET_COOKIE;
use jiff::Timestamp;

use model::ports::{Answer, Declined, Finish};
use model::{Edge, GrantAction, GrantId, Response};

use super::authorize::TO_APPROVE;
use super::fit::Fit;
use super::grant::Given;
use super::log_in::foreign_form;
use super::request::{Known, Named, Sitting};
use super::{BROWSER, SESSION, Turned, Visit};
use crate::evidence::OpenRecord;
use crate::page::{Cause, Ending};
use crate::step::form::Parameters;

impl Visit<'_> {
    pub(super) async fn approve(
        &self,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let (known, named) = self.known_by_form(form, record).await?;
        let decided = self.decided(form, &known, &named, record).await;
        self.or_told(&known, decided, record).await
    }

    async fn decided(
        &self,
        form: &Parameters,
        known: &Known<'_>,
        named: &Named<'_>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if let Some((ending, error)) = known.over {
            return self.end(known, ending, error, record).await;
        }
        let session = self.session().await?;
        let session = session.filter(|(_, session)| self.fit(known, session) == Fit::Fits);
        let Some((secret, session)) = &session else {
            // The session is over, or none for this request: log in again, and decide then.
            return self.on_to(known);
        };
        self.is_own(SESSION, TO_APPROVE, named.name, form.get("csrf"))?;
        // What comes of it is for this browser alone, by the cookie that it has of the log-in.
        self.secret(BROWSER).ok_or_else(foreign_form)?;
        let sitting = Sitting {
            known,
            secret,
            session,
        };
        if let Some(desk) = self.asking.desk.as_deref() {
            let members = form.own();
            let beside = named.beside.unwrap_or_default();
            let answer = Answer {
                beside,
                members: &members,
            };
            return self.at_desk(desk, sitting, Some(answer), record).await;
        }
        let response = match form.get("act") {
            Some("allow") => {
                let Some(until) = self.said_until(named) else {
                    // Grants end sooner by now than the page said.
                    return self.on_to(known);
                };
                let given = self.plainly_given(known, until)?;
                let back = self.give(sitting, given, record).await?;
                back.ok_or_else(gone)?
            }
            Some("refuse") => {
                let ending = Ending::Refused;
                self.end(known, ending, "access_denied", record).await?
            }
            _ => {
                let description = "The form says neither to allow nor to refuse.";
                return Err(Turned::away(
                    Cause::BadRequest,
                    "invalid_request",
                    description,
                ));
            }
        };
        self.leave(session.digest, response).await
    }

    /// When the grant ends, as the page said it; `None` when that is later than grants end today.
    fn said_until(&self, named: &Named<'_>) -> Option<Timestamp> {
        let until = named.beside?.parse().ok()?;
        let until = Timestamp::from_second(until).ok()?;
        let latest = self.now.checked_add(self.asking.grant_lifetime).ok()?;
        (self.now < until && until <= latest).then_some(until)
    }

    /// The customer has decided: whoever comes next with this browser logs in.
    pub(super) async fn leave(
        &self,
        session: [u8; 32],
        mut response: Response,
    ) -> Result<Response, Turned> {
        let sessions = &self.ports.sessions;
        if let Err(cause) = sessions.end(&self.issuer.bank, session, self.now).await {
            // It ends by itself within minutes; the browser forgets it now.
            tracing::warn!(
                error = &cause as &dyn std::error::Error,
                "a session could not be ended"
            );
        }
        let gone = self.own(SESSION).remove();
        let gone = gone.map_err(|cause| model::Fault::caused("removing a cookie", cause))?;
        response.headers_mut().append(SET_COOKIE, gone);
        Ok(response)
    }

    /// All that was asked for, under an id of its own.
    fn plainly_given(&self, known: &Known<'_>, until: Timestamp) -> Result<Given, Turned> {
        let id = crypto::random_array::<16>(self.ports.random.as_ref());
        let id = GrantId::parse(&crypto::base64url(&id));
        let id = id.map_err(|_| model::Fault::new("making a grant's id"))?;
        let details = known.request.authorization_details.clone();
        Ok(Given::plain(id, details, until))
    }

    /// Ends the request without a grant, and tells the app (AZ-05).
    pub(super) async fn end(
        &self,
        known: &Known<'_>,
        ending: Ending,
        error: &'static str,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if !self.turn_down(known, error, None, record).await? {
            return Err(gone());
        }
        self.send_back(known, ending, &[("error", error)])
    }

    /// Turns away whoever did not log in, which is recorded as that, and tells the app.
    pub(super) async fn refuse(
        &self,
        known: &Known<'_>,
        error: &'static str,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if !self.turn_down(known, error, None, record).await? {
            return Err(gone());
        }
        let description = "The bank's provider logs nobody in.";
        Err(Turned {
            back: Some(Box::new(self.send_back(
                known,
                Ending::Failed,
                &[("error", error)],
            )?)),
            ..Turned::away(Cause::BadRequest, error, description)
        })
    }

    /// Tells the app what broke once its request was found good (RFC 6749 §4.1.2.1): it is over,
    /// as far as that can still be kept.
    pub(super) async fn or_told(
        &self,
        known: &Known<'_>,
        decided: Result<Response, Turned>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let mut turned = match decided {
            Err(turned) if turned.fault.is_some() => turned,
            decided => return decided,
        };
        if let Err(unkept) = self.failed(known, turned.code, record).await {
            tracing::warn!(
                error = unkept
                    .fault
                    .as_deref()
                    .map(|fault| fault as &dyn std::error::Error),
                "a request that failed could not be ended"
            );
        }
        let back = self.send_back(known, Ending::Failed, &[("error", turned.code)]);
        turned.back = back.ok().map(Box::new);
        Err(turned)
    }

    /// Ends the request without a grant, and its consent where there is one to end; whether both
    /// were as they were thought to be.
    pub(super) async fn turn_down(
        &self,
        known: &Known<'_>,
        error: &'static str,
        declined: Option<Declined>,
        record: &mut OpenRecord<'_>,
    ) -> Result<bool, Turned> {
        let edge = declined.as_ref().map(|its| its.change.edge);
        let action = match edge {
            Some(Edge::Lapse) => GrantAction::ConsentLapse,
            _ => GrantAction::Refuse,
        };
        let of = declined.as_ref().map(|its| its.consent.grant());
        let mut event = self.events(record).of(action, of, self.now);
        event.code = Some(error.to_owned());
        let declined = declined.map(|its| {
            event.consent = Some(its.part);
            (its.consent, its.change)
        });
        let (bank, digest) = (&self.issuer.bank, known.digest);
        let finished = self
            .ports
            .grants
            .turn_down(bank, digest, declined, self.now, event);
        match finished.await? {
            Finish::Done(posted) => {
                record.posted(posted);
                Ok(true)
            }
            Finish::Gone => Ok(false),
        }
    }
}

/// Somebody decided before, or the time ran out.
pub(super) fn gone() -> Turned {
    let description = "request_uri is used or expired.";
    Turned::away(Cause::NoSuchRequest, "invalid_request_uri", description)
}
