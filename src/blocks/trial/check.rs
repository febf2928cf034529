//! The tests of a block held against its plan and against what its services say of themselves.

mod expect;
mod mocks;

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::file::{GivenFile, TestFile, TestsFile};
use super::{Contracts, Test, Tests};
use crate::compile::{Mistake, Mistakes, all_reads, consent_of};
use crate::expression::{Type, Value};
use crate::file::Written;
use crate::file::form::Told;
use crate::plan::{Needs, Operation, Plan, Step};
use crate::run::Given;
use crate::slip::{choices, quoted};

/// The id of the consent that tests are given.
const CONSENT_ID: &str = "consent-of-the-test";

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
            consent: consent.ok()?,
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
    fn consent(&mut self, written: Option<&Written>) -> Result<Option<Value>, Told> {
        match (&self.operation.consent, written) {
            (None, None) => Ok(None),
            (Some(needs), Some(written)) => {
                let allowed = self.allowed(needs, &written.value);
                allowed.map(Some).ok_or(Told)
            }
            (Some(_), None) => {
                let what = format!("`{}` needs a consent", self.operation.name);
                let help = "write `given: { consent: { customerId: …, accounts: […] } }`";
                self.tell("E204", "", what, help);
                Err(Told)
            }
            (None, Some(_)) => {
                let what = format!("`{}` asks no customer", self.operation.name);
                self.tell("E204", "/given/consent", what, "leave `consent` out");
                Err(Told)
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
            let mut names = reads.iter().filter_map(|its| its.path.first());
            let is_read = names.any(|name| **name == *"now");
            if is_read {
                let what = format!("`{}` reads `now`, and it is not given", self.operation.name);
                let help = "write `given: { now: 2026-11-24T09:00:00Z }`";
                self.tell("E205", "", what, help);
            }
            return (!is_read).then_some(Timestamp::UNIX_EPOCH);
        };
        match self.value("E205", "/given/now", &Type::Timestamp, &written.value)? {
            Value::Timestamp(now) => Some(now),
            _ => None,
        }
    }
}

/// What a step calls: `source.operation`.
pub(super) fn called(step: &Step) -> String {
    format!("{}.{}", step.source, step.operation)
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
