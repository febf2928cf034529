//! The tests of a block held against its plan and against what its services say of themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use openapi::Contract;
use serde_json::{Value as Json, json};

use super::compare::{FAULTY_STATUS, OF_READS};
use super::file::{ExpectFile, GivenFile, MockFile, TestFile, TestsFile};
use super::mock::{AFTER, Mock, Turn};
use super::{Contracts, Expect, Test, Tests};
use crate::check_line::Outcome;
use crate::compile::{Mistake, Mistakes, all_reads, consent_of};
use crate::expression::{Type, Value};
use crate::file::Written;
use crate::plan::{Needs, Operation, Plan, Step};
use crate::run::{CallFault, Given};
use crate::slip::{choices, quoted};

/// The id of the consent that tests are given.
const CONSENT_ID: &str = "consent-of-the-test";
/// The statuses by which a service says that it is unavailable.
const UNAVAILABLE: [u16; 3] = [502, 503, 504];

impl Tests {
    /// Checks tests against the block that they are of, and what they mock against the services
    /// that it composes.
    ///
    /// Errors: all mistakes, at most 200, in the order of the file.
    pub fn check(
        file: &TestsFile,
        plan: &Plan,
        contracts: &Contracts,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::default();
        let mut names = BTreeSet::new();
        let mut tests = Vec::new();
        for test in &file.tests {
            if !names.insert(test.name.as_str()) {
                let what = format!("two tests have the name {}", quoted(&test.name));
                let at = format!("{}/name", test.pointer);
                mistakes.tell("E201", &at, what, "say what this one proves");
            }
            let Some(operation) = operation_of(test, plan, &mut mistakes) else {
                continue;
            };
            let mut checking = Checking {
                file: test,
                operation,
                contracts,
                mistakes: &mut mistakes,
            };
            tests.extend(checking.test());
        }
        let plan = plan.clone();
        mistakes.into_result(Self { plan, tests })
    }
}

fn operation_of<'p>(
    test: &TestFile,
    plan: &'p Plan,
    mistakes: &mut Mistakes,
) -> Option<&'p Arc<Operation>> {
    let found = plan.operations.iter().find(|its| *its.name == *test.run);
    if found.is_none() {
        let what = format!("the block has no operation {}", quoted(&test.run));
        let known = plan.operations.iter().map(|its| its.name.as_ref());
        let help = choices("its operations", &test.run, known);
        mistakes.tell("E202", &format!("{}/run", test.pointer), what, help);
    }
    found
}

/// A test that is being checked.
struct Checking<'c> {
    file: &'c TestFile,
    operation: &'c Arc<Operation>,
    contracts: &'c Contracts,
    mistakes: &'c mut Mistakes,
}

