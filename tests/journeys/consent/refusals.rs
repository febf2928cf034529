//! What an app is told that has no consent, no more of it, or that nobody can tell of it; and that
//! a bank refuses.

use std::fs::OpenOptions;
use std::io::Write;
use std::time::Duration;

use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};
use kit::{Answer, Script, ScriptedBank, TestHouse};
use model::MovedClock;

use super::giving::{Given, THERE, bearer, give, unhurried};
use crate::grants::{App, Form, claims};
use crate::tokens::is_oauth_error;

const ACCOUNTS: &str = "/accounts/v1/accounts";

/// What a call is answered while the customer is there.
async fn called(app: &mut App<'_>, path: &str, bearer: &str) -> Answer {
    let headers = [("authorization", bearer), THERE];
    app.client.get(path, &headers).await
}

/// What a call is answered while the customer is away.
async fn called_alone(app: &mut App<'_>, path: &str, bearer: &str) -> Answer {
    app.client.get(path, &[("authorization", bearer)]).await
}

/// Li Lei lets the app see the first of their accounts.
async fn given(house: &TestHouse, app: &mut App<'_>) -> Given {
    let asks = Form::request().with("scope", Some("accounts"));
    give(house, app, asks, ("li-lei", &[1])).await
}

/// Fresh tokens of the same grant.
async fn refreshed(app: &mut App<'_>, given: &Given) -> serde_json::Value {
    let token = given.tokens["refresh_token"].as_str().expect("a token");
    app.post("/token", Form::refresh(token)).await.ok()
}

