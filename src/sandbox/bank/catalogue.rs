//! The product catalogue: class `partner`, scope `catalogue`.
//!
//! Kinds × currencies × terms give the products; rates follow from the kind, the term, the seed
//! and the week, and change on Mondays.

use http::StatusCode;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Serialize;

use model::Response;

use super::asked::Asked;
use super::branches::Text;
use super::decimal::places_of;
use super::paging::Page;
use super::query::Query;
use super::refused::Refused;
use super::seed::{Seed, day_number};

/// A kind of product and in what it is offered.
struct Kind {
    code: &'static str,
    en: &'static str,
    zh: &'static str,
    currencies: &'static [&'static str],
    /// Terms in months; `0` stands for a product without a term.
    terms: &'static [u32],
    /// The rate a year without a term, in hundredths of a per cent.
    rate: i64,
    /// What a year of term adds, in hundredths of a per cent.
    slope: i64,
    /// The least amount, in whole units of the currency.
    least: u64,
    /// The greatest, where there is one.
    most: Option<u64>,
}

#[rustfmt::skip]
const KINDS: [Kind; 5] = [
    Kind { code: "current", en: "Current account", zh: "活期账户", currencies: &CURRENCIES, terms: &[0], rate: 8, slope: 0, least: 0, most: None },
    Kind { code: "savings", en: "Savings account", zh: "储蓄账户", currencies: &CURRENCIES, terms: &[0], rate: 45, slope: 0, least: 1, most: None },
    Kind { code: "deposit", en: "Term deposit", zh: "定期存款", currencies: &CURRENCIES, terms: &[3, 6, 12, 24, 36], rate: 95, slope: 28, least: 50, most: None },
    Kind { code: "loan", en: "Personal loan", zh: "个人贷款", currencies: &["CNY"], terms: &[6, 12, 24, 36], rate: 395, slope: 40, least: 1_000, most: Some(200_000) },
    Kind { code: "card", en: "Credit card", zh: "信用卡", currencies: &["CNY", "USD"], terms: &[0], rate: 1_450, slope: 0, least: 0, most: Some(50_000) },
];
const KIND_CODES: [&str; KINDS.len()] = {
    let mut codes = [""; KINDS.len()];
    let mut at = 0;
    while at < codes.len() {
        codes[at] = KINDS[at].code;
        at += 1;
    }
    codes
};
const CURRENCIES: [&str; 4] = ["CNY", "EUR", "HKD", "USD"];
/// How far a week's rate lies from its kind's, in hundredths of a per cent.
const WEEKLY: u32 = 6;

#[derive(Debug, Serialize)]
struct Product {
    id: String,
    kind: &'static str,
    name: Text,
    currency: &'static str,
    annual_rate_percent: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    term_months: Option<u32>,
    minimum_amount: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_amount: Option<String>,
    effective_from: Date,
}

/// `GET /catalogue/v1/products`: products, by kind and currency, in pages.
pub(super) fn list(asked: &Asked<'_>) -> Result<Response, Refused> {
    let mut query = Query::read(asked.query, &["kind", "currency", "limit", "offset"]);
    let kind = query.choice("kind", &KIND_CODES);
    let currency = query.choice("currency", &CURRENCIES);
    let page = Page::read(&mut query);
    query.finish()?;
    let products: Vec<Product> = all(asked)
        .filter(|product| kind.is_none_or(|kind| kind == product.kind))
        .filter(|product| currency.is_none_or(|currency| currency == product.currency))
        .collect();
    let filters = [("kind", kind), ("currency", currency)];
    Ok(page.of(products, asked.path, &filters))
}

/// `GET /catalogue/v1/products/{id}`: one product, such as `deposit-cny-12m`.
pub(super) fn read(asked: &Asked<'_>) -> Result<Response, Refused> {
    Query::read(asked.query, &[]).finish()?;
    all(asked)
        .find(|product| product.id == asked.argument)
        .map(|product| web::json(StatusCode::OK, &product))
        .ok_or_else(|| Refused::Unknown {
            what: "product",
            id: asked.argument.chars().take(64).collect(),
        })
}

fn all(asked: &Asked<'_>) -> impl Iterator<Item = Product> {
    let (seed, today) = (asked.seed, asked.today);
    KINDS.iter().flat_map(move |kind| {
        kind.currencies.iter().flat_map(move |currency| {
            let terms = kind.terms.iter();
            terms.map(move |term| product(seed, today, kind, currency, *term))
        })
    })
}

fn product(seed: Seed, today: Date, kind: &Kind, currency: &'static str, term: u32) -> Product {
    let term_months = (term > 0).then_some(term);
    let in_term = |text: fn(u32) -> String| term_months.map(text).unwrap_or_default();
    let id = format!(
        "{}-{}{}",
        kind.code,
        currency.to_ascii_lowercase(),
        in_term(|months| format!("-{months}m"))
    );
    let name = Text {
        en: format!(
            "{} in {currency}{}",
            kind.en,
            in_term(|months| format!(", {months} months"))
        ),
        zh_cn: format!(
            "{currency}{}{}",
            kind.zh,
            in_term(|months| format!("（{months}个月）"))
        ),
    };
    let monday = monday_of(today);
    let rate = rate(seed, kind, currency, term, monday);
    let amount = |whole: u64| places_of(u128::from(whole) * 100, 2);
    Product {
        id,
        kind: kind.code,
        name,
        currency,
        annual_rate_percent: places_of(u128::from(rate), 2),
        term_months,
        minimum_amount: amount(kind.least),
        maximum_amount: kind.most.map(amount),
        effective_from: monday,
    }
}

/// The rate in hundredths of a per cent; never below one.
fn rate(seed: Seed, kind: &Kind, currency: &str, term: u32, monday: Date) -> u64 {
    let week = day_number(monday).to_string();
    let own = seed.below(31, &["catalogue", kind.code, currency]);
    let weekly = seed.around_zero(WEEKLY, &["catalogue", kind.code, currency, &week]);
    let years = kind.slope * i64::from(term) / 12;
    (kind.rate + years + own.cast_signed() + weekly)
        .max(1)
        .unsigned_abs()
}

fn monday_of(date: Date) -> Date {
    let behind = date.weekday().to_monday_zero_offset();
    date.saturating_sub(i64::from(behind).days())
}
