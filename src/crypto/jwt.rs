//! The times in a token's claims (RFC 7519 §4.1).

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Visitor};

/// How far in the future `nbf` and `iat` may lie, in seconds (L-01).
const FUTURE_SECONDS_MAX: i64 = 10;
/// The largest leeway for `exp`, in seconds (L-02).
const LEEWAY_SECONDS_MAX: i64 = 10;
/// The end of the year 9999, in Unix seconds: no date lies further from 1970 than that.
const SECONDS_MAX: i64 = 253_402_300_799;

/// The `NumericDate` claims of a token, in Unix seconds. Read with serde out of the claims: a
/// member that is there must be a number (a string or `null` is an error, so that no type confusion
/// makes a token live for ever); fractions are cut off.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Times {
    /// Not to be accepted at or after this second.
    #[serde(default, deserialize_with = "numeric_date")]
    pub exp: Option<i64>,
    /// Not to be accepted before this second.
    #[serde(default, deserialize_with = "numeric_date")]
    pub nbf: Option<i64>,
    /// When it was made.
    #[serde(default, deserialize_with = "numeric_date")]
    pub iat: Option<i64>,
}

/// Why the times of a token are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimeProblem {
    /// A time is not a number, or the claims are not a JSON object.
    #[error("exp, nbf and iat must be numbers")]
    Malformed,
    /// There is no `exp`: such a token would live for ever.
    #[error("exp is missing")]
    ExpMissing,
    /// `exp` has passed.
    #[error("exp has passed")]
    Expired,
    /// `nbf` lies in the future.
    #[error("nbf lies in the future")]
    NotYet,
    /// `iat` lies in the future.
    #[error("iat lies in the future")]
    IssuedInFuture,
}

impl Times {
    /// Reads the times out of a token's claims, as [`crate::verify`] gives them.
    pub fn read(claims: &[u8]) -> Result<Self, TimeProblem> {
        // A sequence would be read by position; claims are an object.
        if claims.trim_ascii_start().first() != Some(&b'{') {
            return Err(TimeProblem::Malformed);
        }
        serde_json::from_slice(claims).map_err(|_| TimeProblem::Malformed)
    }
}

/// Checks the times against `now` (Unix seconds): `exp` must be there and not have passed by more
/// than `leeway` seconds (at most 10, L-02); `nbf` and `iat` may be missing and lie at most 10
/// seconds in the future (FAPI 2.0 §5.3.2.1, L-01).
pub fn check_times(times: &Times, now: i64, leeway: i64) -> Result<(), TimeProblem> {
    let leeway = leeway.clamp(0, LEEWAY_SECONDS_MAX);
    let exp = times.exp.ok_or(TimeProblem::ExpMissing)?;
    let latest = now.saturating_add(FUTURE_SECONDS_MAX);
    if now >= exp.saturating_add(leeway) {
        return Err(TimeProblem::Expired);
    }
    if times.nbf.is_some_and(|nbf| nbf > latest) {
        return Err(TimeProblem::NotYet);
    }
    if times.iat.is_some_and(|iat| iat > latest) {
        return Err(TimeProblem::IssuedInFuture);
    }
    Ok(())
}

fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(NumericDate).map(Some)
}

struct NumericDate;

impl Visitor<'_> for NumericDate {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of seconds since 1970, before the year 10000")
    }

    fn visit_i64<E: Error>(self, seconds: i64) -> Result<i64, E> {
        if !(-SECONDS_MAX..=SECONDS_MAX).contains(&seconds) {
            return Err(E::custom("a time out of range"));
        }
        Ok(seconds)
    }

    fn visit_u64<E: Error>(self, seconds: u64) -> Result<i64, E> {
        self.visit_i64(i64::try_from(seconds).map_err(E::custom)?)
    }

    fn visit_f64<E: Error>(self, seconds: f64) -> Result<i64, E> {
        // A float's cast saturates; what is out of range stays out of range. NaN is not JSON.
        self.visit_i64(seconds.floor() as i64)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn times(exp: i64, nbf: i64, iat: i64) -> Times {
        Times {
            exp: Some(exp),
            nbf: Some(nbf),
            iat: Some(iat),
        }
    }

    #[test]
    fn eight_seconds_in_the_future_pass_and_sixty_two_do_not() {
        assert_eq!(
            check_times(&times(NOW + 60, NOW + 8, NOW + 8), NOW, 0),
            Ok(())
        );
        assert_eq!(
            check_times(&times(NOW + 60, NOW + 10, NOW + 10), NOW, 0),
            Ok(())
        );
        for late in [11, 62, 3_600] {
            let nbf = check_times(&times(NOW + 9_999, NOW + late, NOW), NOW, 10);
            assert_eq!(nbf, Err(TimeProblem::NotYet));
            let iat = check_times(&times(NOW + 9_999, NOW, NOW + late), NOW, 10);
            assert_eq!(iat, Err(TimeProblem::IssuedInFuture));
        }
    }

    #[test]
    fn a_passed_exp_is_refused_beyond_the_leeway() {
        let check = |exp, leeway| check_times(&times(exp, NOW, NOW), NOW, leeway);
        assert_eq!(check(NOW + 1, 0), Ok(()));
        assert_eq!(check(NOW, 0), Err(TimeProblem::Expired));
        assert_eq!(check(NOW - 9, 10), Ok(()));
        assert_eq!(check(NOW - 10, 10), Err(TimeProblem::Expired));
        assert_eq!(check(NOW - 300, 10), Err(TimeProblem::Expired));
        assert_eq!(
            check(NOW - 300, 3_600),
            Err(TimeProblem::Expired),
            "leeway is bounded"
        );
        assert_eq!(check(NOW + 1, -3_600), Ok(()), "and never negative");
    }

    #[test]
    fn nbf_and_iat_may_be_missing_and_exp_may_not() {
        let only_exp = Times {
            exp: Some(NOW + 1),
            ..Times::default()
        };
        assert_eq!(check_times(&only_exp, NOW, 0), Ok(()));
        assert_eq!(
            check_times(&Times::default(), NOW, 0),
            Err(TimeProblem::ExpMissing)
        );
    }

    #[test]
    fn times_are_numbers_and_nothing_else() {
        let read = |claims: &str| Times::read(claims.as_bytes());
        assert_eq!(
            read(r#"{"iss":"x","exp":1800000000,"nbf":1.5e9,"iat":1700000000.9}"#),
            Ok(times(1_800_000_000, 1_500_000_000, 1_700_000_000))
        );
        assert_eq!(read("{}"), Ok(Times::default()));
        for bad in [
            r#"{"exp":"1800000000"}"#,
            r#"{"exp":null}"#,
            r#"{"exp":true}"#,
            r#"{"exp":[1800000000]}"#,
            r#"{"exp":{}}"#,
            r#"{"exp":1e300}"#,
            r#"{"exp":-1e300}"#,
            r#"{"exp":18446744073709551615}"#,
            r#"{"exp":253402300800}"#,
            r#"{"exp":1,"exp":2}"#,
            r#"{"nbf":"0"}"#,
            r#"{"iat":null}"#,
            "[1800000000,0,0]",
            "",
            "null",
        ] {
            assert_eq!(read(bad), Err(TimeProblem::Malformed), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_claims_and_no_times_make_the_check_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..64),
            (exp, nbf, iat, now, leeway) in any::<(i64, i64, i64, i64, i64)>(),
        ) {
            let _ = Times::read(&bytes);
            let _ = check_times(&times(exp, nbf, iat), now, leeway);
        }
    }
}