impl Checking<'_> {
    fn tell(&mut self, code: &'static str, place: &str, what: impl Into<String>, help: &str) {
        let pointer = format!("{}{place}", self.file.pointer);
        self.mistakes.tell(code, &pointer, what, help);
    }

    /// The test; nothing where something that it is given is wrong.
    fn test(&mut self) -> Option<Test> {
        let given = self.given(&self.file.given);
        let mocks = self.mocks();
        let expect = self.expect(&self.file.expect);
        Some(Test {
            name: self.file.name.clone(),
            pointer: self.file.pointer.clone(),
            operation: Arc::clone(self.operation),
            given: given?,
            mocks: mocks?,
            expect,
        })
    }

    fn given(&mut self, given: &GivenFile) -> Option<Given> {
        let written = given.input.as_ref().map(|its| its.value.clone());
        let written = written.unwrap_or_else(|| json!({}));
        let input = &self.operation.input;
        let input = self.value("E203", "/given/input", input, &written);
        let consent = self.consent(given.consent.as_ref());
        let now = self.now(given.now.as_ref());
        Some(Given {
            input: input?,
            consent: consent?,
            now: now?,
        })
    }

    /// A value of this type, in which nothing stands that it does not know.
    fn value(
        &mut self,
        code: &'static str,
        place: &str,
        kind: &Type,
        json: &Json,
    ) -> Option<Value> {
        if let (Type::Object(object), Json::Object(members)) = (kind, json) {
            let known = object.members.keys().map(AsRef::as_ref);
            let is_known = |name: &str| object.members.contains_key(name);
            let mut unknown = members.keys().filter(|name| !is_known(name)).peekable();
            let is_whole = unknown.peek().is_none();
            for name in unknown {
                let help = choices("the members", name, known.clone());
                let what = format!("no member {} is taken here", quoted(name));
                self.tell(code, &format!("{place}/{}", escaped(name)), what, &help);
            }
            if !is_whole {
                return None;
            }
        }
        match Value::read(kind, json) {
            Ok(value) => Some(value),
            Err(unfit) => {
                let at = format!("{place}{}", unfit.pointer);
                let help = format!("`{}` takes {kind}", self.operation.name);
                self.tell(code, &at, unfit.what, &help);
                None
            }
        }
    }

    /// What the customer allowed.
    fn consent(&mut self, written: Option<&Written>) -> Option<Option<Value>> {
        match (&self.operation.consent, written) {
            (None, None) => Some(None),
            (Some(needs), Some(written)) => self.allowed(needs, &written.value).map(Some),
            (Some(_), None) => {
                let what = format!("`{}` needs a consent", self.operation.name);
                let help = "write `given: { consent: { customerId: …, accounts: […] } }`";
                self.tell("E204", "", what, help);
                None
            }
            (None, Some(_)) => {
                let what = format!("`{}` asks no customer", self.operation.name);
                self.tell("E204", "/given/consent", what, "leave `consent` out");
                None
            }
        }
    }

    fn allowed(&mut self, needs: &Needs, written: &Json) -> Option<Value> {
        let bound = needs.bound.iter();
        let bound = bound.map(|(name, kind)| (name.as_ref(), kind.clone()));
        let kind = consent_of(bound);
        let Type::Object(object) = &kind else {
            return None;
        };
        let given = |key: &str, otherwise: Json| written.get(key).cloned().unwrap_or(otherwise);
        let held = given("bound", json!({}));
        if let Some(bound) = object.members.get("bound") {
            self.value("E204", "/given/consent/bound", &bound.kind, &held)?;
        }
        let consent = json!({
            "id": CONSENT_ID,
            "customerId": given("customerId", Json::Null),
            "accounts": given("accounts", json!([])),
            "bound": held,
        });
        self.value("E204", "/given/consent", &kind, &consent)
    }

    /// The moment, where it is read.
    fn now(&mut self, written: Option<&Written>) -> Option<Timestamp> {
        let Some(written) = written else {
            let reads = all_reads(self.operation);
            let is_read = reads
                .iter()
                .any(|its| its.path.first().is_some_and(|its| **its == *"now"));
            if is_read {
                let what = format!("`{}` reads `now`, and it is not given", self.operation.name);
                self.tell(
                    "E205",
                    "",
                    what,
                    "write `given: { now: 2026-11-24T09:00:00Z }`",
                );
            }
            return (!is_read).then_some(Timestamp::UNIX_EPOCH);
        };
        match self.value("E205", "/given/now", &Type::Timestamp, &written.value)? {
            Value::Timestamp(now) => Some(now),
            _ => None,
        }
    }

    /// The steps that call an operation.
    fn steps(&self, name: &str) -> Vec<&Step> {
        let steps = self.operation.steps.iter();
        steps.filter(|step| called(step) == name).collect()
    }

    fn mocks(&mut self) -> Option<BTreeMap<String, Mock>> {
        let mut mocks = BTreeMap::new();
        let mut is_sound = true;
        for (name, turns) in &self.file.mock {
            if self.is_called(name, "/mock")
                && let Some(mock) = self.mock(name, turns)
            {
                mocks.insert(name.clone(), mock);
            } else {
                is_sound = false;
            }
        }
        let operation = Arc::clone(self.operation);
        for step in operation.steps.iter().filter(|step| step.needs.is_empty()) {
            let name = called(step);
            if !self.file.mock.iter().any(|(its, _)| *its == name) {
                let what = format!(
                    "the read `{}` calls `{name}`, and nothing mocks it",
                    step.name
                );
                let help = format!("write `mock: {{ {name}: {{ reply: … }} }}`");
                self.tell("E207", "", what, &help);
            }
        }
        is_sound.then_some(mocks)
    }

    /// Whether a read of the operation calls this.
    fn is_called(&mut self, name: &str, place: &str) -> bool {
        let is_called = !self.steps(name).is_empty();
        if !is_called {
            let known: BTreeSet<String> = self.operation.steps.iter().map(called).collect();
            let help = choices("its reads call", name, known.iter().map(String::as_str));
            let what = format!(
                "no read of `{}` calls {}",
                self.operation.name,
                quoted(name)
            );
            self.tell("E206", &format!("{place}/{}", escaped(name)), what, &help);
        }
        is_called
    }

    fn mock(&mut self, name: &str, turns: &[MockFile]) -> Option<Mock> {
        let timeouts = self.steps(name).into_iter().map(|step| step.timeout);
        let timeout = timeouts.max().unwrap_or_default();
        let (source, operation) = name.split_once('.')?;
        let contract = self.contracts.get(source)?.get(operation)?;
        let made: Vec<Option<Turn>> = turns
            .iter()
            .map(|turn| match turn {
                MockFile::Fault(fault) => Some(Turn::of(*fault, timeout)),
                MockFile::Reply {
                    status,
                    body,
                    after,
                } => self.reply(contract, *status, body, *after),
            })
            .collect();
        let turns = made.into_iter().collect::<Option<_>>()?;
        Some(Mock { turns })
    }

    /// A reply that the service may give.
    fn reply(
        &mut self,
        contract: &Contract,
        status: Option<u16>,
        body: &Written,
        after: Option<Duration>,
    ) -> Option<Turn> {
        let status = status.unwrap_or_else(|| good_status(contract));
        let checked = contract.check_answer(status, &body.value);
        for violation in checked.as_ref().err().into_iter().flatten() {
            // A name that the sender chose is told as `*`.
            let place = violation.pointer.split("/*").next().unwrap_or_default();
            let at = format!("{}{place}", body.pointer);
            let what = format!("no such answer is described: {status} {}", violation.what);
            let help = "write an answer that the service's API file describes";
            self.mistakes.tell("E208", &at, what, help);
        }
        checked.ok()?;
        let with = match status {
            200..=299 => Ok(body.value.clone()),
            _ if UNAVAILABLE.contains(&status) => Err(CallFault::Unavailable),
            _ => Err(CallFault::Refused { status }),
        };
        let after = after.unwrap_or(AFTER);
        Some(Turn::Ends { after, with })
    }

    fn expect(&mut self, file: &ExpectFile) -> Expect {
        if file.problem.is_some() && (file.answer.is_some() || has_body(file)) {
            let what = "a problem is expected, and an answer or a body";
            self.tell(
                "E210",
                "/expect",
                what,
                "a problem has neither: leave it out, or them",
            );
        } else if file.body.is_some() && file.body_has.is_some() {
            let what = "the whole body is expected, and a part of it";
            self.tell("E210", "/expect", what, "leave `body` or `body_has` out");
        } else {
            self.is_possible(file);
        }
        for (name, _) in &file.calls {
            self.is_called(name, "/expect/calls");
        }
        Expect {
            status: file.status,
            body: file.body.clone(),
            body_has: file.body_has.clone(),
            problem: file.problem.clone(),
            answer: file.answer.clone(),
            is_degraded: file.is_degraded,
            calls: file.calls.iter().cloned().collect(),
        }
    }

    /// Whether the operation can end as it is expected.
    fn is_possible(&mut self, file: &ExpectFile) {
        let operation = Arc::clone(self.operation);
        let (problems, answers) = (problems(&operation), answers(&operation));
        for (key, named, known) in [
            ("problem", &file.problem, &problems),
            ("answer", &file.answer, &answers),
        ] {
            let Some(name) = named else { continue };
            let mut same = known.iter().filter(|(_, its)| its == name).peekable();
            if same.peek().is_none() {
                let what = format!("`{}` has no {key} {}", operation.name, quoted(name));
                let help = choices("it has", name, known.iter().map(|(_, its)| *its));
                self.tell("E209", &format!("/expect/{key}"), what, &help);
            } else if same.clone().all(|(status, _)| *status != file.status) {
                let what = format!("`{name}` has another status than {}", file.status);
                let statuses: Vec<String> = same.map(|(status, _)| status.to_string()).collect();
                let help = format!("write {}", statuses.join(" or "));
                self.tell("E209", "/expect/status", what, &help);
            }
        }
        let own = [operation.reply.status, FAULTY_STATUS].into_iter();
        let mut possible: Vec<u16> = problems.iter().chain(&answers).map(|its| its.0).collect();
        possible.extend(own);
        if file.problem.is_none() && file.answer.is_none() && !possible.contains(&file.status) {
            let what = format!("`{}` never ends with {}", operation.name, file.status);
            possible.sort_unstable();
            possible.dedup();
            let possible: Vec<String> = possible.iter().map(u16::to_string).collect();
            let help = format!("it ends with {}", possible.join(", "));
            self.tell("E209", "/expect/status", what, &help);
        }
    }
}

