//! A bank's own pages over real sockets: its name, colours, templates and texts in the place of
//! ours; and what breaks a rule is refused, and changes nothing.

use kit::{Browser, HouseBuilder, TestHouse, html};

use crate::grants::{App, Form};

/// The section as the sandbox's file has it.
const NAMED: &str = "    pages: { name: { zh-CN: 港湾银行, en: Harbour Bank } }";
/// With colours and a folder.
const OWN: &str = "    pages:
      name: { zh-CN: 海港银行, en: Haven Bank }
      colours: { light: { brand: \"#1F4E8C\" } }
      folder: pages/own
    # ";
const DONE: &str = include_str!("../../../config/pages/harbour/done.html");
const CHINESE: &str = include_str!("../../../config/pages/harbour/texts.zh-CN.ftl");
const ENGLISH: &str = include_str!("../../../config/pages/harbour/texts.en.ftl");
/// Our page to log in, with a line of the bank's in front.
const LOG_IN: &str = include_str!("../../../src/authserver/page/log-in.html");

/// A house whose bank has pages of its own.
async fn house() -> TestHouse {
    let builder = HouseBuilder::consenting().edit(NAMED, OWN);
    let folder = builder.dir().join("pages/own");
    std::fs::create_dir_all(folder).expect("a folder");
    builder
        .write("pages/own/done.html", DONE)
        .write("pages/own/log-in.html", &greeting("Welcome"))
        .write("pages/own/texts.zh-CN.ftl", CHINESE)
        .write("pages/own/texts.en.ftl", ENGLISH)
        .start()
        .await
}

fn greeting(words: &str) -> String {
    let main = "{% block main %}\n";
    LOG_IN.replace(main, &format!("{main}<p>{words}</p>\n"))
}

/// The page to log in, for an app's customer.
async fn log_in_page(house: &TestHouse, language: &str) -> (Browser, kit::Answer) {
    let mut app = App::of(house, "swiftride-app").await;
    let asked = Form::request().and("ui_locales", language);
    let link = app.pushed_link(asked).await;
    let mut browser = Browser::new(house);
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200, "{}", html(&page));
    (browser, page)
}

#[tokio::test]
async fn customers_see_the_banks_own_pages_and_are_sent_back_by_them() {
    let house = house().await;
    let (mut browser, page) = log_in_page(&house, "en").await;
    let told = html(&page);
    for said in [
        "<b>Haven Bank</b>",
        "<p>Welcome</p>",
        "--brand:#1F4E8C",
        "Log in to Haven Bank",
    ] {
        assert!(told.contains(said), "{said}: {told}");
    }
    let done = browser.send(&page, &[("act", "cancel")]).await;
    let done = browser.get(done.header("location")).await;
    let told = html(&done);
    assert!(
        told.contains("We never call you to ask for a code"),
        "{told}"
    );
    assert!(told.contains("error=access_denied"), "{told}");

    let (_, page) = log_in_page(&house, "zh-CN").await;
    let told = html(&page);
    assert!(told.contains("<b>海港银行</b>"), "{told}");
    // What customers keep has the same name, and the bank's own words.
    let mut browser = Browser::new(&house);
    let page = browser.get("/permissions?ui_locales=en").await;
    let told = html(&page);
    assert!(told.contains("Type your password on pages of"), "{told}");
    assert!(told.contains("Haven Bank"), "{told}");
}

#[tokio::test]
async fn a_page_that_is_mended_is_shown_and_one_that_breaks_a_rule_changes_nothing() {
    let house = house().await;
    house.write("pages/own/log-in.html", &greeting("Good day"));
    house.reload().await;
    let shown = async || html(&log_in_page(&house, "en").await.1);
    assert!(shown().await.contains("<p>Good day</p>"));

    let lost = greeting("Bad day").replace(
        "{% if page.app %}\n{{ answers(",
        "{% if false %}\n{{ answers(",
    );
    for (text, told) in [
        (
            greeting("Bad day").replace("<p>", "<p onclick=\"x()\">"),
            "`<p>` has the attribute `onclick`",
        ),
        (
            lost,
            "the answer bar, with its two buttons that weigh the same, is not as ours",
        ),
        (
            greeting("Bad day").replace("name=\"csrf\"", "name=\"other\""),
            "is missing in `<form",
        ),
        (greeting("{{ page.bad }}"), "no page can be made of it"),
    ] {
        house.write("pages/own/log-in.html", &text);
        let refused = house.refuses_to_reload().await;
        assert!(refused.contains("pages/own/log-in.html:"), "{refused}");
        assert!(refused.contains(told), "{told}: {refused}");
        assert!(shown().await.contains("<p>Good day</p>"));
    }
}
