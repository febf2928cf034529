//! The tests of a block, as they are written.
//!
//! Read from a tree of values, as the block is: whoever reads YAML refuses keys that stand twice
//! and tells lines and columns.

use std::time::Duration;

use openapi::Problem;
use serde_json::Value as Json;

use super::mock::Fault;
use crate::file::Written;
use crate::file::form::{At, Form, Section, Told};
use crate::slip::{choices, quoted};

/// The most tests of a file.
const TESTS_MAX: usize = 500;
/// The longest name of a test, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// The most operations that are mocked, or whose calls are counted.
const OPERATIONS_MAX: usize = 64;
/// The most replies that one operation gives in turn.
const REPLIES_MAX: usize = 64;
/// The most accounts of a consent.
const ACCOUNTS_MAX: usize = 200;
/// The longest id, or `source.operation`, in bytes.
const TEXT_BYTES_MAX: usize = 256;
/// The longest that a reply may let itself be waited for.
const AFTER_MAX: Duration = Duration::from_mins(2);
/// The most calls that are counted.
const CALLS_MAX: u32 = 10_000;

/// The tests of a block.
#[derive(Debug, Clone, PartialEq)]
pub struct TestsFile {
    /// At least one, in the order of the file.
    pub tests: Vec<TestFile>,
}

/// A test.
#[derive(Debug, Clone, PartialEq)]
pub struct TestFile {
    /// The sentence that it proves.
    pub name: String,
    /// Where it stands, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The operation of the block that is run.
    pub run: String,
    /// What it is given.
    pub given: GivenFile,
    /// What services answer, by `source.operation`, each in turn: the last one ever after.
    pub mock: Vec<(String, Vec<MockFile>)>,
    /// What must come of it.
    pub expect: ExpectFile,
}

/// What an operation is given.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GivenFile {
    /// What the customer allowed: an object of `customerId`, `accounts` and `bound`.
    pub consent: Option<Written>,
    /// The request: an object.
    pub input: Option<Written>,
    /// What expressions read as `now`: a timestamp.
    pub now: Option<Written>,
}

/// What a service does when it is called.
#[derive(Debug, Clone, PartialEq)]
pub enum MockFile {
    /// It answers.
    Reply {
        /// Its status; nothing of one that ends well as it is described.
        status: Option<u16>,
        /// Its JSON body.
        body: Written,
        /// How long it takes.
        after: Option<Duration>,
    },
    /// It fails.
    Fault(Fault),
}

/// What must come of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpectFile {
    /// Where it stands, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The status.
    pub status: u16,
    /// The whole body.
    pub body: Option<Json>,
    /// What the body has, whatever else it has.
    pub body_has: Option<Json>,
    /// The name of the problem.
    pub problem: Option<String>,
    /// The name of the answer that a check ends with.
    pub answer: Option<String>,
    /// Whether something stood in for a read that failed.
    pub is_degraded: Option<bool>,
    /// How many calls are made, by `source.operation`.
    pub calls: Vec<(String, u32)>,
}

impl TestsFile {
    /// Reads a file. Every problem is told at once, each where it stands; tests are given only when
    /// there is none.
    pub fn read(document: &Json) -> Result<Self, Vec<Problem>> {
        let mut form = Form::default();
        let read = tests(&mut form, &At::root(document));
        match (read, form.problems()) {
            (Some(tests), problems) if problems.is_empty() => Ok(Self { tests }),
            (_, problems) => Err(problems),
        }
    }
}

fn tests(form: &mut Form, root: &At<'_>) -> Option<Vec<TestFile>> {
    let items = form.items(root, TESTS_MAX)?;
    if items.is_empty() {
        return form.tell("", "there is no test", "write at least one");
    }
    let read: Vec<Option<TestFile>> = items.iter().map(|at| test(form, at)).collect();
    read.into_iter().collect()
}

fn test(form: &mut Form, at: &At<'_>) -> Option<TestFile> {
    let section = form.section(at, &["name", "run", "given", "mock", "expect"])?;
    let name = form.required(&section, "name");
    let name = name.and_then(|at| form.text(&at, NAME_BYTES_MAX));
    let run = form.required(&section, "run");
    let run = run.and_then(|at| form.text(&at, TEXT_BYTES_MAX));
    let given = match section.get("given") {
        Some(at) => given(form, &at),
        None => Some(GivenFile::default()),
    };
    let mock = match section.get("mock") {
        Some(at) => mocks(form, &at),
        None => Some(Vec::new()),
    };
    let expect = form.required(&section, "expect");
    let expect = expect.and_then(|at| expected(form, &at));
    Some(TestFile {
        name: name?,
        pointer: at.pointer.clone(),
        run: run?,
        given: given?,
        mock: mock?,
        expect: expect?,
    })
}

fn given(form: &mut Form, at: &At<'_>) -> Option<GivenFile> {
    let section = form.section(at, &["consent", "input", "now"])?;
    let written = |key: &str| section.get(key).map(|at| at.written());
    if let Some(at) = section.get("consent") {
        consent(form, &at)?;
    }
    if let Some(at) = section.get("now") {
        form.text(&at, TEXT_BYTES_MAX)?;
    }
    Some(GivenFile {
        consent: written("consent"),
        input: written("input"),
        now: written("now"),
    })
}

