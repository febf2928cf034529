//! A customer of three accounts lets an app see one: nothing of the others leaves, by whatever
//! operation, parameter or list, and another's account answers as one that there is not.

use jiff::ToSpan;
use jiff::tz::Offset;
use kit::{Answer, Script, ScriptedBank, TestHouse, html};
use model::MovedClock;
use serde_json::{Value, json};

use super::giving::{Given, give, unhurried};
use super::markers::Markers;
use super::operations::{Call, Operation, asks, operations};
use crate::grants::{App, Form, claims};

const UNKNOWN: &str = "acc-AAAAAAAAAAAAAAAAAAAAAA";

/// What one consent lets an app see of one account.
struct Seen {
    given: Given,
    account: String,
    /// The answers to each operation, in their order.
    answers: Vec<Answer>,
}

/// Asks for everything of the one account at this place, and sees it.
async fn seen(
    house: &TestHouse,
    app: &mut App<'_>,
    operations: &[Operation],
    (customer, place): (&str, usize),
) -> Seen {
    let given = give(house, app, asks(operations), (customer, &[place])).await;
    let account = given.chosen[0].clone();
    let mut answers = Vec::new();
    for operation in operations {
        let answer = operation.about(&account).made(app, &given.bearer()).await;
        assert!(answer.status.is_success(), "{}: {answer:?}", operation.id());
        answers.push(answer);
    }
    Seen {
        given,
        account,
        answers,
    }
}

/// Li Lei's first account, which the app may see, and all the others: their other two, and Han
/// Meimei's, each seen with a consent of its own.
async fn all(house: &TestHouse, app: &mut App<'_>, all: &[Operation]) -> (Seen, Vec<Seen>) {
    let own = seen(house, app, all, ("li-lei", 1)).await;
    assert_eq!(own.given.others.len(), 2, "three accounts");
    let mut others = Vec::new();
    for whose in [("li-lei", 2), ("li-lei", 3), ("han-meimei", 1)] {
        others.push(seen(house, app, all, whose).await);
    }
    (own, others)
}

/// What is only the others'.
fn planted(operations: &[Operation], own: &Seen, others: &[Seen]) -> Markers {
    let of = |seen: &mut dyn Iterator<Item = &Seen>| {
        let mut markers = Markers::default();
        for seen in seen {
            for (operation, answer) in operations.iter().zip(&seen.answers) {
                markers.plant(operation, answer);
            }
        }
        markers
    };
    of(&mut others.iter()).without(&of(&mut std::iter::once(own)))
}

#[tokio::test]
async fn nothing_of_an_account_that_was_not_chosen_leaves_by_any_operation_or_parameter() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let operations = operations(&house);
    let (own, others) = all(&house, &mut app, &operations).await;
    let markers = planted(&operations, &own, &others);
    let other = others[0].account.as_str();
    let today = Offset::constant(8).to_datetime(house.now()).date();
    let (today, yesterday) = (today.to_string(), today.saturating_sub(1.day()).to_string());
    let bearer = own.given.bearer();
    for (operation, answer) in operations.iter().zip(&own.answers) {
        markers.are_not_in(answer, operation.id());
        let mut good = 0;
        for parameter in operation.options() {
            for value in [
                "",
                "0",
                "1",
                "250",
                "10000",
                "-1",
                &today,
                &yesterday,
                "0001-01-01",
                other,
                "*",
            ] {
                let mut call = operation.about(&own.account);
                call.say(parameter, value);
                let answer = call.made(&mut app, &bearer).await;
                let what = format!("{} {}={value}", operation.id(), parameter.name);
                assert!(!answer.status.is_server_error(), "{what}: {answer:?}");
                if value != other {
                    markers.are_not_in(&answer, &what);
                }
                good += usize::from(answer.status.is_success());
            }
        }
        let options = operation.options().count();
        assert!(good >= options, "{}: {good} of {options}", operation.id());
        for call in smuggled(operation, &own.account, other) {
            let calls = house.bank.calls();
            let answer = call.made(&mut app, &bearer).await;
            answer.refused_saying(400, "malformed_request", "does not name");
            assert_eq!(house.bank.calls(), calls, "the bank was asked: {call:?}");
        }
        // A header that is not described goes to no bank.
        let mut call = operation.about(&own.account);
        call.headers
            .push(("x-account-id".to_owned(), other.to_owned()));
        let same = call.made(&mut app, &bearer).await;
        assert_eq!((same.status, &same.body), (answer.status, &answer.body));
    }
}

