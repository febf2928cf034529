//! May the caller: the agreement has the product today, the token has the operation's scope.

use model::Refusal;

use crate::exchange::Exchange;
use crate::stage::identify::Identified;
use crate::stage::route::PartnerRoute;

/// Proof that an agreement and the token's scope allow the operation.
pub(crate) struct Allowed(());

/// Checks agreement, then scope.
pub(crate) fn authorize(
    exchange: &mut Exchange,
    routed: &PartnerRoute,
    identified: &Identified,
) -> Result<Allowed, Refusal> {
    let caller = identified.caller();
    let route = routed.route();
    if route
        .agreement(&caller.partner().id, exchange.now)
        .is_none()
    {
        return Err(Refusal::NoAgreement);
    }
    let scope = routed.scope();
    if !caller.token().scope.contains(scope) {
        return Err(Refusal::InsufficientScope {
            scope: scope.to_string(),
        });
    }
    Ok(Allowed(()))
}
