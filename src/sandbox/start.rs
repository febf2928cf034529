//! The sandbox's start page: the road as a drawing, the last calls, who lives at the bank and what
//! each is for, the one-time codes that the bank sent them, the demo apps, and the commands to
//! paste. Behind it are the inspector's pages: `/calls`, and `/calls/ID` of each call.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_LENGTH};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Serialize;

use model::{Breach, Clock, Connection, Fault, Handler, Request, RequestId, Response};
use web::{Form, Language, Pages, moment};

use crate::bank::{Message, ModelBank, PASSWORD};
use crate::commands::Command;
use crate::demo::DemoApp;
use crate::inspector::Inspector;
use crate::loopback;

mod calls;
mod in_force;
mod people;
mod road;
mod words;

pub use in_force::InForce;

use calls::{Filter, ListView, Listed, OneView, Row};
use people::Card;
use road::Drawing;
use words::Words;

const STYLE: &str = include_str!("start/page/style.css");
const TEMPLATES: [(&str, &str); 7] = [
    ("call.html", include_str!("start/page/call.html")),
    ("calls.html", include_str!("start/page/calls.html")),
    ("frame.html", include_str!("start/page/frame.html")),
    ("rows.html", include_str!("start/page/rows.html")),
    ("road.html", include_str!("start/page/road.html")),
    ("start.html", include_str!("start/page/start.html")),
    ("wrong.html", include_str!("start/page/wrong.html")),
];

/// What the start page leads to.
#[derive(Debug, Clone)]
pub struct StartSettings {
    /// The host and port that it is reached at: `127.0.0.1:8446`.
    pub host: String,
    /// The URLs of the gateway's APIs and of the issuer.
    pub api: String,
    /// See `api`.
    pub issuer: String,
    /// The demo apps: what each is called, and its URL.
    pub apps: Vec<(&'static str, String)>,
    /// The commands to paste.
    pub commands: Vec<Command>,
}

/// What the start page looks at.
pub struct StartPorts {
    /// The bank.
    pub bank: Arc<ModelBank>,
    /// The last calls.
    pub inspector: Arc<Inspector>,
    /// The consents of its customers.
    pub in_force: Arc<InForce>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// The start page.
pub struct StartPage {
    settings: StartSettings,
    ports: StartPorts,
    pages: Pages,
}

#[derive(Serialize)]
struct Frame {
    tag: &'static str,
    other_tag: &'static str,
    /// The page's own address, to which a language can be added.
    here: String,
    words: &'static Words,
}

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    frame: Frame,
    api: &'a str,
    issuer: &'a str,
    apps: Vec<App<'a>>,
    counts: Vec<Count>,
    rows: Vec<Row>,
    drawing: Drawing,
    password: &'static str,
    people: Vec<Card>,
    codes: Vec<Code>,
    commands: Vec<Shown<'a>>,
}

#[derive(Serialize)]
struct App<'a> {
    name: &'static str,
    url: &'a str,
}

/// How many calls there were of a kind.
#[derive(Serialize)]
struct Count {
    label: &'static str,
    number: u64,
}

/// A one-time code on its way to a customer.
#[derive(Serialize)]
struct Code {
    user_name: &'static str,
    name: &'static str,
    code: String,
    line: String,
    until: String,
}

#[derive(Serialize)]
struct Shown<'a> {
    title: &'a str,
    lines: &'a str,
    expects: &'a str,
}

#[derive(Serialize)]
struct Wrong<'a> {
    #[serde(flatten)]
    frame: Frame,
    heading: &'static str,
    address: &'a str,
}

impl StartPage {
    /// The page of a sandbox where these are. Fails when its templates cannot be read.
    pub fn new(settings: StartSettings, ports: StartPorts) -> Result<Self, Fault> {
        Ok(Self {
            settings,
            ports,
            pages: Pages::new(STYLE, &TEMPLATES)?,
        })
    }

    async fn answer(&self, asked: &http::request::Parts) -> Result<Response, Fault> {
        let query = loopback::query(&asked.uri);
        let preferred = || Language::chosen(None, &asked.headers);
        let language = loopback::asked_language(&query).unwrap_or_else(preferred);
        // The page tells one-time codes: to this machine's own browser at this very address.
        if !loopback::is_for(&self.settings.host, &asked.headers) {
            return self.wrong(StatusCode::MISDIRECTED_REQUEST, language);
        }
        let path = asked.uri.path();
        let below = path.strip_prefix("/calls/");
        if path != "/" && path != "/calls" && below.is_none() {
            return self.wrong(StatusCode::NOT_FOUND, language);
        }
        if asked.method != Method::GET {
            return self.wrong(StatusCode::METHOD_NOT_ALLOWED, language);
        }
        let is_program = wants_json(&asked.headers, &query);
        match below {
            Some(id) => self.call(id, is_program, language),
            None if path == "/calls" => self.calls(&query, is_program, language),
            None => {
                let (status, view) = (StatusCode::OK, self.view(language).await);
                self.pages.page(status, language, "start.html", &view)
            }
        }
    }

    /// The last calls, as far as they are asked for.
    fn calls(&self, query: &Form, is_json: bool, language: Language) -> Result<Response, Fault> {
        let Some(filter) = Filter::read(query) else {
            return self.wrong(StatusCode::BAD_REQUEST, language);
        };
        let last = self.ports.inspector.last();
        if is_json {
            return Ok(json(&Listed::of(&last, &filter)));
        }
        let view = ListView::of(&last, &filter, language);
        self.pages
            .page(StatusCode::OK, language, "calls.html", &view)
    }

