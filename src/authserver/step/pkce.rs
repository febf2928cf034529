//! Step: proof of possession of the code by its first owner (RFC 7636; PC-01 to PC-03). **Stops**:
//! a code that was seen on its way being redeemed by another.

use crate::denied::{Denied, GrantProblem, RequestProblem};
use crate::step::form::Parameters;

/// SHA-256 of the verifier that only the client knows.
pub(crate) struct Challenge([u8; 32]);

impl Challenge {
    /// The digest.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The challenge of an authorization request: `S256`, and nothing else (RFC 7636 §4.3: a method
/// that is missing would mean `plain`).
pub(crate) fn challenge(form: &Parameters) -> Result<Challenge, Denied> {
    let challenge = form.required("code_challenge")?;
    if form.get("code_challenge_method") != Some("S256") {
        return Err(Denied::Request(RequestProblem::ChallengeMethod));
    }
    crypto::from_base64url(challenge)
        .and_then(|bytes| bytes.try_into().ok())
        .map(Challenge)
        .ok_or(Denied::Request(RequestProblem::Challenge))
}

/// Whether the verifier of a token request is the one that the challenge was made of. A missing
/// one is a wrong one (PC-02).
pub(crate) fn verify(form: &Parameters, challenge: &[u8; 32]) -> Result<(), Denied> {
    let verifier = form
        .get("code_verifier")
        .ok_or(Denied::Grant(GrantProblem::Verifier))?;
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let is_verifier = (43..=128).contains(&verifier.len()) && verifier.bytes().all(unreserved);
    let digest = crypto::sha256(verifier.as_bytes());
    if is_verifier && crypto::equal(&digest, challenge) {
        Ok(())
    } else {
        Err(Denied::Grant(GrantProblem::Verifier))
    }
}
