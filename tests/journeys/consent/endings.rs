//! However a visit to the bank's pages ends, the customer is led back, and the app is told: a code
//! or an error, its own `state`, and whose answer it is.

use std::collections::BTreeMap;
use std::time::Duration;

use kit::{Answer, Browser, TestHouse, html, query, way_back};
use model::MovedClock;

use super::code_of;
use super::giving::{accounts, allow, unhurried};
use crate::grants::{App, Form, is_error_page, log_in};

const CALLBACK: &str = "https://app.swiftride.example/callback?";
const SESSION: &str = "__Host-session-harbour";
/// How many of our own addresses lead to the app's at most.
const HOPS_MAX: usize = 6;

/// How a visit can end, and the error that the app is told; none: it is given a code.
const ENDINGS: [(&str, &str); 14] = [
    ("allowed", ""),
    ("refused on the review", "access_denied"),
    ("refused at the code", "access_denied"),
    ("cancelled before the log-in", "access_denied"),
    ("allowed when the time is over", "access_denied"),
    ("confirmed when the time is over", "access_denied"),
    ("looked at when the time is over", "access_denied"),
    ("looked at when all time is over", "access_denied"),
    ("three codes are wrong", "access_denied"),
    ("no account can be chosen", "access_denied"),
    ("another customer comes", "access_denied"),
    ("the bank lists no accounts", "temporarily_unavailable"),
    ("the bank sends no code", "temporarily_unavailable"),
    ("the bank opens the scope no more", "invalid_scope"),
];

/// A browser on the way through the bank's pages.
struct Visit<'h> {
    house: &'h TestHouse,
    link: String,
    browser: Browser,
}

impl<'h> Visit<'h> {
    async fn begun(house: &'h TestHouse, app: &mut App<'_>) -> Self {
        let asks = Form::request().with("scope", Some("accounts"));
        let link = app.pushed_link(asks).await;
        let browser = Browser::new(house);
        Self {
            house,
            link,
            browser,
        }
    }

    /// The page of the review, for this customer.
    async fn review(&mut self, customer: &str) -> Answer {
        let page = self.browser.get(&self.link).await;
        log_in(&mut self.browser, &page, customer).await
    }

    /// The page that asks for the code.
    async fn confirm(&mut self) -> Answer {
        let page = self.review("li-lei").await;
        let page = allow(self.house, &mut self.browser, &page, ("li-lei", &[1])).await;
        assert!(html(&page).contains("id=\"code\""), "{}", html(&page));
        page
    }

    /// Sends what logs this customer in, and whatever comes of it.
    async fn logged_in(&mut self, customer: &str) -> Answer {
        let page = self.browser.get(&self.link).await;
        self.browser.send(&page, &credentials(customer)).await
    }

    /// Sends a form and follows to the app.
    async fn sent(&mut self, page: &Answer, fields: &[(&str, &str)]) -> String {
        let answer = self.browser.send(page, fields).await;
        self.followed(answer).await
    }

    /// Where an answer leads to, past pages of our own. Whose session is over logs in once more.
    async fn followed(&mut self, mut answer: Answer) -> String {
        for _ in 0..HOPS_MAX {
            if html(&answer).contains("id=\"return\"") {
                return way_back(&answer);
            }
            if html(&answer).contains("id=\"login-form\"") {
                answer = self.browser.send(&answer, &credentials("li-lei")).await;
            }
            assert_eq!(answer.status, 303, "{}", html(&answer));
            let to = answer.header("location").to_owned();
            if to.starts_with(CALLBACK) {
                return to;
            }
            answer = self.browser.get(&to).await;
        }
        panic!("no way to the app: {}", html(&answer));
    }
}

