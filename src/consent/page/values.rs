//! The values that are bound (specs/consent.md, screen C4), and the account that was chosen.

use model::{Fault, Response};
use serde::Serialize;
use web::{Language, text};

use super::detail::Table;
use super::{Common, Drawn};
use crate::draft::ChosenAccount;

/// An account that was chosen.
#[derive(Serialize)]
pub(super) struct Chosen {
    name: String,
    masked: String,
}

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    tables: Vec<Table>,
    accounts: Vec<Chosen>,
}

pub(crate) fn draw(sheet: &Drawn<'_>, accounts: &[ChosenAccount]) -> Result<Response, Fault> {
    let page = Page {
        common: sheet.common()?,
        tables: sheet.tables(Some(true))?,
        accounts: chosen(accounts, sheet.language())?,
    };
    sheet.sheet("consent-values.html", "heading-values", page)
}

/// The accounts as they stand on a page.
pub(super) fn chosen(accounts: &[ChosenAccount], language: Language) -> Result<Vec<Chosen>, Fault> {
    let each = accounts.iter().map(|account| {
        let name = match language {
            Language::ZhCn => &account.name_zh,
            Language::En => &account.name_en,
        };
        Ok(Chosen {
            name: text::name(name)?,
            masked: text::name(&account.masked)?,
        })
    });
    each.collect()
}
