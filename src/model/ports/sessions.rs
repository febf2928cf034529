//! Port: the customers who are logged in.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Posted, StoreUnavailable};
use crate::{BankId, GrantEvent};

/// A customer who logged in. Printed, it names nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the secret in the cookie, unique within a bank.
    pub digest: [u8; 32],
    /// The customer, as the bank names them; at most 1,024 bytes.
    pub subject: String,
    /// How the customer knows themself; at most 1,024 bytes.
    pub shown: String,
    /// When the customer proved who they are (OpenID Connect Core §2, `auth_time`).
    pub auth_time: Timestamp,
    /// How strongly (`acr`), if that was said; at most 1,024 bytes.
    pub acr: Option<String>,
    /// From this instant on it is over.
    pub expires: Timestamp,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("auth_time", &self.auth_time)
            .field("acr", &self.acr)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// The sessions of the banks' customers. Banks see nothing of each other's. Instants are kept to
/// the microsecond.
pub trait Sessions: Send + Sync {
    /// Begins a session, and ends the one of the digest `former` in the same change, where one is
    /// given and live. Durable when it resolves, and the event with it. A customer has 64 at most:
    /// of more, those that expire first end. A digest that is taken is an error.
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Posted, StoreUnavailable>>;

    /// The session of this digest; `None` when it ended, expired or never was.
    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<Session>, StoreUnavailable>>;

    /// Ends a session; says whether it was live. Durable when it resolves.
    fn end<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>>;
}
