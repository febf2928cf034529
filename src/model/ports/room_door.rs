//! Port: a room on the road. What a product's callers ask for is answered by a room of this house
//! instead of a service of the bank's; the road admits, limits and records them all the same, and a
//! room never sees what was not admitted.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{
    BankId, Fault, InteractionId, Network, OperationId, Refusal, RequestId, Response, Who,
};

/// The longest body that a room is given, in bytes.
pub const ROOM_BODY_BYTES_MAX: usize = 64 * 1024;

/// A call that was admitted.
#[derive(Debug)]
pub struct RoomCall<'a> {
    /// Which operation of the product.
    pub operation: &'a OperationId,
    /// The path, as it came.
    pub path: &'a str,
    /// The values of the path's parameters, in their order, as they stand in the path.
    pub values: Vec<&'a str>,
    /// The body; empty where there is none, at most [`ROOM_BODY_BYTES_MAX`].
    pub body: Bytes,
    /// Of which bank.
    pub bank: &'a BankId,
    /// Who calls; its client is known.
    pub who: &'a Who,
    /// Where from.
    pub network: Network,
    /// When it came.
    pub now: Timestamp,
    /// Our id of it.
    pub request: RequestId,
    /// The partner's.
    pub interaction: &'a InteractionId,
}

/// Why a room does not do what it was asked.
#[derive(Debug)]
pub enum RoomFault {
    /// The partner is told why; nothing was done.
    Refused(Refusal),
    /// A store does not answer, or what was done cannot be recorded: the partner is told so.
    Unavailable(Refusal, Box<dyn std::error::Error + Send + Sync>),
    /// Something broke inside.
    Broke(Fault),
}

impl From<Refusal> for RoomFault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for RoomFault {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}

/// A room that answers a product's callers.
pub trait RoomDoor: Send + Sync {
    /// Answers a call. What it did is durable in the log when it resolves. Dropping the future
    /// withdraws nothing.
    fn answer<'a>(&'a self, call: RoomCall<'a>) -> BoxFuture<'a, Result<Response, RoomFault>>;
}
