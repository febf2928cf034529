//! May the caller: the agreement has the product today, the token has the operation's scope and the
//! authorization details that it demands, for this place (RFC 9396 §2.2, §9; RA-05), and the log-in
//! it was granted in is as strong and as recent as the operation demands. What the details say is
//! for the bank, which is told them (`assertion.rs`).

use model::Refusal;

use crate::exchange::Exchange;
use crate::stage::identify::Identified;
use crate::stage::route::Guarded;

/// Proof that an agreement, the token's scope, its authorization details and its log-in allow the
/// operation.
pub(crate) struct Allowed(());

/// Checks agreement, then scope, then authorization details, then log-in (RFC 9470 §4: another
/// log-in helps only who has what is granted).
pub(crate) fn authorize(
    exchange: &mut Exchange,
    routed: Guarded<'_>,
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
    if let Some(detail) = routed.detail()
        && !caller.token().details.contains(detail)
    {
        return Err(Refusal::InsufficientDetails {
            detail: detail.to_string(),
        });
    }
    if let Some(demanded) = &route.log_in {
        let now = exchange.now.as_second();
        let is_met =
            caller.token().log_in.as_ref().is_some_and(|log_in| {
                demanded.is_met(log_in.auth_time, log_in.acr.as_deref(), now)
            });
        if !is_met {
            let demanded = demanded.clone();
            return Err(Refusal::InsufficientLogIn { demanded });
        }
    }
    Ok(Allowed(()))
}
