//! The one request, response and body type that all rooms speak.

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Empty, Full};

/// What may break a body on its way, as an error of the `http-body` stream.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// A body: streamed, boxed, not shared.
pub type MessageBody = http_body_util::combinators::UnsyncBoxBody<Bytes, BodyError>;
/// A request as the edge hands it in.
pub type Request = http::Request<MessageBody>;
/// An answer as a room hands it back.
pub type Response = http::Response<MessageBody>;

/// Why a body did not arrive whole. Travels inside [`BodyError`]; downcast to tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyBroken {
    /// More bytes than allowed.
    #[error("the body is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// No byte for longer than allowed, or the whole took too long.
    #[error("the body came too slowly")]
    TooSlow,
    /// The other side went away in the middle.
    #[error("the body broke off")]
    BrokenOff,
}

/// A method as it is logged and shown: one that is registered for APIs, or `other`. A client may
/// invent a token as long as the head may be.
pub fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// A body without bytes.
pub fn empty() -> MessageBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A body that is held whole.
pub fn full(bytes: impl Into<Bytes>) -> MessageBody {
    Full::new(bytes.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}
