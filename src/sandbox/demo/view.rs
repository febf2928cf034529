//! What the templates of the demo apps are given.

use http::StatusCode;
use http::header::CONTENT_LENGTH;
use serde::Serialize;

use model::{Fault, Response};
use web::{Decimal, Language, Pages, money};

use super::DemoSettings;
use super::app::DemoApp;
use super::holdings::Holdings;
use super::talk::Call;
use super::visits::{Notice, State};
use super::words::{self, Words};

const FRAME: (&str, &str) = ("frame.html", include_str!("page/frame.html"));
const ONWARD: (&str, &str) = ("onward.html", include_str!("page/onward.html"));
const WRONG: (&str, &str) = ("wrong.html", include_str!("page/wrong.html"));
const CONNECT: (&str, &str) = ("connect.html", include_str!("page/connect.html"));
const HAPPENED: (&str, &str) = ("happened.html", include_str!("page/happened.html"));

/// What is in the shop's cart, in yuan: made up, as the shop is.
const CART: &str = "1299.00";
/// A third of it.
const INSTALMENT: &str = "433.00";

/// What every page has.
#[derive(Serialize)]
pub(super) struct Frame {
    tag: &'static str,
    other_tag: &'static str,
    app: &'static str,
    host: String,
    start: Option<String>,
    words: &'static Words,
}

/// A page that says what is wrong.
#[derive(Serialize)]
pub(super) struct Wrong {
    #[serde(flatten)]
    frame: Frame,
    heading: &'static str,
    what: &'static str,
}

/// The page between app and bank.
#[derive(Serialize)]
pub(super) struct OnwardView {
    #[serde(flatten)]
    frame: Frame,
    heading: &'static str,
    location: String,
}

/// Where the browser goes.
pub(super) struct Onward {
    view: OnwardView,
}

/// All that the first page shows.
pub(super) struct Shown<'a> {
    pub(super) settings: &'a DemoSettings,
    pub(super) language: Language,
    /// The proofs of the two forms.
    pub(super) connect: String,
    pub(super) disconnect: String,
    pub(super) state: State,
    pub(super) holdings: Option<Holdings>,
}

#[derive(Serialize)]
pub(super) struct Home {
    #[serde(flatten)]
    frame: Frame,
    connect: String,
    disconnect: String,
    is_linked: bool,
    notice: Option<Told>,
    holdings: Option<Holdings>,
    cart: Cart,
    calls: Vec<ShownCall>,
}

/// The shop's cart, and whether an account at the bank could pay it.
#[derive(Serialize)]
struct Cart {
    price: String,
    instalment: String,
    /// None where the bank tells no balance.
    is_covered: Option<bool>,
}

#[derive(Serialize)]
struct Told {
    is_good: bool,
    ends: bool,
    heading: &'static str,
    text: &'static str,
    code: Option<String>,
}

#[derive(Serialize)]
struct ShownCall {
    at: String,
    method: String,
    path: String,
    status: Option<u16>,
    is_good: bool,
    request: Option<String>,
    took: String,
}

/// The templates of an app, in its own look: colours and drawings are its own, the rest is one.
pub(super) fn pages(app: DemoApp) -> Result<Pages, Fault> {
    let (style, home) = match app {
        DemoApp::SwiftRide => (
            concat!(
                include_str!("page/app.css"),
                include_str!("page/swiftride.css")
            ),
            include_str!("page/swiftride.html"),
        ),
        DemoApp::Cartwheel => (
            concat!(
                include_str!("page/app.css"),
                include_str!("page/cartwheel.css")
            ),
            include_str!("page/cartwheel.html"),
        ),
    };
    let home = ("home.html", home);
    Pages::new(style, &[FRAME, ONWARD, WRONG, CONNECT, HAPPENED, home])
}

fn frame(settings: &DemoSettings, language: Language) -> Frame {
    Frame {
        tag: language.tag(),
        other_tag: language.other().tag(),
        app: settings.app.name_in(language),
        host: settings.host.clone(),
        start: settings.start.clone(),
        words: Words::of(language),
    }
}

/// What is wrong with a request.
pub(super) fn wrong(settings: &DemoSettings, status: StatusCode, language: Language) -> Wrong {
    let (heading, what) = words::wrong(status, language);
    Wrong {
        frame: frame(settings, language),
        heading,
        what,
    }
}

/// The answer where no page can be made.
pub(super) fn broken(_: Fault) -> Response {
    let mut response = Response::new(model::empty());
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    let none = http::HeaderValue::from_static("0");
    response.headers_mut().insert(CONTENT_LENGTH, none);
    response
}

impl Onward {
    pub(super) fn of(settings: &DemoSettings, language: Language, location: &str) -> Self {
        let frame = frame(settings, language);
        Self {
            view: OnwardView {
                heading: frame.words.onward,
                frame,
                location: location.to_owned(),
            },
        }
    }

    pub(super) fn view(self) -> OnwardView {
        self.view
    }
}

impl Shown<'_> {
    pub(super) fn view(self) -> Home {
        let language = self.language;
        let most = self.holdings.as_ref().and_then(|all| all.most.as_deref());
        Home {
            frame: frame(self.settings, language),
            connect: self.connect,
            disconnect: self.disconnect,
            is_linked: self.state.is_linked,
            notice: self.state.notice.map(|notice| Told::of(notice, language)),
            cart: Cart::of(most, language),
            holdings: self.holdings,
            calls: self.state.calls.into_iter().map(ShownCall::of).collect(),
        }
    }
}

impl Cart {
    fn of(most: Option<&str>, language: Language) -> Self {
        let yuan = |text: &str| {
            let amount = Decimal::parse(text).ok()?;
            Some(money(&amount, "CNY", language))
        };
        let price = Decimal::parse(CART).ok();
        let most = most.and_then(|most| Decimal::parse(most).ok());
        Self {
            price: yuan(CART).unwrap_or_default(),
            instalment: yuan(INSTALMENT).unwrap_or_default(),
            is_covered: most.zip(price).map(|(most, price)| most >= price),
        }
    }
}

impl Told {
    fn of(notice: Notice, language: Language) -> Self {
        let (heading, text) = words::notice(&notice, language);
        Self {
            is_good: notice == Notice::Disconnected,
            ends: matches!(notice, Notice::Ended { .. }),
            heading,
            text,
            code: match notice {
                Notice::Disconnected => None,
                Notice::Ended { code }
                | Notice::Declined { code }
                | Notice::Wrong { code }
                | Notice::NotRevoked { code } => Some(code),
            },
        }
    }
}

impl ShownCall {
    fn of(call: Call) -> Self {
        Self {
            at: call.at.strftime("%H:%M:%S").to_string(),
            method: call.method.to_string(),
            path: call.path,
            is_good: call.status.is_some_and(|status| status < 400),
            status: call.status,
            request: call.request,
            took: format!("{} ms", call.took.as_millis()),
        }
    }
}
