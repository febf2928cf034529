//! Port: who a customer is, by the bank's word.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::{InteractionId, RequestId};

/// The bank did not say who the customer is, or what it said cannot be understood. Nobody is
/// logged in; the bank may have counted the try.
#[derive(Debug, thiserror::Error)]
#[error("the bank's customers are unavailable: {doing}")]
pub struct CustomersUnavailable {
    /// What was being done.
    pub doing: &'static str,
    /// Why not. Never holds a password, nor any of what the bank answered.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// A customer who proved who they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// The bank's id of the customer: 1 to 255 visible ASCII characters, the same at each log-in.
    /// Never shown to partners: a `sub` is derived from it (OpenID Connect Core §8).
    pub subject: String,
    /// How customers know themselves, such as the user name: 1 to 200 characters, none of them a
    /// control character.
    pub shown: String,
    /// How strongly they proved it (OpenID Connect Core §2, `acr`), if the bank says: 1 to 255
    /// visible ASCII characters.
    pub acr: Option<String>,
}

/// Says how strongly, not who: what is printed may end in a log.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Customer")
            .field("acr", &self.acr)
            .finish_non_exhaustive()
    }
}

/// What the bank says to a user name and a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogIn {
    /// They are this customer's.
    Known(Customer),
    /// They are nobody's. An unknown name and a wrong password are one answer: it tells nobody who
    /// is a customer.
    Wrong {
        /// How many more tries there are before the name is locked; at least 1.
        tries_left: u32,
    },
    /// Too many were wrong: until this instant of the bank's clock the name is refused, whatever
    /// the password.
    LockedUntil(Timestamp),
}

/// The bank as the judge of who a customer is.
pub trait CustomerAuth: Send + Sync {
    /// Asks the bank, once: whatever happens, the try is not repeated, since the bank counts them.
    /// `request` and `interaction` go along, so that the bank's log and ours can be laid side by
    /// side. Resolves within `deadline`, counted from the first poll. Nothing of the password is
    /// kept, and it stands in no error.
    fn log_in<'a>(
        &'a self,
        user_name: &'a str,
        password: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>>;
}
