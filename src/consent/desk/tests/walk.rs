//! Ways through the pages that end well, and forms that lead nowhere.

use model::ports::{Consents as _, DeskEnding, DeskFault, MayAsk};
use model::{ConsentState, Edge, GrantAction, SignedRequest};

use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Came, Visitor};
use crate::test_desk::{FUNDS, TestDesk, at, bank_id, settings};

const ALLOW: (&str, &str) = ("act", "allow");
const TICKED: (&str, &str) = ("separate", "yes");

#[tokio::test]
async fn a_customer_reviews_chooses_confirms_and_has_agreed() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    assert_eq!(visitor.may_ask().await, MayAsk::Yes);
    let review = visitor.show().await.page();
    let chosen = [TICKED, ("account", "acc-3"), ("account", "acc-1"), ALLOW];
    let confirm = visitor.go_on(&chosen).await;
    let agreed = visitor.send(&[("code", " 314159 "), ALLOW]).await.agreed();

    let consent = visitor.consent().await.expect("a consent");
    assert_eq!(consent.state, ConsentState::Confirming);
    assert_eq!(consent.expires, None);
    assert_eq!(agreed.consent.id, consent.id);
    assert_eq!(agreed.consent.from, Some((ConsentState::Confirming, 1)));
    assert_eq!(agreed.consent.edge, Edge::Authorise);
    let terms = &agreed.consent.terms;
    let accounts: Vec<&str> = terms.resources.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(accounts, ["acc-1", "acc-3"]);
    assert_eq!(
        (terms.expires, agreed.until),
        (agreed.until, at(10 + 180 * 86_400))
    );
    assert_eq!(agreed.details, "[]");
    assert_eq!(
        (agreed.part.resources, agreed.part.customer),
        (2, Some([3; 32]))
    );
    assert_eq!(agreed.part.to, ConsentState::Authorised);
    let actions = [GrantAction::ConsentOpen, GrantAction::ConsentAllow];
    assert_eq!(visitor.actions(), actions);

    let evidence = &agreed.consent.evidence;
    let shown = open_evidence(&test.kek, &bank_id(), &consent.id, evidence).expect("opens");
    assert_eq!(shown.page, format!("{review}{confirm}"));
    let factor = shown.factor.expect("a factor");
    assert_eq!(factor.over, test.bank.with(|state| state.begun[0].0));
    assert!(shown.request == SignedRequest::Form("scope=accounts".to_owned()));
    assert!(shown.choices.iter().any(|(name, _)| name == "separate"));
    assert!(!shown.choices.iter().any(|(_, value)| value.contains(CODE)));
    // What was allowed before the second factor is evidence by itself.
    let kept = test
        .store
        .evidence(&bank_id(), &consent.id)
        .await
        .expect("kept");
    let kept = open_evidence(&test.kek, &bank_id(), &consent.id, &kept[0]).expect("opens");
    assert_eq!(kept.page, review);
}

