//! How visits end without a consent: what the app is told, the edge, and who took it. And that none
//! ends with one that was not given.

use futures_util::FutureExt;
use jiff::SignedDuration;
use model::ports::{Consents as _, DeskEnding, FactorSaid};
use model::{By, ConsentState, Edge, FactorResult};
use proptest::prelude::*;

use crate::open_evidence;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Came, Visitor};
use crate::test_desk::{FUNDS, TestDesk, at, bank_id, settings};

const ALLOW: (&str, &str) = ("act", "allow");
const REFUSE: (&str, &str) = ("act", "refuse");
const TICKED: (&str, &str) = ("separate", "yes");

/// Goes on from the first page to so many pages later.
async fn walked(visitor: &Visitor<'_>, pages: usize) {
    visitor.show().await.page();
    let forms: [&[(&str, &str)]; 3] = [&[TICKED, ALLOW], &[("account", "acc-2"), ALLOW], &[ALLOW]];
    for form in &forms[..pages] {
        visitor.go_on(form).await;
    }
}

#[tokio::test]
async fn a_customer_can_refuse_on_every_page_without_filling_anything_in() {
    for (pages, from) in [
        (0, ConsentState::Reviewing),
        (1, ConsentState::Reviewing),
        (2, ConsentState::Reviewing),
        (3, ConsentState::Confirming),
    ] {
        let test = TestDesk::with(settings("sensitive"), 9);
        let visitor = Visitor::of(&test, "funds", FUNDS);
        walked(&visitor, pages).await;
        let over = visitor.send(&[REFUSE]).await.over();
        assert_eq!(
            (over.error, over.ending),
            ("access_denied", DeskEnding::Refused)
        );
        let declined = over.declined.expect("an edge");
        assert_eq!(
            (declined.change.from, declined.change.edge),
            (from, Edge::Refuse)
        );
        assert_eq!(declined.part.from, Some(from));
        assert_eq!(
            (declined.part.to, declined.part.by),
            (ConsentState::Refused, By::Customer)
        );
        let evidence = declined.change.evidence.expect("evidence");
        let shown = open_evidence(&test.kek, &bank_id(), &declined.consent, &evidence);
        let shown = shown.expect("opens");
        assert_eq!(shown.page.matches("<!doctype html>").count(), pages + 1);
        assert!(
            shown
                .choices
                .contains(&("act".to_owned(), "refuse".to_owned()))
        );
    }
}

#[tokio::test]
async fn three_wrong_codes_lock_it_whoever_counts() {
    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    walked(&visitor, 3).await;
    let wrong = [("code", "000000"), ALLOW];
    assert!(visitor.send(&wrong).await.page().contains("2 more times"));
    // Another code begins no other count.
    visitor.go_on(&[("act", "resend")]).await;
    assert!(visitor.send(&wrong).await.page().contains("once more"));
    let over = visitor.send(&wrong).await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::Locked)
    );
    let declined = over.declined.expect("an edge");
    assert_eq!(
        (declined.change.edge, declined.part.by),
        (Edge::Lock, By::House)
    );

    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    walked(&visitor, 3).await;
    test.bank
        .with(|state| state.says = Some(FactorSaid::Locked));
    assert_eq!(visitor.send(&wrong).await.over().ending, DeskEnding::Locked);
}

#[tokio::test]
async fn a_fourth_code_is_not_sent() {
    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    walked(&visitor, 3).await;
    for _ in 0..2 {
        visitor.go_on(&[("act", "resend")]).await;
    }
    let over = visitor.send(&[("act", "resend")]).await.over();
    assert_eq!(over.ending, DeskEnding::Locked);
    assert_eq!(test.bank.with(|state| state.begun.len()), 3);
}

#[tokio::test]
async fn what_is_no_code_costs_no_try() {
    let test = TestDesk::with(settings("sensitive"), 9);
    let visitor = Visitor::of(&test, "funds", FUNDS);
    walked(&visitor, 3).await;
    for code in ["", " ", "31-41-59", "验证码", "12345678901234567"] {
        let page = visitor.send(&[("code", code), ALLOW]).await.page();
        assert!(page.contains("Type the code that you were sent."), "{code}");
    }
    assert!(
        visitor
            .send(&[ALLOW])
            .await
            .page()
            .contains("Type the code")
    );
    assert_eq!(test.bank.with(|state| state.checks), 0);
}

