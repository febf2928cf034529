//! What a bank's customer sees while an app waits: log in, approve, done, and the error page.
//!
//! Functions of values: a view comes in, an answer goes out; who may see it, and what follows, is
//! decided elsewhere. Every page is there in both languages, works without scripts and loads
//! nothing (specs/consent.md §1, specs/look.md). What a program may rely on are the ids of the
//! elements: `login-form` with `username`, `password`, `login`, `cancel`; `approve-form` with
//! `allow`, `refuse`; `return`; `onward`; `error`; `correlation-id`. A form sends `csrf`,
//! `request` and `act`, which is the button: `log-in`, `cancel`, `allow` or `refuse`. A bank may
//! put pages of its own in their place that keep all this ([`try_pages`]).
//!
//! Attacks stopped here: a text that pretends to be part of the page or reads otherwise than it is
//! ([`web::text`]); a way back to anything but an app's web address (`done.rs`); an approval of
//! more than fits on the page (it is a fault, never cut).

pub(crate) mod approve;
pub(crate) mod details;
pub(crate) mod done;
pub(crate) mod error;
pub(crate) mod labels;
pub(crate) mod log_in;
pub(crate) mod onward;
mod sample;

use serde::{Deserialize, Serialize};

use model::Fault;
use web::{Language, LookSource, OwnPages, Pages, Trial, Tried};

/// What makes these pages.
const SOURCE: LookSource = LookSource {
    templates: &[
        ("log-in.html", include_str!("page/log-in.html")),
        ("approve.html", include_str!("page/approve.html")),
        ("done.html", include_str!("page/done.html")),
        ("onward.html", include_str!("page/onward.html")),
        ("error.html", include_str!("page/error.html")),
    ],
    texts: [
        (Language::ZhCn, include_str!("page/zh-CN.ftl")),
        (Language::En, include_str!("page/en.ftl")),
    ],
    keys: KEYS,
    fixed: &[],
};

/// The templates and texts, read, with the bank's own in their place. Fails when one of them cannot
/// be read; to be called once, at start.
pub(crate) fn pages(own: &OwnPages) -> Result<Pages, Fault> {
    Pages::dressed(&SOURCE, own)
}

/// What programs rely on.
const IDS: &[&str] = &[
    "login-form",
    "username",
    "password",
    "login",
    "cancel",
    "approve-form",
    "allow",
    "refuse",
    "return",
    "until",
    "permission",
    "receipt",
    "onward",
    "error",
    "correlation-id",
];

/// Tries what a bank puts in the place of these pages. Fails when ours cannot be made.
pub fn try_pages(own: &OwnPages) -> Result<Tried, Fault> {
    let trial = Trial {
        source: &SOURCE,
        draw: &sample::draw,
        ids: IDS,
        facts: sample::FACTS,
    };
    trial.of(own)
}

/// The texts that no template asks for, but the pages' code.
const KEYS: &[&str] = &[
    "log-in-to",
    "log-in-own",
    "wrong-credentials",
    "locked-until",
    "wants-to",
    "asks",
    "who-you-are",
    "own-number",
    "ended-allowed",
    "ended-refused",
    "ended-taken-back",
    "ended-stopped",
    "ended-cancelled",
    "ended-timed-out",
    "ended-locked",
    "ended-failed",
    "no-such-request",
    "no-such-request-remedy",
    "bad-request",
    "bad-request-remedy",
    "unknown-app",
    "unknown-app-remedy",
    "foreign-form",
    "foreign-form-remedy",
    "too-many-tries",
    "too-many-tries-remedy",
    "unavailable",
    "unavailable-remedy",
    "not-logged-in",
    "not-logged-in-remedy",
    "no-such-permission",
    "no-such-permission-remedy",
    "broken",
    "broken-remedy",
];

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
    /// The app took it back.
    TakenBack,
    /// Refused, and what was allowed before withdrawn.
    Stopped,
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
    /// The bank's provider logs nobody in who wants to see their permissions.
    NotLoggedIn,
    /// There is no such permission of this customer's.
    NoSuchPermission,
    /// Something broke inside.
    Broken,
}

#[cfg(test)]
mod tests;
