//! Step: a client that proves itself by its certificate (RFC 8705 §2; MT-01 to MT-03).
//!
//! By `tls_client_auth` the chain must be good at this bank, of the client's partner, and bear the
//! one name that is registered for the client. By `self_signed_tls_client_auth` the certificate's
//! public key must be one that is registered. An unknown client gets the same answer as a wrong
//! certificate (CA-07), and the certificate is judged before the client is looked at.

use jiff::Timestamp;

use model::{ClientId, PresentedChain};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::{ClientAuthentication, ClientSettings, Ports};

/// Verifies that the certificate is the one that the named client is registered with.
pub(crate) fn verify<'a>(
    issuer: &'a Issuer,
    ports: &Ports,
    client_id: &str,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<(&'a ClientId, &'a ClientSettings), Denied> {
    let verdict = ports.certificates.verdict(&issuer.trust, chain, now);
    let leaf = chain.certificates.first();
    let facts = leaf.and_then(|leaf| crypto::certificate_facts(leaf).ok());
    let known = ClientId::parse(client_id)
        .ok()
        .and_then(|id| issuer.clients.get_key_value(&id));
    let (Ok(verdict), Some(facts), Some((client, settings))) = (verdict, facts, known) else {
        return Err(Denied::OtherCertificate);
    };
    let is_registered = match &settings.authentication {
        ClientAuthentication::PrivateKeyJwt => false, // CA-04
        ClientAuthentication::TlsClientAuth(name) => name.is_borne_by(facts),
        ClientAuthentication::SelfSignedTlsClientAuth => settings
            .jwks
            .keys()
            .iter()
            .any(|key| key.to_spki() == facts.spki),
    };
    if is_registered && verdict.partner.id == settings.partner {
        Ok((client, settings))
    } else {
        Err(Denied::OtherCertificate)
    }
}
