//! Tokens of a consent that has ended. It is told at the end, to whoever has proved that the token
//! is theirs: who stole its text does not learn what a customer did.

use model::{Refusal, TokenProblem, Why};

use crate::{AccessToken, Issuer};

/// Whether the token still stands for what was granted, asked of memory: before the bank is called,
/// and once more before its answer leaves (CO-10).
///
/// Errors: [`Refusal::ConsentWithdrawn`], [`Refusal::ConsentExpired`], [`Refusal::BadToken`].
pub fn not_ended(issuer: &Issuer, token: &AccessToken) -> Result<(), Refusal> {
    match issuer.held(token) {
        None => Ok(()),
        Some(Why::Withdrawn | Why::Superseded) => Err(Refusal::ConsentWithdrawn),
        Some(Why::Expired) => Err(Refusal::ConsentExpired),
        Some(Why::Revoked) => Err(Refusal::BadToken(TokenProblem::Revoked)),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::header::AUTHORIZATION;
    use http::{HeaderMap, HeaderValue, Method};
    use serde_json::json;

    use model::{ClientId, Partner, PartnerId, Standing};

    use super::*;
    use crate::test_house::{
        Authority, ISSUER, NOW, at, chain, claims, issuer, key, partner_known,
        partners_certificate, trust,
    };
    use crate::{AccessTokens, Certificates, Judges, Knock, Place, Revoked, Witness, identify};

    struct Nobody;

    impl Witness for Nobody {
        fn partner(&mut self, _: &PartnerId) {}
        fn token(&mut self, _: &ClientId, _: [u8; 32]) {}
        fn key(&mut self, _: [u8; 32]) {}
        fn nonce(&mut self, _: &str) {}
    }

    /// How a customer's token is refused, shown with the certificate it is bound to and with
    /// another, once its grant is held for this.
    fn refused(why: Option<Why>) -> [Option<Refusal>; 2] {
        let authority = Authority::root("Partner CA");
        let own = [(); 2].map(|()| {
            let certificate = authority.issue(&partners_certificate("PSDCN-SWIFTRIDE"));
            chain(vec![certificate])
        });
        let (key, trust) = (key(), trust(&[&authority], None));
        let revoked = Arc::new(Revoked::default());
        let issuer = issuer(&key).revoking(Arc::clone(&revoked));
        assert_eq!(issuer.identifier(), ISSUER);
        let mut claims = claims(&own[0].leaf_thumbprint);
        claims["grant_id"] = json!("g");
        let text = key.sign("at+jwt", &claims).expect("signs");
        if let Some(why) = why {
            revoked.hold(crypto::sha256(b"g"), why, at(NOW + 300), at(NOW));
        }
        let owner: Arc<Partner> = Arc::new(partner_known("swiftride", Standing::Active));
        let value = HeaderValue::try_from(format!("Bearer {text}")).expect("a header");
        let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
        let judges = Judges {
            certificates: &Certificates::new(2),
            tokens: &AccessTokens::new(2),
            proofs: &|| unreachable!("no proof is sent"),
        };
        let place = Place {
            trust: &trust,
            issuer: &issuer,
            owner: &|_| Some(&owner),
        };
        own.each_ref().map(|chain| {
            let knock = Knock {
                method: &Method::GET,
                headers: &headers,
                query: None,
                origin: issuer.audience(),
                path: "/accounts",
                chain: Some(chain),
                now: at(NOW),
            };
            identify(&judges, &place, &knock, &mut Nobody).err()
        })
    }

    #[test]
    fn what_became_of_a_consent_is_told_to_whom_the_token_is_bound_and_to_nobody_else() {
        let stolen = Some(Refusal::WrongBinding);
        for (why, own) in [
            (None, None),
            (Some(Why::Withdrawn), Some(Refusal::ConsentWithdrawn)),
            (Some(Why::Superseded), Some(Refusal::ConsentWithdrawn)),
            (Some(Why::Expired), Some(Refusal::ConsentExpired)),
        ] {
            assert_eq!(refused(why), [own, stolen.clone()], "{why:?}");
        }
        let revoked = Some(Refusal::BadToken(TokenProblem::Revoked));
        assert_eq!(refused(Some(Why::Revoked)), [revoked.clone(), revoked]);
    }
}