#[tokio::test]
async fn nobody_decides_when_the_time_is_over() {
    let test = TestDesk::new();
    let mut visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.now = 15 * 60;
    for came in [visitor.show().await, visitor.send(&[REFUSE]).await] {
        let over = came.over();
        assert_eq!(
            (over.error, over.ending),
            ("access_denied", DeskEnding::TimedOut)
        );
        let declined = over.declined.expect("an edge");
        assert_eq!(
            (declined.change.edge, declined.part.by),
            (Edge::Lapse, By::House)
        );
        assert!(declined.change.evidence.is_none());
    }
    // Whoever comes first when it is over finds nothing, and leaves nothing.
    let test = TestDesk::new();
    let mut late = Visitor::accounts(&test);
    late.now = 15 * 60;
    assert!(late.show().await.over().declined.is_none());
    assert!(late.consent().await.is_none());
}

#[tokio::test]
async fn without_an_account_to_choose_nothing_is_asked() {
    let test = TestDesk::with(settings("sensitive"), 0);
    let visitor = Visitor::accounts(&test);
    let over = visitor.show().await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::NoAccounts)
    );
    let declined = over.declined.expect("an edge");
    assert_eq!(
        (declined.change.edge, declined.part.by),
        (Edge::Refuse, By::House)
    );
}

#[tokio::test]
async fn another_customer_neither_sees_nor_decides_what_one_began() {
    let test = TestDesk::new();
    let mut visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.subject = "han-meimei";
    let over = visitor.show().await.over();
    assert_eq!(
        (over.error, over.ending),
        ("access_denied", DeskEnding::Failed)
    );
    assert!(over.declined.is_none());
    let over = visitor.send(&[REFUSE]).await.over();
    assert_eq!(
        (over.ending, over.declined.is_none()),
        (DeskEnding::Failed, true)
    );
    visitor.subject = "li-lei";
    visitor.show().await.page();
}

#[tokio::test]
async fn what_may_not_be_asked_any_more_ends_the_visit() {
    let test = TestDesk::new();
    for (scopes, details, error) in [
        ("payments", "[]", "invalid_scope"),
        ("funds", "[]", "invalid_authorization_details"),
    ] {
        let visitor = Visitor::of(&test, scopes, details);
        let over = visitor.show().await.over();
        assert_eq!((over.error, over.ending), (error, DeskEnding::Failed));
        assert_eq!(visitor.send(&[ALLOW]).await.over().error, error);
    }
}

#[tokio::test]
async fn an_end_that_the_bank_grants_no_more_is_told_anew_or_ends_the_visit() {
    let test = TestDesk::new();
    let mut visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.latest_end = at(86_400);
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    visitor.send(&chosen).await.again();
    let page = visitor.show().await.page();
    assert!(page.contains("16 January 2027, 16:00 (Beijing)"));
    visitor.go_on(&chosen).await;
    visitor.latest_end = at(86_399);
    let over = visitor.send(&[("code", CODE), ALLOW]).await.over();
    assert_eq!(over.ending, DeskEnding::Failed);
    let declined = over.declined.expect("an edge");
    assert_eq!(
        (declined.change.edge, declined.part.by),
        (Edge::Refuse, By::House)
    );
}

#[tokio::test]
async fn a_proof_over_other_values_is_none() {
    let test = TestDesk::new();
    let visitor = Visitor::accounts(&test);
    visitor.show().await.page();
    visitor.go_on(&[TICKED, ("account", "acc-1"), ALLOW]).await;
    let other = FactorResult {
        method: "one_time_code".to_owned(),
        at: at(20),
        over: [0; 32],
        reference: "r-2".to_owned(),
    };
    test.bank
        .with(|state| state.says = Some(FactorSaid::Good(other)));
    assert!(visitor.try_send(&[("code", CODE), ALLOW]).await.is_err());
}

