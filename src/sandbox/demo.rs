//! The demo partner apps: what a customer of Harbour Bank sees of SwiftRide and of Cartwheel, and
//! what their servers do behind it, by public APIs alone.
//!
//! A page takes its way so: `visits` knows the browser, a `talk` speaks to the bank for it
//! (`proving` says who asks), `connection` gets and ends permissions, `holdings` reads what they
//! open, `view` puts it into the words of the page. Tokens stay here, in memory, with the visit.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::header::SET_COOKIE;
use http::{Method, StatusCode};

use crypto::Random;
use model::ports::Fetch;
use model::{Breach, Clock, Connection, Fault, Handler, Request, Response};
use web::{Csrf, Form, Language, Pages, read_form, see_other};

use crate::loopback;

mod app;
mod connection;
mod holdings;
mod proving;
mod talk;
mod trouble;
mod view;
mod visits;
mod words;

pub use app::DemoApp;
pub use proving::DemoProof;

use connection::Way;
use talk::Talk;
use trouble::Trouble;
use view::{Onward, Shown};
use visits::{Key, Notice, Visits};

/// The most bytes of a form of ours.
const FORM_BYTES_MAX: usize = 4 * 1024;
/// The purposes that a form's proof is bound to.
const CONNECT: &str = "connect";
const DISCONNECT: &str = "disconnect";

/// Where a demo app stands, and where its bank does.
#[derive(Debug, Clone)]
pub struct DemoSettings {
    /// Which app.
    pub app: DemoApp,
    /// Its `client_id`.
    pub client: String,
    /// The host and port that it is reached at: `127.0.0.1:8447`. Customers come back to
    /// `http://HOST/callback`.
    pub host: String,
    /// The bank's issuer, by its identifier.
    pub issuer: String,
    /// The origin of the bank's APIs.
    pub api: String,
    /// The URL of the sandbox's start page, if it has one.
    pub start: Option<String>,
}

/// What a demo app needs of the world.
pub struct DemoPorts {
    /// The way to the bank, with the app's certificate, and to nobody else.
    pub fetch: Arc<dyn Fetch>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What states, verifiers and visits are drawn from.
    pub random: Arc<dyn Random>,
}

/// A demo partner app: the pages that a browser sees, and the partner's server behind them.
pub struct Demo {
    settings: DemoSettings,
    proof: DemoProof,
    ports: DemoPorts,
    pages: Pages,
    visits: Visits,
    nonces: talk::Nonces,
}

/// A request's visit, and the language of its pages.
struct Guest {
    key: Key,
    language: Language,
    /// The cookie's value, where the browser is to be given one.
    fresh: Option<[u8; 32]>,
}

impl Demo {
    /// An app that nobody visits yet. Fails when its templates cannot be read.
    pub fn new(settings: DemoSettings, proof: DemoProof, ports: DemoPorts) -> Result<Self, Fault> {
        Ok(Self {
            pages: view::pages(settings.app)?,
            visits: Visits::new(),
            nonces: talk::Nonces::default(),
            settings,
            proof,
            ports,
        })
    }

    fn redirect_uri(&self) -> String {
        format!("http://{}/callback", self.settings.host)
    }

