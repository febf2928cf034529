//! How a consent ends without its customer: it lapses, it expires, or the bank withdraws it.

use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;

use authserver::AuthServer;
use model::ports::{Change, Changed, Consent, Consents as _, Withdrawal};
use model::{
    BankId, By, Channel, ClusterId, ConsentPart, ConsentState, Edge, EventId, GrantAction,
    GrantEvent, InteractionId, Network, RequestId,
};

use crate::standing::Standing;

/// The consents of a bank, for whoever ends one.
#[derive(Clone, Copy)]
pub(crate) struct AtBank<'a> {
    pub(crate) standing: &'a Standing,
    pub(crate) bank: &'a BankId,
    pub(crate) server: &'a AuthServer,
}

/// What is told of something that is done to a consent.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    pub(crate) action: GrantAction,
    /// The state since.
    pub(crate) to: ConsentState,
    pub(crate) by: By,
    pub(crate) channel: Channel,
    /// SHA-256 of the texts that it is about.
    pub(crate) text_version: Option<[u8; 32]>,
}

impl AtBank<'_> {
    /// Says that nobody decided in time.
    ///
    /// Errors: the store does not answer.
    pub(crate) async fn lapse(&self, consent: &Consent) -> anyhow::Result<Changed> {
        let now = self.standing.clock.now();
        let change = Change {
            from: consent.state,
            version: consent.version,
            edge: Edge::Lapse,
            subject: None,
            request: None,
            draft: None,
            decide_until: None,
            evidence: None,
            reason: None,
        };
        let told = by_clock(GrantAction::ConsentLapse, ConsentState::Lapsed);
        let event = self.event(consent, told, now);
        let store = &self.standing.state.consents;
        let changed = store.change(self.bank, &consent.id, change, now, event);
        Ok(changed.await?)
    }

    /// Says that the end has come which the customer read; the road has kept to it already.
    ///
    /// Errors: the store does not answer.
    pub(crate) async fn expire(&self, consent: &Consent) -> anyhow::Result<Changed> {
        let now = self.standing.clock.now();
        let told = by_clock(GrantAction::ConsentExpire, ConsentState::Expired);
        let withdrawal = Withdrawal {
            edge: Edge::Expire,
            by: By::House,
            reason: None,
            tokens_until: AuthServer::tokens_until(now),
            evidence: None,
        };
        self.end(consent, withdrawal, told, now).await
    }

    /// Withdraws it in the bank's name. The road refuses its tokens before the store has it, and
    /// goes on refusing them when the store does not say whether it has.
    ///
    /// Errors: the store does not answer.
    pub(crate) async fn withdraw(
        &self,
        consent: &Consent,
        reason: &str,
    ) -> anyhow::Result<Changed> {
        let now = self.standing.clock.now();
        let told = Told {
            action: GrantAction::ConsentWithdraw,
            to: ConsentState::Withdrawn,
            by: By::Bank,
            channel: Channel::Control,
            text_version: None,
        };
        let withdrawal = Withdrawal {
            edge: Edge::Withdraw,
            by: By::Bank,
            reason: Some(reason.to_owned()),
            tokens_until: AuthServer::tokens_until(now),
            evidence: None,
        };
        self.end(consent, withdrawal, told, now).await
    }

    async fn end(
        &self,
        consent: &Consent,
        withdrawal: Withdrawal,
        told: Told,
        now: Timestamp,
    ) -> anyhow::Result<Changed> {
        let event = self.event(consent, told, now);
        let ending = self.standing.ending(self.bank).await?;
        let ended = ending.withdraw(self.bank, &consent.id, withdrawal, now, event);
        Ok(ended.await?)
    }

    /// The event of what the house does to a consent, in a request of its own on this machine.
    pub(crate) fn event(&self, consent: &Consent, told: Told, now: Timestamp) -> GrantEvent {
        let random = self.standing.random.as_ref();
        let subject = consent.subject.as_deref();
        let (who, customer) = self.server.told_of(self.bank, &consent.client, subject);
        let terms = consent.terms.as_ref();
        let clusters: Option<Vec<ClusterId>> =
            terms.map(|terms| terms.clusters.iter().cloned().collect());
        let resources = terms.map_or(0, |terms| terms.resources.len());
        GrantEvent {
            id: EventId::new(now, crypto::random_array(random)),
            at: now,
            request: RequestId::new(now, crypto::random_array(random)),
            interaction: InteractionId::new(crypto::random_array::<16>(random)),
            network: Network::of(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            bank: self.bank.clone(),
            who,
            grant: Some(consent.digest),
            extent: None,
            consent: Some(ConsentPart {
                from: Some(consent.state),
                to: told.to,
                by: told.by,
                channel: told.channel,
                text_version: told.text_version,
                customer,
                clusters: clusters.unwrap_or_default(),
                resources: u32::try_from(resources).unwrap_or(u32::MAX),
                evidence_digest: None,
            }),
            action: told.action,
            code: None,
            rule: None,
        }
    }
}

fn by_clock(action: GrantAction, to: ConsentState) -> Told {
    Told {
        action,
        to,
        by: By::House,
        channel: Channel::Clock,
        text_version: None,
    }
}
