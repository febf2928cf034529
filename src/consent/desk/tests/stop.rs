//! Customers who are asked again and refuse: what is kept of it, and those who stop it all.

use model::ports::{Consents as _, DeskEnding, DeskFault, DeskOver};
use model::{By, Channel, ConsentState, Edge, GrantAction, Shown};

use super::{ALLOW, TICKED, found, given, later, naming};
use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::Visitor;
use crate::test_desk::{TestDesk, bank_id};

const STOP: (&str, &str) = ("act", "stop");
/// Where the button stands.
const STOP_ID: &str = "id=\"stop-all\"";
const REFUSE: (&str, &str) = ("act", "refuse");
/// More than was given, and the same.
const AGAIN: [&str; 2] = ["accounts shop_data", "accounts"];

fn told(over: &DeskOver) -> (&'static str, DeskEnding) {
    (over.error, over.ending)
}

/// What is kept of the end of a consent that was stopped.
async fn kept(test: &TestDesk, id: &model::ConsentId) -> Shown {
    let pieces = test.store.evidence(&bank_id(), id).await;
    let pieces = pieces.expect("a store in memory");
    let last = pieces.last().expect("a piece");
    assert_eq!((last.edge, last.by), (Edge::Withdraw, By::Customer));
    open_evidence(&test.kek, &bank_id(), id, last).expect("opens")
}

#[tokio::test]
async fn whoever_stops_all_withdraws_what_they_gave_and_refuses_the_rest() {
    for scopes in AGAIN {
        let test = TestDesk::new();
        let before = given(&test, "accounts").await;
        let details = naming(&before.id, "[]");
        let visitor = later(&test, 2, scopes, &details);
        let page = visitor.show().await.page();
        let bar = page.find("id=\"refuse\"").expect("two answers");
        let stop = page.find("id=\"stop-all\"").expect("a third");
        assert!(bar < stop && page.contains("withdraws the permission that you gave SwiftRide"));
        let over = visitor.send(&[STOP]).await.over();
        assert_eq!(told(&over), ("access_denied", DeskEnding::Stopped));

        let ended = found(&test, &before.id).await;
        assert_eq!(ended.state, ConsentState::Withdrawn, "{scopes}");
        assert_eq!(ended.ended_by, Some(By::Customer), "{scopes}");
        assert!(visitor.actions().contains(&GrantAction::ConsentWithdraw));
        let shown = kept(&test, &before.id).await;
        assert_eq!((shown.page, shown.language.as_str()), (page, "en"));
        assert_eq!(shown.choices, [("act".to_owned(), "stop".to_owned())]);
        // What was to take its place is refused; of a renewal there is nothing more to end.
        let edge = over.declined.as_ref().map(|its| its.change.edge);
        let is_new = scopes != "accounts";
        assert_eq!(edge, is_new.then_some(Edge::Refuse), "{scopes}");
        assert!(over.declined.is_none_or(|its| its.consent != before.id));
    }
}

#[tokio::test]
async fn all_is_stopped_on_the_one_page_that_takes_the_code_too() {
    let test = TestDesk::on_one_page();
    let first = Visitor {
        request: [1; 32],
        ..Visitor::accounts(&test)
    };
    first.show().await.page();
    let page = first.go_on(&[("account", "acc-1"), ALLOW]).await;
    assert!(!page.contains(STOP_ID), "nothing was given yet: {page}");
    let agreed = first.send(&[("code", CODE), ALLOW]).await.agreed();
    let id = agreed.consent.id.clone();
    first.settled(*agreed).await;

    let details = naming(&id, "[]");
    let visitor = later(&test, 2, "accounts", &details);
    let page = visitor.show().await.page();
    assert!(page.contains("id=\"code\"") && page.contains("id=\"stop-all\""));
    let over = visitor.send(&[STOP]).await.over();
    assert_eq!(told(&over), ("access_denied", DeskEnding::Stopped));
    assert_eq!(found(&test, &id).await.state, ConsentState::Withdrawn);
    assert_eq!(kept(&test, &id).await.page, page);
}

#[tokio::test]
async fn nothing_is_stopped_by_a_form_of_another_page() {
    let test = TestDesk::new();
    let new = Visitor::accounts(&test);
    let page = new.show().await.page();
    assert!(!page.contains(STOP_ID), "{page}");
    let refused = new.try_send(&[STOP]).await;
    assert!(matches!(refused, Err(DeskFault::Form(_))), "{refused:?}");

    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts shop_data", &details);
    visitor.show().await.page();
    let early = visitor.beside();
    let code = visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    assert!(!code.contains(STOP_ID), "{code}");
    let refused = visitor.try_send(&[STOP]).await;
    assert!(matches!(refused, Err(DeskFault::Form(_))), "{refused:?}");
    let late = visitor.send_beside(&early, &[STOP]).await;
    late.expect("a step").again();
    assert!(found(&test, &before.id).await == before);
}

#[tokio::test]
async fn of_a_refusal_to_give_again_is_kept_what_was_seen_and_said() {
    for scopes in AGAIN {
        let test = TestDesk::new();
        let before = given(&test, "accounts").await;
        let details = naming(&before.id, "[]");
        let visitor = Visitor {
            language: "zh-CN",
            ..later(&test, 2, scopes, &details)
        };
        let page = visitor.show().await.page();
        let over = visitor.send(&[REFUSE]).await.over();
        assert_eq!(told(&over), ("access_denied", DeskEnding::Refused));
        let declined = over.declined.expect("an edge");
        let (part, evidence) = (declined.part, declined.change.evidence.expect("a piece"));
        assert_eq!((part.by, part.channel), (By::Customer, Channel::Page));
        let is_renewal = scopes == "accounts";
        assert_eq!(declined.consent == before.id, is_renewal);
        assert_eq!(part.to == ConsentState::Authorised, is_renewal);
        assert_eq!(evidence.edge, Edge::Refuse);
        let shown = open_evidence(&test.kek, &bank_id(), &declined.consent, &evidence);
        let shown = shown.expect("opens");
        assert_eq!((shown.page, shown.language.as_str()), (page, "zh-CN"));
        assert_eq!(shown.choices, [("act".to_owned(), "refuse".to_owned())]);
    }
}

#[tokio::test]
async fn the_line_beside_a_code_names_the_app_in_its_own_language() {
    for language in ["en", "zh-CN"] {
        let test = TestDesk::new();
        let visitor = Visitor {
            language,
            app: if language == "en" {
                "SwiftRide"
            } else {
                "迅达出行"
            },
            ..Visitor::accounts(&test)
        };
        visitor.show().await.page();
        visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
        let (_, zh, en) = test.bank.with(|state| state.begun[0].clone());
        assert!(zh.starts_with("迅达出行；"), "{zh}");
        assert!(en.starts_with("SwiftRide; "), "{en}");
    }
}
