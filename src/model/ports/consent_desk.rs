//! Port: the consent desk, as the authorization endpoint asks it. The endpoint knows the browser,
//! the customer, the app and the way back to it; the desk decides what the customer is asked, shows
//! it and hears the answer. It never redirects, and knows neither `redirect_uri`, `state` nor code.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{AgreedConsent, Change, Posted, StoreUnavailable};
use crate::{
    BankId, ClientId, ConsentId, ConsentPart, Fault, GrantAction, GrantEvent, GrantId,
    InteractionId, RequestId, Response, Scope, ScopeSet, SignedRequest,
};

/// What an app asks for.
#[derive(Debug, Clone, Copy)]
pub struct AskedFor<'a> {
    /// Of which bank.
    pub bank: &'a BankId,
    /// Which client.
    pub client: &'a ClientId,
    /// The scopes.
    pub scopes: &'a ScopeSet,
    /// The authorization details (RFC 9396), each of a type of the bank and fit by its schema: a
    /// JSON array, empty where there are none.
    pub details: &'a str,
    /// Now.
    pub now: Timestamp,
}

/// Whether an app may ask for that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MayAsk {
    /// It may.
    Yes,
    /// A scope is not open to customers.
    Scope,
    /// The details do not go with the scopes, or name a consent that is not this client's to give.
    Details,
}

/// Who asks, in the language of the page.
#[derive(Debug, Clone, Copy)]
pub struct WhoAsks<'a> {
    /// The app's name; at most 200 characters.
    pub app: &'a str,
    /// The partner's registered name; at most 200 characters.
    pub legal: &'a str,
    /// The organization identifier in the partner's certificates.
    pub number: &'a str,
    /// Where the partner is reached about data; at most 200 characters.
    pub contact: &'a str,
}

/// The customer who is logged in with this browser. Printed, they are nobody.
#[derive(Clone, Copy)]
pub struct SeatedCustomer<'a> {
    /// The bank's id of them.
    pub subject: &'a str,
    /// How they know themselves, such as a user name; at most 200 characters.
    pub shown: &'a str,
    /// How strongly they proved it.
    pub acr: Option<&'a str>,
    /// What records call them: keyed by the bank, so that nobody else finds it out.
    pub pseudonym: [u8; 32],
}

impl fmt::Debug for SeatedCustomer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeatedCustomer")
            .field("acr", &self.acr)
            .finish_non_exhaustive()
    }
}

/// A form of the endpoint's, which comes back to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskForm {
    /// The path that it is sent to, by POST.
    pub action: String,
    /// Its hidden member `csrf`.
    pub csrf: String,
    /// Its hidden member `request`.
    pub request: String,
}

/// What stands on the page whatever it says.
#[derive(Clone, Copy)]
pub struct DeskPage<'a> {
    /// Its language: `zh-CN` or `en`.
    pub language: &'static str,
    /// The bank's name; at most 200 characters.
    pub bank: &'a str,
    /// The host that the customer should find in the address bar.
    pub host: &'a str,
    /// The address of the same page in the other language.
    pub switch: &'a str,
    /// Makes the form that says this beside: what it says comes back in [`Answer::beside`], proved
    /// to be from a page of this session. 1 to 64 characters of `A-Z a-z 0-9 . -`.
    pub form: &'a (dyn Fn(&str) -> DeskForm + Send + Sync),
}

impl fmt::Debug for DeskPage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeskPage")
            .field("language", &self.language)
            .finish_non_exhaustive()
    }
}

/// A customer at the desk, over one pushed request.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// What is asked for.
    pub asked: AskedFor<'a>,
    /// SHA-256 of the `request_uri`.
    pub request: [u8; 32],
    /// The request as the partner sent it.
    pub signed: &'a SignedRequest,
    /// Who asks.
    pub who: WhoAsks<'a>,
    /// The app's name in the language that the page is not in; at most 200 characters.
    pub app_elsewhere: &'a str,
    /// Who is asked.
    pub customer: SeatedCustomer<'a>,
    /// The page.
    pub page: DeskPage<'a>,
    /// When the link was opened first.
    pub opened_at: Timestamp,
    /// The latest instant at which what the bank grants may end.
    pub latest_end: Timestamp,
    /// Until when access tokens of a consent that ends now may be shown.
    pub tokens_until: Timestamp,
    /// Makes the event of a step, of now, in this request of the browser's, by this grant's id.
    pub event: &'a (dyn Fn(GrantAction, Option<&GrantId>) -> GrantEvent + Send + Sync),
    /// Our id of the request; it stands on the page too.
    pub request_id: RequestId,
    /// The browser's.
    pub interaction: &'a InteractionId,
}

