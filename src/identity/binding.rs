//! Is all shown that the token is bound to (RFC 8705 §3, RFC 9449 §7.1; checklist MT-07, DP-14)?

use std::sync::Arc;

use model::{PresentedChain, ProofProblem, Refusal};

use crate::{AccessToken, Confirmation, Proved};

/// A token shown together with all that it is bound to.
#[derive(Debug)]
pub struct Bound(Arc<AccessToken>);

impl Bound {
    /// Whether a certificate is among what it is bound to.
    pub(crate) fn is_to_certificate(&self) -> bool {
        match self.0.confirmation {
            Confirmation::Certificate(_) | Confirmation::Both { .. } => true,
            Confirmation::Key(_) => false,
        }
    }

    pub(crate) fn into_token(self) -> Arc<AccessToken> {
        self.0
    }
}

/// Compares the shown certificate and the proved key with the token's `cnf`, in constant time: all
/// that it names must be there. Without this a stolen token would serve whoever stole it. Who
/// proves a key says that the token is bound to it: one that is not is refused (DP-14).
///
/// Errors: [`Refusal::Proof`] when a key is to be proved and none is; [`Refusal::WrongBinding`].
pub fn binding(
    token: Arc<AccessToken>,
    chain: Option<&PresentedChain>,
    proved: Option<&Proved>,
) -> Result<Bound, Refusal> {
    let is_shown = |certificate: &[u8; 32]| {
        chain.is_some_and(|chain| crypto::equal(certificate, &chain.leaf_thumbprint))
    };
    let holds = match (&token.confirmation, proved) {
        (Confirmation::Certificate(certificate), None) => is_shown(certificate),
        (Confirmation::Certificate(_), Some(_)) => false,
        (Confirmation::Key(_) | Confirmation::Both { .. }, None) => {
            return Err(Refusal::Proof(ProofProblem::Missing));
        }
        (Confirmation::Key(key), Some(proved)) => crypto::equal(key, proved.thumbprint()),
        (Confirmation::Both { certificate, key }, Some(proved)) => {
            is_shown(certificate) && crypto::equal(key, proved.thumbprint())
        }
    };
    if holds {
        Ok(Bound(token))
    } else {
        Err(Refusal::WrongBinding)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;
    use serde_json::{Value, json};

    use super::*;
    use crate::AccessTokens;
    use crate::test_house::{
        Authority, NOW, ProofKey, at, chain, claims_bound, issuer, key, partners_certificate,
    };

    /// A token that is bound to what this says.
    fn token(cnf: Value) -> Arc<AccessToken> {
        let key = key();
        let text = key.sign("at+jwt", &claims_bound(cnf)).expect("signs");
        AccessTokens::new(1)
            .verify(&issuer(&key), &text, at(NOW))
            .expect("a good token")
    }

    fn to_certificate(thumbprint: &[u8]) -> Arc<AccessToken> {
        token(json!({ "x5t#S256": crypto::base64url(thumbprint) }))
    }

    fn shown(authority: &Authority, certificate: &CertificateParams) -> PresentedChain {
        chain(vec![authority.issue(certificate), authority.certificate()])
    }

    const WRONG: Option<Refusal> = Some(Refusal::WrongBinding);

    #[test]
    fn a_token_serves_only_with_the_certificate_it_names() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = to_certificate(&swiftride.leaf_thumbprint);
        assert!(binding(token.clone(), Some(&swiftride), None).is_ok());

        let mall = shown(&authority, &partners_certificate("PSDCN-MALL"));
        let renewed = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        for other in [Some(&mall), Some(&renewed), None] {
            assert_eq!(binding(token.clone(), other, None).err(), WRONG);
        }
    }

    #[test]
    fn the_authoritys_certificate_does_not_stand_for_the_leaf() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = to_certificate(&crypto::sha256(&authority.certificate()));
        assert_eq!(binding(token, Some(&swiftride), None).err(), WRONG);
    }

    #[test]
    fn every_bit_of_the_thumbprint_counts() {
        let authority = Authority::root("Partner CA");
        let mut swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = to_certificate(&swiftride.leaf_thumbprint);
        for bit in 0..256 {
            swiftride.leaf_thumbprint[bit / 8] ^= 1 << (bit % 8);
            let bound = binding(token.clone(), Some(&swiftride), None);
            assert_eq!(bound.err(), WRONG, "bit {bit}");
            swiftride.leaf_thumbprint[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(binding(token, Some(&swiftride), None).is_ok());
    }

    #[test]
    fn dp_14_a_token_that_is_bound_to_a_key_wants_its_proof_and_no_other() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let (own, other) = (ProofKey::es256(), ProofKey::es256());
        let token = token(json!({ "jkt": crypto::base64url(&own.thumbprint) }));
        for chain in [None, Some(&swiftride)] {
            assert!(binding(token.clone(), chain, Some(&own.proved())).is_ok());
            let stolen = binding(token.clone(), chain, Some(&other.proved()));
            assert_eq!(stolen.err(), WRONG);
            let missing = Some(Refusal::Proof(ProofProblem::Missing));
            assert_eq!(binding(token.clone(), chain, None).err(), missing);
        }
    }

    #[test]
    fn dp_14_whoever_proves_a_key_must_have_a_token_that_is_bound_to_it() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = to_certificate(&swiftride.leaf_thumbprint);
        let proved = ProofKey::es256().proved();
        let bound = binding(token, Some(&swiftride), Some(&proved));
        assert_eq!(bound.err(), WRONG);
    }

    #[test]
    fn of_a_token_that_is_bound_to_both_both_must_be_shown() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let mall = shown(&authority, &partners_certificate("PSDCN-MALL"));
        let (own, other) = (ProofKey::es256(), ProofKey::es256());
        let token = token(json!({
            "x5t#S256": crypto::base64url(&swiftride.leaf_thumbprint),
            "jkt": crypto::base64url(&own.thumbprint),
        }));
        let (own, other) = (own.proved(), other.proved());
        let bound = |chain, proved| binding(token.clone(), chain, proved).err();
        assert_eq!(bound(Some(&swiftride), Some(&own)), None);
        assert_eq!(bound(Some(&mall), Some(&own)), WRONG);
        assert_eq!(bound(Some(&swiftride), Some(&other)), WRONG);
        assert_eq!(bound(None, Some(&own)), WRONG);
        let missing = Some(Refusal::Proof(ProofProblem::Missing));
        assert_eq!(bound(Some(&swiftride), None), missing);
    }
}
