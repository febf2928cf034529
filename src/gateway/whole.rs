//! A body that is needed whole: read to its end, or to a limit.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use http_body_util::{BodyExt, Collected, Limited};

use model::{BodyError, MessageBody};

/// Reads a body of at most so many bytes; its trailers are left out. A longer one breaks with
/// [`http_body_util::LengthLimitError`].
pub(crate) fn whole(
    body: MessageBody,
    bytes_max: usize,
) -> BoxFuture<'static, Result<Bytes, BodyError>> {
    let collected = Limited::new(body, bytes_max).collect();
    collected.map_ok(Collected::to_bytes).boxed()
}
