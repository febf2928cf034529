//! Operators: whoever runs the gateway, known by authorities of their own.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use crypto::CertificateFacts;
use model::{CertificateProblem, PresentedChain, Refusal};

use crate::certificate::judge_chain;
use crate::refused::Refused;
use crate::trust::Anchors;
use crate::{BadTrust, KnownBy, Revocation};

/// Chains that were refused lately, at most.
const REFUSALS_REMEMBERED: usize = 1_000;

/// Whose certificates open a listener for operators. **Stops**: a partner's certificate, also one
/// of a partner who is no longer listed, and one whose authority stands under the operators'; an
/// operator's that was revoked.
pub struct Operators {
    anchors: Anchors,
    /// Unix seconds between which the revocation lists are believed.
    believed: Range<i64>,
    outsiders: Outsiders,
    refused: Refused,
}

/// Who is a partner, and so never an operator.
#[derive(Debug, Default)]
pub struct Outsiders {
    /// What the partners' certificates are known by.
    pub known: HashSet<KnownBy>,
    /// The authorities that issue the partners' certificates.
    pub authorities: Vec<CertificateFacts>,
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").finish_non_exhaustive()
    }
}

impl Outsiders {
    /// Whether this is a certificate of one of the partners' authorities: by its key, or by its
    /// name, which a renewed one keeps.
    fn has_authority(&self, facts: &CertificateFacts) -> bool {
        let is_it = |authority: &CertificateFacts| {
            authority.spki == facts.spki || authority.subject_name == facts.subject_name
        };
        self.authorities.iter().any(is_it)
    }
}

impl Operators {
    /// Operators by their authorities, at least one, and what is revoked; without lists nothing is.
    pub fn new(
        authorities: Vec<CertificateDer<'static>>,
        revocation: Option<Revocation>,
        outsiders: Outsiders,
    ) -> Result<Self, BadTrust> {
        let (anchors, believed) = Anchors::asking(authorities, revocation)?;
        Ok(Self {
            anchors,
            believed: believed.unwrap_or(i64::MIN..i64::MAX),
            outsiders,
            refused: Refused::new(REFUSALS_REMEMBERED),
        })
    }

    /// Whether the certificates shown are an operator's now: chain, times, purpose and revocation.
    ///
    /// Errors: [`Refusal::NoCertificate`]; [`Refusal::CertificateRefused`], saying why.
    pub fn judge(&self, chain: Option<&PresentedChain>, now: Timestamp) -> Result<(), Refusal> {
        let chain = chain.ok_or(Refusal::NoCertificate)?;
        self.refused
            .unless_known((0, chain.fingerprint), now, || self.look_at(chain, now))
            .map_err(Refusal::CertificateRefused)
    }

