//! Decimals, exact: whole units and a number of decimals. No float is ever asked.

use std::cmp::Ordering;
use std::fmt;

/// The most digits before the point.
const WHOLE_DIGITS_MAX: usize = 24;
/// The most digits behind the point.
const SCALE_MAX: u8 = 12;
/// All numbers are nearer to zero than ten to the power of 24.
const WHOLE_END: i128 = 10_i128.pow(WHOLE_DIGITS_MAX as u32);

/// Why a text is no decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a decimal must be 1 to 24 digits, without needless zeros before them, then, if it has a \
     fraction, a point and 1 to 12 digits; a minus comes first, if it is below zero"
)]
pub struct BadDecimal;

/// A number of at most 24 digits before the point and 12 behind it. It keeps the decimals it was
/// written with: `3.50` is printed as `3.50`, and equals `3.5`.
#[derive(Debug, Clone, Copy)]
pub struct Decimal {
    units: i128,
    scale: u8,
}

impl Decimal {
    /// The number `units` / 10^`scale`; nothing when it is beyond the limits.
    pub fn new(units: i128, scale: u8) -> Option<Self> {
        let end = WHOLE_END.checked_mul(power(scale)?)?;
        (-end < units && units < end).then_some(Self { units, scale })
    }

    /// So many hundredths, with two decimals.
    pub fn hundredths(units: i64) -> Self {
        Self {
            units: i128::from(units),
            scale: 2,
        }
    }

    /// Reads a number as JSON writes it (RFC 8259 §6), but for exponents and the minus of a zero:
    /// two readers must not see two amounts. Spaces, `+`, `.5`, `5.` and `007` are refused.
    pub fn parse(text: &str) -> Result<Self, BadDecimal> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(BadDecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let is_short = (1..=WHOLE_DIGITS_MAX).contains(&whole.len())
            && fraction.len() <= usize::from(SCALE_MAX);
        let is_number = [whole, fraction]
            .iter()
            .all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if !is_short || !is_number || (whole.starts_with('0') && whole != "0") {
            return Err(BadDecimal);
        }
        let units: i128 = format!("{whole}{fraction}").parse().or(Err(BadDecimal))?;
        let is_negative = digits.len() < text.len();
        if is_negative && units == 0 {
            return Err(BadDecimal);
        }
        Ok(Self {
            units: if is_negative { -units } else { units },
            scale: u8::try_from(fraction.len()).or(Err(BadDecimal))?,
        })
    }

    /// Reads any number that JSON writes (RFC 8259 §6), with an exponent too and with the minus of
    /// a zero: what a bank's machine wrote, not what a person agrees to.
    pub fn parse_number(text: &str) -> Result<Self, BadDecimal> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Self::exponent(exponent)?),
            None => (text, 0),
        };
        let number = Self::parse(mantissa).or_else(|_| Self::minus_zero(mantissa))?;
        if exponent == 0 || number.units == 0 {
            return Ok(number);
        }
        number.shifted(exponent).ok_or(BadDecimal)
    }

    fn minus_zero(text: &str) -> Result<Self, BadDecimal> {
        let zero = text.strip_prefix('-').ok_or(BadDecimal)?;
        let zero = Self::parse(zero).ok().filter(|number| number.units == 0);
        zero.ok_or(BadDecimal)
    }

    /// An exponent: digits behind a sign, if any.
    fn exponent(text: &str) -> Result<i32, BadDecimal> {
        let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number
            .then(|| text.parse().ok())
            .flatten()
            .ok_or(BadDecimal)
    }

    /// The number times ten to this power; nothing when it is beyond the limits. Not for zero.
    fn shifted(self, by: i32) -> Option<Self> {
        let mut units = self.units;
        let mut scale = i32::from(self.scale).checked_sub(by)?;
        while scale > i32::from(SCALE_MAX) && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        if let Ok(scale) = u8::try_from(scale) {
            return Self::new(units, scale);
        }
        let factor = 10_i128.checked_pow(scale.checked_neg()?.try_into().ok()?)?;
        Self::new(units.checked_mul(factor)?, 0)
    }

    /// The number as text, the same for equal numbers: no zeros at the end of a fraction.
    pub fn canonical(&self) -> String {
        self.shortest().to_string()
    }

    /// The sum, with the decimals of whichever has more; nothing when it is beyond the limits.
    #[must_use]
    pub fn plus(&self, other: &Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let sum = self.at(scale)?.checked_add(other.at(scale)?)?;
        Self::new(sum, scale)
    }

    /// The number in units of 10^-`scale`; nothing when that would round it.
    pub fn at(&self, scale: u8) -> Option<i128> {
        let shortest = self.shortest();
        let missing = scale.checked_sub(shortest.scale)?;
        shortest.units.checked_mul(power(missing)?)
    }

    /// How many digits behind the point it was written with.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// The same number with as few decimals as it needs.
    fn shortest(self) -> Self {
        let Self {
            mut units,
            mut scale,
        } = self;
        while scale > 0 && units % 10 == 0 {
            units /= 10;
            scale -= 1;
        }
        Self { units, scale }
    }

    /// In the smallest units that there are: fits, for 24 and 12 digits are fewer than 38.
    fn smallest_units(self) -> i128 {
        self.units * 10_i128.pow(u32::from(SCALE_MAX - self.scale))
    }
}