#[tokio::test]
async fn many_accounts_have_a_page_of_their_own_and_values_another() {
    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    let review = visitor.show().await.page();
    assert!(!review.contains("id=\"account-1\""));
    let accounts = visitor.go_on(&[TICKED, ALLOW]).await;
    assert!(accounts.contains("type=\"radio\" id=\"account-9\""));
    let values = visitor.go_on(&[("account", "acc-7"), ALLOW]).await;
    assert!(values.contains("CNY 3,000.00") && values.contains("叁仟元整"));
    let confirm = visitor.go_on(&[ALLOW]).await;
    assert!(confirm.contains("CNY 3,000.00") && confirm.contains("6327"));
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert!(agreed.details.contains(r#""account":"acc-7""#));
    let line = test.bank.with(|state| state.begun[0].clone());
    assert_eq!(
        line.2,
        "SwiftRide; CNY 3,000.00; the account ending in 6327; until 14 July 2027, 16:00 (Beijing)"
    );
    assert!(
        line.1
            .contains("¥3,000.00 人民币；尾号 6327 的账户；至2027年7月14日"),
        "{}",
        line.1
    );
}

#[tokio::test]
async fn what_opens_no_data_is_one_page_and_nothing_is_kept_before_it_is_allowed() {
    let test = TestDesk::new();
    let visitor = Visitor::of(&test, "openid branches", "[]");
    let page = visitor.show().await.page();
    assert!(visitor.consent().await.is_none());
    let agreed = visitor.send(&[ALLOW]).await.agreed();
    assert_eq!(agreed.consent.from, None);
    assert!(agreed.consent.terms.clusters.is_empty());
    assert_eq!(agreed.part.from, None);
    assert!(test.bank.with(|state| state.begun.is_empty()));
    let (id, evidence) = (&agreed.consent.id, &agreed.consent.evidence);
    let shown = open_evidence(&test.kek, &bank_id(), id, evidence).expect("opens");
    assert_eq!(shown.page, page);
    let over = visitor.send(&[("act", "refuse")]).await.over();
    assert_eq!(
        (over.ending, over.declined.is_none()),
        (DeskEnding::Refused, true)
    );
}

#[tokio::test]
async fn data_that_is_not_sensitive_needs_no_box_and_no_second_factor() {
    let test = TestDesk::new();
    let visitor = Visitor::of(&test, "shop_data", "[]");
    let page = visitor.show().await.page();
    assert!(!page.contains("id=\"separate\"") && !page.contains("id=\"account-1\""));
    let agreed = visitor.send(&[ALLOW]).await.agreed();
    assert_eq!(agreed.consent.from, Some((ConsentState::Reviewing, 0)));
    assert!(test.bank.with(|state| state.begun.is_empty()));
}

#[tokio::test]
async fn where_the_profile_separates_nothing_there_is_no_box() {
    let test = TestDesk::with(settings("none"), 3);
    let visitor = Visitor::accounts(&test);
    assert!(!visitor.show().await.page().contains("id=\"separate\""));
    visitor.go_on(&[("account", "acc-1"), ALLOW]).await;
    visitor.send(&[("code", CODE), ALLOW]).await.agreed();
}

#[tokio::test]
async fn a_form_that_misses_something_is_shown_again_with_what_is_wrong() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    for (members, wrong) in [
        (&[ALLOW][..], "Tick the box"),
        (&[TICKED, ALLOW], "Choose an account"),
        (&[("account", "acc-1"), ALLOW], "Tick the box"),
        (
            &[TICKED, ("account", "acc-0"), ALLOW],
            "cannot be shared any more",
        ),
        (
            &[TICKED, ("account", "acc-99"), ALLOW],
            "cannot be shared any more",
        ),
    ] {
        let page = visitor.send(members).await.page();
        assert!(
            page.contains(wrong) && page.contains("id=\"error-summary\""),
            "{wrong}"
        );
        assert!(page.contains("<title>Error: "));
        let state = visitor.consent().await.expect("a consent").state;
        assert_eq!(state, ConsentState::Reviewing);
    }
    // Its own choice comes back, but never the box.
    let page = visitor.send(&[("account", "acc-2"), ALLOW]).await.page();
    assert_eq!(page.matches("\" checked").count(), 1);
    visitor.go_on(&[TICKED, ("account", "acc-2"), ALLOW]).await;
}

#[tokio::test]
async fn ticking_every_account_that_a_bank_lists_is_told_to_be_too_many() {
    let test = TestDesk::with(settings("sensitive"), 199);
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ALLOW]).await;
    let ids: Vec<String> = (1..=199).map(|number| format!("acc-{number}")).collect();
    let ticked = |count: usize| {
        let accounts = ids.iter().take(count).map(|id| ("account", id.as_str()));
        accounts.chain([ALLOW]).collect::<Vec<_>>()
    };
    for count in [199, 51] {
        let page = visitor.send(&ticked(count)).await.page();
        assert!(page.contains("Choose 50 accounts at most."), "{count}");
        assert_eq!(page.matches("\" checked").count(), count);
    }
    visitor.go_on(&ticked(50)).await;
}

