//! Every slip, whole: the text, where in it, what is wrong and what would be right.

use std::fmt::Write;
use std::path::Path;

use super::sample::names;
use super::*;

/// Texts that are no expressions, grouped by what is wrong with them.
const TEXTS: &[&str] = &[
    // Words and signs.
    "",
    "   ",
    "kyc.status = \"PASS\"",
    "kyc.status === \"PASS\"",
    "kyc.level !== 2",
    "kyc.level <> 2",
    "kyc.level => 2",
    "kyc.level =< 2",
    "kyc.isResident & kyc.isResident",
    "kyc.isResident | kyc.isResident",
    "kyc.level ** 2",
    "kyc.level ^ 2",
    "$input.amount > 1",
    "input?.amount",
    "input.monthlyIncome ?? 1",
    "plans[?0]",
    "{\"a\": 1}",
    "kyc.level > 1 // enough",
    "kyc.level > 1;",
    "kyc.level # 2",
    "@kyc",
    "~kyc",
    "kyc\\level",
    "`kyc`.level",
    "（kyc.level）",
    "kyc.level ＞ 1",
    "kyc.legalName == “Li”",
    "kyc.level ≥ 1",
    "金额 > 1",
    // Numbers and strings.
    "0x1F",
    "1u",
    "1e3",
    "1.5e3",
    "007",
    "00.5",
    ".5",
    "1_000",
    "24h",
    "3rd",
    "9223372036854775808",
    "99999999999999999999",
    "0.1234567890123",
    "\"abc",
    "'abc\"",
    "\"\"\"abc\"\"\"",
    "\"a\\d\"",
    "\"a\\u12\"",
    "r\"a\"",
    "b'a'",
    // Form.
    "kyc.level >",
    "(kyc.level > 1",
    "kyc.level > 1)",
    "[1, 2",
    "[1 2]",
    "plans[0",
    "kyc.",
    "kyc.\"status\"",
    "kyc.level > 1 ? 2",
    "1 < kyc.level < 3",
    "kyc.level == 1 == true",
    "kyc.isResident and kyc.level > 1",
    "kyc.isResident OR kyc.level > 1",
    "not kyc.isResident",
    "score.grade not in [\"A\"]",
    "kyc.level is 2",
    "kyc.level between 1",
    "if kyc.isResident then 1 else 2",
    "kyc.level == null",
    "for > 1",
    "1 2",
    // Names.
    "kyz.status",
    "kyc.statuz == \"PASS\"",
    "input.ammount > 1",
    "kyc.other == 1",
    "kyc.level.x",
    "raw.any",
    "input[\"amount\"]",
    "score.weights[\"a\"]",
    "score.weights[5]",
    "kyc.level[0]",
    "failed(score)",
    "failed(1)",
    "sise(plans)",
    "now() > now",
    "round(input.amount)",
    "input.note.trim()",
    "plans.sum()",
    "now.getHours() > 1",
    "optional.of(1)",
    "input.note.contians(\"a\")",
    // Types.
    "kyc.level",
    "!kyc.level",
    "kyc.level && true",
    "kyc.isResident == 1",
    "kyc.isResident < true",
    "kyc.legalName == 1",
    "input.amount == \"3000\"",
    "input.amount > kyc.legalName",
    "now > \"2026-11-24T08:00:00Z\"",
    "kyc.born > now",
    "kyc.born == \"1990-02-28\"",
    "suit.age > 24",
    "suit.age == \"24h\"",
    "kyc.isResident == \"true\"",
    "raw == 1",
    "plans == plans",
    "input == input",
    "kyc.level in 2",
    "kyc.legalName in score.weights",
    "kyc.status == \"PASSED\"",
    "kyc.status != \"pass\"",
    "\"OK\" == kyc.status",
    "kyc.status == score.grade",
    "score.grade in [\"A\", \"E\"]",
    "\"Z\" in [\"A\", \"B\"]",
    "score.grade <= \"C\"",
    "input.amount % 2",
    "kyc.legalName + 1",
    "kyc.legalName - \"a\"",
    "score.codes + score.codes",
    "kyc.born + duration(\"24h\")",
    "now + 1",
    "now * 2",
    "suit.age + 1",
    "kyc.level / 0",
    "input.amount / 0.00",
    "-kyc.legalName",
    "[]",
    "[1, \"a\"]",
    "kyc.isResident ? 1 : \"a\"",
    "min(input.amount, kyc.legalName)",
    "max(kyc.status, score.grade)",
    "size(kyc.level)",
    "kyc.level.contains(\"a\")",
    "kyc.legalName.contains(1)",
    "kyc.legalName.matches(kyc.legalName)",
    "kyc.legalName.matches(\"[\")",
    "kyc.legalName.matches(\"\\\\d+\")",
    "kyc.legalName.matches(\"(?i)a\")",
    "kyc.legalName.matches(\"(a{99}){99}\")",
    "duration(24)",
    "duration(\"1d\")",
    "timestamp(\"2026-11-24\")",
    "date(\"24.11.2026\")",
    "date(kyc.legalName)",
    // Lists.
    "kyc.all(x, true)",
    "plans.all(p.id, true)",
    "plans.all(p, p.months)",
    "plans.all(kyc, true)",
    "plans.all(p, plans.all(p, true))",
    "plans.map(p, p.months > 1, p.id)",
    "plans.exists_on(p, true)",
    // What may be absent.
    "input.monthlyIncome > 1",
    "input.address.city == \"a\"",
    "has(input.amount)",
    "default(input.amount, 1)",
    "default(input.monthlyIncome, \"none\")",
    // Several at once.
    "kyz.a > 1 && input.ammount > 1 && kyc.status == \"OK\"",
];