/// Calls that name another account by parameters that no description has.
fn smuggled(operation: &Operation, own: &str, other: &str) -> Vec<Call> {
    let names = [
        "accountId",
        "account_id",
        "accountId[]",
        "accounts",
        "AccountId",
    ];
    let with = |name: &str| {
        let mut call = operation.about(own);
        call.query.push((kit::encoded(name), other.to_owned()));
        call
    };
    names.into_iter().map(with).collect()
}

/// An answer but for what no two answers have in common: ids, dates, and what is left of a rate.
fn bare(answer: &Answer) -> (u16, Vec<(String, String)>, Value) {
    let own = ["date", "x-request-id", "x-fapi-interaction-id", "ratelimit"];
    let is_own = |name: &str| own.contains(&name);
    let headers = answer.headers.iter().map(|(name, value)| {
        let value = if is_own(name.as_str()) {
            String::new()
        } else {
            format!("{value:?}")
        };
        (name.to_string(), value)
    });
    let mut body = answer.json();
    body["explain"] = Value::Null;
    (answer.status.as_u16(), headers.collect(), body)
}

#[tokio::test]
async fn co_01_co_04_another_account_answers_as_an_unknown_one_and_no_bank_is_asked() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let operations = operations(&house);
    let (own, others) = all(&house, &mut app, &operations).await;
    let (account, bearer) = (own.account.as_str(), own.given.bearer());
    let mut named = 0;
    for operation in &operations {
        let mut expected = None;
        for (what, call) in operation.naming(account, UNKNOWN) {
            let unknown = call.made(&mut app, &bearer).await;
            unknown.refused(403, "not_covered");
            expected = Some(bare(&unknown));
            named += 1;
            assert!(what.starts_with(operation.id()));
        }
        let calls = house.bank.calls();
        let both = format!("{account},{}", others[0].account);
        let ids = others.iter().map(|other| other.account.as_str());
        let ill_formed = [
            "x",
            "1",
            "*",
            "acc-",
            "ACC-AAAAAAAAAAAAAAAAAAAAAA",
            both.as_str(),
        ];
        for id in ids.chain(ill_formed) {
            for (what, call) in operation.naming(account, id) {
                let answer = call.made(&mut app, &bearer).await;
                assert_eq!(Some(bare(&answer)), expected, "{what}: {id}");
            }
        }
        assert_eq!(
            house.bank.calls(),
            calls,
            "the bank was asked: {}",
            operation.id()
        );
    }
    assert!(named >= 5, "{named} places name an account");
}

/// A bank that says this with 200.
async fn saying(content_type: &str, body: &str) -> ScriptedBank {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\n");
    let text = format!("{head}content-length: {length}\r\n\r\n{body}");
    ScriptedBank::start(Script::Answer(text.into_bytes())).await
}

/// What a careless bank says, that looks at no customer: another's answer, and the list of all.
fn careless(own: &Answer, others: &[&Answer]) -> Vec<Value> {
    let mut said: Vec<Value> = others.iter().map(|other| other.json()).collect();
    let mut all = own.json();
    if let Some(list) = all.get_mut("data").and_then(Value::as_array_mut) {
        let items = others.iter().map(|other| other.json()["data"].clone());
        for item in items.flat_map(|items| items.as_array().cloned().unwrap_or_default()) {
            list.insert(list.len() / 2, item);
        }
        // What no description has, and what only looks like the id.
        let stranger = list[list.len() / 2].clone();
        list.push(json!({ "accountId": null, "copy": stranger }));
        said.push(all);
    }
    said
}

