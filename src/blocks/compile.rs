//! From the file to the plan: every name is known, every type fits, and nothing leaves that no
//! consent covers; or else all that is wrong, each where it stands.

mod closing;
mod consent;
mod order;
mod reads;
mod speed;
mod template;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::check_line::{CheckLine, Outcome};
use crate::expression::{Expression, Member, Names, ObjectType, Read, Type};
use crate::file::{BlockFile, OperationFile, ReplyFile, Written};
use crate::plan::{Check, Let, Needs, Operation, Plan, Reply, Step, Template};
use crate::slip::{Slip, Span, choices, quoted};
use crate::source::{Source, SourceOperation};

/// The most problems that are told of a block.
const MISTAKES_MAX: usize = 200;
/// The longest id of a customer, an account or a consent, in bytes.
const ID_BYTES_MAX: u32 = 128;
/// The most accounts of a consent.
const ACCOUNTS_MAX: u32 = 200;

/// One thing that is wrong with a block, where it stands, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// Its class, which stays: `E` and three digits.
    pub code: &'static str,
    /// Where in the file, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The part of the text that stands there, where it is one.
    pub span: Option<Span>,
    /// What is wrong, in one line.
    pub what: String,
    /// What would be right, in one line.
    pub help: String,
}

/// What a bank's consents may hold, as far as a block asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// The scopes by name.
    pub scopes: BTreeMap<String, ScopeSays>,
    /// The purposes.
    pub purposes: BTreeSet<String>,
}

/// What a scope opens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSays {
    /// The clusters of data that may leave with it.
    pub clusters: BTreeSet<String>,
    /// Whether values must be bound into a consent to it.
    pub is_bound: bool,
}

impl Plan {
    /// Checks a block against the services that it composes, by their names in it, and against what
    /// consents may hold.
    ///
    /// Errors: all mistakes, at most 200, in the order of the file's operations.
    pub fn check(
        file: &BlockFile,
        sources: &BTreeMap<String, Source>,
        catalogue: &Catalogue,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes::default();
        let mut used = BTreeSet::new();
        for source in &file.sources {
            if !sources.contains_key(source) {
                let what =
                    format!("the source `{source}` is not bound to an upstream of this bank");
                let known = sources.keys().map(String::as_str);
                let help = choices("those that are", source, known);
                mistakes.tell("E101", "/sources", what, help);
            }
        }
        let mut operations = Vec::new();
        for operation in &file.operations {
            used.extend(operation.reads.iter().map(|read| read.source.as_str()));
            let mut making = Making {
                file: operation,
                sources,
                catalogue,
                mistakes: &mut mistakes,
                names: Names::default(),
                steps: Vec::new(),
                called: Vec::new(),
                lets: Vec::new(),
            };
            operations.extend(making.operation().map(Arc::new));
        }
        for source in file
            .sources
            .iter()
            .filter(|its| !used.contains(its.as_str()))
        {
            let what = format!("no operation calls the source `{source}`");
            mistakes.tell("E102", "/sources", what, "leave it out");
        }
        mistakes.into_result(Self {
            name: file.name.as_str().into(),
            version: file.version,
            operations,
        })
    }
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Mistakes {
    found: Vec<Mistake>,
    /// The names of an operation that could not be made: that they are not there follows.
    unmade: BTreeSet<String>,
}

impl Mistakes {
    pub(crate) fn tell(
        &mut self,
        code: &'static str,
        pointer: &str,
        what: impl Into<String>,
        help: impl Into<String>,
    ) {
        if self.found.len() < MISTAKES_MAX {
            self.found.push(Mistake {
                code,
                pointer: pointer.to_owned(),
                span: None,
                what: what.into(),
                help: help.into(),
            });
        }
    }

    /// What is wrong with the expression that stands there; `by` bytes stand before it.
    fn slips(&mut self, code: &'static str, pointer: &str, slips: Vec<Slip>, by: usize) {
        let follows = |slip: &Slip| {
            let unmade = self.unmade.iter();
            unmade
                .map(|name| format!("no name `{name}`"))
                .any(|what| slip.what == what)
        };
        let slips: Vec<Slip> = slips.into_iter().filter(|slip| !follows(slip)).collect();
        for slip in slips {
            self.tell(code, pointer, slip.what, slip.help);
            if let Some(told) = self.found.last_mut() {
                told.span = Some(slip.span.moved(by));
            }
        }
    }

