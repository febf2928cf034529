//! The caller: partner, client and token of one request, joined.

use std::sync::Arc;

use model::{ClientId, Partner, Refusal, Standing, TokenProblem};

use crate::{AccessToken, Bound, Verdict};

/// Who calls: a partner in good standing. Made only from a verified token, the proof of its
/// binding, and the verdict on whatever certificate was shown.
#[derive(Debug)]
pub struct Caller {
    partner: Arc<Partner>,
    token: Arc<AccessToken>,
}

impl Caller {
    /// Joins them. `shown` is the verdict on the certificate of the connection, where one was
    /// shown: it must be the partner's whose client the token was issued to. `owner` is that
    /// partner, where it is known.
    ///
    /// Errors: [`Refusal::BadToken`] when the client is unknown or another partner's;
    /// [`Refusal::NoCertificate`] when the token wants one and it was not judged;
    /// [`Refusal::PartnerSuspended`].
    pub fn join(
        shown: Option<&Verdict>,
        bound: Bound,
        owner: Option<&Arc<Partner>>,
    ) -> Result<Self, Refusal> {
        let owner = owner.ok_or(Refusal::BadToken(TokenProblem::Client))?;
        match shown {
            Some(verdict) if verdict.partner.id != owner.id => {
                return Err(Refusal::BadToken(TokenProblem::Client));
            }
            None if bound.is_to_certificate() => return Err(Refusal::NoCertificate),
            Some(_) | None => {}
        }
        match owner.standing {
            Standing::Active => Ok(Self {
                partner: Arc::clone(owner),
                token: bound.into_token(),
            }),
            Standing::Suspended => Err(Refusal::PartnerSuspended),
        }
    }

    /// The partner.
    pub fn partner(&self) -> &Arc<Partner> {
        &self.partner
    }

    /// The client.
    pub fn client(&self) -> &ClientId {
        &self.token.client
    }

    /// The token.
    pub fn token(&self) -> &Arc<AccessToken> {
        &self.token
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_house::{
        Authority, NOW, ProofKey, at, chain, claims, claims_bound, issuer, key, partner_known,
        partners_certificate, trust,
    };
    use crate::{AccessTokens, Certificates, binding};

    /// What swiftride shows: its verdict, and its token with the certificate it is bound to.
    fn proofs() -> (Arc<Verdict>, Arc<AccessToken>, Bound) {
        let authority = Authority::root("Partner CA");
        let shown = chain(vec![
            authority.issue(&partners_certificate("PSDCN-SWIFTRIDE")),
        ]);
        let verdict = Certificates::new(1)
            .verdict(&trust(&[&authority], None), &shown, at(NOW))
            .expect("a good chain");
        let key = key();
        let text = key.sign("at+jwt", &claims(&shown.leaf_thumbprint));
        let token = AccessTokens::new(1)
            .verify(&issuer(&key), &text.expect("signs"), at(NOW))
            .expect("a good token");
        let bound = binding(Arc::clone(&token), Some(&shown), None).expect("bound");
        (verdict, token, bound)
    }

    /// A token with the proof of the key it is bound to.
    fn bound_to_key() -> Bound {
        let (key, own) = (key(), ProofKey::es256());
        let cnf = json!({ "jkt": crypto::base64url(&own.thumbprint) });
        let text = key.sign("at+jwt", &claims_bound(cnf)).expect("signs");
        let token = AccessTokens::new(1).verify(&issuer(&key), &text, at(NOW));
        binding(token.expect("a good token"), None, Some(&own.proved())).expect("bound")
    }

    fn owner(id: &str, standing: Standing) -> Arc<Partner> {
        Arc::new(partner_known(id, standing))
    }

    const NOT_ITS_CLIENT: Option<Refusal> = Some(Refusal::BadToken(TokenProblem::Client));

    #[test]
    fn chain_token_and_owner_that_agree_make_a_caller() {
        let (verdict, token, bound) = proofs();
        let owner = owner("swiftride", Standing::Active);
        let caller = Caller::join(Some(&verdict), bound, Some(&owner)).expect("a caller");
        assert!(Arc::ptr_eq(caller.partner(), &owner));
        assert_eq!(caller.client().as_str(), "swiftride-app");
        assert!(Arc::ptr_eq(caller.token(), &token));
    }

    #[test]
    fn a_token_of_another_partners_client_is_refused() {
        let (verdict, _, bound) = proofs();
        let mall = owner("mall", Standing::Active);
        let caller = Caller::join(Some(&verdict), bound, Some(&mall));
        assert_eq!(caller.err(), NOT_ITS_CLIENT);
    }

    #[test]
    fn a_token_of_a_client_that_nobody_owns_is_refused() {
        let (verdict, _, bound) = proofs();
        let caller = Caller::join(Some(&verdict), bound, None);
        assert_eq!(caller.err(), NOT_ITS_CLIENT);
        let caller = Caller::join(None, bound_to_key(), None);
        assert_eq!(caller.err(), NOT_ITS_CLIENT);
    }

    #[test]
    fn whoever_proves_a_key_needs_no_certificate_but_any_that_is_shown_must_be_the_partners() {
        let swiftride = owner("swiftride", Standing::Active);
        let caller = Caller::join(None, bound_to_key(), Some(&swiftride)).expect("a caller");
        assert!(Arc::ptr_eq(caller.partner(), &swiftride));
        let (verdict, ..) = proofs();
        assert!(Caller::join(Some(&verdict), bound_to_key(), Some(&swiftride)).is_ok());
        let mall = owner("mall", Standing::Active);
        let caller = Caller::join(Some(&verdict), bound_to_key(), Some(&mall));
        assert_eq!(caller.err(), NOT_ITS_CLIENT);
    }

    #[test]
    fn a_suspended_partner_is_no_caller_with_a_certificate_or_without() {
        let frozen = owner("swiftride", Standing::Suspended);
        let (verdict, _, bound) = proofs();
        for caller in [
            Caller::join(Some(&verdict), bound, Some(&frozen)),
            Caller::join(None, bound_to_key(), Some(&frozen)),
        ] {
            assert_eq!(caller.err(), Some(Refusal::PartnerSuspended));
        }
    }

    #[test]
    fn a_certificate_that_was_not_judged_is_none() {
        let (_, _, bound) = proofs();
        let swiftride = owner("swiftride", Standing::Active);
        let caller = Caller::join(None, bound, Some(&swiftride));
        assert_eq!(caller.err(), Some(Refusal::NoCertificate));
    }
}
