//! Whole numbers of 256 bits: what two numbers of 38 digits make before they are shortened again.

use std::cmp::Ordering;

const HALF: u32 = 64;
const LOW_HALF: u128 = (1 << HALF) - 1;
/// The most digits of a power of ten in 128 bits.
const NARROW_DIGITS: u32 = 38;

/// A whole number of at most 256 bits, never below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wide {
    high: u128,
    low: u128,
}

impl Wide {
    pub(super) const ZERO: Self = Self { high: 0, low: 0 };

    pub(super) fn new(low: u128) -> Self {
        Self { high: 0, low }
    }

    /// The product of two numbers, exact.
    pub(super) fn product(a: u128, b: u128) -> Self {
        let (a_high, a_low) = (a >> HALF, a & LOW_HALF);
        let (b_high, b_low) = (b >> HALF, b & LOW_HALF);
        let (middle, carry) = (a_high * b_low).overflowing_add(a_low * b_high);
        let (low, carry_low) = (a_low * b_low).overflowing_add(middle << HALF);
        let carry = u128::from(carry) << HALF;
        Self {
            high: a_high * b_high + (middle >> HALF) + carry + u128::from(carry_low),
            low,
        }
    }

    /// Ten to this power, at most 76.
    pub(super) fn power_of_ten(digits: u32) -> Self {
        let first = digits.min(NARROW_DIGITS);
        Self::product(10_u128.pow(first), 10_u128.pow(digits - first))
    }

    /// The sum; the larger of both is below 2^255.
    pub(super) fn plus(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        Self {
            high: self.high + other.high + u128::from(carry),
            low,
        }
    }

    /// The difference; the other is not larger.
    pub(super) fn minus(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        Self {
            high: self.high - other.high - u128::from(borrow),
            low,
        }
    }

    /// Ten times as much; it is below 10^76.
    pub(super) fn tenfold(self) -> Self {
        let twice = self.plus(self);
        let fourfold = twice.plus(twice);
        fourfold.plus(fourfold).plus(twice)
    }

    /// How often the other, not zero and below 2^255, goes into it, and what is left.
    pub(super) fn divided(self, by: Self) -> (Self, Self) {
        if self.high == 0 && by.high == 0 {
            return (Self::new(self.low / by.low), Self::new(self.low % by.low));
        }
        let (mut quotient, mut rest) = (Self::ZERO, Self::ZERO);
        for part in [self.high, self.low] {
            for bit in (0..128).rev() {
                rest = rest.plus(rest);
                rest.low |= (part >> bit) & 1;
                quotient = quotient.plus(quotient);
                if rest >= by {
                    rest = rest.minus(by);
                    quotient.low |= 1;
                }
            }
        }
        (quotient, rest)
    }

    /// How many digits it has; zero has none.
    pub(super) fn digits(self) -> u32 {
        if self.high == 0 {
            return self.low.checked_ilog10().map_or(0, |log| log + 1);
        }
        let longer = (NARROW_DIGITS..=76).find(|digits| self < Self::power_of_ten(*digits));
        longer.unwrap_or(77)
    }

    /// The number, where 128 bits hold it.
    pub(super) fn narrow(self) -> Option<u128> {
        (self.high == 0).then_some(self.low)
    }

    /// Whether what is left of a division by `by` rounds the quotient up: half goes to the even.
    pub(super) fn rounds_up(self, by: Self, is_odd: bool) -> bool {
        match self.plus(self).cmp(&by) {
            Ordering::Less => false,
            Ordering::Equal => is_odd,
            Ordering::Greater => true,
        }
    }

    /// Whether it is odd.
    pub(super) fn is_odd(self) -> bool {
        self.low & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_product_divides_back(a in 1..10_u128.pow(38), b in 1..10_u128.pow(38)) {
            let product = Wide::product(a, b);
            prop_assert_eq!(product.divided(Wide::new(a)), (Wide::new(b), Wide::ZERO));
            let rest = Wide::new(a - 1);
            let with_rest = product.plus(rest);
            prop_assert_eq!(with_rest.divided(Wide::new(a)), (Wide::new(b), rest));
            prop_assert_eq!(with_rest.minus(product), rest);
        }

        #[test]
        fn digits_are_counted_over_all_256_bits(digits in 0_u32..=76) {
            let power = Wide::power_of_ten(digits);
            prop_assert_eq!(power.digits(), digits + 1);
            prop_assert_eq!(power.minus(Wide::new(1)).digits(), digits);
        }
    }

    #[test]
    fn products_are_exact_at_the_ends() {
        let most = Wide::product(u128::MAX, u128::MAX);
        assert_eq!(
            most,
            Wide {
                high: u128::MAX - 1,
                low: 1
            }
        );
        assert_eq!(Wide::product(0, u128::MAX), Wide::ZERO);
        assert_eq!(Wide::new(12).tenfold(), Wide::new(120));
    }
}
