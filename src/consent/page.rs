//! What a customer sees of a consent: values come in, a page goes out; what follows is decided
//! elsewhere. Every page is there in both languages, works without scripts and loads nothing
//! (specs/consent.md §6, specs/look.md). What a program may rely on are the ids of the elements:
//! `approve-form` with `allow`, `refuse`, `more-time`, `separate`, `account-N` from 1, `code` and
//! `resend`; `stop-all`; and `error-summary`. A form sends `csrf`, `request` and `act`, which is
//! the button: `allow`, `refuse`, `extend`, `resend` or `stop`; and `separate`, `account` and
//! `code` where they stand.
//! A bank may put pages of its own in their place that keep all this ([`try_pages`]).

pub(crate) mod accounts;
pub(crate) mod amendment;
mod asks;
pub(crate) mod confirm;
mod detail;
pub(crate) mod renewal;
pub(crate) mod review;
pub(crate) mod sample;
pub(crate) mod values;

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use model::ports::{DeskForm, WhoAsks};
use model::{DetailType, Fault, Response};
use serde::Serialize;
use web::{Arg, Frame, Language, LookSource, OwnPages, Pages, Sheet, Trial, Tried, moment, text};

use crate::asked::Wish;
use crate::settings::DetailWords;

/// The texts that are asked for here and not by a template.
const KEYS: &[&str] = &[
    "heading-data",
    "heading-plain",
    "heading-accounts",
    "heading-values",
    "heading-confirm",
    "heading-renewal",
    "heading-amendment",
    "note-as-before",
    "note-sensitive",
    "change-stays",
    "change-new",
    "change-ends",
    "change-until",
    "until",
    "days-from",
    "days-until",
    "days-both",
    "away",
    "not-data",
    "not-password",
    "wrong-separate",
    "wrong-no-account",
    "wrong-many-accounts",
    "wrong-account-gone",
    "wrong-account-left",
    "wrong-no-code",
    "wrong-code",
    "wrong-code-over",
    "account-joint",
    "account-frozen",
    "account-closed",
    "account-kind",
    "line-accounts",
    "line-until",
    "line-joint",
];

/// The ids that programs rely on.
const IDS: &[&str] = &[
    "approve-form",
    "allow",
    "refuse",
    "more-time",
    "separate",
    "account-*",
    "code",
    "resend",
    "stop-all",
    "until",
    "error-summary",
    "correlation-id",
];

/// What makes these pages.
const SOURCE: LookSource = LookSource {
    templates: &[
        ("consent-parts.html", include_str!("page/parts.html")),
        ("consent-review.html", include_str!("page/review.html")),
        ("consent-renewal.html", include_str!("page/renewal.html")),
        ("consent-accounts.html", include_str!("page/accounts.html")),
        ("consent-values.html", include_str!("page/values.html")),
        ("consent-confirm.html", include_str!("page/confirm.html")),
    ],
    texts: [
        (Language::ZhCn, include_str!("text/zh-CN.ftl")),
        (Language::En, include_str!("text/en.ftl")),
    ],
    keys: KEYS,
    // The line beside a code has 200 characters.
    fixed: &["line-accounts", "line-until", "line-joint"],
};

/// The templates and texts, read, with the bank's own in their place. Fails when one of them cannot
/// be read; to be called once.
pub(crate) fn pages(own: &OwnPages) -> Result<Pages, Fault> {
    Pages::dressed(&SOURCE, own)
}

/// Tries what a bank puts in the place of these pages. Fails when ours cannot be made.
pub(crate) fn try_pages(own: &OwnPages) -> Result<Tried, Fault> {
    let trial = Trial {
        source: &SOURCE,
        draw: &sample::draw,
        ids: IDS,
        facts: sample::FACTS,
    };
    trial.of(own)
}

/// What is wrong about the form that was sent: said at the top, with a way to the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The separate consent is not ticked.
    NotSeparate,
    /// No account is chosen.
    NoAccount,
    /// More than one consent takes.
    TooManyAccounts,
    /// One that was chosen cannot be, any more.
    AccountGone,
    /// One of a consent that is renewed cannot be shared any more.
    AccountLeft,
    /// No code was typed, or what cannot be one.
    NoCode,
    /// The code is wrong.
    Code {
        /// How many more tries there are; at least 1.
        tries_left: u32,
    },
    /// The code is good no more.
    CodeOver,
}