#[test]
fn every_slip_is_told_as_agreed() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("expression/tests/slips.txt");
    let mut told = String::new();
    for text in TEXTS {
        let slips = Expression::check(text, &names(), Some(&Type::Bool)).expect_err(text);
        writeln!(told, "{text}").expect("text");
        for slip in slips {
            let before = text.get(..slip.span.start).expect("within the text");
            let marked = text
                .get(slip.span.start..slip.span.end)
                .expect("within the text");
            let (indent, width) = (before.chars().count(), marked.chars().count().max(1));
            writeln!(told, "{}{}", " ".repeat(indent), "^".repeat(width)).expect("text");
            writeln!(told, "  {}\n  {}", slip.what, slip.help).expect("text");
        }
        told.push('\n');
    }
    if std::env::var_os("MORTISE_GOLDEN").is_some() {
        std::fs::write(&golden, &told).expect("a golden file");
    }
    let agreed = std::fs::read_to_string(&golden).expect("MORTISE_GOLDEN=write makes it");
    assert_eq!(told, agreed, "MORTISE_GOLDEN=write refreshes it");
}

#[test]
fn a_slip_repeats_no_more_than_a_line() {
    for text in [
        format!("kyc.{}", "a".repeat(2_000)),
        format!("\"{}\" == 1", "\\n".repeat(2_000)),
        format!("kyc.status == \"{}\"", "x".repeat(2_000)),
    ] {
        let slips = Expression::check(&text, &names(), None).expect_err("wrong");
        assert!(
            slips
                .iter()
                .all(|slip| slip.what.len() + slip.help.len() < 1_000)
        );
    }
}

#[test]
fn what_is_wanted_is_asked_of_the_whole() {
    let check = |text: &str, wants: &Type| Expression::check(text, &names(), Some(wants));
    for (text, wants, told) in [
        (
            "kyc.legalName",
            Type::Decimal,
            "0-13: `kyc.legalName` must be decimal, got string; write a value of type decimal",
        ),
        (
            "kyc.status",
            Type::one_of(["PASS", "OTHER"]),
            "0-10: `kyc.status` must be one of OTHER/PASS, got one of FAIL/PASS/REFER; the words: \
             OTHER, PASS",
        ),
        (
            "kyc.isResident ? \"LOW\" : \"MIDD\"",
            Type::one_of(["LOW", "MID"]),
            "0-31: `kyc.isResident ? \"LOW\" : \"MIDD\"` must be one of LOW/MID, got one of \
             LOW/MIDD; did you mean `MID`? the words: LOW, MID",
        ),
        (
            "input.monthlyIncome",
            Type::Decimal,
            "0-19: `input.monthlyIncome` may be absent; wrap it in `default(…)` or test `has(…)`",
        ),
        (
            "raw",
            Type::Int,
            "0-3: `raw` must be int, got json; write a value of type int",
        ),
        (
            "score.limit",
            Type::Optional(Type::Int.into()),
            "0-11: `score.limit` must be int that may be absent, got decimal; write a value \
             of type int that may be absent",
        ),
    ] {
        let slips = check(text, &wants).expect_err(text);
        let slips: Vec<String> = slips.iter().map(ToString::to_string).collect();
        assert_eq!(slips, [told]);
    }
    for (text, wants, is) in [
        ("kyc.level", Type::Decimal, Type::Decimal),
        ("raw", Type::Json, Type::Json),
        ("kyc.status", super::sample::text(4), super::sample::text(4)),
        (
            "kyc.status",
            super::sample::text(9),
            super::sample::status(),
        ),
        (
            "input.monthlyIncome",
            Type::Optional(Type::Decimal.into()),
            Type::Optional(Type::Decimal.into()),
        ),
        (
            "kyc.level",
            Type::Optional(Type::Decimal.into()),
            Type::Decimal,
        ),
        (
            "score.codes",
            Type::list(super::sample::text(99), 6),
            Type::list(super::sample::text(8), 6),
        ),
    ] {
        let expression = check(text, &wants).expect(text);
        assert_eq!(expression.type_of(), &is, "{text}");
    }
}
