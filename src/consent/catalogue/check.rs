//! What can be wrong only between the parts of a catalogue.

use std::collections::BTreeSet;

use model::{ClusterId, DetailType, Scope};

use super::read::Draft;
use super::wording;
use super::{Consented, ScopeEntry};
use crate::problem::{Problems, quoted};

/// Holds the parts against each other; what could not be read is not judged again.
pub(super) fn check(draft: &Draft, problems: &mut Problems) {
    for (scope, entry) in &draft.scopes {
        if let Some(ScopeEntry::Consented(entry)) = entry {
            check_scope(draft, scope, entry, problems);
        }
    }
    check_unused(draft, problems);
    check_names(draft, problems);
}

/// The clusters of a scope exist; where one of them is sensitive, or values are bound, a second
/// factor is asked for: whoever found a phone unlocked must not give away what hurts, and what is
/// bound is confirmed with its values (specs/consent.md §1).
fn check_scope(draft: &Draft, scope: &Scope, entry: &Consented, problems: &mut Problems) {
    let pointer = pointer("scopes", scope.as_str());
    if entry.bound.is_some() && !entry.second_factor {
        problems.add(
            format!("{pointer}/needs/second_factor"),
            "no second factor, and values are bound",
            "write `second_factor: true`",
        );
    }
    for (at, cluster) in entry.clusters.iter().enumerate() {
        match draft.clusters.get(cluster) {
            None => problems.add(
                format!("{pointer}/clusters/{at}"),
                format!("no such cluster: {}", quoted(cluster.as_str())),
                "describe it under `clusters`, or name one that is there",
            ),
            Some(Some(known)) if known.sensitive && !entry.second_factor => problems.add(
                format!("{pointer}/needs/second_factor"),
                format!(
                    "no second factor, and {} is sensitive",
                    quoted(cluster.as_str())
                ),
                "write `second_factor: true`",
            ),
            Some(_) => {}
        }
    }
}

/// Every cluster is opened by a scope: over-asking begins with data that nobody uses
/// (specs/consent.md §4 U8). Not judged while a scope cannot be read: it might use it.
fn check_unused(draft: &Draft, problems: &mut Problems) {
    let Some(entries) = draft
        .scopes
        .values()
        .map(Option::as_ref)
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let used: BTreeSet<&ClusterId> = entries
        .into_iter()
        .filter_map(ScopeEntry::consented)
        .flat_map(|entry| &entry.clusters)
        .collect();
    for cluster in draft.clusters.keys().filter(|id| !used.contains(id)) {
        problems.add(
            pointer("clusters", cluster.as_str()),
            "no scope opens this cluster",
            "name it under a scope's `clusters`, or leave it out",
        );
    }
}

/// No text bears a technical name (specs/consent.md §6C).
fn check_names(draft: &Draft, problems: &mut Problems) {
    let mut names: BTreeSet<&str> = draft.scopes.keys().map(Scope::as_str).collect();
    names.extend(draft.clusters.keys().map(ClusterId::as_str));
    for entry in draft.scopes.values().flatten() {
        let bound = entry.consented().and_then(|entry| entry.bound.as_ref());
        names.extend(bound.map(DetailType::as_str));
    }
    for text in &draft.texts {
        if let Some(name) = names.iter().find(|name| wording::bears(text, name)) {
            problems.add(
                &text.pointer,
                format!("a technical name in a text for customers: {}", quoted(name)),
                "say what it means, in the reader's words",
            );
        }
    }
}

/// The pointer to a named part (RFC 6901 §3).
fn pointer(part: &str, name: &str) -> String {
    format!("/{part}/{}", name.replace('~', "~0").replace('/', "~1"))
}