fn credentials(customer: &str) -> [(&'static str, &str); 3] {
    [
        ("username", customer),
        ("password", kit::PASSWORD),
        ("act", "log-in"),
    ]
}

/// Brings this ending about; where the customer is led to.
async fn brought_about(ending: &str, visit: &mut Visit<'_>) -> String {
    let all = [("act", "allow"), ("separate", "yes")];
    match ending {
        "allowed" => {
            let page = visit.confirm().await;
            let code = code_of(visit.house, "li-lei");
            visit
                .sent(&page, &[("act", "allow"), ("code", &code)])
                .await
        }
        "refused on the review" => {
            let page = visit.review("li-lei").await;
            visit.sent(&page, &[("act", "refuse")]).await
        }
        "refused at the code" => {
            let page = visit.confirm().await;
            visit.sent(&page, &[("act", "refuse")]).await
        }
        "cancelled before the log-in" => {
            let page = visit.browser.get(&visit.link).await;
            visit.sent(&page, &[("act", "cancel")]).await
        }
        "allowed when the time is over" => {
            let page = visit.review("li-lei").await;
            let first = accounts(&page).remove(0);
            visit.house.clock.advance(Duration::from_mins(15));
            let fields = [all[0], all[1], ("account", first.as_str())];
            visit.sent(&page, &fields).await
        }
        "confirmed when the time is over" => {
            let page = visit.confirm().await;
            let code = code_of(visit.house, "li-lei");
            visit.house.clock.advance(Duration::from_mins(15));
            visit
                .sent(&page, &[("act", "allow"), ("code", &code)])
                .await
        }
        "looked at when the time is over" => {
            visit.confirm().await;
            visit.house.clock.advance(Duration::from_mins(15));
            let answer = visit.browser.get(&visit.link).await;
            visit.followed(answer).await
        }
        "looked at when all time is over" => {
            visit.confirm().await;
            visit.house.clock.advance(Duration::from_mins(45));
            let answer = visit.browser.get(&visit.link).await;
            let is_led_back = answer.header("location").starts_with(CALLBACK);
            assert!(is_led_back, "{}", html(&answer));
            visit.followed(answer).await
        }
        "three codes are wrong" => three_wrong(visit).await,
        "no account can be chosen" => {
            let answer = visit.logged_in("sun-frozen").await;
            visit.followed(answer).await
        }
        "another customer comes" => {
            visit.review("li-lei").await;
            visit.browser = Browser::new(visit.house);
            let answer = visit.logged_in("han-meimei").await;
            visit.followed(answer).await
        }
        _ => without(ending, visit).await,
    }
}

/// Types three codes that are wrong.
async fn three_wrong(visit: &mut Visit<'_>) -> String {
    let mut page = visit.confirm().await;
    for _ in 0..2 {
        let code = code_of(visit.house, "li-lei");
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let fields = [("act", "allow"), ("code", wrong)];
        let answer = visit.browser.send(&page, &fields).await;
        page = if answer.status == 303 {
            visit.browser.get(answer.header("location")).await
        } else {
            answer
        };
        assert!(html(&page).contains("id=\"code\""), "{}", html(&page));
    }
    let code = code_of(visit.house, "li-lei");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    visit
        .sent(&page, &[("act", "allow"), ("code", wrong)])
        .await
}

/// What of the bank's files says otherwise meanwhile: a file, what stands there, and what instead.
fn otherwise(ending: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    let nowhere = "path: /customers/v1/nowhere";
    match ending {
        "the bank lists no accounts" => {
            vec![("gateway.yaml", "path: /customers/v1/accounts", nowhere)]
        }
        "the bank sends no code" => {
            vec![("gateway.yaml", "path: /customers/v1/confirmations", nowhere)]
        }
        "the bank opens the scope no more" => vec![
            (
                "apis/accounts.yaml",
                "x-mortise-scope: accounts",
                "x-mortise-scope: holdings",
            ),
            ("consent/catalogue.yaml", "  accounts:\n", "  holdings:\n"),
            (
                "blocks/account-verify.block.yaml",
                "scopes: [accounts]",
                "scopes: [holdings]",
            ),
        ],
        _ => panic!("nobody knows how it ends: {ending}"),
    }
}

/// Lets the bank do without something meanwhile.
async fn without(ending: &str, visit: &mut Visit<'_>) -> String {
    let page = match ending {
        "the bank sends no code" => Some(visit.review("li-lei").await),
        _ => None,
    };
    let otherwise = otherwise(ending);
    for (file, old, new) in &otherwise {
        visit.house.edit(file, old, new);
    }
    visit.house.reload().await;
    let back = if let Some(page) = page {
        let first = accounts(&page).remove(0);
        let fields = [("act", "allow"), ("separate", "yes"), ("account", &first)];
        visit.sent(&page, &fields).await
    } else {
        let answer = visit.browser.get(&visit.link).await;
        visit.followed(answer).await
    };
    for (file, old, new) in &otherwise {
        visit.house.edit(file, new, old);
    }
    visit.house.reload().await;
    back
}

#[tokio::test]
async fn every_ending_of_a_good_request_is_told_to_the_app_and_is_the_end() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for (ending, error) in ENDINGS {
        let mut visit = Visit::begun(&house, &mut app).await;
        let back = brought_about(ending, &mut visit).await;
        assert!(back.starts_with(CALLBACK), "{ending}: {back}");
        let mut back: BTreeMap<String, String> = query(&back);
        assert_eq!(back.remove("state").as_deref(), Some("s-1 &=?"), "{ending}");
        assert_eq!(back.remove("iss"), Some(house.issuer_url()), "{ending}");
        let told: Vec<(&str, &str)> = back.iter().map(|(k, v)| (&**k, &**v)).collect();
        match told.as_slice() {
            [("code", code)] => assert!(error.is_empty() && code.len() == 43, "{ending}: {code}"),
            [("error", told)] => assert_eq!(*told, error, "{ending}"),
            _ => panic!("{ending}: {told:?}"),
        }
        // Who comes back finds the end of it, and nobody is logged in.
        let page = visit.browser.get(&visit.link).await;
        is_error_page(&page, 400, "invalid_request_uri");
        let page = Browser::new(&house).get(&visit.link).await;
        is_error_page(&page, 400, "invalid_request_uri");
    }
}