#[tokio::test]
async fn an_old_form_decides_nothing_and_shows_what_holds_today() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    let review = visitor.beside();
    visitor.show().await.page();
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    visitor
        .send_beside(&review, &chosen)
        .await
        .expect("a step")
        .again();
    visitor.show().await.page();
    let review = visitor.beside();
    let confirm = visitor.go_on(&chosen).await;
    for beside in [review.as_str(), "confirm.1.00", "plain.1900000000", ""] {
        for act in ["allow", "refuse", "extend"] {
            let came = visitor
                .send_beside(beside, &[("code", CODE), ("act", act)])
                .await;
            came.expect("a step").again();
        }
    }
    assert_eq!(test.bank.with(|state| state.checks), 0);
    // A reload asks for no other code.
    let again = visitor.show().await.page();
    assert_eq!(again, confirm);
    assert_eq!(test.bank.with(|state| state.begun.len()), 1);
    visitor.send(&[("code", CODE), ALLOW]).await.agreed();
}

#[tokio::test]
async fn more_time_is_taken_twice_and_the_draft_stays() {
    let test = TestDesk::new();
    let mut visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    visitor.now = 890;
    visitor.show().await.page();
    let page = visitor.go_on(&[("act", "extend")]).await;
    assert!(page.contains("id=\"code\"") && page.contains("id=\"more-time\""));
    visitor.now = 1_700;
    visitor.show().await.page();
    let page = visitor.go_on(&[("act", "extend")]).await;
    assert!(!page.contains("id=\"more-time\""));
    visitor.send(&[("act", "extend")]).await.again();
    let consent = visitor.consent().await.expect("a consent");
    assert_eq!((consent.extended, consent.decide_until), (2, at(45 * 60)));
    visitor.now = 45 * 60 - 1;
    visitor.show().await.page();
    visitor.send(&[("code", CODE), ALLOW]).await.agreed();
}

#[tokio::test]
async fn another_code_can_be_sent_and_the_old_one_is_good_no_more() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    visitor.go_on(&[("act", "resend")]).await;
    test.bank
        .with(|state| state.says = Some(model::ports::FactorSaid::Expired));
    let page = visitor.send(&[("code", CODE), ALLOW]).await.page();
    assert!(page.contains("good no more"));
    let page = visitor.send(&[("code", CODE), ALLOW]).await.page();
    assert!(page.contains("good no more"));
    assert_eq!(test.bank.with(|state| state.checks), 1);
    test.bank.with(|state| state.says = None);
    visitor.go_on(&[("act", "resend")]).await;
    visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    assert_eq!(test.bank.with(|state| state.begun.len()), 3);
}

#[tokio::test]
async fn a_form_as_no_page_of_ours_sends_is_a_mistake() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    let twice = [TICKED, TICKED, ALLOW];
    let many: Vec<(&str, &str)> = vec![("account", "acc-1"); 101];
    let forms = [
        &[][..],
        &[TICKED],
        &[("act", "yes")],
        &[ALLOW, ALLOW],
        &twice,
        &[("separate", "no"), ALLOW],
        &[("stage", "confirm"), ALLOW],
        &[("act", "resend")],
        &[TICKED, ("account", "acc-1"), ("account", "acc-1"), ALLOW],
        &many,
    ];
    for members in forms {
        let came = visitor.try_send(members).await;
        assert!(
            matches!(came, Err(DeskFault::Form(_))),
            "{members:?} {came:?}"
        );
    }
    assert!(matches!(visitor.show().await, Came::Page(_)));
}

#[tokio::test]
async fn a_bank_that_is_down_stops_the_visit_and_nothing_more() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    test.bank.with(|state| state.is_down = true);
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    let came = visitor.try_send(&chosen).await;
    assert!(matches!(came, Err(DeskFault::Unavailable(_))), "{came:?}");
    test.bank.with(|state| state.is_down = false);
    visitor.go_on(&chosen).await;
    test.bank.with(|state| state.is_down = true);
    let came = visitor.try_send(&[("code", CODE), ALLOW]).await;
    assert!(matches!(came, Err(DeskFault::Unavailable(_))), "{came:?}");
    test.bank.with(|state| state.is_down = false);
    visitor.send(&[("code", CODE), ALLOW]).await.agreed();
}

#[test]
fn a_desk_says_whose_it_is_and_no_more() {
    let test = TestDesk::new();
    assert_eq!(format!("{:?}", test.desk), "Desk { bank: \"harbour\", .. }");
    let _: &dyn model::ports::ConsentDesk = &test.desk;
}
