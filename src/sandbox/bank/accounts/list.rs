//! Accounts and their balances: scope `accounts`.

use http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use model::Response;

use super::super::asked::Asked;
use super::super::customers::{Holder, Kind, Person, State, Words};
use super::super::query::Query;
use super::super::refused::Refused;
use super::super::seed::Seed;
use super::account::{self, Account};
use super::ledger;
use super::money::{CURRENCY, Money, money};

#[derive(Serialize)]
struct Listed {
    data: Vec<Described>,
}

/// An account as its partner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Described {
    account_id: String,
    masked: String,
    name: Words,
    kind: Kind,
    currency: &'static str,
    holder: Holder,
    state: State,
}

/// What is on an account.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Balances {
    account_id: String,
    /// The last day that is booked.
    booked_until: Date,
    booked: Money,
    available: Money,
}

/// What is on an account, in hundredths of a yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standing {
    /// With all that is booked: the movements of the days before today.
    pub(super) booked: i64,
    /// What may be spent: today's spending is taken off, today's income does not count yet.
    pub(super) available: i64,
}

/// `GET /accounts/v1/accounts`: all that the customer holds.
pub(crate) fn list(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    Query::read(asked.query, &[]).finish()?;
    let data = account::of(asked.seed, person).map(Described::from);
    let listed = Listed {
        data: data.collect(),
    };
    Ok(web::json(StatusCode::OK, &listed))
}

/// `GET /accounts/v1/accounts/{accountId}`: one of them.
pub(crate) fn read(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    let account = account::find(asked, person, asked.argument)?;
    Query::read(asked.query, &[]).finish()?;
    Ok(web::json(StatusCode::OK, &Described::from(account)))
}

/// `GET /accounts/v1/accounts/{accountId}/balances`: what is on it.
pub(crate) fn balances(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    let account = account::find(asked, person, asked.argument)?;
    Query::read(asked.query, &[]).finish()?;
    let standing = Standing::of(asked.seed, &account, asked.today);
    let balances = Balances {
        account_id: account.id,
        booked_until: asked.today.saturating_sub(1.day()),
        booked: money(standing.booked),
        available: money(standing.available),
    };
    Ok(web::json(StatusCode::OK, &balances))
}

impl Standing {
    /// What is on an account today.
    pub(super) fn of(seed: Seed, account: &Account, today: Date) -> Self {
        let booked = ledger::balance(seed, account, today.saturating_sub(1.day()));
        let pending = ledger::between(seed, account, today, today);
        let spent: i64 = pending.iter().map(|movement| movement.fen.min(0)).sum();
        let available = match account.holding.state {
            State::Open => booked + account.holding.habit.credit + spent,
            State::Frozen => 0,
        };
        Self { booked, available }
    }
}

impl From<Account> for Described {
    fn from(account: Account) -> Self {
        let holding = account.holding;
        Self {
            account_id: account.id,
            masked: account.masked,
            name: holding.kind.name(holding.holder),
            kind: holding.kind,
            currency: CURRENCY,
            holder: holding.holder,
            state: holding.state,
        }
    }
}