    /// The call of this id.
    fn call(&self, id: &str, is_json: bool, language: Language) -> Result<Response, Fault> {
        let found = RequestId::parse(id).and_then(|id| self.ports.inspector.find(id));
        let Some(trace) = found else {
            let heading = Words::of(language).no_call;
            return self.says(StatusCode::NOT_FOUND, heading, language);
        };
        if is_json {
            return Ok(json(&calls::told(&trace)));
        }
        let view = OneView::of(&trace, language);
        self.pages
            .page(StatusCode::OK, language, "call.html", &view)
    }

    async fn view(&self, language: Language) -> View<'_> {
        let settings = &self.settings;
        View {
            frame: Frame::of(language, "/?"),
            api: &settings.api,
            issuer: &settings.issuer,
            apps: apps(&settings.apps, language),
            counts: self.counts(language).await,
            rows: calls::newest(&self.ports.inspector, language),
            drawing: road::drawing(language),
            password: PASSWORD,
            people: people::cards(language),
            codes: self.codes(language),
            commands: settings.commands.iter().map(Shown::of).collect(),
        }
    }

    async fn counts(&self, language: Language) -> Vec<Count> {
        let (counts, words) = (self.ports.inspector.counts(), Words::of(language));
        let in_force = self.ports.in_force.count(self.ports.clock.now()).await;
        let all = [
            (words.calls_count, Some(counts.calls)),
            (words.refused_count, Some(counts.refused)),
            (words.failed_count, Some(counts.failed)),
            (words.in_force_count, in_force),
        ];
        let known = all.into_iter();
        known
            .filter_map(|(label, number)| {
                Some(Count {
                    label,
                    number: number?,
                })
            })
            .collect()
    }

    /// The newest first.
    fn codes(&self, language: Language) -> Vec<Code> {
        let mut messages = self.ports.bank.messages();
        messages.sort_by_key(|message| std::cmp::Reverse(message.expires));
        let shown = messages.into_iter();
        shown.map(|message| Code::of(message, language)).collect()
    }

    fn wrong(&self, status: StatusCode, language: Language) -> Result<Response, Fault> {
        let words = Words::of(language);
        let heading = match status {
            StatusCode::NOT_FOUND => words.no_page,
            StatusCode::MISDIRECTED_REQUEST => words.other_address,
            _ => words.unreadable,
        };
        self.says(status, heading, language)
    }

    /// A page that says what is wrong.
    fn says(
        &self,
        status: StatusCode,
        heading: &'static str,
        language: Language,
    ) -> Result<Response, Fault> {
        let view = Wrong {
            frame: Frame::of(language, "/?"),
            heading,
            address: &self.settings.host,
        };
        self.pages.page(status, language, "wrong.html", &view)
    }
}

/// The apps, as they are called in this language.
fn apps<'a>(open: &'a [(&'static str, String)], language: Language) -> Vec<App<'a>> {
    let named = |name: &'static str| {
        let mut all = DemoApp::ALL.into_iter();
        let app = all.find(|app| app.name() == name);
        app.map_or(name, |app| app.name_in(language))
    };
    let open = open.iter();
    open.map(|(name, url)| App {
        name: named(name),
        url,
    })
    .collect()
}

impl Frame {
    /// Of a page at an address that ends with `?` or `&`.
    fn of(language: Language, here: &str) -> Self {
        Self {
            tag: language.tag(),
            other_tag: language.other().tag(),
            here: here.to_owned(),
            words: Words::of(language),
        }
    }
}

impl Code {
    fn of(message: Message, language: Language) -> Self {
        let (name, line) = match language {
            Language::ZhCn => (message.name_zh, message.line_zh),
            Language::En => (message.name_en, message.line_en),
        };
        Self {
            user_name: message.customer,
            name,
            code: message.code,
            line,
            until: moment(message.expires, language),
        }
    }
}

impl<'a> Shown<'a> {
    fn of(command: &'a Command) -> Self {
        Self {
            title: command.title,
            lines: &command.lines,
            expects: command.expects,
        }
    }
}

impl Handler for StartPage {
    fn handle(&self, _: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        let (asked, _) = request.into_parts();
        async move { self.answer(&asked).await.unwrap_or_else(broken) }.boxed()
    }

    fn refuse(&self, _: &Connection, head: &http::request::Parts, breach: Breach) -> Response {
        let language = Language::chosen(None, &head.headers);
        self.wrong(breach.status, language).unwrap_or_else(broken)
    }
}

/// Whether a program asks, which reads JSON, and no browser.
fn wants_json(headers: &HeaderMap, query: &Form) -> bool {
    if query.only("format").ok().flatten() == Some("json") {
        return true;
    }
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|list| list.contains("application/json") && !list.contains("text/html"))
}

/// What programs read, for this moment alone.
fn json(value: &impl Serialize) -> Response {
    let mut response = web::json(StatusCode::OK, value);
    let never = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, never);
    response
}

/// The answer where no page can be made.
fn broken(_: Fault) -> Response {
    let mut response = Response::new(model::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let none = HeaderValue::from_static("0");
    response.headers_mut().insert(CONTENT_LENGTH, none);
    response
}

impl fmt::Debug for StartPage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StartPage")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
