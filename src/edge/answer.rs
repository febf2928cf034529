//! An answer on its way out.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue};
use http_body::{Body, Frame, SizeHint};
use model::{BodyError, MessageBody};

use crate::framing;
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

/// Whether a handler wished the connection to close with its answer (RFC 9112 §9.6).
pub(crate) fn wants_close(headers: &HeaderMap) -> bool {
    framing::tokens(headers, &CONNECTION).any(|token| token.eq_ignore_ascii_case(b"close"))
}

/// Makes an answer one to a HEAD request: its body does not leave, and is only asked for the length
/// that a GET would have told (RFC 9110 §9.3.2, §8.6). hyper does this on HTTP/1.1 alone.
pub(crate) fn without_content(headers: &mut HeaderMap, body: &MessageBody) -> MessageBody {
    if !body.is_end_stream()
        && let Some(length) = body.size_hint().exact()
    {
        let length = || HeaderValue::from(length);
        headers.entry(CONTENT_LENGTH).or_insert_with(length);
    }
    model::empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_option_close_wishes_the_connection_closed() {
        for (value, expected) in [("keep-alive, Close", true), ("x-close", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(CONNECTION, HeaderValue::from_static(value));
            assert_eq!(wants_close(&headers), expected, "{value}");
        }
        assert!(!wants_close(&HeaderMap::new()));
    }
}
