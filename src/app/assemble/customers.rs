//! Who a customer is, asked of one of the bank's services; beside it which accounts they have, and
//! whether they prove themselves once more.
//!
//! `POST` to the service's path, with `{"user_name", "password"}`. It answers 200 with
//! `{"customer", "shown", "acr"?}`, 401 with `{"tries_left"}`, or 423 with `{"locked_until"}`
//! (RFC 3339), in at most 16 KiB. How it is asked, and what is no answer, says `asking.rs`.

mod accounts;
mod asking;
mod factor;

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::StatusCode;
use http::uri::PathAndQuery;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use model::ports::{Customer, CustomerAuth, CustomersUnavailable, LogIn};
use model::{Clock, InteractionId, RequestId};
use upstream::Upstream;

pub use self::accounts::BankAccounts;
use self::asking::{Expects, In, Service, Unfit, line, object, visible};
pub use self::factor::BankFactor;

/// The longest answer that is read.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// A `sub` has no more (OpenID Connect Core §2); an `acr` gets no more.
const NAME_CHARS_MAX: usize = 255;
const SHOWN_CHARS_MAX: usize = 200;

/// The customers of a bank that lets one of its services judge log-ins.
pub(crate) struct BankCustomers {
    service: Service,
    path: PathAndQuery,
}

/// What the bank is asked.
#[derive(Serialize)]
struct Question<'a> {
    user_name: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct Known {
    customer: String,
    shown: String,
    acr: Option<String>,
}

#[derive(Deserialize)]
struct Wrong {
    tries_left: u32,
}

#[derive(Deserialize)]
struct Locked {
    locked_until: Timestamp,
}

impl BankCustomers {
    /// Asks `upstream` at `path`. Its clock is the one that `upstream` was made with.
    pub(crate) fn new(upstream: Arc<Upstream>, path: PathAndQuery, clock: Arc<dyn Clock>) -> Self {
        let service = Service::new(upstream, clock);
        Self { service, path }
    }
}

impl CustomerAuth for BankCustomers {
    fn log_in<'a>(
        &'a self,
        user_name: &'a str,
        password: &'a str,
        request: RequestId,
        interaction: &'a InteractionId,
        deadline: Duration,
    ) -> BoxFuture<'a, Result<LogIn, CustomersUnavailable>> {
        async move {
            let question = Question {
                user_name,
                password,
            };
            let within = In {
                request,
                interaction,
                deadline,
            };
            let expects = Expects {
                statuses: &[StatusCode::OK, StatusCode::UNAUTHORIZED, StatusCode::LOCKED],
                bytes_max: ANSWER_BYTES_MAX,
                understand,
            };
            let asked = self.service.ask(&self.path, &question, within, expects);
            asked.await
        }
        .boxed()
    }
}

/// What an answer says.
fn understand(status: StatusCode, body: &[u8]) -> Result<LogIn, Unfit> {
    match status {
        StatusCode::OK => known(object(status, body)?).map(LogIn::Known),
        StatusCode::UNAUTHORIZED => match object(status, body)? {
            Wrong { tries_left: 0 } => Err(Unfit::Bounds("tries_left")),
            Wrong { tries_left } => Ok(LogIn::Wrong { tries_left }),
        },
        StatusCode::LOCKED => {
            object(status, body).map(|Locked { locked_until }| LogIn::LockedUntil(locked_until))
        }
        other => Err(Unfit::Status(other.as_u16())),
    }
}

fn known(said: Known) -> Result<Customer, Unfit> {
    let acr = said.acr.map(|acr| visible("acr", acr, NAME_CHARS_MAX));
    Ok(Customer {
        subject: visible("customer", said.customer, NAME_CHARS_MAX)?,
        shown: line("shown", said.shown, SHOWN_CHARS_MAX)?,
        acr: acr.transpose()?,
    })
}

#[cfg(test)]
mod tests;
