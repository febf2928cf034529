//! Consents that are given once more, and what must not be asked for by the name of one.

use model::ports::{Consents as _, DeskEnding, FactorSaid, Finish, MayAsk, Withdrawal};
use model::{By, ConsentId, ConsentState, Edge, GrantAction};

use super::{ALLOW, DAY, ended, found, given, later, naming};
use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Visitor, event};
use crate::test_desk::{FUNDS, TestDesk, at, bank_id};

#[tokio::test]
async fn a_customer_gives_the_same_once_more_by_one_click_and_a_code() {
    let test = TestDesk::new();
    let before = given(&test, "openid accounts").await;
    let details = naming(&before.id, "[]");
    for scopes in ["openid accounts", "accounts"] {
        assert_eq!(
            later(&test, 2, scopes, &details).may_ask().await,
            MayAsk::Yes
        );
    }
    // Also when it waits for its customer to log in once more.
    let mut waits = later(&test, 2, "accounts", &details);
    waits.now = 100 * DAY;
    assert_eq!(waits.may_ask().await, MayAsk::Yes);
    let visitor = later(&test, 2, "accounts", &details);
    let page = visitor.show().await.page();
    for said in [
        "SwiftRide asks to keep the permission you gave",
        "The balances",
        "See it all in one place",
        "Current account 1",
        "14 July 2027, 16:00 (Beijing)",
        "<strong>13 August 2027, 16:00 (Beijing)</strong>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    for absent in ["Current account 2", "type=\"checkbox\"", "id=\"more-time\""] {
        assert!(!page.contains(absent), "{absent}: {page}");
    }
    let confirm = visitor.go_on(&[ALLOW]).await;
    // In force all the while, and no edge is taken before it is renewed.
    let waiting = found(&test, &before.id).await;
    assert_eq!(waiting.state, ConsentState::Authorised);
    assert!((waiting.version, &waiting.terms) == (before.version, &before.terms));
    assert_eq!(visitor.show().await.page(), confirm);
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(visitor.actions(), []);

    let consent = &agreed.consent;
    assert_eq!((&consent.id, consent.edge), (&before.id, Edge::Renew));
    assert_eq!(
        consent.from,
        Some((ConsentState::Authorised, before.version))
    );
    let (terms, old) = (&consent.terms, before.terms.as_ref().expect("in force"));
    assert!(terms.is_within(old) && old.is_within(terms));
    assert_eq!(terms.reauth_at, Some(at((30 + 90) * DAY)));
    assert_eq!(
        (terms.expires, agreed.until),
        (agreed.until, at((30 + 180) * DAY))
    );
    assert!(
        agreed.details.contains(before.id.as_str()),
        "{}",
        agreed.details
    );
    assert_eq!(agreed.part.from, Some(ConsentState::Authorised));
    let shown = open_evidence(&test.kek, &bank_id(), &before.id, &consent.evidence);
    assert_eq!(shown.expect("opens").page, format!("{page}{confirm}"));

    let finish = visitor.settled(*agreed).await;
    assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
    let after = found(&test, &before.id).await;
    assert_eq!(after.state, ConsentState::Authorised);
    assert_eq!((after.version, after.draft.len()), (before.version + 1, 0));
    assert_eq!(after.expires, Some(at((30 + 180) * DAY)));
}

