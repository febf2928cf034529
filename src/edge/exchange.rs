//! One request: checked, handed to the handler, its answer shaped for the wire.

use std::sync::Arc;

use http::header::CONNECTION;
use http::{HeaderValue, Method, Request};
use http_body::Body;
use hyper::body::Incoming;
use model::{Alpn, Connection, Handler, MessageBody, strip_hop_by_hop};

use crate::answer::{AnswerBody, wants_close, without_content};
use crate::body::RequestBody;
use crate::framing;
use crate::pulse::{InProgress, Pulse};
use crate::settings::Limits;
use crate::streams::Progress;

/// More than this of a request's body is not read for the sake of the connection.
const UNREAD_BYTES_MAX: u64 = 16 * 1024;

/// What the requests of one connection share.
pub(crate) struct Desk {
    pub(crate) handler: Arc<dyn Handler>,
    pub(crate) connection: Arc<Connection>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) version: Alpn,
}

impl Desk {
    /// Answers one request, and never fails; a service as hyper has it, without a future around it.
    pub(crate) async fn answer<E>(
        self: Arc<Self>,
        request: Request<Incoming>,
        in_progress: InProgress,
        progress: Option<Arc<Progress>>,
    ) -> Result<http::Response<AnswerBody>, E> {
        let (mut head, incoming) = request.into_parts();
        let body = self.request_body(incoming);
        let is_head = head.method == Method::HEAD;
        let is_tls = self.connection.tls.is_some();
        let (answer, is_refused) = match framing::admit(&mut head, is_tls, &self.limits) {
            Ok(()) => {
                let request = Request::from_parts(head, body);
                let connection = Arc::clone(&self.connection);
                (self.handler.handle(connection, request).await, false)
            }
            Err(breach) => {
                tracing::debug!(
                    listener.id = %self.connection.listener,
                    status = breach.status.as_u16(),
                    rule = breach.what,
                    "request refused by the edge"
                );
                (self.handler.refuse(&self.connection, &head, breach), true)
            }
        };
        let (mut head, mut body) = answer.into_parts();
        let wants_close = wants_close(&head.headers);
        strip_hop_by_hop(&mut head.headers);
        if is_head && self.version == Alpn::Http2 {
            body = without_content(&mut head.headers, &body);
        }
        if self.version == Alpn::Http1 && (wants_close || is_refused || self.must_close()) {
            head.headers
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let body = AnswerBody::new(body, progress, in_progress);
        Ok(http::Response::from_parts(head, body))
    }

    /// Whether the connection cannot go on after this answer: it had its share of requests, or so
    /// much of the request was not read that it is not worth reading. Of little that was not read,
    /// hyper drops what is there and otherwise closes.
    fn must_close(&self) -> bool {
        self.pulse.served() >= self.limits.requests_per_connection
            || self.pulse.unread() > UNREAD_BYTES_MAX
    }

    fn request_body(&self, incoming: Incoming) -> MessageBody {
        if incoming.is_end_stream() {
            return model::empty();
        }
        let pulse = Arc::clone(&self.pulse);
        MessageBody::new(RequestBody::new(incoming, pulse, &self.limits))
    }
}
