//! A statement: the booked movements of one account as CSV (RFC 4180), between the balance before
//! them and the balance after them. Scope `transactions`.

use std::fmt::Write as _;

use http::HeaderValue;
use http::header::CONTENT_TYPE;
use jiff::ToSpan;
use jiff::civil::Date;

use model::Response;

use super::super::asked::Asked;
use super::super::customers::Person;
use super::super::query::Query;
use super::super::refused::Refused;
use super::super::seed::Seed;
use super::account::{self, Account};
use super::ledger;
use super::money::{CURRENCY, text};
use super::window::Window;

/// The first line: what stands in the columns.
const COLUMNS: &str = "date,kind,counterparty,counterparty_zh,reference,amount,balance,currency";

/// `GET /accounts/v1/accounts/{accountId}/statement`.
pub(crate) fn statement(asked: &Asked<'_>, person: &'static Person) -> Result<Response, Refused> {
    let account = account::find(asked, person, asked.argument)?;
    let mut query = Query::read(asked.query, &["from", "until"]);
    // Today is not booked yet.
    let yesterday = asked.today.saturating_sub(1.day());
    let window = Window::read(&mut query, asked.today, yesterday);
    query.finish()?;
    let mut response = Response::new(model::full(write(asked.seed, &account, window)));
    let kind = HeaderValue::from_static("text/csv; charset=utf-8; header=present");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

/// The lines. No text of the bank's has a comma, a quote or a line's end in it.
fn write(seed: Seed, account: &Account, Window { from, until }: Window) -> String {
    let mut balance = ledger::balance(seed, account, from.saturating_sub(1.day()));
    let mut lines = format!("{COLUMNS}\r\n{}", bare(from, "opening", balance));
    for movement in ledger::between(seed, account, from, until) {
        balance += movement.fen;
        let other = movement.counterparty;
        // Writing into a text cannot fail.
        let _ = write!(
            lines,
            "{},{},{},{},{:012},{},{},{CURRENCY}\r\n",
            movement.day,
            movement.kind,
            other.en,
            other.zh,
            movement.reference,
            text(movement.fen),
            text(balance),
        );
    }
    lines + &bare(until, "closing", balance)
}

/// A line that only tells a balance.
fn bare(day: Date, kind: &str, balance: i64) -> String {
    format!("{day},{kind},,,,,{},{CURRENCY}\r\n", text(balance))
}
