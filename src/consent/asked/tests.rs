use model::ports::{AskedFor, MayAsk};
use model::{ClientId, ScopeSet};
use proptest::prelude::*;

use super::*;
use crate::test_desk::{FUNDS, at, bank_id, client, settings};

fn wish(client: &ClientId, scopes: &str, details: &str) -> Result<usize, MayAsk> {
    let (settings, bank) = (settings("sensitive"), bank_id());
    let scopes = ScopeSet::parse(scopes).expect("scopes");
    let asked = AskedFor {
        bank: &bank,
        client,
        scopes: &scopes,
        details,
        now: at(0),
    };
    Wish::of(&settings, &asked).map(|wish| wish.clusters.len())
}

#[test]
fn what_the_catalogue_has_may_be_asked_and_nothing_else() {
    for (scopes, details, expected) in [
        ("openid", "[]", Ok(0)),
        ("branches", "[]", Ok(0)),
        ("openid accounts", "[]", Ok(2)),
        ("accounts shop_data", "[]", Ok(3)),
        ("funds", FUNDS, Ok(1)),
        // A detail that no scope claims goes with any.
        (
            "branches",
            r#"[{"type":"branch_visit","day":"2026-12-01"}]"#,
            Ok(0),
        ),
        ("payments", "[]", Err(MayAsk::Scope)),
        ("accounts rates", "[]", Err(MayAsk::Scope)),
        // What binds values has exactly one detail of its type.
        ("funds", "[]", Err(MayAsk::Details)),
        ("accounts", FUNDS, Err(MayAsk::Details)),
        ("openid", FUNDS, Err(MayAsk::Details)),
        (
            "funds",
            r#"[{"type":"funds_check"},{"type":"funds_check"}]"#,
            Err(MayAsk::Details),
        ),
        // The account is the customer's to name.
        (
            "funds",
            r#"[{"type":"funds_check","account":"acc-1"}]"#,
            Err(MayAsk::Details),
        ),
        // There are no words for it.
        ("accounts", r#"[{"type":"loan"}]"#, Err(MayAsk::Details)),
        // Whether the consent that is named may be is asked of the store.
        (
            "accounts",
            r#"[{"type":"consent","consent_id":"x"}]"#,
            Ok(2),
        ),
        (
            "accounts",
            r#"[{"type":"consent","consent_id":"x y"}]"#,
            Err(MayAsk::Details),
        ),
        (
            "accounts",
            r#"[{"type":"consent","consent_id":"x"},{"type":"consent","consent_id":"x"}]"#,
            Err(MayAsk::Details),
        ),
        ("accounts", "{}", Err(MayAsk::Details)),
        ("accounts", "", Err(MayAsk::Details)),
    ] {
        assert_eq!(
            wish(&client(), scopes, details),
            expected,
            "{scopes} {details}"
        );
    }
}

#[test]
fn more_amounts_than_the_line_beside_a_code_has_room_for_are_not_asked() {
    let with = |count: usize| {
        let names = ["limit", "fee", "tax", "tip", "toll"];
        let money = r#"{"currency":"CNY","value":"3000.00"}"#;
        let members: Vec<String> = names
            .iter()
            .take(count)
            .map(|name| format!(r#","{name}":{money}"#))
            .collect();
        let members = members.concat();
        format!(r#"[{{"type":"funds_check"{members}}}]"#)
    };
    assert_eq!(wish(&client(), "funds", &with(3)), Ok(1));
    assert_eq!(wish(&client(), "funds", &with(5)), Err(MayAsk::Details));
}

#[test]
fn nobody_is_asked_for_data_without_a_purpose() {
    let other = ClientId::parse("other-app").expect("valid");
    assert_eq!(wish(&other, "accounts", "[]"), Err(MayAsk::Scope));
    assert_eq!(wish(&other, "branches", "[]"), Ok(0));
}

#[test]
fn of_two_wishes_the_narrower_holds() {
    let (settings, bank, client) = (settings("sensitive"), bank_id(), client());
    let scopes = ScopeSet::parse("accounts funds shop_data").expect("scopes");
    let asked = AskedFor {
        bank: &bank,
        client: &client,
        scopes: &scopes,
        details: FUNDS,
        now: at(0),
    };
    let wish = Wish::of(&settings, &asked).expect("may be asked");
    assert_eq!(wish.accounts, Accounts::One);
    assert!(wish.second_factor && wish.has_values());
    let told: Vec<&str> = wish.clusters.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(told, ["list", "balance", "enough", "shop"]);
    assert_eq!((wish.kinds.len(), wish.purposes.len()), (1, 1));
}

fn detail(text: &str) -> Option<Detail> {
    Detail::read(&serde_json::from_str(text).expect("JSON"))
}

#[test]
fn ra_03_a_detail_that_cannot_be_shown_whole_is_none() {
    let long = format!(r#"{{"type":"t","a":"{}"}}"#, "x".repeat(500));
    for bad in [
        r#""text""#,
        r#"{"a":"1"}"#,
        r#"{"type":"t","a":"1\u202e000"}"#,
        r#"{"type":"t","a":"Li Lei  Fee: 0"}"#,
        r#"{"type":"t","a":" 1"}"#,
        r#"{"type":"t","a: 1, b":"1"}"#,
        r#"{"type":"t","":"1"}"#,
        r#"{"type":"t","a":{"b":{"c":{"d":{"e":{"f":{"g":{"h":{"i":1}}}}}}}}}"#,
        &long,
    ] {
        assert_eq!(detail(bad), None, "{bad:.60}");
    }
}

#[test]
fn ra_03_members_are_told_one_by_one_and_money_as_money() {
    let text = r#"{"type":"t","sum":{"value":"10.50","currency":"CNY"},"off":{"value":"-1",
        "currency":"CNY"},"days":[1,2],"note":""}"#;
    let detail = detail(text).expect("a detail");
    let told: Vec<(String, bool)> = detail
        .members
        .iter()
        .map(|one| (one.path.join("."), matches!(one.told, Told::Money { .. })))
        .collect();
    let of = |name: &str, is_money| (name.to_owned(), is_money);
    let expected = [
        of("days.1", false),
        of("days.2", false),
        of("note", false),
        of("off.currency", false),
        of("off.value", false),
        of("sum", true),
    ];
    assert_eq!(told, expected);
    assert_eq!(detail.bound(None).len(), 6);
}

proptest! {
    #[test]
    fn whatever_a_client_sends_is_judged(text in "\\PC{0,60}") {
        let _ = wish(&client(), "accounts", &text);
        let quoted = serde_json::to_string(&text).expect("text");
        let told = detail(&format!("{{\"type\":\"t\",\"a\":{quoted}}}"));
        // What is told is exactly what was sent.
        for member in told.iter().flat_map(|detail| &detail.members) {
            prop_assert_eq!(&member.told, &Told::Text(text.clone()));
        }
    }
}

#[test]
fn what_is_lodged_names_no_other_consent() {
    let (settings, bank, client) = (settings("sensitive"), bank_id(), client());
    let scopes = ScopeSet::parse("accounts").expect("scopes");
    for (details, expected) in [
        ("[]", None),
        (
            r#"[{"type":"consent","consent_id":"x"}]"#,
            Some(MayAsk::Details),
        ),
    ] {
        let asked = AskedFor {
            bank: &bank,
            client: &client,
            scopes: &scopes,
            details,
            now: at(0),
        };
        let lodged = Lodged::of(&scopes, details);
        let wish = Wish::of_lodged(&settings, &asked, &lodged);
        assert_eq!(wish.err(), expected, "{details}");
    }
}
