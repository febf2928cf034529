//! The ports of the authorization server's state, in a store that fails.

use jiff::Timestamp;

use model::ports::{
    Approval, Change, Finish, FoundCode, Grant, Grants, Outbox, OutboxId, Posted, Push,
    PushedRequest, Redeem, Redemption, RefreshToken, Revoked, Session, Sessions,
};
use model::{BankId, ConsentId, GrantEvent, GrantId};

use super::{Answer, Call, Faulty};

impl<S: Grants + ?Sized> Grants for Faulty<S> {
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> Answer<'a, Push> {
        self.through(Call::Push, move || self.inner.push(bank, request, now))
    }

    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Answer<'a, Option<PushedRequest>> {
        self.through(Call::Open, move || {
            self.inner.open(bank, digest, until, now)
        })
    }

    fn approve<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        approval: Approval,
        now: Timestamp,
    ) -> Answer<'a, Finish> {
        self.through(Call::Approve, move || {
            self.inner.approve(bank, digest, approval, now)
        })
    }

    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        declined: Option<(ConsentId, Change)>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Finish> {
        self.through(Call::TurnDown, move || {
            self.inner.turn_down(bank, digest, declined, now, event)
        })
    }

    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<FoundCode>> {
        self.through(Call::Code, move || self.inner.code(bank, digest, now))
    }

    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> Answer<'a, Redeem> {
        self.through(Call::Redeem, move || {
            self.inner.redeem(bank, digest, redemption, now)
        })
    }

    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<(RefreshToken, Grant)>> {
        self.through(Call::RefreshToken, move || {
            self.inner.refresh_token(bank, digest, now)
        })
    }

    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        self.through(Call::RevokeGrant, move || {
            self.inner.revoke_grant(bank, grant, until, now, event)
        })
    }

    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti_digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        self.through(Call::RevokeToken, move || {
            self.inner.revoke_token(bank, jti_digest, until, now, event)
        })
    }

    fn revoked<'a>(&'a self, bank: &'a BankId, now: Timestamp) -> Answer<'a, Revoked> {
        self.through(Call::Revoked, move || self.inner.revoked(bank, now))
    }
}

impl<S: Sessions + ?Sized> Sessions for Faulty<S> {
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Posted> {
        self.through(Call::Begin, move || {
            self.inner.begin(bank, session, former, now, event)
        })
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<Session>> {
        self.through(Call::Find, move || self.inner.find(bank, digest, now))
    }

    fn end<'a>(&'a self, bank: &'a BankId, digest: [u8; 32], now: Timestamp) -> Answer<'a, bool> {
        self.through(Call::End, move || self.inner.end(bank, digest, now))
    }
}

impl<S: Outbox + ?Sized> Outbox for Faulty<S> {
    fn waiting(&self, limit: u32) -> Answer<'_, Vec<Posted>> {
        self.through(Call::Outbox, move || self.inner.waiting(limit))
    }

    fn logged<'a>(&'a self, ids: &'a [OutboxId]) -> Answer<'a, ()> {
        self.through(Call::Outbox, move || self.inner.logged(ids))
    }
}
