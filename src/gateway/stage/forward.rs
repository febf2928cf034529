//! `Admitted` to an answer of the bank.

mod block;
mod room;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::HeaderMap;
use identity::AccessToken;
use model::ports::Stage;
use model::{BodyBroken, Fault, Refusal, Response, UpstreamId};
use upstream::{Terms, Trouble, Unanswered, UpstreamFailure, Waiting};

use crate::assertion::{Demanded, Told};
use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::headers::to_upstream;
use crate::lent::Services;
use crate::permit::Admitted;
use crate::product::{Coverage, Destination, Route};
use crate::stage::consent::Consented;
use crate::stage::disclose::{Withheld, disclose};
use crate::stage::limit::WithinLimits;
use block::in_block;
use room::in_room;

/// The bank's answer, its body still to come.
pub(crate) struct Answered {
    pub(crate) response: Response,
    pub(crate) place: Option<WithinLimits>,
    /// From sending to the answer's head.
    pub(crate) upstream: Duration,
    /// When its head came, by the clock that never goes back.
    pub(crate) came: Duration,
    waits: bool,
    has_digest: bool,
    /// The customer's token, which is looked at once more before the answer leaves.
    token: Option<Arc<AccessToken>>,
}

impl Answered {
    /// Whether the answer's head waits until its record is durable: every class but `open`.
    pub(crate) fn waits_for_evidence(&self) -> bool {
        self.waits
    }

    /// The customer's token, where there is one; then its body is held whole.
    pub(crate) fn token(&self) -> Option<&AccessToken> {
        self.token.as_deref()
    }

    /// Whether its record has the digest of its body, where that is held whole.
    pub(crate) fn has_digest(&self) -> bool {
        self.has_digest
    }
}

/// Sends the request to the operation's upstream, or hands it to its room, and waits for the
/// answer's head, until the request's deadline. What has no effect may reach the bank twice; the
/// upstream says when.
pub(crate) async fn forward(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
) -> Result<Answered, Halt> {
    match &admitted.route().destination {
        Destination::Upstream { .. } => to_service(exchange, services, admitted).await,
        // Apart, so that no other request carries the room for it.
        Destination::Block(composed) => {
            let composed = Arc::clone(composed);
            in_block(exchange, services, admitted, composed)
                .boxed()
                .await
        }
        Destination::Room { door, .. } => {
            let door = Arc::clone(door);
            in_room(exchange, services, admitted, door).boxed().await
        }
    }
}

/// To a service of the bank's.
async fn to_service(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
) -> Result<Answered, Halt> {
    let route = admitted.route();
    let Destination::Upstream {
        id: upstream_id,
        upstream: bank,
    } = &route.destination
    else {
        return Err(Fault::new("a service was asked for that is none").into());
    };
    let consented = admitted.consented();
    let assertion = match admitted.identified() {
        Some(identified) => Some(route.bank.assertions.assertion(
            identified.caller(),
            upstream_id,
            Told {
                demanded: demanded(route, &exchange.head.headers).as_ref(),
                consent: consented.map(|(consented, _)| consented.consent()),
            },
            exchange.now,
            services.random.as_ref(),
        )?),
        None => None,
    };
    let body = exchange
        .body
        .take()
        .ok_or_else(|| Fault::new("forwarding a body twice"))?;
    let cut = consented.and_then(|(consented, _)| consented.target());
    let target = path_and_query(cut.or(exchange.head.uri.path_and_query()))?;
    let (from, request_id) = (&exchange.head, exchange.request_id);
    let interaction = &exchange.interaction;
    let head = || {
        let mut request = http::Request::new(());
        *request.method_mut() = from.method.clone();
        *request.uri_mut() = target.clone();
        let coverage = consented.map(|(_, coverage)| coverage);
        let mut headers = to_upstream(&from.headers, coverage, request_id, interaction);
        if let Some(assertion) = &assertion {
            headers.insert(crate::headers::IDENTITY, assertion.clone());
        }
        *request.headers_mut() = headers;
        request
    };
    let terms = Terms {
        deadline: exchange.started.saturating_add(route.deadline),
        has_no_effect: route.has_no_effect,
    };
    let sent = services.clock.monotonic();
    let answer = bank.send(head, body, terms).await;
    let came = services.clock.monotonic();
    let upstream = came.saturating_sub(sent);
    let failure = answer.as_ref().err().map(|unanswered| &unanswered.failure);
    route.meters.asked(failure, upstream);
    match answer {
        Ok(response) => answered(exchange, services, admitted, response, (upstream, came)).await,
        Err(unanswered) => {
            let is_partners = matches!(unanswered.failure, UpstreamFailure::Request(_));
            if let Some(its) = consented.filter(|_| !is_partners) {
                give_back(its).boxed().await;
            }
            Err(failed(exchange, upstream_id, &unanswered, upstream))
        }
    }
}

