//! How far a run has come.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};
use tokio::time::Instant;

use super::call::{CallFault, Calls, SourceCall};
use super::{End, Given, Ran, StepReport, with_needs};
use crate::expression::{Cause, Cost, Expression, Value, Values};
use crate::plan::{Fallback, Operation, Reply, Step, Template};

/// The most that all expressions of a run may cost.
const COST_MAX: u64 = 20_000_000;

/// Why nothing comes of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stop {
    /// The step at this place failed, and nothing stands in for it.
    Fault { step: usize, fault: CallFault },
    /// An expression has no value.
    Faulty(Cause),
}

/// How a step stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Stands {
    Waits,
    Runs,
    /// Its value is there, or what stands in for it.
    Done,
    /// Whoever needs it ends as it did.
    Stopped(Stop),
}

pub(super) struct State<'s> {
    operation: &'s Arc<Operation>,
    pub(super) began: Instant,
    values: Values,
    stands: Vec<Stands>,
    /// The named values that were worked out.
    named: BTreeSet<usize>,
    cost: Cost,
    /// The gates that were passed.
    passed: usize,
    is_degraded: bool,
    reports: Vec<Option<StepReport>>,
}

impl<'s> State<'s> {
    pub(super) fn new(operation: &'s Arc<Operation>, given: Given) -> Self {
        let mut values = Values::new(Arc::clone(&operation.names));
        let given = [
            ("input", Some(given.input)),
            ("consent", given.consent),
            ("now", Some(Value::Timestamp(given.now))),
        ];
        for (name, value) in given {
            // What is not of its type, or has no name here, is not there when it is read: that is
            // told as the fault of who gave it.
            let _ = value.map(|value| values.put(name, value));
        }
        let count = operation.steps.len();
        Self {
            operation,
            began: Instant::now(),
            values,
            stands: vec![Stands::Waits; count],
            named: BTreeSet::new(),
            cost: Cost::new(COST_MAX),
            passed: 0,
            is_degraded: false,
            reports: vec![None; count],
        }
    }

    /// The steps that can begin: all that they need is there.
    pub(super) fn ready(&mut self) -> Vec<usize> {
        let mut ready = Vec::new();
        for (place, step) in self.operation.steps.iter().enumerate() {
            if self.stands.get(place) != Some(&Stands::Waits) {
                continue;
            }
            let mut needed = step.needs.iter().filter_map(|need| self.stands.get(*need));
            let stopped = needed.clone().find(|its| matches!(its, Stands::Stopped(_)));
            if let Some(Stands::Stopped(stop)) = stopped.cloned() {
                self.stop(place, stop);
            } else if needed.all(|its| *its == Stands::Done) {
                ready.push(place);
            }
        }
        ready
    }

    /// The calls of a step, with what they are made with.
    pub(super) fn call(&mut self, place: usize) -> Result<Calls, Stop> {
        let operation = Arc::clone(self.operation);
        let Some(step) = operation.steps.get(place) else {
            return Err(Stop::Faulty(Cause::Unfit));
        };
        self.name(&step.lets)?;
        let Some(each) = &step.each else {
            let values = self.values.clone();
            return Ok(Calls::One(self.made(step, &values)?));
        };
        let list = self.evaluate(&each.list)?;
        let Value::List(items) = list else {
            return Err(Stop::Faulty(Cause::Unfit));
        };
        if items.len() > each.items_max as usize {
            let fault = CallFault::TooBig;
            return Err(Stop::Fault { step: place, fault });
        }
        let mut calls = Vec::with_capacity(items.len());
        for item in items.iter() {
            let mut values = self.values.widened(Arc::clone(&each.names));
            let put = values.put(&each.item, item.clone());
            put.map_err(|_| Stop::Faulty(Cause::Unfit))?;
            calls.push(self.made(step, &values)?);
        }
        Ok(Calls::Each(calls))
    }

    fn made(&mut self, step: &Step, values: &Values) -> Result<SourceCall, Stop> {
        let mut arguments = Map::new();
        for (name, template) in &step.with {
            let made = filled(template, values, &mut self.cost).map_err(Stop::Faulty)?;
            arguments.extend(made.map(|made| (name.to_string(), made)));
        }
        Ok(SourceCall {
            source: Arc::clone(&step.source),
            operation: Arc::clone(&step.operation),
            arguments,
        })
    }

