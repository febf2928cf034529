//! "My permissions" (specs/consent.md §6 B): the pages on which a customer sees and withdraws what
//! they gave, without an app that waits. The log-in is the same as at the authorization endpoint;
//! the session is another, so that neither opens the other (AZ-07).
//!
//! | address | method | what is there |
//! |---|---|---|
//! | `permissions` | GET | what is active, waiting and ended; `search`, `page` |
//! | `permissions/history` | GET | all decisions; `page` |
//! | `permissions/ID` | GET | one, with each access; `page` |
//! | `permissions/ID/withdraw` | GET, POST | what would stop; the withdrawal |
//! | `permissions/ID/receipt` | GET | what was shown when it was decided |
//! | `permissions/log-in`, `permissions/log-out` | POST | the session |
//!
//! Each GET is answered with JSON where `format=json` or `Accept` says so. What is another's, what
//! there is not and what is no id at all are answered alike (CO-25).

mod log_in;
mod provider;

use http::header::{ACCEPT, SET_COOKIE};
use http::{Method, StatusCode};
use serde_json::json;

use model::ports::{
    Consent, DeskForm, Look, Looked, Looker, Permissions, SeatedCustomer, Session, WhoAsks,
    Withdrawn,
};
use model::{ClientId, Fault, GrantAction, GrantEvent, Response};
use web::{Cookie, Form};

use super::authorize::name_of;
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
/// The longest address below the list that is come back to after a log-in, in bytes.
const PLACE_BYTES_MAX: usize = 200;

