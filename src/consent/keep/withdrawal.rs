//! The withdrawal: it is written with the page that was read before it, and with the form.

use model::ports::{Changed, Consent, DeskFault, Looker, Posted, Withdrawal, Withdrawn};
use model::{
    By, Channel, ConsentPart, ConsentState, Edge, Evidence, Fault, GrantAction, Shown,
    SignedRequest,
};

use super::{Keeper, book};
use crate::evidence::Kept;

/// The most members of a form.
const MEMBERS_MAX: usize = 20;

impl Keeper {
    pub(super) async fn withdrawn(
        &self,
        looker: &Looker<'_>,
        id: &str,
        members: &[(String, String)],
        posted: &mut Vec<Posted>,
    ) -> Result<Withdrawn, DeskFault> {
        if members.len() > MEMBERS_MAX {
            return Err(DeskFault::Form("the form has too many members"));
        }
        if members
            .iter()
            .any(|(name, said)| name == "act" && said == "keep")
        {
            return self.kept(looker, id).await;
        }
        let Some(consent) = self.own(looker, id).await? else {
            return Ok(Withdrawn::Unknown);
        };
        if book::state(&consent, looker.now) != ConsentState::Authorised {
            return Ok(Withdrawn::Ended);
        }
        let withdrawal = Withdrawal {
            edge: Edge::Withdraw,
            by: By::Customer,
            reason: None,
            tokens_until: looker.tokens_until,
            evidence: Some(self.evidence(looker, &consent, members).await?),
        };
        let mut event = (looker.event)(GrantAction::ConsentWithdraw, &consent);
        event.consent = Some(self.part(looker, &consent));
        let (bank, consents) = (&self.settings.bank, &self.ports.consents);
        let ended = consents.withdraw(bank, &consent.id, withdrawal, looker.now, event);
        // Otherwise another tab was quicker, or its end has come: it is in force no more.
        if let Changed::Done(one) = ended.await? {
            posted.push(one);
        }
        Ok(Withdrawn::Ended)
    }

    /// What is kept of it, with the page that was read.
    async fn evidence(
        &self,
        looker: &Looker<'_>,
        consent: &Consent,
        members: &[(String, String)],
    ) -> Result<Evidence, Fault> {
        let page = self.page_read(looker, consent, members).await?;
        let kept = Kept {
            bank: &self.settings.bank,
            id: &consent.id,
            edge: Edge::Withdraw,
            by: By::Customer,
            at: looker.now,
            text_version: self.text_version,
        };
        let shown = Shown {
            page,
            language: looker.language.to_owned(),
            choices: members.to_vec(),
            factor: None,
            // No partner asks for it.
            request: SignedRequest::Form(String::new()),
        };
        kept.sealed(&shown, &self.settings.kek, self.ports.random.as_ref())
    }

    /// What records tell of it.
    fn part(&self, looker: &Looker<'_>, consent: &Consent) -> ConsentPart {
        let terms = consent.terms.as_ref();
        let resources = terms.map_or(0, |terms| terms.resources.len());
        ConsentPart {
            from: Some(consent.state),
            to: ConsentState::Withdrawn,
            by: By::Customer,
            channel: if looker.as_json {
                Channel::Api
            } else {
                Channel::Page
            },
            text_version: Some(self.text_version),
            customer: Some(looker.customer.pseudonym),
            clusters: terms
                .map(|terms| terms.clusters.iter().cloned().collect())
                .unwrap_or_default(),
            resources: u32::try_from(resources).unwrap_or(u32::MAX),
            evidence_digest: None,
        }
    }
}
