//! The answer on its way back: headers cleaned, body counted, place kept until its last byte.

use std::sync::Arc;

use identity::names_dpop;
use model::{Body, Response};
use web::Challenged;

use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::headers::clean_answer;
use crate::lent::Services;
use crate::stage::forward::Answered;
use crate::tracked::{Begun, Last, Tracked, Unsent};

/// The bank's answer as the partner gets it; when it is held whole, what its record tells; and,
/// when it has no body, what tells that it did not leave.
pub(crate) fn respond(
    exchange: &mut Exchange,
    services: &Services,
    answered: Answered,
) -> (Response, Option<Body>, Option<Unsent>) {
    let has_digest = answered.has_digest();
    let is_held = answered.token().is_some();
    let (mut head, body) = answered.response.into_parts();
    // What was sent up is told in the record of the end.
    let begun = match exchange.bytes_in {
        _ if is_held => Begun::held(body),
        None => Begun::look(body, has_digest),
        Some(_) => Begun::unseen(body),
    };
    let whole = begun.whole();
    clean_answer(&mut head.headers);
    head.headers
        .extend(std::mem::take(&mut exchange.answer_headers));
    let (request, partner) = exchange.record.end();
    let last = Last {
        log: Arc::clone(&services.log),
        clock: Arc::clone(&services.clock),
        now: exchange.now,
        started: exchange.started,
        bytes_in: exchange.bytes_in.clone(),
        bytes_expected: content_length(&head.headers),
        name: exchange.record.name(),
        request,
        partner,
        place: answered.place,
    };
    let (body, unsent) = Tracked::track(begun, last);
    (http::Response::from_parts(head, body), whole, unsent)
}

/// A refusal or a fault as the partner gets it.
pub(crate) fn halted(exchange: &mut Exchange, halt: &Halt) -> Response {
    let mut response = match halt {
        Halt::Refused(refusal) | Halt::Failed { refusal, .. } => {
            let route = exchange.record.route();
            let asked = Challenged {
                by_dpop: names_dpop(&exchange.head.headers),
                resource_metadata: route.map(|route| route.resource_metadata.as_ref()),
            };
            web::challenged(refusal, exchange.request_id, &asked)
        }
        Halt::Broke(fault) => {
            tracing::error!(
                request.id = %exchange.request_id,
                error = fault as &dyn std::error::Error,
                "a fault inside"
            );
            web::internal_problem(exchange.request_id)
        }
    };
    let headers = std::mem::take(&mut exchange.answer_headers);
    response.headers_mut().extend(headers);
    response
}

fn content_length(headers: &http::HeaderMap) -> Option<u64> {
    headers
        .get(http::header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}
