//! One request on its way: what came in, its ids, its snapshot, its open record.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use model::ports::Stage;
use model::{Asked, Connection, InteractionId, MessageBody, RequestId};

use crate::lent::Services;
use crate::record::OpenRecord;
use crate::snapshot::Snapshot;

/// One request. Stages borrow it; what they learn lies in their proofs.
pub(crate) struct Exchange {
    /// The settings it lives under, to its end.
    pub(crate) snapshot: Arc<Snapshot>,
    /// The connection it came on.
    pub(crate) connection: Arc<Connection>,
    /// Method, target and headers as they came.
    pub(crate) head: http::request::Parts,
    /// The body, until it is forwarded.
    pub(crate) body: Option<MessageBody>,
    /// Bytes of the body read so far; `None` when there is none.
    pub(crate) bytes_in: Option<Arc<AtomicU64>>,
    /// Our id.
    pub(crate) request_id: RequestId,
    /// The partner's id.
    pub(crate) interaction: InteractionId,
    /// When it began, by the wall.
    pub(crate) now: Timestamp,
    /// When it began, by the clock that never goes back.
    pub(crate) started: Duration,
    /// Headers that whatever answer we give must carry.
    pub(crate) answer_headers: HeaderMap,
    /// The record that will be written, however this ends.
    pub(crate) record: OpenRecord,
}

impl Exchange {
    pub(crate) fn begin(asked: Asked, snapshot: Arc<Snapshot>, services: &Services) -> Self {
        let (head, body) = asked.request.into_parts();
        let mut record = OpenRecord::open(
            services,
            asked.request_id,
            asked.interaction.clone(),
            asked.connection.as_ref(),
            snapshot.number(),
            (asked.now, asked.started),
        );
        record.asks(&head.method);
        record.enter(Stage::Route);
        Self {
            snapshot,
            connection: asked.connection,
            head,
            body: Some(body),
            bytes_in: asked.bytes_in,
            request_id: asked.request_id,
            interaction: asked.interaction,
            now: asked.now,
            started: asked.started,
            answer_headers: HeaderMap::new(),
            record,
        }
    }
}
