//! The page to log in (specs/consent.md, screen C1). No link for a forgotten password: nobody
//! should learn here to follow links to password pages.

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use model::{Fault, Response};
use web::{Arg, Frame, Pages, Sheet, text};

use super::OwnForm;

/// The most characters of a user name, and of a password: what the fields take.
pub(crate) const CREDENTIAL_CHARS_MAX: usize = 200;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogIn<'a> {
    /// What stands on every page.
    pub(crate) frame: Frame<'a>,
    /// The app's name in the page's language; at most 200 characters. `None` where the customer
    /// comes of their own.
    pub(crate) app: Option<&'a str>,
    /// The user name that was sent before, or nothing. Not shown again when it is too long.
    pub(crate) user_name: &'a str,
    /// What went wrong before.
    pub(crate) notice: Option<Notice>,
    /// Where the form goes.
    pub(crate) form: OwnForm<'a>,
}

/// Why the customer sees the page again. Whether the user name exists is never told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// User name and password do not fit.
    Wrong {
        /// How often they may still be tried; at least once.
        tries_left: u32,
    },
    /// Too many tries.
    LockedUntil(Timestamp),
}

#[derive(Serialize)]
struct Page<'a> {
    app: Option<String>,
    notice: Option<String>,
    user_name: String,
    chars_max: usize,
    form: OwnForm<'a>,
}

/// Makes the page: 200, or 403 when there is something to notice. Fails when a name is too long.
pub(crate) fn log_in(pages: &Pages, view: &LogIn<'_>) -> Result<Response, Fault> {
    let language = view.frame.language;
    let bank = text::name(view.frame.bank)?;
    let app = view.app.map(text::name).transpose()?;
    let notice = match view.notice {
        None => None,
        Some(Notice::Wrong { tries_left }) => {
            let args = [("left", Arg::Number(tries_left))];
            Some(pages.words(language, "wrong-credentials", &args)?)
        }
        Some(Notice::LockedUntil(end)) => {
            let end = web::moment(end, language);
            let args = [("moment", Arg::Text(&end))];
            Some(pages.words(language, "locked-until", &args)?)
        }
    };
    let bank = ("bank", Arg::Text(&bank));
    let heading = match &app {
        Some(app) => pages.words(language, "log-in-to", &[bank, ("app", Arg::Text(app))])?,
        None => pages.words(language, "log-in-own", &[bank])?,
    };
    let sheet = Sheet {
        frame: view.frame,
        status: match notice {
            None => StatusCode::OK,
            Some(_) => StatusCode::FORBIDDEN,
        },
        template: "log-in.html",
        is_wrong: notice.is_some(),
        heading,
        page: Page {
            app,
            notice,
            user_name: text::name(view.user_name).unwrap_or_default(),
            chars_max: CREDENTIAL_CHARS_MAX,
            form: view.form,
        },
    };
    sheet.make(pages)
}
