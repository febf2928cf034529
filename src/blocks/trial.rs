//! Tests of a block: `NAME.block.test.yaml`, run in the engine that serves partners.
//!
//! A test says what an operation is given, what the bank's services answer, and what must come of
//! it. Time is virtual and there is no network, so that a read which hangs costs nothing and each
//! run is like the last. What services answer is held against their API descriptions: a test never
//! proves something about a bank that does not exist.

mod check;
mod compare;
mod coverage;
mod file;
mod mock;
mod run;

use std::collections::BTreeMap;
use std::sync::Arc;

use openapi::Contract;
use serde_json::Value as Json;

use crate::plan::{Operation, Plan};
use crate::run::{Given, Ran};
use mock::Mock;

pub use compare::Difference;
pub use coverage::{Coverage, Point, Way};
pub use file::{ExpectFile, GivenFile, MockFile, TestFile, TestsFile};

/// The contracts of the services that a block composes, by their names in it, then by
/// `operationId`.
pub type Contracts = BTreeMap<String, BTreeMap<String, Contract>>;

/// The tests of a block, checked against it.
#[derive(Debug)]
pub struct Tests {
    plan: Plan,
    tests: Vec<Test>,
}

/// A test that can be run.
#[derive(Debug)]
struct Test {
    name: String,
    /// Where it stands in the file, as a JSON Pointer (RFC 6901).
    pointer: String,
    operation: Arc<Operation>,
    given: Given,
    /// What services answer, by `source.operation`.
    mocks: BTreeMap<String, Mock>,
    expect: Expect,
}

/// What must come of a test.
#[derive(Debug, Clone, PartialEq)]
struct Expect {
    status: u16,
    body: Option<Json>,
    /// What the body must have, whatever else it has.
    body_has: Option<Json>,
    problem: Option<String>,
    answer: Option<String>,
    is_degraded: Option<bool>,
    /// How many calls are made, by `source.operation`.
    calls: BTreeMap<String, u32>,
}

/// What came of all tests.
#[derive(Debug)]
pub struct Report {
    /// What came of each, in the order of the file.
    pub tests: Vec<Tried>,
    /// Which parts of the block they reached.
    pub coverage: Coverage,
}

/// What came of a test.
#[derive(Debug)]
pub struct Tried {
    /// Its name.
    pub name: String,
    /// Where it stands in the file, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The operation that was run.
    pub operation: Arc<str>,
    /// What is not as it was expected; nothing where the test passed.
    pub differences: Vec<Difference>,
    /// What came of the run.
    pub ran: Ran,
}

impl Report {
    /// Whether all tests passed.
    pub fn is_passed(&self) -> bool {
        self.tests.iter().all(|test| test.differences.is_empty())
    }
}

#[cfg(test)]
mod tests;
