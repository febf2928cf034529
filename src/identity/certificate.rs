//! The certificate verdict: chain, time, key usage, revocation, partner. Asked on every request,
//! whether the connection is new, open or resumed, and cached only as long as it must hold.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use quick_cache::sync::Cache;
use rustls::{CertificateError, Error};
use rustls_pki_types::UnixTime;

use crypto::CertificateFacts;
use model::{CertificateProblem, Meter, Partner, PresentedChain, Refusal};

use crate::metrics::Checks;
use crate::refused::Refused;
use crate::trust::Anchors;
use crate::{KnownBy, Trust};

/// Chains that were refused lately, at most.
const REFUSALS_REMEMBERED: usize = 4_096;

/// What a bank's trust store says of a presented chain.
#[derive(Debug)]
pub struct Verdict {
    /// The partner it names; its standing is for the caller of this room to judge.
    pub partner: Arc<Partner>,
    /// What speaks for the leaf. Names in a certificate that no authority signed are whatever its
    /// maker wrote.
    pub by: VouchedBy,
    /// Unix seconds from which the chain must be judged anew.
    valid_until: i64,
    /// Unix seconds from which the chain is valid.
    valid_from: i64,
}

/// What speaks for a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VouchedBy {
    /// An authority of the bank's, with its lists: key and names are the partner's.
    Authority,
    /// A partner that registered the key (RFC 8705 §2.2): the key is the partner's, no more.
    Registration,
}

/// Judges chains and remembers good ones by (trust generation, SHA-256 of the chain); for a short
/// while also bad ones, so that one who shows the same again and again has it judged once.
#[derive(Debug)]
pub struct Certificates {
    verdicts: Cache<(u64, [u8; 32]), Arc<Verdict>>,
    checks: Checks,
    refused: Refused,
}

impl Certificates {
    /// A judge that remembers at most `capacity` chains.
    pub fn new(capacity: usize) -> Self {
        Self {
            verdicts: Cache::new(capacity),
            checks: Checks::default(),
            refused: Refused::new(capacity.min(REFUSALS_REMEMBERED)),
        }
    }

    /// Counts what it does.
    #[must_use]
    pub fn counted(mut self, meter: &Meter) -> Self {
        self.checks = Checks::of_certificates(meter);
        self
    }

    /// The verdict on a chain now. A good one is remembered until the earliest `notAfter` of the
    /// chain and the staleness limit of the revocation lists; a bad one for seconds, unless time
    /// alone may mend it.
    ///
    /// Errors: [`Refusal::CertificateRefused`], saying why.
    pub fn verdict(
        &self,
        trust: &Trust,
        chain: &PresentedChain,
        now: Timestamp,
    ) -> Result<Arc<Verdict>, Refusal> {
        if let Some(verdict) = self.remembered(trust, chain, now) {
            self.checks.remembered.add(1);
            return Ok(verdict);
        }
        let key = (trust.generation(), chain.fingerprint);
        let judged = self
            .refused
            .unless_known(key, now, || judge(trust, chain, now));
        let verdict = judged.map_err(|problem| {
            self.checks.refused.add(1);
            Refusal::CertificateRefused(problem)
        })?;
        let verdict = Arc::new(verdict);
        self.checks.judged.add(1);
        self.verdicts.insert(key, Arc::clone(&verdict));
        Ok(verdict)
    }

    /// The verdict if it is remembered and still holds: costs one look-up, for the gate.
    pub fn remembered(
        &self,
        trust: &Trust,
        chain: &PresentedChain,
        now: Timestamp,
    ) -> Option<Arc<Verdict>> {
        let verdict = self
            .verdicts
            .get(&(trust.generation(), chain.fingerprint))?;
        let now = now.as_second();
        (verdict.valid_from <= now && now < verdict.valid_until).then_some(verdict)
    }
}

