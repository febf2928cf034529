//! The TLS provider of the house, made once.

use std::sync::{Arc, OnceLock};

use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider};

/// AWS-LC for rustls: the TLS 1.3 suites and, for TLS 1.2, exactly
/// `ECDHE_{RSA,ECDSA}_WITH_AES_{128_GCM_SHA256,256_GCM_SHA384}` (FAPI 2.0 §5.2, T-01). Key exchange
/// as rustls orders it, the hybrid `X25519MLKEM768` first. Every caller gets the same one.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| {
        Arc::new(CryptoProvider {
            cipher_suites: vec![
                cipher_suite::TLS13_AES_256_GCM_SHA384,
                cipher_suite::TLS13_AES_128_GCM_SHA256,
                cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
                cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            ],
            ..default_provider()
        })
    }))
}

#[cfg(test)]
mod tests {
    use rustls::{CipherSuite, NamedGroup, SupportedCipherSuite};

    use super::*;

    #[test]
    fn tls_1_2_has_the_four_fapi_suites_and_no_other() {
        let mut tls12: Vec<CipherSuite> = provider()
            .cipher_suites
            .iter()
            .filter(|suite| matches!(suite, SupportedCipherSuite::Tls12(_)))
            .map(SupportedCipherSuite::suite)
            .collect();
        tls12.sort_by_key(|suite| u16::from(*suite));
        assert_eq!(
            tls12,
            [
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
                CipherSuite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            ]
        );
    }

    #[test]
    fn the_hybrid_group_comes_first_and_the_provider_is_made_once() {
        let first = provider();
        assert_eq!(first.kx_groups[0].name(), NamedGroup::X25519MLKEM768);
        assert!(Arc::ptr_eq(&first, &provider()));
    }
}
