//! The events of a request in the life of a grant: made before the change that writes them, handed
//! to the log before anything is answered (DESIGN §9).

use futures_util::FutureExt;
use futures_util::future::try_join_all;
use jiff::Timestamp;

use model::ports::{AuditUnavailable, Posted};
use model::{
    BankId, Connection, EventId, GrantAction, GrantEvent, GrantId, InteractionId, Network,
    RequestId, Who,
};

use crate::Ports;

/// Who does it, from where, in which request.
pub(crate) struct Events<'a> {
    pub(crate) ports: &'a Ports,
    pub(crate) bank: &'a BankId,
    pub(crate) request: RequestId,
    pub(crate) interaction: &'a InteractionId,
    pub(crate) connection: &'a Connection,
    pub(crate) who: Who,
}

impl Events<'_> {
    /// An event of now.
    pub(crate) fn of(
        &self,
        action: GrantAction,
        grant: Option<&GrantId>,
        now: Timestamp,
    ) -> GrantEvent {
        GrantEvent {
            id: EventId::new(now, crypto::random_array(self.ports.random.as_ref())),
            at: now,
            request: self.request,
            interaction: self.interaction.clone(),
            network: Network::of(self.connection.peer.ip()),
            bank: self.bank.clone(),
            who: self.who.clone(),
            grant: grant.map(|grant| crypto::sha256(grant.as_str().as_bytes())),
            extent: None,
            consent: None,
            action,
            code: None,
            rule: None,
        }
    }
}

/// Hands events that the store has to the log; resolves when they are durable there. Then the store
/// may forget them, which nobody waits for.
pub(crate) async fn hand_over(ports: &Ports, posted: Vec<Posted>) -> Result<(), AuditUnavailable> {
    let (ids, events): (Vec<_>, Vec<_>) = posted.into_iter().map(|one| (one.id, one.event)).unzip();
    if ids.is_empty() {
        return Ok(());
    }
    try_join_all(
        events
            .into_iter()
            .map(|event| ports.log.record(event.into())),
    )
    .await?;
    // Asked once, the store has taken it; one that is not forgotten is written again after a
    // crash, under the same id.
    let _ = ports.outbox.logged(&ids).now_or_never();
    Ok(())
}
