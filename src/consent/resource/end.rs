//! A partner gives a consent back: one that is in force is withdrawn, one that nobody has decided
//! about is refused. What has ended stays as it ended.

use http::StatusCode;
use model::ports::{Changed, Consent, RoomCall, RoomFault, Withdrawal};
use model::{By, ClientId, ConsentPart, ConsentState, Edge, Fault, GrantAction, Refusal, Response};

use super::{Resource, part, unavailable};
use crate::desk::change;

/// How often it is looked again when somebody else was faster.
const LOOKS_MAX: usize = 3;

impl Resource {
    pub(super) async fn ended(
        &self,
        call: &RoomCall<'_>,
        client: &ClientId,
        id: &str,
    ) -> Result<Response, RoomFault> {
        for _ in 0..LOOKS_MAX {
            let consent = self.own(client, id).await?;
            let changed = match consent.stands(call.now).0 {
                state if state.is_end() => return Ok(done()),
                ConsentState::Authorised => self.withdraw(call, &consent).await?,
                _ => self.refuse(call, &consent).await?,
            };
            match changed {
                Changed::Done(posted) => {
                    self.recorded(posted).await?;
                    return Ok(done());
                }
                // Its customer was faster, or its time has come: what stands now is ended.
                Changed::Otherwise(_) | Changed::Gone => {}
            }
        }
        let cause = Fault::new("ending a consent that changes all the time");
        let refusal = Refusal::ConsentUnavailable;
        Err(RoomFault::Unavailable(refusal, Box::new(cause)))
    }

    async fn withdraw(&self, call: &RoomCall<'_>, consent: &Consent) -> Result<Changed, RoomFault> {
        let (edge, now) = (Edge::Withdraw, call.now);
        let event = (GrantAction::ConsentWithdraw, &consent.id);
        let event = self.event(call, event, self.ending(consent, edge)?);
        let withdrawal = Withdrawal {
            edge,
            by: By::Partner,
            reason: None,
            tokens_until: self.ports.rights.shown_until(now),
            evidence: None,
        };
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let ended = consents.withdraw(bank, &consent.id, withdrawal, now, event);
        ended.await.map_err(unavailable)
    }

    async fn refuse(&self, call: &RoomCall<'_>, consent: &Consent) -> Result<Changed, RoomFault> {
        let edge = Edge::Refuse;
        let event = (GrantAction::Refuse, &consent.id);
        let event = self.event(call, event, self.ending(consent, edge)?);
        let change = change(consent, edge);
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let ended = consents.change(bank, &consent.id, change, call.now, event);
        ended.await.map_err(unavailable)
    }

    /// What records tell of an end.
    fn ending(&self, consent: &Consent, edge: Edge) -> Result<ConsentPart, Fault> {
        let to = consent.state.after(edge);
        let to = to.map_err(|cause| Fault::caused("ending a consent", cause))?;
        let terms = consent.terms.as_ref();
        let resources = terms.map_or(0, |terms| terms.resources.len());
        let subject = consent.subject.as_deref();
        Ok(ConsentPart {
            customer: subject.and_then(|subject| self.ports.rights.pseudonym(subject)),
            clusters: terms
                .map(|terms| terms.clusters.iter().cloned().collect())
                .unwrap_or_default(),
            resources: u32::try_from(resources).unwrap_or(u32::MAX),
            ..part(Some(consent.state), to)
        })
    }
}

/// Nothing is left to tell.
fn done() -> Response {
    let mut response = Response::new(model::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
