//! `Admitted` to an answer of a room of this house.

use std::sync::Arc;
use std::time::Duration;

use model::ports::{ROOM_BODY_BYTES_MAX, RoomCall, RoomDoor, RoomFault};
use model::{Fault, Network, Refusal};

use super::Answered;
use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::lent::Services;
use crate::permit::Admitted;
use crate::whole;

/// Hands the request to the room, with its body whole, and waits for the answer until the request's
/// deadline.
pub(super) async fn in_room(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
    door: Arc<dyn RoomDoor>,
) -> Result<Answered, Halt> {
    let route = admitted.route();
    if admitted.consented().is_some() {
        // What is answered under a consent passes the filter, which a room's answer does not.
        return Err(Fault::new("a room was asked under a customer's consent").into());
    }
    let body = exchange.body.take().unwrap_or_else(model::empty);
    let body = whole::asked(body, ROOM_BODY_BYTES_MAX).await?;
    let call = RoomCall {
        operation: &route.object.operation,
        path: exchange.head.uri.path(),
        values: values(&route.object.template, exchange.head.uri.path()),
        body,
        bank: &route.object.bank,
        who: exchange.record.who(),
        network: Network::of(exchange.connection.peer.ip()),
        now: exchange.now,
        request: exchange.request_id,
        interaction: &exchange.interaction,
    };
    let deadline = exchange.record.deadline();
    let left = deadline.saturating_sub(services.clock.monotonic());
    let said = tokio::time::timeout(left, door.answer(call)).await;
    let came = services.clock.monotonic();
    match said {
        Ok(Ok(response)) => Ok(Answered {
            response,
            waits: route.class.waits_for_evidence(),
            has_digest: route.class.has_digest(),
            place: admitted.into_place(),
            upstream: Duration::ZERO,
            came,
            token: None,
        }),
        Ok(Err(fault)) => Err(halt(exchange, fault)),
        // What a room waits for in vain is our own store or log, and no service of the bank's.
        Err(_) => Err(failed(Refusal::ConsentUnavailable)),
    }
}

fn halt(exchange: &Exchange, fault: RoomFault) -> Halt {
    match fault {
        RoomFault::Refused(refusal) => Halt::Refused(refusal),
        RoomFault::Unavailable(refusal, cause) => {
            tracing::warn!(
                request.id = %exchange.request_id,
                error = cause.as_ref() as &dyn std::error::Error,
                "a room could not do what it was asked"
            );
            failed(refusal)
        }
        RoomFault::Broke(fault) => Halt::Broke(fault),
    }
}

fn failed(refusal: Refusal) -> Halt {
    Halt::Failed {
        refusal,
        trouble: None,
        upstream: Duration::ZERO,
    }
}

/// What stands in the path where its template has parameters.
fn values<'p>(template: &str, path: &'p str) -> Vec<&'p str> {
    let segments = template.split('/').zip(path.split('/'));
    segments
        .filter(|(template, _)| openapi::is_parameter(template))
        .map(|(_, value)| value)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_path_are_those_of_its_templates_parameters() {
        let template = "/consents/v1/consents/{id}/of/{other}";
        let found = values(template, "/consents/v1/consents/a%20b/of/c");
        assert_eq!(found, ["a%20b", "c"]);
        assert!(values("/consents/v1/consents", "/consents/v1/consents").is_empty());
    }
}
