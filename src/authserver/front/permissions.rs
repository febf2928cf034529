//! "My permissions" (specs/consent.md §6 B): the pages on which a customer sees and withdraws what
//! they gave, without an app that waits. The log-in is the same as at the authorization endpoint;
//! the session is another, so that neither opens the other (AZ-07).
//!
//! | address | method | what is there |
//! |---|---|---|
//! | `permissions` | GET | what is active, waiting and ended; `search`, `page` |
//! | `permissions/history` | GET | all decisions; `page` |
//! | `permissions/ID` | GET | one, with each access; `after` |
//! | `permissions/ID/withdraw` | GET, POST | what would stop; the withdrawal |
//! | `permissions/ID/receipt` | GET | what was shown when it was decided |
//! | `permissions/log-in`, `permissions/log-out` | POST | the session |
//!
//! Each is JSON too, for the bank's own app (screen D8): a GET where `format=json` or `Accept` says
//! so, a POST whose body is JSON or whose `Accept` says so. What is told is what the page tells,
//! with its own address (`self`) and those that it leads to (`list`, `history`, `previous`, `next`,
//! `href`, `withdraw`, `receipt`): paths of the issuer's host, to be asked in the same manner. The
//! app keeps cookies as a browser does.
//!
//! | JSON of | is |
//! |---|---|
//! | a GET without a session | 401 `login_required`: `log_in`, the path of the log-in, and its `form`; at a bank with an OpenID provider `log_in` alone, where a browser must go |
//! | POST `permissions/log-in` | `csrf` and `request` of that form, `username`, `password`: 200 and the session; or 401 `access_denied` with `tries_left` or `locked_until` |
//! | GET `permissions/ID/withdraw` | what would stop, and the `form` that withdraws: `action`, `csrf`, `request` |
//! | POST `permissions/ID/withdraw` | that `csrf`, `act`, which is `withdraw` or `keep`, and `shown`, which names what was told before: 200 and what GET `permissions/ID` tells from then on |
//! | POST `permissions/log-out` | `csrf` of `log_out`, which each answer has: 200 |
//!
//! A JSON body is an object of texts, at most 64 KiB, and has no other member than these. What is
//! refused is `{ error, error_description, request_id }` with the page's status and code, whatever
//! `Accept` says. A page of another origin sends no JSON here: `Origin`, where there is one, is
//! ours, and the proof `csrf` is of this session and this address (AZ-07).
//!
//! What is another's, what there is not and what is no id at all are answered alike (CO-25).

mod letter;
mod log_in;
mod place;
mod provider;
mod told;

use http::Method;
use http::header::SET_COOKIE;

use model::ports::{
    Consent, DeskForm, Look, Looked, Looker, Permissions, SeatedCustomer, Session, WhoAsks,
    Withdrawn,
};
use model::{ClientId, Fault, GrantAction, GrantEvent, Response};
use web::{Cookie, Form};

pub(super) use self::letter::{parameters, wants_json};
use self::place::{Place, look};
pub(super) use self::told::turned_away;
use super::authorize::name_of;
use super::log_in::foreign_form;
use super::{Turned, Visit};
use crate::Customers;
use crate::evidence::OpenRecord;
use crate::evidence::events::Events;
use crate::issuer::shown_until;
use crate::page::Cause;
use crate::step::form::Parameters;

/// What a customer who looks at their permissions is known by.
const KEEPING: Cookie<'_> = Cookie::named("keeping");
/// What the forms of a session do, as their proofs say it.
const TO_KEEP: &str = "keep";
/// The list, under an issuer's path.
const PLACE: &str = "permissions";
/// The longest address below the list that is looked at, in bytes.
const BELOW_BYTES_MAX: usize = 200;

/// A customer who is logged in to their permissions.
struct Seated {
    secret: [u8; 32],
    session: Session,
}

/// What a withdrawal is made with: whose address it is sent to, and what the form says.
type Sent<'q> = (&'q str, &'q [(String, String)]);

/// What makes a form, tells who a client is, and makes an event.
type Makes<'l> = (
    &'l (dyn Fn(&str) -> DeskForm + Send + Sync),
    &'l (dyn Fn(&ClientId) -> Option<WhoAsks<'l>> + Send + Sync),
    &'l (dyn Fn(GrantAction, &Consent) -> GrantEvent + Send + Sync),
);

/// What a session's secret is found by: never by what a giving visit's is.
fn digest(secret: &[u8; 32]) -> [u8; 32] {
    crypto::sha256(&[PLACE.as_bytes(), &secret[..]].concat())
}

