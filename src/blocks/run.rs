//! Running an operation: reads as soon as what they need is there, checks in the order of the file,
//! then the answer.
//!
//! **What it ends with is a function of the answers, not of their timing.** The checks and at last
//! the reply are gates, in the order of the file: a gate is passed only when those before it are,
//! and the first that ends the run does, whatever came first. A read that fails ends the run at the
//! first gate that needs it. Once a gate has ended the run, what still runs is let go: reads change
//! nothing.

mod cache;
mod call;
mod covered;
mod state;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use serde_json::Value as Json;

use crypto::Random;

use crate::check_line::Outcome;
use crate::expression::{Cause, Value};
use crate::plan::Operation;
use state::{State, Stop};

pub use cache::AnswerCache;
pub use call::{CallFault, Caller, FaultTold, RetryBudget, SourceCall};

/// What a run is given beside its plan.
#[derive(Debug, Clone)]
pub struct Given {
    /// The request: a value of the operation's input.
    pub input: Value,
    /// What the customer allowed, as expressions read it; nothing where no consent is meant.
    pub consent: Option<Value>,
    /// What expressions read as `now`.
    pub now: Timestamp,
}

/// What a run needs of the house.
pub struct House<'h> {
    /// Calls the bank's services.
    pub caller: &'h dyn Caller,
    /// How many calls may be repeated.
    pub budget: &'h RetryBudget,
    /// Answers that are kept from runs before.
    pub cache: &'h AnswerCache,
    /// Whose answers these are: who asks, and under which consent. What is kept for one is never
    /// another's.
    pub whose: &'h str,
    /// Spreads repeated calls.
    pub random: &'h dyn Random,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Ran {
    /// What the partner is told.
    pub end: End,
    /// Whether something stood in for a read that failed.
    pub is_degraded: bool,
    /// How many checks held: those before the one that did not, or before what ended the run.
    pub passed: usize,
    /// What was read, in the plan's order; those that had not begun are left out.
    pub steps: Vec<StepReport>,
}

/// What a partner is told.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    /// The operation's answer.
    Reply {
        /// Its status.
        status: u16,
        /// Its body.
        body: Json,
    },
    /// A check ended well, with an answer of the block's.
    Answer {
        /// The answer's name.
        name: String,
        /// Its status.
        status: u16,
        /// Its body.
        body: Json,
    },
    /// A check did not hold.
    Refused {
        /// Its status.
        status: u16,
        /// The problem's name.
        name: String,
    },
    /// A read failed that nothing stands in for.
    Failed {
        /// Its name.
        step: Arc<str>,
        /// How.
        fault: CallFault,
    },
    /// An expression has no value: the block's own fault.
    Faulty {
        /// Why.
        cause: Cause,
    },
}

/// A read that was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// Its name.
    pub name: Arc<str>,
    /// When it began, since the run did.
    pub began: Duration,
    /// How long it took; nothing of one that was let go.
    pub took: Option<Duration>,
    /// How many calls were made for it; none where an answer was kept.
    pub calls: u32,
    /// How it failed, if it did.
    pub fault: Option<CallFault>,
}

/// What a read ended with: its place, its calls, and its value.
type Ended = (usize, u32, Result<Value, CallFault>);

impl Operation {
    /// What a customer allowed, read as this operation's expressions do; nothing where it reads no
    /// consent, or where this is none.
    pub fn consent_of(&self, consent: &Json) -> Option<Value> {
        Value::read(self.names.of("consent")?, consent).ok()
    }

    /// Runs it, to its deadline at the longest. Nothing is left running.
    pub async fn run(self: &Arc<Self>, given: Given, house: &House<'_>) -> Ran {
        let own = own(given.consent.as_ref());
        let own = own.as_ref();
        let mut state = State::new(self, given);
        let deadline = state.began + self.deadline;
        let mut running: FuturesUnordered<BoxFuture<'_, Ended>> = FuturesUnordered::new();
        let end = loop {
            for place in state.ready() {
                match state.call(place) {
                    Ok(calls) => {
                        let step = state.begin(place);
                        let made = async move {
                            let (count, value) =
                                call::perform(step, calls, (house, own), deadline).await;
                            (place, count, value)
                        };
                        running.push(Box::pin(made));
                    }
                    Err(stop) => state.stop(place, stop),
                }
            }
            if let Some(end) = state.gate() {
                break end;
            }
            let next = tokio::time::timeout_at(deadline, running.next()).await;
            match next {
                Ok(Some((place, calls, value))) => state.settle(place, calls, value),
                // Each of those that are needed has begun, or was stopped: one is still running.
                Ok(None) | Err(_) => break state.late(),
            }
        };
        drop(running);
        state.into_ran(end)
    }

    /// What a check ends with.
    fn ends_with(&self, outcome: &Outcome, state: &mut State<'_>) -> End {
        let name = match outcome {
            Outcome::Problem { status, name } => {
                let (status, name) = (*status, name.clone());
                return End::Refused { status, name };
            }
            Outcome::Answer { name } => name.clone(),
        };
        let Some((_, reply)) = self.answers.iter().find(|(its, _)| **its == *name) else {
            let cause = Cause::Unfit;
            return End::Faulty { cause };
        };
        match state.body(reply) {
            Ok(body) => End::Answer {
                name,
                status: reply.status,
                body,
            },
            Err(stop) => stop.into_end(self),
        }
    }
}

impl Stop {
    fn into_end(self, operation: &Operation) -> End {
        match self {
            Self::Fault { step, fault } => {
                let name = operation.steps.get(step).map(|step| Arc::clone(&step.name));
                End::Failed {
                    step: name.unwrap_or_default(),
                    fault,
                }
            }
            Self::Faulty(cause) => End::Faulty { cause },
        }
    }
}

/// The things that the customer chose; nothing where no consent is read.
fn own(consent: Option<&Value>) -> Option<BTreeSet<Arc<str>>> {
    let Value::Object(members) = consent? else {
        return None;
    };
    let Some(Value::List(accounts)) = members.get("accounts") else {
        return Some(BTreeSet::new());
    };
    let ids = accounts.iter().filter_map(|account| match account {
        Value::Text(id) => Some(Arc::clone(id)),
        _ => None,
    });
    Some(ids.collect())
}

/// All steps that these need, themselves included.
fn with_needs(operation: &Operation, needs: &BTreeSet<usize>) -> BTreeSet<usize> {
    let mut all = needs.clone();
    // What a step needs stands before it.
    for (place, step) in operation.steps.iter().enumerate().rev() {
        if all.contains(&place) {
            all.extend(&step.needs);
        }
    }
    all
}

#[cfg(test)]
mod tests;
