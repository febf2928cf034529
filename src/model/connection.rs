//! What the edge knows of a connection. Made once per connection, shared by its requests.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use rustls_pki_types::CertificateDer;

use crate::ListenerId;

/// One accepted connection.
#[derive(Debug)]
pub struct Connection {
    /// The listener that took it.
    pub listener: ListenerId,
    /// The other side's address.
    pub peer: SocketAddr,
    /// TLS, unless the listener is a plain one.
    pub tls: Option<TlsFacts>,
    /// The certificates that the client showed and whose key it proved to hold.
    /// Possession only: whether they are good is decided by `identity`, on every request.
    pub chain: Option<Arc<PresentedChain>>,
}

/// What the handshake settled.
#[derive(Debug, Clone)]
pub struct TlsFacts {
    /// The HTTP version chosen by ALPN (RFC 7301), never by sniffing.
    pub alpn: Alpn,
    /// The protocol's version: `1.2` or `1.3`.
    pub version: &'static str,
    /// Whether this connection was resumed from an earlier session.
    pub resumed: bool,
}

/// The network that an address lies in: /24 of IPv4, /48 of IPv6. The address's owner is a person,
/// the network is not: this is what logs, records and stores hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address. What tells its addresses apart is not kept.
    pub fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => {
                let [a, b, c, _] = address.octets();
                Ipv4Addr::new(a, b, c, 0).into()
            }
            IpAddr::V6(address) => {
                let [a, b, c, ..] = address.segments();
                Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0).into()
            }
        })
    }

    /// Its first address.
    pub fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = if self.0.is_ipv4() { 24 } else { 48 };
        write!(f, "{}/{bits}", self.0)
    }
}

/// The application protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// A client's certificates as shown in the handshake, leaf first.
#[derive(Debug, PartialEq, Eq)]
pub struct PresentedChain {
    /// The certificates, leaf first; never empty.
    pub certificates: Vec<CertificateDer<'static>>,
    /// SHA-256 over the leaf's DER: `x5t#S256` (RFC 8705 §3.1).
    pub leaf_thumbprint: [u8; 32],
    /// SHA-256 over the whole chain, each certificate preceded by its length: key of verdicts.
    pub fingerprint: [u8; 32],
}

impl PresentedChain {
    /// The most certificates that a client may show: a leaf and four authorities above it. To
    /// search among many for a way to an anchor takes time beyond all measure (TLS-18).
    pub const CERTIFICATES_MAX: usize = 5;
    /// The most bytes that they may have together.
    pub const BYTES_MAX: usize = 16 * 1024;

    /// Whether these certificates, leaf first, are more than a client may show.
    pub fn is_too_long<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'a>>) -> bool {
        let (mut count, mut bytes) = (0_usize, 0_usize);
        for certificate in certificates {
            count += 1;
            bytes = bytes.saturating_add(certificate.len());
        }
        count > Self::CERTIFICATES_MAX || bytes > Self::BYTES_MAX
    }
}