/// What a customer, or somebody with their browser, does next.
#[derive(Debug, Clone)]
enum Move {
    Show,
    Wait(i64),
    Send {
        is_ticked: bool,
        accounts: Vec<usize>,
        code: usize,
        act: usize,
    },
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let send = (
        any::<bool>(),
        prop::collection::vec(0..6_usize, 0..3),
        0..3_usize,
        0..6_usize,
    );
    let one = prop_oneof![
        2 => Just(Move::Show),
        1 => (1..400_i64).prop_map(Move::Wait),
        6 => send.prop_map(|(is_ticked, accounts, code, act)| {
            Move::Send { is_ticked, accounts, code, act }
        }),
    ];
    prop::collection::vec(one, 1..25)
}

const ACTS: [&str; 6] = ["allow", "allow", "allow", "extend", "resend", "refuse"];
const CODES: [&str; 3] = [CODE, "000000", ""];
const ACCOUNTS: [&str; 6] = ["acc-0", "acc-1", "acc-2", "acc-3", "acc-99", ""];

/// Walks, and says how it ended, if it did.
fn ended(visitor: &mut Visitor<'_>, moves: &[Move]) -> Option<Came> {
    for one in moves {
        let came = match one {
            Move::Wait(seconds) => {
                visitor.now += seconds;
                continue;
            }
            Move::Show => Ok(visitor.show().now_or_never()?),
            Move::Send {
                is_ticked,
                accounts,
                code,
                act,
            } => {
                let mut members = vec![("act", ACTS[*act]), ("code", CODES[*code])];
                members.extend(is_ticked.then_some(TICKED));
                members.extend(accounts.iter().map(|one| ("account", ACCOUNTS[*one])));
                visitor.try_send(&members).now_or_never()?
            }
        };
        match came {
            Ok(Came::Page(_) | Came::Again) | Err(_) => {}
            Ok(end) => return Some(end),
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_forms_lead_to_a_consent_without_box_account_and_factor_over_what_was_shown(
        moves in moves(),
    ) {
        let test = TestDesk::new();
        let mut visitor = Visitor::accounts(&test);
        let Some(Came::Agreed(agreed)) = ended(&mut visitor, &moves) else {
            return Ok(());
        };
        let consent = &agreed.consent;
        prop_assert_eq!(consent.from.map(|(state, _)| state), Some(ConsentState::Confirming));
        let chosen: Vec<&str> = consent.terms.resources.iter().map(|one| one.id.as_str()).collect();
        prop_assert!(!chosen.is_empty());
        prop_assert!(chosen.iter().all(|id| ["acc-1", "acc-2", "acc-3"].contains(id)));
        let evidence = open_evidence(&test.kek, &bank_id(), &consent.id, &consent.evidence);
        let shown = evidence.expect("opens");
        prop_assert!(shown.choices.contains(&("separate".to_owned(), "yes".to_owned())));
        // The factor is over what the last code was begun over, and the pages name what it covers.
        let begun = test.bank.with(|state| state.begun.last().map(|(over, ..)| *over));
        prop_assert_eq!(shown.factor.map(|factor| factor.over), begun);
        for id in &chosen {
            let masked = format!("632{}", &id[4..]);
            let (_, confirm) = shown.page.rsplit_once("<!doctype html>").expect("pages");
            prop_assert!(confirm.contains(&masked), "{} {}", masked, confirm);
        }
        let told = web::moment(agreed.until, web::Language::En);
        prop_assert!(shown.page.matches(&told).count() >= 2);
        let life = agreed.until.duration_since(at(visitor.now));
        prop_assert!(life < SignedDuration::from_hours(24 * 181));
        let kept = test.store.evidence(&bank_id(), &consent.id).now_or_never();
        let kept = kept.expect("at once").expect("a store in memory");
        prop_assert_eq!(kept.iter().filter(|one| one.edge == Edge::Allow).count(), 1);
    }
}

#[test]
fn the_moves_of_the_property_reach_a_consent() {
    let test = TestDesk::new();
    let mut visitor = Visitor::accounts(&test);
    let send = |is_ticked, accounts: &[usize], act| Move::Send {
        is_ticked,
        accounts: accounts.to_vec(),
        code: 0,
        act,
    };
    let moves = [
        Move::Show,
        send(true, &[1, 2], 0),
        Move::Show,
        send(false, &[], 0),
    ];
    assert!(matches!(ended(&mut visitor, &moves), Some(Came::Agreed(_))));
}