/// Ten to the power of a scale; nothing when the scale is beyond the limit.
fn power(scale: u8) -> Option<i128> {
    (scale <= SCALE_MAX).then(|| 10_i128.pow(u32::from(scale)))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        self.smallest_units().cmp(&other.smallest_units())
    }
}

impl fmt::Display for Decimal {
    /// The number with the decimals it was written with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let digits = format!("{:0>width$}", self.units.unsigned_abs(), width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        let sign = if self.units < 0 { "-" } else { "" };
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{whole}{point}{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap_or_else(|_| panic!("no decimal: {text}"))
    }

    #[test]
    fn a_number_has_one_canonical_text() {
        for (written, canonical) in [
            ("0", "0"),
            ("0.00", "0"),
            ("7", "7"),
            ("-7", "-7"),
            ("3000.00", "3000"),
            ("0.50", "0.5"),
            ("-0.05", "-0.05"),
            ("100", "100"),
            ("0.000000000001", "0.000000000001"),
            (
                "999999999999999999999999.999999999999",
                "999999999999999999999999.999999999999",
            ),
        ] {
            let number = decimal(written);
            assert_eq!(number.canonical(), canonical);
            assert_eq!(number.to_string(), written);
        }
    }

    #[test]
    fn whatever_two_readers_could_read_in_two_ways_is_no_decimal() {
        for text in [
            "",
            "-",
            ".",
            "-.",
            "+1",
            "--1",
            " 1",
            "1 ",
            "1\n",
            "01",
            "00",
            "-01",
            "00.5",
            ".5",
            "5.",
            "-0",
            "-0.00",
            "1e3",
            "1E3",
            "1,000",
            "1_000",
            "1.000.000",
            "1.-5",
            "1.+5",
            "0x10",
            "NaN",
            "inf",
            "１",
            "٣",
            "1.５",
            "一",
            "1\0",
            "1000000000000000000000000",
            "0.0000000000001",
            "170141183460469231731687303715884105728",
        ] {
            assert_eq!(Decimal::parse(text), Err(BadDecimal), "{text:?}");
        }
    }

    #[test]
    fn what_machines_write_is_read_to_the_last_digit() {
        for (written, read) in [
            ("12.50", "12.50"),
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("1e3", "1000"),
            ("1.50E+2", "150"),
            ("-125e-2", "-1.25"),
            ("0e99999", "0"),
            ("1e-12", "0.000000000001"),
            ("100e-14", "0.000000000001"),
        ] {
            let number = Decimal::parse_number(written).expect(written);
            assert_eq!(number.to_string(), read);
        }
        for text in [
            "",
            "e",
            "1e",
            "e1",
            "1e+",
            "1e1.0",
            "1e1e1",
            "--0",
            "-",
            "1e24",
            "1e-13",
            "01e1",
            "1e99999999999",
            "1e-2147483648",
            "1e2147483647",
        ] {
            assert_eq!(Decimal::parse_number(text), Err(BadDecimal), "{text:?}");
        }
    }

