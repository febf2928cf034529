//! What came of a test, held against what was expected.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};

use super::mock::Made;
use super::{Expect, Test};
use crate::run::{CallFault, End, FaultTold, Ran};
use crate::slip::quoted;

/// The most differences that are told of one test.
const DIFFERENCES_MAX: usize = 20;

/// The status of a block's own fault.
pub(super) const FAULTY_STATUS: u16 = 500;
/// The road's problems of reads that fail, with their statuses.
pub(super) const OF_READS: [(u16, &str); 4] = [
    (503, "upstream_unavailable"),
    (504, "upstream_timeout"),
    (502, "upstream_invalid"),
    (403, "not_covered"),
];

/// One thing that is not as it was expected.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// Where it is expected, as a JSON Pointer (RFC 6901) into the file; of a body, the place in it
    /// goes on behind, whether something is written there or not.
    pub pointer: String,
    /// What differs, in one line.
    pub what: String,
    /// What was expected; nothing where nothing was.
    pub expected: Option<Json>,
    /// What came; nothing where nothing did.
    pub got: Option<Json>,
}

/// What a partner is told, as a test writes it.
struct Told<'t> {
    status: u16,
    body: Option<&'t Json>,
    problem: Option<&'t str>,
    answer: Option<&'t str>,
}

impl<'t> Told<'t> {
    fn of(end: &'t End) -> Self {
        let (mut body, mut problem, mut answer) = (None, None, None);
        let status = match end {
            End::Reply { status, body: its } => {
                body = Some(its);
                *status
            }
            End::Answer {
                name,
                status,
                body: its,
            } => {
                (body, answer) = (Some(its), Some(name.as_str()));
                *status
            }
            End::Refused { status, name } => {
                problem = Some(name.as_str());
                *status
            }
            End::Failed { fault, .. } => {
                let (status, name) = problem_of(fault);
                problem = Some(name);
                status
            }
            End::Faulty { .. } => FAULTY_STATUS,
        };
        Self {
            status,
            body,
            problem,
            answer,
        }
    }
}

/// What differs, at most 20 things.
pub(super) fn differences(test: &Test, ran: &Ran, made: &[Made]) -> Vec<Difference> {
    let mut found = Found {
        at: format!("{}/expect", test.pointer),
        list: Vec::new(),
    };
    let told = Told::of(&ran.end);
    found.end(&test.expect, &told, &ran.end);
    if let (Some(expected), Some(got)) = (&test.expect.body, told.body) {
        found.whole("/body", expected, got);
    }
    if let (Some(expected), Some(got)) = (&test.expect.body_has, told.body) {
        found.has("/body_has", expected, got);
    }
    if let Some(expected) = test.expect.is_degraded {
        found.same("/degraded", "degraded", expected, ran.is_degraded);
    }
    found.calls(&test.expect.calls, made);
    found.unknown(&test.pointer, made);
    found.list
}

struct Found {
    /// Where expectations stand.
    at: String,
    list: Vec<Difference>,
}

impl Found {
    fn add(&mut self, place: &str, what: String, expected: Option<Json>, got: Option<Json>) {
        self.push(Difference {
            pointer: format!("{}{place}", self.at),
            what,
            expected,
            got,
        });
    }

    fn push(&mut self, difference: Difference) {
        if self.list.len() < DIFFERENCES_MAX {
            self.list.push(difference);
        }
    }

    fn same<T: Into<Json> + PartialEq>(&mut self, place: &str, what: &str, expected: T, got: T) {
        if expected != got {
            let what = format!("`{what}` differs");
            self.add(place, what, Some(expected.into()), Some(got.into()));
        }
    }

    /// How the run ended.
    fn end(&mut self, expect: &Expect, told: &Told<'_>, end: &End) {
        if expect.status != told.status {
            let (expected, got) = (expect.status.into(), told.status.into());
            self.add("/status", ended(end), Some(expected), Some(got));
        }
        for (key, expected, got) in [
            ("problem", expect.problem.as_deref(), told.problem),
            ("answer", expect.answer.as_deref(), told.answer),
        ] {
            if expected.is_some() && expected != got {
                let json = |name: Option<&str>| name.map(Json::from);
                self.add(&format!("/{key}"), ended(end), json(expected), json(got));
            }
        }
        for (key, expected) in [("body", &expect.body), ("body_has", &expect.body_has)] {
            if told.body.is_none() && expected.is_some() {
                self.add(&format!("/{key}"), ended(end), expected.clone(), None);
            }
        }
    }

