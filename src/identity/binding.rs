//! Does the certificate match the token (RFC 8705 §3; checklist MT-07)?

use std::sync::Arc;

use model::{PresentedChain, Refusal};

use crate::AccessToken;

/// A token shown together with the certificate that it is bound to.
#[derive(Debug)]
pub struct Bound(Arc<AccessToken>);

impl Bound {
    pub(crate) fn into_token(self) -> Arc<AccessToken> {
        self.0
    }
}

/// Compares the shown certificate with the token's `cnf.x5t#S256`, in constant time. Without it a
/// stolen token would serve whoever stole it.
///
/// Errors: [`Refusal::WrongBinding`].
pub fn binding(token: Arc<AccessToken>, chain: &PresentedChain) -> Result<Bound, Refusal> {
    if crypto::equal(&token.confirmation, &chain.leaf_thumbprint) {
        Ok(Bound(token))
    } else {
        Err(Refusal::WrongBinding)
    }
}

#[cfg(test)]
mod tests {
    use rcgen::CertificateParams;

    use super::*;
    use crate::AccessTokens;
    use crate::test_house::{Authority, NOW, at, chain, claims, issuer, key, partners_certificate};

    /// A token bound to a certificate with this thumbprint.
    fn token(thumbprint: &[u8]) -> Arc<AccessToken> {
        let key = key();
        let text = key.sign("at+jwt", &claims(thumbprint)).expect("signs");
        AccessTokens::new(1)
            .verify(&issuer(&key), &text, at(NOW))
            .expect("a good token")
    }

    fn shown(authority: &Authority, certificate: &CertificateParams) -> PresentedChain {
        chain(vec![authority.issue(certificate), authority.certificate()])
    }

    #[test]
    fn a_token_serves_only_with_the_certificate_it_names() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = token(&swiftride.leaf_thumbprint);
        assert!(binding(token.clone(), &swiftride).is_ok());

        let mall = shown(&authority, &partners_certificate("PSDCN-MALL"));
        assert_eq!(
            binding(token.clone(), &mall).err(),
            Some(Refusal::WrongBinding)
        );
        let renewed = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        assert_eq!(
            binding(token.clone(), &renewed).err(),
            Some(Refusal::WrongBinding)
        );
    }

    #[test]
    fn the_authoritys_certificate_does_not_stand_for_the_leaf() {
        let authority = Authority::root("Partner CA");
        let swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = token(&crypto::sha256(&authority.certificate()));
        assert_eq!(
            binding(token.clone(), &swiftride).err(),
            Some(Refusal::WrongBinding)
        );
    }

    #[test]
    fn every_bit_of_the_thumbprint_counts() {
        let authority = Authority::root("Partner CA");
        let mut swiftride = shown(&authority, &partners_certificate("PSDCN-SWIFTRIDE"));
        let token = token(&swiftride.leaf_thumbprint);
        for bit in 0..256 {
            swiftride.leaf_thumbprint[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                binding(token.clone(), &swiftride).err(),
                Some(Refusal::WrongBinding),
                "bit {bit}"
            );
            swiftride.leaf_thumbprint[bit / 8] ^= 1 << (bit % 8);
        }
        assert!(binding(token.clone(), &swiftride).is_ok());
    }
}
