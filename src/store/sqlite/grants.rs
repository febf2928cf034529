//! `ports::Grants` in SQLite.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use rusqlite::Connection;

use model::ports::{
    Approval, Change, Code, CodeState, Finish, FoundCode, Grant, Grants, Posted, Push,
    PushedRequest, Redeem, Redemption, RefreshToken, Revoked, StoreUnavailable,
};
use model::{BankId, By, ConsentId, GrantEvent, GrantId};

use super::Sqlite;
use super::consents::edges;
use super::outbox::post;
use super::writer::Undone;
use crate::rim::{self, Unfit, instant};

mod finish;
pub(super) mod made;
mod requests;
mod revoked;

impl Grants for Sqlite {
    fn push<'a>(
        &'a self,
        bank: &'a BankId,
        request: PushedRequest,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Push, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| requests::push(c, &bank, request, now);
        Box::pin(self.writer.carry_out("keeping a pushed request", work))
    }

    fn open<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<PushedRequest>, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| requests::open(c, &bank, digest, until, now);
        Box::pin(self.writer.carry_out("opening a pushed request", work))
    }

    fn approve<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        approval: Approval,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| finish::approve(c, &bank, digest, approval, instant(now));
        Box::pin(self.writer.carry_out("approving a request", work))
    }

    fn turn_down<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        declined: Option<(ConsentId, Change)>,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Finish, StoreUnavailable>> {
        let bank = bank.clone();
        let now = instant(now);
        let work = move |c: &Connection| finish::turn_down(c, &bank, digest, declined, now, event);
        Box::pin(self.writer.carry_out("turning a request down", work))
    }

    fn code<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<FoundCode>, StoreUnavailable>> {
        let bank = bank.clone();
        Box::pin(self.reader.ask("finding a code", move |connection| {
            let found = made::code(connection, &bank, digest)?;
            Ok(found.and_then(|found| {
                let state = found.code_state(instant(now))?;
                let code = Code {
                    digest,
                    grant: found.grant.id.clone(),
                    bound: found.bound,
                    expires: found.expires,
                };
                Some(FoundCode {
                    code,
                    grant: found.grant,
                    state,
                })
            }))
        }))
    }

    fn redeem<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        redemption: Redemption,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Redeem, StoreUnavailable>> {
        let bank = bank.clone();
        let work = move |c: &Connection| redeem(c, &bank, digest, redemption, instant(now));
        Box::pin(self.writer.carry_out("redeeming a code", work))
    }

    fn refresh_token<'a>(
        &'a self,
        bank: &'a BankId,
        digest: [u8; 32],
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Option<(RefreshToken, Grant)>, StoreUnavailable>> {
        let bank = bank.clone();
        Box::pin(
            self.reader
                .ask("finding a refresh token", move |connection| {
                    let found = made::refresh_token(connection, &bank, digest)?;
                    let live =
                        found.filter(|found| found.life.is_live(found.expires, instant(now)));
                    Ok(live.map(|found| {
                        let token = RefreshToken {
                            digest,
                            grant: found.grant.id.clone(),
                            bound: found.bound,
                            expires: found.expires,
                        };
                        (token, found.grant)
                    }))
                }),
        )
    }

    fn revoke_grant<'a>(
        &'a self,
        bank: &'a BankId,
        grant: &'a GrantId,
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>> {
        let (bank, grant) = (bank.clone(), grant.clone());
        let (until, now) = (instant(until), instant(now));
        let work = move |c: &Connection| revoked::revoke_grant(c, &bank, &grant, until, now, event);
        Box::pin(self.writer.carry_out("revoking a grant", work))
    }

    fn revoke_token<'a>(
        &'a self,
        bank: &'a BankId,
        jti_digest: [u8; 32],
        until: Timestamp,
        now: Timestamp,
        event: GrantEvent,
    ) -> BoxFuture<'a, Result<Option<Posted>, StoreUnavailable>> {
        let bank = bank.clone();
        let (until, now) = (instant(until), instant(now));
        let work =
            move |c: &Connection| revoked::revoke_token(c, &bank, jti_digest, until, now, event);
        Box::pin(self.writer.carry_out("revoking a token", work))
    }

    fn revoked<'a>(
        &'a self,
        bank: &'a BankId,
        now: Timestamp,
    ) -> BoxFuture<'a, Result<Revoked, StoreUnavailable>> {
        let bank = bank.clone();
        let question = move |c: &Connection| revoked::revoked(c, &bank, now);
        Box::pin(self.reader.ask("listing what is revoked", question))
    }
}

/// See [`Grants::redeem`].
fn redeem(
    connection: &Connection,
    bank: &BankId,
    digest: [u8; 32],
    redemption: Redemption,
    now: Timestamp,
) -> Result<Redeem, Undone> {
    let redemption = rim::redemption(redemption)?;
    let Some(found) = made::code(connection, bank, digest)? else {
        return Ok(Redeem::Gone);
    };
    let (grant, until) = (&found.grant.id, redemption.revoked_until);
    match found.code_state(now) {
        None => Ok(Redeem::Gone),
        Some(CodeState::Used) => {
            made::live_on(connection, bank, grant, found.life.revoked(until))?;
            edges::end_with_grant(connection, bank, grant, By::House, until, now)?;
            post(connection, redemption.event_if_again).map(Redeem::Again)
        }
        Some(CodeState::Fresh) => {
            made::use_up(connection, bank, digest)?;
            made::live_on(connection, bank, grant, found.life.redeemed(until))?;
            if let Some(token) = &redemption.refresh {
                if token.grant != *grant {
                    return Err(Unfit::OtherGrant.into());
                }
                made::add_refresh_token(connection, bank, token)?;
            }
            post(connection, redemption.event).map(Redeem::First)
        }
    }
}
