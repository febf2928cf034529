//! Port: what must be fetched from another house's server, such as the keys of a client.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Method, StatusCode, Uri};

/// What another house's server is asked.
#[derive(Clone)]
pub struct FetchRequest {
    /// How. GET and HEAD may be sent once more where a connection broke; anything else is sent
    /// once.
    pub method: Method,
    /// What: `https`, a host, no user information.
    pub url: Uri,
    /// Fields that go along; those that frame a message are not taken from here.
    pub headers: HeaderMap,
    /// The content; empty for none.
    pub body: Bytes,
    /// How many bytes of content are read of the answer; an answer of more is none.
    pub answer_bytes_max: usize,
}

/// Says whom, not what: headers and content may hold secrets, and what is printed may end in a log.
impl fmt::Debug for FetchRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchRequest")
            .field("method", &self.method)
            .field("host", &self.url.host())
            .finish_non_exhaustive()
    }
}

/// A whole answer, whatever its status: one that says where else to ask (RFC 9110 §15.4) is not
/// followed, and whoever asked refuses it.
#[derive(Clone)]
pub struct Fetched {
    /// The status.
    pub status: StatusCode,
    /// The header fields, without those of the connection.
    pub headers: HeaderMap,
    /// The content, decoded by nobody: at most `answer_bytes_max` bytes.
    pub body: Bytes,
}

/// Says how it ended, not what it says: tokens may be among it.
impl fmt::Debug for Fetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetched")
            .field("status", &self.status)
            .field("bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum FetchFailed {
    /// The URL is not one that may be asked: another scheme, user information, or a host that is
    /// not on the list. Nothing was sent, and no name was resolved.
    #[error("nothing may be fetched from {host}")]
    NotListed {
        /// The host, with its port, as far as there is one.
        host: String,
    },
    /// The answer has more content than is read.
    #[error("the answer is longer than {bytes_max} bytes")]
    TooLong {
        /// How many are read.
        bytes_max: usize,
    },
    /// The deadline came before the answer's last byte.
    #[error("the answer did not come in time")]
    TimedOut,
    /// Nobody was reached, who was reached is not whom the list says, or the exchange broke.
    #[error("no answer: {doing}")]
    Broken {
        /// What was being done.
        doing: &'static str,
        /// Why not.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// The way out to the servers of other houses that the file lists (checklist C-05, T-07).
pub trait Fetch: Send + Sync {
    /// Asks once for one answer. Only a host that is listed by its name and port is asked, over TLS
    /// that verifies that name with the authorities listed for it; no redirect is followed, and no
    /// more than `answer_bytes_max` bytes are kept. Resolves within `deadline`, counted from the
    /// first poll, whatever the other side does; may be dropped at any await.
    fn fetch(
        &self,
        request: FetchRequest,
        deadline: Duration,
    ) -> BoxFuture<'_, Result<Fetched, FetchFailed>>;
}