#[tokio::test]
async fn a_token_that_stands_for_no_consent_opens_nothing_of_a_customers() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    // The client's own, and one of a grant that there is no consent of.
    let own = app.partner.bearer(&house, "accounts").await;
    let mut of_nobody = house.claims(&app.partner, "accounts");
    of_nobody["grant_id"] = crypto::base64url(&[7; 16]).into();
    let key = house.issuer_key().await;
    let signed = key.sign("at+jwt", &of_nobody).expect("a token");
    let calls = house.bank.calls();
    for token in [own, format!("Bearer {signed}")] {
        for path in [ACCOUNTS, "/accounts/v1/accounts/acc-AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = called(&mut app, path, &token).await;
            answer.refused_saying(403, "no_consent", "stands for no consent");
        }
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

#[tokio::test]
async fn co_09_a_consent_is_over_at_its_last_instant() {
    let house = unhurried(MovedClock::stopped())
        .edit("grant_lifetime: 90d", "grant_lifetime: 8min")
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    house.clock.advance(Duration::from_mins(4));
    // No token outlives what it stands for, so the last one ends with it.
    let tokens = refreshed(&mut app, &given).await;
    let ends = claims(&tokens["access_token"])["exp"]
        .as_i64()
        .expect("an end");
    let left = Timestamp::from_second(ends)
        .expect("an instant")
        .duration_since(house.now());
    let left = Duration::try_from(left).expect("time left");
    assert!(left < Duration::from_mins(5), "{left:?}");
    house
        .clock
        .advance(left.saturating_sub(Duration::from_millis(1)));
    called(&mut app, ACCOUNTS, &bearer(&tokens)).await.ok();
    let calls = house.bank.calls();
    house.clock.advance(Duration::from_millis(1));
    assert_eq!(
        house.now(),
        Timestamp::from_second(ends).expect("an instant")
    );
    let answer = called(&mut app, ACCOUNTS, &bearer(&tokens)).await;
    answer.refused_saying(403, "consent_expired", "come to its end");
    // A refresh brings no more of it.
    let token = given.tokens["refresh_token"].as_str().expect("a token");
    let answer = app.post("/token", Form::refresh(token)).await;
    is_oauth_error(&answer, 400, "invalid_grant", "");
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

#[tokio::test]
async fn an_app_may_ask_so_often_a_day_while_its_customer_is_away() {
    let house = unhurried(MovedClock::stopped()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    // What is refused is not counted.
    let other = format!("{ACCOUNTS}/{}", given.others[0]);
    for _ in 0..5 {
        let answer = called_alone(&mut app, &other, &given.bearer()).await;
        answer.refused(403, "not_covered");
    }
    for _ in 0..4 {
        called_alone(&mut app, ACCOUNTS, &given.bearer()).await.ok();
    }
    let calls = house.bank.calls();
    let answer = called_alone(&mut app, ACCOUNTS, &given.bearer()).await;
    let problem = answer.refused_saying(429, "consent_frequency", "while the customer is away");
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
    // The bank's day, which begins at midnight in China.
    let here = Offset::constant(8);
    let today = here.to_datetime(house.now()).date();
    let next = here.to_timestamp(today.saturating_add(1.day()).at(0, 0, 0, 0));
    let left = next.expect("a midnight").duration_since(house.now());
    assert_eq!(answer.header("retry-after"), left.as_secs().to_string());
    assert!(
        problem["remedy"]
            .as_str()
            .is_some_and(|it| it.contains(THERE.0))
    );
    // Who is there is not counted; two addresses say that nobody is.
    called(&mut app, ACCOUNTS, &given.bearer()).await.ok();
    let bearer_of = given.bearer();
    let twice = [("authorization", bearer_of.as_str()), THERE, THERE];
    let answer = app.client.get(ACCOUNTS, &twice).await;
    answer.refused(429, "consent_frequency");
    // The next day is another.
    let left = Duration::try_from(left).expect("time left");
    house.clock.advance(left);
    let tokens = refreshed(&mut app, &given).await;
    called_alone(&mut app, ACCOUNTS, &bearer(&tokens))
        .await
        .ok();
}

#[tokio::test]
async fn each_operation_on_a_resource_has_accesses_of_its_own_whatever_the_query() {
    let house = unhurried(MovedClock::stopped()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asks = Form::request().with("scope", Some("accounts transactions"));
    let given = give(&house, &mut app, asks, ("li-lei", &[1, 2])).await;
    let of = |account: &str| format!("{ACCOUNTS}/{account}/transactions?limit=1");
    let [one, other] = [0, 1].map(|at| of(&given.chosen[at]));
    let asked = [one.as_str(), &other, ACCOUNTS];
    for _ in 0..4 {
        for path in asked {
            called_alone(&mut app, path, &given.bearer()).await.ok();
        }
    }
    // Neither another page nor another way to write the same is free.
    let (later, again) = (format!("{one}&offset=1"), format!("{one}&&"));
    for path in [asked.as_slice(), &[&later, &again]].concat() {
        let answer = called_alone(&mut app, path, &given.bearer()).await;
        answer.refused(429, "consent_frequency");
    }
}

#[tokio::test]
async fn what_the_bank_failed_to_answer_is_no_access() {
    let bank = ScriptedBank::start(written("500 Broken", "")).await;
    let upstream = format!(
        "    upstreams:\n      scripted:\n        endpoints: [\"{}\"]\n        tls: none\n        \
         limits: standard\n",
        bank.address
    );
    let house = unhurried(MovedClock::running())
        .edit("    upstreams:\n", &upstream)
        .edit(
            "openapi: file:apis/accounts.yaml\n        upstream: core",
            "openapi: file:apis/accounts.yaml\n        upstream: scripted",
        )
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    for _ in 0..5 {
        let answer = called_alone(&mut app, ACCOUNTS, &given.bearer()).await;
        assert!(answer.status.is_server_error(), "{answer:?}");
    }
}

/// Makes the store's files unreadable under the house, as a disk that fails would.
fn spoil(house: &TestHouse) {
    for name in ["mortise.sqlite", "mortise.sqlite-wal", "mortise.sqlite-shm"] {
        let path = house.dir().join(name);
        let length = std::fs::metadata(&path).expect("a file of the store").len();
        let junk = vec![0xA5; usize::try_from(length).expect("a length")];
        let file = OpenOptions::new().write(true).open(&path);
        let mut file = file.expect("a file of the store");
        file.write_all(&junk).expect("a writable file");
    }
}

/// Spoils the store until nothing can be written: a write that was under way may mend a file.
async fn lose_the_store(house: &TestHouse, app: &App<'_>) {
    for _ in 0..100 {
        spoil(house);
        // The assertion is to be remembered.
        if app.partner.ask_token(house, "branches").await.status == 503 {
            return;
        }
    }
    panic!("the store goes on without its files");
}

#[tokio::test]
async fn co_22_without_the_store_nobody_is_let_in_and_nothing_old_is_believed_for_long() {
    let house = unhurried(MovedClock::stopped()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    called(&mut app, ACCOUNTS, &given.bearer()).await.ok();
    lose_the_store(&house, &app).await;
    // What was looked up is believed for a minute, and an access cannot be counted.
    house.clock.advance(Duration::from_secs(59));
    called(&mut app, ACCOUNTS, &given.bearer()).await.ok();
    let calls = house.bank.calls();
    for _ in 0..2 {
        let answer = called_alone(&mut app, ACCOUNTS, &given.bearer()).await;
        answer.refused(503, "consent_unavailable");
    }
    house.clock.advance(Duration::from_secs(1));
    for _ in 0..2 {
        let answer = called(&mut app, ACCOUNTS, &given.bearer()).await;
        let problem = answer.refused_saying(503, "consent_unavailable", "look the customer's");
        assert_eq!(answer.header("retry-after"), "1", "{problem}");
    }
    assert_eq!(house.bank.calls(), calls, "the bank was asked");
}

#[tokio::test]
async fn what_the_bank_cannot_do_is_refused_as_its_own() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asks = Form::request().with("scope", Some("transactions"));
    let given = give(&house, &mut app, asks, ("li-lei", &[1])).await;
    let path = format!("{ACCOUNTS}/{}/transactions?limit=0", given.chosen[0]);
    let calls = house.bank.calls_of("listTransactions");
    let answer = called(&mut app, &path, &given.bearer()).await;
    answer.refused_saying(400, "bank_refused", "did not do what was asked");
    assert_eq!(house.bank.calls_of("listTransactions"), calls + 1);
}

/// An answer of a bank, as it goes over its socket.
fn written(head: &str, body: &str) -> Script {
    let length = body.len();
    let text = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\n\r\n{body}");
    Script::Answer(text.into_bytes())
}

/// What banks say that is nothing for an app, and what an app is told instead.
const SAID: [(&str, &str, u16, &str); 11] = [
    (
        "400 Bad Request\r\ncontent-type: application/json",
        "{\"MARK\":1}",
        400,
        "bank_refused",
    ),
    (
        "404 Not Found\r\ncontent-type: application/problem+json",
        "{\"MARK\":1}",
        404,
        "bank_refused",
    ),
    ("409 Conflict\r\nx-mark: MARK", "MARK", 409, "bank_refused"),
    ("422 Unprocessable Content", "MARK", 422, "bank_refused"),
    (
        "401 Unauthorized\r\nwww-authenticate: MARK",
        "MARK",
        502,
        "bank_refused",
    ),
    ("403 Forbidden", "MARK", 502, "bank_refused"),
    (
        "302 Found\r\nlocation: https://bank.example/MARK",
        "",
        502,
        "bank_refused",
    ),
    (
        "500 MARK\r\ncontent-type: text/html",
        "<h1>MARK</h1>",
        502,
        "bank_refused",
    ),
    (
        "503 Service Unavailable\r\nretry-after: 3",
        "MARK",
        502,
        "bank_refused",
    ),
    (
        "200 OK\r\ncontent-type: text/html",
        "<h1>MARK</h1>",
        502,
        "upstream_invalid",
    ),
    (
        "200 OK\r\ncontent-type: application/json",
        "{\"data\":[{\"MARK\"",
        502,
        "upstream_invalid",
    ),
];

#[tokio::test]
async fn what_a_bank_refuses_is_told_in_our_words_alone() {
    let mut banks = Vec::new();
    for (head, body, ..) in SAID {
        banks.push(ScriptedBank::start(written(head, body)).await);
    }
    let at = |bank: &ScriptedBank| format!("endpoints: [\"{}\"] # scripted", bank.address);
    let upstream = format!(
        "    upstreams:\n      scripted:\n        {}\n        tls: none\n        limits: standard\n",
        at(&banks[0])
    );
    let house = unhurried(MovedClock::running())
        .edit("    upstreams:\n", &upstream)
        .edit(
            "openapi: file:apis/accounts.yaml\n        upstream: core",
            "openapi: file:apis/accounts.yaml\n        upstream: scripted",
        )
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let given = given(&house, &mut app).await;
    let mut before = &banks[0];
    for ((head, _, status, code), bank) in SAID.into_iter().zip(&banks) {
        if bank.address != before.address {
            house.edit("gateway.yaml", &at(before), &at(bank));
            house.reload().await;
        }
        before = bank;
        let answer = called(&mut app, ACCOUNTS, &given.bearer()).await;
        let told = format!("{:?} {:?}", answer.headers, answer.body);
        assert!(!told.contains("MARK"), "{head}: {told}");
        answer.refused(status, code);
        assert!(bank.calls() > 0, "{head}: the bank was not asked");
    }
}
