//! What each operator and function gives.

use super::sample::{shown, slip};

/// Each expression gives this value.
fn gives(pairs: &[(&str, &str)]) {
    for (text, value) in pairs {
        assert_eq!(shown(text), *value, "{text}");
    }
}

#[test]
fn whole_numbers_are_reckoned_with_as_cel_does() {
    gives(&[
        ("1 + 2 * 3", "7"),
        ("(1 + 2) * 3", "9"),
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("7 % -3", "1"),
        ("10 - 4 - 3", "3"),
        ("--5", "5"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("-9223372036854775808 - 1", "! the result is too large"),
        ("-(-9223372036854775807 - 1)", "! the result is too large"),
        (
            "(-9223372036854775807 - 1) / -1",
            "! the result is too large",
        ),
        (
            "(-9223372036854775807 - 1) % -1",
            "! the result is too large",
        ),
        ("9223372036854775807 * 2", "! the result is too large"),
        ("kyc.level / (kyc.level - 2)", "! a division by zero"),
        ("kyc.level % (kyc.level - 2)", "! a division by zero"),
    ]);
}

#[test]
fn money_is_exact() {
    gives(&[
        ("0.1 + 0.2 == 0.3", "true"),
        ("0.10 == 0.1", "true"),
        ("0.1 + 0.2", "0.3d"),
        ("input.amount - score.limit", "499.50d"),
        ("input.amount * 0.1080", "324.000000d"),
        ("input.amount / 7", "428.5714285714285714285714285714d"),
        ("2.5 / 0.5", "5d"),
        ("1.00 / 3 * 3 == 1", "false"),
        ("input.amount == 3000", "true"),
        ("input.amount == consent.bound.principal", "true"),
        ("input.amount > 2999", "true"),
        ("input.term + 0.5", "30.5d"),
        ("-input.amount", "-3000.00d"),
        (
            "input.amount / (input.amount - 3000)",
            "! a division by zero",
        ),
        (
            "999999999999999999999999.0 + 1",
            "! the result is too large",
        ),
        ("9007199254740993.0 == 9007199254740992.0", "false"),
    ]);
}

#[test]
fn comparisons_are_of_values_of_one_type() {
    gives(&[
        ("kyc.status == \"PASS\"", "true"),
        ("kyc.status != \"FAIL\"", "true"),
        ("\"PASS\" == kyc.status", "true"),
        ("kyc.legalName == \"Li Lei\"", "true"),
        ("kyc.legalName < \"M\"", "true"),
        ("input.note >= \"b\"", "false"),
        ("kyc.isResident == true", "true"),
        ("kyc.level <= 2 && kyc.level >= 2", "true"),
        ("suit.validUntil > now", "true"),
        ("kyc.born < date(\"2000-01-01\")", "true"),
        ("suit.age == duration(\"36h\")", "true"),
        ("score.grade in [\"A\", \"B\"]", "true"),
        ("kyc.legalName in score.codes", "false"),
        ("\"R22\" in score.codes", "true"),
        ("2 in score.weights", "true"),
        ("2.0 in score.weights", "true"),
        ("kyc.level in [1, 1.5]", "false"),
        ("!(score.grade in [\"C\", \"D\"])", "true"),
    ]);
}

#[test]
fn logic_is_answered_from_the_left() {
    gives(&[
        ("true || false && false", "true"),
        ("!true || true", "true"),
        ("kyc.level == 2 || 1 / (kyc.level - 2) == 0", "true"),
        ("kyc.level != 2 && 1 / (kyc.level - 2) == 0", "false"),
        ("1 / (kyc.level - 2) == 0 || true", "! a division by zero"),
        ("kyc.isResident ? 1 : 2.5", "1d"),
        (
            "kyc.level > 2 ? \"A\" : kyc.level > 1 ? \"B\" : \"C\"",
            "'B'",
        ),
        ("kyc.isResident ? kyc.status : score.grade", "'PASS'"),
    ]);
}

#[test]
fn times_are_reckoned_with() {
    gives(&[
        ("now + duration(\"1h30m\")", "2026-11-24T09:30:00Z"),
        ("duration(\"500ms\") + now", "2026-11-24T08:00:00.5Z"),
        ("now - duration(\"24h\") < now", "true"),
        ("suit.validUntil - now > duration(\"144h\")", "true"),
        ("suit.age + duration(\"12h\") == duration(\"48h\")", "true"),
        ("suit.age - duration(\"12h\") == duration(\"24h\")", "true"),
        ("timestamp(\"2026-11-24T09:00:00+01:00\") == now", "true"),
        (
            "timestamp(\"9999-12-30T00:00:00Z\") + duration(\"240000h\")",
            "! the result is too large",
        ),
        ("max(now, suit.validUntil)", "2026-12-01T00:00:00Z"),
    ]);
}

#[test]
fn texts_are_joined_and_looked_into() {
    gives(&[
        ("\"a\" + 'b'", "'ab'"),
        ("kyc.status + \"!\"", "'PASS!'"),
        ("input.note.contains(\"ride\")", "true"),
        ("input.note.startsWith(\"ride\")", "false"),
        ("input.note.endsWith(\"home\")", "true"),
        ("consent.customerId.matches(\"^c-[0-9]+$\")", "true"),
        ("matches(kyc.legalName, \"^[a-z]\")", "false"),
        ("size(\"榫卯\")", "2"),
        ("input.note.size()", "11"),
        ("\"tab\\t\\u4e2d\\\"\\\\\"", "'tab\t中\"\\'"),
        ("'it\\'s'", "'it's'"),
    ]);
}

#[test]
fn lists_are_walked_over() {
    gives(&[
        ("size(plans)", "2"),
        ("plans.size() > 1", "true"),
        ("plans.all(p, p.months > 2)", "true"),
        ("plans.exists(p, p.kind == \"FALLING\")", "true"),
        ("plans.exists_one(p, p.months > 2)", "false"),
        ("plans.exists_one(p, p.months > 3)", "true"),
        ("plans.filter(p, p.months > 3).map(p, p.id)", "['p-6']"),
        ("plans.map(p, p.amount * p.months)", "[300.30d 306.00d]"),
        ("plans.map(p, default(p.fee, 0))", "[0.10d 0d]"),
        (
            "score.weights.filter(w, score.codes.exists(c, size(c) == w))",
            "[3 2]",
        ),
        (
            "score.weights.all(w, w > 0) && score.weights.exists(w, w == 3)",
            "true",
        ),
        ("[1, 2.5]", "[1d 2.5d]"),
        ("[\"a\", kyc.status]", "['a' 'PASS']"),
        ("[1].filter(x, x > 1).all(x, false)", "true"),
    ]);
}

#[test]
fn the_least_and_the_most_are_found() {
    gives(&[
        ("min(input.amount, score.limit)", "2500.5d"),
        ("max(1, 2.5, -3)", "2.5d"),
        ("min(1, 2)", "1"),
        ("min(1, 2.5)", "1d"),
        ("max(2, 2.0)", "2d"),
    ]);
}

#[test]
fn what_is_called_otherwise_is_said_so() {
    for (text, help) in [
        (
            "contains(input.note, \"a\")",
            "write `text.contains(\"…\")`",
        ),
        ("input.amount.min(3)", "write `min(x, y)`"),
        ("min(score.weights)", "write `min(x, y)`"),
        ("has()", "write `has(x.y)`"),
        (
            "string(input.amount)",
            "values are not converted: the API description says what each is",
        ),
    ] {
        assert_eq!(slip(text).help, help, "{text}");
    }
}
