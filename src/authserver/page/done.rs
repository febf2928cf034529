//! The way back to the app (checklist AZ-06; specs/consent.md §9): a page of ours, because browsers
//! stop a form's answer that leads to another origin than `form-action` names.

use http::{StatusCode, Uri};
use jiff::Timestamp;
use serde::Serialize;

use model::{Fault, Response};
use web::{Arg, Frame, Pages, Sheet, text};

use super::Ending;

/// The longest address that a browser is led to, answer to an app included, in bytes.
const LOCATION_BYTES_MAX: usize = 16 * 1024;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done<'a> {
    /// What stands on every page.
    pub(crate) frame: Frame<'a>,
    /// The app's name in the page's language; at most 200 characters.
    pub(crate) app: &'a str,
    /// How it ended.
    pub(crate) ending: Ending,
    /// What was given, where something was.
    pub(crate) kept: Option<&'a Kept>,
    /// The app's redirect URI with our answer in it: `https`, or `http` to a loopback address.
    pub(crate) location: &'a str,
}

/// What was given, as a customer is told who leaves for the app.
#[derive(Debug)]
pub(crate) struct Kept {
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Where it can be seen and withdrawn, as a path; none where the bank has no such pages.
    pub(crate) permission: Option<String>,
}

#[derive(Serialize)]
struct Page<'a> {
    app: String,
    is_allowed: bool,
    until: Option<String>,
    permission: Option<&'a str>,
    location: &'a str,
}

/// Makes the page: what happened, a link to the app, and the browser's own way there. Fails when
/// the location is not an app's web address: a script must not be led to (AZ-03).
pub(crate) fn done(pages: &Pages, view: &Done<'_>) -> Result<Response, Fault> {
    if !is_web_address(view.location) {
        return Err(Fault::new("leading back to what is no address of an app"));
    }
    let app = text::name(view.app)?;
    let key = match view.ending {
        Ending::Allowed => "ended-allowed",
        Ending::Refused => "ended-refused",
        Ending::TakenBack => "ended-taken-back",
        Ending::Stopped => "ended-stopped",
        Ending::Cancelled => "ended-cancelled",
        Ending::TimedOut => "ended-timed-out",
        Ending::Locked => "ended-locked",
        Ending::Failed => "ended-failed",
    };
    let sheet = Sheet {
        frame: view.frame,
        status: StatusCode::OK,
        template: "done.html",
        is_wrong: false,
        heading: pages.words(view.frame.language, key, &[("app", Arg::Text(&app))])?,
        page: Page {
            app,
            is_allowed: view.ending == Ending::Allowed,
            until: view
                .kept
                .map(|kept| web::moment(kept.until, view.frame.language)),
            permission: view.kept.and_then(|kept| kept.permission.as_deref()),
            location: view.location,
        },
    };
    sheet.make(pages)
}

/// Whether a browser may be led there.
pub(super) fn is_web_address(location: &str) -> bool {
    let is_text = location.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_text || location.len() > LOCATION_BYTES_MAX {
        return false;
    }
    let Ok(uri) = location.parse::<Uri>() else {
        return false;
    };
    let is_loopback = matches!(uri.host(), Some("127.0.0.1" | "[::1]"));
    match uri.scheme_str() {
        Some("https") => uri.host().is_some_and(|host| !host.is_empty()),
        Some("http") => is_loopback,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn az_03_only_an_apps_web_address_is_a_way_back() {
        for good in [
            "https://app.example/callback?code=a&iss=https%3A%2F%2Fauth.example&state=%22'",
            "https://app.example",
            "http://127.0.0.1:4711/cb?code=a",
            "http://[::1]/cb?code=a",
        ] {
            assert!(is_web_address(good), "{good}");
        }
        let long = format!("https://app.example/{}", "x".repeat(LOCATION_BYTES_MAX));
        for bad in [
            "",
            "/callback",
            "//app.example/",
            "javascript:alert(1)",
            "JavaScript://app.example/%0Aalert(1)",
            "data:text/html,x",
            "http://app.example/",
            "http://127.0.0.1.app.example/",
            "http://127.0.0.1@app.example/",
            "http://localhost/",
            "https:///callback",
            " https://app.example/",
            "https://app.example/\n",
            "https://app.example/迅",
            "'https://app.example/",
            &long,
        ] {
            assert!(!is_web_address(bad), "{bad}");
        }
    }
}
