//! What is kept of a customer's decision: what they saw and said, sealed.

use crypto::{KeyEncryptionKey, Random};
use jiff::Timestamp;
use model::{BankId, By, ConsentId, Edge, Evidence, FactorResult, Fault, Shown, SignedRequest};

use crate::draft::{Draft, bound};

const USE: &str = "mortise consent evidence";

/// One piece of evidence to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub(crate) bank: &'a BankId,
    pub(crate) id: &'a ConsentId,
    pub(crate) edge: Edge,
    pub(crate) by: By,
    pub(crate) at: Timestamp,
    pub(crate) text_version: [u8; 32],
}

impl Kept<'_> {
    /// The evidence, sealed. The store numbers it.
    pub(crate) fn sealed(
        &self,
        shown: &Shown,
        kek: &KeyEncryptionKey,
        random: &dyn Random,
    ) -> Result<Evidence, Fault> {
        let plain = serde_json::to_vec(shown)
            .map_err(|cause| Fault::caused("writing the evidence of a consent", cause))?;
        let sealed = kek
            .seal(&plain, &bound(USE, self.bank, self.id), random)
            .map_err(|cause| Fault::caused("sealing the evidence of a consent", cause))?;
        Ok(Evidence {
            edge: self.edge,
            at: self.at,
            by: self.by,
            text_version: self.text_version,
            sealed,
        })
    }
}

/// What the customer saw and said so far. The pages stand one after another in the order in which
/// they were shown, each whole, so that each begins with its document type.
pub(crate) fn shown(draft: &Draft, factor: Option<FactorResult>, request: &SignedRequest) -> Shown {
    let pages = draft.seen.iter().map(|seen| seen.page.as_str());
    Shown {
        page: pages.collect(),
        language: draft
            .seen
            .last()
            .map_or_else(String::new, |seen| seen.language.clone()),
        choices: draft.said.clone(),
        factor,
        request: request.clone(),
    }
}

/// Opens what was kept of a consent: what its customer was shown, and what they said.
///
/// Fails when the key is another, or when the evidence is not of this consent of this bank.
pub fn open_evidence(
    kek: &KeyEncryptionKey,
    bank: &BankId,
    id: &ConsentId,
    evidence: &Evidence,
) -> Result<Shown, Fault> {
    let plain = kek
        .open(&evidence.sealed, &bound(USE, bank, id))
        .map_err(|cause| Fault::caused("opening the evidence of a consent", cause))?;
    serde_json::from_slice(&plain)
        .map_err(|cause| Fault::caused("reading the evidence of a consent", cause))
}
