//! Expressions made by their types: none meets a type error, a panic, or its cost limit, whatever
//! the values. `MORTISE_LONG=1` makes the full count, `MORTISE_SEED` repeats a run.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::generator::Generator;
use super::random::Random;
use super::sample::{names, text};
use super::*;

const COUNT: usize = 2_000;
const COUNT_LONG: usize = 1_000_000;
/// How deep expressions are at most.
const DEPTH: u8 = 5;

/// A number that the environment may give.
fn environment(name: &str) -> Option<u64> {
    std::env::var_os(name)?.into_string().ok()?.parse().ok()
}

/// Evaluates with other values each time.
fn try_values(
    source: &str,
    expression: &Expression,
    names: &Arc<Names>,
    random: &mut Random,
) -> bool {
    let mut values = Values::new(names.clone());
    for name in names.known() {
        let (_, kind) = names.kind(name).expect("a name");
        let value = random.value(kind);
        values.put(name, value).expect("a value of its type");
    }
    if random.below(2) == 0 {
        values.put_failed("profile");
    }
    let mut cost = Cost::new(expression.cost_limit());
    match expression.evaluate(&values, &mut cost) {
        Ok(value) => {
            let checked = value.check(expression.type_of());
            assert_eq!(checked, Ok(()), "{source}: {values:?}");
            true
        }
        Err(failure) => {
            let cause = failure.cause;
            let may_be = [Cause::Overflow, Cause::DivisionByZero, Cause::TextTooLong];
            assert!(may_be.contains(&cause), "{source}: {failure:?}: {values:?}");
            false
        }
    }
}

#[test]
fn long_expressions_made_by_their_types_never_meet_a_type_error() {
    let is_long = std::env::var_os("MORTISE_LONG").is_some();
    let count = if is_long { COUNT_LONG } else { COUNT };
    let seed = environment("MORTISE_SEED").unwrap_or(24);
    let names = names();
    let wanted = [
        Type::Bool,
        Type::Int,
        Type::Decimal,
        text(65_536),
        Type::Timestamp,
        Type::Duration,
    ];
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let (mut values, mut tries) = (0, 0);
    for number in 0..count {
        let number = number as u64;
        let mut generator = Generator::new(seed.wrapping_mul(1_000_003).wrapping_add(number));
        let kind = generator.random.pick(&wanted);
        let source = generator.expression(&kind, DEPTH);
        if source.len() > 4_096 {
            continue;
        }
        let expression = Expression::check(&source, &names, Some(&kind));
        let expression = expression.unwrap_or_else(|slips| panic!("{source}\n{slips:?}"));
        for construct in generator.seen {
            *counts.entry(construct).or_default() += 1;
        }
        for _ in 0..3 {
            tries += 1;
            values += usize::from(try_values(
                &source,
                &expression,
                &names,
                &mut generator.random,
            ));
        }
    }
    println!("seed {seed}: {count} expressions, {tries} evaluations, {values} values");
    for (construct, found) in &counts {
        println!(
            "{construct:>16} {found:>8} {:>5.1} %",
            *found as f64 * 100.0 / count as f64
        );
    }
    assert_eq!(counts.len(), 48, "{counts:?}");
    let rare = counts.iter().filter(|(_, found)| **found * 100 < count);
    assert_eq!(rare.collect::<Vec<_>>(), [], "each is in one of a hundred");
    assert!(values * 2 > tries, "most expressions have a value");
}
