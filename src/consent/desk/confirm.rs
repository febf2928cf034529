//! The second factor: over exactly what the customer was shown (specs/consent.md, screen C5).

use model::ports::{DeskFault, DeskStep, FactorSaid, ToConfirm};
use model::{ConsentState, Edge, Fault, GrantAction};

use super::act::{Said, note};
use super::{BANK_PATIENCE, Case, Stepped, Visit, end, unavailable};
use crate::asked::Wish;
use crate::draft::{Proof, Stage};
use crate::page::{self, Wrong};

/// How often a wrong code may be typed, over all that were sent, before nothing comes of it.
const FAILURES_MAX: u32 = 3;
/// How many codes are sent for one consent.
const BEGINS_MAX: u32 = 3;
/// The longest code, in characters.
const CODE_CHARS_MAX: usize = 16;

impl Visit<'_> {
    /// The customer has allowed all: now they prove once more who they are.
    pub(super) async fn begin(&mut self, mut case: Case, wish: &Wish<'_>) -> Stepped {
        let is_confirming = case.consent.state == ConsentState::Confirming;
        if is_confirming && case.has_all_codes() {
            return self.locked(&case, wish);
        }
        case.draft.stage = Stage::Confirm;
        case.draft.turn.clear();
        self.send(&mut case, wish).await?;
        if case.is_renewal() || is_confirming {
            // A renewal is in force, and takes no edge before it is renewed; who chose again has
            // taken the edge already.
            return self.keep(&case, DeskStep::Again).await;
        }
        // What was decided is kept as it was seen, before the page of the second factor.
        let evidence = self.evidence(&case, Edge::Allow, model::By::Customer, None)?;
        let mut change = end::change(&case.consent, Edge::Allow);
        let (id, desk) = (&case.consent.id, self.desk);
        change.draft = Some(case.draft.sealed(id, &desk.settings, &desk.ports)?);
        change.evidence = Some(evidence);
        self.take(&case, wish, GrantAction::ConsentAllow, change)
            .await
    }

    /// Another code, in the place of the one that was sent.
    pub(super) async fn resend(&mut self, mut case: Case, wish: &Wish<'_>) -> Stepped {
        if case.has_all_codes() {
            return self.locked(&case, wish);
        }
        if self.loses(&mut case, wish).await? {
            return self.choose_again(case, wish).await;
        }
        case.draft.turn.clear();
        self.send(&mut case, wish).await?;
        self.keep(&case, DeskStep::Again).await
    }

    /// Has the bank begin a proof over what the draft says.
    async fn send(&self, case: &mut Case, wish: &Wish<'_>) -> Result<(), DeskFault> {
        let (desk, seat) = (self.desk, &self.seat);
        let over = self.chosen(case, wish).over()?;
        let (accounts, until) = (&case.draft.accounts, case.draft.until);
        let line = |language| {
            page::confirm::line(&desk.pages, language, seat.who.app, wish, accounts, until)
        };
        let line_zh = line(web::Language::ZhCn)?;
        let line_en = line(web::Language::En)?;
        let what = ToConfirm {
            over,
            line_zh: &line_zh,
            line_en: &line_en,
        };
        let factor = desk.ports.factor.as_ref();
        let (subject, request) = (seat.customer.subject, seat.request_id);
        let begun = factor.begin(subject, what, request, seat.interaction, BANK_PATIENCE);
        let mut begun = begun.await.map_err(unavailable)?;
        let former = case.draft.proof.as_ref();
        let failures = former.map_or(0, |proof| proof.failures);
        begun.tries_left = begun.tries_left.min(FAILURES_MAX.saturating_sub(failures));
        case.draft.proof = Some(Proof {
            begun,
            over,
            failures,
            begins: former.map_or(0, |proof| proof.begins).saturating_add(1),
            is_live: true,
        });
        Ok(())
    }

    /// The customer typed a code.
    pub(super) async fn confirm(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        said: &Said<'_>,
    ) -> Stepped {
        let Some(proof) = case.draft.proof.clone() else {
            return Err(Fault::new("confirming without a second factor").into());
        };
        let over = self.chosen(&case, wish).over()?;
        let is_allowed = case.is_renewal() || case.consent.state == ConsentState::Confirming;
        if over != proof.over || !is_allowed {
            return Ok(DeskStep::Over(self.withdrawn_offer(&case.consent, wish)));
        }
        let Some(code) = code(said.code) else {
            return self.present(case, wish, None, &[Wrong::NoCode]).await;
        };
        if !proof.is_live {
            return self.present(case, wish, None, &[Wrong::CodeOver]).await;
        }
        if self.loses(&mut case, wish).await? {
            return self.choose_again(case, wish).await;
        }
        let seat = &self.seat;
        let (factor, id) = (self.desk.ports.factor.as_ref(), &proof.begun.id);
        let asked = factor.check(
            id,
            over,
            code,
            seat.request_id,
            seat.interaction,
            BANK_PATIENCE,
        );
        match asked.await.map_err(unavailable)? {
            FactorSaid::Good(result) if result.over == over => {
                let allow = ("act".to_owned(), "allow".to_owned());
                note(&mut case.draft, &[allow]);
                self.agreed(&case, wish, Some(result))
            }
            FactorSaid::Good(_) => Err(Fault::new("hearing of a proof over other values").into()),
            FactorSaid::Wrong { tries_left } => self.wrong(case, wish, proof, tries_left).await,
            FactorSaid::Locked => self.locked(&case, wish),
            FactorSaid::Expired | FactorSaid::NotOfThis => self.over(case, wish, proof).await,
        }
    }

    /// A code was wrong: the bank counts, and so do we, over all codes of this consent.
    async fn wrong(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        mut proof: Proof,
        tries_left: u32,
    ) -> Stepped {
        proof.failures = proof.failures.saturating_add(1);
        let left = tries_left.min(FAILURES_MAX.saturating_sub(proof.failures));
        if left == 0 {
            return self.locked(&case, wish);
        }
        proof.begun.tries_left = left;
        case.draft.proof = Some(proof);
        self.present(case, wish, None, &[Wrong::Code { tries_left: left }])
            .await
    }

    /// A code came too late, or the proof is of use no more: another may be begun.
    async fn over(&mut self, mut case: Case, wish: &Wish<'_>, mut proof: Proof) -> Stepped {
        proof.is_live = false;
        case.draft.proof = Some(proof);
        self.present(case, wish, None, &[Wrong::CodeOver]).await
    }
}

impl Case {
    /// Whether as many codes were sent as are sent for one consent.
    fn has_all_codes(&self) -> bool {
        let proof = self.draft.proof.as_ref();
        proof.is_some_and(|proof| proof.begins >= BEGINS_MAX)
    }
}

/// What was typed, if it can be a code: blanks in it are the customer's.
fn code(typed: Option<&str>) -> Option<&str> {
    let code = typed?.trim();
    let is_code = (1..=CODE_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}
