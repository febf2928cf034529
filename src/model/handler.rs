//! The door between the edge and the rooms that answer requests.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::{Connection, InteractionId, Request, RequestId, Response};

/// A request on its way from the edge to a room, with the ids it is known by.
pub struct Asked {
    /// Our id of it.
    pub request_id: RequestId,
    /// The partner's id of it, echoed or made.
    pub interaction: InteractionId,
    /// The connection it came on.
    pub connection: Arc<Connection>,
    /// The request.
    pub request: Request,
}

/// Answers requests. Implemented by the rooms that have endpoints and by `app`, which chooses
/// among them; called by `edge`.
pub trait Handler: Send + Sync + 'static {
    /// Answers one request. Never fails: a refusal and a fault are answers too. The future may be
    /// dropped at any await (the client hung up).
    fn handle(&self, connection: Arc<Connection>, request: Request) -> BoxFuture<'_, Response>;
}