#[tokio::test]
async fn a_session_ends_with_the_decision_and_old_pages_decide_nothing() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for act in ["allow", "refuse"] {
        let mut visit = Visit::begun(&house, &mut app).await;
        let page = visit.confirm().await;
        let session = visit.browser.cookies[SESSION].clone();
        let code = code_of(&house, "li-lei");
        let back = visit.sent(&page, &[("act", act), ("code", &code)]).await;
        assert!(back.starts_with(CALLBACK), "{back}");
        assert!(!visit.browser.cookies.contains_key(SESSION), "{act}");
        // Not even with the cookie of before: the page of before is of no request.
        visit.browser.cookies.insert(SESSION.to_owned(), session);
        for again in ["allow", "refuse"] {
            let fields = [("act", again), ("code", code.as_str())];
            let answer = visit.browser.send(&page, &fields).await;
            assert!(answer.status.is_client_error(), "{}", html(&answer));
            assert!(answer.headers.get("location").is_none(), "{answer:?}");
        }
        // And the next request asks for a log-in.
        let mut next = Visit::begun(&house, &mut app).await;
        next.browser.cookies.clone_from(&visit.browser.cookies);
        let page = next.browser.get(&next.link).await;
        assert!(html(&page).contains("id=\"login-form\""), "{act}");
    }
}

#[tokio::test]
async fn of_two_tabs_that_decide_at_once_one_does_and_the_record_agrees() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    for _ in 0..4 {
        let mut visit = Visit::begun(&house, &mut app).await;
        let page = visit.confirm().await;
        let code = code_of(&house, "li-lei");
        let mut tab = Browser::new(&house);
        tab.cookies.clone_from(&visit.browser.cookies);
        let before = decisions(&house);
        let (allows, refuses) = ([("act", "allow"), ("code", &code)], [("act", "refuse")]);
        let (one, other) = tokio::join!(
            visit.browser.send(&page, &allows),
            tab.send(&page, &refuses)
        );
        let is_end = |answer: &&Answer| answer.header("location").starts_with("/done?");
        let ends = [&one, &other].into_iter().filter(is_end).count();
        assert_eq!(ends, 1, "{one:?} {other:?}");
        let is_allowed = is_end(&&one);
        let after = decisions(&house);
        let (approved, refused) = (after.0 - before.0, after.1 - before.1);
        let expected = (usize::from(is_allowed), usize::from(!is_allowed));
        assert_eq!((approved, refused), expected);
    }
}

/// How often the log says that a customer allowed, and that one refused.
fn decisions(house: &TestHouse) -> (usize, usize) {
    let records = house.records();
    let count = |action: &str| {
        let is_it = |record: &&serde_json::Value| record["action"] == action;
        records.iter().filter(is_it).count()
    };
    (count("grant.approve"), count("grant.refuse"))
}

#[tokio::test]
async fn a_link_that_names_no_good_request_ends_on_a_page_and_leads_nowhere() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let good = Visit::begun(&house, &mut app).await.link;
    let (before, reference) = good.split_once("request_uri=").expect("a reference");
    let elsewhere = kit::encoded("https://attacker.example/request");
    for (link, code) in [
        (good.replace("swiftride-app", "nobody"), "invalid_client"),
        (
            good.replace("swiftride-app", "cartwheel-shop"),
            "invalid_request_uri",
        ),
        (
            format!("{before}request_uri={elsewhere}"),
            "invalid_request_uri",
        ),
        (format!("{good}x"), "invalid_request_uri"),
        (format!("{good}&request_uri={reference}"), "invalid_request"),
        (before.trim_end_matches('&').to_owned(), "invalid_request"),
    ] {
        let evil = kit::encoded("https://attacker.example/");
        for link in [&link, &format!("{link}&redirect_uri={evil}")] {
            let page = Browser::new(&house).get(link).await;
            is_error_page(&page, 400, code);
            assert!(!html(&page).contains("attacker.example"), "{}", html(&page));
        }
    }
    // Nor does the review of a request whose redirect_uri is the app's no longer.
    let mut visit = Visit::begun(&house, &mut app).await;
    let review = visit.review("li-lei").await;
    let own = "https://app.swiftride.example/callback";
    house.edit("gateway.yaml", own, "https://app.swiftride.example/moved");
    house.reload().await;
    for act in ["allow", "refuse"] {
        let answer = visit.browser.send(&review, &[("act", act)]).await;
        is_error_page(&answer, 400, "invalid_request");
    }
    let page = visit.browser.get(&visit.link).await;
    is_error_page(&page, 400, "invalid_request");
}
