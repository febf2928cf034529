//! The sandbox's start page: the road as a drawing, who lives at the bank and what each is for, the
//! one-time codes that the bank sent them, the demo apps, and the commands to paste.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::CONTENT_LENGTH;
use http::{HeaderValue, Method, StatusCode};
use serde::Serialize;

use model::{Breach, Connection, Fault, Handler, Request, Response};
use web::{Language, Pages, moment};

use crate::bank::{Message, ModelBank, PASSWORD};
use crate::commands::Command;
use crate::demo::DemoApp;
use crate::loopback;

mod people;
mod road;
mod words;

use people::Card;
use road::Drawing;
use words::Words;

const STYLE: &str = include_str!("start/page/style.css");
const TEMPLATES: [(&str, &str); 4] = [
    ("frame.html", include_str!("start/page/frame.html")),
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

/// The start page.
pub struct StartPage {
    settings: StartSettings,
    bank: Arc<ModelBank>,
    pages: Pages,
}

#[derive(Serialize)]
struct Frame {
    tag: &'static str,
    other_tag: &'static str,
    words: &'static Words,
}

#[derive(Serialize)]
struct View<'a> {
    #[serde(flatten)]
    frame: Frame,
    api: &'a str,
    issuer: &'a str,
    apps: Vec<App<'a>>,
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
    /// The page of a sandbox whose bank this is. Fails when its templates cannot be read.
    pub fn new(settings: StartSettings, bank: Arc<ModelBank>) -> Result<Self, Fault> {
        Ok(Self {
            settings,
            bank,
            pages: Pages::new(STYLE, &TEMPLATES)?,
        })
    }

    fn answer(&self, request: &Request) -> Result<Response, Fault> {
        let asked = loopback::asked_language(&loopback::query(request.uri()));
        let preferred = || Language::chosen(None, request.headers());
        let language = asked.unwrap_or_else(preferred);
        // The page tells one-time codes: to this machine's own browser at this very address.
        if !loopback::is_for(&self.settings.host, request.headers()) {
            return self.wrong(StatusCode::MISDIRECTED_REQUEST, language);
        }
        if request.uri().path() != "/" {
            return self.wrong(StatusCode::NOT_FOUND, language);
        }
        if request.method() != Method::GET {
            return self.wrong(StatusCode::METHOD_NOT_ALLOWED, language);
        }
        let view = self.view(language);
        self.pages
            .page(StatusCode::OK, language, "start.html", &view)
    }

    fn view(&self, language: Language) -> View<'_> {
        let settings = &self.settings;
        View {
            frame: Frame::of(language),
            api: &settings.api,
            issuer: &settings.issuer,
            apps: apps(&settings.apps, language),
            drawing: road::drawing(language),
            password: PASSWORD,
            people: people::cards(language),
            codes: self.codes(language),
            commands: settings.commands.iter().map(Shown::of).collect(),
        }
    }

    /// The newest first.
    fn codes(&self, language: Language) -> Vec<Code> {
        let mut messages = self.bank.messages();
        messages.sort_by_key(|message| std::cmp::Reverse(message.expires));
        let shown = messages.into_iter();
        shown.map(|message| Code::of(message, language)).collect()
    }

    fn wrong(&self, status: StatusCode, language: Language) -> Result<Response, Fault> {
        let frame = Frame::of(language);
        let view = Wrong {
            heading: match status {
                StatusCode::NOT_FOUND => frame.words.no_page,
                StatusCode::MISDIRECTED_REQUEST => frame.words.other_address,
                _ => frame.words.unreadable,
            },
            frame,
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
    fn of(language: Language) -> Self {
        Self {
            tag: language.tag(),
            other_tag: language.other().tag(),
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
        let answer = self.answer(&request).unwrap_or_else(broken);
        std::future::ready(answer).boxed()
    }

    fn refuse(&self, _: &Connection, head: &http::request::Parts, breach: Breach) -> Response {
        let language = Language::chosen(None, &head.headers);
        self.wrong(breach.status, language).unwrap_or_else(broken)
    }
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
