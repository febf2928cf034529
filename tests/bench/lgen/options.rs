//! What lgen is told.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// A bounded load generator on the loopback.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// Where the gateway listens; a loopback address.
    #[arg(long)]
    pub(crate) address: SocketAddr,
    /// How the connections are protected.
    #[arg(long, value_enum, default_value = "plain")]
    pub(crate) tls: Tls,
    /// The folder of ca.crt, client.crt and client.key.
    #[arg(long, default_value = ".")]
    pub(crate) certs: PathBuf,
    /// HTTP/2 instead of HTTP/1.1.
    #[arg(long)]
    pub(crate) h2: bool,
    /// What happens to connections.
    #[arg(long, value_enum, default_value = "keep")]
    pub(crate) mode: Mode,
    /// Resume TLS sessions on new connections.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Connections at once.
    #[arg(long, default_value_t = 64)]
    pub(crate) connections: usize,
    /// HTTP/2 streams at once on each.
    #[arg(long, default_value_t = 1)]
    pub(crate) streams: usize,
    /// Requests a second, paced by a timer: latency counts from the instant that was planned, so
    /// that waiting is not hidden. Without it, each answer calls for the next request.
    #[arg(long)]
    pub(crate) rate: Option<f64>,
    /// Seconds before the measured window.
    #[arg(long, default_value_t = 1.0)]
    pub(crate) warm: f64,
    /// Seconds of the measured window.
    #[arg(long, default_value_t = 4.0)]
    pub(crate) seconds: f64,
    /// The path asked for.
    #[arg(long, default_value = "/api")]
    pub(crate) path: String,
    /// Send so many bytes with POST.
    #[arg(long, default_value_t = 0)]
    pub(crate) upload: usize,
    /// A file of bearer tokens, one a line; each connection keeps to one.
    #[arg(long)]
    pub(crate) tokens: Option<PathBuf>,
    /// A folder of jwt.pk8 and claims.json: so many new tokens are signed (ES256) before the start,
    /// and each request takes one.
    #[arg(long, requires = "fresh")]
    pub(crate) signer: Option<PathBuf>,
    /// How many.
    #[arg(long, requires = "signer")]
    pub(crate) fresh: Option<usize>,
    /// A file of requests in HTTP/1.1, each sent once, however long that takes: on each line a JSON
    /// object with `method`, `path`, `headers` (by name) and, where there is one, `body`.
    #[arg(long, conflicts_with_all = ["tokens", "signer", "h2", "rate", "upload"])]
    pub(crate) each: Option<PathBuf>,
    /// The processes under test.
    #[arg(long, value_delimiter = ',')]
    pub(crate) processes: Vec<u32>,
}

/// How connections are protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Tls {
    /// Not at all.
    Plain,
    /// TLS 1.3, the server shows a certificate.
    #[value(name = "tls")]
    Server,
    /// The client shows one too.
    #[value(name = "mtls")]
    Mutual,
}

/// What happens to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    /// They are kept.
    Keep,
    /// Each request has a new one.
    New,
    /// All are opened, asked once and held; the memory they take is measured.
    Idle,
}
