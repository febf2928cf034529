//! Connections: TCP, and TLS 1.3 with X25519 and AES-128-GCM, so that all peers do the same
//! cryptography.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::options::{Options, Tls};
use crate::window::SharedWindow;

/// Either kind of connection.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {}
impl<T: AsyncRead + AsyncWrite + Unpin> Stream for T {}

/// Opens connections.
#[derive(Clone)]
pub(crate) struct Dialer {
    address: SocketAddr,
    connector: Option<TlsConnector>,
}

impl Dialer {
    /// A dialer with a store of tickets of its own.
    pub(crate) fn new(options: &Options) -> anyhow::Result<Self> {
        let connector = match options.tls {
            Tls::Plain => None,
            Tls::Server | Tls::Mutual => Some(TlsConnector::from(Arc::new(config(options)?))),
        };
        Ok(Self {
            address: options.address,
            connector,
        })
    }

    /// Opens one.
    pub(crate) async fn dial(&self, window: &SharedWindow) -> std::io::Result<Box<dyn Stream>> {
        let since = Instant::now();
        let tcp = TcpStream::connect(self.address).await?;
        tcp.set_nodelay(true)?;
        let Some(connector) = &self.connector else {
            return Ok(Box::new(tcp));
        };
        let name = ServerName::try_from("localhost").map_err(std::io::Error::other)?;
        let tls = connector.connect(name, tcp).await?;
        let resumed = tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        window.borrow_mut().handshake(since, resumed);
        Ok(Box::new(tls))
    }
}

fn config(options: &Options) -> anyhow::Result<ClientConfig> {
    let mut provider = default_provider();
    provider.kx_groups = vec![kx_group::X25519];
    provider.cipher_suites = vec![cipher_suite::TLS13_AES_128_GCM_SHA256];
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&options.certs.join("ca.crt"))? {
        roots.add(certificate)?;
    }
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_root_certificates(roots);
    let mut config = if options.tls == Tls::Mutual {
        let chain = certificates(&options.certs.join("client.crt"))?;
        let key = PrivateKeyDer::from_pem_file(options.certs.join("client.key"))?;
        config.with_client_auth_cert(chain, key)?
    } else {
        config.with_no_client_auth()
    };
    let protocol: &[u8] = if options.h2 { b"h2" } else { b"http/1.1" };
    config.alpn_protocols = vec![protocol.to_vec()];
    if !options.resume {
        config.resumption = Resumption::disabled();
    }
    Ok(config)
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).with_context(|| file.display().to_string())?;
    Ok(read.collect::<Result<_, _>>()?)
}
