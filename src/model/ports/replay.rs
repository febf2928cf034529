//! Port: claim something once (RFC 7523 §3 `jti` of client assertions).

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::StoreUnavailable;
use crate::{BankId, ClientId};

/// What a claim found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// It was free and is now taken, durably.
    First,
    /// Somebody had taken it.
    Seen,
}

/// Remembers what may be used once.
pub trait Replay: Send + Sync {
    /// Takes `jti` for `client` at `bank` until `expires`. Of two callers with the same three
    /// exactly one gets [`Claim::First`]; banks see nothing of each other's. When the future
    /// resolves the claim survives a crash. Entries past `expires` may be forgotten.
    fn claim<'a>(
        &'a self,
        bank: &'a BankId,
        client: &'a ClientId,
        jti: &'a str,
        expires: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Claim, StoreUnavailable>>;
}
