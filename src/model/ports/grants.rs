//! Port: pushed requests, grants, their codes and refresh tokens, and what was revoked.
//!
//! Codes, tokens and `request_uri`s come here as digests only. What has an `expires` is live before
//! that instant and dead from it on. Instants are kept to the microsecond, opaque parts to the
//! byte, up to 64 KiB each.

use std::fmt;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::{AgreedConsent, Change, Posted, StoreUnavailable};
use crate::{BankId, ClientId, ConsentId, GrantEvent, GrantId};

/// An authorization request that a client pushed (RFC 9126).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedRequest {
    /// SHA-256 of its `request_uri`, unique within a bank.
    pub digest: [u8; 32],
    /// The client that pushed it.
    pub client: ClientId,
    /// What it asks for: opaque to the store.
    pub request: Vec<u8>,
    /// From this instant on it is unknown; put off once, by [`Grants::open`].
    pub expires: Timestamp,
}

/// What a customer granted a client. Printed, it does not name the customer.
#[derive(Clone, PartialEq, Eq)]
pub struct Grant {
    /// Its id, unique within a bank.
    pub id: GrantId,
    /// The client.
    pub client: ClientId,
    /// The customer, as the bank names them; at most 1,024 bytes.
    pub subject: String,
    /// What was granted: opaque to the store.
    pub granted: Vec<u8>,
    /// When.
    pub made_at: Timestamp,
    /// When it ends. No token issued under it is to live longer.
    pub expires: Timestamp,
}

impl fmt::Debug for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Grant")
            .field("id", &self.id)
            .field("client", &self.client)
            .field("made_at", &self.made_at)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// An authorization code (RFC 6749 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// SHA-256 of the code, unique within a bank.
    pub digest: [u8; 32],
    /// The grant it stands for.
    pub grant: GrantId,
    /// What it is bound to: opaque to the store.
    pub bound: Vec<u8>,
    /// From this instant on it cannot be redeemed.
    pub expires: Timestamp,
}

/// A refresh token (RFC 6749 §1.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token, unique within a bank.
    pub digest: [u8; 32],
    /// The grant it stands for.
    pub grant: GrantId,
    /// What it is bound to: opaque to the store.
    pub bound: Vec<u8>,
    /// When it ends.
    pub expires: Timestamp,
}

/// What finishes a request by a grant.
#[derive(Debug, Clone)]
pub struct Approval {
    /// The grant; of a consent, under its id and for its customer.
    pub grant: Grant,
    /// Its code.
    pub code: Code,
    /// The event. Of a consent that is made by this, it names the grant.
    pub event: GrantEvent,
    /// What the customer consented to; `None` of a grant without a consent.
    pub consent: Option<AgreedConsent>,
    /// The event of the consent whose place that takes; there if, and only if, it takes one.
    pub superseded: Option<GrantEvent>,
}

impl Approval {
    /// A grant without a consent.
    pub fn plain(grant: Grant, code: Code, event: GrantEvent) -> Self {
        Self {
            grant,
            code,
            event,
            consent: None,
            superseded: None,
        }
    }
}

/// What became of a request that was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Push {
    /// It is kept.
    Kept,
    /// It is not: the client has 10,000 that are live.
    Full,
}

/// What became of an attempt to finish a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// It is finished, by this call alone; its events wait for the log.
    Done(Vec<Posted>),
    /// It was finished before, expired, or never was; or the consent that goes with it is not as
    /// the caller thought; nothing changed.
    Gone,
}

/// What became of an attempt to redeem a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeem {
    /// It is redeemed, by this call alone; its event waits for the log.
    First(Posted),
    /// It was redeemed before. Its grant is revoked; the event of that waits for the log.
    Again(Posted),
    /// It expired unused, its grant is no longer live, or it never was; nothing changed.
    Gone,
}

/// Whether a code was redeemed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeState {
    /// It was not, and can be.
    Fresh,
    /// It was: to redeem it again revokes its grant.
    Used,
}

