//! A consent that is given once more (specs/consent.md, screen C10): what it is, and until when.

use model::{Fault, Response};
use serde::Serialize;
use web::moment;

use super::detail::Table;
use super::review::{Purpose, Row, Who, who};
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
}

pub(crate) fn draw(
    sheet: &Drawn<'_>,
    accounts: &[ChosenAccount],
    former: &Former,
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
    };
    sheet.sheet("consent-renewal.html", "heading-renewal", page)
}
