//! The page that asks (specs/consent.md, screen C2 in its first form; checklist AZ-08): who, what,
//! until when. Refusing is as easy as allowing.

use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;

use model::{Fault, Response};
use web::{Arg, Frame, Language, Pages, Sheet, text};

use super::OwnForm;

/// The most permissions on a page, and the most lines of one.
const PERMISSIONS_MAX: usize = 100;
pub(super) const LINES_MAX: usize = 50;

/// What the page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Approve<'a> {
    /// What stands on every page.
    pub(crate) frame: Frame<'a>,
    /// The app's name in the page's language; at most 200 characters.
    pub(crate) app: &'a str,
    /// What the app would do, as it goes on after "wants to": "see your accounts". `None`: the
    /// heading says only that it asks.
    pub(crate) act: Option<&'a str>,
    /// The partner's registered name.
    pub(crate) legal: &'a str,
    /// Where the partner is reached.
    pub(crate) contact: &'a str,
    /// Who is logged in, as the customer knows it.
    pub(crate) customer: &'a str,
    /// What is asked for; at least one, at most 100.
    pub(crate) permissions: &'a [Permission],
    /// When it ends.
    pub(crate) until: Timestamp,
    /// Where the form goes.
    pub(crate) form: OwnForm<'a>,
}

/// One thing that is asked for, in words of the page's language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Permission {
    /// What; at most 200 characters.
    pub(crate) title: String,
    /// Its details; at most 50, of 500 characters each.
    pub(crate) lines: Vec<Line>,
}

/// One line of what is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Line {
    /// What it is called, where it is a member of a detail.
    pub(crate) name: Option<String>,
    /// What it says.
    pub(crate) text: String,
}

impl Line {
    /// A sentence.
    pub(crate) fn of(text: String) -> Self {
        Self { name: None, text }
    }

    /// A member of a detail.
    pub(crate) fn named(name: String, text: String) -> Self {
        let name = Some(name);
        Self { name, text }
    }

    /// As it may stand on a page: 500 characters of both at most, or a fault.
    pub(crate) fn shown(&self) -> Result<Self, Fault> {
        let name = self.name.as_deref().map(text::line).transpose()?;
        let apart = name.as_ref().map_or("", |_| ": ");
        // The limit is the whole line's.
        text::line(&format!(
            "{}{apart}{}",
            name.as_deref().unwrap_or(""),
            self.text
        ))?;
        let text = text::line(&self.text)?;
        Ok(Self { name, text })
    }
}

#[derive(Serialize)]
struct Page<'a> {
    app: String,
    legal: String,
    legal_tag: Option<&'static str>,
    contact: String,
    customer: String,
    until: String,
    permissions: Vec<Permission>,
    form: OwnForm<'a>,
}

/// Makes the page. Fails when nothing is asked for, or more than the page shows: what cannot be
/// shown whole must not be approved.
pub(crate) fn approve(pages: &Pages, view: &Approve<'_>) -> Result<Response, Fault> {
    let language = view.frame.language;
    let app = text::name(view.app)?;
    let heading = match view.act {
        Some(act) => {
            let act = text::name(act)?;
            let args = [("app", Arg::Text(&app)), ("act", Arg::Text(&act))];
            pages.words(language, "wants-to", &args)?
        }
        None => pages.words(language, "asks", &[("app", Arg::Text(&app))])?,
    };
    let sheet = Sheet {
        frame: view.frame,
        status: StatusCode::OK,
        template: "approve.html",
        is_wrong: false,
        heading,
        page: Page {
            app,
            legal: text::name(view.legal)?,
            legal_tag: text::foreign_tag(view.legal, language),
            contact: text::name(view.contact)?,
            customer: text::name(view.customer)?,
            until: web::moment(view.until, language),
            permissions: whole(view.permissions)?,
            form: view.form,
        },
    };
    sheet.make(pages)
}

/// What is asked for by whoever asks who the customer is (OIDC Core §3.1.2.4).
pub(crate) fn who_you_are(
    pages: &Pages,
    app: &str,
    language: Language,
) -> Result<Permission, Fault> {
    let number = pages.words(language, "own-number", &[("app", Arg::Text(app))])?;
    Ok(Permission {
        title: pages.words(language, "who-you-are", &[])?,
        lines: vec![Line::of(number)],
    })
}

fn whole(permissions: &[Permission]) -> Result<Vec<Permission>, Fault> {
    let most_lines = permissions.iter().map(|one| one.lines.len()).max();
    if !(1..=PERMISSIONS_MAX).contains(&permissions.len()) || most_lines > Some(LINES_MAX) {
        return Err(Fault::new(
            "showing permissions: there are none, or more than a page takes",
        ));
    }
    let shown = |one: &Permission| {
        let lines: Result<_, Fault> = one.lines.iter().map(Line::shown).collect();
        Ok(Permission {
            title: text::name(&one.title)?,
            lines: lines?,
        })
    };
    permissions.iter().map(shown).collect()
}
