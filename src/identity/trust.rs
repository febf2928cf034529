//! A bank's trust store: whose certificates it believes, what is revoked, who its partners are.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use crypto::{CrlFacts, VerificationKey};
use jiff::Timestamp;
use model::{Partner, PartnerId, Standing};

use crate::KnownBy;

/// A bank's trust as settings.
#[derive(Debug)]
pub struct BankTrust {
    /// The authorities that issue partners' certificates; at least one.
    pub authorities: Vec<CertificateDer<'static>>,
    /// Their revocation lists; `None` when the bank states that it has none.
    pub revocation: Option<Revocation>,
    /// The bank's partners, and what the certificates of each are known by.
    pub partners: Vec<(Partner, KnownBy)>,
    /// Public keys whose self-signed certificates are a partner's (RFC 8705 §2.2), with the
    /// partner's id; of partners that are not among these, nothing is believed.
    pub registered: Vec<(PartnerId, VerificationKey)>,
}

/// Revocation lists and how old they may be.
#[derive(Debug)]
pub struct Revocation {
    /// The lists, DER; at least one, and each authority in a chain needs one that speaks for it.
    pub crls: Vec<CertificateRevocationListDer<'static>>,
    /// A list whose `thisUpdate` is older than this is not believed.
    pub refuse_when_older_than: Duration,
}

impl BankTrust {
    /// SHA-256 over all that it says: equal for two that judge alike.
    fn digest(&self) -> [u8; 32] {
        let Self {
            authorities,
            revocation,
            partners,
            registered,
        } = self;
        let mut sum = crypto::Sha256::new();
        let mut part = |bytes: &[u8]| {
            sum.update(&(bytes.len() as u64).to_be_bytes());
            sum.update(bytes);
        };
        part(&(authorities.len() as u64).to_be_bytes());
        for authority in authorities {
            part(authority);
        }
        match revocation {
            None => part(b"none"),
            Some(Revocation {
                crls,
                refuse_when_older_than,
            }) => {
                part(&refuse_when_older_than.as_nanos().to_be_bytes());
                part(&(crls.len() as u64).to_be_bytes());
                for list in crls {
                    part(list);
                }
            }
        }
        // Names, standing and organizationIdentifiers, each text in quotes.
        part(format!("{partners:?}").as_bytes());
        for (partner, key) in registered {
            part(partner.as_str().as_bytes());
            part(&key.to_spki());
        }
        sum.finish()
    }
}

/// The trust stores in force, by what they say: one that a new snapshot names again keeps its
/// generation, and with it the verdicts given under it.
#[derive(Debug, Default)]
pub struct Trusts(Mutex<HashMap<[u8; 32], Weak<Trust>>>);

impl Trusts {
    /// The store that these settings ask for: the one there is, or a new one. One that nobody holds
    /// any more is forgotten. Errors as [`Trust::new`].
    pub fn store(&self, settings: BankTrust) -> Result<Arc<Trust>, BadTrust> {
        let digest = settings.digest();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, trust| trust.strong_count() > 0);
        if let Some(same) = known.get(&digest).and_then(Weak::upgrade) {
            return Ok(same);
        }
        let fresh = Arc::new(Trust::new(settings)?);
        known.insert(digest, Arc::downgrade(&fresh));
        Ok(fresh)
    }
}

/// Why a trust store cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum BadTrust {
    /// There is no authority.
    #[error("a bank's trust store needs at least one authority")]
    NoAuthority,
    /// An authority cannot be read.
    #[error("authority {index} cannot be read")]
    UnreadableAuthority {
        /// Its place in the list, from 0.
        index: usize,
        /// Why.
        #[source]
        source: crypto::BadCertificate,
    },
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
    /// Two partners under one CA are known by the same, so that no certificate tells them apart.
    #[error("the partners {one} and {other} are known by the same")]
    SharedIdentity {
        /// The one.
        one: PartnerId,
        /// The other.
        other: PartnerId,
    },
}

static GENERATION: AtomicU64 = AtomicU64::new(1);

/// A bank's trust store, ready for use. Each has a generation of its own, so that verdicts cached
/// under an older one are never believed.
pub struct Trust {
    generation: u64,
    anchors: Anchors,
    /// Unix seconds between which every revocation list is believed; `None` without lists.
    revocation: Option<Range<i64>>,
    partners: HashMap<KnownBy, Arc<Partner>>,
    /// The partners by the SubjectPublicKeyInfo of their registered keys.
    registered: HashMap<Vec<u8>, Arc<Partner>>,
}

