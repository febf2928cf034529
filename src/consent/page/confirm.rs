//! The second factor (specs/consent.md, screen C5): the same values again, and nothing new after.

use jiff::Timestamp;
use model::ports::FactorBegun;
use model::{Fault, Response};
use serde::Serialize;
use web::{Arg, Language, Pages, moment, text};

use super::detail::Table;
use super::values::{Chosen, chosen};
use super::{Common, Drawn};
use crate::asked::Wish;
use crate::draft::ChosenAccount;

/// The most characters of the line beside a code.
const LINE_CHARS_MAX: usize = 200;

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    line: String,
    tables: Vec<Table>,
    accounts: Vec<Chosen>,
    factor: Factor,
}

/// A second factor that is under way, as a page tells of it.
#[derive(Serialize)]
pub(crate) struct Factor {
    shown_to: String,
    expires: String,
    tries_left: u32,
    /// Whether a code can still be typed for it.
    is_live: bool,
}

impl Factor {
    pub(crate) fn of(
        begun: &FactorBegun,
        is_live: bool,
        language: Language,
    ) -> Result<Self, Fault> {
        Ok(Self {
            shown_to: text::name(&begun.shown_to)?,
            expires: moment(begun.expires, language),
            tries_left: begun.tries_left,
            is_live,
        })
    }
}

pub(crate) fn draw(
    sheet: &Drawn<'_>,
    accounts: &[ChosenAccount],
    factor: Factor,
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
        factor,
    };
    sheet.sheet("consent-confirm.html", "heading-confirm", page)
}

/// What is confirmed, in one line of at most 200 characters: the app, the amounts, the accounts,
/// the end. A name that leaves no room for all that is shortened, and nothing else is.
pub(crate) fn line(
    pages: &Pages,
    language: Language,
    app: &str,
    wish: &Wish<'_>,
    accounts: &[ChosenAccount],
    until: Timestamp,
) -> Result<String, Fault> {
    let mut parts = wish.amounts(language);
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
    let rest = format!("{joint}{}", parts.join(&joint));
    let room = LINE_CHARS_MAX.saturating_sub(rest.chars().count());
    Ok(format!("{}{rest}", shortened(&text::name(app)?, room)))
}

/// A name, cut where it is longer than there is room for.
fn shortened(name: &str, room: usize) -> String {
    if name.chars().count() <= room {
        return name.to_owned();
    }
    let begins: String = name.chars().take(room.saturating_sub(1)).collect();
    format!("{}\u{2026}", begins.trim_end())
}

#[cfg(test)]
mod tests {
    use model::ScopeSet;
    use model::ports::AskedFor;

    use super::*;
    use crate::test_desk::{at, bank_id, client, settings};

    /// The line of an app, in a language, over three amounts and many accounts.
    fn line_of(app: &str, language: Language) -> String {
        let (settings, bank, client) = (settings("sensitive"), bank_id(), client());
        let scopes = ScopeSet::parse("accounts funds").expect("scopes");
        let money = |value: &str| format!(r#"{{"currency":"CNY","value":"{value}"}}"#);
        let (limit, fee, tax) = (money("3000000.00"), money("2.50"), money("1.25"));
        let details =
            format!(r#"[{{"type":"funds_check","limit":{limit},"fee":{fee},"tax":{tax}}}]"#);
        let asked = AskedFor {
            bank: &bank,
            client: &client,
            scopes: &scopes,
            details: &details,
            now: at(0),
        };
        let wish = Wish::of(&settings, &asked).expect("may be asked");
        let account = ChosenAccount {
            id: "acc-1".to_owned(),
            masked: "9".repeat(40),
            name_zh: "活期".to_owned(),
            name_en: "Current".to_owned(),
        };
        let accounts = vec![account; 50];
        let pages = super::super::pages(&web::OwnPages::default()).expect("texts of ours");
        line(&pages, language, app, &wish, &accounts, at(0)).expect("a line")
    }

    #[test]
    fn a_long_name_is_shortened_and_no_amount_is_left_out() {
        for language in Language::ALL {
            let long = "SwiftRide ".repeat(19);
            let said = line_of(&long, language);
            assert!(said.chars().count() <= LINE_CHARS_MAX, "{said}");
            assert!(
                said.starts_with("SwiftRide") && said.contains('\u{2026}'),
                "{said}"
            );
            for amount in ["3,000,000.00", "2.50", "1.25"] {
                assert!(said.contains(amount), "{said}");
            }
            let short = line_of("SwiftRide", language);
            assert!(
                short.starts_with("SwiftRide") && !short.contains('\u{2026}'),
                "{short}"
            );
        }
    }

    #[test]
    fn a_name_that_just_fits_is_whole() {
        assert_eq!(shortened("SwiftRide", 9), "SwiftRide");
        assert_eq!(shortened("SwiftRide", 8), "SwiftRi\u{2026}");
        assert_eq!(shortened("Swift Ride", 7), "Swift\u{2026}");
    }
}
