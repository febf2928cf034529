//! What the pages say, in both languages (specs/consent.md, screens C2 to C5).

use crate::test_desk::visitor::Visitor;
use crate::test_desk::{FUNDS, TestDesk, settings};

const ALLOW: (&str, &str) = ("act", "allow");
const TICKED: (&str, &str) = ("separate", "yes");

/// The pages of a visit that has all of them, from the review to the second factor.
async fn pages(language: &'static str) -> Vec<String> {
    let test = TestDesk::with(settings("sensitive"), 9);
    let mut visitor = Visitor::of(&test, "funds accounts", FUNDS);
    visitor.language = language;
    let mut pages = vec![visitor.show().await.page()];
    let forms: [&[(&str, &str)]; 3] = [&[TICKED, ALLOW], &[("account", "acc-2"), ALLOW], &[ALLOW]];
    for form in forms {
        pages.push(visitor.go_on(form).await);
    }
    pages
}

#[track_caller]
fn has(page: &str, parts: &[&str]) {
    for part in parts {
        assert!(page.contains(part), "{part} is not in {page}");
    }
}

#[tokio::test]
async fn the_review_says_who_why_what_what_not_until_when_and_what_a_refusal_leads_to() {
    let english = &pages("en").await[0];
    has(
        english,
        &[
            "<h1>SwiftRide asks to see your data at this bank</h1>",
            "SwiftRide Mobility Co., Ltd.",
            "PSDCN-SR-0001",
            "checked by this bank",
            "privacy@swiftride.example",
            "See it all in one place",
            "for 30 days",
            "14 July 2027, 16:00 (Beijing)",
            "The balances",
            "More on the balances.",
            "Not beyond the balances.",
            "cannot move your money",
            "My permissions",
            "The app does without.",
            "until 15 January 2027, 16:15 (Beijing)",
            "id=\"separate\"",
            "id=\"more-time\"",
            "lilei",
        ],
    );
    let chinese = &pages("zh-CN").await[0];
    has(
        chinese,
        &[
            "<html lang=\"zh-CN\">",
            "<h1>SwiftRide想查看你在本行的信息</h1>",
            "<bdi lang=\"en\">SwiftRide Mobility Co., Ltd.</bdi>",
            "PSDCN-SR-0001",
            "已由本行核验",
            "privacy@swiftride.example",
            "在一处查看",
            "30 天",
            "2027年7月14日 16:00（北京时间）",
            "信息的细节。",
            "不含其他。",
            "我的授权",
            "应用得不到。",
            "2027年1月15日 16:15（北京时间）",
        ],
    );
}

#[tokio::test]
async fn accounts_that_cannot_be_chosen_are_shown_last_and_say_why() {
    let english = &pages("en").await[1];
    has(
        english,
        &["Current account 1", "6321", "It is frozen at the moment."],
    );
    let free = english
        .find("id=\"account-9\"")
        .expect("the last that is free");
    let frozen = english.find("\" disabled").expect("one that is not");
    assert!(free < frozen);
    let chinese = &pages("zh-CN").await[1];
    has(
        chinese,
        &[
            "活期账户1",
            "这个账户目前被冻结。",
            "选择SwiftRide可以查看的账户",
        ],
    );
}

#[tokio::test]
async fn values_and_second_factor_say_the_same() {
    for (language, parts) in [
        ("en", ["CNY 3,000.00", "Up to", "Current account 2", "6322"]),
        ("zh-CN", ["¥3,000.00 人民币", "上限", "活期账户2", "6322"]),
    ] {
        let pages = pages(language).await;
        has(&pages[2], &parts);
        has(&pages[2], &["叁仟元整"]);
        has(&pages[3], &parts);
        has(
            &pages[3],
            &["138****0000", "autocomplete=\"one-time-code\""],
        );
    }
    let confirm = &pages("en").await[3];
    has(
        confirm,
        &["good until 15 January 2027, 18:46 (Beijing)", "try 3 times"],
    );
}

#[tokio::test]
async fn nothing_is_ticked_before_and_both_answers_stand_on_every_page() {
    for language in ["en", "zh-CN"] {
        for page in pages(language).await {
            assert!(!page.contains("\" checked"), "{page}");
            has(
                &page,
                &[
                    "id=\"approve-form\" method=\"post\" action=\"&#x2f;authorize\"",
                    "name=\"csrf\" value=\"csrf-1\"",
                    "name=\"request\" value=\"request-1\"",
                    "id=\"allow\" name=\"act\" value=\"allow\"",
                    "id=\"refuse\" name=\"act\" value=\"refuse\"",
                ],
            );
            // The enter key allows: the button that does comes before any other.
            assert_eq!(page.find("<button"), page.find("<button id=\"allow\""));
            assert!(page.len() < 30 * 1024, "{}", page.len());
            assert!(!page.contains("<script") && !page.contains("id=\"error-summary\""));
        }
    }
}

#[tokio::test]
async fn what_opens_no_data_says_so() {
    let test = TestDesk::new();
    let details = r#"[{"type":"branch_visit","day":"2026-12-01"}]"#;
    let mut visitor = Visitor::of(&test, "branches", details);
    let english = visitor.show().await.page();
    has(
        &english,
        &[
            "<h1>SwiftRide asks for your permission</h1>",
            "A visit",
            "2026-12-01",
            "are not shown to SwiftRide",
            "This bank shares nothing with SwiftRide.",
            "SwiftRide Mobility Co., Ltd.",
        ],
    );
    assert!(!english.contains("id=\"more-time\"") && !english.contains("id=\"separate\""));
    visitor.language = "zh-CN";
    has(
        &visitor.show().await.page(),
        &["SwiftRide请求你的许可", "不向SwiftRide提供你的账户"],
    );
}
