//! What changes for partners between two versions of a block, and whether it breaks their programs.
//!
//! It breaks a partner when a call that was right becomes wrong (a member must be sent now, a check
//! refuses more, a customer must allow more), or when an answer is no longer what was described.
//! Everything else is compatible: a partner's program ignores members that it does not know.
//! Whether a check refuses more cannot be seen from its text: one that reads otherwise is new.

mod kinds;

use std::cmp::Ordering;
use std::collections::BTreeSet;

use crate::expression::Type;
use crate::file::{BlockFile, ConsentFile, OperationFile};
use crate::plan::{Operation, Plan, Reply};
use kinds::{Side, compare};

/// A version of a block: as it is written, and checked.
#[derive(Debug, Clone, Copy)]
pub struct Version<'v> {
    /// As it is written.
    pub file: &'v BlockFile,
    /// Checked.
    pub plan: &'v Plan,
}

/// One change for partners.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// Whether it breaks what partners built. Those that do come first.
    pub kind: Kind,
    /// The operation.
    pub operation: String,
    /// What changes, in one line.
    pub what: String,
}

/// Whether a change breaks what partners built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It does.
    Breaking,
    /// It does not.
    Compatible,
}

/// What changes from one version to another, what breaks partners first.
pub fn diff(old: Version<'_>, new: Version<'_>) -> Vec<Change> {
    let mut changes = Changes::default();
    let names = |version: &Version<'_>| {
        let operations = version.file.operations.iter();
        operations
            .map(|its| its.name.clone())
            .collect::<BTreeSet<_>>()
    };
    for name in names(&old).union(&names(&new)) {
        changes.operation.clone_from(name);
        match (found(old, name), found(new, name)) {
            (Some(old), Some(new)) => operation(&old, &new, &mut changes),
            (Some(_), None) => changes.breaks("it is gone"),
            (None, Some(_)) => changes.allows("it is new"),
            (None, None) => {}
        }
    }
    changes.found.sort();
    changes.found
}

/// The lowest version that the changes leave to choose: one that breaks partners raises the first
/// number, any other change the second, and what partners do not see the third (SemVer 2.0.0 §6-8).
pub fn lowest_version(old: [u32; 3], changes: &[Change]) -> [u32; 3] {
    let [major, minor, patch] = old;
    match changes.iter().map(|change| change.kind).min() {
        Some(Kind::Breaking) => [major.saturating_add(1), 0, 0],
        Some(Kind::Compatible) => [major, minor.saturating_add(1), 0],
        None => [major, minor, patch.saturating_add(1)],
    }
}

/// An operation of a version.
struct Found<'f> {
    file: &'f OperationFile,
    plan: &'f Operation,
}

fn found<'f>(version: Version<'f>, name: &str) -> Option<Found<'f>> {
    let file = version
        .file
        .operations
        .iter()
        .find(|its| its.name == name)?;
    let plan = version.plan.operations.iter();
    let plan = plan.map(AsRef::as_ref).find(|its| *its.name == *name)?;
    Some(Found { file, plan })
}

/// What was found so far.
#[derive(Default)]
pub(crate) struct Changes {
    operation: String,
    found: Vec<Change>,
}

impl Changes {
    pub(crate) fn breaks(&mut self, what: impl Into<String>) {
        self.add(Kind::Breaking, what.into());
    }

    pub(crate) fn allows(&mut self, what: impl Into<String>) {
        self.add(Kind::Compatible, what.into());
    }

    fn add(&mut self, kind: Kind, what: String) {
        let operation = self.operation.clone();
        self.found.push(Change {
            kind,
            operation,
            what,
        });
    }
}

