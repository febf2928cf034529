//! The pages on which customers keep what they gave (specs/consent.md, screens D1 to D3 and D5).
//! What programs rely on are the ids `permissions`, `permission-N` from 1, `withdraw`,
//! `confirm-withdraw`, `keep`, `log-out` and `search`.

mod sample;

use http::StatusCode;
use model::ports::{DeskForm, Look, Looker};
use model::{Fault, Response};
use serde::Serialize;
use web::{Arg, Frame, Language, LookSource, OwnPages, Pages, Sheet, Trial, Tried, text};

use super::api::{Api, OwnForm, StopWords, address};
use super::ended::Ended;
use super::one::One;
use super::told::{List, Stop};
use super::{Keeper, language};

/// The texts that are asked for here: what templates are told, and what is JSON too.
pub(super) const KEYS: &[&str] = &[
    "heading-list",
    "heading-history",
    "heading-one",
    "heading-withdraw",
    "heading-ended",
    "group-active",
    "group-paused",
    "group-waiting",
    "group-ended",
    "group-history",
    "state-requested",
    "state-reviewing",
    "state-confirming",
    "state-authorised",
    "state-paused",
    "state-refused",
    "state-lapsed",
    "state-expired",
    "state-withdrawn",
    "state-superseded",
    "by-customer",
    "by-partner",
    "by-bank",
    "by-house",
    "answer-given",
    "answer-refused",
    "answer-unanswered",
    "answer-unknown",
    "decided-authorise",
    "decided-renew",
    "decided-refuse",
    "decided-lock",
    "decided-lapse",
    "decided-expire",
    "decided-withdraw",
    "decided-supersede",
    "on-page",
    "on-api",
    "on-control",
    "on-clock",
    "permission-days-between",
    "permission-days-from",
    "permission-days-until",
    "remind-given",
    "remind-confirmed",
    "joint",
    "stops-at-once",
    "stays-lawful",
    "ask-app",
];

/// The ids that programs rely on.
const IDS: &[&str] = &[
    "permissions",
    "permission-*",
    "search",
    "history",
    "previous",
    "next",
    "latest",
    "replaces",
    "replaced-by",
    "still-needed",
    "withdraw",
    "receipt",
    "confirm-withdraw",
    "keep",
    "log-out",
    "correlation-id",
];

/// What makes these pages.
const SOURCE: LookSource = LookSource {
    templates: &[
        ("keep-parts.html", include_str!("page/parts.html")),
        ("keep-list.html", include_str!("page/list.html")),
        ("keep-one.html", include_str!("page/one.html")),
        ("keep-withdraw.html", include_str!("page/withdraw.html")),
        ("keep-ended.html", include_str!("page/ended.html")),
    ],
    texts: [
        (Language::ZhCn, include_str!("page/zh-CN.ftl")),
        (Language::En, include_str!("page/en.ftl")),
    ],
    keys: KEYS,
    // By these somebody decides.
    fixed: &["withdraw-now", "keep"],
};

/// The templates and texts, read, with the bank's own in their place. Fails when one of them cannot
/// be read; to be called once.
pub(super) fn pages(own: &OwnPages) -> Result<Pages, Fault> {
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

/// A customer's way of looking: at a page, or at the same as JSON.
pub(super) struct View<'a> {
    pages: &'a Pages,
    frame: Frame<'a>,
    /// The path of the list.
    path: &'a str,
    /// How the customer knows themselves.
    customer: &'a str,
    /// Makes the form that is sent to this path below that of the list.
    form: &'a (dyn Fn(&str) -> DeskForm + Send + Sync),
    /// Where that is looked at.
    own: String,
    /// Whether JSON is asked for.
    as_json: bool,
}

#[derive(Serialize)]
struct Page<'a, T> {
    told: &'a T,
    /// The path of the list.
    path: &'a str,
    is_history: bool,
    customer: String,
    log_out: OwnForm,
    /// The page's own form, where it has one.
    form: Option<OwnForm>,
    /// What a withdrawal would do, where there is something to withdraw.
    words: Option<StopWords>,
}

impl<'a> View<'a> {
    pub(super) fn of(
        keeper: &'a Keeper,
        looker: &'a Looker<'_>,
        look: Look<'_>,
    ) -> Result<Self, Fault> {
        Ok(Self {
            pages: &keeper.pages,
            path: looker.path,
            customer: looker.customer.shown,
            form: looker.form,
            frame: Frame {
                language: language(looker)?,
                bank: looker.bank,
                host: looker.host,
                switch: Some(looker.switch),
                correlation: looker.request_id,
                help: None,
                complaint: None,
            },
            own: address(looker.path, look),
            as_json: looker.as_json,
        })
    }

    pub(super) fn list(&self, list: &List) -> Result<Response, Fault> {
        let heading = self.say("heading-list", &[])?;
        self.told("keep-list.html", heading, self.page(list)?)
    }

    pub(super) fn history(&self, list: &List) -> Result<Response, Fault> {
        let heading = self.say("heading-history", &[])?;
        let page = Page {
            is_history: true,
            ..self.page(list)?
        };
        self.told("keep-list.html", heading, page)
    }

    pub(super) fn one(&self, one: &One) -> Result<Response, Fault> {
        let heading = self.say("heading-one", &[("app", Arg::Text(&one.app))])?;
        let mut page = self.page(one)?;
        if one.is_in_force {
            let form = (self.form)(&format!("{}/withdraw", one.id));
            page.form = Some(form.into());
        }
        self.told("keep-one.html", heading, page)
    }

    /// What became of a consent, for its receipt.
    pub(super) fn ended(&self, ended: &Ended) -> Result<Response, Fault> {
        let heading = self.say("heading-ended", &[("app", Arg::Text(&ended.app))])?;
        self.told("keep-ended.html", heading, self.page(ended)?)
    }

    pub(super) fn stop(&self, stop: &Stop) -> Result<Response, Fault> {
        let heading = self.say("heading-withdraw", &[("app", Arg::Text(&stop.app))])?;
        let mut page = self.page(stop)?;
        if stop.is_in_force {
            let form = (self.form)(&format!("{}/withdraw", stop.id));
            page.form = Some(form.into());
            let say = |key| self.say(key, &[("app", Arg::Text(&stop.app))]);
            page.words = Some(StopWords {
                stops: say("stops-at-once")?,
                stays: say("stays-lawful")?,
                ask: say("ask-app")?,
            });
        }
        self.told("keep-withdraw.html", heading, page)
    }

    fn page<'t, T>(&self, told: &'t T) -> Result<Page<'t, T>, Fault>
    where
        'a: 't,
    {
        Ok(Page {
            told,
            path: self.path,
            is_history: false,
            customer: text::name(self.customer)?,
            log_out: (self.form)("log-out").into(),
            form: None,
            words: None,
        })
    }

    fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Result<String, Fault> {
        self.pages.words(self.frame.language, key, args)
    }

    /// The page of this template, or the same as JSON.
    fn told<T: Serialize>(
        &self,
        template: &'static str,
        heading: String,
        page: Page<'_, T>,
    ) -> Result<Response, Fault> {
        if self.as_json {
            let api = Api {
                heading: &heading,
                told: page.told,
                words: page.words.as_ref(),
                customer: &page.customer,
                own: &self.own,
                list: page.path,
                history: address(page.path, Look::History { page: 1 }),
                form: page.form.as_ref(),
                log_out: &page.log_out,
            };
            return Ok(api.answer());
        }
        let sheet = Sheet {
            frame: self.frame,
            status: StatusCode::OK,
            template,
            is_wrong: false,
            heading,
            page,
        };
        sheet.make(self.pages)
    }
}
