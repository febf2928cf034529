//! Port: consents, from what a partner asked for to their end, with the evidence of each decision.
//!
//! A consent is known by its id and by the SHA-256 of that, which tokens bear as their grant. Both
//! are unique within a bank for ever: a consent is never another's. Instants are kept to the
//! microsecond, opaque parts to the byte.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

use super::{Posted, StoreUnavailable};
use crate::{
    BankId, By, Channel, ClientId, ConsentId, ConsentState, Edge, Evidence, GrantEvent, Terms,
    TermsStanding, Why,
};

/// A consent as it stands. Printed, it does not name the customer.
#[derive(Clone, PartialEq, Eq)]
pub struct Consent {
    /// Its id.
    pub id: ConsentId,
    /// SHA-256 of its id.
    pub digest: [u8; 32],
    /// The client it is for.
    pub client: ClientId,
    /// The customer, as the bank names them, once one logged in; at most 1,024 bytes.
    pub subject: Option<String>,
    /// SHA-256 of the `request_uri` with which the customer came, unique within a bank.
    pub request: Option<[u8; 32]>,
    /// Where it stands.
    pub state: ConsentState,
    /// Counts its edges, from 0.
    pub version: u32,
    /// What is asked: opaque to the store; at most 64 KiB.
    pub lodged: Vec<u8>,
    /// What the customer has chosen so far: opaque to the store; at most 256 KiB. Empty once it is
    /// decided, until it is about to be renewed.
    pub draft: Vec<u8>,
    /// What it covers; `None` before it was in force. What has ended keeps them.
    pub terms: Option<Terms>,
    /// When it was made.
    pub made_at: Timestamp,
    /// From this instant on nobody can allow it; it waits to be said lapsed.
    pub decide_until: Timestamp,
    /// How often the customer took more time.
    pub extended: u8,
    /// When it last took an edge; of one that took none, when it was made.
    pub changed_at: Timestamp,
    /// When it ends, as far as that is known.
    pub expires: Option<Timestamp>,
    /// Until when tokens of it could be shown, once it was in force and has ended.
    pub ended_until: Option<Timestamp>,
    /// The one it is to take the place of.
    pub replaces: Option<ConsentId>,
    /// The one that took its place.
    pub replaced_by: Option<ConsentId>,
    /// Whether the partner made it, before its customer came.
    pub is_lodged: bool,
    /// Who ended it, as far as that was said.
    pub ended_by: Option<By>,
    /// By which way it ended, as far as that was said.
    pub ended_on: Option<Channel>,
    /// Why it ended, in a person's words; at most 1 KiB.
    pub reason: Option<String>,
    /// When its customer last said that they still need it, since they gave it.
    pub confirmed_at: Option<Timestamp>,
}

impl Consent {
    /// Where it stands at an instant, and since when: one whose time has come has ended, whether or
    /// not anybody said so.
    pub fn stands(&self, now: Timestamp) -> (ConsentState, Timestamp) {
        let past = |end: Timestamp| Some(end).filter(|end| *end <= now);
        match self.state {
            state if state.is_undecided() => match past(self.decide_until) {
                Some(end) => (ConsentState::Lapsed, end),
                None => (state, self.changed_at),
            },
            ConsentState::Authorised => match self.expires.and_then(past) {
                Some(end) => (ConsentState::Expired, end),
                None => (ConsentState::Authorised, self.changed_at),
            },
            state => (state, self.changed_at),
        }
    }

    /// From when on the app has to ask its customer once more, if that has come to one that is in
    /// force.
    pub fn paused_since(&self, now: Timestamp) -> Option<Timestamp> {
        let terms = self.terms.as_ref()?;
        let is_paused = self.stands(now).0 == ConsentState::Authorised
            && terms.standing(now) == TermsStanding::Paused;
        terms.reauth_at.filter(|_| is_paused)
    }
}

/// An edge of which evidence is kept: which, who took it, and when.
pub type Decided = (Edge, By, Timestamp);

impl fmt::Debug for Consent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consent")
            .field("id", &self.id)
            .field("client", &self.client)
            .field("state", &self.state)
            .field("version", &self.version)
            .field("changed_at", &self.changed_at)
            .field("decide_until", &self.decide_until)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What became of a consent that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lodge {
    /// It is made; its event waits for the log.
    Kept(Posted),
    /// There is this one of the same pushed request, as when two tabs open it; nothing changed.
    Known(Box<Consent>),
    /// The client has 10,000 that are undecided; nothing changed.
    Full,
}