fn judge(
    trust: &Trust,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<Verdict, CertificateProblem> {
    if let Some(verdict) = judge_registered(trust, chain, now)? {
        return Ok(verdict);
    }
    let judged = judge_issued(trust, chain, now)?;
    Ok(Verdict {
        partner: Arc::clone(the_partner(trust, judged.leaf)?),
        by: VouchedBy::Authority,
        valid_until: judged.valid.end,
        valid_from: judged.valid.start,
    })
}

/// Judges a chain by the bank's authorities and their lists.
fn judge_issued(
    trust: &Trust,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<Judged, CertificateProblem> {
    let believed = trust.revocation().cloned().unwrap_or(i64::MIN..i64::MAX);
    if !believed.contains(&now.as_second()) {
        return Err(CertificateProblem::RevocationUnknown);
    }
    judge_chain(trust.anchors(), chain, now, &believed)
}

impl Trust {
    /// What the leaf of a chain says that the bank's authorities vouch for now, whomever it names:
    /// for services of the bank itself, which are no partner's. Judged at each call; nothing is
    /// remembered. Errors: why the chain is not good.
    pub fn vouches_for(
        &self,
        chain: &PresentedChain,
        now: Timestamp,
    ) -> Result<CertificateFacts, CertificateProblem> {
        judge_issued(self, chain, now).map(|judged| judged.leaf)
    }
}

/// The verdict on a self-signed certificate for a key that a partner registered (RFC 8705 §2.2): no
/// authority vouches for it, no list revokes it; the partner takes its key out of the set. `None`
/// when nobody registered the key, and for what an authority issued: to register the key of
/// another's certificate gains nothing.
fn judge_registered(
    trust: &Trust,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<Option<Verdict>, CertificateProblem> {
    if PresentedChain::is_too_long(&chain.certificates) {
        return Err(CertificateProblem::ChainTooLong);
    }
    let leaf = chain.certificates.first();
    let leaf = leaf.ok_or(CertificateProblem::Malformed)?;
    let facts = crypto::certificate_facts(leaf).map_err(|_| CertificateProblem::Malformed)?;
    let registrant = trust.registrant_of(&facts.spki);
    let Some(partner) = registrant.filter(|_| facts.subject == facts.issuer) else {
        return Ok(None);
    };
    // notAfter is inclusive (RFC 5280 §4.1.2.5).
    let valid = facts.not_before..facts.not_after.saturating_add(1);
    if !valid.contains(&now.as_second()) {
        return Err(CertificateProblem::OutsideValidity);
    }
    Ok(Some(Verdict {
        partner: Arc::clone(partner),
        by: VouchedBy::Registration,
        valid_until: valid.end,
        valid_from: valid.start,
    }))
}

/// A chain that leads to an anchor and is meant for clients.
pub(crate) struct Judged {
    /// What the leaf says.
    pub(crate) leaf: CertificateFacts,
    /// Unix seconds in which all of it holds.
    valid: Range<i64>,
}

/// Judges a chain by its signatures, its times, its purpose and its revocation.
pub(crate) fn judge_chain(
    anchors: &Anchors,
    chain: &PresentedChain,
    now: Timestamp,
    believed: &Range<i64>,
) -> Result<Judged, CertificateProblem> {
    // The edge lets none in; whoever else brings a chain is held to the same.
    if PresentedChain::is_too_long(&chain.certificates) {
        return Err(CertificateProblem::ChainTooLong);
    }
    let Some((leaf, intermediates)) = chain.certificates.split_first() else {
        return Err(CertificateProblem::Malformed);
    };
    let seconds = now.as_second();
    let instant = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    anchors
        .verifier()
        .verify_client_cert(leaf, intermediates, UnixTime::since_unix_epoch(instant))
        .map_err(|error| problem(&error))?;

    let mut valid = believed.clone();
    for certificate in &chain.certificates {
        let facts =
            crypto::certificate_facts(certificate).map_err(|_| CertificateProblem::Malformed)?;
        // notAfter is inclusive (RFC 5280 §4.1.2.5).
        let mut last = facts.not_after;
        // The anchor's own life, whether the client sends it along or not.
        if let Some(anchor) = anchors.until(&facts.issuer) {
            last = last.min(anchor);
        }
        valid.end = valid.end.min(last.saturating_add(1));
        valid.start = valid.start.max(facts.not_before);
    }
    // The verifier looks neither at its anchors' lives nor at a root that is sent along.
    if !valid.contains(&seconds) {
        return Err(CertificateProblem::OutsideValidity);
    }
    let leaf = crypto::certificate_facts(leaf).map_err(|_| CertificateProblem::Malformed)?;
    if !leaf.is_for_clients {
        // Stricter than RFC 5280, as checklist MT-01: the purpose must be said.
        return Err(CertificateProblem::NotForClients);
    }
    Ok(Judged { leaf, valid })
}

/// The one partner that is known by something that the certificate bears. Whoever may bear the
/// names of two could choose whose limits and rights to use.
fn the_partner(
    trust: &Trust,
    facts: CertificateFacts,
) -> Result<&Arc<Partner>, CertificateProblem> {
    let mut partners = KnownBy::all(facts).filter_map(|known_by| trust.partner_of(&known_by));
    let first = partners.next().ok_or(CertificateProblem::NoPartner)?;
    if partners.any(|other| other.id != first.id) {
        return Err(CertificateProblem::SeveralPartners);
    }
    Ok(first)
}

fn problem(error: &Error) -> CertificateProblem {
    let why = match error {
        Error::InvalidCertificate(why) => why,
        // The list bears the authority's name, but the authority did not sign it.
        Error::InvalidCertRevocationList(_) => return CertificateProblem::RevocationUnknown,
        _ => return CertificateProblem::UnknownIssuer,
    };
    match why {
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => CertificateProblem::OutsideValidity,
        CertificateError::Revoked => CertificateProblem::Revoked,
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            CertificateProblem::RevocationUnknown
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            CertificateProblem::NotForClients
        }
        CertificateError::BadEncoding => CertificateProblem::Malformed,
        _ => CertificateProblem::UnknownIssuer,
    }
}

#[cfg(test)]
mod tests;
