//! The profile of the United Kingdom: a customer chooses accounts, and then one page tells all that
//! is asked for and takes the code. The partner is told the statuses of account access consents.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kit::{Answer, Browser, GRANT_LIFETIME, HouseBuilder, TestHouse, html, query, way_back};
use serde_json::{Value, json};

use super::giving::{THERE, accounts, bearer};
use super::resource::{Partner, roomy};
use super::{account, code_of, id_of, naming, on};
use crate::grants::openid::verified;
use crate::grants::{App, Form, log_in};

const CALLBACK: &str = "https://app.swiftride.example/callback?";
const ACCOUNTS: &str = "/accounts/v1/accounts";
const CUSTOMER: &str = "li-lei";
const CREDENTIALS: [(&str, &str); 3] = [
    ("username", CUSTOMER),
    ("password", kit::PASSWORD),
    ("act", "log-in"),
];
/// How many of our own addresses lead to the app's at most.
const HOPS_MAX: usize = 6;
/// Asks for the consent's id in the ID token, as it must be (OBIE security profile).
const INTENT: &str = r#"{"id_token":{"openbanking_intent_id":{"essential":true}}}"#;

/// A house whose bank keeps the rules of the United Kingdom, and whose grants live for a year.
pub(super) fn united_kingdom() -> HouseBuilder {
    roomy()
        .edit("profile: cn-pipl ", "profile: uk-obie ")
        .edit(GRANT_LIFETIME, &GRANT_LIFETIME.replace("90d", "366d"))
}

/// A customer's visit that an app's request began.
struct Visit<'h> {
    house: &'h TestHouse,
    browser: Browser,
    /// The page that is shown.
    page: Answer,
}

impl<'h> Visit<'h> {
    /// The customer has logged in.
    async fn begun(house: &'h TestHouse, app: &mut App<'_>, asks: Form) -> Self {
        let link = app.pushed_link(asks).await;
        let mut browser = Browser::new(house);
        let page = browser.get(&link).await;
        let page = log_in(&mut browser, &page, CUSTOMER).await;
        Self {
            house,
            browser,
            page,
        }
    }

    /// Chooses the first account; the page that tells all is shown.
    async fn chooses(&mut self) -> String {
        let first = account(&self.page, 1);
        let fields = [("account", first.as_str()), ("act", "allow")];
        self.page = on(&mut self.browser, &self.page, &fields).await;
        first
    }

    /// Sends the form; where the customer is led to in the end.
    async fn ends(&mut self, fields: &[(&str, &str)]) -> String {
        let done = on(&mut self.browser, &self.page, fields).await;
        way_back(&done)
    }

    /// Allows with the code that was sent last.
    async fn confirms(&mut self) -> String {
        let code = code_of(self.house, CUSTOMER);
        self.ends(&[("code", &code), ("act", "allow")]).await
    }

    /// Where an answer leads to, past pages of our own. Whose session is over logs in once more.
    async fn followed(&mut self, mut answer: Answer) -> String {
        for _ in 0..HOPS_MAX {
            let text = html(&answer);
            if text.contains("id=\"return\"") {
                return way_back(&answer);
            }
            if text.contains("id=\"login-form\"") {
                answer = self.browser.send(&answer, &CREDENTIALS).await;
            }
            let to = answer.header("location").to_owned();
            if to.starts_with(CALLBACK) {
                return to;
            }
            answer = self.browser.get(&to).await;
        }
        panic!("no way to the app: {}", html(&answer));
    }

    /// Types a code that is wrong, and sees the page once more.
    async fn is_wrong(&mut self) {
        let fields = [("code", self.wrong_code()), ("act", "allow")];
        self.page = self.browser.send(&self.page, &fields).await;
        says(&self.page, &["id=\"error-summary\"", "The code is wrong."]);
    }

    fn wrong_code(&self) -> &'static str {
        match code_of(self.house, CUSTOMER).as_str() {
            "000000" => "000001",
            _ => "000000",
        }
    }
}

