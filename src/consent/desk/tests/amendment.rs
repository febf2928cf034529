//! Consents that take the place of others: what is more than before is asked for, and nothing else.

use model::ports::{DeskEnding, Finish, MayAsk};
use model::{ConsentState, Edge, GrantAction};

use super::{ALLOW, DAY, TICKED, ended, found, given, later, naming};
use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::{FUNDS, TestDesk, at, bank_id};

#[tokio::test]
async fn what_is_new_is_shown_as_new_and_allowed_by_a_box_of_its_own() {
    let test = TestDesk::new();
    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts shop_data", &details);
    assert_eq!(visitor.may_ask().await, MayAsk::Yes);
    let page = visitor.show().await.page();
    for said in [
        "SwiftRide asks to change the permission you gave",
        "<dt>The balances</dt><dd><bdi>As before</bdi>",
        "<dt>The usual branch</dt><dd><bdi>New: not allowed until now</bdi>",
        "13 August 2027, 16:00 (Beijing), until now 14 July 2027, 16:00 (Beijing)",
        "stays as it is, until 14 July 2027, 16:00 (Beijing)",
        "<li><details><summary>The balances <em>as before</em>",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // What was chosen is ticked; what is more is not.
    assert_eq!(page.matches("\" checked").count(), 1, "{page}");
    assert!(page.contains("value=\"acc-1\" checked"), "{page}");
    let unticked = visitor.send(&[("account", "acc-1"), ALLOW]).await.page();
    assert!(unticked.contains("Tick the box"), "{unticked}");
    let chosen = [TICKED, ("account", "acc-1"), ("account", "acc-2"), ALLOW];
    visitor.go_on(&chosen).await;
    let consent = visitor.consent().await.expect("a consent");
    assert_eq!(consent.replaces.as_ref(), Some(&before.id));
    assert!(
        found(&test, &before.id).await == before,
        "in force as it was"
    );
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();

    assert_eq!(agreed.consent.id, consent.id);
    assert_ne!(agreed.consent.id, before.id);
    assert_eq!(agreed.consent.edge, Edge::Authorise);
    assert_eq!(
        agreed.consent.replaces,
        Some((before.id.clone(), at(30 * DAY)))
    );
    let superseded = agreed.superseded.as_ref().expect("a part");
    assert_eq!(superseded.from, Some(ConsentState::Authorised));
    assert_eq!(
        (superseded.to, superseded.resources),
        (ConsentState::Superseded, 1)
    );
    assert_eq!(superseded.clusters.len(), 2);
    // Details name the consent that they are of.
    assert!(
        agreed.details.contains(consent.id.as_str()),
        "{}",
        agreed.details
    );
    assert!(
        !agreed.details.contains(before.id.as_str()),
        "{}",
        agreed.details
    );
    let evidence = &agreed.consent.evidence;
    let shown = open_evidence(&test.kek, &bank_id(), &consent.id, evidence).expect("opens");
    assert!(shown.page.contains("New: not allowed until now"));
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);

    let finish = visitor.settled(*agreed).await;
    assert!(
        matches!(&finish, Finish::Done(posted) if posted.len() == 2),
        "{finish:?}"
    );
    let after = found(&test, &before.id).await;
    assert_eq!(after.state, ConsentState::Superseded);
    assert_eq!(after.replaced_by, Some(consent.id.clone()));
    assert_eq!(
        visitor.may_ask().await,
        MayAsk::Details,
        "it can be named no more"
    );
}

#[tokio::test]
async fn sensitive_data_that_is_new_is_told_as_that_whatever_the_profile() {
    for profile in ["sensitive", "none"] {
        let test = TestDesk::with(crate::test_desk::settings(profile), 3);
        let before = super::shop(&test).await;
        let details = naming(&before.id, "[]");
        let visitor = later(&test, 2, "shop_data accounts", &details);
        let page = visitor.show().await.page();
        assert!(
            page.contains("<summary>The balances <em>sensitive</em>"),
            "{page}"
        );
        assert!(
            page.contains("id=\"separate\"") && !page.contains("\" checked"),
            "{page}"
        );
        visitor.go_on(&[TICKED, ("account", "acc-2"), ALLOW]).await;
        let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
        let finish = visitor.settled(*agreed).await;
        assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
    }
}

#[tokio::test]
async fn other_values_are_another_consent_and_the_former_ones_are_shown() {
    let test = TestDesk::new();
    let before = given(&test, "funds").await;
    let more = FUNDS.replace("3000.00", "5000.00");
    let details = naming(&before.id, &more);
    let visitor = later(&test, 2, "funds", &details);
    let page = visitor.show().await.page();
    for said in ["The values until now", "CNY 3,000.00", "CNY 5,000.00"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    // No kind of data is new: there is no box to tick.
    assert!(!page.contains("id=\"separate\""), "{page}");
    let values = visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    assert!(
        values.contains("CNY 5,000.00") && !values.contains("3,000.00"),
        "{values}"
    );
    visitor.go_on(&[ALLOW]).await;
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(agreed.consent.replaces.as_ref().expect("one").0, before.id);
    let finish = visitor.settled(*agreed).await;
    assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
}

#[tokio::test]
async fn what_is_asked_for_no_more_is_told() {
    let test = TestDesk::new();
    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "shop_data", &details);
    let page = visitor.show().await.page();
    let said = "<dt>The balances</dt><dd><bdi>Until now only: allowed no more</bdi>";
    assert!(page.contains(said), "{page}");
}

#[tokio::test]
async fn whoever_keeps_the_old_one_has_it_as_it_was() {
    let test = TestDesk::new();
    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let visitor = later(&test, 2, "accounts shop_data", &details);
    visitor.show().await.page();
    let over = visitor.send(&[("act", "refuse")]).await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::Refused)
    );
    let declined = over.declined.expect("an edge of the new one");
    assert_ne!(declined.consent, before.id);
    assert!(found(&test, &before.id).await == before);
}

#[tokio::test]
async fn of_two_that_would_take_one_place_one_does() {
    let test = TestDesk::new();
    let before = given(&test, "accounts").await;
    let details = naming(&before.id, "[]");
    let (first, second) = (
        later(&test, 2, "accounts shop_data", &details),
        later(&test, 3, "accounts shop_data", &details),
    );
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    for visitor in [&first, &second] {
        visitor.show().await.page();
        visitor.go_on(&chosen).await;
    }
    // The bank knows the last code alone.
    let latter = second.send(&[("code", CODE), ALLOW]).await.agreed();
    first.go_on(&[("act", "resend")]).await;
    let former = first.send(&[("code", CODE), ALLOW]).await.agreed();
    let finish = first.settled(*former).await;
    assert!(matches!(finish, Finish::Done(_)), "{finish:?}");
    assert_eq!(second.settled(*latter).await, Finish::Gone);
    let over = ended(second.show().await);
    assert_eq!(over, ("invalid_authorization_details", DeskEnding::Failed));
}
