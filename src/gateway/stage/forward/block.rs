//! `Admitted` to an answer of a composed operation: its reads go to the bank's services, each as
//! any request of the road does, and what comes of them is one answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use blocks::run::{CallFault, Caller, End, FaultTold, Given, House, Ran, SourceCall};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::LengthLimitError;
use serde_json::{Value as Json, json};

use identity::LiveConsent;
use model::{Clock, Fault, PurposeId, Refusal, RequestId, Response, StepFault, StepSeen};
use upstream::{Terms, Trouble, Unanswered, UpstreamFailure, Waiting};

use super::{Answered, demanded, give_back, path_and_query, under_consent};
use crate::assertion::Told;
use crate::exchange::Exchange;
use crate::halt::Halt;
use crate::headers::{IDENTITY, to_upstream};
use crate::lent::Services;
use crate::permit::Admitted;
use crate::product::{
    Asks, BODY_BYTES_MAX, Composed, ComposedOperation, Coverage, Route, asks, input,
};
use crate::record::micros;
use crate::whole;

/// The longest answer of a service that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 1 << 20;
/// Says of an answer that something stands in it for a read that failed.
const DEGRADED: HeaderName = HeaderName::from_static("x-mortise-degraded");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// What of a request's headers goes on to the services: where the trace goes on (W3C Trace
/// Context).
const TRACE: [HeaderName; 2] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
];

/// Runs the operation, and waits until the request's deadline, or its own.
pub(super) async fn in_block(
    exchange: &mut Exchange,
    services: &Services,
    admitted: Admitted,
    composed: Arc<Composed>,
) -> Result<Answered, Halt> {
    let route = admitted.route();
    let operation = composed
        .operation(route.object.operation.as_str())
        .ok_or_else(|| Fault::new("a block was asked for an operation that it does not have"))?;
    let body = exchange.body.take().unwrap_or_else(model::empty);
    let body = whole::asked(body, BODY_BYTES_MAX).await?;
    let consented = admitted.consented();
    let consent = consented.map(|(consented, _)| consented.consent());
    if let Some((consented, coverage)) = consented {
        is_covered(operation, consented.consent(), coverage)?;
    }
    let given = Given {
        input: input(operation, &exchange.head, &body)?,
        consent: consent.map(|it| allowed(operation, it)).transpose()?,
        now: exchange.now,
    };
    let calls = Calls {
        headers: headers(exchange, services, &admitted, &composed)?,
        composed: &composed,
        route,
        clock: services.clock.as_ref(),
        request: exchange.request_id,
        deadline: exchange.record.deadline(),
    };
    let house = House {
        caller: &calls,
        budget: composed.budget(),
        cache: composed.cache(),
        whose: &whose(&admitted),
        random: services.random.as_ref(),
    };
    let sent = services.clock.monotonic();
    let left = calls.deadline.saturating_sub(sent);
    let ran = tokio::time::timeout(left, operation.plan.run(given, &house)).await;
    let came = services.clock.monotonic();
    let upstream = came.saturating_sub(sent);
    let made = match ran {
        Ok(ran) => {
            exchange.record.steps(seen(&ran));
            made(ran, exchange.request_id)
        }
        Err(_elapsed) => Err(failed(Refusal::UpstreamTimeout, Some(Trouble::TimedOut))),
    };
    let (waits, has_digest) = (route.class.waits_for_evidence(), route.class.has_digest());
    let token = consented.map(|(consented, _)| Arc::clone(consented.token()));
    let response = match (made, consented) {
        (Ok(Made::Answer(response)), Some(its)) => {
            let given = under_consent(exchange, services, its, response, upstream);
            given.boxed().await?
        }
        // Of a refusal nothing is said but its name, which is the block's.
        (Ok(Made::Answer(response) | Made::Refusal(response)), _) => response,
        (Err(halt), consented) => {
            if let Some(its) = consented {
                give_back(its).boxed().await;
            }
            return Err(halt.after(upstream));
        }
    };
    Ok(Answered {
        response,
        place: admitted.into_place(),
        upstream,
        came,
        waits,
        has_digest,
        token,
    })
}

/// A composed answer is given whole or not at all: each kind of data that it is made of has to be
/// covered, for the purpose that the block states.
fn is_covered(
    operation: &ComposedOperation,
    consent: &LiveConsent,
    coverage: &Coverage,
) -> Result<(), Refusal> {
    let needs = operation.plan.consent.as_ref();
    let purpose = consent.terms.purpose.as_ref().map(PurposeId::as_str);
    let is_for_it = needs.is_some_and(|needs| purpose == Some(&*needs.purpose));
    let mut clusters = operation.plan.clusters().into_iter();
    if is_for_it && clusters.all(|cluster| coverage.gives(&consent.terms, &cluster)) {
        Ok(())
    } else {
        Err(Refusal::NotCovered)
    }
}

