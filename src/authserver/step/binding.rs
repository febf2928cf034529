//! Step: what the token will be bound to (RFC 8705 §3, RFC 9449 §5; MT-04, MT-05, DP-10, DP-11,
//! TK-05): what its client is registered for, and a key beside it where one is proved.

use identity::Proved;
use jiff::Timestamp;

use model::{Connection, PresentedChain, ProofProblem, Refusal, Standing};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::standing::InGoodStanding;
use crate::{BoundBy, Ports};

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

/// A certificate that is shown must be the partner's, whatever the token is bound to. Of a client
/// of keys it is no more than that; a client of certificates that proves a key beside gets a token
/// that is bound to both, so that no proof is ever passed over.
pub(crate) fn check(
    issuer: &Issuer,
    ports: &Ports,
    connection: &Connection,
    client: &InGoodStanding<'_>,
    proved: Option<&Proved>,
    now: Timestamp,
) -> Result<Binding, Denied> {
    let chain = connection.chain.as_ref();
    let shown = chain.map(|chain| its_partners(issuer, ports, chain, client, now));
    let shown = shown.transpose()?;
    let key = proved.map(|proved| *proved.thumbprint());
    match client.client().settings().bound_by {
        BoundBy::Certificate => Ok(Binding {
            certificate: Some(shown.ok_or(Denied::NoCertificate)?),
            key,
        }),
        BoundBy::Key => Ok(Binding {
            certificate: None,
            key: Some(key.ok_or(Denied::proof(ProofProblem::Missing))?),
        }),
    }
}

/// The SHA-256 of a good certificate of the client's own partner.
fn its_partners(
    issuer: &Issuer,
    ports: &Ports,
    chain: &PresentedChain,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<[u8; 32], Denied> {
    let verdict = ports
        .certificates
        .verdict(&issuer.trust, chain, now)
        .map_err(|refusal| match refusal {
            Refusal::CertificateRefused(problem) => Denied::Certificate(problem),
            Refusal::PartnerSuspended => Denied::PartnerSuspended,
            // Nothing else is said of a certificate; what is not understood is not good.
            _ => Denied::OthersCertificate,
        })?;
    if verdict.partner.id != client.client().settings().partner {
        return Err(Denied::OthersCertificate);
    }
    match verdict.partner.standing {
        Standing::Active => Ok(chain.leaf_thumbprint),
        Standing::Suspended => Err(Denied::PartnerSuspended),
    }
}
