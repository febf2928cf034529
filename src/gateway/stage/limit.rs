//! Spend from the buckets that apply: first a place in the agreement's concurrency, then its rate.

use model::Refusal;

use crate::exchange::Exchange;
use crate::limit::{Place, Refused};
use crate::stage::identify::Identified;
use crate::stage::route::Guarded;

/// Proof that the call is within the limits; holds its place among the concurrent calls until
/// dropped.
pub(crate) struct WithinLimits {
    _place: Place,
}

/// Draws from the agreement's buckets. Partners without an agreement for the product draw from one
/// bucket of the bank, so that being refused is no way to call for free.
pub(crate) fn limit(
    exchange: &mut Exchange,
    routed: Guarded<'_>,
    identified: &Identified,
) -> Result<WithinLimits, Refusal> {
    let partner = &identified.caller().partner().id;
    let limiter = routed.route().limiter(partner, exchange.now);
    let drawn = limiter.draw();
    limiter.describe(&drawn, &mut exchange.answer_headers);
    match drawn {
        Ok(drawn) => Ok(WithinLimits {
            _place: drawn.place,
        }),
        Err(Refused::Rate { retry_after }) => Err(Refusal::RateLimited { retry_after }),
        Err(Refused::Concurrent { limit }) => Err(Refusal::TooManyConcurrent { limit }),
    }
}
