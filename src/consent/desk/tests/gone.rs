//! Accounts that were free when they were chosen, and are not when something would come of it.

use model::ports::{AccountUnavailable, DeskEnding, Finish, OwnAccount};
use model::{ConsentState, Edge, GrantAction};

use super::{ALLOW, TICKED, ended, given, later, naming};
use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::Visitor;
use crate::test_desk::{FUNDS, TestDesk, bank_id, settings};

const GONE: &str = "cannot be shared any more. Choose again.";

/// Something happens to an account at the bank: it is made joint, or closed for good.
fn changed(test: &TestDesk, id: &str, now: Option<AccountUnavailable>) {
    test.bank.with(|state| {
        let is_it = |account: &&mut OwnAccount| account.id.as_str() == id;
        let mut accounts = state.accounts.iter_mut();
        accounts.find(is_it).expect("an account").unavailable = now;
    });
}

fn vanished(test: &TestDesk, id: &str) {
    let others = |account: &OwnAccount| account.id.as_str() != id;
    test.bank.with(|state| state.accounts.retain(others));
}

fn checks_and_codes(test: &TestDesk) -> (u32, usize) {
    test.bank.with(|state| (state.checks, state.begun.len()))
}

#[tokio::test]
async fn a_code_for_an_account_that_is_gone_is_not_taken_and_another_can_be_chosen() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    let two = [TICKED, ("account", "acc-1"), ("account", "acc-2"), ALLOW];
    visitor.go_on(&two).await;
    changed(&test, "acc-1", Some(AccountUnavailable::Joint));
    let page = visitor.send(&[("code", CODE), ALLOW]).await.page();
    assert!(
        page.contains(GONE) && page.contains("id=\"error-summary\""),
        "{page}"
    );
    assert_eq!(page.matches("\" checked").count(), 0, "{page}");
    assert_eq!(checks_and_codes(&test), (0, 1));
    let consent = visitor.consent().await.expect("a consent");
    assert_eq!(consent.state, ConsentState::Confirming);
    // A box that was ticked for other accounts counts no more.
    let page = visitor.send(&[("account", "acc-2"), ALLOW]).await.page();
    assert!(page.contains("Tick the box"), "{page}");
    let confirm = visitor.go_on(&[TICKED, ("account", "acc-2"), ALLOW]).await;
    assert!(
        confirm.contains("6322") && !confirm.contains("6321"),
        "{confirm}"
    );
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    let resources = agreed.consent.terms.resources.iter();
    let ids: Vec<&str> = resources.map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["acc-2"]);
    assert_eq!(checks_and_codes(&test), (1, 2));
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions, "each edge is taken once");
    let (id, evidence) = (&agreed.consent.id, &agreed.consent.evidence);
    let shown = open_evidence(&test.kek, &bank_id(), id, evidence).expect("opens");
    assert!(shown.page.ends_with(&confirm));
    let done = visitor.settled(*agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");
}

#[tokio::test]
async fn no_code_is_sent_for_an_account_that_is_gone() {
    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ALLOW]).await;
    visitor.go_on(&[("account", "acc-7"), ALLOW]).await;
    vanished(&test, "acc-7");
    // The page of the values leads back to that of the accounts.
    let page = visitor.send(&[ALLOW]).await.page();
    assert!(
        page.contains(GONE) && page.contains("id=\"account-8\""),
        "{page}"
    );
    assert_eq!(checks_and_codes(&test), (0, 0));
    visitor.go_on(&[("account", "acc-8"), ALLOW]).await;
    visitor.go_on(&[ALLOW]).await;
    assert_eq!(checks_and_codes(&test), (0, 1));
    // Nor is another.
    changed(&test, "acc-8", Some(AccountUnavailable::Closed));
    let page = visitor.send(&[("act", "resend")]).await.page();
    assert!(page.contains(GONE), "{page}");
    assert_eq!(checks_and_codes(&test), (0, 1));
}

#[tokio::test]
async fn who_chooses_again_and_again_is_sent_three_codes_and_no_more() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    for _ in 0..3 {
        visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
        changed(&test, "acc-1", Some(AccountUnavailable::Frozen));
        let page = visitor.send(&[("code", CODE), ALLOW]).await.page();
        assert!(page.contains(GONE), "{page}");
        changed(&test, "acc-1", None);
    }
    let fourth = visitor.send(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    assert_eq!(fourth.over().ending, DeskEnding::Locked);
    assert_eq!(checks_and_codes(&test), (0, 3));
}

#[tokio::test]
async fn a_visit_ends_when_the_last_account_that_could_be_chosen_is_gone() {
    let test = TestDesk::with(settings("sensitive"), 1);
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    changed(&test, "acc-1", Some(AccountUnavailable::Frozen));
    let over = visitor.send(&[("code", CODE), ALLOW]).await.over();
    assert_eq!(over.ending, DeskEnding::NoAccounts);
    let declined = over.declined.expect("an edge");
    assert_eq!(declined.part.from, Some(ConsentState::Confirming));
}

#[tokio::test]
async fn a_renewal_leaves_out_an_account_that_is_gone_and_says_so() {
    let test = TestDesk::new();
    let visitor = Visitor {
        request: [1; 32],
        ..Visitor::accounts(&test)
    };
    visitor.show().await.page();
    let two = [TICKED, ("account", "acc-1"), ("account", "acc-2"), ALLOW];
    visitor.go_on(&two).await;
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    let details = naming(&agreed.consent.id, "[]");
    let done = visitor.settled(*agreed).await;
    assert!(matches!(done, Finish::Done(_)), "{done:?}");

    let renewal = later(&test, 2, "accounts", &details);
    renewal.show().await.page();
    renewal.go_on(&[ALLOW]).await;
    changed(&test, "acc-1", Some(AccountUnavailable::Closed));
    let page = renewal.send(&[("code", CODE), ALLOW]).await.page();
    assert!(page.contains("It is left out."), "{page}");
    assert!(page.contains("6322") && !page.contains("6321"), "{page}");
    renewal.go_on(&[ALLOW]).await;
    let agreed = renewal.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(agreed.consent.edge, Edge::Renew);
    let resources = agreed.consent.terms.resources.iter();
    let ids: Vec<&str> = resources.map(|one| one.id.as_str()).collect();
    assert_eq!(ids, ["acc-2"]);
}

#[tokio::test]
async fn a_renewal_of_which_nothing_is_left_ends() {
    let test = TestDesk::new();
    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let renewal = later(&test, 2, "accounts", &details);
    renewal.show().await.page();
    changed(&test, "acc-1", Some(AccountUnavailable::Frozen));
    let over = ended(renewal.send(&[ALLOW]).await);
    assert_eq!(over, ("access_denied", DeskEnding::NoAccounts));
    assert_eq!(checks_and_codes(&test).1, 1, "that of before");
}