    pub(crate) fn into_result<T>(self, made: T) -> Result<T, Vec<Mistake>> {
        if self.found.is_empty() {
            Ok(made)
        } else {
            Err(self.found)
        }
    }
}

/// An operation that is being made.
struct Making<'m> {
    file: &'m OperationFile,
    sources: &'m BTreeMap<String, Source>,
    catalogue: &'m Catalogue,
    mistakes: &'m mut Mistakes,
    /// What may be read so far.
    names: Names,
    steps: Vec<Step>,
    /// What each step calls.
    called: Vec<&'m SourceOperation>,
    lets: Vec<Let>,
}

impl Making<'_> {
    fn at(&self, place: &str) -> String {
        format!("/operations/{}{place}", self.file.name)
    }

    /// The operation; nothing where something about it is wrong.
    fn operation(&mut self) -> Option<Operation> {
        let before = self.mistakes.found.len();
        self.mistakes.unmade.clear();
        let input = self.given();
        let parts = self.in_order()?;
        for part in parts {
            match part {
                order::Part::Read(place) => self.read(place),
                order::Part::Let(place) => self.named(place),
            }
        }
        let checks = self.checks();
        let reply = self.reply("/reply/body", &self.file.reply);
        let answers: Vec<(Arc<str>, Reply)> = self
            .file
            .answers
            .iter()
            .map(|(name, reply)| {
                let place = format!("/answers/{name}/body");
                (Arc::from(name.as_str()), self.reply(&place, reply))
            })
            .collect();
        if self.mistakes.found.len() > before {
            return None;
        }
        let mut made = Operation {
            name: self.file.name.as_str().into(),
            method: self.file.method.parse().ok()?,
            path: self.file.path.as_str().into(),
            class: self.file.class,
            effect: self.file.effect,
            consent: self.needs(),
            deadline: self.file.deadline,
            names: Arc::new(std::mem::take(&mut self.names)),
            input,
            accounts: self.accounts(),
            steps: std::mem::take(&mut self.steps),
            lets: std::mem::take(&mut self.lets),
            checks,
            reply,
            answers,
        };
        self.note_clusters(&mut made);
        self.judge(&made);
        (self.mistakes.found.len() == before).then_some(made)
    }

    /// What is given to every expression: the request, the consent, the clock.
    fn given(&mut self) -> Type {
        let members = self.file.input.iter();
        let input = object(members.map(|(name, kind)| (name.as_str(), kind.clone())));
        let mut given = vec![("input", input.clone()), ("now", Type::Timestamp)];
        if let Some(consent) = &self.file.consent {
            let bound = consent.bound.iter();
            let bound = bound.map(|(name, kind)| (name.as_str(), kind.clone()));
            given.push(("consent", consent_of(bound)));
        }
        for (name, kind) in given {
            // They are words of ours, and the first.
            let _ = self.names.add(name, kind);
        }
        for read in &self.file.reads {
            // A name that stands twice is told of where the read is.
            let _ = self.names.add_step(&read.name);
        }
        input
    }

    fn accounts(&self) -> BTreeSet<Arc<str>> {
        let accounts = self.file.accounts.iter();
        accounts.map(|name| Arc::from(name.as_str())).collect()
    }

    /// A named value.
    fn named(&mut self, place: usize) {
        let Some((name, written)) = self.file.lets.get(place) else {
            return;
        };
        let pointer = written.pointer.as_str();
        let text = text_of(written);
        match Expression::check(&text, &self.names, None) {
            Ok(expression) => {
                if self.add(name, expression.type_of().clone(), pointer) {
                    let (needs, lets) = self.needs_of(expression.reads());
                    self.lets.push(Let {
                        name: name.as_str().into(),
                        expression,
                        needs,
                        lets,
                    });
                }
            }
            Err(slips) => {
                self.mistakes.slips("E110", pointer, slips, 0);
                self.mistakes.unmade.insert(name.clone());
            }
        }
    }

    /// Gives a name to values of this type; whether it could be.
    fn add(&mut self, name: &str, kind: Type, pointer: &str) -> bool {
        let added = self.names.add(name, kind);
        if let Err(bad) = added {
            let what = format!("{} cannot be this name: {bad}", quoted(name));
            self.mistakes
                .tell("E111", pointer, what, "choose another name");
        }
        added.is_ok()
    }

    /// The steps that values need, and the named values, with what those need.
    fn needs_of(&self, reads: &BTreeSet<Read>) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut needs, mut lets) = (BTreeSet::new(), BTreeSet::new());
        for name in reads.iter().filter_map(|read| read.path.first()) {
            needs.extend(self.steps.iter().position(|step| step.name == *name));
            if let Some(place) = self.lets.iter().position(|its| its.name == *name) {
                lets.insert(place);
                if let Some(own) = self.lets.get(place) {
                    needs.extend(&own.needs);
                    lets.extend(&own.lets);
                }
            }
        }
        (needs, lets)
    }

    fn checks(&mut self) -> Vec<Check> {
        let mut checks = Vec::new();
        for written in &self.file.checks {
            let line = text_of(written);
            match CheckLine::read(&line, &self.names) {
                Ok(read) => {
                    self.is_declared(&read.outcome, &written.pointer);
                    let (needs, lets) = self.needs_of(read.condition.reads());
                    checks.push(Check {
                        outcome: read.outcome,
                        condition: read.condition,
                        needs,
                        lets,
                    });
                }
                Err(slips) => self.mistakes.slips("E112", &written.pointer, slips, 0),
            }
        }
        checks
    }

    /// An answer that a check ends with is one of the block's.
    fn is_declared(&mut self, outcome: &Outcome, pointer: &str) {
        let Outcome::Answer { name } = outcome else {
            return;
        };
        let known = self.file.answers.iter().map(|(name, _)| name.as_str());
        if !known.clone().any(|its| its == name) {
            let what = format!("the block has no answer `{name}`");
            let help = choices("its answers", name, known);
            self.mistakes.tell("E113", pointer, what, help);
        }
    }

    fn reply(&mut self, place: &str, reply: &ReplyFile) -> Reply {
        let pointer = self.at(place);
        let body = self.template(&pointer, &reply.body.value, None);
        let (needs, lets) = self.needs_of(&template::reads(&body));
        Reply {
            status: reply.status,
            body,
            needs,
            lets,
            clusters: Vec::new(),
        }
    }

    fn needs(&self) -> Option<Needs> {
        let consent = self.file.consent.as_ref()?;
        let bound = consent.bound.iter();
        Some(Needs {
            scopes: consent
                .scopes
                .iter()
                .map(|its| its.as_str().into())
                .collect(),
            purpose: consent.purpose.as_str().into(),
            bound: bound
                .map(|(name, kind)| (name.as_str().into(), kind.clone()))
                .collect(),
        })
    }

    /// What can only be seen of the whole.
    fn judge(&mut self, made: &Operation) {
        self.is_in_time(made);
        self.is_consented(made);
        self.is_closed(made);
    }
}

