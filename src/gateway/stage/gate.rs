//! Who knocks, before any expensive check: a bucket for each address, and the cached verdict on
//! the certificate shown. An unknown chain goes on; `identify` judges it.

use model::{Refusal, Standing};

use crate::exchange::Exchange;
use crate::lent::Services;
use crate::stage::route::Routed;

/// Proof that the address is within its limits and the chain not known as a suspended partner's.
pub(crate) struct Knocked(());

/// Draws from the address's bucket and turns away a chain known as a suspended partner's.
pub(crate) fn gate(
    exchange: &mut Exchange,
    services: &Services,
    routed: &Routed,
) -> Result<Knocked, Refusal> {
    exchange
        .snapshot
        .gate()
        .knock(exchange.connection.peer.ip())?;
    if let Some(chain) = &exchange.connection.chain {
        let trust = &routed.route().bank.trust;
        let known = services.certificates.remembered(trust, chain, exchange.now);
        if let Some(verdict) = known
            && verdict.partner.standing == Standing::Suspended
        {
            exchange.record.partner(&verdict.partner.id);
            return Err(Refusal::PartnerSuspended);
        }
    }
    Ok(Knocked(()))
}
