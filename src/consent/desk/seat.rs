//! How a customer is seated: the consent of their request, made when they come first, and whether
//! it still is theirs to decide.

use std::time::Duration;

use jiff::Timestamp;
use model::ports::{Consent, DeskEnding, DeskFault, Lodge};
use model::{ConsentState, GrantAction};
use serde::Serialize;

use super::end::{self, Ended};
use super::{Case, Visit};
use crate::asked::Wish;
use crate::chosen;
use crate::draft::Draft;

/// How long a customer may take, counted from when the link was opened first.
const VISIT: Duration = Duration::from_mins(15);

/// What is asked for, as the store keeps it.
#[derive(Serialize)]
struct Lodged<'a> {
    scope: String,
    authorization_details: &'a str,
}

impl Visit<'_> {
    /// The case of this request; or how the visit ends.
    pub(super) async fn seated(
        &mut self,
        wish: &Wish<'_>,
    ) -> Result<Result<Case, Ended>, DeskFault> {
        let desk = self.desk;
        let found = desk
            .ports
            .consents
            .of_request(&desk.settings.bank, self.seat.request)
            .await?;
        let consent = match found {
            Some(consent) => consent,
            None => match self.lodge(wish).await? {
                Ok(consent) => consent,
                Err(over) => return Ok(Err(over)),
            },
        };
        self.case_of(consent, wish)
    }

    /// The case of a consent that was found.
    fn case_of(&self, consent: Consent, wish: &Wish<'_>) -> Result<Result<Case, Ended>, DeskFault> {
        let is_own = consent.client == *self.seat.asked.client
            && consent.subject.as_deref() == Some(self.seat.customer.subject);
        if !is_own {
            // What another customer chose is not shown, and not decided by this one.
            return Ok(Err(end::failed("access_denied")));
        }
        match consent.state {
            ConsentState::Reviewing | ConsentState::Confirming => {}
            ConsentState::Lapsed => return Ok(Err(end::over(DeskEnding::TimedOut, None))),
            ConsentState::Refused => return Ok(Err(end::over(DeskEnding::Refused, None))),
            _ => return Ok(Err(end::failed("access_denied"))),
        }
        if self.seat.asked.now >= consent.decide_until {
            return Ok(Err(self.lapsed(&consent, wish)));
        }
        let desk = self.desk;
        let (bank, kek) = (&desk.settings.bank, desk.settings.kek.as_ref());
        let draft = Draft::open(&consent.draft, &consent.id, bank, kek)?;
        let is_of_today = draft.catalogue == desk.settings.catalogue.version()
            && draft.until <= self.seat.latest_end
            && self.seat.asked.now < draft.until;
        if is_of_today {
            return Ok(Ok(Case { consent, draft }));
        }
        if consent.state == ConsentState::Confirming {
            // The second factor is over words, or an end, that hold no more.
            return Ok(Err(self.withdrawn_offer(&consent, wish)));
        }
        let draft = self.begun();
        Ok(Ok(Case { consent, draft }))
    }

    fn begun(&self) -> Draft {
        let settings = &self.desk.settings;
        let (now, latest) = (self.seat.asked.now, self.seat.latest_end);
        let until = chosen::end(&settings.profile, now, latest);
        Draft::begun(settings.catalogue.version(), until)
    }

    /// Makes the consent; or says how the visit ends.
    async fn lodge(&mut self, wish: &Wish<'_>) -> Result<Result<Consent, Ended>, DeskFault> {
        let desk = self.desk;
        let now = self.seat.asked.now;
        let decide_until = self.seat.opened_at.checked_add(VISIT);
        let decide_until = decide_until.unwrap_or(Timestamp::MAX);
        if now >= decide_until {
            return Ok(Err(end::over(DeskEnding::TimedOut, None)));
        }
        let consent = self.new_consent(decide_until)?;
        let state = consent.state;
        let id = consent.id.clone();
        let mut event = (self.seat.event)(GrantAction::ConsentOpen, Some(id.grant()));
        event.consent = Some(self.part(None, state, wish, 0));
        let lodged = desk
            .ports
            .consents
            .lodge(&desk.settings.bank, consent.clone(), now, event)
            .await?;
        Ok(match lodged {
            Lodge::Kept(posted) => {
                self.posted.push(posted);
                Ok(consent)
            }
            Lodge::Known(consent) => Ok(*consent),
            Lodge::Full => Err(end::failed("temporarily_unavailable")),
        })
    }

    fn new_consent(&self, decide_until: Timestamp) -> Result<Consent, DeskFault> {
        let (desk, seat) = (self.desk, &self.seat);
        let (id, now) = (self.new_id()?, seat.asked.now);
        let lodged = Lodged {
            scope: seat.asked.scopes.to_string(),
            authorization_details: seat.asked.details,
        };
        let lodged = serde_json::to_vec(&lodged)
            .map_err(|cause| model::Fault::caused("writing what a consent is asked for", cause))?;
        let draft = self.begun();
        Ok(Consent {
            digest: crypto::sha256(id.as_str().as_bytes()),
            client: seat.asked.client.clone(),
            subject: Some(seat.customer.subject.to_owned()),
            request: Some(seat.request),
            state: ConsentState::Reviewing,
            version: 0,
            lodged,
            draft: draft.sealed(&id, &desk.settings, &desk.ports)?,
            id,
            terms: None,
            made_at: now,
            decide_until,
            extended: 0,
            changed_at: now,
            expires: None,
            ended_until: None,
            replaces: None,
            replaced_by: None,
            is_lodged: false,
            ended_by: None,
            reason: None,
        })
    }
}
