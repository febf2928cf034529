//! The review on the page of the second factor: accounts first, then all on one page.

use futures_util::FutureExt;
use futures_util::future::join_all;
use model::ports::{AccountUnavailable, Consents as _, DeskEnding, DeskFault, FactorSaid, Finish};
use model::{By, ConsentState, Edge, GrantAction};

use super::{ALLOW, DAY, TICKED, found, later, naming};
use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Came, Visitor};
use crate::test_desk::{FUNDS, TestDesk, at, bank_id};

const CONFIRMS: [(&str, &str); 2] = [("code", CODE), ALLOW];

fn codes(test: &TestDesk) -> usize {
    test.bank.with(|state| state.begun.len())
}

/// Lets an app see the first account; the id of the consent.
async fn given(test: &TestDesk) -> model::ports::Consent {
    let visitor = Visitor {
        request: [1; 32],
        ..Visitor::accounts(test)
    };
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    let agreed = visitor.send(&CONFIRMS).await.agreed();
    let id = agreed.consent.id.clone();
    let done = visitor.settled(*agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");
    found(test, &id).await
}

#[tokio::test]
async fn accounts_are_chosen_first_and_then_one_page_tells_all_and_takes_the_code() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::of(&test, "funds", FUNDS);
    let first = visitor.show().await.page();
    for said in [
        "SwiftRide Mobility Co., Ltd.",
        "See it all in one place",
        "account-3",
    ] {
        assert!(first.contains(said), "{said}: {first}");
    }
    assert!(!first.contains("id=\"code\"") && codes(&test) == 0);
    assert!(
        first.contains("value=\"allow\">Continue</button>"),
        "{first}"
    );
    let page = visitor.go_on(&[("account", "acc-2"), ALLOW]).await;
    for said in [
        "<h1>SwiftRide asks to see your data at this bank</h1>",
        "The answer",
        "CNY 3,000.00",
        "叁仟元整",
        "6322",
        "Not beyond the answer.",
        "The app does without.",
        "14 July 2027, 16:00 (Beijing)",
        "id=\"code\"",
        "id=\"resend\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(codes(&test), 1);
    // Sending the code is no decision: who looks on is still reading.
    let consent = visitor.consent().await.expect("a consent");
    assert_eq!(consent.state, ConsentState::Reviewing);
    assert_eq!(visitor.show().await.page(), page);
    assert_eq!(codes(&test), 1);

    let agreed = visitor.send(&CONFIRMS).await.agreed();
    assert_eq!(agreed.consent.from, Some((ConsentState::Confirming, 1)));
    assert_eq!(agreed.part.from, Some(ConsentState::Confirming));
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);
    let (id, last) = (&agreed.consent.id, &agreed.consent.evidence);
    let kept = test.store.evidence(&bank_id(), id).await.expect("kept");
    for evidence in [&kept[0], last] {
        let shown = open_evidence(&test.kek, &bank_id(), id, evidence).expect("opens");
        assert_eq!(shown.page, format!("{first}{page}"));
        let said: Vec<&str> = shown.choices.iter().map(|(name, _)| &**name).collect();
        assert_eq!(said, ["account", "act", "act"]);
    }
}

#[tokio::test]
async fn a_form_without_a_code_allows_nothing_and_wrong_ones_lock_it() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    let page = visitor.send(&[ALLOW]).await.page();
    assert!(page.contains("Type the code") && page.contains("The balances"));
    let state = || async { visitor.consent().await.expect("a consent").state };
    assert_eq!(state().await, ConsentState::Reviewing);
    let wrong = [("code", "000000"), ALLOW];
    let page = visitor.send(&wrong).await.page();
    assert!(page.contains("2 more times") && page.contains("The balances"));
    assert_eq!(state().await, ConsentState::Confirming);
    visitor.send(&wrong).await.page();
    let over = visitor.send(&wrong).await.over();
    assert_eq!(over.ending, DeskEnding::Locked);
    let declined = over.declined.expect("an edge");
    assert_eq!(declined.change.edge, Edge::Lock);
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions, "allowed once");
}

#[tokio::test]
async fn who_has_all_codes_sent_and_types_none_is_turned_away() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    for _ in 0..2 {
        visitor.go_on(&[("act", "resend")]).await;
    }
    let over = visitor.send(&[("act", "resend")]).await.over();
    assert_eq!((over.ending, codes(&test)), (DeskEnding::Locked, 3));
    let declined = over.declined.expect("an edge");
    assert_eq!(declined.change.edge, Edge::Refuse);
    assert_eq!(
        (declined.part.by, declined.part.to),
        (By::House, ConsentState::Refused)
    );
}

