//! Reminders, and the answer that something is still needed.

use model::ConsentState;
use model::ports::{Consent, Withdrawn};

use super::shelf::{consent, id};
use super::{By, LI_LEI, LIST, at_one, house};
use crate::test_desk::at;

const DAY: i64 = 24 * 3_600;
/// When the settings ask again, of what was given ten seconds into the story.
const DUE: i64 = 10 + 30 * DAY;

/// One that lives long enough.
fn long(number: u32) -> Consent {
    let mut long = consent(number, "swiftride-app", ConsentState::Authorised);
    long.expires = Some(at(1_000 * DAY));
    if let Some(terms) = &mut long.terms {
        terms.expires = at(1_000 * DAY);
    }
    long
}

fn then(now: i64) -> By {
    By { now, ..LI_LEI }
}

#[tokio::test]
async fn what_was_given_long_ago_is_asked_about_until_its_customer_says_that_they_need_it() {
    let (house, one) = (house(vec![long(1)]), id(1));
    let early = house.json_at(at_one(&one), DUE - 1).await;
    assert_eq!(early["remind"]["due"], false, "{early}");
    assert_eq!(early["remind"]["since"], at(10).to_string());
    let page = house.page(then(DUE - 1), at_one(&one)).await;
    assert!(!page.contains("id=\"still-needed\""), "{page}");

    let due = house.json_at(at_one(&one), DUE).await;
    assert_eq!(due["remind"]["due"], true, "{due}");
    for (language, says) in [
        ("en", "You gave this 30 days ago. Still needed?"),
        ("zh-CN", "你在 30 天前作出这次授权。还需要吗？"),
    ] {
        let by = By {
            language,
            ..then(DUE)
        };
        for look in [LIST, at_one(&one)] {
            let page = house.page(by, look).await;
            assert!(page.contains(says), "{says}: {page}");
        }
    }
    let page = house.page(then(DUE), at_one(&one)).await;
    let (keeps, withdraws) = (
        page.find("id=\"still-needed\""),
        page.find("id=\"withdraw\""),
    );
    assert!(keeps.is_some() && keeps < withdraws, "{page}");

    let keep = [("act", "keep")];
    // Who turned back from withdrawing, before, was asked nothing.
    let turned_back = house.says(then(DUE - 1), one.as_str(), &keep).await;
    assert_eq!(turned_back, (Withdrawn::Kept, 0));
    let due = house.json_at(at_one(&one), DUE).await;
    assert_eq!(due["remind"]["due"], true, "{due}");
    let others = By {
        subject: "han-meimei",
        ..then(DUE)
    };
    assert_eq!(
        house.says(others, one.as_str(), &keep).await,
        (Withdrawn::Unknown, 0)
    );
    assert_eq!(
        house.says(then(DUE), one.as_str(), &keep).await,
        (Withdrawn::Kept, 0)
    );
    assert_eq!(house.shelf.withdrawals().len(), 0);
    let kept = house.json_at(at_one(&one), DUE + 30 * DAY - 1).await;
    assert_eq!(kept["remind"]["due"], false, "{kept}");
    assert_eq!(kept["remind"]["since"], at(DUE).to_string());
    let again = house.page(then(DUE + 30 * DAY), at_one(&one)).await;
    let says = "You said 30 days ago that you need this. Still needed?";
    assert!(again.contains(says), "{again}");
}

#[tokio::test]
async fn what_was_renewed_since_is_counted_from_then_and_what_has_ended_is_not_asked_about() {
    let mut renewed = long(1);
    renewed.confirmed_at = Some(at(5 * DAY));
    renewed.terms.as_mut().expect("terms").authorised_at = at(9 * DAY);
    let mut ended = long(2);
    ended.state = ConsentState::Withdrawn;
    let house = house(vec![renewed, ended]);
    let (one, two) = (id(1), id(2));
    let told = house.json_at(at_one(&one), DUE).await;
    assert_eq!(told["remind"]["since"], at(9 * DAY).to_string());
    assert_eq!(told["remind"]["due"], false);
    assert!(house.json_at(at_one(&two), DUE).await["remind"].is_null());
    let expired = house.json_at(at_one(&one), 1_000 * DAY).await;
    assert_eq!(
        (&expired["state"], expired["remind"].is_null()),
        (&"expired".into(), true)
    );
}

#[tokio::test]
async fn those_that_are_due_stand_first_in_the_list() {
    let mut all: Vec<Consent> = (1..=60).map(long).collect();
    // The last changed come first: this one would stand on the second page.
    for one in all.iter_mut().filter(|one| one.id != id(3)) {
        one.confirmed_at = Some(at(DUE - 1));
    }
    let house = house(all);
    let list = house.json_at(LIST, DUE).await;
    let rows = list["groups"][0]["rows"].as_array().expect("rows");
    assert_eq!(
        (&rows[0]["id"], &rows[0]["remind"]["due"]),
        (&"consent-3".into(), &true.into())
    );
    assert_eq!(rows[1]["id"], "consent-60");
    assert!(
        rows[1..].iter().all(|row| row["remind"]["due"] == false),
        "{list}"
    );
}