#[tokio::test]
async fn bound_values_stand_on_the_page_of_a_renewal() {
    let test = TestDesk::new();
    let before = given(&test, "funds").await;
    let details = naming(&before.id, FUNDS);
    let visitor = later(&test, 2, "funds", &details);
    let page = visitor.show().await.page();
    assert!(
        page.contains("CNY 3,000.00") && page.contains("Current account 1"),
        "{page}"
    );
    visitor.go_on(&[ALLOW]).await;
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(agreed.consent.edge, Edge::Renew);
    assert!(
        agreed.details.contains(r#""account":"acc-1""#),
        "{}",
        agreed.details
    );
    let finish = visitor.settled(*agreed).await;
    assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
}

#[tokio::test]
async fn a_consent_that_is_not_the_clients_or_not_in_force_cannot_be_named() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let unknown = ConsentId::parse("AAAAAAAAAAAAAAAAAAAAAA").expect("valid");
    let undecided = Visitor::accounts(&test);
    undecided.show().await.page();
    let undecided = undecided.consent().await.expect("a consent").id;
    let own = naming(&consent.id, "[]");
    let twice = naming(&consent.id, &own);
    for (scopes, details) in [
        ("accounts", naming(&unknown, "[]")),
        ("accounts", naming(&undecided, "[]")),
        ("accounts", twice),
        ("accounts", r#"[{"type":"consent"}]"#.to_owned()),
        // It does not say what it wants of it.
        ("openid", own.clone()),
    ] {
        let visitor = later(&test, 2, scopes, &details);
        assert_eq!(visitor.may_ask().await, MayAsk::Details, "{details}");
    }
    let mut others = later(&test, 2, "accounts", &own);
    others.client = "cartwheel-app";
    assert_eq!(others.may_ask().await, MayAsk::Details);
    let mut late = later(&test, 2, "accounts", &own);
    late.now = 10 + 180 * DAY;
    assert_eq!(late.may_ask().await, MayAsk::Details, "its end has come");

    // Withdrawn when the page is there already.
    let visitor = later(&test, 2, "accounts", &own);
    visitor.show().await.page();
    let withdrawal = Withdrawal {
        edge: Edge::Withdraw,
        by: By::Bank,
        reason: None,
        tokens_until: at(31 * DAY),
        evidence: None,
    };
    let (bank, event) = (bank_id(), event(GrantAction::ConsentWithdraw, None, 250));
    let withdrawn = test
        .store
        .withdraw(&bank, &consent.id, withdrawal, at(30 * DAY), event);
    withdrawn.await.expect("a store in memory");
    assert_eq!(visitor.may_ask().await, MayAsk::Details);
    let over = ended(visitor.send(&[ALLOW]).await);
    assert_eq!(over, ("invalid_authorization_details", DeskEnding::Failed));
}

#[tokio::test]
async fn another_customers_consent_is_not_shown_and_not_renewed() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let details = naming(&consent.id, "[]");
    for scopes in ["accounts", "accounts shop_data"] {
        let visitor = Visitor {
            subject: "han-meimei",
            ..later(&test, 2, scopes, &details)
        };
        let over = ended(visitor.show().await);
        assert_eq!(over, ("access_denied", DeskEnding::Failed), "{scopes}");
    }
    assert!(found(&test, &consent.id).await == consent);
}

#[tokio::test]
async fn whoever_refuses_or_fails_keeps_what_they_gave() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let details = naming(&consent.id, "[]");
    let visitor = later(&test, 2, "accounts", &details);
    visitor.show().await.page();
    visitor.send(&[("act", "extend")]).await.again();
    visitor.show().await.page();
    let over = visitor.send(&[("act", "refuse")]).await.over();
    let told = (over.error, over.ending);
    assert_eq!(told, ("access_denied", DeskEnding::Refused));

    let visitor = later(&test, 3, "accounts", &details);
    visitor.show().await.page();
    visitor.go_on(&[ALLOW]).await;
    let wrong = [("code", "000000"), ALLOW];
    visitor.send(&wrong).await.page();
    visitor.send(&wrong).await.page();
    let over = ended(visitor.send(&wrong).await);
    assert_eq!(over, ("access_denied", DeskEnding::Locked));
    let kept = found(&test, &consent.id).await;
    assert_eq!((kept.state, kept.version), (consent.state, consent.version));
    assert!(kept.terms == consent.terms && kept.expires == consent.expires);
}

#[tokio::test]
async fn of_two_requests_the_last_that_was_shown_goes_on_and_wrong_codes_count_for_both() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let details = naming(&consent.id, "[]");
    let (first, second) = (
        later(&test, 2, "accounts", &details),
        later(&test, 3, "accounts", &details),
    );
    first.show().await.page();
    first.go_on(&[ALLOW]).await;
    let wrong = [("code", "000000"), ALLOW];
    assert!(first.send(&wrong).await.page().contains("2 more times"));
    second.show().await.page();
    // The form of the first is of a page that is shown no more.
    first.send(&[("code", CODE), ALLOW]).await.again();
    second.show().await.page();
    assert!(second.go_on(&[ALLOW]).await.contains("try 2 times"));
    let agreed = second.send(&[("code", CODE), ALLOW]).await.agreed();
    let finish = second.settled(*agreed).await;
    assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
    first.send(&[("code", CODE), ALLOW]).await.again();
    // What was renewed can be renewed again, and is shown as it is now.
    let page = first.show().await.page();
    assert_eq!(page.matches("13 August 2027").count(), 3, "{page}");
}

#[tokio::test]
async fn an_account_that_cannot_be_shared_today_is_not_renewed() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let details = naming(&consent.id, "[]");
    test.bank.with(|state| state.accounts.remove(1));
    let over = ended(later(&test, 2, "accounts", &details).show().await);
    assert_eq!(over, ("access_denied", DeskEnding::NoAccounts));
}

#[tokio::test]
async fn a_code_for_other_values_renews_nothing() {
    let test = TestDesk::new();
    let consent = given(&test, "accounts").await;
    let details = naming(&consent.id, "[]");
    let visitor = later(&test, 2, "accounts", &details);
    visitor.show().await.page();
    visitor.go_on(&[ALLOW]).await;
    test.bank
        .with(|state| state.says = Some(FactorSaid::NotOfThis));
    let page = visitor.send(&[("code", CODE), ALLOW]).await.page();
    assert!(page.contains("good no more"), "{page}");
    assert_eq!(found(&test, &consent.id).await.version, consent.version);
}
