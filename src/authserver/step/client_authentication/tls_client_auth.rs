//! Step: a client that proves itself by its certificate (RFC 8705 §2; MT-01 to MT-03).
//!
//! By `tls_client_auth` the chain must be good at this bank, of the client's partner, and bear the
//! one name that is registered for the client. By `self_signed_tls_client_auth` the certificate's
//! public key must be one that is registered. An unknown client gets the same answer as a wrong
//! certificate (CA-07), and the certificate is judged before the client is looked at. A service of
//! the bank's own is no partner's: its chain must be good, or its key registered, and nothing more.

use jiff::Timestamp;

use crypto::CertificateFacts;
use identity::VouchedBy;
use model::{ClientId, PresentedChain};

use crate::denied::Denied;
use crate::issuer::Issuer;
use crate::issuer::registered::{Registered, Server};
use crate::{ClientAuthentication, Ports};

/// Verifies that the certificate is the one that the named client is registered with.
pub(crate) fn verify<'a>(
    issuer: &'a Issuer,
    ports: &Ports,
    client_id: &str,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<Registered<'a>, Denied> {
    let known = ClientId::parse(client_id)
        .ok()
        .and_then(|id| issuer.registered(&id));
    if let Some(Registered::Server(server)) = known {
        return of_server(issuer, server, chain, now);
    }
    let verdict = ports.certificates.verdict(&issuer.trust, chain, now);
    let leaf = chain.certificates.first();
    let facts = leaf.and_then(|leaf| crypto::certificate_facts(leaf).ok());
    let (Ok(verdict), Some(facts), Some(Registered::Client(client))) = (verdict, facts, known)
    else {
        return Err(Denied::OtherCertificate);
    };
    let known = Registered::Client(client);
    // A name counts only where an authority vouches for it: whoever holds the key that another
    // client of the partner registered could write any name into a certificate of his own.
    let is_vouched = match known.authentication() {
        ClientAuthentication::TlsClientAuth(_) => verdict.by == VouchedBy::Authority,
        ClientAuthentication::PrivateKeyJwt | ClientAuthentication::SelfSignedTlsClientAuth => true,
    };
    if is_vouched && bears(known, facts) && verdict.partner.id == client.settings().partner {
        Ok(known)
    } else {
        Err(Denied::OtherCertificate)
    }
}

/// Whether a certificate of which this is said is the one that is registered.
fn bears(known: Registered<'_>, facts: CertificateFacts) -> bool {
    match known.authentication() {
        ClientAuthentication::PrivateKeyJwt => false, // CA-04
        ClientAuthentication::TlsClientAuth(name) => name.is_borne_by(facts),
        ClientAuthentication::SelfSignedTlsClientAuth => {
            let keys = known.keys();
            keys.keys().iter().any(|key| key.to_spki() == facts.spki)
        }
    }
}

/// Verifies the certificate of a service of the bank's own.
fn of_server<'a>(
    issuer: &Issuer,
    server: Server<'a>,
    chain: &PresentedChain,
    now: Timestamp,
) -> Result<Registered<'a>, Denied> {
    let known = Registered::Server(server);
    let facts = match known.authentication() {
        ClientAuthentication::SelfSignedTlsClientAuth => {
            let leaf = chain.certificates.first();
            let facts = leaf.and_then(|leaf| crypto::certificate_facts(leaf).ok());
            // notAfter is inclusive (RFC 5280 §4.1.2.5).
            facts.filter(|its| (its.not_before..=its.not_after).contains(&now.as_second()))
        }
        _ => issuer.trust.vouches_for(chain, now).ok(),
    };
    if facts.is_some_and(|facts| bears(known, facts)) {
        Ok(known)
    } else {
        Err(Denied::OtherCertificate)
    }
}