#[track_caller]
fn says(page: &Answer, parts: &[&str]) {
    let text = html(page);
    for part in parts {
        assert!(text.contains(part), "{part} is not in {text}");
    }
}

#[track_caller]
fn is_silent_of(page: &Answer, parts: &[&str]) {
    let text = html(page);
    for part in parts {
        assert!(!text.contains(part), "{part} is in {text}");
    }
}

async fn status(partner: &mut Partner<'_>, id: &str) -> String {
    let told = partner.read(id).await.ok();
    told["status"].as_str().expect("a status").to_owned()
}

async fn redeemed(app: &mut App<'_>, back: &str) -> Value {
    let code = query(back).remove("code");
    let code = code.unwrap_or_else(|| panic!("no code: {back}"));
    app.post("/token", Form::code(&code)).await.ok()
}

async fn listed(app: &mut App<'_>, tokens: &Value) -> Answer {
    let headers = [("authorization", &*bearer(tokens)), THERE];
    app.client.get(ACCOUNTS, &headers).await
}

#[tokio::test]
async fn the_second_factor_is_the_only_action_and_its_page_tells_all_that_is_asked_for() {
    let house = united_kingdom().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let id = partner.lodged(&json!({ "scope": "accounts" })).await;
    assert_eq!(status(&mut partner, &id).await, "AWAU");
    let asks = naming(&id, "openid accounts").with("claims", Some(INTENT));
    let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
    // Which accounts is for the customer to say, and no code is sent before they have.
    let asked = [
        "Choose the accounts that SwiftRide may see",
        "Until",
        "Who asks",
    ];
    says(&visit.page, &asked);
    is_silent_of(
        &visit.page,
        &["id=\"code\"", "id=\"separate\"", "\" checked"],
    );
    assert!(house.bank.messages().is_empty(), "a code was sent");
    let chosen = visit.chooses().await;
    let told = [
        "SwiftRide asks to see your data at this bank",
        "SwiftRide Technology Co. Ltd.",
        "See your accounts in one place",
        "Account names and last digits",
        "Balances",
        "cannot move your money",
        "The accounts you chose",
        "If you refuse",
        "autocomplete=\"one-time-code\"",
        "id=\"resend\"",
    ];
    says(&visit.page, &told);
    is_silent_of(&visit.page, &["id=\"separate\"", "name=\"account\""]);
    assert_eq!(house.bank.messages().len(), 1, "one code");
    assert_eq!(status(&mut partner, &id).await, "AWAU");

    let back = visit.confirms().await;
    assert!(back.starts_with(CALLBACK), "{back}");
    assert_eq!(status(&mut partner, &id).await, "AUTH");
    let tokens = redeemed(&mut partner.app, &back).await;
    let said = verified(&house, &tokens["id_token"]).await;
    assert_eq!(said["openbanking_intent_id"], id.as_str(), "{said}");
    let seen = listed(&mut partner.app, &tokens).await.ok();
    assert_eq!(seen["data"][0]["accountId"], chosen.as_str(), "{seen}");
    assert_eq!(seen["data"].as_array().map(Vec::len), Some(1), "{seen}");

    assert_eq!(partner.end(&id).await.status, 204);
    assert_eq!(status(&mut partner, &id).await, "CANC");
    let refused = listed(&mut partner.app, &tokens).await;
    refused.refused(403, "consent_withdrawn");
    let (_, records) = house.end().await;
    let digest = crypto::base64url(&crypto::sha256(id.as_bytes()));
    let edges: Vec<&str> = records
        .iter()
        .filter(|record| record["type"] == "oauth.grant" && record["gid"] == digest.as_str())
        .map(|record| record["action"].as_str().expect("text"))
        .collect();
    let expected = [
        "consent.lodge",
        "consent.open",
        "consent.allow",
        "grant.approve",
        "code.redeem",
        "consent.withdraw",
    ];
    assert_eq!(edges, expected);
}