    /// Values that must be the same.
    fn whole(&mut self, place: &str, expected: &Json, got: &Json) {
        match (expected, got) {
            (Json::Object(expected), Json::Object(got)) => {
                self.members(place, expected, got, Self::whole);
                for (name, its) in got.iter().filter(|(name, _)| !expected.contains_key(*name)) {
                    let what = format!("{} was not expected", quoted(name));
                    self.add(&below(place, name), what, None, Some(its.clone()));
                }
            }
            _ => self.other(place, expected, got, Self::whole),
        }
    }

    /// Of objects, those members that are expected; lists have as many items as are.
    fn has(&mut self, place: &str, expected: &Json, got: &Json) {
        match (expected, got) {
            (Json::Object(expected), Json::Object(got)) => {
                self.members(place, expected, got, Self::has);
            }
            _ => self.other(place, expected, got, Self::has),
        }
    }

    fn members(
        &mut self,
        place: &str,
        expected: &Map<String, Json>,
        got: &Map<String, Json>,
        compare: fn(&mut Self, &str, &Json, &Json),
    ) {
        for (name, its) in expected {
            let place = below(place, name);
            if let Some(got) = got.get(name) {
                compare(self, &place, its, got);
            } else {
                let what = format!("{} is missing", quoted(name));
                self.add(&place, what, Some(its.clone()), None);
            }
        }
    }

    /// Values that are not both objects.
    fn other(
        &mut self,
        place: &str,
        expected: &Json,
        got: &Json,
        compare: fn(&mut Self, &str, &Json, &Json),
    ) {
        match (expected, got) {
            (Json::Array(expected), Json::Array(got)) if expected.len() == got.len() => {
                for (number, (expected, got)) in expected.iter().zip(got).enumerate() {
                    compare(self, &format!("{place}/{number}"), expected, got);
                }
            }
            _ if expected == got => {}
            _ => {
                let what = "the value differs".to_owned();
                self.add(place, what, Some(expected.clone()), Some(got.clone()));
            }
        }
    }

    fn calls(&mut self, expected: &BTreeMap<String, u32>, made: &[Made]) {
        for (name, expected) in expected {
            let got = made.iter().filter(|its| its.name == *name).count();
            let got = u32::try_from(got).unwrap_or(u32::MAX);
            self.same(&below("/calls", name), name, *expected, got);
        }
    }

    /// Calls of which nothing says what is answered.
    fn unknown(&mut self, test: &str, made: &[Made]) {
        let mut told: Vec<&str> = Vec::new();
        for its in made.iter().filter(|its| its.is_unknown) {
            if !told.contains(&its.name.as_str()) {
                told.push(&its.name);
                self.push(Difference {
                    pointer: format!("{test}/mock"),
                    what: format!("`{}` is called, and nothing mocks it", its.name),
                    expected: None,
                    got: Some(Json::from(its.name.as_str())),
                });
            }
        }
    }
}

/// The problem that the road makes of a read's fault: its status and its name.
fn problem_of(fault: &CallFault) -> (u16, &'static str) {
    let [unavailable, timeout, invalid, not_covered] = OF_READS;
    match fault.told() {
        FaultTold::Unavailable => unavailable,
        FaultTold::TimedOut => timeout,
        FaultTold::Invalid => invalid,
        FaultTold::NotCovered => not_covered,
    }
}

/// How a run ended, in one line.
fn ended(end: &End) -> String {
    match end {
        End::Reply { status, .. } => format!("it replied with {status}"),
        End::Answer { name, status, .. } => format!("it answered `{name}` with {status}"),
        End::Refused { name, status } => format!("it was refused: {status} `{name}`"),
        End::Failed { step, fault } => format!("the read `{step}` failed: {fault}"),
        End::Faulty { cause } => format!("an expression has no value: {cause}"),
    }
}

fn below(place: &str, name: &str) -> String {
    let name = name.replace('~', "~0").replace('/', "~1");
    format!("{place}/{name}")
}
