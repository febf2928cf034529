//! What a listener is told, already valid.

use std::time::Duration;

use model::ListenerId;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// A listener.
#[derive(Debug, Clone)]
pub struct ListenerSettings {
    /// Its name: in the connection's facts and in log lines.
    pub id: ListenerId,
    /// TLS; `None` makes a plain HTTP/1.1 listener, meant for health probes, and for pages
    /// that this machine alone can reach.
    pub tls: Option<TlsSettings>,
    /// Its limits.
    pub limits: Limits,
}

/// The TLS of a listener.
#[derive(Debug, Clone)]
pub struct TlsSettings {
    /// The host name that it answers to: clients that name another (RFC 6066 §3) are refused in the
    /// handshake, those that name none are not. `None` answers to every name.
    pub name: Option<String>,
    /// Its certificates for that name, at most one of each kind of key: a client is shown one that
    /// it can verify, ECDSA before Ed25519 before RSA.
    pub identities: Vec<Identity>,
    /// Whether clients are asked for theirs.
    pub client_certificates: ClientCertificates,
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Identity {
    /// The certificates, leaf first.
    pub certificates: Vec<CertificateDer<'static>>,
    /// The key of the leaf.
    pub key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self {
            certificates: self.certificates.clone(),
            key: self.key.clone_key(),
        }
    }
}

/// Whether clients are asked for a certificate. What they show is proved to be theirs in the
/// handshake; whether it is good is not asked here (checklist T-05).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCertificates {
    /// Not asked for.
    None,
    /// Asked for; a client without one may go on.
    Optional,
    /// Asked for; a client without one is refused in the handshake.
    Required,
}

/// The limits of a listener. Every one of them is in force; there is no "unlimited".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request's head: request line and header lines, or the decoded header list of
    /// HTTP/2. More is answered 431.
    pub head_bytes: usize,
    /// Bytes of a request's target. More is answered 414.
    pub target_bytes: usize,
    /// Header lines of a request. More is answered 431.
    pub headers: usize,
    /// From the first byte of an HTTP/1.1 head to its last.
    pub head_timeout: Duration,
    /// From accept to the end of the TLS handshake.
    pub handshake_timeout: Duration,
    /// A connection without a request is closed after this.
    pub idle_timeout: Duration,
    /// Bytes of a request's body. More ends it with `BodyBroken::TooLarge`.
    pub body_bytes: u64,
    /// The longest wait for the next byte of a request's body, and the head start that
    /// `body_rate_min` is granted. More ends it with `BodyBroken::TooSlow`.
    pub body_idle_timeout: Duration,
    /// Bytes per second that a request's body must reach on average, counted while the handler
    /// waits for it; against bodies of one byte at a time.
    pub body_rate_min: u32,
    /// The longest that a client may take nothing of what is to be sent: the connection (or the
    /// HTTP/2 stream) ends then. Also the grace for a connection that was told to close, and how
    /// long one that goes on asking all the same is served.
    pub write_timeout: Duration,
    /// How long an HTTP/1.1 connection that ends before its request was read whole goes on taking
    /// and dropping bytes, so that the client can read its answer (RFC 9112 §9.6).
    pub linger: Duration,
    /// Open connections of the listener, handshakes included. More are closed at once.
    pub connections_max: usize,
    /// Open connections of one IPv4 address or one IPv6 /64; an IPv6 /48 has four times as many.
    /// More are closed at once.
    pub connections_per_address: usize,
    /// Requests on one connection, which then is closed gracefully.
    pub requests_per_connection: u64,
    /// Concurrent streams of an HTTP/2 connection (RFC 9113 §5.1.2).
    pub h2_streams: u32,
    /// Streams that an HTTP/2 client may have reset before they were taken up; then the connection
    /// ends with ENHANCE_YOUR_CALM (CVE-2023-44487).
    pub h2_pending_resets: usize,
    /// Streams that an HTTP/2 client may have made us reset; then the connection ends likewise
    /// (CVE-2025-8671).
    pub h2_local_resets: usize,
    /// Bytes that an HTTP/2 client may send ahead on one stream (RFC 9113 §6.9.2).
    pub h2_stream_window: u32,
    /// Bytes that an HTTP/2 client may send ahead on all streams together.
    pub h2_connection_window: u32,
    /// Bytes held of one HTTP/2 answer while the client does not take them.
    pub h2_send_buffer: usize,
    /// An HTTP/2 connection that is silent for this long is asked for a PING.
    pub h2_ping_interval: Duration,
    /// An HTTP/2 connection whose PING is not answered within this is closed.
    pub h2_ping_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_bytes: 32 * 1024,
            target_bytes: 8 * 1024,
            headers: 100,
            head_timeout: Duration::from_secs(10),
            handshake_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_bytes: 10 * 1024 * 1024,
            body_idle_timeout: Duration::from_secs(30),
            body_rate_min: 256,
            write_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(2),
            connections_max: 10_000,
            connections_per_address: 1_000,
            requests_per_connection: 10_000,
            h2_streams: 100,
            h2_pending_resets: 20,
            h2_local_resets: 100,
            h2_stream_window: 256 * 1024,
            h2_connection_window: 1024 * 1024,
            h2_send_buffer: 128 * 1024,
            h2_ping_interval: Duration::from_secs(30),
            h2_ping_timeout: Duration::from_secs(10),
        }
    }
}
