//! Pages as they are sent, one file in `golden/` each and language, their style left out. To write
//! them anew, set `MORTISE_GOLDEN=write` and read the difference.

use std::path::Path;

use http::StatusCode;
use http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY};
use http_body_util::BodyExt;
use jiff::Timestamp;

use model::{RequestId, Response};
use web::Frame;

use super::approve::{Approve, Line, Permission, approve};
use super::done::{Done, Kept, done};
use super::error::{Failure, failure};
use super::log_in::{LogIn, Notice, log_in};
use super::onward::{Onward, onward};
use super::*;

const LOCATION: &str = "https://app.swiftride.example/callback?from=bank&code=c-1&state=s%261";

fn frame(language: Language) -> Frame<'static> {
    let now = Timestamp::from_second(1_800_000_000).expect("in range");
    Frame {
        language,
        bank: match language {
            Language::ZhCn => "港湾银行",
            Language::En => "Harbour Bank",
        },
        host: "auth.harbour.example",
        switch: Some(match language {
            Language::ZhCn => "/log-in?request=r-1&ui_locales=en",
            Language::En => "/log-in?request=r-1&ui_locales=zh-CN",
        }),
        correlation: RequestId::new(now, [7; 10]),
        help: None,
        complaint: None,
    }
}

fn app(language: Language) -> &'static str {
    match language {
        Language::ZhCn => "迅行出行",
        Language::En => "SwiftRide",
    }
}

fn form(action: &'static str) -> OwnForm<'static> {
    OwnForm {
        action,
        csrf: "p-1",
        request: "r-1",
    }
}

fn log_in_view(language: Language, notice: Option<Notice>) -> LogIn<'static> {
    LogIn {
        frame: frame(language),
        app: Some(app(language)),
        user_name: if notice.is_some() { "li-lei" } else { "" },
        notice,
        form: form("/log-in"),
    }
}

fn until() -> Timestamp {
    "2026-12-22T02:30:00Z".parse().expect("a moment")
}

fn permissions(language: Language) -> Vec<Permission> {
    let permission = |title: &str, lines: &[&str]| Permission {
        title: title.to_owned(),
        lines: lines
            .iter()
            .map(|line| Line::of((*line).to_owned()))
            .collect(),
    };
    let detail = |title: &str, lines: &[(&str, &str)]| Permission {
        title: title.to_owned(),
        lines: lines
            .iter()
            .map(|(name, text)| Line::named((*name).to_owned(), (*text).to_owned()))
            .collect(),
    };
    match language {
        Language::ZhCn => vec![
            permission("你的账户列表", &["账户名称、类型和币种", "不含卡号和密码"]),
            permission("账户余额", &[]),
            detail(
                "预约到访",
                &[("网点", "外滩 7 号"), ("来访人 · 姓名", "李雷")],
            ),
        ],
        Language::En => vec![
            permission(
                "The list of your accounts",
                &[
                    "Name, kind and currency of each",
                    "No card numbers, no passwords",
                ],
            ),
            permission("Their balances", &[]),
            detail(
                "A visit",
                &[("Branch", "Bund 7"), ("Visitor · Name", "李雷")],
            ),
        ],
    }
}

fn approve_view(language: Language, permissions: &[Permission]) -> Approve<'_> {
    Approve {
        frame: frame(language),
        app: app(language),
        act: Some(match language {
            Language::ZhCn => "查看你的账户",
            Language::En => "see your accounts",
        }),
        legal: "SwiftRide Technology Co. Ltd.",
        contact: "privacy@swiftride.example",
        customer: "li-lei",
        permissions,
        until: until(),
        form: form("/approve"),
    }
}

/// What was given, at a bank that shows it.
fn kept() -> Kept {
    Kept {
        until: until(),
        permission: Some("/permissions/c-1".to_owned()),
    }
}

fn done_view(language: Language, ending: Ending) -> Done<'static> {
    Done {
        frame: Frame {
            switch: None,
            ..frame(language)
        },
        app: app(language),
        ending,
        kept: None,
        location: LOCATION,
    }
}

