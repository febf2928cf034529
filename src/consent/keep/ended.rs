//! What became of a consent that has ended, for its receipt.

use model::Fault;
use model::ports::{Consent, Looker};
use serde::Serialize;

use super::book::Stands;
use super::moment::Moment;
use super::told::{App, reason};
use super::{Keeper, language};

/// What became of it.
#[derive(Debug, Serialize)]
pub(super) struct Ended {
    pub(super) app: String,
    says: String,
    ended: Moment,
    ended_by: Option<String>,
    reason: Option<String>,
}

impl Ended {
    /// One made up, for the trial of a bank's own pages.
    pub(super) fn sample() -> Self {
        Self {
            app: "Sample App".to_owned(),
            says: "Sample state".to_owned(),
            ended: Moment::sample("Sample moment"),
            ended_by: Some("Sample who ended it".to_owned()),
            reason: Some("Sample reason".to_owned()),
        }
    }
}

impl Keeper {
    /// What became of a consent that has ended: a page of its own, after those that were shown.
    pub(super) fn ended(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
    ) -> Result<Option<Ended>, Fault> {
        let (state, since) = consent.stands(looker.now);
        if !state.is_end() {
            return Ok(None);
        }
        let by = consent.ended_by.map(|by| self.by_words(looker, by));
        Ok(Some(Ended {
            app: App::of(looker, &consent.client)?.name,
            says: self.state_words(looker, Stands::In(state))?,
            ended: Moment::of(since, language(looker)?),
            ended_by: by.transpose()?,
            reason: reason(consent, looker.now),
        }))
    }
}
