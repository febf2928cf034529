//! Many at once with one thing, through the front door over connections of their own: one wins
//! where one may, all win where all may, what was given to a loser's rival is dead, and each has
//! its records. `MORTISE_LONG=1` makes the full counts.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use kit::{Answer, Browser, FORM, HouseBuilder, Method, TestHouse, token_form};
use serde_json::Value;

use super::{App, Form, log_in};
use crate::load::{below, drawn, is_long};
use crate::tokens::is_oauth_error;

const CLIENT: &str = "swiftride-app";

/// So many as a rule, so many in the campaign.
fn rounds(few: usize, many: usize) -> usize {
    if is_long() { many } else { few }
}

/// A house whose limits no race meets.
async fn house() -> TestHouse {
    HouseBuilder::new()
        .edit(
            "rate: 5/s, burst: 10 requests, concurrent: 8 requests",
            "rate: 100000/s, burst: 100000 requests, concurrent: 100 requests",
        )
        .edit(
            "rate: 200/s, burst: 400 requests",
            "rate: 100000/s, burst: 100000 requests",
        )
        .start()
        .await
}

/// Eight of a client's machines, each with a connection of its own.
async fn machines(house: &TestHouse) -> Vec<App<'_>> {
    let mut machines = Vec::new();
    for _ in 0..8 {
        machines.push(App::of(house, CLIENT).await);
    }
    machines
}

