//! An answer on its way out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, HeaderMap, HeaderName, TE, TRANSFER_ENCODING, UPGRADE};
use http_body::{Body, Frame, SizeHint};
use model::{BodyError, MessageBody};

use crate::pulse::InProgress;
use crate::streams::Progress;

/// An answer's body. While it lives, its request is in progress.
pub(crate) struct AnswerBody {
    body: MessageBody,
    progress: Option<Arc<Progress>>,
    _in_progress: InProgress,
}

impl AnswerBody {
    /// `progress` is the stream's, on HTTP/2.
    pub(crate) fn new(
        body: MessageBody,
        progress: Option<Arc<Progress>>,
        in_progress: InProgress,
    ) -> Self {
        Self {
            body,
            progress,
            _in_progress: in_progress,
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(progress) = &self.progress {
            progress.note(polled.is_ready());
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

/// Removes what a handler may not say: the fields of one hop (RFC 9110 §7.6.1). Answers whether
/// the handler wished the connection to close.
pub(crate) fn strip_hop_by_hop(headers: &mut HeaderMap) -> bool {
    let mut wants_close = false;
    if headers.contains_key(CONNECTION) {
        let mut named = Vec::new();
        for token in crate::framing::tokens(headers, &CONNECTION) {
            if token.eq_ignore_ascii_case(b"close") {
                wants_close = true;
            } else if let Ok(name) = HeaderName::from_bytes(token) {
                named.push(name);
            }
        }
        for name in named {
            headers.remove(name);
        }
        headers.remove(CONNECTION);
    }
    for name in [TRANSFER_ENCODING, UPGRADE, TE] {
        headers.remove(name);
    }
    for name in ["keep-alive", "proxy-connection"] {
        headers.remove(name);
    }
    wants_close
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn fields_of_one_hop_and_those_that_connection_names_do_not_leave() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, x-hop"),
            ("x-hop", "1"),
            ("keep-alive", "timeout=5"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("content-type", "text/plain"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        assert!(strip_hop_by_hop(&mut headers));
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("content-type"));
        assert!(!strip_hop_by_hop(&mut headers));
    }
}
