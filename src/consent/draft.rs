//! How far a customer has come: what they have chosen and what they were shown. It lies in the
//! store between their visits, sealed, for it names accounts.

use crypto::KeyEncryptionKey;
use jiff::Timestamp;
use model::ports::{FactorBegun, OwnAccount};
use model::{BankId, ConsentId, Fault, Resource, ResourceId, ResourceKind};
use serde::{Deserialize, Serialize};

use crate::settings::{DeskPorts, DeskSettings};

/// What is sealed is bound to its use, its bank and its consent.
const USE: &str = "mortise consent draft";

/// The pages of a visit, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// What is asked for (specs/consent.md, screen C2).
    Review,
    /// Of which accounts (C3).
    Accounts,
    /// Which values are bound (C4).
    Values,
    /// The second factor (C5).
    Confirm,
}

impl Stage {
    /// The word in forms.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Review => "review",
            Self::Accounts => "accounts",
            Self::Values => "values",
            Self::Confirm => "confirm",
        }
    }
}

/// Where accounts are chosen, as far as the customer was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Chooser {
    /// Nowhere: the wish is about none.
    Nowhere,
    /// On the page that tells what is asked for.
    OnReview,
    /// On a page of its own.
    Apart,
}

/// What a customer has chosen so far. Printed, it names nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Draft {
    /// The page that is next.
    pub(crate) stage: Stage,
    /// Drawn anew for each page that is shown, empty before the first: a form of another page than
    /// the last one decides nothing, so that what is kept as seen is what was answered.
    pub(crate) turn: String,
    /// The version of the consent catalogue that the pages speak from.
    pub(crate) catalogue: [u8; 32],
    /// The end that the pages tell.
    pub(crate) until: Timestamp,
    /// Where accounts are chosen.
    pub(crate) chooser: Chooser,
    /// Those that were, as the bank told of them.
    pub(crate) accounts: Vec<ChosenAccount>,
    /// The second factor, once it was begun.
    pub(crate) proof: Option<Proof>,
    /// What was tried of the second factor.
    #[serde(default)]
    pub(crate) tries: Tries,
    /// The page of each stage as it was sent last.
    pub(crate) seen: Vec<Seen>,
    /// What the forms said that led here, in their order.
    pub(crate) said: Vec<(String, String)>,
}

/// An account that the customer chose.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChosenAccount {
    /// The bank's id of it.
    pub(crate) id: String,
    /// Its number as far as it is shown.
    pub(crate) masked: String,
    /// What it is called, in Chinese.
    pub(crate) name_zh: String,
    /// The same in English.
    pub(crate) name_en: String,
}

/// How often what was tried, over all codes of a consent. It is counted before the bank is asked,
/// so that none of many forms that come at once is left out; what the bank did not do is given
/// back.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tries {
    /// How many codes were asked for.
    pub(crate) begins: u32,
    /// How many were typed that were not found to be right.
    pub(crate) wrong: u32,
}

/// A second factor on its way. Other members than these, which one of before may have, say nothing.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Proof {
    /// As the bank began it.
    pub(crate) begun: FactorBegun,
    /// SHA-256 of what it is over.
    pub(crate) over: [u8; 32],
    /// Whether the bank takes a code for it yet.
    pub(crate) is_live: bool,
}

/// A page as it was sent.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    /// Of which stage.
    pub(crate) stage: Stage,
    /// Its language (BCP 47).
    pub(crate) language: String,
    /// The page, byte for byte.
    pub(crate) page: String,
}

impl Draft {
    /// The beginning of a visit.
    pub(crate) fn begun(catalogue: [u8; 32], until: Timestamp) -> Self {
        Self {
            stage: Stage::Review,
            turn: String::new(),
            catalogue,
            until,
            chooser: Chooser::Nowhere,
            accounts: Vec::new(),
            proof: None,
            tries: Tries::default(),
            seen: Vec::new(),
            said: Vec::new(),
        }
    }

    /// What the form of the page says that is shown now.
    pub(crate) fn beside(&self, version: u32) -> String {
        format!("{}.{version}.{}", self.stage.as_str(), self.turn)
    }

    /// Whether a form is of the page that is shown now.
    pub(crate) fn is_answered_by(&self, beside: &str, version: u32) -> bool {
        !self.turn.is_empty() && beside == self.beside(version)
    }

    /// Notes the page that is sent.
    pub(crate) fn note(&mut self, language: &str, page: String) {
        self.seen.retain(|seen| seen.stage < self.stage);
        self.seen.push(Seen {
            stage: self.stage,
            language: language.to_owned(),
            page,
        });
    }

    /// What was chosen, as terms name it.
    pub(crate) fn resources(&self, kinds: &[&ResourceKind]) -> Result<Vec<Resource>, Fault> {
        let mut resources = Vec::new();
        for account in &self.accounts {
            let id = ResourceId::parse(&account.id)
                .map_err(|cause| Fault::caused("reading an account that was chosen", cause))?;
            resources.extend(kinds.iter().map(|kind| Resource {
                kind: (*kind).clone(),
                id: id.clone(),
            }));
        }
        Ok(resources)
    }

    /// The draft for the store.
    pub(crate) fn sealed(
        &self,
        id: &ConsentId,
        settings: &DeskSettings,
        ports: &DeskPorts,
    ) -> Result<Vec<u8>, Fault> {
        let plain = serde_json::to_vec(self)
            .map_err(|cause| Fault::caused("writing the draft of a consent", cause))?;
        let aad = bound(USE, &settings.bank, id);
        settings
            .kek
            .seal(&plain, &aad, ports.random.as_ref())
            .map_err(|cause| Fault::caused("sealing the draft of a consent", cause))
    }

    /// Opens what [`Self::sealed`] made for this consent.
    pub(crate) fn open(
        sealed: &[u8],
        id: &ConsentId,
        bank: &BankId,
        kek: &KeyEncryptionKey,
    ) -> Result<Self, Fault> {
        let plain = kek
            .open(sealed, &bound(USE, bank, id))
            .map_err(|cause| Fault::caused("opening the draft of a consent", cause))?;
        serde_json::from_slice(&plain)
            .map_err(|cause| Fault::caused("reading the draft of a consent", cause))
    }
}

impl ChosenAccount {
    /// The account as it was listed.
    pub(crate) fn of(account: &OwnAccount) -> Self {
        Self {
            id: account.id.as_str().to_owned(),
            masked: account.masked.clone(),
            name_zh: account.name_zh.clone(),
            name_en: account.name_en.clone(),
        }
    }
}

/// What a sealed text is bound to.
pub(crate) fn bound(purpose: &str, bank: &BankId, id: &ConsentId) -> Vec<u8> {
    format!("{purpose}\0{bank}\0{id}").into_bytes()
}

#[cfg(test)]
mod tests;
