//! What may go wrong between us and a bank, one variant for each thing a caller does differently.

use std::io;

use model::BodyBroken;

/// Why a request brought no answer. Only [`UpstreamFailure::Unavailable`] says that the bank has
/// surely not acted on it; after the others it may have.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamFailure {
    /// Nothing was processed: no place, no connection, or the bank gave the request back.
    #[error("the upstream cannot be reached")]
    Unavailable(#[source] Unreachable),
    /// The answer's head did not come in time.
    #[error("the upstream did not answer in time: waited for {0}")]
    TimedOut(Waiting),
    /// What came back is not an answer that can be passed on, or the connection broke.
    #[error("the upstream's answer is unacceptable")]
    Invalid(#[source] Unacceptable),
    /// The request's own body did not arrive whole: the caller's side broke, not the bank's.
    #[error("the request's body did not arrive whole")]
    Request(#[source] BodyBroken),
}

/// A request that brought no answer.
#[derive(Debug, thiserror::Error)]
#[error("no answer from {} after {tries} tries", endpoint.as_deref().unwrap_or("any endpoint"))]
pub struct Unanswered {
    /// Why, the last time that something of it may have been sent.
    #[source]
    pub failure: UpstreamFailure,
    /// `host:port` of the endpoint where it failed. For operators only.
    pub endpoint: Option<String>,
    /// How often it was tried: 1, or 2 for a request without effect.
    pub tries: u32,
}

/// Why nothing was processed.
#[derive(Debug, thiserror::Error)]
pub enum Unreachable {
    /// A connection could not be made.
    #[error("no connection to {endpoint}")]
    Connect {
        /// `host:port`.
        endpoint: String,
        /// Why.
        #[source]
        source: ConnectProblem,
    },
    /// All endpoints rest after failures, or are being tried again.
    #[error("no endpoint is in play")]
    NoEndpoint,
    /// All places are taken, and the queue is full.
    #[error("all places are taken and {waiters} requests wait already")]
    QueueFull {
        /// The length of the queue.
        waiters: usize,
    },
    /// All places were taken for as long as a request may wait.
    #[error("no place came free in time")]
    WaitedTooLong,
    /// Connections were closed again and again before the request could be sent on them.
    #[error("connections closed before the request was sent")]
    GivenBack,
    /// The bank refused the stream before any processing (RFC 9113 §8.7).
    #[error("the upstream refused the stream")]
    RefusedStream(#[source] hyper::Error),
    /// The bank closes the connection, and says that it did not begin this request (RFC 9113 §6.8).
    #[error("the upstream went away before the request was begun")]
    WentAway(#[source] hyper::Error),
    /// The bank does not accept our certificate, and said so after the handshake (TLS 1.3).
    #[error("the upstream does not accept our certificate")]
    Disowned(#[source] hyper::Error),
    /// The upstream is being drained.
    #[error("the upstream is being drained")]
    Draining,
}

/// Why a connection could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ConnectProblem {
    /// The name could not be resolved.
    #[error("the name cannot be resolved")]
    Resolve(#[source] io::Error),
    /// The name has no address, or, for plain HTTP, none on the loopback.
    #[error("the name has no address that may be used")]
    NoAddress,
    /// TCP.
    #[error("TCP connection failed")]
    Tcp(#[source] io::Error),
    /// The TLS handshake, the bank's certificate and our own included.
    #[error("TLS handshake failed")]
    Tls(#[source] io::Error),
    /// HTTP.
    #[error("HTTP handshake failed")]
    Http(#[source] hyper::Error),
    /// It took longer than `connect_timeout`.
    #[error("connecting took too long")]
    TimedOut,
}

/// What a request waited for when its time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Waiting {
    /// A place. Nothing was sent.
    Place,
    /// A connection. Nothing was sent.
    Connection,
    /// The answer's head.
    Head,
}

impl std::fmt::Display for Waiting {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Place => "a place",
            Self::Connection => "a connection",
            Self::Head => "the answer's head",
        })
    }
}

/// What is wrong with an answer, or with the exchange that should have brought one.
#[derive(Debug, thiserror::Error)]
pub enum Unacceptable {
    /// The connection broke before the head was whole.
    #[error("the exchange broke")]
    Broken(#[source] hyper::Error),
    /// Not HTTP, or a head over its limits.
    #[error("the answer cannot be read")]
    Malformed(#[source] hyper::Error),
    /// 101 (RFC 9110 §15.2.2): no upgrade was asked for, and none is tunnelled.
    #[error("the upstream switched protocols unasked")]
    Switched,
    /// Framing that two readers may understand differently (RFC 9112 §6.3): both
    /// `Transfer-Encoding` and `Content-Length`, or an encoding other than `chunked`.
    #[error("the answer's framing is ambiguous")]
    Framing,
    /// More header fields than allowed.
    #[error("the answer has {count} header fields")]
    TooManyHeaders {
        /// How many it has.
        count: usize,
    },
    /// The request cannot be forwarded: CONNECT, or a target that is no path.
    #[error("the request cannot be forwarded")]
    NotForwardable,
}

/// Why settings make no upstream.
#[derive(Debug, thiserror::Error)]
pub enum BadUpstream {
    /// There must be 1 to 64 endpoints.
    #[error("an upstream needs 1 to 64 endpoints: {count}")]
    Endpoints {
        /// How many there are.
        count: usize,
    },
    /// A host is neither an IP address nor a DNS name.
    #[error("not a host: {host}")]
    Host {
        /// The host.
        host: String,
    },
    /// Plain HTTP is for loopback addresses and `localhost` only.
    #[error("plain HTTP to another machine: {host}")]
    Plain {
        /// The host.
        host: String,
    },
    /// The server name is neither a DNS name nor an IP address.
    #[error("not a server name: {name}")]
    ServerName {
        /// The name.
        name: String,
    },
    /// There is no authority to verify the bank's certificate with.
    #[error("TLS to an upstream needs at least one authority")]
    NoAuthority,
    /// An authority cannot be used as trust anchor.
    #[error("authority {index} is not a usable certificate")]
    Authority {
        /// Its place in the list, from 0.
        index: usize,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// Our certificate and key do not work.
    #[error("the client certificate and its key cannot be used")]
    Identity(#[source] rustls::Error),
    /// The TLS library refuses the settings.
    #[error("TLS cannot be set up")]
    Tls(#[source] rustls::Error),
    /// A limit is out of its range.
    #[error("{setting} must be {range}")]
    Limit {
        /// The setting.
        setting: &'static str,
        /// Its range, in words.
        range: &'static str,
    },
}
