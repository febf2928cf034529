//! Operators: whoever runs the gateway, known by authorities of their own.

use std::collections::HashSet;
use std::fmt;

use jiff::Timestamp;
use rustls_pki_types::CertificateDer;

use model::{CertificateProblem, PresentedChain, Refusal};

use crate::certificate::judge_chain;
use crate::refused::Refused;
use crate::trust::Anchors;
use crate::{BadTrust, KnownBy};

/// Chains that were refused lately, at most.
const REFUSALS_REMEMBERED: usize = 1_000;

/// Whose certificates open a listener for operators. **Stops**: a partner's certificate, also one
/// whose authority stands under the operators'.
pub struct Operators {
    anchors: Anchors,
    partners: HashSet<KnownBy>,
    refused: Refused,
}

impl fmt::Debug for Operators {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operators").finish_non_exhaustive()
    }
}

impl Operators {
    /// Operators by their authorities, at least one. A certificate that is known by one of these
    /// is a partner's and never an operator's.
    pub fn new(
        authorities: Vec<CertificateDer<'static>>,
        partners: HashSet<KnownBy>,
    ) -> Result<Self, BadTrust> {
        Ok(Self {
            anchors: Anchors::new(authorities, None)?,
            partners,
            refused: Refused::new(REFUSALS_REMEMBERED),
        })
    }

    /// Whether the certificates shown are an operator's now: chain, times and purpose.
    ///
    /// Errors: [`Refusal::NoCertificate`]; [`Refusal::CertificateRefused`], saying why.
    pub fn judge(&self, chain: Option<&PresentedChain>, now: Timestamp) -> Result<(), Refusal> {
        let chain = chain.ok_or(Refusal::NoCertificate)?;
        self.refused
            .unless_known((0, chain.fingerprint), now, || self.look_at(chain, now))
            .map_err(Refusal::CertificateRefused)
    }

    fn look_at(&self, chain: &PresentedChain, now: Timestamp) -> Result<(), CertificateProblem> {
        let judged = judge_chain(&self.anchors, chain, now, &(i64::MIN..i64::MAX));
        let judged = judged.map_err(|problem| match problem {
            CertificateProblem::UnknownIssuer => CertificateProblem::NotAnOperator,
            problem => problem,
        })?;
        let mut names = KnownBy::all(judged.leaf);
        if names.any(|name| self.partners.contains(&name)) {
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
        let operators = Operators::new(vec![ours.certificate()], known).expect("operators");
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
        assert!(Operators::new(Vec::new(), HashSet::new()).is_err());
    }
}
