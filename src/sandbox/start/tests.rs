use crypto::{SeededRandom, base64url, sha256};
use futures_util::FutureExt;
use http::header::{CONTENT_TYPE, HOST};
use http_body_util::BodyExt;
use model::ports::{Trace, Watcher};
use model::{Decision, ListenerId, MovedClock};
use serde_json::json;

use super::*;
use crate::CUSTOMERS;
use crate::inspector::fixture::trace;

const OWN: &str = "127.0.0.1:8446";

fn bank() -> Arc<ModelBank> {
    let clock = Arc::new(MovedClock::stopped());
    let random = Arc::new(SeededRandom::new(3));
    let callers = Arc::new(Vec::new);
    Arc::new(ModelBank::new(1, clock, random, callers, "core".to_owned()))
}

fn page(bank: &Arc<ModelBank>) -> StartPage {
    watching(bank, &Arc::new(Inspector::new()))
}

fn watching(bank: &Arc<ModelBank>, inspector: &Arc<Inspector>) -> StartPage {
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
    let ports = StartPorts {
        bank: Arc::clone(bank),
        inspector: Arc::clone(inspector),
        in_force: Arc::new(InForce::new()),
        clock: Arc::new(MovedClock::stopped()),
    };
    StartPage::new(settings, ports).expect("templates")
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

/// The page of a sandbox that has seen calls of these ends, the last of them last.
fn having_seen(decisions: impl IntoIterator<Item = Decision>) -> (StartPage, Vec<Trace>) {
    let inspector = Arc::new(Inspector::new());
    let seen = (1_u16..).zip(decisions);
    let seen: Vec<_> = seen.map(|(number, how)| trace(number, how)).collect();
    for trace in &seen {
        inspector.saw(trace.clone());
    }
    (watching(&bank(), &inspector), seen)
}

/// A page's text, its escapes undone.
fn read(page: &StartPage, target: &str) -> String {
    let (status, html) = got(page, target);
    assert_eq!(status, 200, "{html}");
    assert!(!html.contains("<script") && !html.contains(" style="));
    assert!(html.len() < 30_000, "{target}: {}", html.len());
    html.replace("&#x2f;", "/").replace("&#x27;", "'")
}

#[test]
fn the_start_page_counts_calls_and_leads_to_the_last() {
    use Decision::{Allowed, Failed, Refused};
    let ends = [Allowed, Refused, Allowed, Refused, Failed, Allowed];
    let (page, seen) = having_seen(ends);
    for lang in ["en", "zh-CN"] {
        let html = read(&page, &format!("/?lang={lang}"));
        let (_, live) = html.split_once("<section id=\"live\">").expect("a section");
        let (live, _) = live.split_once("</section>").expect("its end");
        let numbers = live.split("<dd>").skip(1);
        let numbers: Vec<_> = numbers.map(|rest| rest.split('<').next()).collect();
        assert_eq!(numbers, [Some("6"), Some("2"), Some("1")]);
        let mut places = seen.iter().rev().map(|trace| {
            let link = format!("href=\"/calls/{}?lang={lang}\"", trace.call.request);
            live.find(&link)
        });
        let shown: Vec<_> = places
            .by_ref()
            .take(5)
            .map(|place| place.expect("a link"))
            .collect();
        assert!(shown.is_sorted());
        assert_eq!(places.next(), Some(None));
    }
}

#[test]
fn a_refused_call_is_explained_with_one_red_stage() {
    let (page, seen) = having_seen([Decision::Refused, Decision::Allowed]);
    for (lang, words) in [("en", "refused"), ("zh-CN", "已拒绝")] {
        let html = read(
            &page,
            &format!("/calls/{}?lang={lang}", seen[0].call.request),
        );
        let red: Vec<_> = html.split("<li class=\"red\">").skip(1).collect();
        let [red] = red.as_slice() else {
            panic!("{html}");
        };
        let (red, _) = red.split_once("</li>").expect("its end");
        for part in ["✕", words, "<code>no_token</code>", "30 µs"] {
            assert!(red.contains(part), "{part}: {red}");
        }
        let words = web::Explained::of(&model::Refusal::NoToken);
        for part in [words.title, words.detail, words.remedy] {
            assert!(html.contains(part), "{part}: {html}");
        }
        assert!(html.contains(&seen[0].call.request.to_string()));
        assert!(html.contains(seen[0].call.interaction.as_str()));
        let good = read(
            &page,
            &format!("/calls/{}?lang={lang}", seen[1].call.request),
        );
        assert!(!good.contains("class=\"red\"") && !good.contains("id=\"why\""));
        assert!(good.contains("swiftride-app") && good.contains("listBranches"));
    }
}

#[test]
fn the_list_is_filtered_and_turned_and_says_what_it_cannot_read() {
    let ends = (0..60).map(|at| [Decision::Allowed, Decision::Refused][at % 2]);
    let (page, seen) = having_seen(ends);
    let links = |html: &str| html.matches("<li class=\"").count();
    let html = read(&page, "/calls?lang=en");
    assert_eq!(links(&html), 25);
    assert!(
        html.contains("href=\"/calls?page=1&amp;lang=en\""),
        "{html}"
    );
    assert_eq!(links(&read(&page, "/calls?lang=en&page=2")), 10);
    let html = read(&page, "/calls?lang=zh-CN&status=4xx&stage=identify&page=1");
    assert_eq!(links(&html), 5);
    assert!(html.contains("调用记录") && html.contains("<option value=\"4xx\" selected>"));
    let other = "/calls?status=4xx&amp;stage=identify&amp;page=1&amp;lang=en";
    assert!(html.contains(other), "{html}");
    let id = format!("/calls?lang=en&id={}", seen[7].call.request);
    assert_eq!(links(&read(&page, &id)), 1);
    assert!(!html.contains("http-equiv=\"refresh\""));
    assert!(read(&page, "/calls?live=1").contains("http-equiv=\"refresh\""));
    for (target, status) in [
        ("/calls?status=9xx", 400),
        ("/calls/", 404),
        ("/calls/nothing", 404),
        ("/calls/018f2f5e-0000-7000-8000-000000000000", 404),
        ("/callsx", 404),
    ] {
        assert_eq!(got(&page, target).0, status, "{target}");
    }
}

#[test]
fn programs_read_the_same_as_json() {
    let (page, seen) = having_seen([Decision::Allowed, Decision::Refused]);
    let get = |target: &str, accept: &str| {
        let request = http::Request::get(target).header(HOST, OWN);
        let (status, body) = shown(&page, request.header(ACCEPT, accept), "");
        assert_eq!(status, 200);
        serde_json::from_str::<serde_json::Value>(&body).expect("JSON")
    };
    let list = get("/calls?status=4xx", "application/json");
    assert_eq!(list["calls"].as_array().map(Vec::len), Some(1));
    let id = seen[1].call.request.to_string();
    let one = get(&format!("/calls/{id}?format=json"), "text/html");
    assert_eq!(list["calls"][0], one);
    assert_eq!(one["request"], id);
    assert_eq!(one["code"], "no_token");
    assert_eq!(one["problem"]["title"], "No access token");
    let stages: Vec<_> = one["stages"].as_array().expect("stages").iter().collect();
    let verdicts: Vec<_> = stages.iter().map(|stage| &stage["verdict"]).collect();
    let expected = [
        "passed",
        "passed",
        "stopped",
        "not_reached",
        "not_reached",
        "not_reached",
        "not_reached",
        "passed",
    ];
    assert_eq!(verdicts, expected);
    assert_eq!(stages[2]["code"], "no_token");
    assert_eq!(stages[2]["took_us"], 30);
    let browser = http::Request::get("/calls").header(HOST, OWN);
    let browser = browser.header(ACCEPT, "text/html,application/json;q=0.9");
    assert!(shown(&page, browser, "").1.starts_with("<!doctype html>"));
}

#[test]
fn calls_are_told_at_the_pages_own_address_alone() {
    let (page, seen) = having_seen([Decision::Refused]);
    let id = seen[0].call.request.to_string();
    for target in [
        "/calls".to_owned(),
        format!("/calls/{id}"),
        format!("/calls/{id}?format=json"),
    ] {
        let request = http::Request::get(&target).header(HOST, "rebound.example:8446");
        let (status, html) = shown(&page, request, "");
        assert_eq!(status, 421, "{target}");
        assert!(!html.contains("no_token") && !html.contains(&id), "{html}");
        let post = http::Request::post(&target).header(HOST, OWN);
        assert_eq!(shown(&page, post, "").0, 405, "{target}");
    }
}
