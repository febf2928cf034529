//! Port: which accounts a customer could let an app see, by the bank's word.

use std::fmt;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::CustomersUnavailable;
use crate::{InteractionId, RequestId, ResourceId};

/// One account of a customer's, as it is told to them. Printed, it is told to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct OwnAccount {
    /// The bank's id of it, as operations name it.
    pub id: ResourceId,
    /// Its number as far as it is shown: the last digits; 1 to 40 characters.
    pub masked: String,
    /// What it is called, in Chinese; 1 to 200 characters.
    pub name_zh: String,
    /// The same in English.
    pub name_en: String,
    /// Its kind, in the bank's words, such as `savings`; 1 to 40 visible ASCII characters.
    pub kind: String,
    /// Its currency (ISO 4217).
    pub currency: [u8; 3],
    /// Why no app can be let see it; `None` where one can.
    pub unavailable: Option<AccountUnavailable>,
}

/// Why a customer cannot let an app see an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountUnavailable {
    /// It is somebody else's too.
    Joint,
    /// Nothing may be done with it at the moment.
    Frozen,
    /// It was closed.
    Closed,
    /// Accounts of its kind are shown to no app.
    Kind,
}

impl fmt::Debug for OwnAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnAccount")
            .field("kind", &self.kind)
            .field("unavailable", &self.unavailable)
            .finish_non_exhaustive()
    }
}

/// The bank as the keeper of its customers' accounts.
pub trait CustomerAccounts: Send + Sync {
    /// All accounts of a customer, by the bank's id of them, in the customer's order: at most 200,
    /// no id twice. `request` and `interaction` go along, so that the bank's log and ours can be
    /// laid side by side. Resolves within `deadline`, counted from the first poll.
    ///
    /// Errors: the bank does not answer, or what it answered cannot be understood whole.
    fn list<'a>(
        &'a self,
        subject: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<Vec<OwnAccount>, CustomersUnavailable>>;
}
