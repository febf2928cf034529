use std::collections::BTreeSet as Set;

use model::{BoundTo, ClusterId, ResourceKind, ScopeSet};

use super::*;
use crate::draft::ChosenAccount;
use crate::test_desk::{FUNDS, at, bank_id, client, profile, settings};

fn account(number: u32) -> ChosenAccount {
    ChosenAccount {
        id: format!("acc-{number}"),
        masked: format!("632{number}"),
        name_zh: "活期".to_owned(),
        name_en: "Current".to_owned(),
    }
}

/// What is chosen in `draft` of these scopes and details by a customer.
fn with<T>(
    scopes: &str,
    details: &str,
    customer: &str,
    draft: &Draft,
    look: impl FnOnce(&Chosen<'_>) -> T,
) -> T {
    let (settings, bank, client) = (settings("sensitive"), bank_id(), client());
    let scopes = ScopeSet::parse(scopes).expect("scopes");
    let asked = AskedFor {
        bank: &bank,
        client: &client,
        scopes: &scopes,
        details,
        now: at(0),
    };
    let wish = Wish::of(&settings, &asked).expect("may be asked");
    let id = ConsentId::parse("consent-1").expect("valid");
    look(&Chosen {
        asked: &asked,
        wish: &wish,
        customer,
        id: &id,
        draft,
    })
}

fn draft(accounts: &[u32]) -> Draft {
    let mut draft = Draft::begun([1; 32], at(1_000));
    draft.accounts = accounts.iter().copied().map(account).collect();
    draft
}

#[test]
fn whatever_is_changed_another_factor_is_needed() {
    let over = |chosen: &Chosen<'_>| chosen.over().expect("a digest");
    let less = FUNDS.replace("3000.00", "300.00");
    let mut later = draft(&[1]);
    later.until = at(1_001);
    let mut other = draft(&[1]);
    other.catalogue = [2; 32];
    let digests = [
        with("funds", FUNDS, "li-lei", &draft(&[1]), over),
        with("funds", FUNDS, "li-lei", &draft(&[2]), over),
        with("funds", FUNDS, "li-lei", &draft(&[1, 2]), over),
        with("funds", FUNDS, "li-lei", &draft(&[]), over),
        with("funds", &less, "li-lei", &draft(&[1]), over),
        with("funds", FUNDS, "han-meimei", &draft(&[1]), over),
        with("funds openid", FUNDS, "li-lei", &draft(&[1]), over),
        with("funds accounts", FUNDS, "li-lei", &draft(&[1]), over),
        with("funds", FUNDS, "li-lei", &later, over),
        with("funds", FUNDS, "li-lei", &other, over),
    ];
    let distinct: Set<_> = digests.iter().collect();
    assert_eq!(distinct.len(), digests.len());
    // What was shown, typed and answered on the way changes nothing.
    let mut walked = draft(&[1]);
    walked.turn = "0a".to_owned();
    walked.said.push(("act".to_owned(), "allow".to_owned()));
    assert_eq!(digests[0], with("funds", FUNDS, "li-lei", &walked, over));
}

#[test]
fn the_chosen_account_is_bound_and_stands_in_the_details() {
    let (details, terms) = with("funds", FUNDS, "li-lei", &draft(&[1]), |chosen| {
        (chosen.details(), chosen.terms(&profile("sensitive")))
    });
    assert_eq!(
        details.expect("details"),
        r#"[{"account":"acc-1","limit":{"currency":"CNY","value":"3000.00"},"type":"funds_check"}]"#
    );
    let terms = terms.expect("terms");
    let bound: Vec<(&str, String)> = terms
        .bound
        .iter()
        .map(|value| {
            let said = match &value.value {
                BoundTo::Account(account) => account.id.to_string(),
                BoundTo::Money { amount, .. } => amount.clone(),
                BoundTo::Text(text) => text.clone(),
            };
            (value.member.as_str(), said)
        })
        .collect();
    let expected = [
        ("limit", "3000".to_owned()),
        ("account", "acc-1".to_owned()),
    ];
    assert_eq!(bound, expected);
}

#[test]
fn one_account_is_bound_as_however_many_kinds_of_resource() {
    let (settings, bank, client) = (settings("sensitive"), bank_id(), client());
    let scopes = ScopeSet::parse("funds").expect("scopes");
    let asked = AskedFor {
        bank: &bank,
        client: &client,
        scopes: &scopes,
        details: FUNDS,
        now: at(0),
    };
    let card = ResourceKind::parse("card").expect("valid");
    let mut wish = Wish::of(&settings, &asked).expect("may be asked");
    wish.kinds.push(&card);
    let chosen = Chosen {
        asked: &asked,
        wish: &wish,
        customer: "li-lei",
        id: &ConsentId::parse("consent-1").expect("valid"),
        draft: &draft(&[1]),
    };
    let details = chosen.details().expect("details");
    assert!(details.contains(r#""account":"acc-1""#), "{details}");
    let terms = chosen.terms(&profile("sensitive")).expect("terms");
    assert_eq!(terms.resources.len(), 2);
    let mut bound = terms.bound.iter();
    let bound = bound.find(|value| value.member == "account");
    let bound = bound.map(|value| &value.value);
    let is_it =
        |value: &BoundTo| matches!(value, BoundTo::Account(one) if one.id.as_str() == "acc-1");
    assert!(bound.is_some_and(is_it), "{bound:?}");
}

#[test]
fn terms_cover_what_was_chosen_until_the_end_that_was_told() {
    let terms = with("accounts", "[]", "li-lei", &draft(&[1, 3]), |chosen| {
        chosen.terms(&profile("sensitive"))
    });
    let terms = terms.expect("terms");
    let clusters: Vec<&str> = terms.clusters.iter().map(ClusterId::as_str).collect();
    assert_eq!(clusters, ["balance", "list"]);
    let accounts: Vec<&str> = terms.resources.iter().map(|one| one.id.as_str()).collect();
    assert_eq!(accounts, ["acc-1", "acc-3"]);
    assert_eq!(terms.customer.as_ref(), "li-lei");
    assert_eq!(
        (terms.expires, terms.reauth_at),
        (at(1_000), Some(at(1_000)))
    );
    assert_eq!(terms.per_day_unattended, 4);
    assert!(terms.bound.is_empty());
    assert_eq!(terms.purpose.expect("a purpose").as_str(), "overview");
}

#[test]
fn a_consent_ends_when_the_profile_or_the_bank_says_whichever_is_first() {
    let profile = profile("sensitive");
    let days = |days: i64| at(days * 86_400);
    assert_eq!(end(&profile, at(0), days(365)), days(180));
    assert_eq!(end(&profile, at(0), days(90)), days(90));
}
