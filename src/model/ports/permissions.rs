//! Port: what a customer keeps of what they let apps do, as the issuer's pages ask it. The issuer
//! knows the browser and who is logged in with it; whoever is behind this port shows that customer
//! their consents, and ends them.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{Consent, DeskFault, DeskForm, Posted, SeatedCustomer, WhoAsks};
use crate::{ClientId, GrantAction, GrantEvent, InteractionId, RequestId, Response};

/// A customer who looks at their permissions.
#[derive(Clone, Copy)]
pub struct Looker<'a> {
    /// Who.
    pub customer: SeatedCustomer<'a>,
    /// The language: `zh-CN` or `en`.
    pub language: &'static str,
    /// The bank's name; at most 200 characters.
    pub bank: &'a str,
    /// The host that the customer should find in the address bar.
    pub host: &'a str,
    /// The address of the same page in the other language.
    pub switch: &'a str,
    /// The path of the list: all other addresses are below it.
    pub path: &'a str,
    /// Whether JSON is answered in the place of a page.
    pub as_json: bool,
    /// Makes the form that is sent to this path below that of the list: 1 to 100 characters.
    pub form: &'a (dyn Fn(&str) -> DeskForm + Send + Sync),
    /// Who a client is to customers; `None` of one that is a client no more.
    pub app: &'a (dyn Fn(&ClientId) -> Option<WhoAsks<'a>> + Send + Sync),
    /// Makes the event of a step on a consent, of now, in this request of the browser's.
    pub event: &'a (dyn Fn(GrantAction, &Consent) -> GrantEvent + Send + Sync),
    /// Until when a token that was issued by now may be shown.
    pub tokens_until: Timestamp,
    /// Now.
    pub now: Timestamp,
    /// Our id of the request; it stands on the page too.
    pub request_id: RequestId,
    /// The browser's.
    pub interaction: &'a InteractionId,
}

impl fmt::Debug for Looker<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Looker")
            .field("customer", &self.customer)
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// What a customer looks at. Ids are as they stand in the address: nothing is known of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look<'a> {
    /// What they gave, and what waits for them, 50 a page.
    List {
        /// What the app's name has in it; empty: any.
        search: &'a str,
        /// Which page, from 1.
        page: u32,
    },
    /// All that they decided, refusals too, 50 a page.
    History {
        /// Which page, from 1.
        page: u32,
    },
    /// One consent, with each access under it, 50 a page.
    One {
        /// Its id.
        id: &'a str,
        /// After which place the accesses are shown, as a page before says it; empty: the latest.
        after: &'a str,
    },
    /// What would stop if they withdrew it.
    Withdrawal(&'a str),
    /// What they were shown when they decided, to keep.
    Receipt(&'a str),
}

/// What is answered to a look.
#[derive(Debug)]
pub enum Looked {
    /// This.
    Answer(Response),
    /// There is nothing of this customer's: what is another's, and what is no id at all, is told
    /// alike (CO-25).
    Unknown,
}

/// What became of a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawn {
    /// It is not in force: by this, or because it had ended before.
    Ended,
    /// Its customer said that they still need it.
    Kept,
    /// There is nothing of this customer's.
    Unknown,
}

/// What became of a withdrawal, and its event, which waits for the log.
pub type WithdrawalSaid = (Result<Withdrawn, DeskFault>, Vec<Posted>);

/// The permissions of a bank's customers.
pub trait Permissions: Send + Sync {
    /// Shows a customer what they look at. Nothing changes.
    fn show<'a>(
        &'a self,
        looker: Looker<'a>,
        look: Look<'a>,
    ) -> BoxFuture<'a, Result<Looked, DeskFault>>;

    /// Withdraws a consent of the customer's, or notes that they still need it, by a form that said
    /// this (`act`: `withdraw` or `keep`) and was proved to be of this session. When a withdrawal
    /// resolves, no token of it is good on this node.
    fn withdraw<'a>(
        &'a self,
        looker: Looker<'a>,
        id: &'a str,
        members: &'a [(String, String)],
    ) -> BoxFuture<'a, WithdrawalSaid>;
}
