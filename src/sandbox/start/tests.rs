use crypto::{SeededRandom, base64url, sha256};
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::BodyExt;
use model::{ListenerId, MovedClock};
use serde_json::json;

use super::*;
use crate::CUSTOMERS;

const OWN: &str = "127.0.0.1:8446";

fn bank() -> Arc<ModelBank> {
    let clock = Arc::new(MovedClock::stopped());
    let random = Arc::new(SeededRandom::new(3));
    let callers = Arc::new(Vec::new);
    Arc::new(ModelBank::new(1, clock, random, callers, "core".to_owned()))
}

fn page(bank: &Arc<ModelBank>) -> StartPage {
    let settings = StartSettings {
        host: OWN.to_owned(),
        api: "https://localhost:8443".to_owned(),
        issuer: "https://localhost:8444".to_owned(),
        apps: vec![("SwiftRide", "http://127.0.0.1:8447".to_owned())],
        commands: vec![Command {
            title: "Ask for rates",
            lines: "curl 'https://localhost:8443/fx' <x>".to_owned(),
            expects: "200",
        }],
    };
    StartPage::new(settings, Arc::clone(bank)).expect("templates")
}

fn connection() -> Arc<Connection> {
    Arc::new(Connection {
        listener: ListenerId::parse("start").expect("an id"),
        peer: ([127, 0, 0, 1], 4_000).into(),
        tls: None,
        chain: None,
    })
}

fn shown(handler: &dyn Handler, request: http::request::Builder, body: &str) -> (u16, String) {
    let request = request.body(model::full(body.to_owned())).expect("one");
    let response = handler.handle(connection(), request).now_or_never();
    let response = response.expect("no waiting");
    let status = response.status().as_u16();
    let body = response.into_body().collect().now_or_never();
    let body = body.expect("whole").expect("whole").to_bytes();
    (status, String::from_utf8(body.to_vec()).expect("text"))
}

fn got(page: &StartPage, target: &str) -> (u16, String) {
    shown(page, http::Request::get(target).header(HOST, OWN), "")
}

#[test]
fn the_page_names_people_apps_commands_and_the_road() {
    let page = page(&bank());
    for (lang, title) in [("en", "The sandbox is open"), ("zh-CN", "沙箱已开启")] {
        let (status, html) = got(&page, &format!("/?lang={lang}"));
        assert_eq!(status, 200);
        assert!(html.contains(&format!("<html lang=\"{lang}\">")), "{html}");
        assert!(html.contains(title));
        for customer in CUSTOMERS {
            assert!(html.contains(customer), "{customer}");
        }
        let text = html.replace("&#x2f;", "/").replace("&#x27;", "'");
        for part in [
            PASSWORD,
            "href=\"http://127.0.0.1:8447/?lang=",
            "curl 'https://localhost:8443/fx' &lt;x&gt;",
            "<title id=\"road-title\">",
            "<desc id=\"road-desc\">",
            ">no_certificate</text>",
            ">consent_withdrawn</text>",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(!html.contains("<script") && !html.contains(" style="));
        assert!(html.len() < 30_000, "{}", html.len());
    }
}

#[test]
fn a_code_that_the_bank_sends_is_shown_until_it_is_good_no_more() {
    let bank = bank();
    let page = page(&bank);
    assert!(got(&page, "/?lang=en").1.contains("No code is on its way"));
    let wanted = json!({
        "customer": "harbour-000101", "over": base64url(&sha256(b"values")),
        "line": { "en": "Share <one> account", "zh-CN": "共享一个账户" },
    });
    let begin = http::Request::post("/customers/v1/confirmations");
    let begin = begin.header(CONTENT_TYPE, "application/json");
    let (status, _) = shown(bank.as_ref(), begin, &wanted.to_string());
    assert_eq!(status, 201);
    let code = bank.messages()[0].code.clone();
    let (_, html) = got(&page, "/?lang=en");
    for part in [&code, "Share &lt;one&gt; account", "Li Lei", "li-lei"] {
        assert!(html.contains(part), "{part}: {html}");
    }
    assert!(got(&page, "/?lang=zh-CN").1.contains("共享一个账户"));
}

#[test]
fn codes_are_told_at_the_pages_own_address_alone() {
    let page = page(&bank());
    for host in ["localhost:8446", "rebound.example:8446"] {
        let request = http::Request::get("/").header(HOST, host);
        let (status, html) = shown(&page, request, "");
        assert_eq!(status, 421);
        assert!(!html.contains("li-lei"));
    }
    assert_eq!(shown(&page, http::Request::get("/"), "").0, 421);
    assert_eq!(got(&page, "/codes").0, 404);
    let post = http::Request::post("/").header(HOST, OWN);
    assert_eq!(shown(&page, post, "").0, 405);
}
