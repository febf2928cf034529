//! TLS towards the bank: who may vouch for it, and who we are.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::{ClientConfig, RootCertStore};

use crate::{BadUpstream, ClientTls};

/// Sessions kept for resumption, over the endpoints of one upstream.
const SESSIONS_KEPT: usize = 256;

/// Builds the TLS settings of one upstream. The bank's certificate is verified against these
/// authorities alone, name included; HTTP/2 and HTTP/1.1 are offered by ALPN (RFC 7301); early data
/// stays off, since it can be replayed (RFC 8446 §8).
pub(crate) fn client_config(tls: &ClientTls) -> Result<Arc<ClientConfig>, BadUpstream> {
    let mut roots = RootCertStore::empty();
    for (index, authority) in tls.authorities.iter().enumerate() {
        roots
            .add(authority.clone())
            .map_err(|source| BadUpstream::Authority { index, source })?;
    }
    if roots.is_empty() {
        return Err(BadUpstream::NoAuthority);
    }
    let builder = ClientConfig::builder_with_provider(crypto::provider())
        .with_safe_default_protocol_versions()
        .map_err(BadUpstream::Tls)?
        .with_root_certificates(roots);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => builder
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(BadUpstream::Identity)?,
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    config.resumption = Resumption::in_memory_sessions(SESSIONS_KEPT);
    config.enable_early_data = false;
    Ok(Arc::new(config))
}