#[tokio::test]
async fn co_19_what_a_careless_bank_says_of_others_stays_here() {
    let first = saying("text/plain", "").await;
    let at = |bank: &ScriptedBank| format!("endpoints: [\"{}\"] # scripted", bank.address);
    let upstream = format!(
        "    upstreams:\n      scripted:\n        {}\n        tls: none\n        limits: standard\n",
        at(&first)
    );
    let house = unhurried(MovedClock::running());
    let house = house.edit("    upstreams:\n", &upstream).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let operations = operations(&house);
    let (own, others) = all(&house, &mut app, &operations).await;
    let markers = planted(&operations, &own, &others);
    let product = |upstream: &str| {
        format!("openapi: file:apis/accounts.yaml\n        upstream: {upstream}\n")
    };
    house.edit("gateway.yaml", &product("core"), &product("scripted"));
    let (mut before, mut lists) = (first, 0);
    for (place, operation) in operations.iter().enumerate() {
        let content_type = own.answers[place].header("content-type");
        // What a service says to a block is told in `composed`.
        if content_type != "application/json" || operation.is_composed {
            continue;
        }
        let theirs: Vec<&Answer> = others.iter().map(|other| &other.answers[place]).collect();
        for said in careless(&own.answers[place], &theirs) {
            let bank = saying(content_type, &said.to_string()).await;
            house.edit("gateway.yaml", &at(&before), &at(&bank));
            house.reload().await;
            before = bank;
            let call = operation.about(&own.account);
            let answer = call.made(&mut app, &own.given.bearer()).await;
            assert_eq!(before.calls(), 1, "{}", operation.id());
            markers.are_not_in(&answer, operation.id());
            if answer.status == 200 {
                lists += usize::from(answer.json()["data"].is_array());
            } else {
                answer.refused(403, "not_covered");
            }
        }
    }
    assert!(lists >= 2, "{lists} lists were cut down");
}

#[tokio::test]
async fn the_page_offers_a_customer_their_own_accounts_alone() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let operations = operations(&house);
    let theirs = give(&house, &mut app, asks(&operations), ("han-meimei", &[1])).await;
    let link = app.pushed_link(asks(&operations)).await;
    let mut browser = kit::Browser::new(&house);
    let page = browser.get(&link).await;
    let page = crate::grants::log_in(&mut browser, &page, "li-lei").await;
    let offered = super::giving::accounts(&page);
    assert_eq!(offered.len(), 3, "{}", html(&page));
    assert!(!offered.contains(&theirs.chosen[0]));
    // Another's is not to be had by writing its id into the form.
    let fields = [
        ("act", "allow"),
        ("separate", "yes"),
        ("account", theirs.chosen[0].as_str()),
    ];
    let again = browser.send(&page, &fields).await;
    assert_eq!(again.status, 200, "{}", html(&again));
}

#[tokio::test]
async fn co_24_ids_of_consents_are_random_and_none_tells_of_another() {
    let house = unhurried(MovedClock::running()).start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let asks = || Form::request().with("scope", Some("accounts"));
    let mut ids: Vec<[u8; 16]> = Vec::new();
    for _ in 0..4 {
        let given = give(&house, &mut app, asks(), ("li-lei", &[1])).await;
        let id = claims(&given.tokens["access_token"])["grant_id"].clone();
        let id = id.as_str().and_then(crypto::from_base64url);
        ids.push(id.and_then(|id| id.try_into().ok()).expect("128 bits"));
    }
    for (at, one) in ids.iter().enumerate() {
        for other in &ids[..at] {
            let differs = one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones());
            assert!(differs.sum::<u32>() >= 32, "{one:?} {other:?}");
        }
    }
    // Whoever could make tokens learns of no consent by trying ids beside one that there is.
    let key = house.issuer_key().await;
    let mut told = Vec::new();
    for number in [0, 1, 255] {
        let mut id = ids[0];
        id[15] ^= number;
        if number == 0 {
            id = [0; 16];
        }
        let mut claims = house.claims(&app.partner, "accounts");
        claims["grant_id"] = crypto::base64url(&id).into();
        let token = key.sign("at+jwt", &claims).expect("a token");
        let bearer = format!("Bearer {token}");
        let headers = [("authorization", bearer.as_str())];
        let answer = app.client.get("/accounts/v1/accounts", &headers).await;
        answer.refused(403, "no_consent");
        told.push(bare(&answer));
    }
    assert!(told.iter().all(|one| *one == told[0]), "{told:?}");
}
