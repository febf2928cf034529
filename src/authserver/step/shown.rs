//! Step: a certificate that a client shows is its partner's, at every endpoint of clients, whether
//! anything will be bound to it or not (RFC 8705 §2, §3). **Stops**: an assertion that was stolen
//! before it was used, in another partner's connection.

use jiff::Timestamp;

use model::{Connection, PresentedChain, Refusal, Standing};

use crate::Ports;
use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::step::standing::InGoodStanding;

/// The certificate of the connection, good and of the client's own partner, if there is one.
#[derive(Debug)]
pub(crate) struct Shown(Option<[u8; 32]>);

impl Shown {
    /// Its SHA-256 (RFC 8705 §3.1).
    pub(crate) fn thumbprint(&self) -> Option<[u8; 32]> {
        self.0
    }
}

pub(crate) fn check(
    issuer: &Issuer,
    ports: &Ports,
    connection: &Connection,
    client: &InGoodStanding<'_>,
    now: Timestamp,
) -> Result<Shown, Denied> {
    let chain = connection.chain.as_ref();
    let shown = chain.map(|chain| its_partners(issuer, ports, chain, client, now));
    shown.transpose().map(Shown)
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