fn onward_view(language: Language) -> Onward<'static> {
    Onward {
        frame: Frame {
            switch: None,
            ..frame(language)
        },
        app: Some(app(language)),
        location: "https://login.harbour.example/auth?client_id=mortise&state=s-1",
    }
}

fn failure_view(language: Language, cause: Cause) -> Failure<'static> {
    Failure {
        frame: Frame {
            switch: None,
            ..frame(language)
        },
        status: StatusCode::BAD_REQUEST,
        cause,
        code: "invalid_request_uri",
        description: Some("request_uri is unknown, or over 90 seconds old."),
    }
}

fn templates() -> Pages {
    pages(&OwnPages::default()).expect("templates")
}

async fn html(response: Response) -> String {
    let body = response.into_body().collect().await.expect("whole");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

/// A page's own style sheet.
fn style(html: &str) -> &str {
    let after = html.split_once("<style>").expect("a style sheet").1;
    after.split_once("</style>").expect("its end").0
}

/// A page without its style sheet.
fn unstyled(html: &str) -> String {
    html.replace(style(html), "")
}

/// Every page by its name.
fn all(language: Language) -> Vec<(&'static str, Response)> {
    let pages = templates();
    let log_in = |notice| log_in(&pages, &log_in_view(language, notice)).expect("a page");
    let done = |ending, kept| {
        let view = Done {
            kept,
            ..done_view(language, ending)
        };
        done(&pages, &view).expect("a page")
    };
    let kept = kept();
    let permissions = permissions(language);
    let view = approve_view(language, &permissions);
    let asking = Approve { act: None, ..view };
    let failure_without = Failure {
        description: None,
        ..failure_view(language, Cause::Broken)
    };
    vec![
        ("log-in", log_in(None)),
        (
            "log-in-wrong",
            log_in(Some(Notice::Wrong { tries_left: 2 })),
        ),
        ("log-in-locked", log_in(Some(Notice::LockedUntil(until())))),
        ("approve", approve(&pages, &view).expect("a page")),
        (
            "approve-without-act",
            approve(&pages, &asking).expect("a page"),
        ),
        (
            "onward",
            onward(&pages, &onward_view(language)).expect("a page"),
        ),
        ("done-allowed", done(Ending::Allowed, Some(&kept))),
        ("done-refused", done(Ending::Refused, None)),
        ("done-taken-back", done(Ending::TakenBack, None)),
        (
            "error",
            failure(&pages, &failure_view(language, Cause::NoSuchRequest)),
        ),
        (
            "error-without-description",
            failure(&pages, &failure_without),
        ),
    ]
}

#[tokio::test]
async fn every_page_is_sent_as_agreed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("page/golden");
    let write = std::env::var_os("MORTISE_GOLDEN").is_some();
    let mut different = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for language in Language::ALL {
        for (name, response) in all(language) {
            let name = format!("{name}.{}.html", language.tag());
            let sent = unstyled(&html(response).await);
            let path = golden.join(&name);
            if write {
                std::fs::write(&path, &sent).expect("written");
            }
            if std::fs::read_to_string(&path).unwrap_or_default() != sent {
                different.push(format!("--- {name}\n{sent}"));
            }
            names.insert(name);
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
    for entry in std::fs::read_dir(golden).expect("the folder") {
        let name = entry.expect("an entry").file_name();
        assert!(
            names.contains(&*name.to_string_lossy()),
            "left over: {name:?}"
        );
    }
}

#[tokio::test]
async fn az_07_the_policy_names_the_pages_own_style_and_no_page_has_another() {
    let mut styles = std::collections::BTreeSet::new();
    for language in Language::ALL {
        for (name, response) in all(language) {
            let policy = response.headers()[CONTENT_SECURITY_POLICY].clone();
            assert_eq!(response.headers()[CONTENT_LANGUAGE], language.tag());
            let html = html(response).await;
            let hash = crypto::base64(&crypto::sha256(style(&html).as_bytes()));
            let policy = policy.to_str().expect("text");
            assert!(
                policy.contains(&format!("style-src 'sha256-{hash}';")),
                "{name}"
            );
            assert!(policy.contains("form-action 'self';"), "{name}");
            assert_eq!(html.matches("<style>").count(), 1, "{name}");
            styles.insert(style(&html).to_owned());
        }
    }
    assert_eq!(styles.len(), 1);
}

#[tokio::test]
async fn no_page_has_a_script_a_style_of_its_own_or_asks_for_anything() {
    for language in Language::ALL {
        for (name, response) in all(language) {
            let html = unstyled(&html(response).await);
            for absent in [
                "<script", "style=", " onc", "src=", "<link", "<img", "@import", "url(",
            ] {
                assert!(!html.contains(absent), "{name}: {absent}");
            }
        }
    }
}

#[tokio::test]
async fn pages_are_small() {
    for language in Language::ALL {
        for (name, response) in all(language) {
            let bytes = html(response).await.len();
            assert!(bytes < 12 * 1024, "{name}: {bytes}");
        }
    }
}

#[tokio::test]
async fn what_programs_rely_on_is_there_once() {
    let expected: [(&str, &[&str]); 4] = [
        (
            "log-in",
            &["login-form", "username", "password", "login", "cancel"],
        ),
        ("approve", &["approve-form", "allow", "refuse"]),
        (
            "done-allowed",
            &["return", "until", "permission", "receipt"],
        ),
        ("error", &["error"]),
    ];
    for language in Language::ALL {
        for (name, response) in all(language) {
            let html = html(response).await;
            let ids = expected.iter().find(|(page, _)| *page == name);
            let ids = ids.into_iter().flat_map(|(_, ids)| ids.iter());
            for id in ids.chain(&["correlation-id"]) {
                let count = html.matches(&format!(" id=\"{id}\"")).count();
                assert_eq!(count, 1, "{name}: {id}");
            }
        }
    }
}

#[test]
fn every_text_that_code_is_said_to_ask_for_is_asked_for() {
    let code = [
        include_str!("approve.rs"),
        include_str!("done.rs"),
        include_str!("error.rs"),
        include_str!("log_in.rs"),
        include_str!("onward.rs"),
    ]
    .concat();
    for key in KEYS {
        assert!(code.contains(&format!("\"{key}\"")), "{key}");
    }
}

#[test]
fn a_page_that_tells_of_something_wrong_is_no_success() {
    for (name, response) in all(Language::En) {
        let expected = match name {
            "log-in-wrong" | "log-in-locked" => StatusCode::FORBIDDEN,
            "error" | "error-without-description" => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        assert_eq!(response.status(), expected, "{name}");
    }
}

/// Markup that would show if it were not escaped, in an element, in an attribute, and in a text
/// that a template reads.
const MARKUP: &str = "x'\"><b>{{ 1 }}</b>&amp;";

#[tokio::test]
async fn whatever_comes_from_outside_is_text() {
    let pages = templates();
    for language in Language::ALL {
        let frame = Frame {
            bank: MARKUP,
            host: MARKUP,
            switch: Some(MARKUP),
            ..frame(language)
        };
        let form = OwnForm {
            action: MARKUP,
            csrf: MARKUP,
            request: MARKUP,
        };
        let asked = [Permission {
            title: MARKUP.to_owned(),
            lines: vec![Line::named(MARKUP.to_owned(), MARKUP.to_owned())],
        }];
        let sent = [
            log_in(
                &pages,
                &LogIn {
                    frame,
                    app: Some(MARKUP),
                    user_name: MARKUP,
                    notice: None,
                    form,
                },
            ),
            approve(
                &pages,
                &Approve {
                    frame,
                    app: MARKUP,
                    act: Some(MARKUP),
                    legal: MARKUP,
                    contact: MARKUP,
                    customer: MARKUP,
                    permissions: &asked,
                    until: until(),
                    form,
                },
            ),
            done(
                &pages,
                &Done {
                    frame,
                    app: MARKUP,
                    ending: Ending::Allowed,
                    kept: None,
                    location: "https://a.example/?q='&x",
                },
            ),
            Ok(failure(
                &pages,
                &Failure {
                    frame,
                    description: Some(MARKUP),
                    ..failure_view(language, Cause::BadRequest)
                },
            )),
        ];
        for response in sent {
            let html = unstyled(&html(response.expect("a page")).await);
            assert!(html.contains("x&#x27;&quot;&gt;&lt;b&gt;{{ 1 }}&lt;&#x2f;b&gt;&amp;amp;"));
            for live in ["'", "<b>{{", "<b>\"", "\"><b>x", ">&amp;<"] {
                let bank = html.replace("<header>\n<b>x", "");
                assert!(!bank.contains(live), "{live}: {html}");
            }
        }
    }
}

#[tokio::test]
async fn az_06_the_way_back_is_a_link_and_the_browsers_own() {
    let response = done(&templates(), &done_view(Language::En, Ending::Refused));
    let html = html(response.expect("a page")).await;
    let location = LOCATION.replace('&', "&amp;").replace('/', "&#x2f;");
    for way in [
        format!("<meta http-equiv=\"refresh\" content=\"0;url={location}\">"),
        format!("<a id=\"return\" href=\"{location}\">"),
    ] {
        assert!(html.contains(&way), "{way}: {html}");
    }
}

#[test]
fn az_03_a_way_back_to_anything_but_an_app_is_a_fault() {
    let view = Done {
        location: "javascript:alert(1)",
        ..done_view(Language::En, Ending::Allowed)
    };
    let fault = done(&templates(), &view).expect_err("no page");
    assert_eq!(fault.doing, "leading back to what is no address of an app");
}

#[test]
fn az_08_what_cannot_be_shown_whole_cannot_be_approved() {
    let pages = templates();
    let shown = |permissions: &[Permission]| {
        approve(&pages, &approve_view(Language::En, permissions)).is_ok()
    };
    let permission = |title: usize, lines: usize, line: usize| Permission {
        title: "t".repeat(title),
        lines: vec![Line::of("l".repeat(line)); lines],
    };
    assert!(shown(&vec![permission(200, 50, 500); 100]));
    assert!(!shown(&[]));
    assert!(!shown(&vec![permission(1, 1, 1); 101]));
    assert!(!shown(&[permission(201, 1, 1)]));
    assert!(!shown(&[permission(1, 51, 1)]));
    assert!(!shown(&[permission(1, 1, 501)]));
}

#[tokio::test]
async fn a_user_name_that_is_too_long_is_not_shown_again() {
    let long = "x".repeat(201);
    let view = LogIn {
        user_name: &long,
        ..log_in_view(Language::En, Some(Notice::Wrong { tries_left: 1 }))
    };
    let html = html(log_in(&templates(), &view).expect("a page")).await;
    assert!(html.contains("name=\"username\" value=\"\""), "{html}");
}

#[tokio::test]
async fn where_the_error_page_fails_there_is_still_an_answer_with_the_id() {
    let bank = "x".repeat(201);
    let view = failure_view(Language::En, Cause::Broken);
    let view = Failure {
        frame: Frame {
            bank: &bank,
            ..view.frame
        },
        ..view
    };
    let response = failure(&templates(), &view);
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let id = view.frame.correlation.to_string();
    assert!(html(response).await.contains(&id));
}

#[tokio::test]
async fn the_heading_names_the_app_and_the_act() {
    for (name, response) in all(Language::ZhCn) {
        let html = html(response).await;
        let heading = html
            .split("<h1>")
            .nth(1)
            .and_then(|rest| rest.split('<').next());
        let heading = heading.expect("a heading");
        assert_eq!(
            heading.contains("迅行出行"),
            !name.starts_with("error"),
            "{name}"
        );
        if name == "approve" {
            assert_eq!(heading, "迅行出行想查看你的账户");
        }
    }
}
