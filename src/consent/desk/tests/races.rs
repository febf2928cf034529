//! Forms of one page that come at once, and whoever goes away before they are answered.

use futures_util::FutureExt;
use futures_util::future::join_all;
use model::ports::{DeskEnding, DeskFault};

use super::{ALLOW, TICKED};
use crate::test_desk::TestDesk;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::{Came, Visitor};

const WRONG: [(&str, &str); 2] = [("code", "000000"), ALLOW];
const RESEND: [(&str, &str); 1] = [("act", "resend")];

/// What becomes of a form that is sent five times at once.
async fn at_once(visitor: &Visitor<'_>, members: &[(&str, &str)]) -> Vec<Came> {
    let beside = visitor.beside();
    let sent = (0..5).map(|_| visitor.send_beside(&beside, members));
    let came: Result<Vec<Came>, DeskFault> = join_all(sent).await.into_iter().collect();
    came.expect("steps")
}

/// A customer of a slow bank who was sent a code, and sees where to type it.
async fn confirming(test: &TestDesk) -> Visitor<'_> {
    test.bank.with(|state| state.is_slow = true);
    let visitor = Visitor::accounts(test);
    visitor.show().await.page();
    let chosen = [TICKED, ("account", "acc-1"), ALLOW];
    for came in at_once(&visitor, &chosen).await {
        came.again();
    }
    visitor.show().await.page();
    visitor
}

fn codes(test: &TestDesk) -> usize {
    test.bank.with(|state| state.begun.len())
}

#[tokio::test]
async fn of_many_forms_of_one_page_one_has_a_code_sent() {
    let test = TestDesk::new();
    let visitor = confirming(&test).await;
    assert_eq!(codes(&test), 1);
    for number in [2, 3] {
        for came in at_once(&visitor, &RESEND).await {
            came.again();
        }
        assert_eq!(codes(&test), number);
        visitor.show().await.page();
    }
    for came in at_once(&visitor, &RESEND).await {
        assert_eq!(came.over().ending, DeskEnding::Locked);
    }
    assert_eq!(codes(&test), 3);
}

#[tokio::test]
async fn of_many_forms_with_a_code_one_is_asked_about_and_counts() {
    let test = TestDesk::new();
    let visitor = confirming(&test).await;
    let came = at_once(&visitor, &WRONG).await;
    let pages = came.iter().filter(|came| matches!(came, Came::Page(_)));
    assert_eq!(pages.count(), 1);
    assert_eq!(test.bank.with(|state| state.checks), 1);
    visitor.show().await.page();
    assert!(visitor.send(&WRONG).await.page().contains("once more"));
    let came = at_once(&visitor, &[("code", CODE), ALLOW]).await;
    let agreed = came.iter().filter(|came| matches!(came, Came::Agreed(_)));
    assert_eq!(agreed.count(), 1);
}

#[tokio::test]
async fn whoever_goes_away_before_the_bank_has_said_it_has_tried() {
    let test = TestDesk::new();
    let visitor = confirming(&test).await;
    for _ in 0..2 {
        assert!(visitor.send(&WRONG).now_or_never().is_none());
        visitor.show().await.page();
    }
    let over = visitor.send(&WRONG).await.over();
    assert_eq!(over.ending, DeskEnding::Locked);
    assert_eq!(test.bank.with(|state| state.checks), 3);

    let test = TestDesk::new();
    let visitor = confirming(&test).await;
    for _ in 0..2 {
        assert!(visitor.send(&RESEND).now_or_never().is_none());
        visitor.show().await.page();
    }
    let over = visitor.send(&RESEND).await.over();
    assert_eq!(over.ending, DeskEnding::Locked);
    assert_eq!(codes(&test), 3);
}

#[tokio::test]
async fn what_a_bank_that_is_down_did_not_do_does_not_count() {
    let test = TestDesk::new();
    let visitor = confirming(&test).await;
    test.bank.with(|state| state.is_silent = true);
    for members in [&WRONG[..], &RESEND] {
        for _ in 0..4 {
            let came = visitor.try_send(members).await;
            assert!(matches!(came, Err(DeskFault::Unavailable(_))), "{came:?}");
        }
    }
    test.bank.with(|state| state.is_silent = false);
    visitor.go_on(&RESEND).await;
    assert!(visitor.send(&WRONG).await.page().contains("2 more times"));
}
