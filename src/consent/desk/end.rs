//! How a visit ends: agreed, or over with what the app and the customer are told.

use model::ports::{
    AgreedConsent, Change, Consent, Declined, DeskAgreed, DeskEnding, DeskFault, DeskOver, DeskStep,
};
use model::{By, Channel, ConsentId, ConsentPart, ConsentState, Edge, FactorResult, Fault};

use super::course::Course;
use super::{Case, Stepped, Visit};
use crate::asked::Wish;
use crate::chosen::Chosen;
use crate::evidence::{self, Kept};
use crate::former::Former;

/// How a visit ends without a consent.
pub(super) type Ended = Box<DeskOver>;

/// Nothing comes of it, with the word for the app that goes with the ending.
pub(super) fn over(ending: DeskEnding, declined: Option<Declined>) -> Ended {
    Box::new(DeskOver {
        error: "access_denied",
        ending,
        declined,
    })
}

/// What the customer of a consent is told that was refused before they answered: by whom.
pub(super) fn refused_by(by: Option<By>) -> DeskEnding {
    match by {
        Some(By::Customer) => DeskEnding::Refused,
        Some(By::Partner) => DeskEnding::TakenBack,
        Some(By::Bank | By::House) | None => DeskEnding::Failed,
    }
}

/// Nothing comes of it, by no decision of the customer's.
pub(super) fn failed(error: &'static str) -> Ended {
    Box::new(DeskOver {
        error,
        ending: DeskEnding::Failed,
        declined: None,
    })
}

