//! Numbers of expressions: decimals with room for what is worked out between two amounts.
//!
//! What a consent or a bank states is a [`Decimal`] of at most 24 digits before the point and 12
//! behind it. A rate by the day needs more, so a number here has at most 24 digits before the
//! point, 28 behind it, and 38 in all. Sums, differences and products are exact as long as that
//! holds them: sums and differences of stated amounts always. What does not fit is rounded half to
//! even at the last digit that does, and a quotient at the 28th digit behind the point or the 38th
//! in all. Beyond 24 digits before the point there is no number. Numbers are compared exactly.
//!
//! `rust_decimal` holds 28 digits in all, fewer than an amount may have, and rounds a sum that
//! needs more without a word.

mod wide;

use std::cmp::Ordering;
use std::fmt;

use model::Decimal;

use wide::Wide;

/// The most digits before the point.
const WHOLE_DIGITS_MAX: u32 = 24;
/// The most digits behind the point.
const SCALE_MAX: u32 = 28;
/// The most digits in all.
const DIGITS_MAX: u32 = 38;

/// A decimal number: `0.10` is printed as it was written, and equals `0.1`.
#[derive(Debug, Clone, Copy)]
pub struct Number {
    is_negative: bool,
    /// Below 10^38.
    units: u128,
    /// At most 28.
    scale: u32,
}

impl Number {
    /// The sum, with the decimals of whichever has more; nothing when it is beyond the limits.
    #[must_use]
    pub fn plus(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.at(scale), other.at(scale));
        let (is_negative, units) = if self.is_negative == other.is_negative {
            (self.is_negative, a.plus(b))
        } else if a >= b {
            (self.is_negative, a.minus(b))
        } else {
            (other.is_negative, b.minus(a))
        };
        Self::fitted(is_negative, units, scale)
    }

    /// The difference, likewise.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// The product, with the decimals of both; nothing when it is beyond the limits.
    #[must_use]
    pub fn times(self, other: Self) -> Option<Self> {
        let units = Wide::product(self.units, other.units);
        let is_negative = self.is_negative != other.is_negative;
        Self::fitted(is_negative, units, self.scale + other.scale)
    }

    /// The quotient, with as many decimals as it needs; nothing when the divisor is zero or the
    /// quotient beyond the limits.
    #[must_use]
    pub fn over(self, divisor: Self) -> Option<Self> {
        if divisor.units == 0 {
            return None;
        }
        let dividend = self.at(self.scale.max(divisor.scale));
        let divisor_units = divisor.at(self.scale.max(divisor.scale));
        let (whole, mut rest) = dividend.divided(divisor_units);
        if whole.digits() > WHOLE_DIGITS_MAX {
            return None;
        }
        let (mut units, mut scale) = (whole.narrow()?, 0);
        let is_full = |units| units >= 10_u128.pow(DIGITS_MAX - 1);
        while rest != Wide::ZERO && scale < SCALE_MAX && !is_full(units) {
            rest = rest.tenfold();
            units *= 10;
            scale += 1;
            while rest >= divisor_units {
                rest = rest.minus(divisor_units);
                units += 1;
            }
        }
        units += u128::from(rest.rounds_up(divisor_units, units % 2 == 1));
        let is_negative = self.is_negative != divisor.is_negative;
        Self::fitted(is_negative, Wide::new(units), scale)
    }

    /// The number below zero that is as far from it, or above.
    #[must_use]
    pub fn negated(self) -> Self {
        Self {
            is_negative: !self.is_negative && self.units != 0,
            ..self
        }
    }

    /// Its distance from zero, in units of 10^-`scale`, where that is not fewer than it has.
    fn at(self, scale: u32) -> Wide {
        let missing = scale.saturating_sub(self.scale);
        Wide::product(self.units, 10_u128.pow(missing))
    }

    /// The number that `units` of 10^-`scale` are, with fewer decimals where it has too many.
    fn fitted(is_negative: bool, units: Wide, scale: u32) -> Option<Self> {
        let beyond_scale = scale.saturating_sub(SCALE_MAX);
        let beyond_digits = units.digits().saturating_sub(DIGITS_MAX);
        let (units, scale) = shortened(units, scale, beyond_scale.max(beyond_digits))?;
        // Rounding up nines makes a digit more, all behind it zeros.
        let (units, scale) = shortened(units, scale, units.digits().saturating_sub(DIGITS_MAX))?;
        let is_within = units.digits() <= WHOLE_DIGITS_MAX + scale;
        let units = units.narrow().filter(|_| is_within)?;
        Some(Self {
            is_negative: is_negative && units != 0,
            units,
            scale,
        })
    }
}

/// The units without their last digits, rounded half to even; nothing when that would cut digits
/// before the point.
fn shortened(units: Wide, scale: u32, by: u32) -> Option<(Wide, u32)> {
    if by == 0 {
        return Some((units, scale));
    }
    let scale = scale.checked_sub(by)?;
    let power = Wide::power_of_ten(by);
    let (short, rest) = units.divided(power);
    let up = Wide::new(u128::from(rest.rounds_up(power, short.is_odd())));
    Some((short.plus(up), scale))
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Self {
            is_negative: whole < 0,
            units: u128::from(whole.unsigned_abs()),
            scale: 0,
        }
    }
}

impl From<Decimal> for Number {
    fn from(decimal: Decimal) -> Self {
        // A decimal is below 10^24 and has at most 12 decimals, so all its units are below 10^36.
        let units = decimal.at(decimal.scale()).unwrap_or_default();
        Self {
            is_negative: units < 0,
            units: units.unsigned_abs(),
            scale: u32::from(decimal.scale()),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        let (a, b) = (self.at(scale), other.at(scale));
        match (self.is_negative, other.is_negative) {
            (false, false) => a.cmp(&b),
            (true, true) => b.cmp(&a),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl fmt::Display for Number {
    /// The number with all the decimals it has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = self.scale as usize;
        let digits = format!("{:0>width$}", self.units, width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.is_negative { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests;
