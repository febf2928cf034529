//! How a customer is seated: the consent of their request, made when they come first, and whether
//! it still is theirs to decide.

use std::time::Duration;

use jiff::Timestamp;
use model::ports::{Changed, Consent, DeskEnding, DeskFault, Lodge};
use model::{ConsentState, Edge, GrantAction};

use super::course::Course;
use super::end::{self, Ended};
use super::{Case, Visit};
use crate::asked::Wish;
use crate::chosen;
use crate::draft::Draft;
use crate::lodged::{Before, Lodged};

/// How long a customer may take, counted from when the link was opened first.
const VISIT: Duration = Duration::from_mins(15);

impl Visit<'_> {
    /// The case of this request, which is for one purpose from here on; or how the visit ends.
    pub(super) async fn seated(
        &mut self,
        wish: &mut Wish<'_>,
    ) -> Result<Result<Case, Ended>, DeskFault> {
        let Ok(course) = self.desk.course(&self.seat.asked, wish).await? else {
            return Ok(Err(end::failed("invalid_authorization_details")));
        };
        let former = course.former();
        wish.keep_purpose(former.and_then(|former| former.terms.purpose.as_ref()));
        let wish = &*wish;
        let course = match course {
            Course::Renew(former) => return self.renewal(former, wish).await,
            course => course,
        };
        let subject = self.seat.customer.subject;
        if course.former().is_some_and(|former| !former.is_of(subject)) {
            return Ok(Err(end::failed("access_denied")));
        }
        let consent = match self.before {
            Some(before) => self.opened(before, wish).await?,
            None => self.of_request(wish, &course).await?,
        };
        match consent {
            Ok(consent) => self.case_of(consent, wish, course),
            Err(over) => Ok(Err(over)),
        }
    }

    /// The consent of the pushed request, made when its customer comes first.
    async fn of_request(
        &mut self,
        wish: &Wish<'_>,
        course: &Course,
    ) -> Result<Result<Consent, Ended>, DeskFault> {
        let desk = self.desk;
        let consents = desk.ports.consents.as_ref();
        let found = consents.of_request(&desk.settings.bank, self.seat.request);
        match found.await? {
            Some(consent) => Ok(Ok(consent)),
            None => self.lodge(wish, course).await,
        }
    }

    /// The consent that the app names, opened when its customer comes first. From then on it is
    /// theirs, by whichever request of the app's they come.
    async fn opened(
        &mut self,
        before: &Before,
        wish: &Wish<'_>,
    ) -> Result<Result<Consent, Ended>, DeskFault> {
        let (desk, consent) = (self.desk, &before.consent);
        if consent.state != ConsentState::Requested {
            return Ok(Ok(consent.clone()));
        }
        let now = self.seat.asked.now;
        if now >= consent.decide_until {
            return Ok(Err(self.lapsed(consent, wish)));
        }
        let (id, bank) = (&consent.id, &desk.settings.bank);
        let mut change = end::change(consent, Edge::Open);
        change.subject = Some(self.seat.customer.subject.to_owned());
        let draft = self.begun(wish);
        change.draft = Some(draft.sealed(id, &desk.settings, &desk.ports)?);
        let to = end::after(consent.state, Edge::Open)?;
        let mut event = (self.seat.event)(GrantAction::ConsentOpen, Some(id.grant()));
        event.consent = Some(self.part(Some(consent.state), to, wish, 0));
        let consents = desk.ports.consents.as_ref();
        let changed = consents.change(bank, id, change, now, event);
        if let Changed::Done(posted) = changed.await? {
            self.posted.push(posted);
        }
        // Another tab may have been faster: what stands now is what counts.
        let found = consents.find(bank, id).await?;
        Ok(found.ok_or_else(|| end::failed("access_denied")))
    }

    /// The case of a consent that was found.
    fn case_of(
        &self,
        consent: Consent,
        wish: &Wish<'_>,
        course: Course,
    ) -> Result<Result<Case, Ended>, DeskFault> {
        let is_own = consent.client == *self.seat.asked.client
            && consent.subject.as_deref() == Some(self.seat.customer.subject);
        if !is_own {
            // What another customer chose is not shown, and not decided by this one.
            return Ok(Err(end::failed("access_denied")));
        }
        match consent.state {
            ConsentState::Reviewing | ConsentState::Confirming => {}
            ConsentState::Lapsed => return Ok(Err(end::over(DeskEnding::TimedOut, None))),
            ConsentState::Refused => {
                let ending = end::refused_by(consent.ended_by);
                return Ok(Err(end::over(ending, None)));
            }
            _ => return Ok(Err(end::failed("access_denied"))),
        }
        if self.seat.asked.now >= consent.decide_until {
            return Ok(Err(self.lapsed(&consent, wish)));
        }
        if self.begun(wish).until <= self.seat.asked.now {
            // The end that the partner wished for has come.
            return Ok(Err(self.withdrawn_offer(&consent, wish)));
        }
        let desk = self.desk;
        let (bank, kek) = (&desk.settings.bank, desk.settings.kek.as_ref());
        let draft = Draft::open(&consent.draft, &consent.id, bank, kek)?;
        if self.is_of_today(&draft) {
            return Ok(Ok(Case {
                consent,
                draft,
                course,
            }));
        }
        if consent.state == ConsentState::Confirming {
            // The second factor is over words, or an end, that hold no more.
            return Ok(Err(self.withdrawn_offer(&consent, wish)));
        }
        let draft = self.begun(wish);
        Ok(Ok(Case {
            consent,
            draft,
            course,
        }))
    }

    /// Whether the words and the end that a draft speaks of hold yet.
    pub(super) fn is_of_today(&self, draft: &Draft) -> bool {
        draft.catalogue == self.desk.settings.catalogue.version()
            && draft.until <= self.seat.latest_end
            && self.seat.asked.now < draft.until
    }

    fn begun(&self, wish: &Wish<'_>) -> Draft {
        let settings = &self.desk.settings;
        let (now, latest) = (self.seat.asked.now, self.seat.latest_end);
        let wished = wish.lodged.and_then(|lodged| lodged.expires);
        let latest = wished.map_or(latest, |wished| latest.min(wished));
        let until = chosen::end(&settings.profile, now, latest);
        Draft::begun(settings.catalogue.version(), until)
    }

    /// Makes the consent; or says how the visit ends.
    async fn lodge(
        &mut self,
        wish: &Wish<'_>,
        course: &Course,
    ) -> Result<Result<Consent, Ended>, DeskFault> {
        let desk = self.desk;
        let now = self.seat.asked.now;
        let decide_until = self.seat.opened_at.checked_add(VISIT);
        let decide_until = decide_until.unwrap_or(Timestamp::MAX);
        if now >= decide_until {
            return Ok(Err(end::over(DeskEnding::TimedOut, None)));
        }
        let consent = Consent {
            replaces: course.former().map(|former| former.consent.id.clone()),
            ..self.new_consent(wish, decide_until)?
        };
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

    fn new_consent(&self, wish: &Wish<'_>, decide_until: Timestamp) -> Result<Consent, DeskFault> {
        let (desk, seat) = (self.desk, &self.seat);
        let (id, now) = (self.new_id()?, seat.asked.now);
        let lodged = Lodged::of(seat.asked.scopes, seat.asked.details).kept()?;
        let draft = self.begun(wish);
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
            ended_on: None,
            confirmed_at: None,
            reason: None,
        })
    }
}
