//! The second factor: over exactly what the customer was shown (specs/consent.md, screen C5).

use model::ports::{DeskFault, DeskStep, FactorSaid, ToConfirm};
use model::{ConsentState, Edge, Fault, GrantAction};

use super::act::{Said, note};
use super::{BANK_PATIENCE, Case, Stepped, Visit, end, unavailable};
use crate::asked::Wish;
use crate::draft::{Draft, Proof, Stage, Tries};
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
        // On the one page nothing is allowed yet.
        let is_kept = case.has_edge() || self.is_on_one_page(wish);
        if case.has_all_codes() {
            return if is_kept {
                self.locked(&case, wish)
            } else {
                Ok(DeskStep::Over(self.withdrawn_offer(&case.consent, wish)))
            };
        }
        if !self.send(&mut case, wish).await? {
            return Ok(DeskStep::Again);
        }
        case.draft.stage = Stage::Confirm;
        if is_kept {
            return self.keep(&mut case, DeskStep::Again).await;
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
        if !self.send(&mut case, wish).await? {
            return Ok(DeskStep::Again);
        }
        self.keep(&mut case, DeskStep::Again).await
    }

    /// Has the bank begin a proof over what the draft says; `false` when the form is answered
    /// already.
    pub(super) async fn send(&self, case: &mut Case, wish: &Wish<'_>) -> Result<bool, DeskFault> {
        let (desk, seat) = (self.desk, &self.seat);
        let over = self.chosen(case, wish).over()?;
        let (accounts, until) = (&case.draft.accounts, case.draft.until);
        let line = |language: web::Language| {
            let app = if language.tag() == seat.page.language {
                seat.who.app
            } else {
                seat.app_elsewhere
            };
            page::confirm::line(&desk.pages, language, app, wish, accounts, until)
        };
        let line_zh = line(web::Language::ZhCn)?;
        let line_en = line(web::Language::En)?;
        let what = ToConfirm {
            over,
            line_zh: &line_zh,
            line_en: &line_en,
        };
        let count = |tries: &mut Tries| tries.begins = tries.begins.saturating_add(1);
        let Some(claim) = self.claim(case, count).await? else {
            return Ok(false);
        };
        let factor = desk.ports.factor.as_ref();
        let (subject, request) = (seat.customer.subject, seat.request_id);
        let begun = factor.begin(subject, what, request, seat.interaction, BANK_PATIENCE);
        let mut begun = match begun.await {
            Ok(begun) => begun,
            Err(cause) => {
                self.give_back(case, claim).await;
                return Err(unavailable(cause));
            }
        };
        begun.tries_left = begun.tries_left.min(case.tries_left());
        case.draft.proof = Some(Proof {
            begun,
            over,
            is_live: true,
        });
        Ok(true)
    }

    /// Takes the form that is answered, and counts what it tries before the bank is asked: of all
    /// that come of one page, and of all that read one draft, this one goes on. `None` when another
    /// was faster.
    async fn claim(
        &self,
        case: &mut Case,
        count: impl FnOnce(&mut Tries),
    ) -> Result<Option<Claim>, DeskFault> {
        let (settings, ports) = (&self.desk.settings, &self.desk.ports);
        let (id, bank) = (&case.consent.id, &settings.bank);
        let mut taken = Draft::open(&case.consent.draft, id, bank, &settings.kek)?;
        count(&mut taken.tries);
        taken.turn.clear();
        let sealed = taken.sealed(id, settings, ports)?;
        let former = case.consent.draft.clone();
        if !self.put(case, sealed).await? {
            return Ok(None);
        }
        case.draft.tries = taken.tries;
        case.draft.turn.clear();
        Ok(Some(Claim { former }))
    }

    /// The bank has not said what became of it: the form can be sent again, and nothing of it
    /// counts. What cannot be given back stays counted.
    async fn give_back(&self, case: &mut Case, claim: Claim) {
        self.put(case, claim.former).await.ok();
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
        let is_on_one_page = self.is_on_one_page(wish);
        if over != proof.over || !(case.has_edge() || is_on_one_page) {
            return Ok(DeskStep::Over(self.withdrawn_offer(&case.consent, wish)));
        }
        let has_box = is_on_one_page && !self.apart(&case.course, wish).is_empty();
        let code = code(said.code);
        let wrong = [
            (has_box && !said.is_separate).then_some(Wrong::NotSeparate),
            code.is_none().then_some(Wrong::NoCode),
        ];
        let wrong: Vec<Wrong> = wrong.into_iter().flatten().collect();
        let (Some(code), true) = (code, wrong.is_empty()) else {
            return self.present(case, wish, None, &wrong).await;
        };
        if !proof.is_live {
            return self.present(case, wish, None, &[Wrong::CodeOver]).await;
        }
        if self.loses(&mut case, wish).await? {
            return self.choose_again(case, wish).await;
        }
        if case.tries_left() == 0 {
            return self.locked(&case, wish);
        }
        let (has_edge, answers) = (case.has_edge(), said.answers(has_box));
        if !self.allowed(&mut case, wish, &answers).await? {
            return Ok(DeskStep::Again);
        }
        let Some(heard) = self.heard(&mut case, &proof, code).await? else {
            return Ok(DeskStep::Again);
        };
        match heard {
            FactorSaid::Good(result) if result.over == over => {
                // On the one page the first code was kept with what was said beside it.
                if has_edge {
                    note(&mut case.draft, &answers);
                }
                self.agreed(&case, wish, Some(result))
            }
            FactorSaid::Good(_) => Err(Fault::new("hearing of a proof over other values").into()),
            FactorSaid::Wrong { tries_left } => self.wrong(case, wish, proof, tries_left).await,
            FactorSaid::Locked => self.locked(&case, wish),
            FactorSaid::Expired | FactorSaid::NotOfThis => self.over(case, wish, proof).await,
        }
    }

    /// What the bank says to a code; `None` when the form is answered already.
    async fn heard(
        &self,
        case: &mut Case,
        proof: &Proof,
        code: &str,
    ) -> Result<Option<FactorSaid>, DeskFault> {
        let count = |tries: &mut Tries| tries.wrong = tries.wrong.saturating_add(1);
        let Some(claim) = self.claim(case, count).await? else {
            return Ok(None);
        };
        let (seat, factor) = (&self.seat, self.desk.ports.factor.as_ref());
        let asked = factor.check(
            &proof.begun.id,
            proof.over,
            code,
            seat.request_id,
            seat.interaction,
            BANK_PATIENCE,
        );
        match asked.await {
            Ok(said) => Ok(Some(said)),
            Err(cause) => {
                self.give_back(case, claim).await;
                Err(unavailable(cause))
            }
        }
    }

    /// A code was wrong, as it was counted: the bank counts, and so do we, over all codes of this
    /// consent.
    async fn wrong(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        mut proof: Proof,
        tries_left: u32,
    ) -> Stepped {
        let left = tries_left.min(case.tries_left());
        if left == 0 {
            return self.locked(&case, wish);
        }
        proof.begun.tries_left = left;
        case.draft.proof = Some(proof);
        self.present(case, wish, None, &[Wrong::Code { tries_left: left }])
            .await
    }

    /// A code came too late, or the proof is of use no more: another may be begun. That it was
    /// wrong nobody knows.
    async fn over(&mut self, mut case: Case, wish: &Wish<'_>, mut proof: Proof) -> Stepped {
        proof.is_live = false;
        case.draft.tries.wrong = case.draft.tries.wrong.saturating_sub(1);
        case.draft.proof = Some(proof);
        self.present(case, wish, None, &[Wrong::CodeOver]).await
    }
}

/// A form that was taken.
struct Claim {
    /// The draft as it lay in the store before, sealed.
    former: Vec<u8>,
}

impl Case {
    /// Whether no edge comes before the code: a renewal is in force, and takes none before it is
    /// renewed; who chose again, or typed a wrong code, has taken it already.
    pub(super) fn has_edge(&self) -> bool {
        self.is_renewal() || self.consent.state == ConsentState::Confirming
    }

    /// Whether as many codes were sent as are sent for one consent.
    pub(super) fn has_all_codes(&self) -> bool {
        self.draft.tries.begins >= BEGINS_MAX
    }

    /// How many codes may still be wrong, by our count.
    fn tries_left(&self) -> u32 {
        FAILURES_MAX.saturating_sub(self.draft.tries.wrong)
    }
}

/// What was typed, if it can be a code: blanks in it are the customer's.
fn code(typed: Option<&str>) -> Option<&str> {
    let code = typed?.trim();
    let is_code = (1..=CODE_CHARS_MAX).contains(&code.len())
        && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_code.then_some(code)
}