/// A customer who is logged in to their permissions.
struct Seated {
    secret: [u8; 32],
    session: Session,
}

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
        let place = self.place()?;
        if self.head.method == Method::POST {
            return self.posted(keeper, &place, form, record).await;
        }
        let query = Form::parse(self.head.uri.query().unwrap_or_default().as_bytes());
        let query = query.map_err(|_| repeated())?;
        let as_json = self.wants_json(&query)?;
        let Some(seated) = self.seated().await? else {
            return if as_json {
                Ok(told(StatusCode::UNAUTHORIZED, "login_required"))
            } else {
                self.ask_who_keeps(&place).await
            };
        };
        let look = look(&place, &query)?;
        let shown = match look {
            Some(look) => {
                self.shown_to(keeper, &seated, (look, as_json), record)
                    .await?
            }
            None => Looked::Unknown,
        };
        match shown {
            Looked::Answer(response) => Ok(response),
            Looked::Unknown if as_json => Ok(told(StatusCode::NOT_FOUND, "not_found")),
            Looked::Unknown => Err(unknown()),
        }
    }

    /// A form of ours.
    async fn posted(
        &self,
        keeper: &dyn Permissions,
        place: &str,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if place == "log-in" {
            return self.keeper_logs_in(form, record).await;
        }
        let Some(seated) = self.seated().await? else {
            return self.ask_who_keeps("").await;
        };
        // The proof is of this address: a form of one consent withdraws no other.
        self.is_own(KEEPING, TO_KEEP, place, form.get("csrf"))?;
        if place == "log-out" {
            return self.log_out(&seated).await;
        }
        let id = place.strip_suffix("/withdraw").ok_or_else(unknown)?;
        match form.get("act") {
            Some("keep") => {}
            Some("withdraw") => {
                let members = form.own();
                let said = self
                    .withdraw(keeper, &seated, (id, &members), record)
                    .await?;
                if said == Withdrawn::Unknown {
                    return Err(unknown());
                }
            }
            _ => {
                let rule = "The form says neither to withdraw nor to keep.";
                return Err(Turned::away(Cause::BadRequest, "invalid_request", rule));
            }
        }
        Ok(web::see_other(&self.keeper_path(id))?)
    }

    /// Asks who the customer is, on the way to this address below the list.
    async fn ask_who_keeps(&self, place: &str) -> Result<Response, Turned> {
        match &self.asking.customers {
            Customers::Password(_) if self.sent_form => {
                Ok(web::see_other(&self.keeper_path(place))?)
            }
            Customers::Password(_) => self.ask_keeper(place, "", None),
            Customers::Provider(provider) => self.to_provider_to_keep(provider, place).await,
        }
    }

    async fn shown_to(
        &self,
        keeper: &dyn Permissions,
        seated: &Seated,
        (look, as_json): (Look<'_>, bool),
        record: &OpenRecord<'_>,
    ) -> Result<Looked, Turned> {
        let events = self.events(record);
        let event =
            |action: GrantAction, consent: &Consent| self.event_of(&events, action, consent);
        let form = |place: &str| self.keeper_form(&seated.secret, place);
        let app = |client: &ClientId| self.who_is(client);
        let (path, switch) = (self.keeper_path(""), self.keeper_switch());
        let looker = Looker {
            path: &path,
            switch: &switch,
            as_json,
            form: &form,
            app: &app,
            event: &event,
            customer: self.customer(&seated.session),
            language: self.language.tag(),
            bank: self.issuer.bank.as_str(),
            host: self.issuer.host(),
            tokens_until: shown_until(self.now),
            now: self.now,
            request_id: self.request_id,
            interaction: self.interaction,
        };
        Ok(keeper.show(looker, look).await?)
    }

    async fn withdraw(
        &self,
        keeper: &dyn Permissions,
        seated: &Seated,
        (id, members): (&str, &[(String, String)]),
        record: &mut OpenRecord<'_>,
    ) -> Result<Withdrawn, Turned> {
        let events = self.events(record);
        let event =
            |action: GrantAction, consent: &Consent| self.event_of(&events, action, consent);
        let form = |place: &str| self.keeper_form(&seated.secret, place);
        let app = |client: &ClientId| self.who_is(client);
        let (path, switch) = (self.keeper_path(""), self.keeper_switch());
        let looker = Looker {
            path: &path,
            switch: &switch,
            as_json: false,
            form: &form,
            app: &app,
            event: &event,
            customer: self.customer(&seated.session),
            language: self.language.tag(),
            bank: self.issuer.bank.as_str(),
            host: self.issuer.host(),
            tokens_until: shown_until(self.now),
            now: self.now,
            request_id: self.request_id,
            interaction: self.interaction,
        };
        let (said, posted) = keeper.withdraw(looker, id, members).await;
        record.posted(posted);
        Ok(said?)
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
        let mut response = self.ask_who_keeps("").await?;
        let gone = self.own(KEEPING).remove();
        let gone = gone.map_err(|cause| Fault::caused("removing a cookie", cause))?;
        response.headers_mut().append(SET_COOKIE, gone);
        Ok(response)
    }

    /// What the address says below the list.
    fn place(&self) -> Result<String, Turned> {
        let list = self.keeper_path("");
        let below = self.head.uri.path().strip_prefix(&list);
        let below = below.map(|below| below.strip_prefix('/').unwrap_or(below));
        let below = below.filter(|below| below.len() <= PLACE_BYTES_MAX);
        below.map(str::to_owned).ok_or_else(unknown)
    }

    /// The path of an address below the list, or the list's.
    pub(super) fn keeper_path(&self, place: &str) -> String {
        let path = self.issuer.path();
        match place {
            "" => format!("{path}/{PLACE}"),
            place => format!("{path}/{PLACE}/{place}"),
        }
    }

    /// The same address in the other language.
    fn keeper_switch(&self) -> String {
        let (path, other) = (self.head.uri.path(), self.language.other().tag());
        format!("{path}?ui_locales={other}")
    }

    fn wants_json(&self, query: &Form) -> Result<bool, Turned> {
        let accepts = self
            .headers
            .get(ACCEPT)
            .and_then(|value| value.to_str().ok());
        // A browser accepts pages first, and says so.
        let accepts = accepts.is_some_and(|accepts| {
            accepts.contains("application/json") && !accepts.contains("text/html")
        });
        let format = query.only("format").map_err(|_| repeated())?;
        Ok(format.map_or(accepts, |format| format == "json"))
    }
}

/// What is looked at, at an address below the list; `None` where nothing is.
fn look<'q>(place: &'q str, query: &'q Form) -> Result<Option<Look<'q>>, Turned> {
    let page = query.only("page").map_err(|_| repeated())?;
    let page = page.and_then(|page| page.parse().ok()).unwrap_or(1);
    let search = query.only("search").map_err(|_| repeated())?;
    let search = search.unwrap_or_default();
    Ok(match place.split_once('/') {
        None if place.is_empty() => Some(Look::List { search, page }),
        None if place == "history" => Some(Look::History { page }),
        None => Some(Look::One { id: place, page }),
        Some((id, "withdraw")) => Some(Look::Withdrawal(id)),
        Some((id, "receipt")) => Some(Look::Receipt(id)),
        Some(_) => None,
    })
}

/// An answer in JSON that tells a code alone.
fn told(status: StatusCode, code: &str) -> Response {
    web::json(status, &json!({ "error": code }))
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