/// A text as it is written; a number or `true` without quotes is one too.
fn text_of(written: &Written) -> String {
    match written.value.as_str() {
        Some(text) => text.to_owned(),
        None => written.value.to_string(),
    }
}

/// What expressions read as `consent`, where these values are bound into it.
pub(crate) fn consent_of<'o>(bound: impl Iterator<Item = (&'o str, Type)>) -> Type {
    let id = || Type::Text {
        bytes_max: ID_BYTES_MAX,
    };
    let members = [
        ("id", id()),
        ("customerId", id()),
        ("accounts", Type::list(id(), ACCOUNTS_MAX)),
        ("bound", object(bound)),
    ];
    object(members.into_iter())
}

/// An object of these members and no others.
fn object<'o>(members: impl Iterator<Item = (&'o str, Type)>) -> Type {
    let members = members.map(|(name, kind)| {
        let (kind, is_optional) = match kind {
            Type::Optional(inner) => (inner.as_ref().clone(), true),
            kind => (kind, false),
        };
        (Arc::from(name), Member { kind, is_optional })
    });
    Type::Object(Arc::new(ObjectType {
        members: members.collect(),
        is_open: false,
    }))
}

/// All that an operation's expressions read, each with the place that it is read for.
pub(crate) fn all_reads(made: &Operation) -> BTreeSet<Read> {
    let mut all = BTreeSet::new();
    for step in &made.steps {
        for (_, with) in &step.with {
            all.extend(template::reads(with));
        }
        if let Some(each) = &step.each {
            all.extend(each.list.reads().iter().cloned());
        }
    }
    for its in &made.lets {
        all.extend(its.expression.reads().iter().cloned());
    }
    for check in &made.checks {
        all.extend(check.condition.reads().iter().cloned());
    }
    for body in bodies(made) {
        all.extend(template::reads(body));
    }
    all
}

/// The bodies of all answers.
fn bodies(made: &Operation) -> impl Iterator<Item = &Template> {
    let answers = made.answers.iter().map(|(_, reply)| reply);
    std::iter::once(&made.reply)
        .chain(answers)
        .map(|reply| &reply.body)
}

#[cfg(test)]
pub(crate) mod tests;
