//! A bank's trust store: whose certificates it believes, what is revoked, who its partners are.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use model::{Partner, PartnerId};

/// A bank's trust as settings.
#[derive(Debug)]
pub struct BankTrust {
    /// The authorities that issue partners' certificates; at least one.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Their revocation lists; `None` when the bank states that it has none.
    pub revocation: Option<Revocation>,
    /// The bank's partners.
    pub partners: Vec<Partner>,
}

/// Revocation lists and how old they may be.
#[derive(Debug)]
pub struct Revocation {
    /// The lists, DER; at least one, and each authority in a chain needs one that speaks for it.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// A list whose `thisUpdate` is older than this is not believed.
    pub refuse_when_older_than: Duration,
}

/// Why a trust store cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    /// There is no authority.
    #[error("a bank's trust store needs at least one authority")]
    NoAuthority,
    /// An authority cannot be used as trust anchor.
    #[error("authority {index} is not a usable certificate")]
    Authority {
        /// Its place in the list, from 0.
        index: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// Revocation is to be checked, but there is no list to check it against: the verifier would
    /// take that for permission not to check.
    #[error("revocation cannot be checked without a revocation list")]
    NoRevocationList,
    /// A revocation list cannot be read.
    #[error("revocation list {index} cannot be read")]
    RevocationList {
        /// Its place in the list, from 0.
        index: usize,
        /// Why.
        #[source]
        source: crypto::BadCertificate,
    },
    /// The verifier refuses the lists.
    #[error("the revocation lists cannot be used")]
    Verifier {
        /// Why.
        #[source]
        source: rustls::server::VerifierBuilderError,
    },
    /// Two partners share an organizationIdentifier under one CA.
    #[error("two partners share the organizationIdentifier {organization_id}")]
    SharedIdentity {
        /// The identifier.
        organization_id: String,
    },
}

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// A bank's trust store, ready for use. Each has a generation of its own, so that verdicts cached
/// under an older one are never believed.
pub struct Trust {
    generation: u64,
    verifier: Arc<dyn ClientCertVerifier>,
    /// Unix seconds from which some revocation list is too old; `None` without lists.
    revocation_until: Option<i64>,
    partners: HashMap<String, Arc<Partner>>,
    by_id: HashMap<PartnerId, Arc<Partner>>,
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl Trust {
    /// Builds the store. The chain is checked whole against the lists, an unknown status is a
    /// refusal, and a list past its `nextUpdate` is not believed.
    pub fn new(settings: BankTrust) -> Result<Self, BadTrust> {
        let mut roots = RootCertStore::empty();
        for (index, authority) in settings.authorities.into_iter().enumerate() {
            roots
                .add(authority)
                .map_err(|source| BadTrust::Authority { index, source })?;
        }
        if roots.is_empty() {
            return Err(BadTrust::NoAuthority);
        }
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
        let mut revocation_until = None;
        if let Some(revocation) = settings.revocation {
            if revocation.crls.is_empty() {
                return Err(BadTrust::NoRevocationList);
            }
            revocation_until = Some(earliest_staleness(&revocation)?);
            builder = builder
                .with_crls(revocation.crls)
                .enforce_revocation_expiration();
        }
        let verifier = builder
            .build()
            .map_err(|source| BadTrust::Verifier { source })?;
        let mut partners = HashMap::new();
        let mut by_id = HashMap::new();
        for partner in settings.partners {
            let partner = Arc::new(partner);
            by_id.insert(partner.id.clone(), Arc::clone(&partner));
            let organization_id = partner.organization_id.clone();
            if partners.insert(organization_id.clone(), partner).is_some() {
                return Err(BadTrust::SharedIdentity { organization_id });
            }
        }
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            generation,
            verifier,
            revocation_until,
            partners,
            by_id,
        })
    }

    /// The partner with this id.
    pub fn partner(&self, id: &PartnerId) -> Option<&Arc<Partner>> {
        self.by_id.get(id)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn verifier(&self) -> &dyn ClientCertVerifier {
        self.verifier.as_ref()
    }

    pub(crate) fn revocation_until(&self) -> Option<i64> {
        self.revocation_until
    }

    pub(crate) fn partner_of(&self, organization_id: &str) -> Option<&Arc<Partner>> {
        self.partners.get(organization_id)
    }
}

fn earliest_staleness(revocation: &Revocation) -> Result<i64, BadTrust> {
    let age = i64::try_from(revocation.refuse_when_older_than.as_secs()).unwrap_or(i64::MAX);
    let mut until = i64::MAX;
    for (index, crl) in revocation.crls.iter().enumerate() {
        let facts =
            crypto::crl_facts(crl).map_err(|source| BadTrust::RevocationList { index, source })?;
        until = until.min(facts.this_update.saturating_add(age));
        until = until.min(facts.next_update.unwrap_or(i64::MAX));
    }
    Ok(until)
}

#[cfg(test)]
mod tests;
