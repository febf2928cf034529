//! May the caller: the agreement has the product today, the token has the operation's scope.

use model::Refusal;

use crate::exchange::Exchange;
use crate::stage::identify::Identified;
use crate::stage::route::Routed;

/// Proof that an agreement and the token's scope allow the operation.
pub(crate) struct Allowed(());

/// Checks agreement, then scope.
pub(crate) fn authorize(
    exchange: &mut Exchange,
    routed: &Routed,
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
    // A class above `open` has a scope by construction; an operation without one allows nobody.
    let Some(scope) = &route.scope else {
        return Err(Refusal::NoAgreement);
    };
    if !caller.token().scope.contains(scope) {
        return Err(Refusal::InsufficientScope {
            scope: scope.to_string(),
        });
    }
    Ok(Allowed(()))
}
