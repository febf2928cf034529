//! The plan: a block whose every part was checked, ready to run.
//!
//! Steps know each other by number, so that a run never looks a name up; each text of the file is
//! a tree of literals and checked expressions. A plan never changes: a run keeps the one it began
//! with.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use openapi::{Class, EffectMark};
use serde_json::Value as Json;

use crate::check_line::Outcome;
use crate::expression::{Expression, Names, Type, Value};

/// A composed product, checked.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: Arc<str>,
    /// Its version.
    pub version: [u32; 3],
    /// What partners may call, sorted by name.
    pub operations: Vec<Arc<Operation>>,
}

/// An operation that partners may call.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Its name.
    pub name: Arc<str>,
    /// The method that it is called by.
    pub method: http::Method,
    /// The path template, from the product's base.
    pub path: Arc<str>,
    /// The protection that it demands.
    pub class: Class,
    /// What it does to the world.
    pub effect: EffectMark,
    /// What a customer must have allowed; nothing where no customer is meant.
    pub consent: Option<Needs>,
    /// How long all of it may take.
    pub deadline: Duration,
    /// What expressions may read: `input`, `consent`, `now`, each read, each named value.
    pub names: Arc<Names>,
    /// What its request is: an object.
    pub input: Type,
    /// The members of its request that name an account of the customer's: the road lets only those
    /// in that the consent covers.
    pub accounts: BTreeSet<Arc<str>>,
    /// Its reads, in an order in which each stands behind what it needs.
    pub steps: Vec<Step>,
    /// Its named values, each behind those that it needs.
    pub lets: Vec<Let>,
    /// Its checks, in the order of the file, which decides.
    pub checks: Vec<Check>,
    /// Its answer.
    pub reply: Reply,
    /// The answers that checks may end with, sorted by name.
    pub answers: Vec<(Arc<str>, Reply)>,
}

/// What a customer must have allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct Needs {
    /// The scopes.
    pub scopes: Vec<Arc<str>>,
    /// The purpose.
    pub purpose: Arc<str>,
    /// The values that the consent is bound to, sorted by name.
    pub bound: Vec<(Arc<str>, Type)>,
}

/// A read: a call that changes nothing.
#[derive(Debug, Clone)]
pub struct Step {
    /// Its name.
    pub name: Arc<str>,
    /// The source that is called.
    pub source: Arc<str>,
    /// The operation of the source (`operationId`).
    pub operation: Arc<str>,
    /// What it is called with, by the name of the parameter or of the member of the body.
    pub with: Vec<(Arc<str>, Template)>,
    /// What its answer is read as: of pages a list of the items, of a list one answer for each.
    pub kind: Type,
    /// The way to each id of a customer's thing in an answer, `*` for each item of a list: under a
    /// consent, what is of others is not read.
    pub resources: Vec<Vec<Arc<str>>>,
    /// The steps whose answers it needs, by their places in [`Operation::steps`].
    pub needs: BTreeSet<usize>,
    /// The named values that it needs, by their places in [`Operation::lets`].
    pub lets: BTreeSet<usize>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often it is tried again.
    pub retries: u32,
    /// What happens when it fails.
    pub fallback: Fallback,
    /// How long an answer is kept.
    pub cache: Option<Duration>,
    /// How its pages are followed.
    pub pages: Option<Pages>,
    /// The list that it is called for each item of.
    pub each: Option<Each>,
}

/// What happens when a read fails.
#[derive(Debug, Clone)]
pub enum Fallback {
    /// The operation ends with a problem that names the step.
    None,
    /// This stands for its answer, and `failed(step)` is true.
    Value(Value),
    /// It is absent, and `failed(step)` is true.
    Absent,
}

/// How pages of a list are followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pages {
    /// The member of an answer that holds what the next page is asked for with: a text.
    pub next: Arc<str>,
    /// The parameter that it is sent in.
    pub parameter: Arc<str>,
    /// The member that holds the items.
    pub items: Arc<str>,
    /// What one page is read as.
    pub page: Type,
    /// The most items that are gathered.
    pub items_max: u32,
}

/// A call for each item of a list.
#[derive(Debug, Clone)]
pub struct Each {
    /// The name that `with` reads the item by.
    pub item: Arc<str>,
    /// The names of the operation, with the item's.
    pub names: Arc<Names>,
    /// The list.
    pub list: Expression,
    /// What one answer is read as.
    pub one: Type,
    /// The most items; more end the read as failed.
    pub items_max: u32,
    /// How many calls run beside each other.
    pub at_once: u32,
}

/// A named value.
#[derive(Debug, Clone)]
pub struct Let {
    /// Its name.
    pub name: Arc<str>,
    /// What it is.
    pub expression: Expression,
    /// The steps whose answers it needs, by its own expression or by other named values.
    pub needs: BTreeSet<usize>,
    /// The named values that it reads.
    pub lets: BTreeSet<usize>,
}

/// A check.
#[derive(Debug, Clone)]
pub struct Check {
    /// What the partner is told when the condition does not hold.
    pub outcome: Outcome,
    /// What must hold.
    pub condition: Expression,
    /// The steps whose answers it needs, by itself or by named values.
    pub needs: BTreeSet<usize>,
    /// The named values that it needs, and those that these need.
    pub lets: BTreeSet<usize>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// Its status: 200 to 299.
    pub status: u16,
    /// Its body.
    pub body: Template,
    /// The steps whose answers it needs, by itself or by named values.
    pub needs: BTreeSet<usize>,
    /// The named values that it needs, and those that these need.
    pub lets: BTreeSet<usize>,
    /// Whose data leaves with it: the pointer (RFC 6901, `*` for each item of a list) of each
    /// reference to some in its body, and its clusters.
    pub clusters: Vec<(Arc<str>, BTreeSet<Arc<str>>)>,
}

impl Operation {
    /// The clusters of what leaves with an answer of this status at this pointer into its body.
    pub fn clusters_at(&self, status: u16, pointer: &str) -> BTreeSet<Arc<str>> {
        let replies = self.replies().filter(|reply| reply.status == status);
        let sent = replies.flat_map(|reply| &reply.clusters);
        let is_there = |at: &str| {
            let rest = pointer.strip_prefix(at);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let there = sent.filter(|(at, _)| is_there(at));
        there.flat_map(|(_, clusters)| clusters.clone()).collect()
    }

    /// All clusters of what leaves with its answers.
    pub fn clusters(&self) -> BTreeSet<Arc<str>> {
        let sent = self.replies().flat_map(|reply| &reply.clusters);
        sent.flat_map(|(_, clusters)| clusters.clone()).collect()
    }

    fn replies(&self) -> impl Iterator<Item = &Reply> {
        let answers = self.answers.iter().map(|(_, reply)| reply);
        std::iter::once(&self.reply).chain(answers)
    }
}

/// JSON with places that are filled when it is sent.
#[derive(Debug, Clone)]
pub enum Template {
    /// As it is written.
    Literal(Arc<Json>),
    /// A `$reference`.
    Reference(Expression),
    /// An object: a member whose value is absent is left out.
    Object(Vec<(Arc<str>, Template)>),
    /// A list: an item that is absent is left out.
    List(Vec<Template>),
}
