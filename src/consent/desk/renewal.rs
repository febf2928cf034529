//! A consent that its customer gives once more (specs/consent.md, screen C10). It stays in force as
//! it is until they have: nothing is made, and a visit that comes to nothing changes nothing. What
//! the customer has done so far lies in the draft of the consent itself.

use model::DECIDED_WITHIN;
use model::ports::DeskFault;

use super::course::Course;
use super::end::{self, Ended};
use super::{Case, Visit};
use crate::asked::Wish;
use crate::draft::{ChosenAccount, Draft, Proof};
use crate::former::Former;

impl Visit<'_> {
    /// The case of a consent that is to be renewed; or how the visit ends.
    pub(super) async fn renewal(
        &self,
        former: Box<Former>,
        wish: &Wish<'_>,
    ) -> Result<Result<Case, Ended>, DeskFault> {
        if !former.is_of(self.seat.customer.subject) {
            return Ok(Err(end::failed("access_denied")));
        }
        let kept = self.kept_draft(&former)?;
        // Another request of the same app begins anew.
        let is_of_this = former.consent.request == Some(self.seat.request);
        let draft = match kept {
            Some(draft) if is_of_this && self.is_of_today(&draft) => draft,
            kept => self.begun_again(&former, wish, kept).await?,
        };
        Ok(Ok(Case {
            consent: former.consent.clone(),
            draft,
            course: Course::Renew(former),
        }))
    }

    fn kept_draft(&self, former: &Former) -> Result<Option<Draft>, DeskFault> {
        let (consent, settings) = (&former.consent, &self.desk.settings);
        if consent.draft.is_empty() {
            return Ok(None);
        }
        let kek = settings.kek.as_ref();
        let draft = Draft::open(&consent.draft, &consent.id, &settings.bank, kek)?;
        Ok(Some(draft))
    }

    /// The beginning of a renewal: what was chosen is chosen already.
    async fn begun_again(
        &self,
        former: &Former,
        wish: &Wish<'_>,
        kept: Option<Draft>,
    ) -> Result<Draft, DeskFault> {
        let (settings, seat) = (&self.desk.settings, &self.seat);
        let until = former.renewed_end(&settings.profile, seat.asked.now, seat.latest_end);
        let listed = self.accounts(wish).await?;
        let accounts = former.still_chosen(wish, &listed);
        // Wrong codes count while the code is good, through whichever request it was sent.
        let is_good = |proof: &Proof| seat.asked.now < proof.begun.expires;
        let kept = kept.filter(|draft| draft.proof.as_ref().is_some_and(is_good));
        let (proof, tries) = kept.map_or_else(Default::default, |kept| (kept.proof, kept.tries));
        Ok(Draft {
            accounts: accounts.map(ChosenAccount::of).collect(),
            proof,
            tries,
            ..Draft::begun(settings.catalogue.version(), until)
        })
    }

    /// Until when the customer can decide.
    pub(super) fn decide_until(&self, case: &Case) -> jiff::Timestamp {
        let renewal = self.seat.opened_at.checked_add(DECIDED_WITHIN);
        match &case.course {
            Course::Renew(_) => renewal.unwrap_or(jiff::Timestamp::MAX),
            Course::Give | Course::Amend(_) => case.consent.decide_until,
        }
    }
}

impl Case {
    /// Whether its consent is in force already.
    pub(super) fn is_renewal(&self) -> bool {
        matches!(self.course, Course::Renew(_))
    }
}
