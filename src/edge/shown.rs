//! Which of its certificates a listener shows: the first whose key the client can verify.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{CipherSuite, Error, SignatureAlgorithm};

use crate::settings::Identity;

/// A listener's certificates, and the name that it answers to.
#[derive(Debug)]
pub(crate) struct Shown {
    name: Option<String>,
    /// In the order in which they are offered: the cheapest signature first.
    keys: Vec<Arc<CertifiedKey>>,
}

impl Shown {
    /// Errors: no certificate, or one that its key does not belong to.
    pub(crate) fn new(
        name: Option<String>,
        identities: Vec<Identity>,
        provider: &CryptoProvider,
    ) -> Result<Self, Error> {
        let certified = |identity| {
            let Identity { certificates, key } = identity;
            CertifiedKey::from_der(certificates, key, provider).map(Arc::new)
        };
        let identities = identities.into_iter().map(certified);
        let mut keys = identities.collect::<Result<Vec<_>, _>>()?;
        if keys.is_empty() {
            return Err(Error::General("a listener needs a certificate".to_owned()));
        }
        keys.sort_by_key(|key| cost(key.key.algorithm()));
        Ok(Self { name, keys })
    }
}

/// What a signature costs us, in an order.
fn cost(algorithm: SignatureAlgorithm) -> u8 {
    match algorithm {
        SignatureAlgorithm::ECDSA => 0,
        SignatureAlgorithm::ED25519 => 1,
        _ => 2,
    }
}

impl ResolvesServerCert for Shown {
    /// None for another name than the listener's: the handshake is refused, so that no caller
    /// meets the rules of a listener that it did not mean (checklist TLS-25). Whoever names none,
    /// as by address, is shown the listener's own.
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if let (Some(name), Some(asked)) = (&self.name, hello.server_name())
            && !name.eq_ignore_ascii_case(asked)
        {
            return None;
        }
        let schemes = hello.signature_schemes();
        let fits = |key: &&Arc<CertifiedKey>| {
            key.key.choose_scheme(schemes).is_some()
                && has_suite(hello.cipher_suites(), key.key.algorithm())
        };
        self.keys.iter().find(fits).cloned()
    }
}

/// Whether the client offers a suite for such a key: of TLS 1.3 any serves every key, those of
/// TLS 1.2 name theirs (RFC 8422 §2).
fn has_suite(offered: &[CipherSuite], algorithm: SignatureAlgorithm) -> bool {
    offered.iter().any(|suite| match suite {
        CipherSuite::TLS13_AES_128_GCM_SHA256
        | CipherSuite::TLS13_AES_256_GCM_SHA384
        | CipherSuite::TLS13_CHACHA20_POLY1305_SHA256 => true,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 => {
            algorithm != SignatureAlgorithm::RSA
        }
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        | CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 => {
            algorithm == SignatureAlgorithm::RSA
        }
        _ => false,
    })
}
