//! Which parts of a block its tests reach.

use std::sync::Arc;

use super::check::called;
use super::mock::Made;
use crate::plan::{Fallback, Operation, Plan};
use crate::run::{End, Ran};

/// Which parts of a block its tests reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Each part, in the order of the plan.
    pub points: Vec<Point>,
}

/// A part that a test may reach, in one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// The operation that it is of.
    pub operation: Arc<str>,
    /// Where it stands in the block's file, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// In which way.
    pub way: Way,
    /// How many tests reached it so.
    pub tests: u32,
}

/// In which way a part is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// A check holds.
    Holds,
    /// A check does not hold.
    Fails,
    /// The run ends with this answer.
    Ends,
    /// What stands in for a read, or its absence, is taken.
    StandsIn,
    /// A call is made again.
    Repeats,
}

impl Way {
    /// What is said of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Fails => "does not hold",
            Self::Ends => "is given",
            Self::StandsIn => "is taken",
            Self::Repeats => "is made",
        }
    }
}

impl Coverage {
    /// Nothing is reached.
    pub(super) fn new(plan: &Plan) -> Self {
        let points = plan.operations.iter().flat_map(|its| points(its));
        Self {
            points: points.collect(),
        }
    }

    /// The parts that no test reaches.
    pub fn missing(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| point.tests == 0)
    }

    /// Notes what a run reached.
    pub(super) fn note(&mut self, operation: &Operation, ran: &Ran, made: &[Made]) {
        let reached = reached(operation, ran, made);
        for (place, way) in reached {
            let pointer = at(operation, &place);
            let is_meant = |point: &&mut Point| point.pointer == pointer && point.way == way;
            if let Some(point) = self.points.iter_mut().find(is_meant) {
                point.tests = point.tests.saturating_add(1);
            }
        }
    }
}

fn at(operation: &Operation, place: &str) -> String {
    format!("/operations/{}{place}", operation.name)
}

fn check_at(number: usize) -> String {
    format!("/checks/{number}")
}

/// All that tests of an operation may reach.
fn points(operation: &Operation) -> Vec<Point> {
    let mut places = Vec::new();
    for number in 0..operation.checks.len() {
        places.extend([Way::Holds, Way::Fails].map(|way| (check_at(number), way)));
    }
    places.push(("/reply".to_owned(), Way::Ends));
    let answers = operation.answers.iter();
    places.extend(answers.map(|(name, _)| (format!("/answers/{name}"), Way::Ends)));
    for step in &operation.steps {
        if let Some(key) = stand_in(&step.fallback) {
            places.push((format!("/reads/{}/{key}", step.name), Way::StandsIn));
        }
        if step.retries > 0 {
            places.push((format!("/reads/{}/retry", step.name), Way::Repeats));
        }
    }
    let point = |(place, way): (String, Way)| Point {
        operation: Arc::clone(&operation.name),
        pointer: at(operation, &place),
        way,
        tests: 0,
    };
    places.into_iter().map(point).collect()
}

/// The key that says what happens when a read fails.
fn stand_in(fallback: &Fallback) -> Option<&'static str> {
    match fallback {
        Fallback::None => None,
        Fallback::Value(_) => Some("or_else"),
        Fallback::Absent => Some("optional"),
    }
}

/// What one run reached.
fn reached(operation: &Operation, ran: &Ran, made: &[Made]) -> Vec<(String, Way)> {
    let held = 0..ran.passed;
    let mut reached: Vec<(String, Way)> = held.map(|at| (check_at(at), Way::Holds)).collect();
    match &ran.end {
        End::Reply { .. } => reached.push(("/reply".to_owned(), Way::Ends)),
        End::Answer { name, .. } => {
            reached.push((check_at(ran.passed), Way::Fails));
            reached.push((format!("/answers/{name}"), Way::Ends));
        }
        End::Refused { .. } => reached.push((check_at(ran.passed), Way::Fails)),
        End::Failed { .. } | End::Faulty { .. } => {}
    }
    for report in &ran.steps {
        let step = operation.steps.iter().find(|its| its.name == report.name);
        let Some(step) = step else { continue };
        if let (Some(key), Some(_)) = (stand_in(&step.fallback), &report.fault) {
            reached.push((format!("/reads/{}/{key}", step.name), Way::StandsIn));
        }
        let name = called(step);
        let is_repeated = made.iter().any(|its| its.is_repeat && its.name == name);
        if is_repeated && report.calls > 1 {
            reached.push((format!("/reads/{}/retry", step.name), Way::Repeats));
        }
    }
    reached
}