/// The members of a consent; what its bound values are, the block says.
fn consent(form: &mut Form, at: &At<'_>) -> Option<()> {
    let section = form.section(at, &["customerId", "accounts", "bound"])?;
    let customer = form.required(&section, "customerId");
    let customer = customer.and_then(|at| form.text(&at, TEXT_BYTES_MAX));
    if let Some(at) = section.get("accounts") {
        let items = form.items(&at, ACCOUNTS_MAX)?;
        for item in &items {
            form.text(item, TEXT_BYTES_MAX)?;
        }
    }
    customer.map(|_| ())
}

/// The members of a mapping whose keys are `source.operation`.
fn by_operation<'v>(form: &mut Form, at: &At<'v>) -> Option<Vec<(String, At<'v>)>> {
    let Json::Object(members) = at.value else {
        let help = "write operations with what belongs to them: `ledger.getBalance: …`";
        return form.tell(&at.pointer, "this is no mapping", help);
    };
    if members.len() > OPERATIONS_MAX {
        let what = format!("there are {} of these", members.len());
        let help = format!("write at most {OPERATIONS_MAX}");
        return form.tell(&at.pointer, what, help);
    }
    let below = |(name, value): (&String, &'v Json)| {
        let at = At::below(&at.pointer, name, value);
        (name.clone(), at)
    };
    Some(members.iter().map(below).collect())
}

fn mocks(form: &mut Form, at: &At<'_>) -> Option<Vec<(String, Vec<MockFile>)>> {
    let mut mocks = Vec::new();
    let mut is_sound = true;
    for (name, at) in by_operation(form, at)? {
        match in_turn(form, &at) {
            Some(turns) => mocks.push((name, turns)),
            None => is_sound = false,
        }
    }
    is_sound.then_some(mocks)
}

/// What is done at each call, or one thing at every call.
fn in_turn(form: &mut Form, at: &At<'_>) -> Option<Vec<MockFile>> {
    if !at.value.is_array() {
        return mock(form, at).map(|only| vec![only]);
    }
    let items = form.items(at, REPLIES_MAX)?;
    if items.is_empty() {
        return form.tell(&at.pointer, "the list is empty", "write at least one reply");
    }
    let read: Vec<Option<MockFile>> = items.iter().map(|at| mock(form, at)).collect();
    read.into_iter().collect()
}

fn mock(form: &mut Form, at: &At<'_>) -> Option<MockFile> {
    if !at.value.is_object() {
        return fault(form, at).map(MockFile::Fault);
    }
    let section = form.section(at, &["reply", "status", "body", "after"])?;
    let after = match section.get("after") {
        Some(at) => Some(form.duration(&at, AFTER_MAX)?),
        None => None,
    };
    let status = match section.get("status") {
        Some(at) => Some(status(form, &at)?),
        None => None,
    };
    let body = match (section.get("reply"), section.get("body")) {
        (Some(reply), None) if status.is_none() => reply,
        (None, Some(body)) if status.is_some() => body,
        _ => {
            let what = "this is neither a reply nor a status with its body";
            let help = "write `reply: …`, or `status: 404` and `body: …`, or the word of a fault";
            return form.tell(&at.pointer, what, help);
        }
    };
    Some(MockFile::Reply {
        status,
        body: body.written(),
        after,
    })
}

/// The word of a fault; `503` may stand without quotes.
fn fault(form: &mut Form, at: &At<'_>) -> Option<Fault> {
    let word = match at.value {
        Json::Number(number) => number.to_string(),
        _ => form.text(at, TEXT_BYTES_MAX)?,
    };
    let known = Fault::ALL.iter().map(|fault| fault.as_str());
    let found = Fault::ALL.iter().find(|fault| fault.as_str() == word);
    found.copied().or_else(|| {
        let what = format!("{} is no fault", quoted(&word));
        form.tell(&at.pointer, what, choices("the faults", &word, known))
    })
}

fn status(form: &mut Form, at: &At<'_>) -> Option<u16> {
    let status = form.count(at, 200, 599)?;
    u16::try_from(status).ok()
}

const EXPECT_KEYS: [&str; 7] = [
    "status", "body", "body_has", "problem", "answer", "degraded", "calls",
];

fn expected(form: &mut Form, at: &At<'_>) -> Option<ExpectFile> {
    let section = form.section(at, &EXPECT_KEYS)?;
    let status = form.required(&section, "status");
    let status = status.and_then(|at| self::status(form, &at));
    let body = |key: &str| section.get(key).map(|at| at.value.clone());
    let problem = word(form, &section, "problem");
    let answer = word(form, &section, "answer");
    let is_degraded = match section.get("degraded") {
        Some(at) => form.flag(&at).map(Some),
        None => Some(None),
    };
    let calls = match section.get("calls") {
        Some(at) => calls(form, &at),
        None => Some(Vec::new()),
    };
    Some(ExpectFile {
        pointer: at.pointer.clone(),
        status: status?,
        body: body("body"),
        body_has: body("body_has"),
        problem: problem.ok()?,
        answer: answer.ok()?,
        is_degraded: is_degraded?,
        calls: calls?,
    })
}

/// A word that may be left out.
fn word(form: &mut Form, section: &Section<'_>, key: &str) -> Result<Option<String>, Told> {
    let word = section.get(key);
    word.map(|at| form.text(&at, TEXT_BYTES_MAX).ok_or(Told))
        .transpose()
}

fn calls(form: &mut Form, at: &At<'_>) -> Option<Vec<(String, u32)>> {
    let mut calls = Vec::new();
    for (name, at) in by_operation(form, at)? {
        calls.push((name, form.count(&at, 0, CALLS_MAX)?));
    }
    Some(calls)
}