fn operation(old: &Found<'_>, new: &Found<'_>, changes: &mut Changes) {
    let called = |its: &OperationFile| format!("{} {}", its.method, its.path);
    if called(old.file) != called(new.file) {
        let (old, new) = (called(old.file), called(new.file));
        changes.breaks(format!("it is called by `{new}`, no longer by `{old}`"));
    }
    let (was, is) = (old.file.class.as_str(), new.file.class.as_str());
    match new.file.class.cmp(&old.file.class) {
        Ordering::Greater => changes.breaks(format!("class `{is}` demands more than `{was}`")),
        Ordering::Less => changes.allows(format!("class `{is}` demands less than `{was}`")),
        Ordering::Equal => {}
    }
    if old.file.effect != new.file.effect {
        let (was, is) = (old.file.effect.as_str(), new.file.effect.as_str());
        changes.breaks(format!("its effect is `{is}`, no longer `{was}`"));
    }
    consent(
        old.file.consent.as_ref(),
        new.file.consent.as_ref(),
        changes,
    );
    compare(
        Side::Request,
        &old.plan.input,
        &new.plan.input,
        "input",
        changes,
    );
    checks(old.file, new.file, changes);
    replies(old.plan, new.plan, changes);
}

fn consent(old: Option<&ConsentFile>, new: Option<&ConsentFile>, changes: &mut Changes) {
    let (old, new) = match (old, new) {
        (None, None) => return,
        (None, Some(_)) => return changes.breaks("a customer must allow it"),
        (Some(_), None) => return changes.allows("no customer must allow it any more"),
        (Some(old), Some(new)) => (old, new),
    };
    for scope in &new.scopes {
        if !old.scopes.contains(scope) {
            changes.breaks(format!("a customer must allow scope `{scope}`"));
        }
    }
    for scope in &old.scopes {
        if !new.scopes.contains(scope) {
            changes.allows(format!("scope `{scope}` is needed no more"));
        }
    }
    if old.purpose != new.purpose {
        let (was, is) = (&old.purpose, &new.purpose);
        changes.breaks(format!("its purpose is `{is}`, no longer `{was}`"));
    }
    bound(&old.bound, &new.bound, changes);
}

/// Whatever is bound otherwise is asked for otherwise.
fn bound(old: &[(String, Type)], new: &[(String, Type)], changes: &mut Changes) {
    for (name, kind) in new {
        match old.iter().find(|(known, _)| known == name) {
            None => changes.breaks(format!("a consent must be bound to `{name}`")),
            Some((_, was)) if was != kind => {
                changes.breaks(format!("bound `{name}` is {kind}, no longer {was}"));
            }
            Some(_) => {}
        }
    }
    for (name, _) in old {
        if !new.iter().any(|(known, _)| known == name) {
            changes.breaks(format!("a consent is not bound to `{name}` any more"));
        }
    }
}

fn checks(old: &OperationFile, new: &OperationFile, changes: &mut Changes) {
    let texts = |its: &OperationFile| -> Vec<String> {
        let lines = its.checks.iter().filter_map(|line| line.value.as_str());
        let plain = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.map(plain).collect()
    };
    let (old, new) = (texts(old), texts(new));
    for check in new.iter().filter(|check| !old.contains(check)) {
        changes.breaks(format!("a new check: {check}"));
    }
    for check in old.iter().filter(|check| !new.contains(check)) {
        changes.allows(format!("a check is gone: {check}"));
    }
}

fn replies(old: &Operation, new: &Operation, changes: &mut Changes) {
    reply("reply", &old.reply, &new.reply, changes);
    for (name, of_new) in &new.answers {
        match old.answers.iter().find(|(known, _)| known == name) {
            Some((_, of_old)) => reply(&format!("answer {name}"), of_old, of_new, changes),
            None => changes.breaks(format!("a new answer: `{name}`")),
        }
    }
    for (name, _) in &old.answers {
        if !new.answers.iter().any(|(known, _)| known == name) {
            changes.allows(format!("answer `{name}` is gone"));
        }
    }
}

fn reply(place: &str, old: &Reply, new: &Reply, changes: &mut Changes) {
    if old.status != new.status {
        let (was, is) = (old.status, new.status);
        changes.breaks(format!("{place}: its status is {is}, no longer {was}"));
    }
    let (was, is) = (kinds::of(&old.body), kinds::of(&new.body));
    compare(Side::Answer, &was, &is, place, changes);
}

#[cfg(test)]
mod tests;
