use jiff::civil::date;
use model::ports::Consents as _;
use serde_json::json;

use super::*;
use crate::test_desk::bank::CODE;
use crate::test_desk::visitor::Visitor;
use crate::test_desk::{TestDesk, at, bank_id, profile};

const ALLOW: (&str, &str) = ("act", "allow");
const DAY: i64 = 86_400;

/// A consent in force, of the first account, as if a partner had lodged it for 10 days.
async fn lodged() -> Consent {
    let test = TestDesk::new();
    let visitor = Visitor {
        latest_end: at(10 + 10 * DAY),
        ..Visitor::accounts(&test)
    };
    visitor.show().await.page();
    let chosen = [("separate", "yes"), ("account", "acc-1"), ALLOW];
    visitor.go_on(&chosen).await;
    let agreed = visitor.send(&[("code", CODE), ALLOW]).await.agreed();
    let id = agreed.consent.id.clone();
    visitor.settled(*agreed).await;
    let found = test.store.find(&bank_id(), &id).await;
    Consent {
        is_lodged: true,
        ..found.expect("a store in memory").expect("a consent")
    }
}

#[tokio::test]
async fn what_a_partner_lodged_is_renewed_for_as_long_as_it_was_given_for() {
    let consent = lodged().await;
    let (profile, latest) = (profile("none"), at(365 * DAY));
    let renewed = |consent: &Consent, day: i64, latest| {
        let former = Former::of(consent.clone(), at(day * DAY)).expect("in force");
        former.renewed_end(&profile, at(day * DAY), latest)
    };
    assert_eq!(renewed(&consent, 4, latest), at(14 * DAY));
    assert_eq!(
        renewed(&consent, 4, at(12 * DAY)),
        at(12 * DAY),
        "what the bank allows"
    );
    // What was made when its customer came ends as a new one does.
    let own = Consent {
        is_lodged: false,
        ..consent.clone()
    };
    assert_eq!(renewed(&own, 4, latest), at(184 * DAY));
    assert!(
        Former::of(consent, at(10 + 10 * DAY)).is_none(),
        "its end has come"
    );
}

#[tokio::test]
async fn the_days_the_frequency_and_the_purpose_of_what_was_lodged_stay() {
    let mut consent = lodged().await;
    let lodged = json!({
        "scope": "accounts", "authorization_details": "[]", "purpose": "overview",
    });
    consent.lodged = lodged.to_string().into_bytes();
    let terms = consent.terms.as_mut().expect("in force");
    terms.data_from = Some(date(2026, 1, 1));
    terms.data_until = Some(date(2026, 12, 31));
    terms.per_day_unattended = 1;
    let before = terms.clone();
    let former = Former::of(consent, at(DAY)).expect("in force");
    let wide = Terms {
        data_from: None,
        data_until: None,
        per_day_unattended: 4,
        ..before.clone()
    };
    assert!(!wide.is_within(&before));
    assert!(former.renewed(wide.clone()) == before);
    assert!(former.within_its_days(wide) == before);
    let purpose = |name: &str| PurposeId::parse(name).expect("valid");
    assert!(former.is_for(&purpose("overview")) && !former.is_for(&purpose("other")));
}

#[test]
fn lists_are_the_same_whatever_their_order_and_never_by_repetition() {
    let list = |text: &str| -> Vec<Value> { serde_json::from_str(text).expect("a list") };
    for (one, other, expected) in [
        ("[]", "[]", true),
        (
            r#"[{"a":1,"b":2},{"c":3}]"#,
            r#"[{"c":3},{"b":2,"a":1}]"#,
            true,
        ),
        ("[1,1]", "[1]", false),
        ("[1]", "[1,1]", false),
        ("[1]", "[2]", false),
    ] {
        assert_eq!(are_same(&list(one), list(other)), expected, "{one} {other}");
    }
}
