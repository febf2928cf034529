//! A request that failed by nobody's decision: it is over, and so is the consent that was made for
//! it, for which nobody can come any more.

use model::ports::{Change, Consent, Consents as _, Declined, StoreUnavailable};
use model::{By, Channel, ConsentPart, ConsentState, Edge};

use super::request::Known;
use super::{Turned, Visit};
use crate::evidence::OpenRecord;

impl Visit<'_> {
    /// Ends a request with this error, and its consent where one was made for it.
    pub(super) async fn failed(
        &self,
        known: &Known<'_>,
        error: &'static str,
        record: &mut OpenRecord<'_>,
    ) -> Result<(), Turned> {
        let undecided = self.undecided(known).await?;
        let has_consent = undecided.is_some();
        if !self.turn_down(known, error, undecided, record).await? && has_consent {
            // Somebody was faster with the consent, which ended or is in force: the request alone.
            self.turn_down(known, error, None, record).await?;
        }
        Ok(())
    }

    /// That the consent of a request ends, where it waits for its customer. For one that its
    /// partner lodged the app can come by another request: it stays.
    async fn undecided(&self, known: &Known<'_>) -> Result<Option<Declined>, StoreUnavailable> {
        if self.asking.desk.is_none() {
            return Ok(None);
        }
        let consents = self.issuer.consents();
        let found = consents.of_request(&self.issuer.bank, known.digest).await?;
        let is_made_for_it = |consent: &Consent| {
            let is_own = consent.client == *known.client_id && !consent.is_lodged;
            is_own && consent.state.is_undecided()
        };
        Ok(found
            .filter(is_made_for_it)
            .map(|consent| self.over_by_house(&consent)))
    }

    fn over_by_house(&self, consent: &Consent) -> Declined {
        let subjects = &self.asking.subjects;
        let subject = consent.subject.as_deref();
        Declined {
            consent: consent.id.clone(),
            change: Change {
                from: consent.state,
                version: consent.version,
                edge: Edge::Refuse,
                subject: None,
                request: None,
                draft: None,
                decide_until: None,
                evidence: None,
                reason: None,
            },
            part: ConsentPart {
                from: Some(consent.state),
                to: ConsentState::Refused,
                by: By::House,
                channel: Channel::Page,
                text_version: None,
                evidence_digest: None,
                customer: subject.map(|subject| subjects.pseudonym(subject)),
                clusters: Vec::new(),
                resources: 0,
            },
        }
    }
}
