//! Who calls, in the order of checklist AT-02: the same wherever an access token is taken, on the
//! road and at the userinfo endpoint.

mod credentials;
mod details;
mod ended;

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;

use model::{ClientId, Partner, PartnerId, PresentedChain, Refusal, Standing};

use crate::{
    AccessTokens, Caller, Certificates, Issuer, ProofFor, Proofs, Proved, Trust, Verdict, binding,
};
use credentials::{Scheme, credentials};

pub use credentials::names_dpop;
pub use details::{TokenDetails, details};
pub use ended::not_ended;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// Who judges what a caller shows.
#[derive(Clone, Copy)]
pub struct Judges<'a> {
    /// Of certificates.
    pub certificates: &'a Certificates,
    /// Of tokens.
    pub tokens: &'a AccessTokens,
    /// Of DPoP proofs: asked for where one is sent.
    pub proofs: &'a dyn Fn() -> Arc<Proofs>,
}

/// A request as its caller is judged by it.
#[derive(Clone, Copy)]
pub struct Knock<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its query, which must hold no token.
    pub query: Option<&'a str>,
    /// Scheme, host and port of its URL as they are configured, never as the request says them
    /// (DP-05).
    pub origin: &'a str,
    /// Its path.
    pub path: &'a str,
    /// The certificates of its connection.
    pub chain: Option<&'a PresentedChain>,
    /// When it came.
    pub now: Timestamp,
}

/// What it came to.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Whose certificates count.
    pub trust: &'a Trust,
    /// Whose tokens count, and for which audience.
    pub issuer: &'a Issuer,
    /// The partner whose client this is.
    pub owner: &'a dyn Fn(&ClientId) -> Option<&'a Arc<Partner>>,
}

/// Is told what becomes known of a caller, as soon as it is known: a refusal has its record too.
pub trait Witness {
    /// The partner whose certificate was shown, or whose client the token is.
    fn partner(&mut self, partner: &PartnerId);
    /// The client of a verified token, and the SHA-256 of its `jti`.
    fn token(&mut self, client: &ClientId, jti_digest: [u8; 32]);
    /// The thumbprint of a key that was proved, whose ever it is.
    fn key(&mut self, thumbprint: [u8; 32]);
    /// A nonce that is to go with the answer, whatever it is (RFC 9449 §8, §8.2).
    fn nonce(&mut self, nonce: &str);
}

/// Identifies the caller. Whoever shows a certificate is judged by it; whoever shows none must
/// prove a key. What became of the customer's consent is told last.
///
/// Errors: the refusal of what is wrong first.
pub fn identify(
    judges: &Judges<'_>,
    place: &Place<'_>,
    knock: &Knock<'_>,
    witness: &mut dyn Witness,
) -> Result<Caller, Refusal> {
    let verdict = match knock.chain {
        Some(chain) => Some(shown(judges, place, (chain, knock.now), witness)?),
        None if names_dpop(knock.headers) => None,
        None => return Err(Refusal::NoCertificate),
    };
    let (scheme, text) = credentials(knock.headers, knock.query)?;
    let token = judges.tokens.verify(place.issuer, text, knock.now)?;
    let owner = (place.owner)(&token.client);
    witness.token(&token.client, token.jti_digest);
    let proved = match scheme {
        Scheme::Bearer => None,
        Scheme::Dpop => {
            // A token that is bound to no key is no DPoP token (DP-14).
            let key = token.confirmation.key().ok_or(Refusal::WrongBinding)?;
            let shown = (token.client.as_str(), text, key);
            Some(prove(&(judges.proofs)(), knock, shown, witness)?)
        }
    };
    let bound = binding(token, knock.chain, proved.as_ref())?;
    if let (None, Some(owner)) = (&verdict, owner) {
        witness.partner(&owner.id);
    }
    let caller = Caller::join(verdict.as_deref(), bound, owner)?;
    not_ended(place.issuer, caller.token())?;
    Ok(caller)
}

/// The verdict on the certificate shown; its partner is not suspended.
fn shown(
    judges: &Judges<'_>,
    place: &Place<'_>,
    (chain, now): (&PresentedChain, Timestamp),
    witness: &mut dyn Witness,
) -> Result<Arc<Verdict>, Refusal> {
    let verdict = judges.certificates.verdict(place.trust, chain, now)?;
    witness.partner(&verdict.partner.id);
    if verdict.partner.standing == Standing::Suspended {
        return Err(Refusal::PartnerSuspended);
    }
    Ok(verdict)
}

/// Checks the request's DPoP proof, which must be of the token's key (RFC 9449 §7.1). A nonce goes
/// with the answer when one is demanded, and when the proof's is about to end (§8.2, §9).
fn prove(
    judge: &Proofs,
    knock: &Knock<'_>,
    (whose, token, key): (&str, &str, &[u8; 32]),
    witness: &mut dyn Witness,
) -> Result<Proved, Refusal> {
    let url = format!("{}{}", knock.origin, knock.path);
    let expected = ProofFor {
        method: knock.method.as_str(),
        url: &url,
        whose,
        access_token: Some(token),
    };
    let sent = knock.headers.get_all(DPOP).into_iter();
    let proofs = sent.map(HeaderValue::as_bytes);
    let good = judge.look(proofs, &expected, knock.now);
    let checked = match good {
        Ok(good) => {
            witness.key(*good.thumbprint());
            if good.thumbprint() != key {
                return Err(Refusal::WrongBinding);
            }
            judge.use_up(good, whose)
        }
        Err(problem) => Err(problem),
    };
    match &checked {
        Ok(proved) => {
            if let Some(nonce) = proved.next_nonce() {
                witness.nonce(nonce);
            }
        }
        Err(problem) if problem.wants_nonce() => witness.nonce(&judge.nonce()),
        Err(_) => {}
    }
    checked.map_err(Refusal::Proof)
}