    fn look_at(&self, chain: &PresentedChain, now: Timestamp) -> Result<(), CertificateProblem> {
        if !self.believed.contains(&now.as_second()) {
            return Err(CertificateProblem::RevocationUnknown);
        }
        let judged = judge_chain(&self.anchors, chain, now, &self.believed);
        let judged = judged.map_err(|problem| match problem {
            CertificateProblem::UnknownIssuer => CertificateProblem::NotAnOperator,
            problem => problem,
        })?;
        // The way to the anchor leads through what is shown: a partners' authority that stands
        // under the operators', or is vouched for by them, must be among it. A root that is sent
        // along vouches for itself alone and leads nowhere.
        for certificate in chain.certificates.iter().skip(1) {
            let facts = crypto::certificate_facts(certificate)
                .map_err(|_| CertificateProblem::Malformed)?;
            if facts.issuer != facts.subject && self.outsiders.has_authority(&facts) {
                return Err(CertificateProblem::NotAnOperator);
            }
        }
        let mut names = KnownBy::all(judged.leaf);
        if names.any(|name| self.outsiders.known.contains(&name)) {
            return Err(CertificateProblem::NotAnOperator);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_house::{Authority, DAY, NOW, at, chain, lasting, partners_certificate};

    fn refused(problem: CertificateProblem) -> Result<(), Refusal> {
        Err(Refusal::CertificateRefused(problem))
    }

    #[test]
    fn operators_are_known_by_their_authority_and_partners_are_never_operators() {
        let (ours, partners) = (Authority::root("Operators"), Authority::root("Partners"));
        let known = HashSet::from([KnownBy::OrganizationId("PSDCN-SWIFTRIDE".to_owned())]);
        let outsiders = Outsiders {
            known,
            authorities: Vec::new(),
        };
        let operators = Operators::new(vec![ours.certificate()], None, outsiders);
        let operators = operators.expect("operators");
        let judge = |chain: &PresentedChain, now| operators.judge(Some(chain), at(now));
        let operator = partners_certificate("OPS-001");
        assert_eq!(judge(&chain(vec![ours.issue(&operator)]), NOW), Ok(()));

        assert_eq!(operators.judge(None, at(NOW)), Err(Refusal::NoCertificate));
        let not_one = || refused(CertificateProblem::NotAnOperator);
        let foreign = chain(vec![partners.issue(&operator)]);
        assert_eq!(judge(&foreign, NOW), not_one());
        // A partner whose authority stands under the operators' own.
        let under = ours.intermediate_until("Partners' CA", NOW + DAY);
        let partner = under.issue(&partners_certificate("PSDCN-SWIFTRIDE"));
        let partner = chain(vec![partner, under.certificate()]);
        assert_eq!(judge(&partner, NOW), not_one());

        let expired = refused(CertificateProblem::OutsideValidity);
        let operator = chain(vec![ours.issue(&operator)]);
        assert_eq!(judge(&operator, NOW + 2 * DAY), expired);
        let mut server = partners_certificate("OPS-001");
        server.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
        lasting(&mut server, NOW - DAY, NOW + DAY);
        let server = chain(vec![ours.issue(&server)]);
        assert_eq!(
            judge(&server, NOW),
            refused(CertificateProblem::NotForClients)
        );
        assert!(Operators::new(Vec::new(), None, Outsiders::default()).is_err());
    }

    #[test]
    fn whom_a_partners_authority_vouches_for_is_no_operator_even_under_the_operators_own() {
        let root = Authority::root("Bank Root");
        let issuing = root.intermediate_until("Partners' CA", NOW + 100 * DAY);
        let renewed = root.intermediate_until("Partners' CA", NOW + 100 * DAY);
        let below = issuing.intermediate_until("Partners' CA 2", NOW + 100 * DAY);
        let other = root.intermediate_until("Operators' CA", NOW + 100 * DAY);
        let facts = crypto::certificate_facts(&issuing.certificate()).expect("facts");
        let outsiders = Outsiders {
            known: HashSet::new(),
            authorities: vec![facts],
        };
        let operators = Operators::new(vec![root.certificate()], None, outsiders);
        let operators = operators.expect("operators");
        let judge = |leaf: &Authority, above: &[&Authority]| {
            let mut shown = vec![leaf.issue(&partners_certificate("PSDCN-UNLISTED"))];
            shown.extend(above.iter().map(|authority| authority.certificate()));
            operators.judge(Some(&chain(shown)), at(NOW))
        };
        let not_one = || refused(CertificateProblem::NotAnOperator);
        assert_eq!(judge(&issuing, &[&issuing]), not_one());
        assert_eq!(judge(&renewed, &[&renewed]), not_one());
        assert_eq!(judge(&below, &[&below, &issuing]), not_one());
        assert_eq!(judge(&other, &[&other]), Ok(()));
        assert_eq!(judge(&other, &[&other, &root]), Ok(()));
        assert_eq!(judge(&root, &[]), Ok(()));
    }

    #[test]
    fn a_revoked_operator_does_not_enter_nor_anyone_when_the_list_is_old() {
        let ours = Authority::root("Operators");
        let with = |revoked: &[u64]| {
            let revocation = Revocation {
                crls: vec![ours.list(revoked)],
                refuse_when_older_than: std::time::Duration::from_hours(3),
            };
            let outsiders = Outsiders::default();
            let operators = Operators::new(vec![ours.certificate()], Some(revocation), outsiders);
            operators.expect("operators")
        };
        let operator = chain(vec![ours.issue(&partners_certificate("OPS-001"))]);
        let judge = |operators: &Operators, now| operators.judge(Some(&operator), at(now));
        assert_eq!(judge(&with(&[]), NOW), Ok(()));
        let revoking = with(&[crate::test_house::LEAF]);
        assert_eq!(judge(&revoking, NOW), refused(CertificateProblem::Revoked));
        // The list was made an hour ago.
        let old = NOW + 2 * crate::test_house::HOUR;
        let unknown = refused(CertificateProblem::RevocationUnknown);
        assert_eq!(judge(&with(&[]), old - 1), Ok(()));
        assert_eq!(judge(&with(&[]), old), unknown);
    }
}