/// What the customer allowed, as expressions read it.
fn allowed(operation: &ComposedOperation, consent: &LiveConsent) -> Result<blocks::Value, Fault> {
    let terms = &consent.terms;
    let accounts: Vec<&str> = terms.resources.iter().map(|its| its.id.as_str()).collect();
    let consent = json!({
        "id": terms.id.as_str(),
        "customerId": terms.customer,
        "accounts": accounts,
        "bound": {},
    });
    let read = operation.plan.consent_of(&consent);
    read.ok_or_else(|| Fault::new("a consent that a block cannot read"))
}

/// Whose answers may be kept together: of one client, under one consent.
fn whose(admitted: &Admitted) -> String {
    let client = admitted
        .identified()
        .map(|its| its.caller().client().as_str());
    let consent = admitted.consented();
    let consent = consent.map(|(consented, _)| consented.consent().terms.id.as_str());
    format!(
        "{} {}",
        client.unwrap_or_default(),
        consent.unwrap_or_default()
    )
}

/// What each service is sent beside what the block asks: who asks, and under which ids.
fn headers(
    exchange: &Exchange,
    services: &Services,
    admitted: &Admitted,
    composed: &Composed,
) -> Result<HashMap<Arc<str>, HeaderMap>, Halt> {
    let route = admitted.route();
    let from = &exchange.head.headers;
    let traced = TRACE.into_iter().filter_map(|name| {
        let value = from.get(&name)?.clone();
        Some((name, value))
    });
    let traced: HeaderMap = traced.collect();
    let mut common = to_upstream(&traced, None, exchange.request_id, &exchange.interaction);
    common.insert(ACCEPT, JSON);
    let consent = admitted.consented();
    let demanded = demanded(route, from);
    let told = Told {
        demanded: demanded.as_ref(),
        consent: consent.map(|(consented, _)| consented.consent()),
    };
    let mut headers = HashMap::new();
    for (name, source) in composed.sources() {
        let mut own = common.clone();
        if let Some(identified) = admitted.identified() {
            let assertion = route.bank.assertions.assertion(
                identified.caller(),
                &source.id,
                told,
                exchange.now,
                services.random.as_ref(),
            )?;
            own.insert(IDENTITY, assertion);
        }
        headers.insert(Arc::clone(name), own);
    }
    Ok(headers)
}

/// The calls of one run.
struct Calls<'r> {
    headers: HashMap<Arc<str>, HeaderMap>,
    composed: &'r Composed,
    route: &'r Route,
    clock: &'r dyn Clock,
    request: RequestId,
    deadline: Duration,
}

impl Caller for Calls<'_> {
    fn call<'a>(&'a self, call: &'a SourceCall) -> BoxFuture<'a, Result<Json, CallFault>> {
        self.ask(call).boxed()
    }
}

