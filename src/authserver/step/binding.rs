//! Step: what the token will be bound to (RFC 8705 §3, RFC 9449 §5; MT-04, MT-05, DP-10, DP-11,
//! TK-05): what its client is registered for, and a key beside it where one is proved.

use identity::Proved;

use model::ProofProblem;

use crate::BoundBy;
use crate::denied::Denied;
use crate::step::shown::Shown;
use crate::step::standing::InGoodStanding;

/// What a token will be bound to: a good certificate of the client's own partner, a proved key, or
/// both, and never nothing. Whoever uses the token shows all of it.
#[derive(Debug)]
pub(crate) struct Binding {
    certificate: Option<[u8; 32]>,
    key: Option<[u8; 32]>,
}

impl Binding {
    /// `x5t#S256` as bytes (RFC 8705 §3.1).
    pub(crate) fn certificate(&self) -> Option<&[u8; 32]> {
        self.certificate.as_ref()
    }

    /// `jkt` as bytes (RFC 9449 §6.1).
    pub(crate) fn key(&self) -> Option<&[u8; 32]> {
        self.key.as_ref()
    }

    /// The scheme that the token is sent in (RFC 6749 §7.1; DP-11): one that is bound to a key
    /// wants a proof with each use, even where a certificate is wanted too.
    pub(crate) fn token_type(&self) -> &'static str {
        match self.key {
            Some(_) => "DPoP",
            None => "Bearer",
        }
    }
}

/// Of a client of keys a certificate that is shown is no more than the partner's; a client of
/// certificates that proves a key beside gets a token that is bound to both, so that no proof is
/// ever passed over.
pub(crate) fn check(
    client: &InGoodStanding<'_>,
    shown: &Shown,
    proved: Option<&Proved>,
) -> Result<Binding, Denied> {
    let key = proved.map(|proved| *proved.thumbprint());
    match client.client().settings().bound_by {
        BoundBy::Certificate => Ok(Binding {
            certificate: Some(shown.thumbprint().ok_or(Denied::NoCertificate)?),
            key,
        }),
        BoundBy::Key => Ok(Binding {
            certificate: None,
            key: Some(key.ok_or(Denied::proof(ProofProblem::Missing))?),
        }),
    }
}
