//! Step: the certificate that the token will be bound to (RFC 8705 §3; MT-04, MT-05, TK-05).

use jiff::Timestamp;

use model::{Connection, Refusal, Standing};

use crate::Ports;
use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::standing::InGoodStanding;

/// The SHA-256 of a good certificate of the client's own partner.
pub(crate) struct Binding([u8; 32]);

impl Binding {
    /// `x5t#S256` as bytes.
    pub(crate) fn thumbprint(&self) -> &[u8; 32] {
        &self.0
    }
}

pub(crate) fn check(
    issuer: &Issuer,
    ports: &Ports,
    connection: &Connection,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Binding, Denied> {
    let chain = connection.chain.as_ref().ok_or(Denied::NoCertificate)?;
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
        Standing::Active => Ok(Binding(chain.leaf_thumbprint)),
        Standing::Suspended => Err(Denied::PartnerSuspended),
    }
}