#[tokio::test]
async fn a_wrong_code_is_told_on_the_same_page_and_another_one_can_be_sent() {
    let house = united_kingdom().start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asks = Form::request().with("scope", Some("accounts"));
    let mut visit = Visit::begun(&house, &mut app, asks).await;
    visit.chooses().await;
    // Nothing was typed: that allows nothing.
    visit.page = visit.browser.send(&visit.page, &[("act", "allow")]).await;
    says(
        &visit.page,
        &["Type the code that you were sent.", "Balances"],
    );
    visit.is_wrong().await;
    says(
        &visit.page,
        &["You can try 2 more times", "Balances", "id=\"code\""],
    );
    let before = code_of(&house, CUSTOMER);
    visit.page = on(&mut visit.browser, &visit.page, &[("act", "resend")]).await;
    assert_eq!(house.bank.messages().len(), 2);
    says(&visit.page, &["Balances", "id=\"code\""]);
    let fields = [("code", before.as_str()), ("act", "allow")];
    if before != code_of(&house, CUSTOMER) {
        visit.page = visit.browser.send(&visit.page, &fields).await;
        says(&visit.page, &["id=\"error-summary\""]);
    }
    let back = visit.confirms().await;
    let tokens = redeemed(&mut app, &back).await;
    listed(&mut app, &tokens).await.ok();
    // What the customer saw is kept with the first code that they typed, and once.
    let gid = crypto::base64url(&crypto::sha256(id_of(&tokens).as_bytes()));
    let is_of_it = |record: &&Value| record["gid"] == gid.as_str();
    let (_, records) = house.end().await;
    let of_it: Vec<&Value> = records.iter().filter(is_of_it).collect();
    let allowed = of_it
        .iter()
        .filter(|record| record["action"] == "consent.allow");
    assert_eq!(allowed.count(), 1, "{of_it:#?}");
}

/// How a visit ends without a consent.
const ENDINGS: [&str; 5] = [
    "refused before accounts are chosen",
    "refused on the page of the code",
    "refused after a wrong code",
    "three codes are wrong",
    "confirmed when the time is over",
];

async fn ended(ending: &str, visit: &mut Visit<'_>) -> String {
    if ending != "refused before accounts are chosen" {
        visit.chooses().await;
    }
    match ending {
        "refused before accounts are chosen" | "refused on the page of the code" => {
            visit.ends(&[("act", "refuse")]).await
        }
        "refused after a wrong code" => {
            visit.is_wrong().await;
            visit.ends(&[("act", "refuse")]).await
        }
        "three codes are wrong" => {
            visit.is_wrong().await;
            visit.is_wrong().await;
            let wrong = visit.wrong_code();
            visit.ends(&[("code", wrong), ("act", "allow")]).await
        }
        "confirmed when the time is over" => {
            let code = code_of(visit.house, CUSTOMER);
            visit.house.clock.advance(Duration::from_mins(15));
            let fields = [("code", code.as_str()), ("act", "allow")];
            let answer = visit.browser.send(&visit.page, &fields).await;
            visit.followed(answer).await
        }
        other => panic!("nobody knows how it ends: {other}"),
    }
}

#[tokio::test]
async fn every_ending_is_told_to_the_app_and_read_as_rejected() {
    let house = united_kingdom().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    for ending in ENDINGS {
        let id = partner.lodged(&json!({ "scope": "accounts" })).await;
        let asks = naming(&id, "accounts");
        let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
        let back = ended(ending, &mut visit).await;
        assert!(back.starts_with(CALLBACK), "{ending}: {back}");
        let told = query(&back);
        assert_eq!(told["error"], "access_denied", "{ending}");
        assert_eq!(told["state"], "s-1 &=?", "{ending}");
        assert_eq!(told["iss"], house.issuer_url(), "{ending}");
        assert_eq!(told.len(), 3, "{ending}: {told:?}");
        // The token of before may be over.
        let mut partner = Partner::of(&house, "swiftride-app").await;
        assert_eq!(status(&mut partner, &id).await, "RJCT", "{ending}");
    }
}