impl Visit<'_> {
    /// The customer refused, at whichever stage. A renewal that is refused leaves in force what is,
    /// and is kept as a refusal is.
    pub(super) fn refused(&self, case: &Case, wish: &Wish<'_>, ending: DeskEnding) -> Stepped {
        let mut change = change(&case.consent, Edge::Refuse);
        change.evidence = Some(self.evidence(case, Edge::Refuse, By::Customer, None)?);
        let declined = self.declined(case, wish, change, By::Customer)?;
        Ok(DeskStep::Over(over(ending, Some(declined))))
    }

    /// Too many codes were wrong.
    pub(super) fn locked(&self, case: &Case, wish: &Wish<'_>) -> Stepped {
        if case.is_renewal() {
            return Ok(DeskStep::Over(over(DeskEnding::Locked, None)));
        }
        // Who typed no code yet has used up the codes, and allowed nothing.
        let edge = match case.consent.state {
            ConsentState::Confirming => Edge::Lock,
            _ => Edge::Refuse,
        };
        let mut change = change(&case.consent, edge);
        change.evidence = Some(self.evidence(case, edge, By::House, None)?);
        let declined = self.declined(case, wish, change, By::House)?;
        Ok(DeskStep::Over(over(DeskEnding::Locked, Some(declined))))
    }

    /// There is no account that could be chosen.
    pub(super) fn without_accounts(&self, case: &Case, wish: &Wish<'_>) -> Stepped {
        if case.is_renewal() {
            return Ok(DeskStep::Over(over(DeskEnding::NoAccounts, None)));
        }
        let change = change(&case.consent, Edge::Refuse);
        let declined = self.declined(case, wish, change, By::House)?;
        Ok(DeskStep::Over(over(DeskEnding::NoAccounts, Some(declined))))
    }

    /// The time to decide is over.
    pub(super) fn lapsed(&self, consent: &Consent, wish: &Wish<'_>) -> Ended {
        let declined = self.by_house(consent, wish, Edge::Lapse, ConsentState::Lapsed);
        over(DeskEnding::TimedOut, Some(declined))
    }

    /// What the customer was about to confirm cannot be given any more.
    pub(super) fn withdrawn_offer(&self, consent: &Consent, wish: &Wish<'_>) -> Ended {
        let is_undecided = consent.state.is_undecided();
        let refused = || self.by_house(consent, wish, Edge::Refuse, ConsentState::Refused);
        over(DeskEnding::Failed, is_undecided.then(refused))
    }

    fn by_house(
        &self,
        consent: &Consent,
        wish: &Wish<'_>,
        edge: Edge,
        to: ConsentState,
    ) -> Declined {
        let mut part = self.part(Some(consent.state), to, wish, 0);
        part.by = By::House;
        part.channel = Channel::Clock;
        Declined {
            consent: consent.id.clone(),
            change: change(consent, edge),
            part,
        }
    }

    fn declined(
        &self,
        case: &Case,
        wish: &Wish<'_>,
        change: Change,
        by: By,
    ) -> Result<Declined, DeskFault> {
        let consent = &case.consent;
        let to = after(consent.state, change.edge)?;
        let mut part = self.part(Some(consent.state), to, wish, case.draft.accounts.len());
        part.by = by;
        Ok(Declined {
            consent: consent.id.clone(),
            change,
            part,
        })
    }

    /// The customer has agreed to what the draft says.
    pub(super) fn agreed(
        &self,
        case: &Case,
        wish: &Wish<'_>,
        factor: Option<FactorResult>,
    ) -> Stepped {
        let consent = &case.consent;
        let edge = if case.is_renewal() {
            Edge::Renew
        } else {
            Edge::Authorise
        };
        let to = after(consent.state, edge)?;
        let chosen = self.chosen(case, wish);
        let terms = chosen.terms(&self.desk.settings.profile)?;
        let (terms, replaced) = match &case.course {
            Course::Give => (terms, None),
            Course::Renew(former) => (former.renewed(terms), None),
            Course::Amend(former) => (former.within_its_days(terms), Some(former)),
        };
        let evidence = self.evidence(case, edge, By::Customer, factor)?;
        Ok(DeskStep::Agreed(Box::new(DeskAgreed {
            consent: AgreedConsent {
                id: consent.id.clone(),
                from: Some((consent.state, consent.version)),
                edge,
                terms,
                evidence,
                replaces: replaced.map(|former| (former.consent.id.clone(), self.seat.asked.now)),
            },
            details: chosen.details()?,
            until: case.draft.until,
            part: self.part(Some(consent.state), to, wish, case.draft.accounts.len()),
            superseded: replaced.map(|former| self.former_part(former, ConsentState::Superseded)),
        })))
    }

    /// What records tell of the end of the consent that the app names.
    pub(super) fn former_part(&self, former: &Former, to: ConsentState) -> ConsentPart {
        ConsentPart {
            from: Some(ConsentState::Authorised),
            to,
            by: By::Customer,
            channel: Channel::Page,
            text_version: Some(self.desk.text_version),
            customer: Some(self.seat.customer.pseudonym),
            clusters: former.terms.clusters.iter().cloned().collect(),
            resources: u32::try_from(former.accounts().len()).unwrap_or(u32::MAX),
            evidence_digest: None,
        }
    }

    pub(super) fn chosen<'c>(&'c self, case: &'c Case, wish: &'c Wish<'c>) -> Chosen<'c> {
        Chosen {
            asked: &self.seat.asked,
            wish,
            customer: self.seat.customer.subject,
            id: &case.consent.id,
            draft: &case.draft,
        }
    }

    /// What is kept of a decision: the pages as they were sent, and what their forms said.
    pub(super) fn evidence(
        &self,
        case: &Case,
        edge: Edge,
        by: By,
        factor: Option<FactorResult>,
    ) -> Result<model::Evidence, Fault> {
        self.evidence_of(&case.consent.id, case, (edge, by), factor)
    }

    /// The same, of this consent.
    pub(super) fn evidence_of(
        &self,
        id: &ConsentId,
        case: &Case,
        (edge, by): (Edge, By),
        factor: Option<FactorResult>,
    ) -> Result<model::Evidence, Fault> {
        let desk = self.desk;
        let kept = Kept {
            bank: &desk.settings.bank,
            id,
            edge,
            by,
            at: self.seat.asked.now,
            text_version: desk.text_version,
        };
        let shown = evidence::shown(&case.draft, factor, self.seat.signed);
        kept.sealed(&shown, &desk.settings.kek, desk.ports.random.as_ref())
    }
}

/// An edge of a consent as it stands.
pub(crate) fn change(consent: &Consent, edge: Edge) -> Change {
    Change {
        from: consent.state,
        version: consent.version,
        edge,
        subject: None,
        request: None,
        draft: None,
        decide_until: None,
        evidence: None,
        reason: None,
    }
}

/// The state after an edge.
pub(super) fn after(state: ConsentState, edge: Edge) -> Result<ConsentState, Fault> {
    let after = state.after(edge);
    after.map_err(|cause| Fault::caused("taking an edge of a consent", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_refused_is_told_by_whom_and_never_as_anothers_decision() {
        for by in By::ALL.map(Some).into_iter().chain([None]) {
            let ending = refused_by(by);
            let is_refused = ending == DeskEnding::Refused;
            assert_eq!(is_refused, by == Some(By::Customer), "{by:?}");
            let is_taken_back = ending == DeskEnding::TakenBack;
            assert_eq!(is_taken_back, by == Some(By::Partner), "{by:?}");
        }
    }
}