impl Calls<'_> {
    async fn ask(&self, call: &SourceCall) -> Result<Json, CallFault> {
        let source = self.composed.source(&call.source);
        let source = source.ok_or(CallFault::Unaskable)?;
        let contract = source.contracts.get(call.operation.as_ref());
        let contract = contract.ok_or(CallFault::Unaskable)?;
        let asks = asks(contract, &source.base_path, &call.arguments);
        let asks = asks.ok_or(CallFault::Unaskable)?;
        let sent = self.clock.monotonic();
        let answer = self.send(call, &source.upstream, asks).await;
        let took = self.clock.monotonic().saturating_sub(sent);
        let failure = answer.as_ref().err().map(|unanswered| &unanswered.failure);
        self.route.meters.asked(failure, took);
        let response = answer.map_err(|unanswered| self.unanswered(call, &unanswered))?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        match status {
            200..=299 => {}
            502..=504 => return Err(CallFault::Unavailable),
            _ => return Err(CallFault::Refused { status }),
        }
        let body = whole::whole(body, ANSWER_BYTES_MAX)
            .await
            .map_err(|error| match Trouble::of_body(&error) {
                _ if error.is::<LengthLimitError>() => CallFault::TooBig,
                Trouble::Stalled => CallFault::TimedOut,
                _ => CallFault::Reset,
            })?;
        let json = crypto::strict_json(&body).map_err(|_| CallFault::Malformed)?;
        contract.check_answer(status, &json).map_err(|violations| {
            let first = violations.into_iter().next();
            let pointer = first.map(|first| first.pointer).unwrap_or_default();
            CallFault::WrongType { pointer }
        })?;
        Ok(json)
    }

    async fn send(
        &self,
        call: &SourceCall,
        upstream: &upstream::Upstream,
        asks: Asks,
    ) -> Result<Response, Unanswered> {
        let headers = self.headers.get(&call.source);
        let target = path_and_query(Some(&asks.target)).unwrap_or_default();
        let head = || {
            let mut request = http::Request::new(());
            *request.method_mut() = asks.method.clone();
            *request.uri_mut() = target.clone();
            *request.headers_mut() = headers.cloned().unwrap_or_default();
            if asks.body.is_some() {
                request.headers_mut().insert(CONTENT_TYPE, JSON);
            }
            request
        };
        let body = asks.body.clone().map_or_else(model::empty, model::full);
        let terms = Terms {
            deadline: self.deadline,
            has_no_effect: true,
        };
        upstream.send(head, body, terms).await
    }

    fn unanswered(&self, call: &SourceCall, unanswered: &Unanswered) -> CallFault {
        let failure = &unanswered.failure;
        tracing::warn!(
            request.id = %self.request,
            block.source = %call.source,
            block.operation = %call.operation,
            upstream.endpoint = unanswered.endpoint.as_deref(),
            upstream.trouble = failure.trouble().map(Trouble::as_str),
            upstream.tries = unanswered.tries,
            error = failure as &dyn std::error::Error,
            "a service that a block reads failed"
        );
        match failure {
            UpstreamFailure::TimedOut(Waiting::Head) => CallFault::TimedOut,
            UpstreamFailure::Unavailable(_)
            | UpstreamFailure::TimedOut(Waiting::Place | Waiting::Connection)
            | UpstreamFailure::Request(_) => CallFault::Unavailable,
            UpstreamFailure::Invalid(_) => match failure.trouble() {
                Some(Trouble::Reset) => CallFault::Reset,
                _ => CallFault::Malformed,
            },
        }
    }
}

/// What a run ends with on the road.
enum Made {
    /// The operation's answer, or one of its block's.
    Answer(Response),
    /// A check did not hold.
    Refusal(Response),
}

fn made(ran: Ran, request: RequestId) -> Result<Made, Halt> {
    match ran.end {
        End::Reply { status, body } | End::Answer { status, body, .. } => {
            let mut response = web::json(said(status)?, &body);
            if ran.is_degraded {
                let yes = HeaderValue::from_static("true");
                response.headers_mut().insert(DEGRADED, yes);
            }
            Ok(Made::Answer(response))
        }
        End::Refused { status, name } => Ok(Made::Refusal(web::block_problem(
            said(status)?,
            &name,
            request,
        ))),
        End::Failed { step, fault } => {
            let refusal = refusal(&fault, &step);
            Err(failed(refusal, trouble(&fault)))
        }
        End::Faulty { cause } => {
            tracing::warn!(
                request.id = %request,
                block.cause = %cause,
                "an expression of a block has no value"
            );
            Err(Fault::new("an expression of a block has no value").into())
        }
    }
}

fn said(status: u16) -> Result<StatusCode, Fault> {
    StatusCode::from_u16(status).map_err(|error| Fault::caused("a block's status", error))
}

fn failed(refusal: Refusal, trouble: Option<Trouble>) -> Halt {
    Halt::Failed {
        refusal,
        trouble,
        upstream: Duration::ZERO,
    }
}

/// What a partner is told of a read that failed.
fn refusal(fault: &CallFault, step: &str) -> Refusal {
    let fault = match fault.told() {
        FaultTold::Unavailable => StepFault::Unavailable,
        FaultTold::TimedOut => StepFault::TimedOut,
        FaultTold::Invalid => StepFault::Invalid,
        // Nothing more is told: whether there is such a thing is nobody's to know.
        FaultTold::NotCovered => return Refusal::NotCovered,
    };
    let step = step.to_owned();
    Refusal::StepFailed { step, fault }
}

fn trouble(fault: &CallFault) -> Option<Trouble> {
    match fault {
        CallFault::Refused { .. } | CallFault::Unaskable | CallFault::Anothers => None,
        CallFault::Unavailable => Some(Trouble::Unreachable),
        CallFault::TimedOut => Some(Trouble::TimedOut),
        CallFault::Reset => Some(Trouble::Reset),
        CallFault::Malformed | CallFault::WrongType { .. } | CallFault::TooBig => {
            Some(Trouble::Garbage)
        }
    }
}

/// What the record tells of the reads.
fn seen(ran: &Ran) -> Vec<StepSeen> {
    let steps = ran.steps.iter();
    let seen = steps.map(|step| StepSeen {
        step: Arc::clone(&step.name),
        calls: step.calls,
        began_us: micros(step.began),
        took_us: step.took.map(micros),
        fault: step.fault.as_ref().map(CallFault::as_str),
    });
    seen.collect()
}