/// An edge of a consent that is undecided; or the refusal to renew one that is in force, which
/// stays as it is. Printed, it names nobody.
#[derive(Clone)]
pub struct Change {
    /// The state it leaves.
    pub from: ConsentState,
    /// The version it changes.
    pub version: u32,
    /// The edge: open, allow, extend, refuse, lock or lapse.
    pub edge: Edge,
    /// The customer, where none is known yet; `None`: as before.
    pub subject: Option<String>,
    /// The pushed request with which they came, from now on; `None`: as before.
    pub request: Option<[u8; 32]>,
    /// What they have chosen so far; `None`: as before.
    pub draft: Option<Vec<u8>>,
    /// Until when they can decide: of an extension, and of that alone. It is later than before,
    /// and within [`crate::DECIDED_WITHIN`] of the making.
    pub decide_until: Option<Timestamp>,
    /// What is kept of it; its edge is this one.
    pub evidence: Option<Evidence>,
    /// Why it ended.
    pub reason: Option<String>,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("from", &self.from)
            .field("version", &self.version)
            .field("edge", &self.edge)
            .field("decide_until", &self.decide_until)
            .finish_non_exhaustive()
    }
}

/// What a customer has chosen so far, on a consent that takes no edge by it. Printed, it names
/// nobody.
#[derive(Clone)]
pub struct Choices {
    /// The version it was chosen at; it stays.
    pub version: u32,
    /// The customer, where none is known yet; `None`: as before.
    pub subject: Option<String>,
    /// The pushed request with which they came, from now on; `None`: as before.
    pub request: Option<[u8; 32]>,
    /// The draft that it was chosen on, as it was read; empty where there was none.
    pub former: Vec<u8>,
    /// What they have chosen so far; `None`: as before.
    pub draft: Option<Vec<u8>>,
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Choices")
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What a customer consented to, as [`super::Grants::approve`] takes it. Printed, it names nobody.
#[derive(Clone)]
pub struct AgreedConsent {
    /// Its id, which is the grant's.
    pub id: ConsentId,
    /// The state it leaves, and the version it changes; `None`: it is made by this, of a request
    /// that opens no data.
    pub from: Option<(ConsentState, u32)>,
    /// The edge: authorise, or renew.
    pub edge: Edge,
    /// What it covers from now on, and for whom. Renewed, nothing that it did not cover before, for
    /// as long as its customer says.
    pub terms: Terms,
    /// What is kept of it; its edge is this one.
    pub evidence: Evidence,
    /// The one whose place it takes, with the instant until which access tokens of that may be
    /// shown.
    pub replaces: Option<(ConsentId, Timestamp)>,
}

impl fmt::Debug for AgreedConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AgreedConsent")
            .field("id", &self.id)
            .field("from", &self.from)
            .field("edge", &self.edge)
            .finish_non_exhaustive()
    }
}

/// What ends a consent that is in force. Printed, it repeats nobody's words.
#[derive(Clone)]
pub struct Withdrawal {
    /// The edge: withdraw, or expire.
    pub edge: Edge,
    /// Who does it.
    pub by: By,
    /// Why, in their words.
    pub reason: Option<String>,
    /// Until when access tokens of its grant may be shown.
    pub tokens_until: Timestamp,
    /// What is kept of it; its edge and its actor are these.
    pub evidence: Option<Evidence>,
}

impl fmt::Debug for Withdrawal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Withdrawal")
            .field("edge", &self.edge)
            .field("by", &self.by)
            .field("tokens_until", &self.tokens_until)
            .finish_non_exhaustive()
    }
}

/// What became of an attempt to change a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// It is changed, by this call alone; its event waits for the log.
    Done(Posted),
    /// It is not as the caller thought, or another customer's, but in this state; nothing changed.
    Otherwise(ConsentState),
    /// There is none, or the time to decide about it is over; nothing changed.
    Gone,
}

/// What became of what a customer has chosen so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// It is kept.
    Kept,
    /// The consent, or what was chosen of it, is not as the caller thought, or it is another
    /// customer's; it is in this state, and nothing changed.
    Otherwise(ConsentState),
    /// There is none, or the time to decide about it, or its own, is over; nothing changed.
    Gone,
}

/// What became of an attempt to spend an access of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spend {
    /// It is spent; so many are left.
    Left(u32),
    /// None was left; nothing changed.
    None,
}

/// Where a consent stands, and what it covers if it is in force.
pub type StandingConsent = (ConsentState, Option<Terms>);

/// A consent whose time has come, with its state and version.
pub type DueConsent = (ConsentId, ConsentState, u32);

/// An end whose tokens could still be shown: the digest of the consent, why it ended, and the
/// instant from which on they cannot.
pub type EndedConsent = ([u8; 32], Why, Timestamp);

/// The consents of the banks' customers.
///
/// Banks see nothing of each other's. Each call that changes a consent is one transaction, durable
/// when it resolves, and its evidence and its event are written in the same one: a call that fails
/// or changes nothing leaves none. Of all that change one version, one is [`Changed::Done`]. None
/// of these brings one into force: [`super::Grants::approve`] does, with its grant. Dropping the
/// future of a call withdraws nothing. An id, digest or pushed request that is taken is an error,
/// and so is a part that is too long, and an edge that the state or the call has not. Consents and
/// their evidence stay; only what lapsed before anybody logged in is forgotten, after 30 days.
pub trait Consents: Send + Sync {
    /// Keeps a consent that nobody has decided about: one that a partner asks for, in
    /// [`ConsentState::Requested`], or one that is made when its customer comes, in
    /// [`ConsentState::Reviewing`].
    fn lodge<'a>(
        &'a self,
        bank: &'a BankId,
        consent: Consent,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Lodge, StoreUnavailable>>;

