//! The log-in to "My permissions" at the bank's own OpenID provider: sent there, and back, as for
//! an app, but for a state of another kind, which no visit of an app's is led on with. The provider
//! is asked to have the customer log in anew, each time: who has logged out here is not let in by
//! what it remembers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use model::Response;

use super::super::log_in::SESSION_LIFETIME;
use super::super::logged_in::in_time;
use super::super::provider::{Bound, OpenIdProvider, Outcome, Returned, Wanted};
use super::super::{Turned, Visit};
use super::place::Place;
use crate::evidence::OpenRecord;
use crate::page::Cause;
use crate::step::form::Parameters;

/// How long a state is known.
const OPEN: Duration = Duration::from_mins(75);

/// What `state` seals.
#[derive(Serialize, Deserialize)]
struct Away {
    /// The address below the list that is come back to.
    place: String,
    nonce: String,
    verifier: String,
    /// When it began, in Unix seconds: the log-in is no older.
    since: i64,
    /// When it is over, in Unix seconds.
    until: i64,
}

impl Visit<'_> {
    /// Sends the browser to the provider, on the way to this place.
    pub(super) async fn to_provider_to_keep(
        &self,
        provider: &OpenIdProvider,
        place: &Place,
    ) -> Result<Response, Turned> {
        let drawn = || crypto::base64url(&crypto::random_array::<32>(self.ports.random.as_ref()));
        let until = self.now.checked_add(OPEN).unwrap_or(self.now);
        let away = Away {
            place: place.as_str().to_owned(),
            nonce: drawn(),
            verifier: drawn(),
            since: self.now.as_second(),
            until: until.as_second(),
        };
        let departure = self.departs(&away, sealed_for)?;
        let wanted = Wanted {
            state: &departure.state,
            bound: away.bound(),
            language: self.language.tag(),
            max_age_s: SESSION_LIFETIME.as_secs().cast_signed(),
            again: true,
            acr_values: "",
            login_hint: None,
        };
        let page = (self.language, None);
        self.goes(provider, wanted, page, &departure).await
    }

    /// The browser is back, for no app: a session, and the address that was asked for.
    pub(in super::super) async fn came_back_to_keep(
        &self,
        provider: &OpenIdProvider,
        form: &Parameters,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let state = form.get("state").unwrap_or_default();
        let away = self.away_to_keep(state).ok_or_else(|| {
            let description = "The log-in was not begun by this browser, or is over.";
            Turned::away(Cause::ForeignForm, "access_denied", description)
        })?;
        self.use_up(state, provider.client_id(), away.until).await?;
        let returned = Returned {
            code: form.get("code"),
            error: form.get("error"),
            iss: form.get("iss"),
            bound: away.bound(),
            since: away.since,
        };
        let outcome = in_time(provider.who(returned, self.means())).await?;
        let said = match outcome.map_err(Turned::unavailable)? {
            Outcome::Known(customer, at) => {
                let place = Place::parse(&away.place).unwrap_or_default();
                return self.begin_keeping(customer, at, &place, record).await;
            }
            Outcome::Refused { said, .. } => said,
            Outcome::Cancelled => "access_denied".to_owned(),
        };
        tracing::warn!(
            code = said,
            bank.id = %self.issuer.bank,
            request.id = %self.request_id,
            "the bank's provider logs nobody in"
        );
        let description = "The bank's provider logs nobody in.";
        Err(Turned::away(
            Cause::NotLoggedIn,
            "login_required",
            description,
        ))
    }

    /// What a state of ours seals; `None` when we did not make it for this browser, or it is over.
    fn away_to_keep(&self, state: &str) -> Option<Away> {
        let away: Away = self.comes_with(state, sealed_for)?;
        (self.now.as_second() < away.until).then_some(away)
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

/// What binds a sealed state to a browser: neither a state of an app's visit nor a sealed way back
/// has the same place.
fn sealed_for(secret: &[u8; 32]) -> [u8; 32] {
    crypto::sha256(&[b"logged-in to keep", &secret[..]].concat())
}