/// Authorities that are believed, with what verifies their chains.
pub(crate) struct Anchors {
    verifier: Arc<dyn ClientCertVerifier>,
    /// The authorities' subjects and last seconds: an anchor's own life is ours to judge, the
    /// verifier does not.
    authorities: Vec<(String, i64)>,
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
        let (anchors, believed) = Anchors::asking(settings.authorities, settings.revocation)?;
        let partners = told_apart(settings.partners)?;
        let registered = registered(settings.registered, &partners)?;
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Ok(Self {
            generation,
            anchors,
            revocation: believed,
            partners,
            registered,
        })
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn anchors(&self) -> &Anchors {
        &self.anchors
    }

    /// Between which Unix seconds the revocation lists are believed; `None` without lists.
    pub(crate) fn revocation(&self) -> Option<&Range<i64>> {
        self.revocation.as_ref()
    }

    pub(crate) fn partner_of(&self, known_by: &KnownBy) -> Option<&Arc<Partner>> {
        self.partners.get(known_by)
    }

    /// The partner that registered this public key, a SubjectPublicKeyInfo.
    pub(crate) fn registrant_of(&self, spki: &[u8]) -> Option<&Arc<Partner>> {
        self.registered.get(spki)
    }

    /// The same store under this authority instead of its own, with this list where it asks lists,
    /// with every partner known by its id as organizationIdentifier, and in this standing where one
    /// is given: for a rehearsal.
    pub(crate) fn under(
        &self,
        authority: CertificateDer<'static>,
        list: CertificateRevocationListDer<'static>,
        standing: Option<Standing>,
    ) -> Result<Self, BadTrust> {
        let lists = self.revocation.is_some().then(|| vec![list]);
        let rehearsed = |partner: &Arc<Partner>| {
            let known_by = KnownBy::OrganizationId(partner.id.as_str().to_owned());
            let partner = match standing {
                Some(standing) => Arc::new(Partner {
                    standing,
                    ..partner.as_ref().clone()
                }),
                None => Arc::clone(partner),
            };
            (known_by, partner)
        };
        Ok(Self {
            generation: GENERATION.fetch_add(1, Ordering::Relaxed),
            anchors: Anchors::new(vec![authority], lists)?,
            revocation: self.revocation.clone(),
            partners: self.partners.values().map(rehearsed).collect(),
            registered: HashMap::new(),
        })
    }

    /// The organizationIdentifier that a partner's certificates bear; `None` of one that is known
    /// by something else.
    pub fn organization_of(&self, partner: &PartnerId) -> Option<&str> {
        let mut known = self.partners.iter();
        let (known_by, _) = known.find(|(_, its)| its.id == *partner)?;
        match known_by {
            KnownBy::OrganizationId(id) => Some(id),
            _ => None,
        }
    }

    /// The names of its authorities, as their certificates write them.
    pub fn authorities(&self) -> impl Iterator<Item = &str> {
        let authorities = self.anchors.authorities.iter();
        authorities.map(|(subject, _)| subject.as_str())
    }

    /// Its partners, in no order.
    pub fn partners(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.partners.values()
    }

    /// Until when its revocation lists are believed, exclusive; `None` when it asks none.
    pub fn lists_until(&self) -> Option<Timestamp> {
        let until = self.revocation.as_ref()?.end;
        Some(Timestamp::from_second(until).unwrap_or(Timestamp::MAX))
    }
}

/// The partners by what they are known by: no two by the same.
fn told_apart(
    partners: Vec<(Partner, KnownBy)>,
) -> Result<HashMap<KnownBy, Arc<Partner>>, BadTrust> {
    let mut apart: HashMap<KnownBy, Arc<Partner>> = HashMap::with_capacity(partners.len());
    for (partner, known_by) in partners {
        let partner = Arc::new(partner);
        if let Some(one) = apart.insert(known_by, Arc::clone(&partner)) {
            return Err(shared(&one, &partner));
        }
    }
    let is_subject = |(known_by, _): &(&KnownBy, _)| matches!(known_by, KnownBy::SubjectDn(_));
    for (subject, other) in apart.iter().filter(is_subject) {
        let same = |(known_by, one): &(&KnownBy, &Arc<Partner>)| {
            one.id != other.id && subject.coincides(known_by)
        };
        if let Some((_, one)) = apart.iter().find(same) {
            return Err(shared(one, other));
        }
    }
    Ok(apart)
}

