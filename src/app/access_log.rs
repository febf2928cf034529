//! The access log: one line for each request, at every door but the probes'. Never a path, a query,
//! a header or an address of the caller's: its network, as the audit log has it, is enough to find
//! whom to ask.
//!
//! | field | what |
//! |---|---|
//! | `request.id`, `interaction.id` | our id, the partner's |
//! | `listener.id`, `peer.network`, `tls.version` | where it came in, from which /24 or /48 |
//! | `http.method`, `http.version`, `http.status`, `code` | what was asked, and how it was answered |
//! | `bank.id`, `product.id`, `operation.id` | what was called, when it was found |
//! | `partner.id`, `client.id` | who called, as far as it is known |
//! | `duration_ms`, `upstream_ms`, `end_ms` | to the answer's head, of it the bank's; to its last byte |
//! | `bytes_in`, `bytes_out`, `ended` | of the bodies; clean, cut or aborted |
//!
//! A client that hung up before an answer has a line without status.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use jiff::Timestamp;

use model::{
    BankId, BodyError, ClientId, Clock, Connection, Ended, Facts, InteractionId, ListenerId,
    MessageBody, PartnerId, RequestId, Response,
};

use crate::telemetry;

/// A line on its way: written when it is dropped, which is when its answer ends.
pub(crate) struct Line {
    clock: Arc<dyn Clock>,
    /// When the request came, by the wall and by the clock that never goes back.
    now: Timestamp,
    started: Duration,
    request: RequestId,
    interaction: InteractionId,
    listener: ListenerId,
    peer: IpAddr,
    tls: Option<&'static str>,
    method: &'static str,
    version: &'static str,
    bytes_in: Option<Arc<AtomicU64>>,
    bytes_out: u64,
    status: Option<u16>,
    head: Option<Duration>,
    facts: Facts,
    ended: Ended,
}

impl Line {
    /// Opens the line of a request that has just come.
    pub(crate) fn open(
        clock: &Arc<dyn Clock>,
        (now, started): (Timestamp, Duration),
        (request, interaction): &(RequestId, InteractionId),
        connection: &Connection,
        (method, version): (&Method, Version),
    ) -> Self {
        Self {
            clock: Arc::clone(clock),
            now,
            started,
            request: *request,
            interaction: interaction.clone(),
            listener: connection.listener.clone(),
            peer: connection.peer.ip(),
            tls: connection.tls.as_ref().map(|tls| tls.version),
            method: model::method_word(method),
            version: number(version),
            bytes_in: None,
            bytes_out: 0,
            status: None,
            head: None,
            facts: Facts::default(),
            ended: Ended::Aborted,
        }
    }

    /// The count of the bytes of the request's body, if it has one.
    pub(crate) fn counts(&mut self, bytes_in: Option<Arc<AtomicU64>>) {
        self.bytes_in = bytes_in;
    }

    /// The answer's head is ready: the line goes along with its body.
    pub(crate) fn answered(mut self, response: Response, facts: Facts) -> Response {
        self.status = Some(response.status().as_u16());
        self.head = Some(facts.took.unwrap_or_else(|| self.since_start()));
        self.facts = facts;
        let (head, body) = response.into_parts();
        // The answer to HEAD has none, whatever a handler gives (RFC 9110 §9.3.2).
        if body.is_end_stream() || self.method == "HEAD" {
            self.ended = Ended::Clean;
            return Response::from_parts(head, body);
        }
        let logged = Logged {
            body,
            line: Some(self),
        };
        Response::from_parts(head, logged.boxed_unsync())
    }

    fn since_start(&self) -> Duration {
        self.clock.monotonic().saturating_sub(self.started)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let facts = &self.facts;
        let end = self.since_start();
        let bytes_in = self.bytes_in.as_ref();
        let bytes_in = bytes_in.map_or(0, |bytes| bytes.load(Ordering::Relaxed));
        let at = self.now.checked_add(end).unwrap_or(Timestamp::MAX);
        telemetry::tell(at, ("access", "answered"), |fields| {
            fields.word("request.id", self.request.text().as_str());
            fields.word("interaction.id", self.interaction.as_str());
            fields.word("listener.id", self.listener.as_str());
            fields.network("peer.network", self.peer);
            fields.word_if("tls.version", self.tls);
            fields.word("http.method", self.method);
            fields.word("http.version", self.version);
            if let Some(status) = self.status {
                fields.number("http.status", u64::from(status));
            }
            fields.word_if("code", facts.code);
            fields.word_if("bank.id", facts.bank.as_ref().map(BankId::as_str));
            if let Some(object) = &facts.object {
                fields.word("product.id", object.product.as_str());
                fields.word("operation.id", object.operation.as_str());
            }
            fields.word_if("partner.id", facts.partner.as_ref().map(PartnerId::as_str));
            fields.word_if("client.id", facts.client.as_ref().map(ClientId::as_str));
            if let Some(head) = self.head {
                fields.milliseconds("duration_ms", head);
            }
            if let Some(upstream) = facts.upstream {
                fields.milliseconds("upstream_ms", upstream);
            }
            fields.milliseconds("end_ms", end);
            fields.number("bytes_in", bytes_in);
            fields.number("bytes_out", self.bytes_out);
            fields.word("ended", self.ended.as_str());
        });
    }
}

/// An answer's body with its line.
struct Logged {
    body: MessageBody,
    /// Taken and dropped when the body ends.
    line: Option<Line>,
}

impl Logged {
    fn end(&mut self, ended: Ended) {
        if let Some(mut line) = self.line.take() {
            line.ended = ended;
        }
    }
}

impl Body for Logged {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                if let Some(line) = &mut self.line {
                    line.bytes_out += length as u64;
                }
                // Nobody asks for more when the last frame says that it is the last.
                if self.body.is_end_stream() {
                    self.end(Ended::Clean);
                }
            }
            Poll::Ready(Some(Err(_))) => self.end(Ended::Cut),
            Poll::Ready(None) => self.end(Ended::Clean),
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn number(version: Version) -> &'static str {
    match version {
        Version::HTTP_10 => "1.0",
        Version::HTTP_2 => "2",
        _ => "1.1",
    }
}
