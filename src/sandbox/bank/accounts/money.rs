//! Amounts: hundredths of a yuan inside, decimals in strings outside.

use serde::Serialize;

use super::super::decimal::places_of;

/// The currency of every account.
pub(super) const CURRENCY: &str = "CNY";
/// The most digits before the point of an amount that is asked about.
const WHOLE_DIGITS_MAX: usize = 12;

/// An amount with its currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Money {
    currency: &'static str,
    value: String,
}

/// So many hundredths of a yuan.
pub(super) fn money(fen: i64) -> Money {
    Money {
        currency: CURRENCY,
        value: text(fen),
    }
}

/// The decimal alone: `-12.50`.
pub(super) fn text(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}", places_of(u128::from(fen.unsigned_abs()), 2))
}

/// Reads an amount as it is asked about: above zero, two places, no needless zero before it.
pub(super) fn read(text: &str) -> Option<i64> {
    let (whole, part) = text.split_once('.')?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let is_plain = (1..=WHOLE_DIGITS_MAX).contains(&whole.len())
        && part.len() == 2
        && are_digits(whole)
        && are_digits(part)
        && (whole == "0" || !whole.starts_with('0'));
    let fen = is_plain.then(|| format!("{whole}{part}").parse().ok())?;
    fen.filter(|fen| *fen > 0)
}
