//! The log-in at the bank's own OpenID provider: the browser is sent there, and comes back (AZ-07).
//!
//! What the log-in is for travels sealed in `state`, bound to the browser by its cookie: nobody
//! else comes back with it, nobody makes one of his own (RFC 9700 §4.7), and it is good once.

use std::time::Duration;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use model::ports::Claim;
use model::{ClientId, Fault, Response};
use web::Language;

use super::authorize::name_of;
use super::log_in::{BANK_WAIT, SESSION_LIFETIME};
use super::provider::{Bound, Means, OpenIdProvider, Outcome, Returned, Wanted};
use super::request::Known;
use super::{BROWSER, Turned, Visit};
use crate::evidence::OpenRecord;
use crate::page::onward::{self, Onward};
use crate::page::{Cause, Ending};
use crate::request::authentication::Prompt;
use crate::step::form::Parameters;

/// How long a state is known: longer than the request that it is for, which is over minutes after
/// it was opened (AZ-10), so that whoever comes back too late is led back to the app.
const OPEN: Duration = Duration::from_mins(75);
/// How long the provider's answers are waited for together.
const WAIT: Duration = Duration::from_secs(15);

/// What `state` seals.
#[derive(Serialize, Deserialize)]
struct Away {
    client: String,
    request_uri: String,
    /// The language of the visit.
    language: String,
    nonce: String,
    verifier: String,
    /// The earliest that the log-in may have been, in Unix seconds.
    since: i64,
    /// Whether it must be made for this request.
    again: bool,
    /// When it is over, in Unix seconds.
    until: i64,
}

/// A browser that leaves for the provider.
pub(super) struct Departure {
    /// What it comes back with.
    pub(super) state: String,
    secret: [u8; 32],
    is_new: bool,
}

