//! A call as programs read it.

use std::time::Duration;

use serde::Serialize;

use model::ports::{Called, Trace, Verdict};
use web::Explained;

use super::{explained, path, stages};

/// A call, its members named as in problem documents and records. Times are in microseconds.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    request: String,
    interaction: &'a str,
    at: String,
    method: Option<&'static str>,
    path: Option<&'a str>,
    operation: Option<&'a str>,
    product: Option<&'a str>,
    bank: Option<&'a str>,
    partner: Option<&'a str>,
    client: Option<&'a str>,
    decision: &'static str,
    status: u16,
    code: Option<&'static str>,
    took_us: u128,
    upstream_us: Option<u128>,
    stages: Vec<Stage>,
    problem: Option<Explained>,
}

#[derive(Debug, Serialize)]
struct Stage {
    stage: &'static str,
    verdict: &'static str,
    code: Option<&'static str>,
    took_us: Option<u128>,
}

impl<'a> Told<'a> {
    pub(super) fn of(trace: &'a Trace) -> Self {
        let call = &trace.call;
        let object = match &call.called {
            Called::Operation(object) => Some(object),
            Called::Endpoint { .. } | Called::Nothing => None,
        };
        let bank = match &call.called {
            Called::Operation(object) => Some(&object.bank),
            Called::Endpoint { bank, .. } => bank.as_ref(),
            Called::Nothing => None,
        };
        Self {
            request: call.request.to_string(),
            interaction: call.interaction.as_str(),
            at: call.at.to_string(),
            method: call.method,
            path: path(trace),
            operation: object.map(|object| object.operation.as_str()),
            product: object.map(|object| object.product.as_str()),
            bank: bank.map(model::BankId::as_str),
            partner: call.partner.as_ref().map(model::PartnerId::as_str),
            client: call.client.as_ref().map(model::ClientId::as_str),
            decision: call.decision.as_str(),
            status: call.status,
            code: call.code,
            took_us: call.took.as_micros(),
            upstream_us: call.upstream.map(|upstream| upstream.as_micros()),
            stages: stages(trace).into_iter().map(Stage::of).collect(),
            problem: explained(trace),
        }
    }
}

impl Stage {
    fn of((stage, met): (model::ports::Stage, Option<(Verdict, Duration)>)) -> Self {
        let (verdict, code) = match met {
            None => ("not_reached", None),
            Some((Verdict::Passed, _)) => ("passed", None),
            Some((Verdict::Stopped(code), _)) => ("stopped", Some(code)),
            Some((Verdict::Left, _)) => ("left", None),
        };
        Self {
            stage: stage.as_str(),
            verdict,
            code,
            took_us: met.map(|(_, took)| took.as_micros()),
        }
    }
}
