//! How a pushed request ends: by a grant and its consent, or by nothing. All that can speak against
//! it is asked before anything is written.

use jiff::Timestamp;

use model::ports::{Approval, Change, Changed, Finish, Grant};
use model::{BankId, ConsentId, Edge, GrantEvent};

use super::{Book, Books, KeptCode, KeptGrant, Place};
use crate::consent_life::{self, Given};
use crate::life::GrantLife;
use crate::rim::Unfit;

impl Book {
    /// The life that a grant has once it is approved; of a consent that is renewed, that of the
    /// grant that is there, and goes on.
    fn life_after(&self, bank: &BankId, approval: &Approval) -> Result<GrantLife, Unfit> {
        let (grant, code) = (&approval.grant, &approval.code);
        if self.codes.contains_key(&(bank.clone(), code.digest)) {
            return Err(Unfit::Taken);
        }
        let is_renewal = matches!(&approval.consent, Some(its) if its.edge == Edge::Renew);
        match self.grant(bank, &grant.id) {
            None => Ok(GrantLife::begin(grant, code)),
            Some(_) if !is_renewal => Err(Unfit::Taken),
            Some(kept) if kept.life.revoked_until.is_some() => Err(Unfit::Revoked),
            Some(kept) => Ok(kept.life.renewed(grant, code)),
        }
    }

    /// Keeps a grant and its code, with what stood for it before.
    fn approve(&mut self, bank: &BankId, approval: Approval, life: GrantLife) -> Vec<GrantEvent> {
        let Approval { grant, code, .. } = approval;
        let former = self.grants.remove(&(bank.clone(), grant.id.clone()));
        let (made_at, mut codes, refresh_tokens) = match former {
            None => (grant.made_at, Vec::new(), Vec::new()),
            Some(kept) => (kept.grant.made_at, kept.codes, kept.refresh_tokens),
        };
        let place = (bank.clone(), code.digest);
        codes.push(place.clone());
        let is_used = false;
        self.codes.insert(place, KeptCode { code, is_used });
        let kept = KeptGrant {
            grant: Grant { made_at, ..grant },
            life,
            codes,
            refresh_tokens,
        };
        self.keep_grant(bank, kept);
        let events = [Some(approval.event), approval.superseded];
        events.into_iter().flatten().collect()
    }
}

impl Books {
    /// See [`model::ports::Grants::approve`].
    pub(super) fn approve(
        &mut self,
        place: &Place,
        approval: Approval,
        now: Timestamp,
    ) -> Result<Finish, Unfit> {
        let (bank, request) = place;
        self.grants.forget_grants(now);
        if self.grants.live_pushed(place, now).is_none() {
            return Ok(Finish::Gone);
        }
        let given = match &approval.consent {
            None => None,
            Some(its) => {
                let find = |id: &ConsentId| Ok::<_, Unfit>(self.consents.find(bank, id).cloned());
                let given = consent_life::given(&approval, its, *request, now, find)?;
                let Some(given) = given else {
                    return Ok(Finish::Gone);
                };
                self.consents.fits(bank, &given.consent)?;
                Some((given, its.evidence.clone()))
            }
        };
        let life = self.grants.life_after(bank, &approval)?;
        let events = 1 + usize::from(approval.superseded.is_some());
        let room = self.outbox.room_for(events)?;
        if let Some((given, evidence)) = given {
            let Given {
                consent,
                superseded,
                ..
            } = given;
            if let Some((former, until)) = superseded {
                let revoked = |life: GrantLife| life.revoked(until);
                self.grants.live_on(bank, former.id.grant(), revoked);
                self.consents.keep(bank, *former, None);
            }
            self.consents.keep(bank, *consent, Some(evidence));
        }
        self.grants.pushed.remove(place);
        let events = self.grants.approve(bank, approval, life);
        Ok(Finish::Done(room.post_all(events)))
    }

    /// See [`model::ports::Grants::turn_down`].
    pub(super) fn turn_down(
        &mut self,
        place: &Place,
        declined: Option<(ConsentId, Change)>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Result<Finish, Unfit> {
        if self.grants.live_pushed(place, now).is_none() {
            return Ok(Finish::Gone);
        }
        let posted = match declined {
            None => self.outbox.room()?.post(event),
            Some((id, mut change)) => {
                let evidence = change.evidence.take();
                let ended = self.take(&place.0, &id, evidence, event, |consent, event| {
                    consent_life::changed(consent, &mut change, event, now)
                })?;
                let Changed::Done(posted) = ended else {
                    return Ok(Finish::Gone);
                };
                posted
            }
        };
        self.grants.pushed.remove(place);
        Ok(Finish::Done(vec![posted]))
    }
}
