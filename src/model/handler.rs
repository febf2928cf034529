//! The door between the edge and the rooms that answer requests.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::StatusCode;
use jiff::Timestamp;

use crate::{
    BankId, ClientId, Connection, InteractionId, Object, PartnerId, Request, RequestId, Response,
};

/// A request on its way from the edge to a room, with the ids it is known by.
pub struct Asked {
    /// Our id of it.
    pub request_id: RequestId,
    /// The partner's id of it, echoed or made.
    pub interaction: InteractionId,
    /// When it came, by the wall.
    pub now: Timestamp,
    /// When it came, by the clock that never goes back.
    pub started: Duration,
    /// The connection it came on.
    pub connection: Arc<Connection>,
    /// The request.
    pub request: Request,
    /// Bytes of its body that were read so far; `None` when it has none.
    pub bytes_in: Option<Arc<AtomicU64>>,
}

/// What is known of an answer when its head is ready, for the access log.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What was called.
    pub object: Option<Arc<Object>>,
    /// The bank.
    pub bank: Option<BankId>,
    /// The partner.
    pub partner: Option<PartnerId>,
    /// The OAuth client.
    pub client: Option<ClientId>,
    /// The code that is told, of a refusal or an OAuth error.
    pub code: Option<&'static str>,
    /// From the request's head to the answer's.
    pub took: Option<Duration>,
    /// How long the bank's service was waited for.
    pub upstream: Option<Duration>,
}

/// A rule of HTTP that a request breaks: it goes no further than the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Breach {
    /// The status that says it.
    pub status: StatusCode,
    /// What is wrong, and what would be right: a clause without a full stop.
    pub what: &'static str,
}

/// Answers requests. Implemented by the rooms that have endpoints and by `app`, which chooses
/// among them; called by `edge`.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Never fails: a refusal and a fault are answers too. The future may be
    /// dropped at any await (the client hung up).
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response>;

    /// Answers a request that the edge did not admit; its body is not read.
    fn refuse(
        &self,
        connection: &Connection,
        head: &http::request::Parts,
        breach: Breach,
    ) -> Response;
}
