//! Calls that were seen, for tests.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jiff::Timestamp;

use model::ports::{Call, Called, Stage, Step, Trace, Verdict};
use model::{
    BankId, ClientId, Decision, InteractionId, Object, OperationId, PartnerId, ProductId,
    ProtectionClass, Refusal, RequestId,
};

fn object() -> Object {
    Object {
        bank: BankId::parse("harbour").expect("an id"),
        product: ProductId::parse("branches").expect("an id"),
        operation: OperationId::parse("listBranches").expect("an id"),
        class: ProtectionClass::Partner,
        method: http::Method::GET,
        template: Arc::from("/branches/v1/branches"),
        written: OnceLock::new(),
    }
}

fn step(stage: Stage, verdict: Verdict, micros: u64) -> Step {
    Step {
        stage,
        verdict,
        took: Duration::from_micros(micros),
    }
}

/// The call of this number to an operation of class `partner`: answered, or refused at *identify*,
/// or failed by the bank.
pub(crate) fn trace(number: u16, decision: Decision) -> Trace {
    let [low, high] = number.to_le_bytes();
    let random = [0, 0, 0, 0, 0, 0, 0, 0, low, high];
    let (status, refusal, stopped) = match decision {
        Decision::Allowed => (200, None, None),
        Decision::Refused => (401, Some(Refusal::NoToken), Some(Stage::Identify)),
        Decision::Failed => (504, Some(Refusal::UpstreamTimeout), Some(Stage::Forward)),
        Decision::Aborted => (0, None, None),
    };
    let code = refusal.as_ref().map(|refusal| refusal.code().as_str());
    let mut steps = Vec::new();
    for (at, stage) in (1_u64..).zip(Stage::of_class(ProtectionClass::Partner)) {
        let verdict = match code {
            Some(code) if stopped == Some(*stage) => Verdict::Stopped(code),
            _ => Verdict::Passed,
        };
        steps.push(step(*stage, verdict, 10 * at));
        if verdict != Verdict::Passed {
            steps.push(step(Stage::Outcome, Verdict::Passed, 100));
            break;
        }
    }
    let is_known = decision != Decision::Refused;
    Trace {
        call: Call {
            request: RequestId::new(Timestamp::UNIX_EPOCH, random),
            interaction: InteractionId::new([low; 16]),
            at: Timestamp::UNIX_EPOCH,
            method: Some("GET"),
            called: Called::Operation(Arc::new(object())),
            partner: is_known.then(|| PartnerId::parse("swiftride").expect("an id")),
            client: is_known.then(|| ClientId::parse("swiftride-app").expect("an id")),
            decision,
            status,
            code,
            took: Duration::from_micros(360),
            upstream: is_known.then(|| Duration::from_micros(70)),
        },
        steps,
        refusal,
    }
}
