//! What comes of a yes: a grant and its code, and with a desk the consent that they are of, in one
//! change. What takes another's place revokes that with it.

use jiff::Timestamp;

use model::ports::{AgreedConsent, Approval, Code, DeskAgreed, Finish, Grant, Posted};
use model::{
    ConsentPart, Edge, EventId, Extent, Fault, GrantAction, GrantEvent, GrantId, Response,
};

use super::request::{Known, Sitting};
use super::way_back::Kept;
use super::{Turned, Visit};
use crate::evidence::OpenRecord;
use crate::issuer::limits::{CARRIED_BYTES_MAX, SECRET_BYTES};
use crate::issuer::shown_until;
use crate::request::details::Details;
use crate::request::{CodeBound, Granted, to_store};

/// The most events that can wait for the log.
const WAITING_MAX: u32 = 10_000;

/// What a customer said yes to.
pub(super) struct Given {
    id: GrantId,
    /// What is granted in detail.
    details: Details,
    until: Timestamp,
    /// With a desk.
    consent: Option<Consented>,
}

/// The consent of a grant, and what records tell of it.
struct Consented {
    consent: AgreedConsent,
    part: ConsentPart,
    superseded: Option<ConsentPart>,
}

impl Given {
    /// What a page without a desk asked.
    pub(super) fn plain(id: GrantId, details: Details, until: Timestamp) -> Self {
        Self {
            id,
            details,
            until,
            consent: None,
        }
    }

    /// What was agreed at the desk: no longer than grants live, and with details that are some.
    pub(super) fn agreed(agreed: DeskAgreed, latest_end: Timestamp) -> Result<Self, Fault> {
        if agreed.until > latest_end {
            return Err(Fault::new("granting for longer than the bank does"));
        }
        let details = match agreed.details.as_str() {
            "[]" => Some(Details::default()),
            text => Details::parse(text).ok(),
        };
        Ok(Self {
            id: agreed.consent.id.grant().clone(),
            details: details.ok_or_else(|| Fault::new("reading the details of a consent"))?,
            until: agreed.until,
            consent: Some(Consented {
                consent: agreed.consent,
                part: agreed.part,
                superseded: agreed.superseded,
            }),
        })
    }
}

