//! Limits: text, tokens, depth, cost, and what is too long only when it is evaluated.

use proptest::prelude::*;

use super::sample::{names, slip, text, values};
use super::*;

#[test]
fn a_text_is_short_and_shallow() {
    let long = format!("1{}", " ".repeat(4_096));
    assert_eq!(slip(&long).what, "the expression has 4097 bytes");
    let many = vec!["1"; 600].join(",");
    let many = format!("[{many}]");
    assert_eq!(
        slip(&many).what,
        "the expression has more than 1024 words and signs"
    );
    let many = format!("[{}]", vec!["1"; 65].join(","));
    assert_eq!(slip(&many).what, "more than 64 values stand here");
    let deep = "the expression is more than 32 levels deep";
    for (open, middle, close) in [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("-", "1", ""),
        ("!", "true", ""),
        ("", "1", "+1"),
        ("", "true", "?1:1"),
        ("true?1:", "1", ""),
        ("size(", "\"a\"", ")"),
        ("", "kyc", ".a"),
        ("", "kyc", "[0]"),
        ("", "kyc", ".a()"),
        ("plans.all(x,", "true", ")"),
    ] {
        let times = 100;
        let text = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
        assert_eq!(slip(&text).what, deep, "{text}");
    }
    let wide = vec!["kyc.level > 1"; 150].join(" && ");
    assert!(Expression::check(&wide, &names(), None).is_ok());
    let nested = format!("{}1{}", "(".repeat(31), ")".repeat(31));
    assert!(Expression::check(&nested, &names(), None).is_ok());
}

#[test]
fn what_may_take_too_long_is_refused_at_load() {
    let mut names = Names::default();
    let long = Type::list(text(1_000), 2_000);
    names.add("xs", long).expect("a new name");
    let check = |text: &str| Expression::check(text, &names, None);
    assert!(check("xs.exists(x, x == \"a\")").is_ok());
    let slips = check("xs.exists(x, xs.exists(y, x == y))").expect_err("too long");
    let told: Vec<String> = slips.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "0-34: this may take 76006002 steps, more than 1000000; state `maxItems` and \
             `maxLength` in the API description, or ask less"
        ]
    );
}

#[test]
fn nothing_is_spent_beyond_what_is_left() {
    let expression = Expression::check("plans.all(p, p.months > 2)", &names(), None);
    let expression = expression.expect("sound");
    let mut enough = Cost::new(100);
    expression.evaluate(&values(), &mut enough).expect("enough");
    assert!(enough.spent() <= expression.cost_limit());
    let mut little = Cost::new(enough.spent() - 1);
    let failure = expression
        .evaluate(&values(), &mut little)
        .expect_err("too little");
    assert_eq!(failure.cause, Cause::Cost);
    let mut exactly = Cost::new(enough.spent());
    assert!(expression.evaluate(&values(), &mut exactly).is_ok());
    assert!(expression.evaluate(&values(), &mut exactly).is_err());
}

#[test]
fn a_text_that_is_too_long_for_where_it_goes_fails_there() {
    let wants = text(8);
    let check = |text: &str| Expression::check(text, &names(), Some(&wants)).expect(text);
    let evaluate = |text: &str| {
        let expression = check(text);
        expression.evaluate(&values(), &mut Cost::new(expression.cost_limit()))
    };
    assert_eq!(evaluate("kyc.legalName"), Ok(Value::Text("Li Lei".into())));
    let failure = evaluate("kyc.legalName + kyc.status").expect_err("ten bytes");
    assert_eq!(failure.cause, Cause::TextTooLong);
    assert_eq!(failure.to_string(), "the text is too long");

    let mut names = Names::default();
    names.add("x", text(40_000)).expect("a new name");
    let mut long = Values::new(std::sync::Arc::new(names.clone()));
    long.put("x", Value::Text("x".repeat(40_000).into()))
        .expect("within");
    let expression = Expression::check("size(x + x)", &names, None).expect("sound");
    let failure = expression.evaluate(&long, &mut Cost::new(expression.cost_limit()));
    let failure = failure.expect_err("beyond 64 KiB");
    assert_eq!(
        (failure.cause, failure.span.start, failure.span.end),
        (Cause::TextTooLong, 5, 10)
    );
}

#[test]
fn values_of_other_names_are_told_from_what_an_expression_may_meet() {
    let expression = Expression::check("kyc.level + 1", &names(), None).expect("sound");
    let nothing = Values::new(names());
    let failure = expression
        .evaluate(&nothing, &mut Cost::new(9))
        .expect_err("no value");
    assert_eq!(failure.cause, Cause::Unfit);
    let mut other = Names::default();
    other.add("kyc", Type::Bool).expect("a new name");
    let mut values = Values::new(std::sync::Arc::new(other));
    values.put("kyc", Value::Bool(true)).expect("bool");
    let failure = expression
        .evaluate(&values, &mut Cost::new(9))
        .expect_err("other names");
    assert_eq!(failure.cause, Cause::Unfit);
}

#[test]
fn names_are_words_of_their_own() {
    let mut names = Names::default();
    assert_eq!(names.add("kyc", Type::Bool), Ok(()));
    assert_eq!(names.add("kyc", Type::Bool), Err(BadName::Twice));
    for bad in ["", "1a", "a-b", "a.b", "é", &"a".repeat(65)] {
        assert_eq!(names.add(bad, Type::Bool), Err(BadName::Malformed), "{bad}");
    }
    for word in ["in", "true", "null", "if"] {
        assert_eq!(
            names.add(word, Type::Bool),
            Err(BadName::Reserved),
            "{word}"
        );
    }
    assert_eq!(names.add_step("kyc"), Ok(()));
    assert_eq!(names.add_step("kyc"), Err(BadName::Twice));
    assert_eq!(names.add_step("-"), Err(BadName::Malformed));
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,80}") {
        let _ = Expression::check(&text, &names(), None);
    }

    #[test]
    fn no_order_of_words_and_signs_panics(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 0..40),
        gaps in any::<u64>(),
    ) {
        let mut text = String::new();
        for (at, piece) in pieces.iter().enumerate() {
            text.push_str(piece);
            text.push_str(if (gaps >> (at % 64)) & 1 == 1 { " " } else { "" });
        }
        if let Err(slips) = Expression::check(&text, &names(), None) {
            for slip in slips {
                prop_assert!(text.get(slip.span.start..slip.span.end).is_some(), "{slip}");
            }
        }
    }
}

/// What the second property strings together.
const PIECES: &[&str] = &[
    "kyc",
    "input",
    "plans",
    ".",
    ".",
    "level",
    "status",
    "amount",
    "(",
    ")",
    "[",
    "]",
    ",",
    "&&",
    "||",
    "!",
    "-",
    "+",
    "*",
    "/",
    "%",
    "?",
    ":",
    "==",
    "<",
    "in",
    "1",
    "0.5",
    "\"PASS\"",
    "'a",
    "has(",
    "size(",
    ".all(x,",
    "x",
    "default(",
    "min(",
    "null",
    "$",
    "=",
    "（",
    "duration(\"1h\")",
    "true",
    "9223372036854775808",
    "\\",
    "now",
    "failed(profile)",
    "[0]",
    "raw",
];