impl Visit<'_> {
    /// Sends the browser to the provider, after a form over a page of ours; one that has no secret
    /// yet gets one.
    pub(super) async fn to_provider(
        &self,
        provider: &OpenIdProvider,
        known: &Known<'_>,
        again: bool,
    ) -> Result<Response, Turned> {
        let drawn = || crypto::base64url(&crypto::random_array::<32>(self.ports.random.as_ref()));
        let asks = &known.request.authentication;
        // A log-in is good for as long there as it is here, or as the app says.
        let max_age_s = asks.max_age.unwrap_or(u64::MAX);
        let max_age_s = max_age_s.min(SESSION_LIFETIME.as_secs()).cast_signed();
        let since = self.now.as_second().saturating_sub(max_age_s);
        // A provider that said before who is logged in would say the same again, for ever.
        let again = again || asks.prompt == Prompt::Again;
        let until = self.now.checked_add(OPEN).unwrap_or(self.now);
        let away = Away {
            client: known.client_id.as_str().to_owned(),
            request_uri: known.request_uri.clone(),
            language: known.language.tag().to_owned(),
            nonce: drawn(),
            verifier: drawn(),
            since: if again {
                since.max(known.opened_at.as_second())
            } else {
                since
            },
            again,
            until: until.as_second(),
        };
        let departure = self.departs(&away, place)?;
        let wanted = Wanted {
            state: &departure.state,
            bound: away.bound(),
            language: known.language.tag(),
            max_age_s,
            again,
            acr_values: &asks.acr_values(),
            login_hint: asks.login_hint.as_deref(),
        };
        let app = name_of(known.client, known.language);
        let page = (known.language, Some(app));
        self.goes(provider, wanted, page, &departure).await
    }

    /// Seals what a log-in is for, so that this browser alone comes back with it.
    pub(super) fn departs<S: Serialize>(
        &self,
        away: &S,
        place: fn(&[u8; 32]) -> [u8; 32],
    ) -> Result<Departure, Turned> {
        let (secret, is_new) = self.browser();
        let text = serde_json::to_vec(away).unwrap_or_default();
        let random = self.ports.random.as_ref();
        let sealed = self.asking.way.seal(&text, &place(&secret), random);
        let sealed = sealed.map_err(|cause| Fault::caused("sealing the state", cause))?;
        Ok(Departure {
            state: crypto::base64url(&sealed),
            secret,
            is_new,
        })
    }

    /// Sends the browser to the provider, for this app or for none; one that has no secret yet gets
    /// one.
    pub(super) async fn goes(
        &self,
        provider: &OpenIdProvider,
        wanted: Wanted<'_>,
        (language, app): (Language, Option<&str>),
        departure: &Departure,
    ) -> Result<Response, Turned> {
        let link = in_time(provider.link(wanted, self.means())).await?;
        let link = link.map_err(Turned::unavailable)?;
        let response = self.onward(language, app, &link)?;
        self.keeping(response, &departure.secret, departure.is_new)
    }

    /// What a state seals that this browser was sent away with.
    pub(super) fn comes_with<S: DeserializeOwned>(
        &self,
        state: &str,
        place: fn(&[u8; 32]) -> [u8; 32],
    ) -> Option<S> {
        let secret = self.secret(BROWSER)?;
        let sealed = crypto::from_base64url(state)?;
        let text = self.asking.way.open(&sealed, &place(&secret)).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// On to the provider, after a form over a page of ours.
    fn onward(
        &self,
        language: Language,
        app: Option<&str>,
        link: &str,
    ) -> Result<Response, Turned> {
        if !self.sent_form {
            return Ok(web::see_other(link)?);
        }
        let onward = Onward {
            frame: self.frame(language, None),
            app,
            location: link,
        };
        Ok(onward::onward(self.pages, &onward)?)
    }

    /// The browser is back.
    pub(super) async fn came_back(
        &self,
        provider: &OpenIdProvider,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let state = form.get("state").unwrap_or_default();
        let Some(away) = self.away(state) else {
            return self.came_back_to_keep(provider, form, record).await;
        };
        let mut known = self.known(&away.client, &away.request_uri, record).await?;
        let mut languages = Language::ALL.into_iter();
        let language = languages.find(|language| language.tag() == away.language);
        known.language = language.unwrap_or(known.language);
        let returned = Returned {
            code: form.get("code"),
            error: form.get("error"),
            iss: form.get("iss"),
            bound: away.bound(),
            since: away.since,
        };
        self.use_up(state, known.client_id, away.until).await?;
        let received = self.received(provider, returned, (&known, away.again), record);
        let received = received.await;
        self.or_told(&known, received, record).await
    }

    async fn received(
        &self,
        provider: &OpenIdProvider,
        returned: Returned<'_>,
        (known, again): (&Known<'_>, bool),
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        if let Some((ending, error)) = known.over {
            return self.end(known, ending, error, record).await;
        }
        let outcome = in_time(provider.who(returned, self.means())).await?;
        match outcome.map_err(Turned::unavailable)? {
            Outcome::Known(customer, at) => {
                let at = logged_in_at(at, known.opened_at, again);
                self.enter(known, customer, at, record).await
            }
            Outcome::Refused { error, said } => {
                tracing::warn!(
                    code = said,
                    bank.id = %self.issuer.bank,
                    request.id = %self.request_id,
                    "the bank's provider logs nobody in"
                );
                self.refuse(known, error, record).await
            }
            Outcome::Cancelled => {
                let ending = Ending::Cancelled;
                self.end(known, ending, "access_denied", record).await
            }
        }
    }

    /// What a state of ours seals; `None` when we did not make it for this browser, or it is over.
    fn away(&self, state: &str) -> Option<Away> {
        let away: Away = self.comes_with(state, place)?;
        (self.now.as_second() < away.until).then_some(away)
    }

    /// A state is good once, on every node and after a restart.
    pub(super) async fn use_up(
        &self,
        state: &str,
        client: &ClientId,
        until: i64,
    ) -> Result<(), Turned> {
        let digest = crypto::base64url(&crypto::sha256(state.as_bytes()));
        let once = format!("logged-in:{digest}");
        let until = Timestamp::from_second(until).unwrap_or(self.now);
        let bank = &self.issuer.bank;
        let replay = &self.ports.replay;
        match replay.claim(bank, client, &once, until, self.now).await? {
            Claim::First => Ok(()),
            Claim::Seen => {
                let description = "The customer came back with this log-in before.";
                Err(Turned::away(
                    Cause::NoSuchRequest,
                    "invalid_request",
                    description,
                ))
            }
        }
    }

    pub(super) fn means(&self) -> Means<'_> {
        Means {
            fetch: self.ports.fetch.as_ref(),
            clock: self.ports.clock.as_ref(),
            random: self.ports.random.as_ref(),
            deadline: BANK_WAIT,
        }
    }
}

impl Away {
    fn bound(&self) -> Bound<'_> {
        Bound {
            nonce: &self.nonce,
            verifier: &self.verifier,
        }
    }
}

pub(super) async fn in_time<T>(asked: impl Future<Output = T>) -> Result<T, Turned> {
    let asked = tokio::time::timeout(WAIT, asked).await;
    asked.map_err(|_| Turned::unavailable(Fault::new("waiting for the bank's provider")))
}

/// What binds a sealed state to a browser: no sealed way back has the same place.
fn place(secret: &[u8; 32]) -> [u8; 32] {
    crypto::sha256(&[b"logged-in", &secret[..]].concat())
}

/// When somebody logged in whom the provider logged in at this second for a request that was opened
/// at that instant, `again` when it was asked to do so for that: its seconds are whole, and its
/// clock is not ours.
fn logged_in_at(second: Timestamp, opened: Timestamp, again: bool) -> Timestamp {
    if again || second.as_second() == opened.as_second() {
        second.max(opened)
    } else {
        second
    }
}
