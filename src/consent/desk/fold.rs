//! The review on the page of the second factor, where the profile wants that: no step more than
//! the bank's own channel has (specs/consent.md §2). Accounts are chosen before, for the code is
//! over them; then one page tells all that is asked for and takes the code.

use model::ports::{Changed, DeskFault, DeskStep};
use model::{By, Edge, GrantAction};

use super::act::note;
use super::{Case, Visit, end};
use crate::asked::Wish;
use crate::catalogue::Accounts;
use crate::draft::{Chooser, Stage};
use crate::profile::ReviewPage;

impl Visit<'_> {
    /// Whether what is asked for is read on the page of the second factor.
    pub(super) fn is_on_one_page(&self, wish: &Wish<'_>) -> bool {
        wish.second_factor && self.desk.settings.profile.review_page == ReviewPage::WithFactor
    }

    /// Goes on from the beginning of a visit: to the accounts, where some are to be chosen, or else
    /// to the one page, with a code on its way; or says what comes instead.
    pub(super) async fn goes_on(
        &self,
        case: &mut Case,
        wish: &Wish<'_>,
    ) -> Result<Option<DeskStep>, DeskFault> {
        if wish.accounts != Accounts::None && !case.is_renewal() {
            case.draft.stage = Stage::Accounts;
            case.draft.chooser = Chooser::Apart;
            return Ok(None);
        }
        let over = self.chosen(case, wish).over()?;
        let sent = case.draft.proof.as_ref();
        if sent.is_none_or(|proof| proof.over != over) {
            if case.has_all_codes() {
                return self.locked(case, wish).map(Some);
            }
            // What is counted is counted in the draft that is kept, and none of this visit may be.
            let (id, desk) = (&case.consent.id, self.desk);
            let draft = case.draft.sealed(id, &desk.settings, &desk.ports)?;
            if !(self.put(case, draft).await? && self.send(case, wish).await?) {
                return Ok(Some(DeskStep::Again));
            }
        }
        case.draft.stage = Stage::Confirm;
        Ok(None)
    }

    /// The customer allows by the first code that they type: that is kept before the code is looked
    /// at, with the page that they saw. `false`: another tab was faster, or the time is over.
    pub(super) async fn allowed(
        &mut self,
        case: &mut Case,
        wish: &Wish<'_>,
        said: &[(String, String)],
    ) -> Result<bool, DeskFault> {
        if case.has_edge() {
            return Ok(true);
        }
        note(&mut case.draft, said);
        let (desk, id) = (self.desk, case.consent.id.clone());
        let (bank, now) = (&desk.settings.bank, self.seat.asked.now);
        let evidence = self.evidence(case, Edge::Allow, By::Customer, None)?;
        let mut change = end::change(&case.consent, Edge::Allow);
        change.draft = Some(case.draft.sealed(&id, &desk.settings, &desk.ports)?);
        change.evidence = Some(evidence);
        let from = case.consent.state;
        let to = end::after(from, Edge::Allow)?;
        let mut event = (self.seat.event)(GrantAction::ConsentAllow, Some(id.grant()));
        event.consent = Some(self.part(Some(from), to, wish, case.draft.accounts.len()));
        let consents = desk.ports.consents.as_ref();
        let Changed::Done(posted) = consents.change(bank, &id, change, now, event).await? else {
            return Ok(false);
        };
        self.posted.push(posted);
        let found = consents.find(bank, &id).await?;
        let Some(consent) = found.filter(|consent| consent.state == to) else {
            return Ok(false);
        };
        case.consent = consent;
        Ok(true)
    }
}
