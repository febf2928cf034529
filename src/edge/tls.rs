//! TLS: the settings of a listener, and what a handshake settled.

use std::sync::Arc;
use std::time::Duration;

use model::{Alpn, Clock, PresentedChain, TlsFacts};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{HandshakeKind, ProtocolVersion, ServerConfig, ServerConnection, version};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::client_auth::Possession;
use crate::settings::{ClientCertificates, TlsSettings};
use crate::shown::Shown;

const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

/// The TLS of a listener, and whether clients are asked for a certificate in it.
#[derive(Debug)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) demand: ClientCertificates,
}

/// Makes the TLS of a listener: versions 1.3 and 1.2 (checklist T-01; the suites are the
/// provider's), resumption by tickets whose keys are this listener's own, so that a session begun
/// where no certificate is asked for cannot be resumed where one is. For the same reason the keys
/// of `before`, what the listener had until now, are kept only while it asks for the same.
pub(crate) fn server_config(
    settings: TlsSettings,
    clock: Arc<dyn Clock>,
    before: Option<&Tls>,
) -> Result<Tls, rustls::Error> {
    let demand = settings.client_certificates;
    let provider = crypto::provider();
    let shown = Shown::new(settings.name, settings.identities, &provider)?;
    let verifier = match settings.client_certificates {
        ClientCertificates::None => WebPkiClientVerifier::no_client_auth(),
        ClientCertificates::Optional => Arc::new(Possession::new(Arc::clone(&provider), false)),
        ClientCertificates::Required => Arc::new(Possession::new(Arc::clone(&provider), true)),
    };
    let mut config = ServerConfig::builder_with_details(provider, Arc::new(HouseTime(clock)))
        .with_protocol_versions(&[&version::TLS13, &version::TLS12])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(shown));
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    match before.filter(|before| before.demand == demand) {
        Some(before) => {
            config.ticketer = Arc::clone(&before.config.ticketer);
            config.session_storage = Arc::clone(&before.config.session_storage);
        }
        None => config.ticketer = rustls::crypto::aws_lc_rs::Ticketer::new()?,
    }
    // Replay (RFC 8446 §8): no request is taken before the handshake is whole.
    config.max_early_data_size = 0;
    config.send_half_rtt_data = false;
    // A resumed TLS 1.2 session without an extended master secret may be another's
    // (RFC 7627 §1, triple handshake), and with it the client's certificate.
    config.require_ems = demand != ClientCertificates::None;
    Ok(Tls {
        config: Arc::new(config),
        demand,
    })
}

/// What the handshake settled. HTTP/1.1 unless ALPN chose HTTP/2 (RFC 9113 §3.2).
pub(crate) fn facts(connection: &ServerConnection) -> TlsFacts {
    TlsFacts {
        alpn: if connection.alpn_protocol() == Some(H2) {
            Alpn::Http2
        } else {
            Alpn::Http1
        },
        version: match connection.protocol_version() {
            Some(ProtocolVersion::TLSv1_2) => "1.2",
            _ => "1.3",
        },
        resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
    }
}

/// The certificates that the client proved to hold, in this handshake or in the one that this
/// session was resumed from.
pub(crate) fn presented_chain(connection: &ServerConnection) -> Option<Arc<PresentedChain>> {
    let certificates = connection.peer_certificates()?;
    let leaf = certificates.first()?;
    let mut whole = crypto::Sha256::new();
    for certificate in certificates {
        whole.update(&(certificate.len() as u64).to_be_bytes());
        whole.update(certificate);
    }
    Some(Arc::new(PresentedChain {
        leaf_thumbprint: crypto::sha256(leaf),
        fingerprint: whole.finish(),
        certificates: certificates
            .iter()
            .cloned()
            .map(CertificateDer::into_owned)
            .collect(),
    }))
}

/// The house's clock, as rustls asks for it.
#[derive(Debug)]
struct HouseTime(Arc<dyn Clock>);

impl TimeProvider for HouseTime {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(self.0.now().as_second()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[cfg(test)]
mod tests;