    /// Takes an edge of one that is undecided, or the refusal to renew one in force: that is
    /// [`Changed::Gone`] once its end has come. From the instant on until which it can be decided
    /// it is [`Changed::Gone`] for whoever opens, allows or extends it; before that instant it does
    /// not lapse: then it is [`Changed::Otherwise`].
    fn change<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        change: Change,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>>;

    /// Keeps what a customer has chosen so far of one that is undecided, or of one in force that
    /// they are about to renew, without an edge and without an event. Of all that is chosen on one
    /// draft, one is kept: else what one counts would be put back by another.
    fn keep<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        choices: Choices,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Keep, StoreUnavailable>>;

    /// Ends one that is in force, of whatever version; and its grant, if there is one still, with
    /// its codes and refresh tokens, as [`super::Grants::revoke_grant`] does. It does not expire
    /// before its time, and is not withdrawn after: then it is [`Changed::Otherwise`].
    fn withdraw<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        withdrawal: Withdrawal,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Changed, StoreUnavailable>>;

    /// The consent of this id.
    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>>;

    /// The consent of the pushed request of this digest.
    fn of_request<'a>(
        &'a self,
        bank: &'a BankId,
        request: [u8; 32],
    ) -> BoxFuture<'a, Result<Option<Consent>, StoreUnavailable>>;

    /// Those of a customer, the last changed first, of one instant by id: so many, at most 50, that
    /// come after this one.
    fn of_customer<'a>(
        &'a self,
        bank: &'a BankId,
        subject: &'a str,
        after: Option<(Timestamp, ConsentId)>,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<Consent>, StoreUnavailable>>;

    /// Where the consent of this digest stands now, and what it covers if it is in force. One whose
    /// end has come is expired, whether or not anybody said so. `None` of a grant without one, as
    /// those of before there were consents.
    fn terms<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<StandingConsent>, StoreUnavailable>>;

    /// What was kept of a consent, in the order of its numbers.
    fn evidence<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Evidence>, StoreUnavailable>>;

    /// Of which edges evidence was kept, in the order of its numbers, without what was kept.
    fn decided<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
    ) -> BoxFuture<'a, Result<Vec<Decided>, StoreUnavailable>>;

    /// Notes that its customer still needs one that is in force at this instant: no edge, for
    /// nothing but the reminder changes by it. False where there is none of this customer's in
    /// force; then nothing changed. An instant before the one that is noted is left.
    fn confirm<'a>(
        &'a self,
        bank: &'a BankId,
        id: &'a ConsentId,
        subject: &'a str,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<bool, StoreUnavailable>>;

    /// Those that wait to be said lapsed, or expired, with their states and versions, the longest
    /// due first, of one instant by id: at most so many.
    fn due<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
        limit: u16,
    ) -> BoxFuture<'a, Result<Vec<DueConsent>, StoreUnavailable>>;

    /// Spends one access of a day, if fewer than `max` were. The digest is of whatever the caller
    /// counts by itself: it asks not whether there is a consent of it. Days are forgotten two days
    /// after.
    fn spend<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
        max: u32,
    ) -> BoxFuture<'a, Result<Spend, StoreUnavailable>>;

    /// Gives an access of a day back that was spent, once for each: there is one more again. Of
    /// what nobody spent nothing comes.
    fn give_back<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        day: Date,
    ) -> BoxFuture<'a, Result<(), StoreUnavailable>>;

    /// All that have ended and whose tokens could be shown now or later, in the order of their
    /// digests: for the memory, at start.
    fn ended<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Vec<EndedConsent>, StoreUnavailable>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_customers_are_called_choose_and_say_is_not_printed() {
        let change = Change {
            from: ConsentState::Requested,
            version: 0,
            edge: Edge::Open,
            subject: Some("marker".to_owned()),
            request: None,
            draft: Some(b"marker".to_vec()),
            decide_until: None,
            evidence: None,
            reason: Some("marker".to_owned()),
        };
        let withdrawal = Withdrawal {
            edge: Edge::Withdraw,
            by: By::Customer,
            reason: Some("marker".to_owned()),
            tokens_until: Timestamp::UNIX_EPOCH,
            evidence: None,
        };
        let choices = Choices {
            version: 7,
            subject: Some("marker".to_owned()),
            request: None,
            former: b"marker".to_vec(),
            draft: Some(b"marker".to_vec()),
        };
        let printed = format!("{change:?} {withdrawal:?} {choices:?}");
        assert!(printed.contains("Open") && printed.contains("Withdraw"));
        // A draft of bytes would be printed as numbers.
        for word in ["marker", "109, 97"] {
            assert!(!printed.contains(word), "{printed}");
        }
    }
}
