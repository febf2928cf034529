//! Exchange rates: class `open`.
//!
//! A currency has a level in CNY, wanders within two per cent from week to week, and moves a
//! little every day; a pair is the quotient of two currencies.

use http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use model::Response;

use super::asked::Asked;
use super::decimal::{ONE, significant};
use super::query::Query;
use super::refused::Refused;
use super::seed::{Seed, day_number};

/// A currency the bank trades.
struct Currency {
    code: &'static str,
    /// Its level, in millionths of a CNY.
    level: u64,
    /// Half of what lies between buying and selling, in millionths.
    half_spread: u32,
}

const CURRENCIES: [Currency; 11] = [
    currency("AUD", 4_650_000, 1_400),
    currency("CHF", 8_830_000, 1_500),
    currency("CNY", 1_000_000, 0),
    currency("EUR", 8_240_000, 1_100),
    currency("GBP", 9_350_000, 1_200),
    currency("HKD", 913_000, 900),
    currency("JPY", 46_900, 1_100),
    currency("KRW", 4_880, 3_000),
    currency("SGD", 5_480_000, 1_300),
    currency("THB", 219_000, 2_600),
    currency("USD", 7_105_000, 900),
];
const CODES: [&str; CURRENCIES.len()] = {
    let mut codes = [""; CURRENCIES.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = CURRENCIES[at].code;
        at += 1;
    }
    codes
};
/// How far back rates are told, in days.
const HISTORY_DAYS: i64 = 365;
/// How far a currency wanders from its level, in millionths.
const WANDER: u32 = 20_000;
/// How far a day lies from the week's line, in millionths.
const DAILY: u32 = 1_500;

#[derive(Serialize)]
struct Rates {
    base: &'static str,
    date: Date,
    rates: Vec<Rate>,
}

#[derive(Serialize)]
struct Rate {
    pair: String,
    base: &'static str,
    quote: &'static str,
    date: Date,
    bid: String,
    mid: String,
    ask: String,
}

/// `GET /fx/v1/rates`: a base against all others, or against one.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response, Refused> {
    let mut query = Query::read(asked.query, &["base", "quote", "date"]);
    let base = query.choice("base", &CODES).unwrap_or("CNY");
    let quote = query.choice("quote", &CODES);
    let date = day(&mut query, asked.today);
    if quote == Some(base) {
        query.mistake("quote", "must differ from base".to_owned());
    }
    query.finish()?;
    let rates = CODES
        .into_iter()
        .filter(|code| *code != base && quote.is_none_or(|quote| quote == *code))
        .filter_map(|code| rate(asked.seed, base, code, date))
        .collect();
    Ok(web::json(StatusCode::OK, &Rates { base, date, rates }))
}

/// `GET /fx/v1/rates/{pair}`: one pair, such as `EUR-CNY`.
pub(super) fn read(asked: &Asked<'_>) -> Result<Response, Refused> {
    let mut query = Query::read(asked.query, &["date"]);
    let date = day(&mut query, asked.today);
    let is_pair = |text: &str| {
        text.split_once('-').is_some_and(|(base, quote)| {
            [base, quote]
                .iter()
                .all(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()))
        })
    };
    if !is_pair(asked.argument) {
        let rule = "must be two currency codes, such as EUR-CNY".to_owned();
        query.mistake("pair", rule);
    }
    query.finish()?;
    asked
        .argument
        .split_once('-')
        .and_then(|(base, quote)| rate(asked.seed, base, quote, date))
        .map(|rate| web::json(StatusCode::OK, &rate))
        .ok_or_else(|| Refused::Unknown {
            what: "rate",
            id: asked.argument.to_owned(),
        })
}

fn day(query: &mut Query, today: Date) -> Date {
    query.day("date", today.saturating_sub(HISTORY_DAYS.days()), today)
}

/// The rate of a pair on a day; `None` when the bank does not trade it.
fn rate(seed: Seed, base: &str, quote: &str, date: Date) -> Option<Rate> {
    let find = |code: &str| CURRENCIES.iter().find(|currency| currency.code == code);
    let (base, quote) = (find(base)?, find(quote)?);
    if base.code == quote.code {
        return None;
    }
    let mid = in_yuan(seed, base, date) * ONE / in_yuan(seed, quote, date);
    let half = u128::from(base.half_spread + quote.half_spread);
    Some(Rate {
        pair: format!("{}-{}", base.code, quote.code),
        base: base.code,
        quote: quote.code,
        date,
        bid: significant(mid * (1_000_000 - half) / 1_000_000),
        mid: significant(mid),
        ask: significant(mid * (1_000_000 + half) / 1_000_000),
    })
}

/// One unit in CNY, with twelve decimals; never zero.
fn in_yuan(seed: Seed, currency: &Currency, date: Date) -> u128 {
    let level = u128::from(currency.level) * (ONE / 1_000_000);
    if currency.code == "CNY" {
        return level;
    }
    let day = day_number(date);
    let (week, day_of_week) = (day.div_euclid(7), day.rem_euclid(7));
    let anchor = |week: i64| {
        let week = week.to_string();
        seed.around_zero(WANDER, &["fx", currency.code, "week", &week])
    };
    let line = anchor(week) + (anchor(week + 1) - anchor(week)) * day_of_week / 7;
    let daily = seed.around_zero(DAILY, &["fx", currency.code, "day", &day.to_string()]);
    // Both together stay far above minus one million, so the factor is positive.
    let factor = (1_000_000 + line + daily).unsigned_abs();
    level * u128::from(factor) / 1_000_000
}

const fn currency(code: &'static str, level: u64, half_spread: u32) -> Currency {
    Currency {
        code,
        level,
        half_spread,
    }
}