impl Visit<'_> {
    pub(super) async fn permissions(
        &self,
        keeper: &dyn Permissions,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let below = self.below()?;
        if self.head.method == Method::POST {
            return self.posted(keeper, &below, form, record).await;
        }
        let query = Form::parse(self.head.uri.query().unwrap_or_default().as_bytes());
        let query = query.map_err(|_| repeated())?;
        query.only("format").map_err(|_| repeated())?;
        let place = Place::of(&below, &query);
        if !self.as_json && matches!(below.as_str(), "log-in" | "log-out") {
            // Where a form led, which is nothing to look at: on to what it was on the way to.
            let to = query.only("to").ok().flatten().and_then(Place::parse);
            let to = to.unwrap_or_default();
            return Ok(web::see_other(&self.keeper_path(to.as_str()))?);
        }
        let Some(seated) = self.seated().await? else {
            return self.ask_who_keeps(&place).await;
        };
        let look = look(&below, &query)?.ok_or_else(unknown)?;
        self.shown_to(keeper, &seated, (look, &place), record).await
    }

    /// A form of ours.
    async fn posted(
        &self,
        keeper: &dyn Permissions,
        below: &str,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if self.as_json && !letter::is_of(self.issuer.host(), self.headers) {
            return Err(foreign_form());
        }
        if below == "log-in" {
            return self.keeper_logs_in(form, record).await;
        }
        let place = Place::of(below, &Form::of(Vec::new()));
        let Some(seated) = self.seated().await? else {
            return self.ask_who_keeps(&place).await;
        };
        // The proof is of this address: a form of one consent withdraws no other.
        self.is_own(KEEPING, TO_KEEP, below, form.get("csrf"))?;
        if below == "log-out" {
            return self.log_out(&seated).await;
        }
        let id = below.strip_suffix("/withdraw").ok_or_else(unknown)?;
        if !matches!(form.get("act"), Some("keep" | "withdraw")) {
            let rule = "The form says neither to withdraw nor to keep.";
            return Err(Turned::away(Cause::BadRequest, "invalid_request", rule));
        }
        // What else was sent is nobody's choice, and is kept nowhere.
        let mut members = form.own();
        members.retain(|(name, _)| matches!(name.as_str(), "act" | "shown"));
        let sent = (id, members.as_slice());
        let said = self
            .withdraw(keeper, &seated, (sent, &place), record)
            .await?;
        if said == Withdrawn::Unknown {
            return Err(unknown());
        }
        if !self.as_json {
            return Ok(web::see_other(&self.keeper_path(id))?);
        }
        let look = Look::One { id, after: "" };
        self.shown_to(keeper, &seated, (look, &place), record).await
    }

    /// Asks who the customer is, on the way to this place.
    async fn ask_who_keeps(&self, place: &Place) -> Result<Response, Turned> {
        if self.as_json {
            return self.must_log_in(place);
        }
        match &self.asking.customers {
            Customers::Password(_) if self.sent_form => {
                Ok(web::see_other(&self.keeper_path(place.as_str()))?)
            }
            Customers::Password(_) => self.ask_keeper(place, "", None),
            Customers::Provider(provider) => self.to_provider_to_keep(provider, place).await,
        }
    }

    async fn shown_to(
        &self,
        keeper: &dyn Permissions,
        seated: &Seated,
        (look, place): (Look<'_>, &Place),
        record: &OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let events = self.events(record);
        let event =
            |action: GrantAction, consent: &Consent| self.event_of(&events, action, consent);
        let form = |place: &str| self.keeper_form(&seated.secret, place);
        let app = |client: &ClientId| self.who_is(client);
        let (path, switch) = (self.keeper_path(""), self.keeper_switch(place));
        let looker = self.looker(seated, (&path, &switch), (&form, &app, &event));
        match keeper.show(looker, look).await? {
            Looked::Answer(response) => Ok(response),
            Looked::Unknown => Err(unknown()),
        }
    }

    async fn withdraw(
        &self,
        keeper: &dyn Permissions,
        seated: &Seated,
        ((id, members), place): (Sent<'_>, &Place),
        record: &mut OpenRecord<'_>,
    ) -> Result<Withdrawn, Turned> {
        let events = self.events(record);
        let event =
            |action: GrantAction, consent: &Consent| self.event_of(&events, action, consent);
        let form = |place: &str| self.keeper_form(&seated.secret, place);
        let app = |client: &ClientId| self.who_is(client);
        let (path, switch) = (self.keeper_path(""), self.keeper_switch(place));
        let looker = self.looker(seated, (&path, &switch), (&form, &app, &event));
        let (said, posted) = keeper.withdraw(looker, id, members).await;
        record.posted(posted);
        Ok(said?)
    }

    /// A customer who looks at their permissions, with what is made for them by these.
    fn looker<'l>(
        &'l self,
        seated: &'l Seated,
        (path, switch): (&'l str, &'l str),
        (form, app, event): Makes<'l>,
    ) -> Looker<'l> {
        Looker {
            path,
            switch,
            as_json: self.as_json,
            form,
            app,
            event,
            customer: self.customer(&seated.session),
            language: self.language.tag(),
            bank: self.bank(self.language),
            host: self.issuer.host(),
            tokens_until: shown_until(self.now),
            now: self.now,
            request_id: self.request_id,
            interaction: self.interaction,
        }
    }

    fn customer<'s>(&self, session: &'s Session) -> SeatedCustomer<'s> {
        SeatedCustomer {
            subject: &session.subject,
            shown: &session.shown,
            acr: session.acr.as_deref(),
            pseudonym: self.asking.subjects.pseudonym(&session.subject),
        }
    }

    /// An event on a consent, which is its client's.
    fn event_of(&self, events: &Events<'_>, action: GrantAction, consent: &Consent) -> GrantEvent {
        let mut event = events.of(action, Some(consent.id.grant()), self.now);
        let client = self.issuer.clients.get(&consent.client);
        event.who.client = Some(consent.client.clone());
        event.who.partner = client.map(|client| client.partner.clone());
        event
    }

    fn who_is(&self, client: &ClientId) -> Option<WhoAsks<'_>> {
        let client = self.issuer.clients.get(client)?;
        let number = self.issuer.trust.organization_of(&client.partner);
        Some(WhoAsks {
            app: name_of(client, self.language),
            legal: &client.app.legal,
            number: number.unwrap_or(client.partner.as_str()),
            contact: &client.contact,
        })
    }

    /// A form that is sent to this address below the list, by this session alone.
    fn keeper_form(&self, secret: &[u8; 32], place: &str) -> DeskForm {
        let csrf = web::Csrf {
            secret,
            purpose: TO_KEEP,
            form: place,
        };
        DeskForm {
            action: self.keeper_path(place),
            csrf: csrf.token(),
            request: place.to_owned(),
        }
    }

    /// The customer of the session that this browser keeps.
    async fn seated(&self) -> Result<Option<Seated>, Turned> {
        let Some(secret) = self.secret(KEEPING) else {
            return Ok(None);
        };
        let sessions = &self.ports.sessions;
        let found = sessions.find(&self.issuer.bank, digest(&secret), self.now);
        let found = found.await?;
        Ok(found.map(|session| Seated { secret, session }))
    }

    /// Ends the session, and leads to the log-in.
    async fn log_out(&self, seated: &Seated) -> Result<Response, Turned> {
        let sessions = &self.ports.sessions;
        let digest = digest(&seated.secret);
        sessions.end(&self.issuer.bank, digest, self.now).await?;
        let mut response = if self.as_json {
            self.logged_out()
        } else {
            self.ask_who_keeps(&Place::default()).await?
        };
        let gone = self.own(KEEPING).remove();
        let gone = gone.map_err(|cause| Fault::caused("removing a cookie", cause))?;
        response.headers_mut().append(SET_COOKIE, gone);
        Ok(response)
    }

    /// What the address says below the list.
    fn below(&self) -> Result<String, Turned> {
        let list = self.keeper_path("");
        let below = self.head.uri.path().strip_prefix(&list);
        let below = below.map(|below| below.strip_prefix('/').unwrap_or(below));
        let below = below.filter(|below| below.len() <= BELOW_BYTES_MAX);
        below.map(str::to_owned).ok_or_else(unknown)
    }

    /// The path of an address below the list, or the list's.
    pub(super) fn keeper_path(&self, place: &str) -> String {
        let path = self.issuer.path();
        if place.is_empty() || place.starts_with('?') {
            format!("{path}/{PLACE}{place}")
        } else {
            format!("{path}/{PLACE}/{place}")
        }
    }

    /// The same address in the other language.
    fn keeper_switch(&self, place: &Place) -> String {
        let path = self.keeper_path(place.as_str());
        let (joint, other) = (place.joint(), self.language.other().tag());
        format!("{path}{joint}ui_locales={other}")
    }
}

/// One answer to whatever is not this customer's (CO-25).
fn unknown() -> Turned {
    let description = "There is no such permission.";
    Turned::away(Cause::NoSuchPermission, "not_found", description)
}

fn repeated() -> Turned {
    let rule = "The query must be a form, in UTF-8, and no parameter must stand more than once.";
    Turned::away(Cause::BadRequest, "invalid_request", rule)
}