/// What all pages are made from.
pub(crate) struct Drawn<'a> {
    pub(crate) pages: &'a Pages,
    pub(crate) frame: Frame<'a>,
    pub(crate) who: &'a WhoAsks<'a>,
    /// How the customer knows themselves.
    pub(crate) customer: &'a str,
    pub(crate) words: &'a BTreeMap<DetailType, DetailWords>,
    pub(crate) wish: &'a Wish<'a>,
    pub(crate) form: &'a DeskForm,
    /// When the consent ends.
    pub(crate) until: Timestamp,
    /// Until when it can be decided, where that is limited.
    pub(crate) decide_until: Option<Timestamp>,
    /// Whether there is more time to be had.
    pub(crate) more_time: bool,
    pub(crate) wrong: &'a [Wrong],
}

/// What all pages show.
#[derive(Serialize)]
struct Common<'a> {
    app: String,
    customer: String,
    until: String,
    decide_until: Option<String>,
    more_time: bool,
    errors: Vec<Problem>,
    form: OwnForm<'a>,
}

#[derive(Serialize)]
struct OwnForm<'a> {
    action: &'a str,
    csrf: &'a str,
    request: &'a str,
}

/// A line of the error summary.
#[derive(Serialize)]
struct Problem {
    text: String,
    field: &'static str,
}

impl<'a> Drawn<'a> {
    fn language(&self) -> Language {
        self.frame.language
    }

    fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Result<String, Fault> {
        self.pages.words(self.language(), key, args)
    }

    fn common(&self) -> Result<Common<'a>, Fault> {
        let language = self.language();
        let errors: Result<Vec<Problem>, Fault> = self
            .wrong
            .iter()
            .map(|wrong| self.problem(*wrong))
            .collect();
        Ok(Common {
            app: text::name(self.who.app)?,
            customer: text::name(self.customer)?,
            until: moment(self.until, language),
            decide_until: self.decide_until.map(|at| moment(at, language)),
            more_time: self.more_time,
            errors: errors?,
            form: OwnForm {
                action: &self.form.action,
                csrf: &self.form.csrf,
                request: &self.form.request,
            },
        })
    }

    /// The first of these that is wrong, in words.
    fn problem_of(&self, among: &[Wrong]) -> Result<Option<String>, Fault> {
        let found = self.wrong.iter().find(|wrong| among.contains(wrong));
        let problem = found.map(|wrong| self.problem(*wrong)).transpose()?;
        Ok(problem.map(|problem| problem.text))
    }

    fn problem(&self, wrong: Wrong) -> Result<Problem, Fault> {
        let left;
        let (key, args, field): (_, &[(&str, Arg<'_>)], _) = match wrong {
            Wrong::NotSeparate => ("wrong-separate", &[], "separate"),
            Wrong::NoAccount => ("wrong-no-account", &[], "account-1"),
            Wrong::TooManyAccounts => ("wrong-many-accounts", &[], "account-1"),
            Wrong::AccountGone => ("wrong-account-gone", &[], "account-1"),
            Wrong::AccountLeft => ("wrong-account-left", &[], "allow"),
            Wrong::NoCode => ("wrong-no-code", &[], "code"),
            Wrong::Code { tries_left } => {
                left = [("left", Arg::Number(tries_left))];
                ("wrong-code", &left, "code")
            }
            Wrong::CodeOver => ("wrong-code-over", &[], "resend"),
        };
        let text = self.say(key, args)?;
        Ok(Problem { text, field })
    }

    /// The page of a template.
    fn sheet<T: Serialize>(
        &self,
        template: &'static str,
        heading: &str,
        page: T,
    ) -> Result<Response, Fault> {
        let app = text::name(self.who.app)?;
        let sheet = Sheet {
            frame: self.frame,
            status: StatusCode::OK,
            template,
            is_wrong: !self.wrong.is_empty(),
            heading: self.say(heading, &[("app", Arg::Text(&app))])?,
            page,
        };
        sheet.make(self.pages)
    }
}
