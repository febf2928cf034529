use proptest::prelude::*;

use super::super::super::customers::by_id;
use super::super::account;
use super::*;

fn accounts(seed: Seed) -> Vec<Account> {
    let people = (101..=107).filter_map(|number| by_id(&format!("harbour-{number:06}")));
    people
        .flat_map(|person| account::of(seed, person))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_two_balances_differ_by_what_moved_between_them(
        number in any::<u64>(),
        start in 0_i64..200_000,
        days in 0_i64..90,
    ) {
        let seed = Seed::new(number);
        let from = jiff::civil::date(1900, 1, 1).saturating_add(start.days());
        let until = from.saturating_add(days.days());
        for account in accounts(seed) {
            let moved = between(seed, &account, from.saturating_add(1.day()), until);
            let sum: i64 = moved.iter().map(|movement| movement.fen).sum();
            let before = balance(seed, &account, from);
            prop_assert_eq!(balance(seed, &account, until), before + sum);
            let in_order = moved.is_sorted_by_key(|movement| (movement.day, movement.slot));
            prop_assert!(in_order && moved.iter().all(|movement| movement.fen != 0));
            let credit = account.holding.habit.credit;
            prop_assert!(before >= -credit, "{} is overdrawn: {}", account.id, before);
        }
    }
}

#[test]
fn the_calendar_ends_and_the_ledger_does_not() {
    let seed = Seed::new(1);
    for account in accounts(seed) {
        let last = Date::MAX;
        assert!(!between(seed, &account, last.first_of_month(), last).is_empty());
        let _ = balance(seed, &account, Date::MIN);
        assert_eq!(between(seed, &account, last, Date::MIN), []);
    }
}
