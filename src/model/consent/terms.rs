//! What a live consent covers.

use std::collections::BTreeSet;
use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{BoundValue, ConsentId};
use crate::{ClusterId, PurposeId, ResourceId, ResourceKind};

/// One thing that a customer chose: an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// What it is.
    pub kind: ResourceKind,
    /// Which, as the bank names it.
    pub id: ResourceId,
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
mod tests {
    use super::*;
    use crate::{BoundTo, DetailType};

    #[test]
    fn printed_they_name_neither_the_customer_nor_what_is_theirs() {
        let account = Resource {
            kind: ResourceKind::parse("account").expect("valid"),
            id: ResourceId::parse("acc-private").expect("valid"),
        };
        let terms = Terms {
            id: ConsentId::parse("g").expect("valid"),
            customer: "li-lei".into(),
            clusters: BTreeSet::from([ClusterId::parse("balance").expect("valid")]),
            resources: BTreeSet::from([account]),
            purpose: None,
            per_day_unattended: 4,
            data_from: None,
            data_until: None,
            bound: vec![BoundValue {
                detail: DetailType::parse("funds_check").expect("valid"),
                member: "payee".to_owned(),
                value: BoundTo::Text("han-meimei".to_owned()),
            }],
            authorised_at: Timestamp::UNIX_EPOCH,
            reauth_at: None,
            expires: Timestamp::UNIX_EPOCH,
        };
        let shown = format!("{terms:?}");
        assert!(shown.contains("balance"), "{shown}");
        for hidden in ["li-lei", "acc-private", "han-meimei"] {
            assert!(!shown.contains(hidden), "{shown}");
        }
    }
}
