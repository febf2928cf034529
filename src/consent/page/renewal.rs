//! A consent that is given once more (specs/consent.md, screen C10): what it is, and until when.

use model::{Fault, Response};
use serde::Serialize;
use web::moment;

use super::asks::{Purpose, Who, who};
use super::confirm::Factor;
use super::detail::Table;
use super::review::Row;
use super::values::{Chosen, chosen};
use super::{Common, Drawn};
use crate::draft::ChosenAccount;
use crate::former::Former;

#[derive(Serialize)]
struct Page<'a> {
    common: Common<'a>,
    who: Who,
    /// When it ends as it is.
    until: String,
    purposes: Vec<Purpose>,
    clusters: Vec<Row>,
    tables: Vec<Table>,
    accounts: Vec<Chosen>,
    /// Where it is confirmed on this page.
    factor: Option<Factor>,
}

pub(crate) fn draw(
    sheet: &Drawn<'_>,
    accounts: &[ChosenAccount],
    former: &Former,
    factor: Option<Factor>,
) -> Result<Response, Fault> {
    let language = sheet.language();
    let page = Page {
        common: sheet.common()?,
        who: who(sheet)?,
        until: moment(former.terms.expires, language),
        purposes: sheet.purposes()?,
        clusters: sheet.clusters(|_| true, |_| None)?,
        tables: sheet.tables(None)?,
        accounts: chosen(accounts, language)?,
        factor,
    };
    sheet.sheet("consent-renewal.html", "heading-renewal", page)
}
