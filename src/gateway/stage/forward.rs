//! `Admitted` to an answer of the bank.

use std::time::Duration;

use model::{BodyBroken, Fault, Refusal, Response};
use upstream::{UpstreamFailure, Waiting};

use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::headers::to_upstream;
use crate::lent::Services;
use crate::permit::Admitted;
use crate::stage::limit::WithinLimits;

/// The bank's answer, its body still to come.
pub(crate) struct Answered {
    pub(crate) response: Response,
    pub(crate) place: Option<WithinLimits>,
    /// From sending to the answer's head.
    pub(crate) upstream: Duration,
    waits: bool,
}

impl Answered {
    /// Whether the answer's head waits until its record is durable: every class but `open`.
    pub(crate) fn waits_for_evidence(&self) -> bool {
        self.waits
    }
}

/// Sends the request to the operation's upstream and waits for the answer's head, until the
/// request's deadline.
pub(crate) async fn forward(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
) -> Result<Answered, Halt> {
    let route = admitted.route();
    let mut headers = to_upstream(&exchange.head.headers, exchange);
    if let Some(identified) = admitted.identified() {
        let assertion = route.bank.assertions.assertion(
            identified.caller(),
            &route.upstream_id,
            exchange.now,
            services.random.as_ref(),
        )?;
        headers.insert(crate::headers::IDENTITY, assertion);
    }
    let body = exchange
        .body
        .take()
        .ok_or_else(|| Fault::new("forwarding a body twice"))?;
    let mut request = http::Request::new(body);
    *request.method_mut() = exchange.head.method.clone();
    *request.uri_mut() = path_and_query(&exchange.head.uri)?;
    *request.headers_mut() = headers;
    let deadline = exchange.started.saturating_add(route.deadline);
    let sent = services.clock.monotonic();
    let answer = route.upstream.send(request, deadline).await;
    let upstream = services.clock.monotonic().saturating_sub(sent);
    let waits = route.class.waits_for_evidence();
    match answer {
        Ok(response) => Ok(Answered {
            response,
            place: admitted.into_place(),
            upstream,
            waits,
        }),
        Err(failure) => {
            tracing::warn!(
                request.id = %exchange.request_id,
                upstream.id = %route.upstream_id,
                error = &failure as &dyn std::error::Error,
                "the upstream failed"
            );
            Err(halt(&failure, upstream))
        }
    }
}

/// What is told of a failure. The request was admitted, so it is a failure even where nothing can
/// have been sent; only the code tells the partner that (`upstream_unavailable`).
fn halt(failure: &UpstreamFailure, upstream: Duration) -> Halt {
    let refusal = match failure {
        UpstreamFailure::Unavailable(_)
        | UpstreamFailure::TimedOut(Waiting::Place | Waiting::Connection) => {
            Refusal::UpstreamUnavailable
        }
        UpstreamFailure::TimedOut(Waiting::Head) => Refusal::UpstreamTimeout,
        UpstreamFailure::Invalid(_) => Refusal::UpstreamInvalid,
        UpstreamFailure::Request(BodyBroken::TooLarge { limit }) => {
            Refusal::BodyTooLarge { limit: *limit }
        }
        UpstreamFailure::Request(BodyBroken::TooSlow) => Refusal::BodyTooSlow,
        UpstreamFailure::Request(BodyBroken::BrokenOff) => Refusal::MalformedRequest {
            what: "The request's body broke off.",
        },
    };
    Halt::Failed { refusal, upstream }
}

fn path_and_query(uri: &http::Uri) -> Result<http::Uri, Fault> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = uri.path_and_query().cloned();
    http::Uri::from_parts(parts).map_err(|e| Fault::caused("building the upstream's target", e))
}
