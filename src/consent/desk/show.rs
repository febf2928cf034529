//! What a customer sees now.

use http_body_util::BodyExt;
use jiff::Timestamp;
use model::ports::{Choices, DeskFault, DeskStep, Keep, OwnAccount};
use model::{EXTENSIONS_MAX, Fault, Response};
use web::Frame;

use super::act::Said;
use super::course::Course;
use super::{Case, Stepped, Visit};
use crate::asked::Wish;
use crate::catalogue::Accounts;
use crate::draft::{Chooser, Stage};
use crate::page::confirm::Factor;
use crate::page::{self, Wrong};

/// Up to how many accounts are chosen from on the page that tells what is asked for
/// (specs/consent.md, screen C3).
const ON_REVIEW_MAX: usize = 4;
/// Random bytes of a turn.
const TURN_BYTES: usize = 8;

impl Visit<'_> {
    pub(super) async fn show(&mut self) -> Stepped {
        let mut wish = match self.wish() {
            Ok(wish) => wish,
            Err(over) => return Ok(DeskStep::Over(over)),
        };
        if self.is_plain(&wish) {
            return self.show_plain(&wish);
        }
        match self.seated(&mut wish).await? {
            Ok(case) => self.present(case, &wish, None, &[]).await,
            Err(over) => Ok(DeskStep::Over(over)),
        }
    }

    /// Shows the page of the stage, with what was wrong about the last form; and keeps it.
    pub(super) async fn present(
        &mut self,
        mut case: Case,
        wish: &Wish<'_>,
        said: Option<&Said<'_>>,
        wrong: &[Wrong],
    ) -> Stepped {
        let has_chosen = wish.accounts == Accounts::None || !case.draft.accounts.is_empty();
        if case.draft.stage == Stage::Review && self.is_on_one_page(wish) {
            if case.is_renewal() && !has_chosen {
                return self.without_accounts(&case, wish);
            }
            if let Some(instead) = self.goes_on(&mut case, wish).await? {
                return Ok(instead);
            }
        }
        let accounts = match case.draft.stage {
            // What was chosen stays chosen.
            Stage::Review | Stage::Accounts if case.is_renewal() => Vec::new(),
            Stage::Review | Stage::Accounts => self.accounts(wish).await?,
            Stage::Values | Stage::Confirm => Vec::new(),
        };
        let is_first = case.draft.stage == Stage::Review;
        if is_first && !case.is_renewal() {
            case.draft.chooser = chooser(wish, &accounts);
        }
        let is_choice = matches!(case.draft.stage, Stage::Review | Stage::Accounts);
        let has_none = accounts.iter().all(|one| one.unavailable.is_some());
        if is_choice && has_none && !has_chosen {
            return self.without_accounts(&case, wish);
        }
        let turn = crypto::random_array::<TURN_BYTES>(self.desk.ports.random.as_ref());
        case.draft.turn = crypto::hex(&turn);
        let response = self.drawn(&case, wish, &accounts, said, wrong)?;
        let (response, html) = whole(response).await?;
        case.draft.note(self.seat.page.language, html);
        self.keep(&mut case, DeskStep::Page(response)).await
    }

    /// Keeps the draft; then comes this.
    pub(super) async fn keep(&self, case: &mut Case, then: DeskStep) -> Stepped {
        let desk = self.desk;
        let (settings, ports) = (&desk.settings, &desk.ports);
        let draft = case.draft.sealed(&case.consent.id, settings, ports)?;
        // If another tab was faster, or the time is over, what holds now is shown next.
        let is_kept = self.put(case, draft).await?;
        Ok(if is_kept { then } else { DeskStep::Again })
    }

    /// Keeps a sealed draft in the place of the one that was read; whether that still was there,
    /// and could be chosen on.
    pub(super) async fn put(&self, case: &mut Case, draft: Vec<u8>) -> Result<bool, DeskFault> {
        let choices = Choices {
            version: case.consent.version,
            subject: None,
            request: case.is_renewal().then_some(self.seat.request),
            former: std::mem::take(&mut case.consent.draft),
            draft: Some(draft.clone()),
        };
        let (bank, id) = (&self.desk.settings.bank, &case.consent.id);
        let consents = self.desk.ports.consents.as_ref();
        let kept = consents
            .keep(bank, id, choices, self.seat.asked.now)
            .await?;
        case.consent.draft = draft;
        Ok(kept == Keep::Kept)
    }

    fn drawn(
        &self,
        case: &Case,
        wish: &Wish<'_>,
        accounts: &[OwnAccount],
        said: Option<&Said<'_>>,
        wrong: &[Wrong],
    ) -> Result<Response, DeskFault> {
        let (desk, seat) = (self.desk, &self.seat);
        let form = (seat.page.form)(&case.draft.beside(case.consent.version));
        let more_time = case.consent.extended < EXTENSIONS_MAX && !case.is_renewal();
        let language = self.language()?;
        let sheet = page::Drawn {
            pages: &desk.pages,
            frame: self.frame(language),
            who: &seat.who,
            customer: seat.customer.shown,
            words: &desk.settings.details,
            wish,
            form: &form,
            until: case.draft.until,
            decide_until: Some(self.decide_until(case)),
            more_time,
            wrong,
        };
        let ticked = ticked(case, said);
        let is_on_one_page = self.is_on_one_page(wish);
        let response = match case.draft.stage {
            Stage::Review => self.drawn_review(&sheet, case, accounts, &ticked, None),
            Stage::Accounts => page::accounts::draw(&sheet, accounts, &ticked, is_on_one_page),
            Stage::Values => page::values::draw(&sheet, &case.draft.accounts),
            Stage::Confirm => {
                let factor = factor(case, seat.asked.now, language)?;
                if is_on_one_page {
                    self.drawn_review(&sheet, case, &[], &[], Some(factor))
                } else {
                    page::confirm::draw(&sheet, &case.draft.accounts, factor)
                }
            }
        };
        Ok(response?)
    }

    /// The page that tells what is asked for; where it takes a code too, with the accounts that
    /// were chosen.
    fn drawn_review(
        &self,
        sheet: &page::Drawn<'_>,
        case: &Case,
        accounts: &[OwnAccount],
        ticked: &[&str],
        factor: Option<Factor>,
    ) -> Result<Response, Fault> {
        let former = match &case.course {
            Course::Renew(former) => {
                return page::renewal::draw(sheet, &case.draft.accounts, former, factor);
            }
            Course::Give => None,
            Course::Amend(former) => Some(former),
        };
        let has_chooser = case.draft.chooser == Chooser::OnReview;
        let review = page::review::Review {
            apart: &self.apart(&case.course, sheet.wish),
            accounts: if has_chooser { accounts } else { &[] },
            ticked,
            chosen: match &factor {
                Some(_) => &case.draft.accounts,
                None => &[],
            },
            amended: former.map(|former| page::amendment::Amended {
                former,
                catalogue: &self.desk.settings.catalogue,
            }),
        };
        page::review::draw(sheet, &review, factor)
    }

    pub(super) fn frame(&self, language: web::Language) -> Frame<'_> {
        let page = &self.seat.page;
        Frame {
            language,
            bank: page.bank,
            host: page.host,
            switch: Some(page.switch),
            correlation: self.seat.request_id,
            help: None,
            complaint: None,
        }
    }
}

