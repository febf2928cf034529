//! Authorization details as tables of values (specs/consent.md, screen C4).

use model::Fault;
use serde::Serialize;
use web::{capital, money, text};

use super::Drawn;
use crate::asked::{Detail, Told};

/// The currency whose amounts are said in capital numerals too.
const YUAN: &[u8; 3] = b"CNY";

/// One detail.
#[derive(Serialize)]
pub(super) struct Table {
    /// What it is.
    title: String,
    rows: Vec<Row>,
}

/// One value.
#[derive(Serialize)]
struct Row {
    label: String,
    value: String,
    tag: Option<&'static str>,
    /// The amount in capital numerals (大写).
    capital: Option<String>,
    is_amount: bool,
}

impl Drawn<'_> {
    /// The details, all of them or only those that are bound.
    pub(super) fn tables(&self, is_bound: Option<bool>) -> Result<Vec<Table>, Fault> {
        let details = self.wish.details.iter();
        details
            .filter(|detail| is_bound.is_none_or(|is_bound| detail.is_bound == is_bound))
            .map(|detail| self.table(detail))
            .collect()
    }

    /// One detail.
    pub(super) fn table(&self, detail: &Detail) -> Result<Table, Fault> {
        let language = self.language();
        let words = self.words.get(&detail.kind);
        let words = words.ok_or_else(|| Fault::new("showing a detail that has no words"))?;
        let rows = detail.members.iter().map(|member| {
            let label = text::line(&words.called(&member.path, language))?;
            Ok(match &member.told {
                Told::Money { amount, currency } => {
                    let code = std::str::from_utf8(currency)
                        .map_err(|cause| Fault::caused("reading a currency", cause))?;
                    Row {
                        label,
                        value: money(amount, code, language),
                        tag: None,
                        capital: capital(amount).filter(|_| currency == YUAN),
                        is_amount: true,
                    }
                }
                Told::Text(value) => Row {
                    label,
                    value: text::line(value)?,
                    tag: text::foreign_tag(value, language),
                    capital: None,
                    is_amount: false,
                },
            })
        });
        Ok(Table {
            title: text::name(words.say.in_language(language))?,
            rows: rows.collect::<Result<_, Fault>>()?,
        })
    }
}
