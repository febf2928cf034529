//! What is told of decisions: which, by whom, by which way, and why.

use model::ports::{Consent, Look};
use model::{By as Who, Channel, ConsentState, Edge, Evidence, Shown, SignedRequest};
use serde_json::Value;

use super::shelf::{consent, id};
use super::{By, LI_LEI, LIST, at_one, house};
use crate::evidence::Kept;
use crate::test_desk::{at, bank_id, kek};

const HISTORY: Look<'_> = Look::History { page: 1 };
const REASON: &str = "the customer called: <b>lost</b> their phone";

/// One that ended like this.
fn ended(number: u32, state: ConsentState, by: Who, on: Channel) -> Consent {
    let mut ended = consent(number, "swiftride-app", ConsentState::Withdrawn);
    if state == ConsentState::Refused {
        ended.terms = None;
    }
    ended.state = state;
    ended.ended_by = Some(by);
    ended.ended_on = Some(on);
    ended
}

fn withdrawn_by_bank() -> Consent {
    Consent {
        reason: Some(REASON.to_owned()),
        ..ended(1, ConsentState::Withdrawn, Who::Bank, Channel::Control)
    }
}

/// What is kept of a decision of the first consent's, with this page.
fn kept(edge: Edge, second: i64, page: &str) -> Evidence {
    let (bank, id) = (bank_id(), id(1));
    let kept = Kept {
        bank: &bank,
        id: &id,
        edge,
        by: Who::Customer,
        at: at(second),
        text_version: [0; 32],
    };
    let shown = Shown {
        page: page.to_owned(),
        language: "en".to_owned(),
        choices: Vec::new(),
        factor: None,
        request: SignedRequest::Form(String::new()),
    };
    let random = crypto::SeededRandom::new(6);
    kept.sealed(&shown, &kek(), &random).expect("sealed")
}

/// What, by whom and by which way, of each decision.
fn of(told: &Value) -> Vec<[&str; 3]> {
    let decisions = told["decisions"].as_array().expect("a list").iter();
    decisions
        .map(|one| ["edge", "by", "on"].map(|name| one[name].as_str().unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn the_bank_says_why_on_the_detail_the_history_and_the_receipt_and_it_is_text() {
    let (house, one) = (house(vec![withdrawn_by_bank()]), id(1));
    house
        .shelf
        .keeps(vec![kept(Edge::Authorise, 10, "<!doctype html>the page")]);
    assert_eq!(house.json(at_one(&one)).await["reason"], REASON);
    let shown = "&lt;b&gt;lost&lt;&#x2f;b&gt; their phone";
    for look in [at_one(&one), HISTORY, LIST, Look::Receipt(one.as_str())] {
        let page = house.page(LI_LEI, look).await;
        assert!(
            page.contains("The reason given: the customer called"),
            "{look:?}: {page}"
        );
        assert!(
            page.contains(shown) && !page.contains("<b>lost"),
            "{look:?}: {page}"
        );
    }
    let receipt = house.page(LI_LEI, Look::Receipt(one.as_str())).await;
    assert!(
        receipt.starts_with("<!doctype html>the page<!doctype html>"),
        "{receipt}"
    );
    assert!(receipt.contains("By this bank"), "{receipt}");
    let zh = By {
        language: "zh-CN",
        ..LI_LEI
    };
    let page = house.page(zh, at_one(&one)).await;
    assert!(page.contains("给出的原因："), "{page}");
}

#[tokio::test]
async fn a_reason_is_cut_and_one_of_what_is_in_force_is_not_told() {
    let mut long = withdrawn_by_bank();
    long.reason = Some("x\u{202e}".repeat(400));
    let mut lives = consent(2, "swiftride-app", ConsentState::Authorised);
    lives.reason = Some(REASON.to_owned());
    let house = house(vec![long, lives]);
    let told = house.json(at_one(&id(1))).await;
    assert_eq!(told["reason"], "x\u{fffd}".repeat(250), "{told}");
    assert!(house.json(at_one(&id(2))).await["reason"].is_null());
}

#[tokio::test]
async fn a_receipt_of_what_goes_on_is_what_was_shown_and_nothing_more() {
    let (house, one) = (
        house(vec![consent(1, "swiftride-app", ConsentState::Authorised)]),
        id(1),
    );
    assert!(house.json(at_one(&one)).await["receipt"].is_null());
    house.shelf.keeps(vec![kept(Edge::Authorise, 10, "shown")]);
    let receipt = house.page(LI_LEI, Look::Receipt(one.as_str())).await;
    assert_eq!(receipt, "shown");
}

#[tokio::test]
async fn the_history_tells_of_decisions_by_whom_and_by_which_way_each_was() {
    let mut late = consent(6, "swiftride-app", ConsentState::Reviewing);
    late.decide_until = at(900);
    let house = house(vec![
        withdrawn_by_bank(),
        ended(2, ConsentState::Refused, Who::Partner, Channel::Api),
        ended(3, ConsentState::Refused, Who::Customer, Channel::Page),
        ended(4, ConsentState::Superseded, Who::Customer, Channel::Page),
        consent(5, "swiftride-app", ConsentState::Reviewing),
        late,
    ]);
    let given = ["authorise", "customer", "page"];
    let history = house.json(HISTORY).await;
    let rows = history["groups"][0]["rows"].as_array().expect("rows");
    let told: Vec<_> = rows.iter().map(|row| (&row["id"], of(row))).collect();
    let expected: Vec<(Value, Vec<[&str; 3]>)> = vec![
        ("consent-6".into(), vec![["lapse", "house", "clock"]]),
        (
            "consent-4".into(),
            vec![["supersede", "customer", "page"], given],
        ),
        ("consent-3".into(), vec![["refuse", "customer", "page"]]),
        ("consent-2".into(), vec![["refuse", "partner", "api"]]),
        (
            "consent-1".into(),
            vec![["withdraw", "bank", "control"], given],
        ),
    ];
    let expected: Vec<_> = expected.iter().map(|(id, of)| (id, of.clone())).collect();
    assert_eq!(told, expected);
    let page = house.page(LI_LEI, HISTORY).await;
    for said in [
        "By this bank, through this bank’s staff",
        "By the app, over a connection between apps",
        "By you, on a page of this bank",
        "By this bank’s system, when its time came",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[tokio::test]
async fn each_decision_that_evidence_was_kept_of_is_told_once() {
    let withdrawn = ended(1, ConsentState::Withdrawn, Who::Customer, Channel::Api);
    let mut locked = ended(1, ConsentState::Refused, Who::House, Channel::Page);
    locked.terms = None;
    for (consent, edges, expected) in [
        (
            withdrawn,
            vec![Edge::Authorise, Edge::Renew, Edge::Withdraw],
            vec![
                ["withdraw", "customer", "api"],
                ["renew", "customer", "page"],
                ["authorise", "customer", "page"],
            ],
        ),
        (locked, vec![Edge::Lock], vec![["lock", "customer", "page"]]),
    ] {
        let house = house(vec![consent]);
        let kept = (0..)
            .zip(edges)
            .map(|(second, edge)| kept(edge, second, ""));
        house.shelf.keeps(kept.collect());
        assert_eq!(of(&house.json(at_one(&id(1))).await), expected);
    }
}
