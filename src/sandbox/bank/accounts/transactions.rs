//! Transactions, the newest first, in pages: scope `transactions`.

use jiff::civil::Date;
use serde::Serialize;

use model::Response;

use super::super::asked::Asked;
use super::super::customers::{Person, Words};
use super::super::paging::Page;
use super::super::query::Query;
use super::super::refused::Refused;
use super::super::seed::Seed;
use super::account::{self, Account};
use super::ledger::{self, Movement};
use super::money::{Money, money};
use super::window::Window;

const PARAMETERS: [&str; 4] = ["from", "until", "limit", "offset"];

/// A movement as its partner sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transaction {
    transaction_id: String,
    account_id: String,
    status: &'static str,
    booked_on: Date,
    amount: Money,
    kind: &'static str,
    counterparty: Words,
    reference: String,
}

/// `GET /accounts/v1/accounts/{accountId}/transactions`: those of one account.
pub(crate) fn of_account(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    let account = account::find(asked, person, asked.argument)?;
    page_of(asked, &[account])
}

/// `GET /accounts/v1/transactions`: those of all the customer's accounts, or of those that the
/// customer shares: a page with gaps would tell where the others' movements lie.
pub(crate) fn of_all(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    let accounts = account::of(asked.seed, person).filter(|account| asked.is_shared(&account.id));
    let accounts: Vec<Account> = accounts.collect();
    page_of(asked, &accounts)
}

fn page_of(asked: &Asked<'_>, accounts: &[Account]) -> Result<Response, Refused> {
    let mut query = Query::read(asked.query, &PARAMETERS);
    let Window { from, until } = Window::read(&mut query, asked.today, asked.today);
    let page = Page::read_long(&mut query);
    query.finish()?;
    let mut found: Vec<(&Account, Movement)> = Vec::new();
    for account in accounts {
        let movements = ledger::between(asked.seed, account, from, until);
        found.extend(movements.into_iter().map(|movement| (account, movement)));
    }
    // Stable: of one day, account by account as they are listed.
    found.sort_by_key(|(_, movement)| std::cmp::Reverse((movement.day, movement.slot)));
    let (from, until) = (from.to_string(), until.to_string());
    let days = [("from", Some(from.as_str())), ("until", Some(&until))];
    let shown = |(account, movement): (&Account, Movement)| {
        Transaction::of(asked.seed, account, &movement, asked.today)
    };
    Ok(page.of_some(found, shown, asked.path, &days))
}

impl Transaction {
    fn of(seed: Seed, account: &Account, movement: &Movement, today: Date) -> Self {
        let (day, slot) = (movement.day.to_string(), movement.slot.to_string());
        let name = seed.name(&["transaction", &account.id, &day, &slot]);
        Self {
            transaction_id: format!("tra-{name}"),
            account_id: account.id.clone(),
            status: if movement.day < today {
                "booked"
            } else {
                "pending"
            },
            booked_on: movement.day,
            amount: money(movement.fen),
            kind: movement.kind,
            counterparty: movement.counterparty,
            reference: format!("{:012}", movement.reference),
        }
    }
}
