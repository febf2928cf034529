//! The desk from outside: what customers see, what their forms lead to, and what comes of it.

mod amendment;
mod endings;
mod fold;
mod gone;
mod lodged;
mod pages;
mod purpose;
mod races;
mod renewal;
mod stop;
mod walk;

use model::ConsentId;
use model::ports::{Consent, Consents as _, Finish};

use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Came, Visitor};
use crate::test_desk::{FUNDS, TestDesk, at, bank_id};

const ALLOW: (&str, &str) = ("act", "allow");
const TICKED: (&str, &str) = ("separate", "yes");

/// A day, in seconds.
const DAY: i64 = 86_400;

/// Lets an app see the first account, or ask about it; the consent, which is in force.
async fn given(test: &TestDesk, scopes: &'static str) -> Consent {
    let details = if scopes == "funds" { FUNDS } else { "[]" };
    let visitor = Visitor {
        request: [1; 32],
        ..Visitor::of(test, scopes, details)
    };
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    if scopes == "funds" {
        visitor.go_on(&[ALLOW]).await;
    }
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    let id = agreed.consent.id.clone();
    let done = visitor.settled(*agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");
    found(test, &id).await
}

/// Lets an app see data of which nothing is sensitive.
async fn shop(test: &TestDesk) -> Consent {
    let visitor = Visitor {
        request: [1; 32],
        ..Visitor::of(test, "shop_data", "[]")
    };
    visitor.show().await.page();
    let agreed = visitor.send(&[ALLOW]).await.agreed();
    let id = agreed.consent.id.clone();
    let done = visitor.settled(*agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");
    found(test, &id).await
}

async fn found(test: &TestDesk, id: &ConsentId) -> Consent {
    let found = test.store.find(&bank_id(), id).await;
    found.expect("a store in memory").expect("a consent")
}

/// Details that name a consent, beside these.
fn naming(id: &ConsentId, others: &str) -> String {
    let others = others.trim_start_matches('[');
    let joint = if others == "]" { "" } else { "," };
    format!("[{{\"type\":\"consent\",\"consent_id\":\"{id}\"}}{joint}{others}")
}

/// A customer who comes 30 days later, by another request of this number.
fn later<'a>(
    test: &'a TestDesk,
    number: u8,
    scopes: &'static str,
    details: &'a str,
) -> Visitor<'a> {
    test.bank.with(|state| state.expires = at(31 * DAY));
    Visitor {
        request: [number; 32],
        now: 30 * DAY,
        opened_at: 30 * DAY,
        ..Visitor::of(test, scopes, details)
    }
}

/// How a visit ended, where nothing of a consent changed by it.
fn ended(came: Came) -> (&'static str, model::ports::DeskEnding) {
    let over = came.over();
    assert!(over.declined.is_none(), "{over:?}");
    (over.error, over.ending)
}
