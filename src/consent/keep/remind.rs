//! Reminders: what was given long ago is asked about, again and again (specs/consent.md §5, D6).

use jiff::Timestamp;
use model::ConsentState;
use model::ports::{Consent, DeskFault, Looker, Withdrawn};
use serde::Serialize;
use web::Arg;

use super::Keeper;
use super::book::Stands;

/// Since when a customer has not been asked about what they gave.
#[derive(Debug, Serialize)]
pub(super) struct Remind {
    /// Whether they are asked now.
    pub(super) due: bool,
    /// When they gave it, renewed it, or last said that they still need it (RFC 3339).
    since: String,
    /// What they are asked now.
    says: Option<String>,
}

impl Remind {
    /// One made up, for the trial of a bank's own pages.
    pub(super) fn sample() -> Self {
        Self {
            due: true,
            since: "2026-11-24T00:00:00Z".to_owned(),
            says: Some("Sample reminder".to_owned()),
        }
    }
}

/// When a customer gave what is in force or last said that they need it, whether they said so, and
/// how many whole days ago that was; `None` of what opens nothing now.
fn since(consent: &Consent, now: Timestamp) -> Option<(Timestamp, bool, u32)> {
    let terms = consent.terms.as_ref()?;
    // What waits for the app to ask again can be withdrawn as well.
    let stands = Stands::of(consent, now);
    let is_live = matches!(
        stands,
        Stands::In(ConsentState::Authorised) | Stands::Paused
    );
    let confirmed = consent.confirmed_at.filter(|at| *at > terms.authorised_at);
    let since = confirmed.unwrap_or(terms.authorised_at);
    let days = now.duration_since(since).as_hours() / 24;
    is_live.then(|| (since, confirmed.is_some(), u32::try_from(days).unwrap_or(0)))
}

impl Keeper {
    /// Whether its customer is to be asked at this instant if they still need it.
    pub(super) fn is_due(&self, consent: &Consent, now: Timestamp) -> bool {
        let after = u32::from(self.settings.remind_days);
        since(consent, now).is_some_and(|(_, _, days)| days >= after)
    }

    pub(super) fn remind(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
    ) -> Result<Option<Remind>, DeskFault> {
        let Some((since, is_confirmed, days)) = since(consent, looker.now) else {
            return Ok(None);
        };
        let key = if is_confirmed {
            "remind-confirmed"
        } else {
            "remind-given"
        };
        let due = self.is_due(consent, looker.now);
        let says = || self.say(looker, key, &[("days", Arg::Number(days))]);
        Ok(Some(Remind {
            due,
            since: since.to_string(),
            says: due.then(says).transpose()?,
        }))
    }

    /// The customer says that they still need it: what is in force is not asked about until as much
    /// time has passed once more.
    pub(super) async fn kept(&self, looker: &Looker<'_>, id: &str) -> Result<Withdrawn, DeskFault> {
        let Some(consent) = self.own(looker, id).await? else {
            return Ok(Withdrawn::Unknown);
        };
        if !self.is_due(&consent, looker.now) {
            // Who looks at the withdrawal and turns back was asked nothing, and has confirmed
            // nothing.
            return Ok(Withdrawn::Kept);
        }
        let (bank, subject) = (&self.settings.bank, looker.customer.subject);
        let consents = &self.ports.consents;
        // What has ended meanwhile is not confirmed; the page that comes next says so.
        let confirmed = consents.confirm(bank, &consent.id, subject, looker.now);
        confirmed.await?;
        Ok(Withdrawn::Kept)
    }
}
