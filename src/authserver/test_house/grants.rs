//! A store of grants that does not answer, and customers whom nobody knows.

use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use model::ports::{
    Code, CustomerAuth, CustomersUnavailable, Finish, FoundCode, Grant, Grants, LogIn, Posted,
    Push, PushedRequest, Redeem, Redemption, RefreshToken, Revoked, StoreUnavailable,
};
use model::{BankId, GrantEvent, GrantId, InteractionId, RequestId};

use super::unavailable;

type Answer<'a, T> = BoxFuture<'a, Result<T, StoreUnavailable>>;

/// Fails whatever is asked.
pub(crate) struct NoGrants;

fn no<'a, T: Send + 'a>() -> Answer<'a, T> {
    Box::pin(async { Err(unavailable()) })
}

impl Grants for NoGrants {
    fn push<'a>(&'a self, _: &'a BankId, _: PushedRequest, _: Timestamp) -> Answer<'a, Push> {
        no()
    }

    fn open<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
        _: Timestamp,
    ) -> Answer<'a, Option<PushedRequest>> {
        no()
    }

    fn approve<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Grant,
        _: Code,
        _: Timestamp,
        _: GrantEvent,
    ) -> Answer<'a, Finish> {
        no()
    }

    fn turn_down<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
        _: GrantEvent,
    ) -> Answer<'a, Finish> {
        no()
    }

    fn code<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
    ) -> Answer<'a, Option<FoundCode>> {
        no()
    }

    fn redeem<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Redemption,
        _: Timestamp,
    ) -> Answer<'a, Redeem> {
        no()
    }

    fn refresh_token<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
    ) -> Answer<'a, Option<(RefreshToken, Grant)>> {
        no()
    }

    fn revoke_grant<'a>(
        &'a self,
        _: &'a BankId,
        _: &'a GrantId,
        _: Timestamp,
        _: Timestamp,
        _: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        no()
    }

    fn revoke_token<'a>(
        &'a self,
        _: &'a BankId,
        _: [u8; 32],
        _: Timestamp,
        _: Timestamp,
        _: GrantEvent,
    ) -> Answer<'a, Option<Posted>> {
        no()
    }

    fn revoked<'a>(&'a self, _: &'a BankId, _: Timestamp) -> Answer<'a, Revoked> {
        no()
    }
}

/// A bank that knows no customer.
pub(crate) struct NoCustomers;

impl CustomerAuth for NoCustomers {
    fn log_in<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        Box::pin(async { Ok(LogIn::Wrong { tries_left: 1 }) })
    }
}