/// The second factor that is under way.
fn factor(case: &Case, now: Timestamp, language: web::Language) -> Result<Factor, Fault> {
    let proof = case.draft.proof.as_ref();
    let proof = proof.ok_or_else(|| Fault::new("showing no second factor"))?;
    let is_live = proof.is_live && now < proof.begun.expires;
    Factor::of(&proof.begun, is_live, language)
}

/// The accounts that are ticked: those that the last form says, and before there was one those of
/// the consent whose place this takes.
fn ticked<'c>(case: &'c Case, said: Option<&Said<'c>>) -> Vec<&'c str> {
    match (said, case.course.former()) {
        (Some(said), _) => said.accounts.clone(),
        (None, Some(former)) => former.accounts().iter().map(|id| id.as_str()).collect(),
        (None, None) => Vec::new(),
    }
}

/// Where accounts are chosen.
fn chooser(wish: &Wish<'_>, accounts: &[OwnAccount]) -> Chooser {
    match wish.accounts {
        Accounts::None => Chooser::Nowhere,
        Accounts::One | Accounts::Some if accounts.len() <= ON_REVIEW_MAX => Chooser::OnReview,
        Accounts::One | Accounts::Some => Chooser::Apart,
    }
}

/// The page and its text.
pub(crate) async fn whole(response: Response) -> Result<(Response, String), Fault> {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await;
    let bytes = bytes
        .map_err(|_| Fault::new("reading a page of our own"))?
        .to_bytes();
    let text = String::from_utf8(bytes.to_vec())
        .map_err(|cause| Fault::caused("reading a page of our own", cause))?;
    Ok((Response::from_parts(parts, model::full(bytes)), text))
}
