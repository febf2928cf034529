//! Tokens that bring the key they are verified with: DPoP proofs and nothing else (RFC 9449 §4.2).
//! Such a signature says that the sender holds a key. Who that is must be known from elsewhere.

use super::{JwsProblem, Opened, Rules};
use crate::jwk::{BadJwk, VerificationKey};

/// A token whose signature holds under the key in its own header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnKey {
    /// The key's thumbprint (RFC 7638), SHA-256.
    pub thumbprint: [u8; 32],
    /// The payload as it was signed: a JSON object in which no member stands twice, at any depth.
    pub claims: Vec<u8>,
}

/// Why a token that brings its own key is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnKeyProblem {
    /// For what any token is refused for.
    #[error("the token is refused")]
    Token(#[source] JwsProblem),
    /// Its header has no `jwk`, or one that is no usable public key.
    #[error("the token's jwk is no usable public key")]
    Key(#[source] BadJwk),
}

impl From<JwsProblem> for OwnKeyProblem {
    fn from(problem: JwsProblem) -> Self {
        Self::Token(problem)
    }
}

/// Verifies a compact JWS with the public key in its header (`jwk`), which decides the algorithm
/// (C-01 to C-03). Private members are refused: who sends a private key has lost it.
pub fn verify_own_key(token: &str, rules: &Rules) -> Result<OwnKey, OwnKeyProblem> {
    let opened = Opened::read(token, rules, true)?;
    let jwk = opened.header.jwk.as_ref();
    let jwk = jwk.ok_or(OwnKeyProblem::Key(BadJwk::Member { name: "jwk" }))?;
    let key = VerificationKey::from_jwk(jwk).map_err(OwnKeyProblem::Key)?;
    if key.algorithm() != opened.algorithm {
        return Err(JwsProblem::Algorithm.into());
    }
    let claims = opened.claims(std::iter::once(&key))?;
    Ok(OwnKey {
        thumbprint: key.thumbprint_bytes(),
        claims,
    })
}

#[cfg(test)]
mod tests;
