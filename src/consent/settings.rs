//! What a consent desk goes by, and whom it asks.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crypto::{KeyEncryptionKey, Random};
use model::ports::{Consents, CustomerAccounts, SecondFactor};
use model::{BankId, ClientId, DetailType, PurposeId};
use web::{Language, OwnPages};

use crate::catalogue::{Both, Catalogue};
use crate::profile::ProfileRules;

/// What the desk of one bank goes by.
#[derive(Debug)]
pub struct DeskSettings {
    /// Whose desk it is.
    pub bank: BankId,
    /// What may be asked for, in words.
    pub catalogue: Arc<Catalogue>,
    /// By which rules.
    pub profile: ProfileRules,
    /// What each client wants data for: purposes of the catalogue, as the bank reviewed them.
    pub purposes: HashMap<ClientId, Vec<PurposeId>>,
    /// What authorization details of each type (RFC 9396) are called.
    pub details: BTreeMap<DetailType, DetailWords>,
    /// Seals what customers were shown and chose.
    pub kek: Arc<KeyEncryptionKey>,
    /// What the bank puts in the place of our pages' looks and words; [`crate::try_pages`] has
    /// nothing against it.
    pub own: Arc<OwnPages>,
}

/// What authorization details of a type are called. What has no name here is called as the app
/// calls it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailWords {
    /// The type.
    pub say: Both,
    /// Its members, by their names.
    pub labels: BTreeMap<String, Both>,
}

/// What joins the names of members of members.
const JOINT: &str = " \u{b7} ";

impl DetailWords {
    /// What the member at the end of this way is called: each name on it, and items of lists by
    /// their numbers.
    pub(crate) fn called(&self, path: &[String], language: Language) -> String {
        let names = path.iter().map(|name| {
            let label = self.labels.get(name);
            label.map_or(name.as_str(), |label| label.in_language(language))
        });
        names.collect::<Vec<_>>().join(JOINT)
    }
}

/// Whom a desk asks.
#[derive(Clone)]
pub struct DeskPorts {
    /// The consents of the bank's customers.
    pub consents: Arc<dyn Consents>,
    /// The bank, as the keeper of accounts.
    pub accounts: Arc<dyn CustomerAccounts>,
    /// The bank, as the judge of a second factor.
    pub factor: Arc<dyn SecondFactor>,
    /// Chance.
    pub random: Arc<dyn Random>,
}

impl fmt::Debug for DeskPorts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeskPorts")
    }
}
