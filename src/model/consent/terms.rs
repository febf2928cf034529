//! What a live consent covers.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{BoundValue, ConsentId};
use crate::{ClusterId, PurposeId, ResourceId, ResourceKind};

/// One thing that a customer chose: an account. Printed, it does not say which.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Which, as the bank names it.
    pub id: ResourceId,
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// All that the road asks of a consent. Printed, it names neither the customer nor what is theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct Terms {
    /// Whose terms these are.
    pub id: ConsentId,
    /// The customer, as the bank names them; at most 1,024 bytes. Tokens have another name.
    pub customer: Box<str>,
    /// The kinds of data.
    pub clusters: BTreeSet<ClusterId>,
    /// What the customer chose. What is not here is not covered.
    pub resources: BTreeSet<Resource>,
    /// What the data is for, where the partner named a purpose.
    pub purpose: Option<PurposeId>,
    /// How often a day data may be asked for while the customer is away.
    pub per_day_unattended: u32,
    /// The first day of which data is covered; `None`: from the beginning.
    pub data_from: Option<Date>,
    /// The last; `None`: to the end.
    pub data_until: Option<Date>,
    /// Values that the customer read, and that a request is held to.
    pub bound: Vec<BoundValue>,
    /// When the customer consented, or last did.
    pub authorised_at: Timestamp,
    /// From this instant on the customer has to log in once more; `None`: never.
    pub reauth_at: Option<Timestamp>,
    /// It is live before this instant and dead from it on.
    pub expires: Timestamp,
}

/// How terms stand at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TermsStanding {
    /// They are in force.
    Live,
    /// They open nothing until the app has asked its customer once more.
    Paused,
    /// Their end has come.
    Over,
}

impl Terms {
    /// How these stand at an instant, as long as nobody ended them: the one place that says it, for
    /// the road, for the customer's pages and for the partner.
    pub fn standing(&self, now: Timestamp) -> TermsStanding {
        if now >= self.expires {
            TermsStanding::Over
        } else if self.reauth_at.is_some_and(|reauth| now >= reauth) {
            TermsStanding::Paused
        } else {
            TermsStanding::Live
        }
    }

    /// Whether these cover nothing that others do not: of one consent, one customer and one
    /// purpose, the same bound values, and otherwise no more of anything. When they were consented
    /// to, when the customer has to log in once more and when they end does not matter: time is
    /// what a customer gives who consents once more.
    pub fn is_within(&self, others: &Self) -> bool {
        let is_same = (&self.id, &self.customer, &self.purpose)
            == (&others.id, &others.customer, &others.purpose);
        // A request of details of which no value is bound is refused: one more opens more.
        let is_bound_alike = self.bound.iter().all(|its| others.bound.contains(its))
            && others.bound.iter().all(|its| self.bound.contains(its));
        is_same
            && is_bound_alike
            && self.clusters.is_subset(&others.clusters)
            && self.resources.is_subset(&others.resources)
            && self.per_day_unattended <= others.per_day_unattended
            && begins_within(self.data_from, others.data_from)
            && ends_within(self.data_until, others.data_until)
    }
}

/// Whether data from a first day on, or from the beginning, is data from another one on.
fn begins_within(first: Option<Date>, others: Option<Date>) -> bool {
    others.is_none_or(|others| first.is_some_and(|first| first >= others))
}

/// Whether data to a last day, or to the end, is data to another one.
fn ends_within(last: Option<Date>, others: Option<Date>) -> bool {
    others.is_none_or(|others| last.is_some_and(|last| last <= others))
}

impl fmt::Debug for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terms")
            .field("id", &self.id)
            .field("clusters", &self.clusters)
            .field("resources", &self.resources.len())
            .field("authorised_at", &self.authorised_at)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