/// A code that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundCode {
    /// The code.
    pub code: Code,
    /// Its grant.
    pub grant: Grant,
    /// Whether it was redeemed.
    pub state: CodeState,
}

/// What goes with the redemption of a code.
#[derive(Debug, Clone)]
pub struct Redemption {
    /// The refresh token that is issued with it, of the same grant.
    pub refresh: Option<RefreshToken>,
    /// The event, if the code is redeemed.
    pub event: GrantEvent,
    /// The event, if it was redeemed before.
    pub event_if_again: GrantEvent,
    /// Until when access tokens of the grant may be shown, if it was redeemed before.
    pub revoked_until: Timestamp,
}

/// What was revoked and could still be shown, each with the instant from which on it cannot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Grants, by id.
    pub grants: Vec<(GrantId, Timestamp)>,
    /// SHA-256 of the `jti`s of access tokens, in their order.
    pub tokens: Vec<([u8; 32], Timestamp)>,
}

/// The grants of the banks' customers, from the request to the revocation.
///
/// Banks see nothing of each other's. Each call that changes something is one transaction, durable
/// when it resolves, and its event is written in the same one: a call that fails or changes nothing
/// leaves none. Dropping the future of a call withdraws nothing. What is dead is forgotten a little
/// at each change; a digest or id that is taken, if only by what is not forgotten yet, is an error,
/// and so is a part that is too long.
pub trait Grants: Send + Sync {
    /// Keeps a request that a client pushed.
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Push, StoreUnavailable>>;

    /// The customer arrived: the live request of this digest, which from now on lives until `until`
    /// at least. Only the first call puts its expiry off; each later one, as a reload makes, gives
    /// the same request (PA-08, AZ-10). `None` when it expired, was finished or never was.
    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<PushedRequest>, StoreUnavailable>>;

    /// Finishes the live request of this digest by a grant and its code, and brings its consent
    /// into force, or renews it, in the same transaction. Of all that finish one request at once,
    /// whichever way, one is [`Finish::Done`].
    ///
    /// The consent stands as the caller says, and its time is not over; or it is made by this, as
    /// one in force. It ends no later than was asked, and renewed it gets no wider
    /// ([`crate::Terms::is_within`]): else that is an error. The one whose place it takes is in
    /// force, and of the same client and customer; it is superseded, and its grant revoked with it.
    /// The grant is new, or, of a consent that is renewed, takes the place of what was granted
    /// under its id before, unless that is revoked, which is an error.
    fn approve<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        approval: Approval,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>>;

    /// Finishes the live request of this digest by nothing: it was denied, or failed. The consent
    /// that nobody decided about, or that was refused, takes its edge in the same transaction:
    /// refuse, lock or lapse, as by [`super::Consents::change`].
    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        declined: Option<(ConsentId, Change)>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>>;

    /// The code of this digest with its grant: while it is fresh (not expired, its grant live), and
    /// once used for as long as its grant, or a token of it, can live, so that a second use is
    /// recognised.
    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<FoundCode>, StoreUnavailable>>;

    /// Redeems the code of this digest, if it is fresh; if it is used, revokes its grant, and
    /// withdraws its consent, by the house. Of all that redeem one code at once one is
    /// [`Redeem::First`] (RFC 6749 §4.1.2, §10.5).
    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Redeem, StoreUnavailable>>;

    /// The refresh token of this digest, if it and its grant are live.
    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(RefreshToken, Grant)>, StoreUnavailable>>;

    /// Revokes a grant, for its client (RFC 7009): its codes and refresh tokens are dead, until
    /// `until` its access tokens could be shown, and its consent is withdrawn, by the partner.
    /// `None` when it was revoked before (a later `until` is kept), has ended, or never was.
    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>>;

    /// Revokes one access token, by the SHA-256 of its `jti`, which until `until` could be shown.
    /// `None` when it was revoked before (a later `until` is kept).
    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti_digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>>;

    /// All that is revoked and could be shown now or later: for the memory, at start.
    fn revoked<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Revoked, StoreUnavailable>>;
}
