//! What the bank's own app sends and asks for: JSON in the place of forms and pages.

use http::header::{ACCEPT, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, Method};
use serde::Deserialize;

use model::{MessageBody, Request};
use web::Form;

use super::super::{Turned, request};
use crate::issuer::limits::FORM_BYTES_MAX;
use crate::page::Cause;
use crate::step::form::Parameters;

/// A form of ours as JSON: each member a text, none twice, and no other.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Letter {
    act: Option<String>,
    csrf: Option<String>,
    request: Option<String>,
    shown: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

/// The parameters of a GET, or what a POST says as a form or as JSON.
pub(in super::super) async fn parameters(
    head: &Parts,
    body: MessageBody,
) -> Result<Parameters, Turned> {
    if head.method == Method::GET || !web::is_json(&head.headers) {
        return request::parameters(head, body).await;
    }
    let request = Request::from_parts(head.clone(), body);
    let letter: Option<Letter> = web::read_json(request, FORM_BYTES_MAX).await;
    let form = letter.and_then(|letter| crate::step::form::once_each(letter.into()).ok());
    form.ok_or_else(|| {
        let rule = "The body must be a JSON object of texts that are known here.";
        Turned::away(Cause::BadRequest, "invalid_request", rule)
    })
}

/// Whether a request is answered with JSON, whatever becomes of it.
pub(in super::super) fn wants_json(head: &Parts) -> bool {
    if head.method == Method::POST && web::is_json(&head.headers) {
        return true;
    }
    let query = Form::parse(head.uri.query().unwrap_or_default().as_bytes());
    let format = query.as_ref().ok().map(|query| query.only("format"));
    if let Some(Ok(Some(format))) = format {
        return format == "json";
    }
    let accepts = head.headers.get(ACCEPT);
    let accepts = accepts.and_then(|value| value.to_str().ok());
    // A browser accepts pages first, and says so.
    accepts.is_some_and(|accepts| {
        accepts.contains("application/json") && !accepts.contains("text/html")
    })
}

/// Whether a request is of a page of this host's, or of no page at all (RFC 6454 §7.2).
pub(super) fn is_of(host: &str, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(ORIGIN).iter();
    origins.all(|origin| origin.as_bytes().strip_prefix(b"https://") == Some(host.as_bytes()))
}

impl From<Letter> for Form {
    fn from(letter: Letter) -> Self {
        let members = [
            ("act", letter.act),
            ("csrf", letter.csrf),
            ("request", letter.request),
            ("shown", letter.shown),
            ("username", letter.username),
            ("password", letter.password),
        ];
        let said = members.into_iter();
        let said = said.filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Self::of(said.collect())
    }
}
