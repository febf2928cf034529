//! The request inspector's pages: the last calls as a list, and one of them with its stages, their
//! verdicts and times.

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use model::ports::{Called, Stage, Step, Trace, Verdict};
use web::{Explained, Language};

use crate::inspector::Inspector;

mod filter;
mod page;
mod told;
mod words;

pub(super) use filter::Filter;
pub(super) use page::{ListView, OneView, Row};

use told::Told;

/// How many calls the start page shows.
const AT_START: usize = 5;

/// The newest calls, for the start page.
pub(super) fn newest(inspector: &Inspector, language: Language) -> Vec<Row> {
    let last = inspector.last().into_iter().take(AT_START);
    last.map(|trace| Row::of(&trace, language)).collect()
}

/// The calls that are asked for, for programs.
#[derive(Debug, Serialize)]
pub(super) struct Listed<'a> {
    calls: Vec<Told<'a>>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(last: &'a [Arc<Trace>], filter: &Filter) -> Self {
        let fitting = last.iter().filter(|trace| filter.fits(trace));
        Self {
            calls: fitting.map(|trace| Told::of(trace)).collect(),
        }
    }
}

/// One call, for programs.
pub(super) fn told(trace: &Trace) -> impl Serialize + '_ {
    Told::of(trace)
}

/// The path of an operation, or what an endpoint is called.
fn path(trace: &Trace) -> Option<&str> {
    match &trace.call.called {
        Called::Operation(object) => Some(&object.template),
        Called::Endpoint { name, .. } => Some(name),
        Called::Nothing => None,
    }
}

/// The stages of a call: those that it met with verdict and time, and those that it would have met,
/// had it gone on.
fn stages(trace: &Trace) -> Vec<(Stage, Option<(Verdict, Duration)>)> {
    let way = way(trace);
    let met = |step: &Step| (step.stage, Some((step.verdict, step.took)));
    let before = trace.steps.iter().filter(|step| !way.contains(&step.stage));
    let mut all: Vec<_> = before.map(met).collect();
    for stage in way {
        let mut its = trace.steps.iter().filter(|step| step.stage == *stage);
        match its.next() {
            Some(first) => {
                all.push(met(first));
                all.extend(its.map(met));
            }
            None => all.push((*stage, None)),
        }
    }
    all
}

/// The stages of what was called.
fn way(trace: &Trace) -> &'static [Stage] {
    match &trace.call.called {
        Called::Operation(object) => Stage::of_class(object.class),
        Called::Endpoint { .. } => {
            let mut steps = trace.steps.iter();
            if steps.any(|step| step.stage == Stage::Client) {
                Stage::OF_ISSUER
            } else {
                &[]
            }
        }
        Called::Nothing => &[],
    }
}

/// What a refusal says; none of OAuth errors, whose words are not kept.
fn explained(trace: &Trace) -> Option<Explained> {
    let of_refusal = trace.refusal.as_ref().map(Explained::of);
    of_refusal.or_else(|| (trace.call.code? == "internal").then(Explained::fault))
}