impl fmt::Debug for Seat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat")
            .field("asked", &self.asked)
            .field("page", &self.page)
            .finish_non_exhaustive()
    }
}

/// What a form said. Printed, it says nothing: it may hold a code.
#[derive(Clone, Copy)]
pub struct Answer<'a> {
    /// What the form was made to say, proved to be from a page of this session.
    pub beside: &'a str,
    /// Its members, in their order, but for `csrf` and `request`. A name may stand more than once.
    pub members: &'a [(String, String)],
}

impl fmt::Debug for Answer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("beside", &self.beside)
            .finish_non_exhaustive()
    }
}

/// What comes next.
#[derive(Debug)]
pub enum DeskStep {
    /// This page.
    Page(Response),
    /// The authorization endpoint once more, by 303: what was answered took hold.
    Again,
    /// The customer has consented.
    Agreed(Box<DeskAgreed>),
    /// Nothing comes of it: the app is told why.
    Over(Box<DeskOver>),
}

/// The member of authorization details in which a desk says which account the customer chose. It is
/// the desk's to write: no schema has to name it, and no client may ask for it (CO-18).
pub const CHOSEN_ACCOUNT: &str = "account";

/// What a customer consented to.
#[derive(Debug)]
pub struct DeskAgreed {
    /// The consent, for [`super::Grants::approve`].
    pub consent: AgreedConsent,
    /// The authorization details of the grant: those that were asked for with what the customer
    /// chose, a JSON array.
    pub details: String,
    /// When the grant ends.
    pub until: Timestamp,
    /// What records tell of it.
    pub part: ConsentPart,
    /// The same of the one whose place it takes.
    pub superseded: Option<ConsentPart>,
}

/// Why nothing comes of a request.
#[derive(Debug)]
pub struct DeskOver {
    /// What the app is told (RFC 6749 §4.1.2.1).
    pub error: &'static str,
    /// What the customer is told.
    pub ending: DeskEnding,
    /// The edge that the consent takes with it, for [`super::Grants::turn_down`]; `None` where
    /// there is no consent, or it has ended.
    pub declined: Option<Declined>,
}

/// A consent that ends undecided, or refused.
#[derive(Debug, Clone)]
pub struct Declined {
    /// Which.
    pub consent: ConsentId,
    /// By which edge: refuse, lock or lapse.
    pub change: Change,
    /// What records tell of it.
    pub part: ConsentPart,
}

/// How a visit to the desk ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DeskEnding {
    /// The customer refused.
    Refused,
    /// The app took back what it asked for.
    TakenBack,
    /// The customer refused, and withdrew what they had given before.
    Stopped,
    /// Nobody decided in time.
    TimedOut,
    /// The second factor failed too often.
    Locked,
    /// The customer has no account that could be chosen.
    NoAccounts,
    /// What is asked for cannot be given any more.
    Failed,
}

/// The desk cannot decide right now, or broke.
#[derive(Debug, thiserror::Error)]
pub enum DeskFault {
    /// A store or the bank does not answer; soon it may.
    #[error("the desk cannot decide right now")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// Something broke inside.
    #[error("the desk broke")]
    Broke(#[source] Fault),
    /// The form breaks a rule, which a page of ours never does.
    #[error("the form breaks a rule: {0}")]
    Form(&'static str),
}

impl From<StoreUnavailable> for DeskFault {
    fn from(cause: StoreUnavailable) -> Self {
        Self::Unavailable(Box::new(cause))
    }
}

impl From<Fault> for DeskFault {
    fn from(fault: Fault) -> Self {
        Self::Broke(fault)
    }
}

/// What became of a call of the desk: what comes next, and the events of what took hold meanwhile,
/// which wait for the log.
pub type DeskSaid = (Result<DeskStep, DeskFault>, Vec<Posted>);

/// The bank's consent desk.
pub trait ConsentDesk: Send + Sync {
    /// Whether customers may be asked for this scope at all: the consent catalogue of today has it.
    /// What left that leaves new tokens, whoever consented to it.
    fn has_scope(&self, scope: &Scope) -> bool;

    /// Whether the app may ask for this: decided when the request is pushed, and again when its
    /// customer comes.
    fn may_ask<'a>(
        &'a self,
        asked: AskedFor<'a>,
    ) -> BoxFuture<'a, Result<MayAsk, StoreUnavailable>>;

    /// What the customer sees now. Asked again, as a reload does, it says the same.
    fn show<'a>(&'a self, seat: Seat<'a>) -> BoxFuture<'a, DeskSaid>;

    /// What a form of the customer's leads to.
    fn act<'a>(&'a self, seat: Seat<'a>, answer: Answer<'a>) -> BoxFuture<'a, DeskSaid>;
}
