//! The pieces on pages of their own, one file in `golden/` each and language, their style left
//! out. To write them anew, set `MORTISE_GOLDEN=write` and read the difference.

use std::path::Path;

use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::*;

mod checks;
mod trial;

/// What these pages bring.
fn source() -> LookSource {
    LookSource {
        templates: &[
            ("review.html", include_str!("tests/review.html")),
            ("values.html", include_str!("tests/values.html")),
            ("kept.html", include_str!("tests/kept.html")),
        ],
        texts: [
            (Language::ZhCn, include_str!("tests/zh-CN.ftl")),
            (Language::En, include_str!("tests/en.ftl")),
        ],
        keys: &[],
        fixed: &["asked-for"],
    }
}

fn frame(language: Language) -> Frame<'static> {
    let now = Timestamp::from_second(1_800_000_000).expect("in range");
    Frame {
        language,
        bank: match language {
            Language::ZhCn => "港湾银行",
            Language::En => "Harbour Bank",
        },
        host: "auth.harbour.example",
        switch: Some("/review?request=r-1"),
        correlation: RequestId::new(now, [7; 10]),
        help: Some("https://harbour.example/help"),
        complaint: Some("tel:+864001234567"),
    }
}

fn review(language: Language, is_amiss: bool) -> Value {
    let is_english = language == Language::En;
    let say = |zh: &'static str, en: &'static str| if is_english { en } else { zh };
    let cluster =
        |say: &str, more: &str, note: Value| json!({ "say": say, "more": more, "note": note });
    let account = |value: &str, name: &str, masked: &str, reason: Value, is_chosen: bool| {
        let about = say("活期 · 人民币", "Current · CNY");
        json!({ "value": value, "name": name, "masked": masked, "about": about,
            "reason": reason, "is_chosen": is_chosen })
    };
    let row = |label: &str, value: &str| json!({ "label": label, "value": value, "tag": null, "capital": null, "is_amount": false });
    let problem = |text: &str| if is_amiss { json!(text) } else { Value::Null };
    let tick = say("请勾选单独同意。", "Tick the box of separate consent.");
    let choose = say("请选择一个账户。", "Choose an account.");
    json!({
        "who": {
            "app": say("迅行出行", "SwiftRide"),
            "legal": "SwiftRide Technology Co. Ltd.",
            "legal_tag": if is_english { Value::Null } else { json!("en") },
            "number": "TPP-0042",
            "contact": "privacy@swiftride.example",
        },
        "terms": [
            row(say("用途", "What for"), say("在一处查看你的账户", "To see your accounts in one place")),
            row(say("有效期至", "Until"), say("2027年5月22日 10:30（北京时间）", "22 May 2027, 10:30 (Beijing)")),
        ],
        "clusters": [
            cluster(
                say("账户名称和尾号", "Account names and last digits"),
                say("每个账户的名称、类型和币种。", "Name, kind and currency of each."),
                if is_amiss { json!(say("新增", "new")) } else { Value::Null },
            ),
        ],
        "sensitive": [
            cluster(
                say("账户余额", "Balances"),
                say("只有现在的余额。", "Only what there is now."),
                Value::Null,
            ),
            cluster(
                say("交易明细", "Transactions"),
                say("日期、金额和对方名称，最近 90 天。", "Date, amount and other side, the last 90 days."),
                Value::Null,
            ),
        ],
        "separate_problem": problem(tick),
        "kind": if is_amiss { "radio" } else { "checkbox" },
        "accounts": [
            account("a-1", say("工资账户", "Salary account"), "6321", Value::Null, is_amiss),
            account("a-2", say("储蓄账户", "Savings account"), "0417", Value::Null, false),
            account("a-3", say("家庭账户", "Family account"), "9902",
                json!(say("这是联名账户。", "it is a joint account.")), false),
        ],
        "accounts_problem": problem(choose),
        "errors": if is_amiss {
            json!([
                { "field": "separate", "text": tick },
                { "field": "account-1", "text": choose },
            ])
        } else {
            json!([])
        },
        "not_shared": [
            say("不含银行密码。", "Not your bank password."),
            say("不含历史余额。", "Not past balances."),
        ],
    })
}

fn values(language: Language) -> Value {
    let is_english = language == Language::En;
    let say = |zh: &'static str, en: &'static str| if is_english { en } else { zh };
    let amount = crate::Decimal::parse("3000.00").expect("an amount");
    let rows = json!([
        {
            "label": say("你得到", "You receive"),
            "value": crate::money(&amount, "CNY", language),
            "tag": null,
            "capital": crate::capital(&amount),
            "is_amount": true,
        },
        {
            "label": say("存入账户", "Paid into"),
            "value": say("工资账户 6321", "Salary account 6321"),
            "tag": null, "capital": null, "is_amount": false,
        },
        {
            "label": say("年化利率（单利）", "Annualised rate"),
            "value": "7.2 %",
            "tag": null, "capital": null, "is_amount": false,
        },
        {
            "label": say("贷款方", "Lender"),
            "value": "Harbour Consumer Finance Co. Ltd.",
            "tag": if is_english { Value::Null } else { json!("en") },
            "capital": null, "is_amount": false,
        },
    ]);
    json!({ "rows": rows })
}