/// The service's answer, or what of it may leave.
async fn answered(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
    response: Response,
    (upstream, came): (Duration, Duration),
) -> Result<Answered, Halt> {
    let consented = admitted.consented();
    let token = consented.map(|(consented, _)| Arc::clone(consented.token()));
    let response = match consented {
        Some(its) => {
            // Apart, so that no other class's request carries the room for it.
            let given = under_consent(exchange, services, its, response, upstream);
            given.boxed().await?
        }
        None => response,
    };
    let class = &admitted.route().class;
    Ok(Answered {
        response,
        upstream,
        came,
        waits: class.waits_for_evidence(),
        has_digest: class.has_digest(),
        token,
        place: admitted.into_place(),
    })
}

/// No answer came.
fn failed(
    exchange: &Exchange,
    upstream_id: &UpstreamId,
    unanswered: &Unanswered,
    upstream: Duration,
) -> Halt {
    let trouble = unanswered.failure.trouble();
    tracing::warn!(
        request.id = %exchange.request_id,
        upstream.id = %upstream_id,
        upstream.endpoint = unanswered.endpoint.as_deref(),
        upstream.trouble = trouble.map(Trouble::as_str),
        upstream.tries = unanswered.tries,
        error = &unanswered.failure as &dyn std::error::Error,
        "the upstream failed"
    );
    Halt::Failed {
        refusal: refusal(&unanswered.failure),
        trouble,
        upstream,
    }
}

/// What of the answer may leave under the customer's consent.
async fn under_consent(
    exchange: &mut Exchange,
    services: &Services,
    (consented, coverage): (&Consented, &Coverage),
    response: Response,
    upstream: Duration,
) -> Result<Response, Halt> {
    exchange.record.enter(Stage::Filter);
    let deadline = exchange.record.deadline();
    let left = deadline.saturating_sub(services.clock.monotonic());
    let method = exchange.head.method.clone();
    match disclose(
        &consented.consent().terms,
        coverage,
        &method,
        response,
        left,
    )
    .await
    {
        Ok(disclosed) => {
            let record = &mut exchange.record;
            record.disclosed(disclosed.clusters, disclosed.kept, disclosed.dropped);
            Ok(disclosed.response)
        }
        Err(Withheld {
            refusal,
            trouble,
            why,
        }) => {
            let is_the_banks = match refusal {
                Refusal::BankRefused { status } => status >= 500,
                _ => trouble.is_some(),
            };
            if is_the_banks {
                give_back((consented, coverage)).await;
            }
            tracing::warn!(
                request.id = %exchange.request_id,
                consent.id = %crypto::base64url(&consented.consent().digest),
                upstream.trouble = trouble.map(Trouble::as_str),
                rule = why,
                "an answer was withheld"
            );
            Err(Halt::Failed {
                refusal,
                trouble,
                upstream,
            })
        }
    }
}

/// The bank failed: by an access that was spent nobody has read anything, and it is one of the
/// day's again.
async fn give_back((consented, coverage): (&Consented, &Coverage)) {
    let Some(spent) = consented.spent() else {
        return;
    };
    if let Err(error) = coverage.consents.give_back(spent).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "an access could not be given back"
        );
    }
}

/// The authorization details that the bank is told of: those that the operation demands.
fn demanded<'a>(route: &'a Route, headers: &'a HeaderMap) -> Option<Demanded<'a>> {
    route.class.detail().map(|its| Demanded {
        its,
        issuer: &route.issuer,
        headers,
    })
}

/// What is told of a failure. The request was admitted, so it is a failure even where nothing can
/// have been sent; only the code tells the partner that (`upstream_unavailable`).
fn refusal(failure: &UpstreamFailure) -> Refusal {
    match failure {
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
    }
}

fn path_and_query(target: Option<&http::uri::PathAndQuery>) -> Result<http::Uri, Fault> {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = target.cloned();
    http::Uri::from_parts(parts).map_err(|e| Fault::caused("building the upstream's target", e))
}
