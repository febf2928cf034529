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
        token: Arc<AccessToken>,
        _bound: Bound,
        owner: Option<&model::PartnerId>,
    ) -> Result<Self, Refusal> {
        if owner != Some(&verdict.partner.id) {
            return Err(Refusal::BadToken(TokenProblem::Client));
        }
        Ok(Self {
            partner: Arc::clone(&verdict.partner),
            token,
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
