//! "My permissions" tells the truth: what the log tells, who ended what and why, and what was given
//! long ago.

use std::time::Duration;

use kit::{Answer, Browser, HouseBuilder, TestHouse, html};
use serde_json::Value;

use super::control::consent;
use super::{called, crowd, first_account, id_of};
use crate::grants::{App, log_in};
use crate::process::PATIENCE;

const ACCOUNTS: &str = "/accounts/v1/accounts";
const UNKNOWN: &str = "/accounts/v1/accounts/acc-AAAAAAAAAAAAAAAAAAAAAA/balances";
/// Who the bank says that li-lei is.
const LI_LEI: &str = "harbour-000101";

/// A browser whose customer sees their permissions.
async fn keeping(house: &TestHouse, customer: &str) -> (Browser, Answer) {
    let mut browser = Browser::new(house);
    let page = browser.get("/permissions").await;
    let list = log_in(&mut browser, &page, customer).await;
    (browser, list)
}

async fn told(browser: &mut Browser, place: &str) -> Value {
    browser
        .get(&format!("/permissions{place}format=json"))
        .await
        .ok()
}

/// The statuses that the log has of what was asked for under a consent.
fn logged(house: &TestHouse, id: &str) -> Vec<u64> {
    let gid = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let records = house.records();
    let under = records
        .iter()
        .filter(|record| record["type"] == "api.access" && record["consent"]["gid"] == gid);
    let status = |record: &Value| record["outcome"]["status"].as_u64().expect("a status");
    let mut statuses: Vec<u64> = under.map(status).collect();
    statuses.sort_unstable();
    statuses
}

