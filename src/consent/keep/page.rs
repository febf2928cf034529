//! The pages on which customers keep what they gave (specs/consent.md, screens D1 to D3 and D5).
//! What programs rely on are the ids `permissions`, `permission-N` from 1, `withdraw`,
//! `confirm-withdraw`, `keep`, `log-out` and `search`.

use http::StatusCode;
use model::ports::{DeskForm, Looker};
use model::{Fault, Response};
use serde::Serialize;
use web::{Arg, Frame, Language, LookSource, Pages, Sheet, text};

use super::told::{List, One, Stop};
use super::{Keeper, language};

/// The texts that are asked for here and not by a template.
const KEYS: &[&str] = &[
    "heading-list",
    "heading-history",
    "heading-one",
    "heading-withdraw",
    "group-active",
    "group-waiting",
    "group-ended",
    "group-history",
    "state-requested",
    "state-reviewing",
    "state-confirming",
    "state-authorised",
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
    "joint",
];

/// The ids that programs rely on.
const REQUIRED_IDS: &[(&str, &[&str])] = &[
    ("keep-list.html", &["permissions", "search"]),
    ("keep-one.html", &["withdraw"]),
    ("keep-withdraw.html", &["confirm-withdraw", "keep"]),
];

/// The templates and texts, read. Fails when one of them cannot be read; to be called once.
pub(super) fn pages() -> Result<Pages, Fault> {
    Pages::dressed(&LookSource {
        templates: &[
            ("keep-parts.html", include_str!("page/parts.html")),
            ("keep-list.html", include_str!("page/list.html")),
            ("keep-one.html", include_str!("page/one.html")),
            ("keep-withdraw.html", include_str!("page/withdraw.html")),
        ],
        texts: [
            (Language::ZhCn, include_str!("page/zh-CN.ftl")),
            (Language::En, include_str!("page/en.ftl")),
        ],
        keys: KEYS,
        required_ids: REQUIRED_IDS,
        overrides: Vec::new(),
    })
}

/// A customer's way of looking.
pub(super) struct View<'a, 'l> {
    pages: &'a Pages,
    looker: &'a Looker<'l>,
    frame: Frame<'a>,
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
}

#[derive(Serialize)]
struct OwnForm {
    action: String,
    csrf: String,
    request: String,
}

impl From<DeskForm> for OwnForm {
    fn from(form: DeskForm) -> Self {
        Self {
            action: form.action,
            csrf: form.csrf,
            request: form.request,
        }
    }
}

impl<'a, 'l> View<'a, 'l> {
    pub(super) fn of(keeper: &'a Keeper, looker: &'a Looker<'l>) -> Result<Self, Fault> {
        Ok(Self {
            pages: &keeper.pages,
            looker,
            frame: Frame {
                language: language(looker)?,
                bank: looker.bank,
                host: looker.host,
                switch: Some(looker.switch),
                correlation: looker.request_id,
                help: None,
                complaint: None,
            },
        })
    }

    pub(super) fn list(&self, list: &List) -> Result<Response, Fault> {
        let heading = self.say("heading-list", &[])?;
        self.sheet("keep-list.html", heading, self.page(list, None)?)
    }

    pub(super) fn history(&self, list: &List) -> Result<Response, Fault> {
        let heading = self.say("heading-history", &[])?;
        let page = Page {
            is_history: true,
            ..self.page(list, None)?
        };
        self.sheet("keep-list.html", heading, page)
    }

    pub(super) fn one(&self, one: &One) -> Result<Response, Fault> {
        let heading = self.say("heading-one", &[("app", Arg::Text(&one.app))])?;
        self.sheet("keep-one.html", heading, self.page(one, None)?)
    }

    pub(super) fn stop(&self, stop: &Stop) -> Result<Response, Fault> {
        let heading = self.say("heading-withdraw", &[("app", Arg::Text(&stop.app))])?;
        let form = (self.looker.form)(&format!("{}/withdraw", stop.id));
        let page = self.page(stop, Some(form))?;
        self.sheet("keep-withdraw.html", heading, page)
    }

    fn page<'t, T>(&self, told: &'t T, form: Option<DeskForm>) -> Result<Page<'t, T>, Fault>
    where
        'a: 't,
    {
        Ok(Page {
            told,
            path: self.looker.path,
            is_history: false,
            customer: text::name(self.looker.customer.shown)?,
            log_out: (self.looker.form)("log-out").into(),
            form: form.map(OwnForm::from),
        })
    }

    fn say(&self, key: &str, args: &[(&str, Arg<'_>)]) -> Result<String, Fault> {
        self.pages.words(self.frame.language, key, args)
    }

    fn sheet<T: Serialize>(
        &self,
        template: &'static str,
        heading: String,
        page: Page<'_, T>,
    ) -> Result<Response, Fault> {
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
