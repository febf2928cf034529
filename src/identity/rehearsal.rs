//! A rehearsal of a trust store: the same partners and the same belief in revocation lists, under
//! an authority made for the occasion. So it can be shown certificates of every kind without
//! anybody's key, and is judged by the code that judges all. No other store believes what is made
//! here, and its keys end with it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, CertificateRevocationListDer};

use model::{PresentedChain, Standing};

use crate::{BadTrust, Trust};

/// The serial number that the rehearsal's revocation list names.
const REVOKED: u64 = 2;
/// The serial number of all others.
const SOUND: u64 = 1;

/// Why there is no rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum CannotRehearse {
    /// A certificate, a key or a list could not be made.
    #[error("a certificate for the rehearsal cannot be made")]
    Made(#[from] rcgen::Error),
    /// The store could not be built around them.
    #[error("the trust store cannot be rehearsed")]
    Trust(#[from] BadTrust),
}

/// What kind of certificate is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shown {
    /// One that is good.
    Good,
    /// One of an authority that the store does not know.
    Foreign,
    /// One that its authority has revoked.
    Revoked,
    /// One that ended a day ago.
    Expired,
}

/// A trust store as it is, under an authority whose key is at hand.
pub struct Rehearsal {
    /// The store; each partner's standing is what it is.
    pub trust: Arc<Trust>,
    /// The same with every partner suspended.
    pub suspending: Arc<Trust>,
    now: Timestamp,
    authority: Issuer<'static, KeyPair>,
    stranger: Issuer<'static, KeyPair>,
    key: KeyPair,
}

impl Rehearsal {
    /// Rehearses a store at an instant.
    pub fn of(trust: &Trust, now: Timestamp) -> Result<Self, CannotRehearse> {
        let (authority, certificate) = root("rehearsal", now)?;
        let (stranger, _) = root("stranger", now)?;
        let list = list(&authority, now)?;
        let under = |standing| trust.under(certificate.clone(), list.clone(), standing);
        Ok(Self {
            trust: Arc::new(under(None)?),
            suspending: Arc::new(under(Some(Standing::Suspended))?),
            now,
            authority,
            stranger,
            key: KeyPair::generate()?,
        })
    }

    /// A chain as this organization would show it in a handshake.
    pub fn chain(
        &self,
        organization_id: &str,
        shown: Shown,
    ) -> Result<Arc<PresentedChain>, CannotRehearse> {
        let mut leaf = params("rehearsal's partner", self.now)?;
        let identifier = DnType::CustomDnType(vec![2, 5, 4, 97]);
        leaf.distinguished_name.push(identifier, organization_id);
        leaf.is_ca = IsCa::ExplicitNoCa;
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if shown == Shown::Revoked {
            leaf.serial_number = Some(SerialNumber::from(REVOKED));
        }
        if shown == Shown::Expired {
            leaf.not_after = date_time_ymd(1970, 1, 1) + since_epoch(hours(self.now, -24));
        }
        let issuer = match shown {
            Shown::Foreign => &self.stranger,
            Shown::Good | Shown::Revoked | Shown::Expired => &self.authority,
        };
        let certificate = leaf.signed_by(&self.key, issuer)?;
        let thumbprint = crypto::sha256(certificate.der());
        Ok(Arc::new(PresentedChain {
            certificates: vec![certificate.der().clone()],
            leaf_thumbprint: thumbprint,
            // The chain is its leaf.
            fingerprint: thumbprint,
        }))
    }
}

/// How long before and after the rehearsal its certificates are good, in hours.
const LIFE_H: i64 = 48;

fn root(
    name: &str,
    now: Timestamp,
) -> Result<(Issuer<'static, KeyPair>, CertificateDer<'static>), CannotRehearse> {
    let mut root = params(name, now)?;
    root.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate()?;
    let certificate = root.self_signed(&key)?.der().clone();
    Ok((Issuer::new(root, key), certificate))
}

fn params(name: &str, now: Timestamp) -> Result<CertificateParams, CannotRehearse> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(SOUND));
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(hours(now, -LIFE_H));
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(hours(now, LIFE_H));
    Ok(params)
}

fn list(
    authority: &Issuer<'static, KeyPair>,
    now: Timestamp,
) -> Result<CertificateRevocationListDer<'static>, CannotRehearse> {
    let made = date_time_ymd(1970, 1, 1) + since_epoch(hours(now, -1));
    let list = CertificateRevocationListParams {
        this_update: made,
        next_update: date_time_ymd(1970, 1, 1) + since_epoch(hours(now, LIFE_H)),
        crl_number: SerialNumber::from(SOUND),
        issuing_distribution_point: None,
        revoked_certs: vec![RevokedCertParams {
            serial_number: SerialNumber::from(REVOKED),
            revocation_time: made,
            reason_code: None,
            invalidity_date: None,
        }],
        key_identifier_method: KeyIdMethod::Sha256,
    };
    Ok(list.signed_by(authority)?.der().clone())
}

fn hours(now: Timestamp, hours: i64) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(hours))
        .unwrap_or(now)
}

/// Whole seconds after [`date_time_ymd`]`(1970, 1, 1)`; what lies before becomes zero.
fn since_epoch(at: Timestamp) -> Duration {
    Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use model::{CertificateProblem, Refusal};

    use super::*;
    use crate::Certificates;
    use crate::test_house::{Authority, NOW, at, trust};

    #[test]
    fn each_kind_of_certificate_is_judged_by_the_store_as_its_own_would_be() {
        let authority = Authority::root("Partner CA");
        let real = trust(&[&authority], None);
        let rehearsal = Rehearsal::of(&real, at(NOW)).expect("a rehearsal");
        let judge = Certificates::new(16);
        let chain = |shown| rehearsal.chain("swiftride", shown).expect("a certificate");
        let ask = |trust: &Trust, shown| {
            let verdict = judge.verdict(trust, &chain(shown), at(NOW));
            verdict.map(|verdict| verdict.partner.standing)
        };
        let refused = |why| Err(Refusal::CertificateRefused(why));
        let trust = rehearsal.trust.as_ref();
        assert_eq!(ask(trust, Shown::Good), Ok(Standing::Active));
        assert_eq!(
            ask(&rehearsal.suspending, Shown::Good),
            Ok(Standing::Suspended)
        );
        let unknown = refused(CertificateProblem::UnknownIssuer);
        assert_eq!(ask(trust, Shown::Foreign), unknown);
        assert_eq!(
            ask(trust, Shown::Expired),
            refused(CertificateProblem::OutsideValidity)
        );
        // Nobody asks a list of this store; and the real one believes nothing of the rehearsal.
        assert_eq!(ask(trust, Shown::Revoked), Ok(Standing::Active));
        assert_eq!(ask(&real, Shown::Good), unknown);
    }
}
