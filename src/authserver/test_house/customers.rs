//! A bank's customers.

use std::time::Duration;

use futures_util::future::BoxFuture;

use model::ports::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
use model::{InteractionId, RequestId};

/// The only customer, whatever they type.
pub(crate) struct LiLei;

impl CustomerAuth for LiLei {
    fn log_in<'a>(
        &'a self,
        _: &'a str,
        _: &'a str,
        _: RequestId,
        _: &'a InteractionId,
        _: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        let customer = Customer {
            subject: "c-1".to_owned(),
            shown: "li-lei".to_owned(),
            acr: None,
        };
        Box::pin(async { Ok(LogIn::Known(customer)) })
    }
}
