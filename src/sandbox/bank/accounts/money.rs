//! Amounts: hundredths of a yuan inside, decimals in strings outside.

use serde::Serialize;

use model::Decimal;

/// The currency of every account.
pub(super) const CURRENCY: &str = "CNY";
/// Amounts that are asked about have at most twelve digits before the point.
const FEN_END: i64 = 100_000_000_000_000;

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
    Decimal::hundredths(fen).to_string()
}

/// Reads an amount as it is asked about: above zero, two places, no needless zero before it.
pub(super) fn read(text: &str) -> Option<i64> {
    let number = Decimal::parse(text)
        .ok()
        .filter(|number| number.scale() == 2)?;
    let fen = i64::try_from(number.at(2)?).ok()?;
    (1..FEN_END).contains(&fen).then_some(fen)
}