fn has_body(file: &ExpectFile) -> bool {
    file.body.is_some() || file.body_has.is_some()
}

/// The problems that an operation may end with: its checks', and the road's where it reads.
fn problems(operation: &Operation) -> Vec<(u16, &str)> {
    let own = operation
        .checks
        .iter()
        .filter_map(|check| match &check.outcome {
            Outcome::Problem { status, name } => Some((*status, name.as_str())),
            Outcome::Answer { .. } => None,
        });
    let has_reads = !operation.steps.is_empty();
    own.chain(OF_READS.into_iter().filter(|_| has_reads))
        .collect()
}

fn answers(operation: &Operation) -> Vec<(u16, &str)> {
    let answers = operation.answers.iter();
    answers
        .map(|(name, reply)| (reply.status, name.as_ref()))
        .collect()
}

/// What a step calls: `source.operation`.
pub(super) fn called(step: &Step) -> String {
    format!("{}.{}", step.source, step.operation)
}

/// The status of an answer that ends well, as the service describes it.
fn good_status(contract: &Contract) -> u16 {
    let mut statuses = contract.answers.iter().map(|its| its.status.as_str());
    let good = statuses.find(|status| status.starts_with('2'));
    good.and_then(|status| status.parse().ok()).unwrap_or(200)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