/// All send the same form to the same place at once.
async fn at_once(machines: &mut [App<'_>], path: &str, form: &Form) -> Vec<Answer> {
    let sent = machines.iter_mut().map(|app| app.post(path, form.clone()));
    join_all(sent).await
}

/// The one that was answered 200, and how many were refused with this code.
#[track_caller]
fn one_of(answers: &[Answer], status: u16, code: &str) -> Value {
    let (won, lost): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
    let [won] = won.as_slice() else {
        panic!("{} of {} won: {answers:?}", won.len(), answers.len());
    };
    for answer in lost {
        is_oauth_error(answer, status, code, "");
    }
    won.json()
}

/// What the log has of each request: its records by type, or by action where it is of a grant.
fn logged(house: &TestHouse) -> BTreeMap<String, Vec<String>> {
    let mut by_request: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in house.records() {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = match record["type"].as_str() {
            Some("oauth.grant") => text(&record["action"]),
            Some("oauth.token") => format!("oauth.token {}", text(&record["outcome"]["decision"])),
            _ => continue,
        };
        by_request
            .entry(text(&record["req"]))
            .or_default()
            .push(told);
    }
    by_request
}

/// What was logged of a request, of all that it can be.
fn of(logged: &BTreeMap<String, Vec<String>>, answer: &Answer) -> Vec<String> {
    let mut told = logged
        .get(&answer.request_id())
        .cloned()
        .unwrap_or_default();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn long_races_for_a_code_have_one_winner_whose_tokens_are_dead() {
    let count = rounds(20, 1_000);
    let (random, told) = drawn();
    let house = house().await;
    let mut machines = machines(&house).await;
    let mut answered = Vec::new();
    let mut redemptions = 0;
    for round in 0..count {
        let code = machines[0].code("li-lei").await;
        // Most often two, now and then all of them.
        let racers = if round % 10 == 9 { 8 } else { 2 };
        let first = below(&random, 9 - racers);
        let racers = &mut machines[first..first + racers];
        let answers = at_once(racers, "/token", &Form::code(&code)).await;
        let tokens = one_of(&answers, 400, "invalid_grant");
        let call = machines[0].call(&tokens["access_token"]).await;
        call.refused_saying(401, "bad_token", "revoked");
        let refresh = tokens["refresh_token"].as_str().expect("text");
        let refreshed = machines[0].post("/token", Form::refresh(refresh)).await;
        is_oauth_error(&refreshed, 400, "invalid_grant", "revoked");
        redemptions += answers.len();
        answered.push(answers);
    }
    let logged = logged(&house);
    for answers in &answered {
        let mut reuses = 0;
        for answer in answers {
            let told = of(&logged, answer);
            if answer.status == 200 {
                assert_eq!(told, ["code.redeem", "oauth.token allowed"]);
            } else {
                reuses += told.iter().filter(|told| *told == "code.reuse").count();
                assert_eq!(told.last().map(String::as_str), Some("oauth.token refused"));
            }
        }
        assert_eq!(reuses, answers.len() - 1, "{answers:?}");
    }
    println!("{told}: {count} codes, {redemptions} redemptions, one winner each, its tokens dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_races_for_one_approval_make_one_grant() {
    let count = rounds(10, 200);
    let (_, told) = drawn();
    let house = house().await;
    let mut app = App::of(&house, CLIENT).await;
    for _ in 0..count {
        let reference = app.push(Form::request()).await;
        let mut browser = Browser::new(&house);
        let page = browser.get(&app.link(&reference)).await;
        let page = log_in(&mut browser, &page, "li-lei").await;
        let mut tabs: Vec<Browser> = (0..3).map(|_| Browser::new(&house)).collect();
        for tab in &mut tabs {
            tab.cookies = browser.cookies.clone();
        }
        let sent = tabs
            .iter_mut()
            .map(|tab| tab.send(&page, &[("act", "allow")]));
        let answers = join_all(sent).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers
            .iter()
            .partition(|answer| answer.header("location").starts_with("/done?"));
        assert_eq!(won.len(), 1, "{answers:?}");
        let logged = logged(&house);
        assert_eq!(of(&logged, won[0]), ["grant.approve"]);
        for answer in lost {
            // Too late, or logged out by the one that was not.
            assert!([303, 400].contains(&answer.status.as_u16()), "{answer:?}");
            assert!(
                !answer.header("location").starts_with("/done"),
                "{answer:?}"
            );
            assert_eq!(of(&logged, answer), [""; 0]);
        }
    }
    println!("{told}: {count} requests approved three times at once, one grant each");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_races_of_refreshes_are_won_by_all() {
    let count = rounds(10, 200);
    let (_, told) = drawn();
    let house = house().await;
    let mut machines = machines(&house).await;
    let tokens = machines[0].tokens("li-lei").await;
    let form = Form::refresh(tokens["refresh_token"].as_str().expect("text"));
    for _ in 0..count {
        let answers = at_once(&mut machines, "/token", &form).await;
        for (answer, app) in answers.iter().zip(&mut machines) {
            let fresh = answer.ok();
            app.call(&fresh["access_token"]).await.ok();
        }
    }
    println!("{told}: {count} times 8 refreshes of one token at once, OA-90: all served");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_races_with_one_assertion_have_one_winner() {
    let count = rounds(10, 200);
    let (_, told) = drawn();
    let house = house().await;
    let mut machines = machines(&house).await;
    for _ in 0..count {
        let partner = &machines[0].partner;
        let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
        let form = token_form("branches", &assertion);
        let sent = machines.iter_mut().map(|app| {
            let form = form.clone();
            async move { app.client.call(Method::POST, "/token", &[FORM], form).await }
        });
        let answers: Vec<_> = join_all(sent).await.into_iter().collect();
        let answers: Vec<_> = answers
            .into_iter()
            .map(|sent| sent.expect("an answer"))
            .collect();
        one_of(&answers, 401, "invalid_client");
    }
    println!("{told}: {count} assertions used 8 times at once, one token each");
}

#[tokio::test(flavor = "multi_thread")]
async fn long_races_of_refreshes_with_a_revocation_leave_nothing_alive() {
    let count = rounds(10, 200);
    let (random, told) = drawn();
    let house = house().await;
    let mut machines = machines(&house).await;
    let (mut served, mut refused) = (0, 0);
    for _ in 0..count {
        let tokens = machines[0].tokens("li-lei").await;
        let refresh = tokens["refresh_token"].as_str().expect("text");
        let revoker = below(&random, machines.len());
        let sent = machines.iter_mut().enumerate().map(|(at, app)| async move {
            if at == revoker {
                let form = Form(vec![("token", refresh.to_owned())]);
                vec![(true, app.post("/revoke", form).await)]
            } else {
                // Twice each, so that some come before and some after.
                let first = app.post("/token", Form::refresh(refresh)).await;
                let second = app.post("/token", Form::refresh(refresh)).await;
                vec![(false, first), (false, second)]
            }
        });
        let answers: Vec<_> = join_all(sent).await.into_iter().flatten().collect();
        let mut given = vec![tokens.clone()];
        for (is_revocation, answer) in &answers {
            match (is_revocation, answer.status.as_u16()) {
                (true, 200) => {}
                (false, 200) => given.push(answer.json()),
                (false, _) => is_oauth_error(answer, 400, "invalid_grant", "revoked"),
                (true, _) => panic!("{answer:?}"),
            }
        }
        served += given.len() - 1;
        refused += answers.len() - given.len();
        for tokens in &given {
            let call = machines[0].call(&tokens["access_token"]).await;
            call.refused_saying(401, "bad_token", "revoked");
        }
        let again = machines[0].post("/token", Form::refresh(refresh)).await;
        is_oauth_error(&again, 400, "invalid_grant", "revoked");
    }
    println!(
        "{told}: {count} revocations beside 14 refreshes each: {served} served, {refused} refused, \
         no token alive"
    );
}