impl Visit<'_> {
    /// When what is granted now ends at the latest.
    pub(super) fn latest_end(&self) -> Timestamp {
        let latest = self.now.checked_add(self.asking.grant_lifetime);
        latest.unwrap_or(self.now)
    }

    /// Grants, and leads back to the app; `None` when the request is over, or its consent is not as
    /// it was when the customer said yes.
    pub(super) async fn give(
        &self,
        sitting: Sitting<'_>,
        given: Given,
        record: &mut OpenRecord<'_>,
    ) -> Result<Option<Response>, Turned> {
        // 256 bits (L-06).
        let secret = crypto::random_array::<SECRET_BYTES>(self.ports.random.as_ref());
        let code = crypto::base64url(&secret);
        let kept = Kept::of(&given.id, given.until);
        let approval = self.approval(sitting, given, &code, record)?;
        let Some(posted) = self.finish(sitting.known, approval).await? else {
            return Ok(None);
        };
        record.posted(posted);
        self.send_back_with(sitting.known, kept, &code).map(Some)
    }

    /// What the store is asked to keep of a yes.
    fn approval(
        &self,
        sitting: Sitting<'_>,
        given: Given,
        code: &str,
        record: &OpenRecord<'_>,
    ) -> Result<Approval, Fault> {
        let Given {
            id,
            details,
            until,
            consent,
        } = given;
        let granted = granted(sitting, details);
        if granted.scope.len() + granted.authorization_details.bytes() > CARRIED_BYTES_MAX {
            return Err(Fault::new("granting what no token can carry"));
        }
        let grant = Grant {
            id: id.clone(),
            client: sitting.known.client_id.clone(),
            subject: sitting.session.subject.clone(),
            granted: to_store(&granted),
            made_at: self.now,
            expires: until,
        };
        let code = self.code(sitting, code, &id);
        let event = self.approved((&id, until), granted, consent.as_ref(), record);
        let plain = Approval::plain(grant, code, event);
        Ok(match consent {
            None => plain,
            Some(consented) => self.with_consent(plain, consented, record),
        })
    }

    /// The same with its consent. What that takes the place of is refused for as long as tokens of
    /// it may be shown.
    fn with_consent(
        &self,
        approval: Approval,
        consented: Consented,
        record: &OpenRecord<'_>,
    ) -> Approval {
        let Consented {
            mut consent,
            part: _,
            superseded,
        } = consented;
        let longest = shown_until(self.now);
        if let Some((_, until)) = &mut consent.replaces {
            *until = longest.max(*until);
        }
        let superseded = consent.replaces.as_ref().map(|(old, _)| GrantEvent {
            consent: superseded,
            ..self
                .events(record)
                .of(GrantAction::ConsentSupersede, Some(old.grant()), self.now)
        });
        Approval {
            consent: Some(consent),
            superseded,
            ..approval
        }
    }

    /// Finishes the request by a grant; `None` when it is over, or its consent is not as it was.
    /// The road refuses what has another in its place before anything is answered.
    async fn finish(
        &self,
        known: &Known<'_>,
        approval: Approval,
    ) -> Result<Option<Vec<Posted>>, Turned> {
        let consent = approval.consent.as_ref();
        let replaced = consent.and_then(|consent| consent.replaces.clone());
        let changed = consent.map(|consent| consent.id.clone());
        let (bank, digest) = (&self.issuer.bank, known.digest);
        let events = [Some(&approval.event), approval.superseded.as_ref()];
        let events: Vec<EventId> = events.into_iter().flatten().map(|event| event.id).collect();
        let ask = || async move {
            let asked = self
                .ports
                .grants
                .approve(bank, digest, approval, self.now)
                .await;
            match asked {
                Err(cause) => self.found_kept(&events).await.ok_or(cause),
                said => said,
            }
        };
        let finished = match &replaced {
            Some((old, until)) => {
                let old = (old.grant(), *until);
                self.issuer.superseding(old, self.now, ask).await?
            }
            None => ask().await?,
        };
        let Finish::Done(posted) = finished else {
            return Ok(None);
        };
        // One that is renewed ends later than the road knows.
        if let Some(id) = changed {
            self.issuer.consent_changed(id.grant());
        }
        Ok(Some(posted))
    }

    /// A yes of which the store has not said whether it has it: if it has, its events wait for the
    /// log, and it is as good as any. `None` when it has not, or does not say that either: then
    /// nobody has the code, and the app is told that it failed.
    async fn found_kept(&self, events: &[EventId]) -> Option<Finish> {
        let waiting = self.ports.outbox.waiting(WAITING_MAX).await.ok()?;
        let is_its = |one: &Posted| events.contains(&one.event.id);
        let posted: Vec<Posted> = waiting.into_iter().filter(is_its).collect();
        (posted.len() == events.len()).then_some(Finish::Done(posted))
    }

    /// The code of a grant, with what it is bound to.
    fn code(&self, sitting: Sitting<'_>, code: &str, grant: &GrantId) -> Code {
        let request = &sitting.known.request;
        let bound = CodeBound {
            redirect_uri: request.redirect_uri.clone(),
            challenge: request.challenge.clone(),
            dpop_jkt: request.dpop_jkt.clone(),
            nonce: request.authentication.nonce.clone(),
        };
        let lifetime = self.issuer.profile.code_lifetime;
        Code {
            digest: crypto::sha256(code.as_bytes()),
            grant: grant.clone(),
            bound: to_store(&bound),
            expires: self.now.checked_add(lifetime).unwrap_or(self.now),
        }
    }

    /// The event of a yes.
    fn approved(
        &self,
        (id, until): (&GrantId, Timestamp),
        granted: Granted,
        consented: Option<&Consented>,
        record: &OpenRecord<'_>,
    ) -> GrantEvent {
        let action = match consented {
            Some(its) if its.consent.edge == Edge::Renew => GrantAction::ConsentRenew,
            _ => GrantAction::Approve,
        };
        GrantEvent {
            extent: Some(Extent {
                details: granted.authorization_details.sealed(id),
                scope: granted.scope,
                resource: granted.resource,
                until: Some(until),
            }),
            consent: consented.map(|its| its.part.clone()),
            ..self.events(record).of(action, Some(id), self.now)
        }
    }
}

/// What is granted of a request by whoever is logged in.
fn granted(sitting: Sitting<'_>, details: Details) -> Granted {
    let (request, session) = (&sitting.known.request, sitting.session);
    let asks = &request.authentication;
    Granted {
        scope: request.scope.clone(),
        authorization_details: details,
        resource: request.resource.clone(),
        auth_time: session.auth_time.as_second(),
        acr: session.acr.clone(),
        id_token: asks.id_token,
        userinfo: asks.userinfo,
    }
}
