//! Requests that open no data and bind nothing: one page, no second factor. The consent is made
//! when the customer allows it, so that nothing is written for whoever only looks.

use jiff::Timestamp;
use model::ports::{AgreedConsent, Answer, DeskAgreed, DeskEnding, DeskFault, DeskStep};
use model::{By, ConsentState, Edge, Response};

use super::act::{Act, Said, note};
use super::show::whole;
use super::{Stepped, Visit, end};
use crate::asked::Wish;
use crate::chosen::{self, Chosen};
use crate::draft::Draft;
use crate::evidence::{self, Kept};
use crate::page;

/// What the form says before the end that the page tells.
const BESIDE: &str = "plain.";

impl Visit<'_> {
    pub(super) fn show_plain(&self, wish: &Wish<'_>) -> Stepped {
        let settings = &self.desk.settings;
        let (now, latest) = (self.seat.asked.now, self.seat.latest_end);
        let until = chosen::end(&settings.profile, now, latest);
        Ok(DeskStep::Page(self.plain_page(wish, until)?))
    }

    pub(super) async fn act_plain(
        &self,
        wish: &Wish<'_>,
        answer: Answer<'_>,
        said: &Said<'_>,
    ) -> Stepped {
        let Some(until) = self.said_until(answer.beside) else {
            // It was made for another request, or grants end sooner by now than the page said.
            return Ok(DeskStep::Again);
        };
        match said.act {
            Act::Refuse => Ok(DeskStep::Over(end::over(DeskEnding::Refused, None))),
            Act::Allow => self.agreed_plain(wish, answer, until).await,
            Act::Extend | Act::Resend | Act::Stop => Err(DeskFault::Form(
                "the form says neither to allow nor to refuse",
            )),
        }
    }

    fn said_until(&self, beside: &str) -> Option<Timestamp> {
        let until = beside.strip_prefix(BESIDE)?.parse().ok()?;
        let until = Timestamp::from_second(until).ok()?;
        (self.seat.asked.now < until && until <= self.seat.latest_end).then_some(until)
    }

    fn plain_page(&self, wish: &Wish<'_>, until: Timestamp) -> Result<Response, DeskFault> {
        let seat = &self.seat;
        let form = (seat.page.form)(&format!("{BESIDE}{}", until.as_second()));
        let sheet = page::Drawn {
            pages: &self.desk.pages,
            frame: self.frame(self.language()?),
            who: &seat.who,
            customer: seat.customer.shown,
            words: &self.desk.settings.details,
            wish,
            form: &form,
            until,
            decide_until: None,
            more_time: false,
            wrong: &[],
        };
        Ok(page::review::draw(
            &sheet,
            &page::review::Review::default(),
            None,
        )?)
    }

    /// The evidence has the page as it is made again now: nothing was written when it was shown.
    async fn agreed_plain(&self, wish: &Wish<'_>, answer: Answer<'_>, until: Timestamp) -> Stepped {
        let desk = self.desk;
        let id = self.new_id()?;
        let mut draft = Draft::begun(desk.settings.catalogue.version(), until);
        let (_, html) = whole(self.plain_page(wish, until)?).await?;
        draft.note(self.seat.page.language, html);
        note(&mut draft, answer.members);
        let kept = Kept {
            bank: &desk.settings.bank,
            id: &id,
            edge: Edge::Authorise,
            by: By::Customer,
            at: self.seat.asked.now,
            text_version: desk.text_version,
        };
        let shown = evidence::shown(&draft, None, self.seat.signed);
        let evidence = kept.sealed(&shown, &desk.settings.kek, desk.ports.random.as_ref())?;
        let chosen = Chosen {
            asked: &self.seat.asked,
            wish,
            customer: self.seat.customer.subject,
            id: &id,
            draft: &draft,
        };
        Ok(DeskStep::Agreed(Box::new(DeskAgreed {
            consent: AgreedConsent {
                id: id.clone(),
                from: None,
                edge: Edge::Authorise,
                terms: chosen.terms(&desk.settings.profile)?,
                evidence,
                replaces: None,
            },
            details: chosen.details()?,
            until,
            part: self.part(None, ConsentState::Authorised, wish, 0),
            superseded: None,
        })))
    }
}
