//! What a bank's customer sees while an app waits: log in, approve, done, and the error page.
//!
//! Functions of values: a view comes in, an answer goes out; who may see it, and what follows, is
//! decided elsewhere. Every page is there in both languages, works without scripts and loads
//! nothing (specs/consent.md §1, specs/look.md). What a program may rely on are the ids of the
//! elements: `login-form` with `username`, `password`, `login`, `cancel`; `approve-form` with
//! `allow`, `refuse`; `return`; `onward`; `error`; `correlation-id`. A form sends `csrf`,
//! `request` and `act`, which is the button: `log-in`, `cancel`, `allow` or `refuse`.
//!
//! Attacks stopped here: a text that pretends to be part of the page or reads otherwise than it is
//! (`text.rs`); a way back to anything but an app's web address (`done.rs`); an approval of more
//! than fits on the page (it is a fault, never cut).

pub(crate) mod approve;
pub(crate) mod details;
pub(crate) mod done;
pub(crate) mod error;
pub(crate) mod labels;
pub(crate) mod log_in;
pub(crate) mod onward;
mod text;
mod words;

use http::StatusCode;
use serde::{Deserialize, Serialize};

use model::{Fault, RequestId, Response};
use web::{Language, Pages};

use words::Words;

/// The templates, read. Fails when one of them cannot be read; to be called once, at start.
pub(crate) fn pages() -> Result<Pages, Fault> {
    Pages::new(
        include_str!("page/style.css"),
        &[
            ("frame.html", include_str!("page/frame.html")),
            ("log-in.html", include_str!("page/log-in.html")),
            ("approve.html", include_str!("page/approve.html")),
            ("done.html", include_str!("page/done.html")),
            ("onward.html", include_str!("page/onward.html")),
            ("error.html", include_str!("page/error.html")),
        ],
    )
}

/// What stands on every page.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'a> {
    /// The page's language.
    pub(crate) language: Language,
    /// The bank's name in that language; at most 200 characters.
    pub(crate) bank: &'a str,
    /// The host that the customer should find in the address bar.
    pub(crate) host: &'a str,
    /// The address of the same page in the other language, from its path on; `None` where there is
    /// none to come back to.
    pub(crate) switch: Option<&'a str>,
    /// The request's id: what the customer tells the bank's desk.
    pub(crate) correlation: RequestId,
}

/// A form of ours: where it goes, and what it brings along.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct OwnForm<'a> {
    /// The path that it is sent to.
    pub(crate) action: &'a str,
    /// The proof that we gave this form to this browser ([`web::Csrf`]).
    pub(crate) csrf: &'a str,
    /// Which request of an app it is about.
    pub(crate) request: &'a str,
}

/// How the customer's visit ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ending {
    /// Allowed.
    Allowed,
    /// Refused.
    Refused,
    /// Cancelled before logging in.
    Cancelled,
    /// Too long undecided.
    TimedOut,
    /// Too many wrong passwords.
    Locked,
    /// Something broke inside.
    Failed,
}

/// Why a customer cannot be led back to an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// The request that the link names is unknown, over, or another app's.
    NoSuchRequest,
    /// The link itself breaks a rule.
    BadRequest,
    /// No such app here.
    UnknownApp,
    /// The form or the session is not this browser's.
    ForeignForm,
    /// Too many log-ins of the customer's network were wrong.
    TooManyTries,
    /// What is needed does not answer; soon it may.
    Unavailable,
    /// Something broke inside.
    Broken,
}

/// A page to be made.
struct Sheet<'a, T> {
    frame: &'a Frame<'a>,
    status: StatusCode,
    template: &'static str,
    /// Whether the title says first that something is wrong (WCAG 2.2, 3.3.1).
    is_wrong: bool,
    heading: String,
    page: T,
}

impl<T: Serialize> Sheet<'_, T> {
    fn make(self, pages: &Pages) -> Result<Response, Fault> {
        let frame = self.frame;
        let words = Words::of(frame.language);
        let title = if self.is_wrong {
            (words.wrong)(&self.heading)
        } else {
            self.heading.clone()
        };
        let view = View {
            frame: FrameView {
                tag: frame.language.tag(),
                other_tag: frame.language.other().tag(),
                bank: text::name(frame.bank)?,
                host: text::name(frame.host)?,
                switch: frame.switch,
                correlation: frame.correlation.to_string(),
            },
            words,
            title,
            heading: self.heading,
            page: self.page,
        };
        pages.page(self.status, frame.language, self.template, &view)
    }
}

/// What the templates find.
#[derive(Serialize)]
struct View<'a, T> {
    frame: FrameView<'a>,
    words: &'static Words,
    title: String,
    heading: String,
    page: T,
}

#[derive(Serialize)]
struct FrameView<'a> {
    tag: &'static str,
    other_tag: &'static str,
    bank: String,
    host: String,
    switch: Option<&'a str>,
    correlation: String,
}

#[cfg(test)]
mod tests;
