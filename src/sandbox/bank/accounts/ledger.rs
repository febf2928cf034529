//! How money moves on an account, computed: no movement is kept, and none depends on the day on
//! which it is asked for.
//!
//! A month's closing balance follows from the seed, and so do the movements of each of its days;
//! one movement of the month, its balancing one, brings the one to the other. So the balance of
//! any day is the month's opening balance and the movements since, however long the account is
//! looked at, and a month costs its own movements and no others.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::customers::{Kind, Words};
use super::super::seed::{Draws, Seed};
use super::account::Account;

/// One movement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Movement {
    /// The bank's day.
    pub(super) day: Date,
    /// Its place in the day.
    pub(super) slot: u32,
    /// Hundredths of a yuan; below zero where money goes out. Never zero.
    pub(super) fen: i64,
    /// What kind of movement it is.
    pub(super) kind: &'static str,
    /// Who is on the other side.
    pub(super) counterparty: Words,
    /// What it is known by on both sides: twelve digits.
    pub(super) reference: u64,
}

/// Words for who money goes to, and comes from.
const SHOPS: [Words; 8] = [
    words("Corner Bakery", "街角面包房"),
    words("Green Market", "绿市场"),
    words("Harbour Metro", "港湾地铁"),
    words("Lotus Pharmacy", "莲花药房"),
    words("Northern Noodles", "北方面馆"),
    words("Paper Lantern Books", "纸灯笼书店"),
    words("River Cinema", "江边影院"),
    words("Swift Rides", "迅行出行"),
];
const EMPLOYER: Words = words("Bright Works Ltd.", "光明制造有限公司");
const OWNER: Words = words("Own account elsewhere", "本人他行账户");

/// The movements of an account on days from the first to the last of these, in their order.
pub(super) fn between(seed: Seed, account: &Account, from: Date, until: Date) -> Vec<Movement> {
    let mut found = Vec::new();
    let mut month = from.first_of_month();
    while month <= until {
        let movements = of_month(seed, account, month).into_iter();
        found.extend(movements.filter(|one| (from..=until).contains(&one.day)));
        // After the calendar's last month there is none.
        let Ok(next) = month.checked_add(1.month()) else {
            break;
        };
        month = next;
    }
    found
}

/// The balance of an account at the end of a day, in hundredths of a yuan.
pub(super) fn balance(seed: Seed, account: &Account, day: Date) -> i64 {
    let month = day.first_of_month();
    let since = of_month(seed, account, month).into_iter();
    let since = since.filter(|movement| movement.day <= day);
    opening(seed, account, month) + since.map(|movement| movement.fen).sum::<i64>()
}

/// The balance before the first movement of a month, of which this is the first day.
fn opening(seed: Seed, account: &Account, month: Date) -> i64 {
    let habit = account.holding.habit;
    let thing = ["opening", &account.id, &month.to_string()];
    habit.level + seed.below(habit.band, &thing).cast_signed()
}

fn of_month(seed: Seed, account: &Account, month: Date) -> Vec<Movement> {
    let thing = ["balancing day", &account.id, &month.to_string()];
    let balancing = i8::try_from(5 + seed.below(11, &thing)).unwrap_or(5);
    let mut movements = Vec::new();
    let mut at = None;
    for number in 1..=month.days_in_month() {
        let day = month.with().day(number).build().unwrap_or(month);
        let is_balancing = number == balancing;
        if is_balancing {
            at = Some(movements.len());
        }
        let count = count_on(seed, account, day).max(u32::from(is_balancing));
        movements.extend((0..count).map(|slot| outgoing(seed, account, day, slot)));
    }
    // The balancing one takes the place of the first of its day.
    if let Some(place) = at {
        let others = movements.iter().enumerate().filter(|(i, _)| *i != place);
        let out: i64 = others.map(|(_, movement)| movement.fen).sum();
        let next = month.saturating_add(1.month());
        let change = opening(seed, account, next) - opening(seed, account, month);
        settle(&mut movements, place, account, change - out);
    }
    movements
}

/// Gives the movement at this place the amount that balances its month. One of nothing is none.
fn settle(movements: &mut Vec<Movement>, place: usize, account: &Account, fen: i64) {
    if fen == 0 {
        movements.remove(place);
    } else if let Some(movement) = movements.get_mut(place) {
        let is_wage = account.holding.kind == Kind::Current && fen > 0;
        movement.fen = fen;
        movement.kind = match (account.holding.kind, fen > 0) {
            (Kind::Current, true) => "salary",
            (Kind::Card, true) => "repayment",
            _ => "transfer",
        };
        movement.counterparty = if is_wage { EMPLOYER } else { OWNER };
    }
}

/// How many movements a day has.
fn count_on(seed: Seed, account: &Account, day: Date) -> u32 {
    let habit = account.holding.habit;
    let draws = seed.draws(&["day", &account.id, &day.to_string()]);
    if draws.below(0, habit.one_day_in) != 0 {
        return 0;
    }
    let (least, most) = habit.a_day;
    let more = draws.below(1, u64::from(most - least) + 1);
    least + u32::try_from(more).unwrap_or(0)
}

fn outgoing(seed: Seed, account: &Account, day: Date, slot: u32) -> Movement {
    let thing = ["movement", &account.id, &day.to_string(), &slot.to_string()];
    let draws: Draws = seed.draws(&thing);
    let habit = account.holding.habit;
    let (least, most) = habit.takes;
    let fen = least + draws.below(0, most - least + 1);
    let is_kept = account.holding.kind == Kind::Savings;
    Movement {
        day,
        slot,
        fen: -fen.cast_signed(),
        kind: if is_kept { "transfer" } else { "card_payment" },
        counterparty: if is_kept {
            OWNER
        } else {
            *draws.one_of(1, &SHOPS)
        },
        reference: draws.below(2, 1_000_000_000_000),
    }
}

const fn words(en: &'static str, zh: &'static str) -> Words {
    Words { en, zh }
}

#[cfg(test)]
mod tests;
