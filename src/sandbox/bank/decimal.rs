//! Decimals as strings, from integers: no float is ever asked.

/// One, in the fixed point of rates: twelve decimals.
pub(super) const ONE: u128 = 1_000_000_000_000;
const PLACES: usize = 12;

/// A fixed-point number of twelve decimals with six significant digits, at least two and at most
/// eight decimals, half rounded up.
pub(super) fn significant(value: u128) -> String {
    let whole_digits = if value >= ONE {
        (value / ONE).to_string().len()
    } else {
        0
    };
    let leading_zeros = if value >= ONE || value == 0 {
        0
    } else {
        PLACES - value.to_string().len()
    };
    let places = (6 + leading_zeros).saturating_sub(whole_digits).clamp(2, 8);
    let step = 10_u128.pow(u32::try_from(PLACES - places).unwrap_or(0));
    places_of((value + step / 2) / step, places)
}

/// An integer read as a number with that many decimals: `places_of(1850, 2)` is `18.50`.
pub(super) fn places_of(value: u128, places: usize) -> String {
    let digits = format!("{value:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    if fraction.is_empty() {
        whole.to_owned()
    } else {
        format!("{whole}.{fraction}")
    }
}

/// Degrees from millionths of a degree, which may be negative: `-0.127800`.
pub(super) fn degrees(micro: i64) -> String {
    let sign = if micro < 0 { "-" } else { "" };
    format!("{sign}{}", places_of(u128::from(micro.unsigned_abs()), 6))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_carry_six_significant_digits() {
        for (value, text) in [
            (7_105_123_456_789, "7.10512"),
            (127_543_999_999, "0.127544"),
            (688_123_456, "0.00068812"),
            (213_456_789_000_000, "213.457"),
            (9_123_456_789_000_000_000, "9123456.79"),
            (0, "0.000000"),
        ] {
            assert_eq!(significant(value), text);
        }
    }

    #[test]
    fn degrees_keep_their_sign() {
        assert_eq!(degrees(-127_800), "-0.127800");
        assert_eq!(degrees(31_230_416), "31.230416");
    }
}
