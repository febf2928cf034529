//! A body that is needed whole: read to its end, or to a limit.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt, TryFutureExt};
use http_body_util::{BodyExt, Collected, LengthLimitError, Limited};

use model::{BodyBroken, BodyError, MessageBody, Refusal};

/// Reads a body of at most so many bytes; its trailers are left out. A longer one breaks with
/// [`http_body_util::LengthLimitError`].
pub(crate) fn whole(
    body: MessageBody,
    bytes_max: usize,
) -> BoxFuture<'static, Result<Bytes, BodyError>> {
    let collected = Limited::new(body, bytes_max).collect();
    collected.map_ok(Collected::to_bytes).boxed()
}

/// Reads the body of a request of at most so many bytes.
///
/// Errors: what the partner is told of one that is longer, too slow or broken off.
pub(crate) async fn asked(body: MessageBody, bytes_max: usize) -> Result<Bytes, Refusal> {
    let read = whole(body, bytes_max).await;
    read.map_err(|error| broken(&error, bytes_max))
}

fn broken(error: &BodyError, bytes_max: usize) -> Refusal {
    if error.is::<LengthLimitError>() {
        let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX);
        return Refusal::BodyTooLarge { limit };
    }
    match error.downcast_ref() {
        Some(BodyBroken::TooLarge { limit }) => Refusal::BodyTooLarge { limit: *limit },
        Some(BodyBroken::TooSlow) => Refusal::BodyTooSlow,
        Some(BodyBroken::BrokenOff) | None => Refusal::MalformedRequest {
            what: "The request's body broke off.",
        },
    }
}
