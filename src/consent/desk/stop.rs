//! A customer who is asked for a consent once more, or for another in its place, and stops it all
//! (specs/consent.md, screens C10 and C11): what is in force is withdrawn at once, and then the app
//! is refused.

use model::ports::{Changed, DeskEnding, DeskFault, DeskStep, Withdrawal};
use model::{By, ConsentState, Edge, GrantAction};

use super::act::note;
use super::{Case, Stepped, Visit, end};
use crate::asked::Wish;
use crate::draft::Stage;

impl Visit<'_> {
    /// Withdraws the consent that the app names. It is kept with the pages that were seen, as a
    /// withdrawal on the dashboard is, and the road refuses its tokens from here on.
    pub(super) async fn stop(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        members: &[(String, String)],
    ) -> Stepped {
        let has_button = match case.draft.stage {
            Stage::Review => true,
            Stage::Confirm => self.is_on_one_page(wish),
            Stage::Accounts | Stage::Values => false,
        };
        note(&mut case.draft, members);
        let Some(former) = case.course.former().filter(|_| has_button) else {
            return Err(DeskFault::Form(
                "the page has nothing that could be stopped",
            ));
        };
        let (desk, id) = (self.desk, &former.consent.id);
        let evidence = self.evidence_of(id, &case, (Edge::Withdraw, By::Customer), None)?;
        let withdrawal = Withdrawal {
            edge: Edge::Withdraw,
            by: By::Customer,
            reason: None,
            tokens_until: self.seat.tokens_until,
            evidence: Some(evidence),
        };
        let mut event = (self.seat.event)(GrantAction::ConsentWithdraw, Some(id.grant()));
        event.consent = Some(self.former_part(former, ConsentState::Withdrawn));
        let (bank, now) = (&desk.settings.bank, self.seat.asked.now);
        let consents = desk.ports.consents.as_ref();
        let ended = consents.withdraw(bank, id, withdrawal, now, event);
        let Changed::Done(posted) = ended.await? else {
            // Another was faster, or its end has come: what holds now is shown next.
            return Ok(DeskStep::Again);
        };
        self.posted.push(posted);
        if case.is_renewal() {
            return Ok(DeskStep::Over(end::over(DeskEnding::Stopped, None)));
        }
        self.refused(&case, wish, DeskEnding::Stopped)
    }
}
