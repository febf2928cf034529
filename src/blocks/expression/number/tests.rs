use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Number {
    Decimal::parse(text)
        .unwrap_or_else(|_| panic!("no decimal: {text}"))
        .into()
}

/// Without zeros at its end; `-` when there is no number.
fn shortest(number: Option<Number>) -> String {
    let text = number.map_or_else(|| "-".to_owned(), |number| format!("{number}"));
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    short.to_owned()
}

/// Each line: two numbers, their sum, difference, product and quotient, as the module `decimal` of
/// Python works them out with 200 digits before it rounds half to even at the last digit that fits.
#[test]
fn another_reckoner_gets_the_same_numbers() {
    let mut lines = 0;
    for line in include_str!("vectors.txt").lines() {
        let words: Vec<&str> = line.split(' ').collect();
        let (a, b) = (number(words[0]), number(words[1]));
        assert_eq!(shortest(a.plus(b)), words[2], "{line}");
        assert_eq!(shortest(a.minus(b)), words[3], "{line}");
        assert_eq!(shortest(a.times(b)), words[4], "{line}");
        assert_eq!(shortest(a.over(b)), words[5], "{line}");
        lines += 1;
    }
    assert_eq!(lines, 80);
}

#[test]
fn decimals_are_kept_as_written_and_not_compared() {
    assert_eq!(number("0.10"), number("0.1"));
    assert_eq!(number("0.10").to_string(), "0.10");
    assert_eq!(Number::from(-3), number("-3.00"));
    assert_eq!(Number::from(i64::MIN).to_string(), i64::MIN.to_string());
    let sum = number("2999.90").plus(number("0.1"));
    assert_eq!(sum.map(|sum| format!("{sum}")).as_deref(), Some("3000.00"));
    assert!(number("-1").negated() > number("-0.5"));
    assert_eq!(Number::from(0).negated().to_string(), "0");
}

#[test]
fn a_half_goes_to_the_even() {
    let smallest = number("0.000000000001");
    let half = smallest.times(smallest).expect("within limits");
    let half = half.times(number("0.0005")).expect("within limits");
    assert_eq!(half.to_string(), format!("0.{}5", "0".repeat(27)));
    let half_of = |text: &str| half.times(number(text)).expect("within limits").to_string();
    // 2.5, 3.5 and 7.5 of the smallest unit.
    assert_eq!(half_of("0.5"), format!("0.{}2", "0".repeat(27)));
    assert_eq!(half_of("0.7"), format!("0.{}4", "0".repeat(27)));
    assert_eq!(half_of("-1.5"), format!("-0.{}8", "0".repeat(27)));
}

proptest! {
    #[test]
    fn sums_of_stated_amounts_are_exact(
        one in -(10_i128.pow(35))..10_i128.pow(35),
        other in -(10_i128.pow(35))..10_i128.pow(35),
        scales in (12_u8..=12, 0_u8..=12),
    ) {
        let one = Number::from(Decimal::new(one, scales.0).expect("within limits"));
        let other = Decimal::new(other / 10_i128.pow(12), scales.1).expect("within limits");
        let other = Number::from(other);
        let sum = one.plus(other).expect("within limits");
        prop_assert_eq!(other.plus(one), Some(sum));
        prop_assert_eq!(sum.minus(other), Some(one));
        prop_assert_eq!(one.cmp(&other), one.minus(other).map_or(Ordering::Equal, |difference| {
            difference.cmp(&Number::from(0))
        }));
    }

    #[test]
    fn nothing_panics(
        one in -(10_i128.pow(36) - 1)..10_i128.pow(36),
        other in -(10_i128.pow(36) - 1)..10_i128.pow(36),
        steps in prop::collection::vec(0_u8..4, 1..6),
    ) {
        let other = Number::from(Decimal::new(other, 12).expect("within limits"));
        let mut number = Number::from(Decimal::new(one, 12).expect("within limits"));
        for step in steps {
            let next = match step {
                0 => number.plus(other),
                1 => number.minus(other),
                2 => number.times(number),
                _ => number.over(other),
            };
            let Some(next) = next else { break };
            prop_assert!(next.units < 10_u128.pow(DIGITS_MAX) && next.scale <= SCALE_MAX);
            number = next;
        }
    }
}