/// The partners by their registered keys: no two by the same.
fn registered(
    keys: Vec<(PartnerId, VerificationKey)>,
    partners: &HashMap<KnownBy, Arc<Partner>>,
) -> Result<HashMap<Vec<u8>, Arc<Partner>>, BadTrust> {
    let mut registered: HashMap<Vec<u8>, Arc<Partner>> = HashMap::with_capacity(keys.len());
    for (id, key) in keys {
        let Some(partner) = partners.values().find(|partner| partner.id == id) else {
            continue;
        };
        let before = registered.insert(key.to_spki(), Arc::clone(partner));
        if let Some(one) = before.filter(|one| one.id != id) {
            return Err(shared(&one, partner));
        }
    }
    Ok(registered)
}

fn shared(one: &Partner, other: &Partner) -> BadTrust {
    BadTrust::SharedIdentity {
        one: one.id.clone(),
        other: other.id.clone(),
    }
}

impl Anchors {
    /// Takes authorities and their lists, and says between which Unix seconds every one of the
    /// lists is believed.
    pub(crate) fn asking(
        authorities: Vec<CertificateDer<'static>>,
        revocation: Option<Revocation>,
    ) -> Result<(Self, Option<Range<i64>>), BadTrust> {
        let Some(revocation) = revocation else {
            return Ok((Self::new(authorities, None)?, None));
        };
        let read = newest_first(revocation.crls)?;
        if read.is_empty() {
            return Err(BadTrust::NoRevocationList);
        }
        let facts = read.iter().map(|(facts, _)| facts);
        let believed = believed_between(facts, revocation.refuse_when_older_than);
        let lists = read.into_iter().map(|(_, list)| list).collect();
        Ok((Self::new(authorities, Some(lists))?, Some(believed)))
    }

    /// Takes authorities; with lists, whatever they do not speak for is refused.
    pub(crate) fn new(
        certificates: Vec<CertificateDer<'static>>,
        lists: Option<Vec<CertificateRevocationListDer<'static>>>,
    ) -> Result<Self, BadTrust> {
        let mut roots = RootCertStore::empty();
        let mut authorities = Vec::new();
        for (index, authority) in certificates.into_iter().enumerate() {
            let facts = crypto::certificate_facts(&authority)
                .map_err(|source| BadTrust::UnreadableAuthority { index, source })?;
            authorities.push((facts.subject, facts.not_after));
            roots
                .add(authority)
                .map_err(|source| BadTrust::Authority { index, source })?;
        }
        if roots.is_empty() {
            return Err(BadTrust::NoAuthority);
        }
        let mut builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), crypto::provider());
        if let Some(lists) = lists {
            builder = builder.with_crls(lists).enforce_revocation_expiration();
        }
        let verifier = builder
            .build()
            .map_err(|source| BadTrust::Verifier { source })?;
        Ok(Self {
            verifier,
            authorities,
        })
    }

    pub(crate) fn verifier(&self) -> &dyn ClientCertVerifier {
        self.verifier.as_ref()
    }

    /// The last second of the authority with this name: of several, the one that lives longest.
    pub(crate) fn until(&self, name: &str) -> Option<i64> {
        let named = self
            .authorities
            .iter()
            .filter(|(subject, _)| subject == name);
        named.map(|(_, until)| *until).max()
    }
}

/// Of two lists of one issuer the verifier asks the first: so that must be the newest.
fn newest_first(
    lists: Vec<CertificateRevocationListDer<'static>>,
) -> Result<Vec<(CrlFacts, CertificateRevocationListDer<'static>)>, BadTrust> {
    let mut read = Vec::with_capacity(lists.len());
    for (index, list) in lists.into_iter().enumerate() {
        let facts = crypto::crl_facts(&list)
            .map_err(|source| BadTrust::RevocationList { index, source })?;
        read.push((facts, list));
    }
    read.sort_by_key(|(facts, _)| std::cmp::Reverse(facts.this_update));
    Ok(read)
}

/// Clocks may differ by this much, in seconds, before a list is from the future.
const LEEWAY_S: i64 = 10;

/// From the youngest list's `thisUpdate` until the oldest is too old.
fn believed_between<'a>(
    lists: impl Iterator<Item = &'a CrlFacts>,
    refuse_when_older_than: Duration,
) -> Range<i64> {
    let age = i64::try_from(refuse_when_older_than.as_secs()).unwrap_or(i64::MAX);
    let mut believed = i64::MIN..i64::MAX;
    for facts in lists {
        let until = facts.this_update.saturating_add(age);
        believed.end = believed
            .end
            .min(until)
            .min(facts.next_update.unwrap_or(i64::MAX));
        believed.start = believed
            .start
            .max(facts.this_update.saturating_sub(LEEWAY_S));
    }
    believed
}

#[cfg(test)]
mod tests;