    #[test]
    fn numbers_are_compared_by_value() {
        let mut sorted = [
            "-10",
            "-9.99",
            "-0.1",
            "0",
            "0.099",
            "0.1",
            "1",
            "1.000000000001",
            "2",
        ];
        let expected = sorted;
        sorted.reverse();
        sorted.sort_by_key(|text| decimal(text));
        assert_eq!(sorted, expected);
        assert_eq!(decimal("1.50"), decimal("1.5"));
        assert_ne!(decimal("1.5"), decimal("-1.5"));
    }

    #[test]
    fn sums_are_exact_or_none() {
        for (one, other, sum) in [
            ("0.1", "0.2", "0.3"),
            ("1.50", "1.5", "3.00"),
            ("3000.00", "-3000", "0.00"),
            (
                "-0.01",
                "100000000000000000000000",
                "99999999999999999999999.99",
            ),
        ] {
            let found = decimal(one).plus(&decimal(other)).expect("within limits");
            assert_eq!(found.to_string(), sum);
        }
        let most = decimal("999999999999999999999999");
        assert_eq!(most.plus(&decimal("1")), None);
        assert!(most.plus(&decimal("0.999999999999")).is_some());
        assert!(most.plus(&decimal("-1")).is_some());
    }

    #[test]
    fn units_are_exact_or_none() {
        assert_eq!(decimal("12.30").at(2), Some(1230));
        assert_eq!(decimal("12.30").at(1), Some(123));
        assert_eq!(decimal("12.30").at(0), None);
        assert_eq!(decimal("12.300").at(2), Some(1230));
        assert_eq!(decimal("-1").at(12), Some(-1_000_000_000_000));
        assert_eq!(decimal("1").at(13), None);
        assert_eq!(Decimal::new(1, 13), None);
        assert_eq!(Decimal::new(i128::MIN, 0), None);
        assert_eq!(Decimal::new(i128::MAX, 12), None);
        assert_eq!(Decimal::new(-1050, 2), Some(decimal("-10.5")));
    }

    proptest! {
        #[test]
        fn what_is_printed_reads_back(
            units in -(10_i128.pow(30))..10_i128.pow(30),
            scale in 6_u8..=12,
        ) {
            let number = Decimal::new(units, scale).expect("within limits");
            let printed = decimal(&number.to_string());
            prop_assert_eq!((printed.units, printed.scale), (units, scale));
            prop_assert_eq!(decimal(&number.canonical()), number);
        }

        #[test]
        fn equal_numbers_and_only_they_share_their_canonical_text(
            one in (-2000_i128..2000, 0_u8..4),
            other in (-2000_i128..2000, 0_u8..4),
        ) {
            let one = Decimal::new(one.0, one.1).expect("within limits");
            let other = Decimal::new(other.0, other.1).expect("within limits");
            prop_assert_eq!(one == other, one.canonical() == other.canonical());
            let difference = one.smallest_units() - other.smallest_units();
            prop_assert_eq!(one.cmp(&other), difference.cmp(&0));
        }

        #[test]
        fn a_sum_does_not_know_its_order(
            one in (-1_000_000_i128..1_000_000, 0_u8..=12),
            other in (-1_000_000_i128..1_000_000, 0_u8..=12),
        ) {
            let one = Decimal::new(one.0, one.1).expect("within limits");
            let other = Decimal::new(other.0, other.1).expect("within limits");
            let sum = one.plus(&other).expect("within limits");
            prop_assert_eq!(other.plus(&one), Some(sum));
            prop_assert_eq!(
                sum.smallest_units(),
                one.smallest_units() + other.smallest_units()
            );
        }

        #[test]
        fn no_text_makes_the_reader_panic(text in "[-+0-9.eE, ]{0,45}|\\PC{0,20}") {
            if let Ok(number) = Decimal::parse(&text) {
                prop_assert_eq!(number.to_string(), text.clone());
                prop_assert_eq!(Decimal::parse_number(&text), Ok(number));
            }
            let _ = Decimal::parse_number(&text);
        }
    }
}