    fn talk(&self) -> Talk<'_> {
        Talk::begin(self)
    }

    async fn answer(&self, request: Request) -> Result<Response, Fault> {
        if !loopback::is_for(&self.settings.host, request.headers()) {
            let language = Language::chosen(None, request.headers());
            return self.wrong(StatusCode::MISDIRECTED_REQUEST, language);
        }
        let guest = self.guest(&request);
        let is_known = matches!(
            request.uri().path(),
            "/" | "/callback" | "/connect" | "/disconnect"
        );
        let mut response = match (request.method(), request.uri().path()) {
            (&Method::GET, "/") => self.home(&guest).await?,
            (&Method::GET, "/callback") => {
                let sent = loopback::query(request.uri());
                self.come_back(&guest, &sent).await?
            }
            (&Method::POST, "/connect") => self.connect(&guest, request).await?,
            (&Method::POST, "/disconnect") => self.disconnect(&guest, request).await?,
            _ if is_known => self.wrong(StatusCode::METHOD_NOT_ALLOWED, guest.language)?,
            _ => self.wrong(StatusCode::NOT_FOUND, guest.language)?,
        };
        if let Some(value) = &guest.fresh {
            let cookie = self.settings.app.cookie().set(value);
            let cookie = cookie.map_err(|cause| Fault::caused("writing the visit's cookie", cause));
            response.headers_mut().append(SET_COOKIE, cookie?);
        }
        Ok(response)
    }

    /// Who asks: the visit of the browser's cookie, or a new one.
    fn guest(&self, request: &Request) -> Guest {
        let now = self.ports.clock.monotonic();
        let asked = loopback::asked_language(&loopback::query(request.uri()));
        let preferred = Language::chosen(None, request.headers());
        let cookie = self.settings.app.cookie().read(request.headers());
        let known = cookie.ok().flatten();
        let (key, fresh) = self
            .visits
            .find_or_open(known.as_deref(), now, &*self.ports.random);
        let language = self.visits.language(key, asked).unwrap_or(preferred);
        Guest {
            key,
            language,
            fresh,
        }
    }

    /// The app's one screen: with what the bank tells at this moment, where there is a permission.
    async fn home(&self, guest: &Guest) -> Result<Response, Fault> {
        let mut holdings = None;
        if let Some(linked) = self.visits.linked(guest.key) {
            let mut talk = self.talk();
            let read = holdings::read(&mut talk, linked, guest.language).await;
            let calls = talk.end();
            let notice = match read.outcome {
                Ok(found) => {
                    holdings = Some(found);
                    None
                }
                Err(trouble) => Some(Notice::of(&trouble, trouble.ends_the_permission())),
            };
            self.visits.read(guest.key, read.linked, notice, calls);
        }
        let is_wrong = holdings.is_none() && self.visits.linked(guest.key).is_some();
        let Some(state) = self.visits.state(guest.key) else {
            return self.wrong(StatusCode::GONE, guest.language);
        };
        let shown = Shown {
            settings: &self.settings,
            language: guest.language,
            connect: self.token(&state.secret, CONNECT),
            disconnect: self.token(&state.secret, DISCONNECT),
            state,
            holdings,
        };
        let status = if is_wrong {
            StatusCode::BAD_GATEWAY
        } else {
            StatusCode::OK
        };
        self.pages
            .page(status, guest.language, "home.html", &shown.view())
    }

    /// Asks the bank to ask the customer (RFC 9126), and sends the browser there.
    async fn connect(&self, guest: &Guest, request: Request) -> Result<Response, Fault> {
        if !self.is_ours(guest, request, CONNECT).await {
            return self.wrong(StatusCode::FORBIDDEN, guest.language);
        }
        let mut talk = self.talk();
        let begun = connection::begin(&mut talk, guest.language).await;
        let calls = talk.end();
        match begun {
            Ok((way, location)) => {
                self.visits.under_way(guest.key, way, calls);
                let view = Onward::of(&self.settings, guest.language, &location).view();
                let (status, page) = (StatusCode::OK, "onward.html");
                self.pages.page(status, guest.language, page, &view)
            }
            Err(trouble) => {
                let notice = Notice::of(&trouble, false);
                self.visits.note(guest.key, notice, calls);
                see_other("/")
            }
        }
    }

    /// The customer comes back from the bank, with a code or with what went otherwise.
    async fn come_back(&self, guest: &Guest, sent: &Form) -> Result<Response, Fault> {
        let asked: Option<Way> = self.visits.take_way(guest.key);
        let mut talk = self.talk();
        let done = connection::complete(&mut talk, asked, sent).await;
        let calls = talk.end();
        match done {
            Ok(tokens) => self.visits.link(guest.key, tokens, calls),
            Err(trouble @ (Trouble::NotOurs | Trouble::OtherIssuer)) => {
                self.visits
                    .note(guest.key, Notice::of(&trouble, false), calls);
                return self.wrong(StatusCode::BAD_REQUEST, guest.language);
            }
            Err(trouble) => self
                .visits
                .note(guest.key, Notice::of(&trouble, false), calls),
        }
        see_other("/")
    }

    /// Gives the permission back (RFC 7009). The tokens are forgotten whatever the bank says.
    async fn disconnect(&self, guest: &Guest, request: Request) -> Result<Response, Fault> {
        if !self.is_ours(guest, request, DISCONNECT).await {
            return self.wrong(StatusCode::FORBIDDEN, guest.language);
        }
        if let Some(linked) = self.visits.unlink(guest.key) {
            let mut talk = self.talk();
            let revoked = connection::revoke(&mut talk, &linked.tokens).await;
            let calls = talk.end();
            let notice = match revoked {
                Ok(()) => Notice::Disconnected,
                Err(trouble) => Notice::NotRevoked {
                    code: trouble.code().to_owned(),
                },
            };
            self.visits.note(guest.key, notice, calls);
        }
        see_other("/")
    }

    fn token(&self, secret: &[u8; 32], purpose: &str) -> String {
        self.proof_of(secret, purpose).token()
    }

    fn proof_of<'a>(&'a self, secret: &'a [u8; 32], purpose: &'a str) -> Csrf<'a> {
        Csrf {
            secret,
            purpose,
            form: &self.settings.client,
        }
    }

    /// Whether a form was sent from a page that this visit was shown.
    async fn is_ours(&self, guest: &Guest, request: Request, purpose: &str) -> bool {
        let Some(state) = self.visits.state(guest.key) else {
            return false;
        };
        let Ok(form) = read_form(request, FORM_BYTES_MAX).await else {
            return false;
        };
        let sent = form.only("csrf").ok().flatten();
        sent.is_some_and(|sent| self.proof_of(&state.secret, purpose).fits(sent))
    }

    /// A page that says what is wrong with a request.
    fn wrong(&self, status: StatusCode, language: Language) -> Result<Response, Fault> {
        let view = view::wrong(&self.settings, status, language);
        self.pages.page(status, language, "wrong.html", &view)
    }
}

impl Handler for Demo {
    fn handle(&self, _: Arc<Connection>, request: Request) -> BoxFuture<'_, Response> {
        async move { self.answer(request).await.unwrap_or_else(view::broken) }.boxed()
    }

    fn refuse(&self, _: &Connection, head: &http::request::Parts, breach: Breach) -> Response {
        let language = Language::chosen(None, &head.headers);
        let page = self.wrong(breach.status, language);
        page.unwrap_or_else(view::broken)
    }
}

impl fmt::Debug for Demo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Demo")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
