//! The consent catalogue: scopes, the clusters of data they open, purposes, and the words for them.

mod check;
mod digest;
mod read;
mod wording;

use std::collections::BTreeMap;

use model::{ClusterId, DetailType, PurposeId, ResourceKind, Scope};
use serde_json::Value;

pub use self::wording::Both;
use crate::problem::{Problem, Problems};
use crate::site::Site;

/// A bank's consent catalogue. It exists only when nothing is wrong with it.
#[derive(Debug, Clone)]
pub struct Catalogue {
    clusters: BTreeMap<ClusterId, Cluster>,
    scopes: BTreeMap<Scope, ScopeEntry>,
    purposes: BTreeMap<PurposeId, Purpose>,
    version: [u8; 32],
}

/// How sensitive data is in itself (JR/T 0171-2020 §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Hurts little when it becomes known.
    C1,
    /// Tells of a person or their finances.
    C2,
    /// Proves who somebody is, or hurts much.
    C3,
}

/// A kind of data, as a customer is told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its class.
    pub class: Class,
    /// Whether a customer decides on it apart (PIPL Art. 29), under profiles that want so.
    pub sensitive: bool,
    /// What it is, in a few words.
    pub say: Both,
    /// What exactly goes out.
    pub more: Both,
    /// What one might take for part of it, and is not.
    pub not: Option<Both>,
}

/// What a scope means to a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeEntry {
    /// It opens no data of theirs: there is nothing to decide on but the app itself.
    Plain,
    /// A customer decides.
    Consented(Consented),
}

/// What a customer decides on when an app asks for a scope. It opens data or binds values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consented {
    /// The data it opens, in the order in which it is told.
    pub clusters: Vec<ClusterId>,
    /// The kinds of things it is about; none exactly when no accounts are chosen.
    pub resources: Vec<ResourceKind>,
    /// The type of authorization details (RFC 9396) whose values are bound.
    pub bound: Option<DetailType>,
    /// Whether the customer proves once more who they are. Always so where data is sensitive.
    pub second_factor: bool,
    /// Which accounts the customer chooses.
    pub accounts: Accounts,
    /// What follows for the customer when they refuse.
    pub refuse_effect: Both,
}

/// How many accounts a customer chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accounts {
    /// None: it is about no account.
    None,
    /// Exactly one.
    One,
    /// One or more.
    Some,
}

/// What data is wanted for, in words that the bank has reviewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purpose {
    /// The purpose.
    pub say: Both,
    /// How long the app may keep what it got, in days.
    pub keep_days: u16,
}

impl Catalogue {
    /// Reads a catalogue: `clusters`, `scopes` and `purposes`, each a mapping by name, all written.
    ///
    /// Errors: everything that is wrong with it, each with its place.
    pub fn read(value: &Value) -> Result<Self, Vec<Problem>> {
        let mut problems = Problems::default();
        let catalogue = read::catalogue(&Site::root(value), &mut problems).and_then(|draft| {
            check::check(&draft, &mut problems);
            draft.finished(digest::digest(value))
        });
        problems.or(catalogue)
    }

    /// A cluster by its name.
    pub fn cluster(&self, id: &ClusterId) -> Option<&Cluster> {
        self.clusters.get(id)
    }

    /// What a scope means; nothing for a scope that no customer can give.
    pub fn scope(&self, scope: &Scope) -> Option<&ScopeEntry> {
        self.scopes.get(scope)
    }

    /// A purpose by its name.
    pub fn purpose(&self, id: &PurposeId) -> Option<&Purpose> {
        self.purposes.get(id)
    }

    /// All clusters, by name.
    pub fn clusters(&self) -> impl Iterator<Item = (&ClusterId, &Cluster)> {
        self.clusters.iter()
    }

    /// All scopes, by name.
    pub fn scopes(&self) -> impl Iterator<Item = (&Scope, &ScopeEntry)> {
        self.scopes.iter()
    }

    /// All purposes, by name.
    pub fn purposes(&self) -> impl Iterator<Item = (&PurposeId, &Purpose)> {
        self.purposes.iter()
    }

    /// SHA-256 of all that the catalogue says: another text is another version, another order of
    /// keys is none.
    pub fn version(&self) -> [u8; 32] {
        self.version
    }
}

impl ScopeEntry {
    /// What a customer decides on; nothing for a plain one.
    pub fn consented(&self) -> Option<&Consented> {
        match self {
            Self::Plain => None,
            Self::Consented(consented) => Some(consented),
        }
    }
}

#[cfg(test)]
mod tests;