#[tokio::test]
async fn the_numbers_that_a_customer_is_told_are_those_of_the_log_and_refusals_are_no_use() {
    let house = HouseBuilder::consenting().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, "li-lei").await;
    let (id, token) = (id_of(&tokens), &tokens["access_token"]);
    // Refused before and after: the last that was given is the last use.
    for (path, status) in [
        (UNKNOWN, 403),
        (ACCOUNTS, 200),
        (ACCOUNTS, 200),
        (UNKNOWN, 403),
    ] {
        let answer = called(&mut app, path, token).await;
        assert_eq!(answer.status, status, "{answer:?}");
    }
    let (mut browser, _) = keeping(&house, "li-lei").await;
    let search = async {
        loop {
            let json = told(&mut browser, &format!("/{id}?")).await;
            if json["accesses"].as_array().map(Vec::len) == Some(4) {
                return json;
            }
            // However often it is looked, nobody asks too often for the gate.
            house.clock.advance(Duration::from_millis(10));
        }
    };
    let json = tokio::time::timeout(PATIENCE, search).await;
    let json = json.expect("what is logged is shown");
    let accesses = json["accesses"].as_array().expect("a list");
    let mut statuses: Vec<u64> = accesses
        .iter()
        .map(|access| access["status"].as_u64().expect("a status"))
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, logged(&house, &id));
    assert_eq!(json["this_month"], 2, "{json}");
    let outcomes: Vec<_> = accesses.iter().map(|access| &access["outcome"]).collect();
    assert_eq!(outcomes, ["refused", "given", "given", "refused"]);
    assert_ne!(
        accesses[0]["product"], accesses[0]["product_id"],
        "its title"
    );
    let list = told(&mut browser, "?").await;
    let row = &list["groups"][0]["rows"][0];
    assert_eq!(row["last_used"]["at"], accesses[1]["at"], "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bank_ends_is_told_with_its_reason_by_whom_and_by_which_way() {
    const REASON: &str = "the app was <b>hacked</b>";
    let house = HouseBuilder::consenting().restartable().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let (tokens, _) = first_account(&house, &mut app, "li-lei").await;
    let id = id_of(&tokens);
    let config = house.dir().join("gateway.yaml");
    let done = consent(&config, &["withdraw", &id, "--reason", REASON]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let (mut browser, _) = keeping(&house, "li-lei").await;
    let one = told(&mut browser, &format!("/{id}?")).await;
    let history = told(&mut browser, "/history?").await;
    let row = &history["groups"][0]["rows"][0];
    for told in [&one, row] {
        assert_eq!(told["reason"], REASON, "{told}");
        let decisions = told["decisions"].as_array().expect("a list");
        let of = |at: usize| ["edge", "by", "on"].map(|name| decisions[at][name].clone());
        assert_eq!(of(0), ["withdraw", "bank", "control"], "{told}");
        assert_eq!(of(1), ["authorise", "customer", "page"], "{told}");
        assert_eq!(decisions.len(), 2);
    }
    for place in ["", "/receipt"] {
        let page = browser.get(&format!("/permissions/{id}{place}")).await;
        let page = html(&page);
        assert!(
            page.contains("&lt;b&gt;hacked") && !page.contains("<b>hacked"),
            "{page}"
        );
    }
}

#[tokio::test]
async fn what_was_given_long_ago_is_asked_about_until_its_customer_keeps_it_also_after_a_start() {
    let builder = HouseBuilder::consenting().restartable();
    let given = ("swiftride-app", LI_LEI);
    let id = crowd::given_before(&builder, given, 90).await;
    let house = builder.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    first_account(&house, &mut app, "li-lei").await;
    let (mut browser, list) = keeping(&house, "li-lei").await;
    let says = "You gave this 90 days ago. Still needed?";
    assert!(html(&list).contains(says), "{}", html(&list));
    let json = told(&mut browser, "?").await;
    let rows = json["groups"][0]["rows"].as_array().expect("rows");
    let due: Vec<_> = rows.iter().map(|row| &row["remind"]["due"]).collect();
    // The other one changed last.
    assert_eq!(
        (due, &rows[0]["id"]),
        (vec![&true.into(), &false.into()], &id.as_str().into())
    );

    let page = browser.get(&format!("/permissions/{id}")).await;
    assert!(
        html(&page).contains("id=\"still-needed\""),
        "{}",
        html(&page)
    );
    let kept = browser.send(&page, &[("act", "keep")]).await;
    assert_eq!(
        (kept.status.as_u16(), kept.header("location")),
        (303, format!("/permissions/{id}").as_str())
    );
    drop(app);
    let house = house.rebuild().await.start().await;
    let (mut browser, _) = keeping(&house, "li-lei").await;
    let one = told(&mut browser, &format!("/{id}?")).await;
    assert_eq!(
        (&one["state"], &one["remind"]["due"]),
        (&"authorised".into(), &false.into())
    );
    let page = browser.get(&format!("/permissions/{id}")).await;
    assert!(
        !html(&page).contains("id=\"still-needed\""),
        "{}",
        html(&page)
    );
}

#[tokio::test]
async fn a_list_of_five_hundred_comes_page_by_page_from_the_store() {
    let builder = HouseBuilder::consenting();
    crowd::lodge(&builder, ("swiftride-app", Some(LI_LEI)), 500).await;
    let house = builder.start().await;
    let (mut browser, list) = keeping(&house, "li-lei").await;
    let list = html(&list);
    assert!(list.contains("id=\"permission-40\""), "{list}");
    assert!(!list.contains("id=\"permission-41\""), "{list}");
    let (mut seen, mut next) = (
        std::collections::BTreeSet::new(),
        Some("?page=1&".to_owned()),
    );
    while let Some(place) = next {
        let json = told(&mut browser, &place).await;
        assert_eq!(json["count"], 500, "{json}");
        for row in json["groups"][0]["rows"].as_array().expect("rows") {
            seen.insert(row["id"].as_str().expect("text").to_owned());
        }
        let link = json["next"].as_str();
        next = link.map(|link| format!("{}&", link.trim_start_matches("/permissions")));
    }
    assert_eq!(seen.len(), 500);
}