fn kept(language: Language) -> Value {
    let is_english = language == Language::En;
    let say = |zh: &'static str, en: &'static str| if is_english { en } else { zh };
    let entry = |at: &str, what: &str, answer: &str, is_good: bool| {
        let instant: Timestamp = at.parse().expect("an instant");
        json!({
            "at": at,
            "moment": crate::moment(instant, language),
            "product": say("账户", "Accounts"),
            "what": what,
            "answer": answer,
            "is_good": is_good,
        })
    };
    json!({ "entries": [
        entry("2026-11-22T02:31:00Z", say("交易明细", "Transactions"),
            say("已拒绝：授权已撤回", "refused: the permission was withdrawn"), false),
        entry("2026-11-22T02:30:00Z", say("账户余额", "Balances"), say("已提供", "given"), true),
    ] })
}

/// Every page by its name.
fn all(language: Language) -> Vec<(&'static str, Response)> {
    let pages = Pages::dressed(&source(), &OwnPages::default()).expect("templates");
    let heading = |zh: &str, en: &str| match language {
        Language::ZhCn => zh.to_owned(),
        Language::En => en.to_owned(),
    };
    let asks = || {
        heading(
            "迅行出行想查看你的账户",
            "SwiftRide asks to see your accounts",
        )
    };
    let lends = heading("迅行出行想为你申请贷款", "SwiftRide asks for a loan to you");
    let keeps = heading(
        "你已撤回对迅行出行的授权",
        "You withdrew what you gave SwiftRide",
    );
    let pages = [
        (
            "review",
            "review.html",
            false,
            asks(),
            review(language, false),
        ),
        (
            "review-amiss",
            "review.html",
            true,
            asks(),
            review(language, true),
        ),
        ("values", "values.html", false, lends, values(language)),
        ("kept", "kept.html", false, keeps, kept(language)),
    ]
    .map(|(name, template, is_wrong, heading, page)| {
        let sheet = Sheet {
            frame: frame(language),
            status: StatusCode::OK,
            template,
            is_wrong,
            heading,
            page,
        };
        (name, sheet.make(&pages).expect("a page"))
    });
    pages.into()
}

async fn html(response: Response) -> String {
    let body = response.into_body().collect().await.expect("whole");
    String::from_utf8(body.to_bytes().to_vec()).expect("text")
}

#[tokio::test]
async fn every_piece_is_written_as_agreed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("look/golden");
    let write = std::env::var_os("MORTISE_GOLDEN").is_some();
    let mut different = Vec::new();
    let mut names = std::collections::BTreeSet::new();
    for language in Language::ALL {
        for (name, response) in all(language) {
            let name = format!("{name}.{}.html", language.tag());
            let sent = html(response).await.replace(STYLE, "");
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
async fn pages_are_small_and_load_nothing() {
    for language in Language::ALL {
        for (name, response) in all(language) {
            let html = html(response).await;
            assert!(html.len() < 30 * 1000, "{name}: {}", html.len());
            for absent in [
                "<script", " style=", " onc", "src=", "<link", "<img", "@import", "url(",
            ] {
                assert!(!html.contains(absent), "{name}: {absent}");
            }
        }
    }
}

#[tokio::test]
async fn every_link_within_a_page_and_every_description_leads_to_one_element() {
    for language in Language::ALL {
        for (name, response) in all(language) {
            let html = html(response).await.replace(STYLE, "");
            let after = |mark: &str| -> Vec<String> {
                let parts = html.split(mark).skip(1);
                let ends = parts.filter_map(|part| part.split('"').next());
                ends.map(str::to_owned).collect()
            };
            let ids = after(" id=\"");
            let targets = [" href=\"#", " aria-describedby=\"", " aria-labelledby=\""].map(after);
            for target in targets.concat() {
                let count = ids.iter().filter(|id| **id == target).count();
                assert_eq!(count, 1, "{name}: {target}");
            }
            let once: std::collections::BTreeSet<_> = ids.iter().collect();
            assert_eq!(once.len(), ids.len(), "{name}");
        }
    }
}

#[tokio::test]
async fn nothing_is_ticked_and_what_cannot_be_chosen_says_why() {
    for language in Language::ALL {
        let mut pages = all(language).into_iter();
        let html = html(pages.next().expect("the review").1).await;
        assert!(!html.contains("\" checked"), "{html}");
        assert_eq!(html.matches(" disabled").count(), 1);
        let reason = match language {
            Language::ZhCn => "不能选择：这是联名账户。",
            Language::En => "Cannot be chosen: it is a joint account.",
        };
        assert!(html.contains(reason), "{html}");
    }
}

#[test]
fn a_link_of_the_frame_runs_nothing() {
    for good in [
        "https://harbour.example/help",
        "tel:+864001234567",
        "mailto:a@b.example",
    ] {
        assert_eq!(link(good).expect("a link"), good);
    }
    for bad in [
        "",
        "/help",
        "http://a.example/",
        "javascript:alert(1)",
        "https://a b",
        "data:,x",
    ] {
        assert!(link(bad).is_err(), "{bad}");
    }
}
