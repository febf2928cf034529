//! The bank's consent desk, where it has one: what it says next to whoever is logged in as the
//! request asks, and what comes of that. The desk knows neither the way back to the app nor the
//! code; the proof of its forms is ours, so that what it reads was sent by this browser's session
//! (AZ-07).

use model::ports::{
    Answer, AskedFor, ConsentDesk, DeskEnding, DeskFault, DeskForm, DeskOver, DeskPage, DeskSaid,
    DeskStep, MayAsk, Seat, SeatedCustomer, WhoAsks,
};
use model::{Fault, GrantAction, GrantId, Response, ScopeSet, SignedRequest};

use super::approve::gone;
use super::authorize::{TO_APPROVE, name_of};
use super::grant::Given;
use super::request::{Known, Sitting};
use super::{Turned, Visit};
use crate::evidence::OpenRecord;
use crate::issuer::shown_until;
use crate::page::{Cause, Ending};

/// What is asked of the desk, as it reads it.
struct Question {
    scopes: ScopeSet,
    /// A JSON array.
    details: String,
}

impl Visit<'_> {
    /// What the desk shows, or makes of a form of its own.
    pub(super) async fn at_desk(
        &self,
        desk: &dyn ConsentDesk,
        sitting: Sitting<'_>,
        answer: Option<Answer<'_>>,
        record: &mut OpenRecord<'_>,
    ) -> Result<Response, Turned> {
        let known = sitting.known;
        let Some(signed) = &known.request.signed else {
            // It was pushed before the bank had a desk: another that is pushed now may be answered.
            let error = "temporarily_unavailable";
            return self.end(known, Ending::Failed, error, record).await;
        };
        let question = Question::of(known)?;
        let error = match desk.may_ask(self.asked_for(known, &question)).await? {
            MayAsk::Yes => None,
            MayAsk::Scope => Some("invalid_scope"),
            MayAsk::Details => Some("invalid_authorization_details"),
        };
        if let Some(error) = error {
            return self.end(known, Ending::Failed, error, record).await;
        }
        let is_answer = answer.is_some();
        let asked = self.asked(desk, sitting, (&question, signed), answer, record);
        let (said, posted) = asked.await;
        record.posted(posted);
        let done = match said? {
            DeskStep::Page(page) => {
                let (browser, is_new) = self.browser();
                return self.keeping(page, &browser, is_new);
            }
            DeskStep::Again => return self.on_to(known),
            DeskStep::Agreed(agreed) => {
                let given = Given::agreed(*agreed, self.latest_end())?;
                self.give(sitting, given, record).await?
            }
            DeskStep::Over(over) => self.over(known, *over, record).await?,
        };
        match done {
            Some(response) => self.leave(sitting.session.digest, response).await,
            // Another tab was quicker: what stands now is shown.
            None if is_answer => self.on_to(known),
            None => Err(gone()),
        }
    }

    fn asked_for<'q>(&'q self, known: &'q Known<'_>, question: &'q Question) -> AskedFor<'q> {
        AskedFor {
            bank: &self.issuer.bank,
            client: known.client_id,
            scopes: &question.scopes,
            details: &question.details,
            now: self.now,
        }
    }

    async fn asked(
        &self,
        desk: &dyn ConsentDesk,
        Sitting {
            known,
            secret,
            session,
        }: Sitting<'_>,
        (question, signed): (&Question, &SignedRequest),
        answer: Option<Answer<'_>>,
        record: &OpenRecord<'_>,
    ) -> DeskSaid {
        let events = self.events(record);
        let event =
            |action: GrantAction, grant: Option<&GrantId>| events.of(action, grant, self.now);
        let form = |beside: &str| self.desk_form(known, secret, beside);
        let switch = self.switch(known);
        let partner = &known.client.partner;
        let number = self.issuer.trust.organization_of(partner);
        let seat = Seat {
            asked: self.asked_for(known, question),
            request: known.digest,
            signed,
            who: WhoAsks {
                app: name_of(known.client, known.language),
                legal: &known.client.app.legal,
                // Whoever is known by another name of a certificate has the bank's id alone.
                number: number.unwrap_or(partner.as_str()),
                contact: &known.client.contact,
            },
            app_elsewhere: name_of(known.client, known.language.other()),
            customer: SeatedCustomer {
                subject: &session.subject,
                shown: &session.shown,
                acr: session.acr.as_deref(),
                pseudonym: self.asking.subjects.pseudonym(&session.subject),
            },
            page: DeskPage {
                language: known.language.tag(),
                bank: self.bank(known.language),
                host: self.issuer.host(),
                switch: &switch,
                form: &form,
            },
            opened_at: known.opened_at,
            latest_end: self.latest_end(),
            tokens_until: shown_until(self.now),
            event: &event,
            request_id: self.request_id,
            interaction: self.interaction,
        };
        match answer {
            Some(answer) => desk.act(seat, answer).await,
            None => desk.show(seat).await,
        }
    }

    /// A form that comes back to the endpoint, by this session alone, with what it is made to say.
    fn desk_form(&self, known: &Known<'_>, secret: &[u8; 32], beside: &str) -> DeskForm {
        let request = format!("{} {beside}", known.name());
        let csrf = web::Csrf {
            secret,
            purpose: TO_APPROVE,
            form: &request,
        };
        DeskForm {
            action: self.action("approve", known),
            csrf: csrf.token(),
            request,
        }
    }

    /// Ends the request with its consent, and tells the app; `None` when one of the two is not as
    /// the desk found it.
    async fn over(
        &self,
        known: &Known<'_>,
        over: DeskOver,
        record: &mut OpenRecord<'_>,
    ) -> Result<Option<Response>, Turned> {
        if !self
            .turn_down(known, over.error, over.declined, record)
            .await?
        {
            return Ok(None);
        }
        let ending = Ending::from(over.ending);
        let back = self.send_back(known, ending, &[("error", over.error)]);
        back.map(Some)
    }
}

impl Question {
    fn of(known: &Known<'_>) -> Result<Self, Fault> {
        let scopes = ScopeSet::parse(&known.request.scope);
        Ok(Self {
            scopes: scopes.map_err(|_| Fault::new("reading back the scopes"))?,
            details: known.request.authorization_details.as_json(),
        })
    }
}

impl From<DeskEnding> for Ending {
    fn from(ending: DeskEnding) -> Self {
        match ending {
            DeskEnding::Refused => Self::Refused,
            DeskEnding::TakenBack => Self::TakenBack,
            DeskEnding::Stopped => Self::Stopped,
            DeskEnding::TimedOut => Self::TimedOut,
            DeskEnding::Locked => Self::Locked,
            DeskEnding::NoAccounts | DeskEnding::Failed => Self::Failed,
        }
    }
}

impl From<DeskFault> for Turned {
    fn from(fault: DeskFault) -> Self {
        match fault {
            DeskFault::Unavailable(cause) => Self::unavailable(cause),
            DeskFault::Broke(fault) => fault.into(),
            DeskFault::Form(rule) => Self::away(Cause::BadRequest, "invalid_request", rule),
        }
    }
}