#[tokio::test]
async fn a_consent_lives_for_a_year_and_is_read_as_expired_when_its_end_has_come() {
    let house = united_kingdom().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let instant = |value: &Value| -> Timestamp {
        value
            .as_str()
            .and_then(|at| at.parse().ok())
            .expect("an instant")
    };
    let id = partner.lodged(&json!({ "scope": "accounts" })).await;
    let asks = naming(&id, "accounts");
    let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
    visit.chooses().await;
    visit.confirms().await;
    let given = partner.read(&id).await.ok()["given"].clone();
    let lives = instant(&given["expires_at"]).duration_since(instant(&given["given_at"]));
    let year = SignedDuration::from_hours(24 * 365);
    assert!(
        (year - lives).abs() < SignedDuration::from_secs(60),
        "{given}"
    );
    // The app asks every 90 days whether it is still wanted (SCA-RTS Art. 36(6)), not the bank.
    assert_eq!(given.get("reauthenticate_at"), None, "{given}");
    let too_long = house.now() + year + SignedDuration::from_hours(1);
    let wish = json!({ "scope": "accounts", "expires_at": too_long.to_string() });
    partner.lodge(&wish).await.refused(400, "request_invalid");

    let hour = house.now() + SignedDuration::from_mins(60);
    let wish = json!({ "scope": "accounts", "expires_at": hour.to_string() });
    let id = partner.lodged(&wish).await;
    let asks = naming(&id, "accounts");
    let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
    visit.chooses().await;
    let back = visit.confirms().await;
    let tokens = redeemed(&mut partner.app, &back).await;
    listed(&mut partner.app, &tokens).await.ok();
    house.clock.advance(Duration::from_mins(61));
    let mut partner = Partner::of(&house, "swiftride-app").await;
    assert_eq!(status(&mut partner, &id).await, "EXPD");
    let refresh = Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    let refused = partner.app.post("/token", refresh).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert_eq!(refused.json()["error"], "invalid_grant");
}

#[tokio::test]
async fn a_consent_is_given_once_more_on_one_page_and_nothing_but_its_times_changes() {
    let house = united_kingdom().start().await;
    let mut partner = Partner::of(&house, "swiftride-app").await;
    let asks = Form::request().with("scope", Some("accounts"));
    let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
    visit.chooses().await;
    let back = visit.confirms().await;
    let before = redeemed(&mut partner.app, &back).await;
    let id = id_of(&before);
    let given = partner.read(&id).await.ok()["given"].clone();
    house.clock.advance(Duration::from_mins(30));

    let mut partner = Partner::of(&house, "swiftride-app").await;
    let sent = house.bank.messages().len();
    let asks = naming(&id, "accounts");
    let mut visit = Visit::begun(&house, &mut partner.app, asks).await;
    let told = [
        "asks to keep the permission you gave",
        "The accounts you chose",
        "Balances",
        "id=\"code\"",
    ];
    says(&visit.page, &told);
    assert!(accounts(&visit.page).is_empty(), "{}", html(&visit.page));
    assert_eq!(house.bank.messages().len(), sent + 1, "one code");
    let back = visit.confirms().await;
    let again = redeemed(&mut partner.app, &back).await;
    assert_eq!(id_of(&again), id, "the same consent");
    let renewed = partner.read(&id).await.ok();
    assert_eq!(renewed["status"], "AUTH", "{renewed}");
    let renewed = &renewed["given"];
    for same in ["clusters", "resources", "purpose", "per_day_unattended"] {
        assert_eq!(renewed[same], given[same], "{same}");
    }
    assert!(
        renewed["expires_at"].as_str() > given["expires_at"].as_str(),
        "{given} {renewed}"
    );
    listed(&mut partner.app, &again).await.ok();
}
