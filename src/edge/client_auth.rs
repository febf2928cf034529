//! Proof of possession of a client's key, and nothing else.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, OtherError, PeerMisbehaved,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};

use model::PresentedChain;

/// The client shows more than [`PresentedChain`] may hold.
#[derive(Debug, thiserror::Error)]
#[error("the client's certificate chain is too long")]
struct ChainTooLong;

/// Takes any certificate whose key the client proves to hold. Chain, time, usage and revocation
/// are judged by `identity` on every request, so that a refusal can explain itself and a new
/// revocation list acts on open and resumed connections. **Stops**: showing another's certificate;
/// a key whose signatures take long to verify; a chain so long that to judge it would take all our
/// time (TLS-18), which ends the handshake with the alert `certificate_unknown` (RFC 8446 §6.2).
#[derive(Debug)]
pub(crate) struct Possession {
    provider: Arc<CryptoProvider>,
    mandatory: bool,
}

impl Possession {
    pub(crate) fn new(provider: Arc<CryptoProvider>, mandatory: bool) -> Self {
        Self {
            provider,
            mandatory,
        }
    }
}

impl ClientCertVerifier for Possession {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    /// None: a listener serves banks with different authorities, and names would tell who trusts
    /// whom (RFC 8446 §4.2.4 lets it be empty).
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        if PresentedChain::is_too_long(std::iter::once(end_entity).chain(intermediates)) {
            let why = CertificateError::Other(OtherError(Arc::new(ChainTooLong)));
            return Err(Error::InvalidCertificate(why));
        }
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        is_cheap(dss)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        is_cheap(dss)?;
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self
            .provider
            .signature_verification_algorithms
            .supported_schemes();
        schemes.retain(|scheme| *scheme != DEAR);
        schemes
    }
}

/// A scheme whose verification costs many times that of P-256, and that no partner needs: P-256,
/// P-384, Ed25519 and RSA are taken.
const DEAR: SignatureScheme = SignatureScheme::ECDSA_NISTP521_SHA512;
/// An RSA signature is as long as its modulus: 4096 bits. Others are shorter.
const SIGNATURE_BYTES_MAX: usize = 4096 / 8;

/// Whether a signature is verified at all: who wants our time for nothing chooses the longest key.
fn is_cheap(dss: &DigitallySignedStruct) -> Result<(), Error> {
    if dss.scheme == DEAR || dss.signature().len() > SIGNATURE_BYTES_MAX {
        return Err(Error::PeerMisbehaved(
            PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme,
        ));
    }
    Ok(())
}