#[tokio::test]
async fn an_account_that_is_gone_leads_back_to_the_choice_and_another_code_is_sent() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    test.bank
        .with(|state| state.accounts[1].unavailable = Some(AccountUnavailable::Frozen));
    let page = visitor.send(&CONFIRMS).await.page();
    assert!(page.contains("Choose again.") && !page.contains("id=\"code\""));
    let page = visitor.go_on(&[("account", "acc-2"), ALLOW]).await;
    assert!(page.contains("6322") && page.contains("id=\"code\""));
    assert_eq!(codes(&test), 2);
    let agreed = visitor.send(&CONFIRMS).await.agreed();
    assert_eq!(agreed.consent.terms.resources.len(), 1);
}

#[tokio::test]
async fn a_code_that_is_over_is_told_there_and_another_is_good() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    test.bank
        .with(|state| state.says = Some(FactorSaid::Expired));
    let page = visitor.send(&CONFIRMS).await.page();
    assert!(page.contains("good no more") && page.contains("The balances"));
    test.bank.with(|state| state.says = None);
    visitor.go_on(&[("act", "resend")]).await;
    visitor.send(&CONFIRMS).await.agreed();
}

#[tokio::test]
async fn the_same_is_given_once_more_by_a_code_on_one_page() {
    let test = TestDesk::on_one_page();
    let before = given(&test).await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts", &details);
    let page = visitor.show().await.page();
    for said in [
        "asks to keep the permission you gave",
        "6321",
        "id=\"code\"",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert_eq!(codes(&test), 2);
    let agreed = visitor.send(&CONFIRMS).await.agreed();
    assert_eq!(
        (&agreed.consent.id, agreed.consent.edge),
        (&before.id, Edge::Renew)
    );
    let (terms, old) = (
        &agreed.consent.terms,
        before.terms.as_ref().expect("in force"),
    );
    assert!(terms.is_within(old) && old.is_within(terms));
    // Where the profile wants it, the customer confirms it anew by then: the road refuses after.
    assert_eq!(terms.reauth_at, Some(at((30 + 90) * DAY)));
    assert_eq!(visitor.actions(), []);
}

#[tokio::test]
async fn what_is_new_needs_its_box_beside_the_code() {
    let test = TestDesk::on_one_page();
    let before = given(&test).await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts shop_data", &details);
    let first = visitor.show().await.page();
    assert!(first.contains("value=\"acc-1\" checked"), "{first}");
    let page = visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    assert!(page.contains("id=\"separate\"") && page.contains("id=\"code\""));
    let page = visitor.send(&CONFIRMS).await.page();
    assert!(page.contains("Tick the box"), "{page}");
    assert_eq!(
        test.bank.with(|state| state.checks),
        1,
        "only of the first consent"
    );
    let fields = [TICKED, CONFIRMS[0], ALLOW];
    let agreed = visitor.send(&fields).await.agreed();
    let (id, evidence) = (&agreed.consent.id, &agreed.consent.evidence);
    let shown = open_evidence(&test.kek, &bank_id(), id, evidence).expect("opens");
    assert!(
        shown
            .choices
            .contains(&("separate".to_owned(), "yes".to_owned()))
    );
}

#[tokio::test]
async fn of_many_first_codes_one_allows_and_is_asked_about() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    test.bank.with(|state| state.is_slow = true);
    let beside = visitor.beside();
    let wrong = [("code", "000000"), ALLOW];
    let sent = (0..5).map(|_| visitor.send_beside(&beside, &wrong));
    let came: Result<Vec<Came>, DeskFault> = join_all(sent).await.into_iter().collect();
    let came = came.expect("steps");
    let pages = came.iter().filter(|came| matches!(came, Came::Page(_)));
    assert_eq!(pages.count(), 1, "{came:?}");
    assert_eq!(test.bank.with(|state| state.checks), 1);
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);
    visitor.show().await.page();
    visitor.send(&CONFIRMS).await.agreed();
}

#[tokio::test]
async fn a_first_code_that_the_bank_says_nothing_to_does_not_count_but_is_a_yes() {
    let test = TestDesk::on_one_page();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    test.bank.with(|state| state.is_silent = true);
    let came = visitor.try_send(&CONFIRMS).await;
    assert!(matches!(came, Err(DeskFault::Unavailable(_))), "{came:?}");
    let consent = visitor.consent().await.expect("a consent");
    assert_eq!(consent.state, ConsentState::Confirming);
    test.bank.with(|state| state.is_silent = false);
    let page = visitor.show().await.page();
    assert!(page.contains("You can try 3 times"), "{page}");
    visitor.send(&CONFIRMS).await.agreed();
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);
}

#[tokio::test]
async fn whoever_leaves_a_renewal_before_its_code_is_sent_has_had_it_sent() {
    let test = TestDesk::on_one_page();
    let before = given(&test).await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts", &details);
    test.bank.with(|state| state.is_slow = true);
    for _ in 0..3 {
        assert!(visitor.show().now_or_never().is_none());
    }
    assert_eq!(codes(&test), 4, "one of them of the first consent");
    let over = visitor.show().await.over();
    assert_eq!(over.ending, DeskEnding::Locked);
    assert!(over.declined.is_none(), "it stays in force");
    assert_eq!(codes(&test), 4);
}
