//! The second factor (specs/consent.md, screen C5): the same values again, and nothing new after.

use jiff::Timestamp;
use model::ports::FactorBegun;
use model::{Fault, Response};
use serde::Serialize;
use web::{Arg, Language, Pages, moment, money, text};

use super::detail::Table;
use super::values::{Chosen, chosen};
use super::{Common, Drawn};
use crate::asked::{Told, Wish};
use crate::draft::ChosenAccount;

/// The most characters of the line beside a code.
const LINE_CHARS_MAX: usize = 200;
/// How many amounts stand in it.
const AMOUNTS_MAX: usize = 3;

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    line: String,
    tables: Vec<Table>,
    accounts: Vec<Chosen>,
    shown_to: String,
    expires: String,
    tries_left: u32,
    /// Whether a code can still be typed for it.
    is_live: bool,
}

pub(crate) fn draw(
    sheet: &Drawn<'_>,
    accounts: &[ChosenAccount],
    begun: &FactorBegun,
    is_live: bool,
) -> Result<Response, Fault> {
    let (app, language) = (sheet.who.app, sheet.language());
    let page = Page {
        common: sheet.common()?,
        line: line(
            sheet.pages,
            language,
            app,
            sheet.wish,
            accounts,
            sheet.until,
        )?,
        tables: sheet.tables(Some(true))?,
        accounts: chosen(accounts, language)?,
        shown_to: text::name(&begun.shown_to)?,
        expires: moment(begun.expires, language),
        tries_left: begun.tries_left,
        is_live,
    };
    sheet.sheet("consent-confirm.html", "heading-confirm", page)
}

/// What is confirmed, in one line of at most 200 characters: the app, the amounts, the accounts,
/// the end. An app whose name leaves no room stands on the page alone.
pub(crate) fn line(
    pages: &Pages,
    language: Language,
    app: &str,
    wish: &Wish<'_>,
    accounts: &[ChosenAccount],
    until: Timestamp,
) -> Result<String, Fault> {
    let mut parts = amounts(wish, language);
    if let Some(first) = accounts.first() {
        let count = u32::try_from(accounts.len()).unwrap_or(u32::MAX);
        let masked = text::name(&first.masked)?;
        let args = [
            ("count", Arg::Number(count)),
            ("masked", Arg::Text(masked.as_str())),
        ];
        parts.push(pages.words(language, "line-accounts", &args)?);
    }
    let until = moment(until, language);
    parts.push(pages.words(language, "line-until", &[("until", Arg::Text(&until))])?);
    let joint = pages.words(language, "line-joint", &[])?;
    let short = parts.join(&joint);
    let whole = format!("{}{joint}{short}", text::name(app)?);
    let is_short = whole.chars().count() <= LINE_CHARS_MAX;
    Ok(if is_short { whole } else { short })
}

fn amounts(wish: &Wish<'_>, language: Language) -> Vec<String> {
    let bound = wish.details.iter().filter(|detail| detail.is_bound);
    let told = bound.flat_map(|detail| &detail.members);
    let amounts = told.filter_map(|member| match &member.told {
        Told::Money { amount, currency } => {
            let code = std::str::from_utf8(currency).ok()?;
            Some(money(amount, code, language))
        }
        Told::Text(_) => None,
    });
    amounts.take(AMOUNTS_MAX).collect()
}
