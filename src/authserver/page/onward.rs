//! The way to the bank's own log-in after a form of ours: a page, because browsers stop a form's
//! answer that leads to another origin (specs/consent.md §9).

use http::StatusCode;
use serde::Serialize;

use model::{Fault, Response};
use web::{Arg, Frame, Pages, Sheet, text};

use super::done::is_web_address;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Onward<'a> {
    /// What stands on every page.
    pub(crate) frame: Frame<'a>,
    /// The name of the app that the log-in is for, in the page's language; at most 200 characters.
    /// `None` of one that is for no app.
    pub(crate) app: Option<&'a str>,
    /// Where the customer logs in: `https`.
    pub(crate) location: &'a str,
}

#[derive(Serialize)]
struct Page<'a> {
    location: &'a str,
}

/// Makes the page: a link to the log-in, and the browser's own way there. Fails when the location
/// is no web address: a script must not be led to (AZ-03).
pub(crate) fn onward(pages: &Pages, view: &Onward<'_>) -> Result<Response, Fault> {
    if !is_web_address(view.location) {
        return Err(Fault::new("leading on to what is no web address"));
    }
    let bank = text::name(view.frame.bank)?;
    let app = view.app.map(text::name).transpose()?;
    let (names, key) = match &app {
        Some(app) => (
            vec![("bank", Arg::Text(&bank)), ("app", Arg::Text(app))],
            "log-in-to",
        ),
        None => (vec![("bank", Arg::Text(&bank))], "log-in-own"),
    };
    let sheet = Sheet {
        frame: view.frame,
        status: StatusCode::OK,
        template: "onward.html",
        is_wrong: false,
        heading: pages.words(view.frame.language, key, &names)?,
        page: Page {
            location: view.location,
        },
    };
    sheet.make(pages)
}
