//! Port: what a client may ask customers for, by the word of the bank's issuer of tokens.

use jiff::Timestamp;

use crate::{ClientId, ScopeSet};

/// Why a client may not ask for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOpen {
    /// No agreement of its partner's opens one of the scopes to it now.
    Scope,
    /// A detail is of no type that is open to it, or is not as its type has it: where.
    Details {
        /// A JSON Pointer (RFC 6901) into the array of details.
        pointer: String,
    },
    /// No token could carry all of it.
    TooLong,
}

/// What the clients of a bank may ask customers for.
pub trait ClientRights: Send + Sync {
    /// Whether a client may ask for these scopes, and for these details (RFC 9396): a JSON array,
    /// empty where there are none. A client that is not known may ask for nothing.
    fn may_have(
        &self,
        client: &ClientId,
        scopes: &ScopeSet,
        details: &str,
        now: Timestamp,
    ) -> Result<(), NotOpen>;

    /// What records call a customer: keyed by the bank, so that nobody else finds it out. `None`
    /// where customers grant nothing.
    fn pseudonym(&self, subject: &str) -> Option<[u8; 32]>;

    /// Until when an access token that was issued by now may be shown.
    fn shown_until(&self, now: Timestamp) -> Timestamp;
}