    /// Notes that a step begins.
    pub(super) fn begin(&mut self, place: usize) -> &'s Step {
        // Only what is there is ready.
        let step = &self.operation.steps[place];
        self.stands[place] = Stands::Runs;
        self.reports[place] = Some(StepReport {
            name: Arc::clone(&step.name),
            began: self.began.elapsed(),
            took: None,
            calls: 0,
            fault: None,
        });
        step
    }

    /// Notes that nothing comes of a step.
    pub(super) fn stop(&mut self, place: usize, stop: Stop) {
        if let Some(stands) = self.stands.get_mut(place) {
            *stands = Stands::Stopped(stop);
        }
    }

    /// Notes what a step ended with.
    pub(super) fn settle(&mut self, place: usize, calls: u32, ended: Result<Value, CallFault>) {
        let Some(step) = self.operation.steps.get(place) else {
            return;
        };
        if let Some(Some(report)) = self.reports.get_mut(place) {
            report.took = Some(self.began.elapsed().saturating_sub(report.began));
            report.calls = calls;
            report.fault = ended.as_ref().err().cloned();
        }
        let value = match (ended, &step.fallback) {
            (Ok(value), _) => value,
            (Err(fault), Fallback::None) => {
                return self.stop(place, Stop::Fault { step: place, fault });
            }
            (Err(_), fallback) => {
                self.is_degraded = true;
                self.values.put_failed(&step.name);
                match fallback {
                    Fallback::Value(value) => value.clone(),
                    Fallback::None | Fallback::Absent => Value::Absent,
                }
            }
        };
        let stands = match self.values.put(&step.name, value) {
            Ok(()) => Stands::Done,
            Err(_) => Stands::Stopped(Stop::Faulty(Cause::Unfit)),
        };
        if let Some(its) = self.stands.get_mut(place) {
            *its = stands;
        }
    }

    /// Goes through the gates that can be decided now; what the run ends with, once one ends it.
    pub(super) fn gate(&mut self) -> Option<End> {
        let operation = Arc::clone(self.operation);
        while let Some(check) = operation.checks.get(self.passed) {
            if let Err(stop) = self.is_there(&check.needs)? {
                return Some(stop.into_end(&operation));
            }
            let held = self.name(&check.lets);
            match held.and_then(|()| self.evaluate(&check.condition)) {
                Ok(Value::Bool(true)) => self.passed += 1,
                Ok(Value::Bool(false)) => {
                    // An answer needs what it says, too.
                    if let Some(needs) = answer_needs(&operation, &check.outcome)
                        && let Err(stop) = self.is_there(needs)?
                    {
                        return Some(stop.into_end(&operation));
                    }
                    return Some(operation.ends_with(&check.outcome, self));
                }
                Ok(_) => return Some(Stop::Faulty(Cause::Unfit).into_end(&operation)),
                Err(stop) => return Some(stop.into_end(&operation)),
            }
        }
        if let Err(stop) = self.is_there(&operation.reply.needs)? {
            return Some(stop.into_end(&operation));
        }
        Some(match self.body(&operation.reply) {
            Ok(body) => End::Reply {
                status: operation.reply.status,
                body,
            },
            Err(stop) => stop.into_end(&operation),
        })
    }

    /// Whether these steps are done; nothing while one of them is not, and why nothing comes of
    /// them: of several, the first of the plan says.
    fn is_there(&self, needs: &BTreeSet<usize>) -> Option<Result<(), Stop>> {
        let all = with_needs(self.operation, needs);
        let mut is_whole = true;
        for place in all {
            match self.stands.get(place) {
                Some(Stands::Done) => {}
                Some(Stands::Stopped(stop)) if is_whole => return Some(Err(stop.clone())),
                _ => is_whole = false,
            }
        }
        is_whole.then_some(Ok(()))
    }

    /// Works named values out.
    fn name(&mut self, lets: &BTreeSet<usize>) -> Result<(), Stop> {
        let operation = Arc::clone(self.operation);
        for place in lets {
            if let Some(its) = operation.lets.get(*place)
                && self.named.insert(*place)
            {
                self.name(&its.lets)?;
                let value = self.evaluate(&its.expression)?;
                let put = self.values.put(&its.name, value);
                put.map_err(|_| Stop::Faulty(Cause::Unfit))?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, expression: &Expression) -> Result<Value, Stop> {
        let value = expression.evaluate(&self.values, &mut self.cost);
        value.map_err(|failure| Stop::Faulty(failure.cause))
    }

    /// The body of an answer, whose steps are done.
    pub(super) fn body(&mut self, reply: &Reply) -> Result<Json, Stop> {
        self.name(&reply.lets)?;
        let body = filled(&reply.body, &self.values, &mut self.cost).map_err(Stop::Faulty)?;
        Ok(body.unwrap_or(Json::Null))
    }

    /// The time is over: the first step that the next gate waits for was too slow.
    pub(super) fn late(&self) -> End {
        let gate = self.operation.checks.get(self.passed);
        let needs = gate.map_or(&self.operation.reply.needs, |check| &check.needs);
        let all = with_needs(self.operation, needs);
        let is_slow = |place: &usize| self.stands.get(*place) == Some(&Stands::Runs);
        let slow = all.iter().copied().find(is_slow).unwrap_or_default();
        let fault = CallFault::TimedOut;
        Stop::Fault { step: slow, fault }.into_end(self.operation)
    }

    pub(super) fn into_ran(self, end: End) -> Ran {
        Ran {
            end,
            is_degraded: self.is_degraded,
            passed: self.passed,
            steps: self.reports.into_iter().flatten().collect(),
        }
    }
}

/// The steps that the answer of a check needs.
fn answer_needs<'o>(
    operation: &'o Operation,
    outcome: &crate::check_line::Outcome,
) -> Option<&'o BTreeSet<usize>> {
    let crate::check_line::Outcome::Answer { name } = outcome else {
        return None;
    };
    let found = operation.answers.iter().find(|(its, _)| **its == **name);
    found.map(|(_, reply)| &reply.needs)
}

/// A template with its places filled: a member, or an item, that is absent is left out.
fn filled(template: &Template, values: &Values, cost: &mut Cost) -> Result<Option<Json>, Cause> {
    Ok(match template {
        Template::Literal(json) => Some(json.as_ref().clone()),
        Template::Reference(expression) => {
            let value = expression.evaluate(values, cost);
            value.map_err(|failure| failure.cause)?.write()
        }
        Template::Object(members) => {
            let mut made = Map::new();
            for (name, its) in members {
                let member = filled(its, values, cost)?;
                made.extend(member.map(|member| (name.to_string(), member)));
            }
            Some(Json::Object(made))
        }
        Template::List(items) => {
            let mut made = Vec::new();
            for item in items {
                made.extend(filled(item, values, cost)?);
            }
            Some(Json::Array(made))
        }
    })
}
