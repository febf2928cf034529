//! One proof: read, and held against the request that it came with (RFC 9449 §4.2, §4.3).

use serde::Deserialize;

use crypto::{JwsProblem, OwnKeyProblem, Rules, Times, Typ};
use model::ProofProblem;

use crate::dpop::ProofFor;
use crate::dpop::target::is_same;

/// The longest proof, in bytes (L-11), and its type (DP-02).
const RULES: Rules = Rules {
    typ: Typ::Exactly(&["dpop+jwt"]),
    bytes_max: 8 * 1024,
};
/// The longest `jti`, in characters.
const JTI_CHARS_MAX: usize = 128;

/// A proof whose signature holds.
#[derive(Debug)]
pub(super) struct Proof {
    /// Of the key that made it.
    pub(super) thumbprint: [u8; 32],
    /// When its maker says that it was made, in Unix seconds.
    pub(super) iat: i64,
    claims: Claims,
}

/// The claims that matter (DP-03); others are tolerated.
#[derive(Debug, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    ath: Option<String>,
    nonce: Option<String>,
}

impl Claims {
    /// Reads them, and `iat` among them.
    fn read(json: &[u8]) -> Result<(Self, i64), ProofProblem> {
        let times = Times::read(json).map_err(|_| ProofProblem::Claims)?;
        let claims: Self = serde_json::from_slice(json).map_err(|_| ProofProblem::Claims)?;
        if !(1..=JTI_CHARS_MAX).contains(&claims.jti.chars().count()) {
            return Err(ProofProblem::Claims);
        }
        Ok((claims, times.iat.ok_or(ProofProblem::Claims)?))
    }
}

impl Proof {
    pub(super) fn read(sent: &[u8]) -> Result<Self, ProofProblem> {
        let sent = std::str::from_utf8(sent).map_err(|_| ProofProblem::Malformed)?;
        let verified =
            crypto::verify_own_key(sent, &RULES).map_err(|problem| problem_of(&problem))?;
        let (claims, iat) = Claims::read(&verified.claims)?;
        Ok(Self {
            thumbprint: verified.thumbprint,
            iat,
            claims,
        })
    }

    /// The server's nonce in it, where it has one.
    pub(super) fn nonce(&self) -> Option<&str> {
        self.claims.nonce.as_deref()
    }

    /// Method (to the letter), URL, and access token.
    pub(super) fn is_made_for(&self, expected: &ProofFor<'_>) -> Result<(), ProofProblem> {
        if self.claims.htm != expected.method {
            return Err(ProofProblem::Method);
        }
        if !is_same(&self.claims.htu, expected.url) {
            return Err(ProofProblem::Url);
        }
        if let Some(token) = expected.access_token {
            let ath = crypto::base64url(&crypto::sha256(token.as_bytes()));
            if self.claims.ath.as_ref() != Some(&ath) {
                return Err(ProofProblem::AccessToken);
            }
        }
        Ok(())
    }

    /// What it is remembered by: half of the SHA-256 of key and `jti`. So nobody uses up another's
    /// `jti`, and 128 bits are enough that nobody makes a proof that is taken for another's.
    pub(super) fn place(&self) -> [u8; 16] {
        let mut sum = crypto::Sha256::new();
        sum.update(&self.thumbprint);
        sum.update(self.claims.jti.as_bytes());
        let whole = sum.finish();
        let half = whole.first_chunk();
        *half.expect("a SHA-256 must have more than 16 bytes")
    }
}

fn problem_of(problem: &OwnKeyProblem) -> ProofProblem {
    match problem {
        OwnKeyProblem::Key(_) => ProofProblem::Key,
        OwnKeyProblem::Token(token) => match token {
            JwsProblem::TooLong | JwsProblem::Malformed | JwsProblem::Critical => {
                ProofProblem::Malformed
            }
            JwsProblem::Typ => ProofProblem::Typ,
            JwsProblem::Algorithm => ProofProblem::Algorithm,
            JwsProblem::UnknownKey => ProofProblem::Key,
            JwsProblem::Signature => ProofProblem::Signature,
        },
    }
}

/// For fuzzing: reads bytes wherever those of a proof are read: as a whole one, as the claims of
/// one whose signature holds, and as the URL of one. Whatever they are, nothing panics.
pub fn fuzz_proof(bytes: &[u8]) {
    let expected = ProofFor {
        method: "GET",
        url: "https://api.bank.example/accounts",
        whose: "app",
        access_token: Some("token"),
    };
    if let Ok(proof) = Proof::read(bytes) {
        let _ = (proof.is_made_for(&expected), proof.place());
    }
    if let Ok((claims, iat)) = Claims::read(bytes) {
        let thumbprint = [0; 32];
        let proof = Proof {
            thumbprint,
            iat,
            claims,
        };
        let _ = (proof.is_made_for(&expected), proof.place());
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = is_same(text, expected.url);
    }
}
