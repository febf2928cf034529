//! A request's body, counted as it is read.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

use model::{BodyError, MessageBody};

/// A request's body, its bytes counted as they are read.
pub(crate) struct Counted {
    inner: MessageBody,
    bytes: Arc<AtomicU64>,
}

impl Counted {
    /// The body and its count; one that has no bytes needs none.
    pub(crate) fn count(inner: MessageBody) -> (MessageBody, Option<Arc<AtomicU64>>) {
        if inner.is_end_stream() {
            return (inner, None);
        }
        let bytes = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&bytes);
        (Self { inner, bytes }.boxed_unsync(), Some(count))
    }
}

impl Body for Counted {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.inner).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.bytes.fetch_add(data.len() as u64, Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
