//! The same as JSON, for the bank's own app (specs/consent.md, screen D8): what is told, as the
//! page tells it, with its own address and the ways on from it. Addresses are paths of the issuer's
//! host; a form is sent to its `action` with its `csrf`, its `request` and an `act`.

use http::StatusCode;
use model::ports::{Consent, DeskForm, Look, Looker};
use model::{Evidence, Fault, Response, Shown};
use serde::Serialize;

use super::ended::Ended;
use super::language;
use super::told::escaped;

/// What a customer is told, and where it leads.
#[derive(Serialize)]
pub(super) struct Api<'a, T> {
    pub(super) heading: &'a str,
    #[serde(flatten)]
    pub(super) told: &'a T,
    #[serde(flatten)]
    pub(super) words: Option<&'a StopWords>,
    /// Who is logged in, as they know themselves.
    pub(super) customer: &'a str,
    #[serde(rename = "self")]
    pub(super) own: &'a str,
    pub(super) list: &'a str,
    pub(super) history: String,
    /// What withdraws it, where there is something to withdraw.
    pub(super) form: Option<&'a OwnForm>,
    pub(super) log_out: &'a OwnForm,
}

/// What a customer reads before they withdraw, in the page's sentences.
#[derive(Serialize)]
pub(super) struct StopWords {
    pub(super) stops: String,
    pub(super) stays: String,
    pub(super) ask: String,
}

/// A form of ours: where it goes, and what it brings along.
#[derive(Serialize)]
pub(super) struct OwnForm {
    action: String,
    csrf: String,
    request: String,
}

impl From<DeskForm> for OwnForm {
    fn from(form: DeskForm) -> Self {
        Self {
            action: form.action,
            csrf: form.csrf,
            request: form.request,
        }
    }
}

/// What was kept of the last decision about giving it.
#[derive(Serialize)]
struct Receipt<'a> {
    id: &'a str,
    /// The edge of the consent's life: `authorise`, `renew` or `refuse`.
    decision: &'static str,
    by: &'static str,
    /// RFC 3339.
    at: String,
    /// As people read it.
    moment: String,
    /// That of the pages that were shown.
    language: &'a str,
    /// The pages that were shown, HTML, one after another: the bytes with which the receipt
    /// begins that is no JSON.
    page: &'a str,
    /// What became of it, where it has ended.
    ended: Option<&'a Ended>,
    #[serde(rename = "self")]
    own: String,
    permission: String,
}

impl<T: Serialize> Api<'_, T> {
    pub(super) fn answer(&self) -> Response {
        web::json_for_one(StatusCode::OK, self)
    }
}

/// A receipt, as JSON.
pub(super) fn receipt(
    looker: &Looker<'_>,
    consent: &Consent,
    (evidence, shown): (&Evidence, &Shown),
    ended: Option<&Ended>,
) -> Result<Response, Fault> {
    let id = consent.id.as_str();
    let receipt = Receipt {
        id,
        decision: evidence.edge.as_str(),
        by: evidence.by.as_str(),
        at: evidence.at.to_string(),
        moment: web::moment(evidence.at, language(looker)?),
        language: &shown.language,
        page: &shown.page,
        ended,
        own: address(looker.path, Look::Receipt(id)),
        permission: address(looker.path, Look::One { id, after: "" }),
    };
    Ok(web::json_for_one(StatusCode::OK, &receipt))
}

/// Where that is looked at.
pub(super) fn address(path: &str, look: Look<'_>) -> String {
    let (place, page, search) = match look {
        Look::List { search, page } => (path.to_owned(), page, search),
        Look::History { page } => (format!("{path}/history"), page, ""),
        Look::One { id, after: "" } => return format!("{path}/{id}"),
        Look::One { id, after } => return format!("{path}/{id}?after={}", escaped(after)),
        Look::Withdrawal(id) => return format!("{path}/{id}/withdraw"),
        Look::Receipt(id) => return format!("{path}/{id}/receipt"),
    };
    match (page, search) {
        (0 | 1, "") => place,
        (page, "") => format!("{place}?page={page}"),
        (page, search) => format!("{place}?page={page}&search={}", escaped(search)),
    }
}
