//! A store in memory that fails where it is told to.

use std::sync::{Arc, Mutex};

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{
    Code, Finish, FoundCode, Grant, Grants, Posted, Push, PushedRequest, Redeem, Redemption,
    RefreshToken, Revoked, Session, Sessions, StoreUnavailable,
};
use model::{BankId, GrantEvent, GrantId};

use super::{Mood, locked, unavailable};

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreUnavailable>>;

/// What is asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Push,
    Open,
    Approve,
    TurnDown,
    Code,
    Redeem,
    RefreshToken,
    RevokeGrant,
    RevokeToken,
    Revoked,
    Begin,
    Find,
    End,
}

/// Grants and sessions. Of its calls none fails, or one, or all.
pub(crate) struct Shaky {
    store: Arc<store::Memory>,
    fails: Mutex<(Option<Call>, Mood)>,
}

impl Shaky {
    pub(crate) fn new(store: Arc<store::Memory>) -> Self {
        let fails = Mutex::new((None, Mood::Works));
        Self { store, fails }
    }

    /// From now on this call alone does so.
    pub(crate) fn fails_at(&self, call: Call, mood: Mood) {
        *locked(&self.fails) = (Some(call), mood);
    }

    /// From now on all do so.
    pub(crate) fn all(&self, mood: Mood) {
        *locked(&self.fails) = (None, mood);
    }

    fn at<'a, T: Send + 'a>(
        &self,
        call: Call,
        answer: impl FnOnce() -> Answer<'a, T> + Send + 'a,
    ) -> Answer<'a, T> {
        let (which, mood) = *locked(&self.fails);
        let is_it = which.is_none_or(|which| which == call);
        let mood = if is_it { mood } else { Mood::Works };
        Box::pin(async move {
            match mood {
                Mood::Works => answer().await,
                Mood::FailsBefore => Err(unavailable()),
                Mood::FailsAfter => {
                    answer().await?;
                    Err(unavailable())
                }
                Mood::Hangs => std::future::pending().await,
            }
        })
    }
}

impl Grants for Shaky {
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> Answer<'a, Push> {
        self.at(Call::Push, move || self.store.push(bank, request, now))
    }

    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Answer<'a, Option<PushedRequest>> {
        self.at(Call::Open, move || {
            self.store.open(bank, digest, until, now)
        })
    }

    fn approve<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        grant: Grant,
        code: Code,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Finish> {
        let answer = move || self.store.approve(bank, digest, grant, code, now, event);
        self.at(Call::Approve, answer)
    }

    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Finish> {
        let answer = move || self.store.turn_down(bank, digest, now, event);
        self.at(Call::TurnDown, answer)
    }

    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<FoundCode>> {
        self.at(Call::Code, move || self.store.code(bank, digest, now))
    }

    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> Answer<'a, Redeem> {
        let answer = move || self.store.redeem(bank, digest, redemption, now);
        self.at(Call::Redeem, answer)
    }

    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<(RefreshToken, Grant)>> {
        let answer = move || self.store.refresh_token(bank, digest, now);
        self.at(Call::RefreshToken, answer)
    }

    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        let answer = move || self.store.revoke_grant(bank, grant, until, now, event);
        self.at(Call::RevokeGrant, answer)
    }

    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        let answer = move || self.store.revoke_token(bank, jti, until, now, event);
        self.at(Call::RevokeToken, answer)
    }

    fn revoked<'a>(&'a self, bank: &'a BankId, now: Timestamp) -> Answer<'a, Revoked> {
        self.at(Call::Revoked, move || self.store.revoked(bank, now))
    }
}

impl Sessions for Shaky {
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Posted> {
        self.at(Call::Begin, move || {
            self.store.begin(bank, session, former, now, event)
        })
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<Session>> {
        self.at(Call::Find, move || self.store.find(bank, digest, now))
    }

    fn end<'a>(&'a self, bank: &'a BankId, digest: [u8; 32], now: Timestamp) -> Answer<'a, bool> {
        let answer = move || Sessions::end(self.store.as_ref(), bank, digest, now);
        self.at(Call::End, answer)
    }
}
