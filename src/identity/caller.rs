//! The caller: partner, client and token of one request, joined.

use std::sync::Arc;

use model::{ClientId, Partner, Refusal, TokenProblem};

use crate::{AccessToken, Bound, Verdict};

/// Who calls. Made only from a verdict, a verified token and the proof of their binding.
#[derive(Debug)]
pub struct Caller {
    partner: Arc<Partner>,
    token: Arc<AccessToken>,
}

impl Caller {
    /// Joins them. `owner` says whose client the token was issued to, where it is known.
    ///
    /// Errors: [`Refusal::BadToken`] when the client is unknown or another partner's.
    pub fn join(
        verdict: &Verdict,
        bound: Bound,
        owner: Option<&model::PartnerId>,
    ) -> Result<Self, Refusal> {
        if owner != Some(&verdict.partner.id) {
            return Err(Refusal::BadToken(TokenProblem::Client));
        }
        Ok(Self {
            partner: Arc::clone(&verdict.partner),
            token: bound.into_token(),
        })
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
    use model::PartnerId;

    use super::*;
    use crate::test_house::{
        Authority, NOW, at, chain, claims, issuer, key, partners_certificate, trust,
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
        let bound = binding(Arc::clone(&token), &shown).expect("bound");
        (verdict, token, bound)
    }

    #[test]
    fn chain_token_and_owner_that_agree_make_a_caller() {
        let (verdict, token, bound) = proofs();
        let owner = PartnerId::parse("swiftride").expect("an id");
        let caller = Caller::join(&verdict, bound, Some(&owner)).expect("a caller");
        assert!(Arc::ptr_eq(caller.partner(), &verdict.partner));
        assert_eq!(caller.partner().id, owner);
        assert_eq!(caller.client().as_str(), "swiftride-app");
        assert!(Arc::ptr_eq(caller.token(), &token));
    }

    #[test]
    fn a_token_of_another_partners_client_is_refused() {
        let (verdict, _, bound) = proofs();
        let owner = PartnerId::parse("mall").expect("an id");
        assert_eq!(
            Caller::join(&verdict, bound, Some(&owner)).err(),
            Some(Refusal::BadToken(TokenProblem::Client))
        );
    }

    #[test]
    fn a_token_of_a_client_that_nobody_owns_is_refused() {
        let (verdict, _, bound) = proofs();
        assert_eq!(
            Caller::join(&verdict, bound, None).err(),
            Some(Refusal::BadToken(TokenProblem::Client))
        );
    }
}
