//! Drawings of an operation: what it reads and in which order, what it checks, what it replies.
//!
//! Reads stand in levels from left to right: each behind what it needs, so that what stands in one
//! level runs beside each other. The checks are one diamond, with a dotted line to each refusal and
//! each answer that they may end with. [`svg`] makes a picture that stands by itself, [`mermaid`]
//! the same as text.

mod layout;
mod mermaid;
mod svg;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::check_line::Outcome;
use crate::plan::{Fallback, Operation, Step};

pub use mermaid::mermaid;
pub use svg::svg;

/// What a drawing shows of an operation.
struct Scene {
    /// What it is called by.
    request: Card,
    reads: Vec<Card>,
    /// The level of each read: 0 needs none.
    levels: Vec<usize>,
    /// Which reads each read needs and no other read stands between, by their places.
    edges: Vec<(usize, usize)>,
    /// The reads that no other read needs.
    last: Vec<usize>,
    /// What the checks end with when they do not hold, in the order that decides; each once.
    endings: Vec<Ending>,
    /// How many checks there are.
    checks: usize,
    reply: Card,
}

/// What a check ends with when it does not hold.
#[derive(Debug, PartialEq, Eq)]
struct Ending {
    /// Its status and its name.
    text: String,
    /// Whether it refuses; else it answers well.
    is_refusal: bool,
}

/// So many checks, in words.
fn counted(checks: usize) -> String {
    match checks {
        1 => "1 check".to_owned(),
        more => format!("{more} checks"),
    }
}

/// A box: what stands in bold, and what below.
struct Card {
    title: String,
    lines: Vec<String>,
}

impl Scene {
    fn of(operation: &Operation) -> Self {
        let levels = levels(&operation.steps);
        let needed: BTreeSet<usize> = operation
            .steps
            .iter()
            .flat_map(|step| step.needs.iter().copied())
            .collect();
        let places = 0..operation.steps.len();
        Self {
            request: Card {
                title: operation.name.to_string(),
                lines: vec![
                    format!("{} {}", operation.method, operation.path),
                    format!("within {}", length(operation.deadline)),
                ],
            },
            reads: operation.steps.iter().map(read).collect(),
            edges: edges(&operation.steps),
            last: places.filter(|place| !needed.contains(place)).collect(),
            levels,
            endings: endings(operation),
            checks: operation.checks.len(),
            reply: Card {
                title: operation.reply.status.to_string(),
                lines: vec!["reply".to_owned()],
            },
        }
    }

    /// How many levels of reads there are.
    fn depth(&self) -> usize {
        self.levels.iter().map(|level| level + 1).max().unwrap_or(0)
    }
}

/// A read as a box: its name, what it calls, and what else it says.
fn read(step: &Step) -> Card {
    let mut limits = vec![length(step.timeout)];
    if step.retries > 0 {
        limits.push(format!("retry {}", step.retries));
    }
    if let Some(kept) = step.cache {
        limits.push(format!("kept {}", length(kept)));
    }
    if let Some(each) = &step.each {
        limits.push(format!("each of ≤ {}", each.items_max));
    }
    if let Some(pages) = &step.pages {
        limits.push(format!("pages, ≤ {}", pages.items_max));
    }
    match step.fallback {
        Fallback::None => {}
        Fallback::Value(_) => limits.push("or else".to_owned()),
        Fallback::Absent => limits.push("optional".to_owned()),
    }
    Card {
        title: step.name.to_string(),
        lines: vec![
            format!("{}.{}", step.source, step.operation),
            limits.join(" · "),
        ],
    }
}

/// The level of each step. A step stands behind what it needs.
fn levels(steps: &[Step]) -> Vec<usize> {
    let mut levels: Vec<usize> = Vec::with_capacity(steps.len());
    for step in steps {
        let before = step.needs.iter().filter_map(|need| levels.get(*need));
        let level = before.map(|level| level + 1).max().unwrap_or(0);
        levels.push(level);
    }
    levels
}

/// Which step needs which, without what follows from others.
fn edges(steps: &[Step]) -> Vec<(usize, usize)> {
    let mut edges = Vec::new();
    for (place, step) in steps.iter().enumerate() {
        let is_between = |need: &usize| {
            let others = step.needs.iter().filter(|other| *other != need);
            let mut others = others.filter_map(|other| steps.get(*other));
            others.any(|other| other.needs.contains(need))
        };
        let direct = step.needs.iter().filter(|need| !is_between(need));
        edges.extend(direct.map(|need| (*need, place)));
    }
    edges
}

fn endings(operation: &Operation) -> Vec<Ending> {
    let mut endings: Vec<Ending> = Vec::new();
    for check in &operation.checks {
        let ending = match &check.outcome {
            Outcome::Problem { status, name } => Ending {
                text: format!("{status} {name}"),
                is_refusal: true,
            },
            Outcome::Answer { name } => Ending {
                text: format!("{} {name}", status_of(operation, name)),
                is_refusal: false,
            },
        };
        if !endings.contains(&ending) {
            endings.push(ending);
        }
    }
    endings
}

/// The status of an answer that a check may end with.
fn status_of(operation: &Operation, name: &str) -> u16 {
    let mut answers = operation.answers.iter();
    let found = answers.find(|(known, _)| **known == *name);
    found.map_or(operation.reply.status, |(_, reply)| reply.status)
}

/// A length of time in the longest unit that says it in whole numbers.
fn length(time: Duration) -> String {
    let millis = time.as_millis();
    let units = [(3_600_000, "h"), (60_000, "min"), (1_000, "s")];
    match units
        .iter()
        .find(|(unit, _)| millis >= *unit && millis.is_multiple_of(*unit))
    {
        Some((unit, name)) => format!("{} {name}", millis / unit),
        None => format!("{millis} ms"),
    }
}

#[cfg(test)]
mod tests;
