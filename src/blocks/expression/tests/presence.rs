//! What may be absent, and what an expression reads.

use super::sample::{names, shown, slip};
use super::*;

fn reads(text: &str) -> Vec<String> {
    let expression = Expression::check(text, &names(), None);
    let expression = expression.unwrap_or_else(|slips| panic!("{text}: {slips:?}"));
    let one = |read: &Read| {
        let mark = if read.is_whole { "" } else { "?" };
        format!("{}{mark}", read.path.join("."))
    };
    expression.reads().iter().map(one).collect()
}

#[test]
fn what_may_be_absent_is_used_only_where_it_is_known_to_be_there() {
    for text in [
        "has(input.monthlyIncome) && input.monthlyIncome > 1",
        "!has(input.monthlyIncome) || input.monthlyIncome > 1",
        "has(input.monthlyIncome) ? input.monthlyIncome : 0",
        "!has(input.monthlyIncome) ? 0 : input.monthlyIncome",
        "default(input.monthlyIncome, 0) > 1",
        "has(input.monthlyIncome) && has(input.since) && input.monthlyIncome > 1",
        "!(has(input.monthlyIncome) && input.term > 1) || input.monthlyIncome > 1",
        "!(!has(input.monthlyIncome) || input.term > 1) && input.monthlyIncome > 1",
        "(has(input.monthlyIncome) && input.term > 1 || has(input.monthlyIncome)) && \
         input.monthlyIncome > 1",
        "has(input.address.zip) && input.address.city == input.address.zip",
        "has(input.address) && default(input.address.zip, \"\") == \"\"",
        "default(input.address.zip, \"\") == \"\"",
        "has(plans[0].fee) && plans[0].fee > 0 && plans[0].months > 1",
        "default(plans[input.term].amount, 0) > 1",
        "plans.all(p, has(p.fee) && p.fee > 0)",
        "has(input.monthlyIncome) && plans.all(p, p.amount < input.monthlyIncome)",
        "input.monthlyIncome",
        "default(input.monthlyIncome, default(plans[0].fee, 1))",
    ] {
        let checked = Expression::check(text, &names(), None);
        assert!(checked.is_ok(), "{text}: {checked:?}");
        shown(text);
    }
}

#[test]
fn what_may_be_absent_is_told_wherever_it_is_not_known() {
    for (text, absent) in [
        ("input.monthlyIncome > 1", "input.monthlyIncome"),
        (
            "has(input.monthlyIncome) || input.monthlyIncome > 1",
            "input.monthlyIncome",
        ),
        (
            "has(input.since) && input.monthlyIncome > 1",
            "input.monthlyIncome",
        ),
        (
            "(has(input.monthlyIncome) || input.term > 1) && input.monthlyIncome > 1",
            "input.monthlyIncome",
        ),
        (
            "(has(input.monthlyIncome) && input.term > 1) || input.monthlyIncome > 1",
            "input.monthlyIncome",
        ),
        (
            "has(input.monthlyIncome) ? 0 : input.monthlyIncome",
            "input.monthlyIncome",
        ),
        ("input.address.city == \"a\"", "input.address"),
        (
            "has(input.address) && input.address.zip == \"a\"",
            "input.address.zip",
        ),
        ("plans[0].months > 1", "plans[0]"),
        ("has(plans[0]) && plans[1].months > 1", "plans[1]"),
        (
            "plans.all(p, has(p.fee)) && plans.all(p, p.fee > 0)",
            "p.fee",
        ),
        ("plans.map(p, p.fee)", "p.fee"),
        ("[input.monthlyIncome]", "input.monthlyIncome"),
        ("default(input.monthlyIncome, plans[0].fee)", "plans[0]"),
        ("-input.monthlyIncome", "input.monthlyIncome"),
    ] {
        let slip = slip(text);
        assert_eq!(slip.what, format!("`{absent}` may be absent"), "{text}");
        let at = &text[slip.span.start..slip.span.end];
        assert_eq!(at, absent, "{text}");
    }
}

#[test]
fn absence_is_found_all_along_the_way() {
    for (text, value) in [
        ("has(input.monthlyIncome)", "false"),
        ("has(input.address)", "true"),
        ("has(input.address.zip)", "false"),
        ("default(input.address.zip, \"none\")", "'none'"),
        ("has(plans[1].fee)", "false"),
        ("has(plans[0].fee)", "true"),
        ("has(plans[2].fee)", "false"),
        ("has(plans[0 - 1])", "false"),
        ("default(plans[3].months, 9)", "9"),
        ("default(input.monthlyIncome, 1)", "1d"),
        ("input.monthlyIncome", "absent"),
        ("input.address.zip", "absent"),
        ("failed(profile)", "false"),
    ] {
        assert_eq!(shown(text), value, "{text}");
    }
}

#[test]
fn a_step_that_failed_is_known() {
    let mut values = super::sample::values();
    values.put_failed("profile");
    values.put_failed("nobody");
    assert_eq!(
        super::sample::shown_with("failed(profile)", &values),
        "true"
    );
}

#[test]
fn reads_are_as_deep_as_what_is_used() {
    for (text, read) in [
        ("1 + 1", &[] as &[&str]),
        (
            "kyc.status == \"PASS\" && input.amount > 1",
            &["input.amount", "kyc.status"],
        ),
        ("has(input.address.zip)", &["input.address.zip?"]),
        (
            "has(input.monthlyIncome) && input.monthlyIncome > 1",
            &["input.monthlyIncome"],
        ),
        ("size(plans)", &["plans?"]),
        (
            "plans.exists(p, p.amount > 1)",
            &["plans?", "plans.*.amount"],
        ),
        (
            "plans.filter(p, p.amount > 1)",
            &["plans", "plans.*.amount"],
        ),
        (
            "plans.filter(p, p.amount > 1).map(q, q.id)",
            &["plans?", "plans.*.amount", "plans.*.id"],
        ),
        (
            "default(plans[input.term].id, \"\")",
            &["input.term", "plans.*.id"],
        ),
        ("plans.map(p, p)", &["plans?", "plans.*"]),
        ("kyc.isResident ? raw : raw", &["kyc.isResident", "raw"]),
        ("failed(profile)", &["profile?"]),
        ("input", &["input"]),
    ] {
        assert_eq!(reads(text), read, "{text}");
    }
}
