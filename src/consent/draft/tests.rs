use model::BankId;

use super::*;
use crate::test_desk::{TestDesk, at, bank_id, kek, settings};
use crypto::SeededRandom;
use std::sync::Arc;

fn id(text: &str) -> ConsentId {
    ConsentId::parse(text).expect("valid")
}

fn full() -> Draft {
    let mut draft = Draft::begun([1; 32], at(100));
    draft.turn = "0a".to_owned();
    draft.note("en", "<p>".to_owned());
    draft.accounts.push(ChosenAccount {
        id: "acc-1".to_owned(),
        masked: "6321".to_owned(),
        name_zh: "活期".to_owned(),
        name_en: "Current".to_owned(),
    });
    draft.said.push(("act".to_owned(), "allow".to_owned()));
    draft
}

#[test]
fn a_draft_is_opened_for_its_consent_of_its_bank_alone() {
    let test = TestDesk::new();
    let ports = DeskPorts {
        consents: Arc::clone(&test.store) as _,
        accounts: Arc::clone(&test.bank) as _,
        factor: Arc::clone(&test.bank) as _,
        random: Arc::new(SeededRandom::new(2)),
    };
    let settings = settings("none");
    let sealed = full().sealed(&id("a"), &settings, &ports).expect("seals");
    let text = String::from_utf8_lossy(&sealed);
    assert!(!text.contains("6321") && !text.contains("<p>"));
    let opened = Draft::open(&sealed, &id("a"), &bank_id(), &kek()).expect("opens");
    assert!(opened == full());
    let other = BankId::parse("other").expect("valid");
    assert!(Draft::open(&sealed, &id("b"), &bank_id(), &kek()).is_err());
    assert!(Draft::open(&sealed, &id("a"), &other, &kek()).is_err());
    assert!(Draft::open(&sealed[1..], &id("a"), &bank_id(), &kek()).is_err());
}

#[test]
fn only_the_page_that_was_shown_last_is_answered() {
    let mut draft = Draft::begun([1; 32], at(100));
    // Nothing was shown yet.
    assert!(!draft.is_answered_by(&draft.beside(0), 0));
    draft.turn = "0a".to_owned();
    assert!(draft.is_answered_by("review.0.0a", 0));
    for other in [
        "review.0.0b",
        "review.1.0a",
        "accounts.0.0a",
        "review.0.",
        "plain.1",
        "",
    ] {
        assert!(!draft.is_answered_by(other, 0), "{other}");
    }
}

#[test]
fn of_each_stage_the_last_page_is_kept_and_none_of_a_later_stage() {
    let mut draft = Draft::begun([1; 32], at(100));
    let kept = |draft: &Draft| {
        let pages = draft.seen.iter().map(|seen| seen.page.clone());
        pages.collect::<Vec<_>>()
    };
    draft.note("en", "review 1".to_owned());
    draft.note("en", "review 2".to_owned());
    draft.stage = Stage::Confirm;
    draft.note("zh-CN", "confirm".to_owned());
    assert_eq!(kept(&draft), ["review 2", "confirm"]);
    draft.stage = Stage::Review;
    draft.note("en", "review 3".to_owned());
    assert_eq!(kept(&draft), ["review 3"]);
}
