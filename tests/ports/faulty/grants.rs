//! The ports of the authorization server's state, in a store that fails.

use jiff::Timestamp;

use model::ports::{
    Code, Finish, FoundCode, Grant, Grants, Outbox, OutboxId, Posted, Push, PushedRequest, Redeem,
    Redemption, RefreshToken, Revoked, Session, Sessions,
};
use model::{BankId, GrantEvent, GrantId};

use super::{Answer, Faulty};

impl Grants for Faulty {
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> Answer<'a, Push> {
        Box::pin(self.through(self.inner.push(bank, request, now)))
    }

    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> Answer<'a, Option<PushedRequest>> {
        Box::pin(self.through(self.inner.open(bank, digest, until, now)))
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
        let call = self.inner.approve(bank, digest, grant, code, now, event);
        Box::pin(self.through(call))
    }

    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Finish> {
        Box::pin(self.through(self.inner.turn_down(bank, digest, now, event)))
    }

    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<FoundCode>> {
        Box::pin(self.through(self.inner.code(bank, digest, now)))
    }

    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> Answer<'a, Redeem> {
        Box::pin(self.through(self.inner.redeem(bank, digest, redemption, now)))
    }

    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<(RefreshToken, Grant)>> {
        Box::pin(self.through(self.inner.refresh_token(bank, digest, now)))
    }

    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        let call = self.inner.revoke_grant(bank, grant, until, now, event);
        Box::pin(self.through(call))
    }

    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti_digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        let call = self.inner.revoke_token(bank, jti_digest, until, now, event);
        Box::pin(self.through(call))
    }

    fn revoked<'a>(&'a self, bank: &'a BankId, now: Timestamp) -> Answer<'a, Revoked> {
        Box::pin(self.through(self.inner.revoked(bank, now)))
    }
}

impl Sessions for Faulty {
    fn begin<'a>(
        &'a self,
        bank: &'a BankId,
        session: Session,
        former: Option<[u8; 32]>,
        now: Timestamp,
        event: GrantEvent,
    ) -> Answer<'a, Posted> {
        let call = Sessions::begin(&*self.inner, bank, session, former, now, event);
        Box::pin(self.through(call))
    }

    fn find<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Answer<'a, Option<Session>> {
        Box::pin(self.through(self.inner.find(bank, digest, now)))
    }

    fn end<'a>(&'a self, bank: &'a BankId, digest: [u8; 32], now: Timestamp) -> Answer<'a, bool> {
        Box::pin(self.through(self.inner.end(bank, digest, now)))
    }
}

impl Outbox for Faulty {
    fn waiting(&self, limit: u32) -> Answer<'_, Vec<Posted>> {
        Box::pin(self.through(self.inner.waiting(limit)))
    }

    fn logged<'a>(&'a self, ids: &'a [OutboxId]) -> Answer<'a, ()> {
        Box::pin(self.through(self.inner.logged(ids)))
    }
}
