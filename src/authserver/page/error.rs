//! The page for whoever cannot be led back to an app (specs/consent.md, screen C9; checklist
//! AZ-03): the OAuth error code, what happened, what to do, and no way to anywhere else.

use http::StatusCode;
use serde::Serialize;

use model::{Fault, Response};
use web::{Frame, Pages, Sheet, text};

use super::Cause;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Failure<'a> {
    /// What stands on every page.
    pub(crate) frame: Frame<'a>,
    /// The answer's status.
    pub(crate) status: StatusCode,
    /// What happened, for the customer.
    pub(crate) cause: Cause,
    /// The OAuth error code (RFC 6749 §4.1.2.1, RFC 9101 §7, OpenID Connect Core §3.1.2.6).
    pub(crate) code: &'static str,
    /// What was expected, for the app's developers, in English; its first 500 characters.
    pub(crate) description: Option<&'a str>,
}

#[derive(Serialize)]
struct Page {
    remedy: String,
    code: &'static str,
    description: Option<String>,
}

/// Makes the page. Never fails: where even this page cannot be made, the answer is a problem
/// document with the request's id.
pub(crate) fn failure(pages: &Pages, view: &Failure<'_>) -> Response {
    sheet(pages, view).unwrap_or_else(|fault| {
        tracing::error!(
            error = &fault as &dyn std::error::Error,
            request.id = %view.frame.correlation,
            "the error page cannot be made"
        );
        web::internal_problem(view.frame.correlation)
    })
}

/// The page, or why there is none.
pub(super) fn sheet(pages: &Pages, view: &Failure<'_>) -> Result<Response, Fault> {
    let language = view.frame.language;
    let (happened, remedy) = match view.cause {
        Cause::NoSuchRequest => ("no-such-request", "no-such-request-remedy"),
        Cause::BadRequest => ("bad-request", "bad-request-remedy"),
        Cause::UnknownApp => ("unknown-app", "unknown-app-remedy"),
        Cause::ForeignForm => ("foreign-form", "foreign-form-remedy"),
        Cause::TooManyTries => ("too-many-tries", "too-many-tries-remedy"),
        Cause::Unavailable => ("unavailable", "unavailable-remedy"),
        Cause::NotLoggedIn => ("not-logged-in", "not-logged-in-remedy"),
        Cause::NoSuchPermission => ("no-such-permission", "no-such-permission-remedy"),
        Cause::Broken => ("broken", "broken-remedy"),
    };
    let sheet = Sheet {
        frame: view.frame,
        status: view.status,
        template: "error.html",
        is_wrong: true,
        heading: pages.words(language, happened, &[])?,
        page: Page {
            remedy: pages.words(language, remedy, &[])?,
            code: view.code,
            description: view.description.map(text::beginning),
        },
    };
    sheet.make(pages)
}
