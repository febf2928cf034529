//! What an operation demands of a customer's log-in (RFC 9470).

use std::fmt;

/// How strong, and how recent, the log-in must be that a token was granted in. At least one of the
/// two is demanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DemandedLogIn {
    /// Which strengths are enough (`acr`, OIDC Core §2), the preferred first; empty: any is.
    pub acr_values: Vec<String>,
    /// How many seconds it may be ago.
    pub max_age_s: Option<u64>,
}

impl DemandedLogIn {
    /// Whether a log-in is enough, at this time in Unix seconds.
    pub fn is_met(&self, auth_time: i64, acr: Option<&str>, now: i64) -> bool {
        let is_strong = self.acr_values.is_empty()
            || acr.is_some_and(|acr| self.acr_values.iter().any(|enough| enough == acr));
        let ago = u64::try_from(now.saturating_sub(auth_time)).unwrap_or(0);
        is_strong && self.max_age_s.is_none_or(|max| ago <= max)
    }
}

/// As a challenge says it: `acr_values="a b", max_age="300"` (RFC 9470 §3).
impl fmt::Display for DemandedLogIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acr = self.acr_values.join(" ");
        match (acr.is_empty(), self.max_age_s) {
            (false, Some(max)) => write!(f, "acr_values=\"{acr}\", max_age=\"{max}\""),
            (false, None) => write!(f, "acr_values=\"{acr}\""),
            (true, Some(max)) => write!(f, "max_age=\"{max}\""),
            (true, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demanded(acr_values: &[&str], max_age_s: Option<u64>) -> DemandedLogIn {
        DemandedLogIn {
            acr_values: acr_values.iter().map(|acr| (*acr).to_owned()).collect(),
            max_age_s,
        }
    }

    #[test]
    fn a_log_in_is_enough_when_it_is_strong_and_recent_enough() {
        let both = demanded(&["loa3", "loa2"], Some(60));
        for (auth_time, acr, is_met) in [
            (1_000, Some("loa2"), true),
            (1_000, Some("loa3"), true),
            (1_000, Some("loa1"), false),
            (1_000, Some("loa2 loa3"), false),
            (1_000, None, false),
            (999, Some("loa2"), false),
            // Of the future, as far as clocks differ.
            (1_065, Some("loa2"), true),
            (i64::MIN, Some("loa2"), false),
        ] {
            assert_eq!(
                both.is_met(auth_time, acr, 1_060),
                is_met,
                "{auth_time} {acr:?}"
            );
        }
        assert!(demanded(&[], Some(0)).is_met(5, None, 5));
        assert!(!demanded(&[], Some(0)).is_met(4, Some("loa3"), 5));
        assert!(demanded(&["loa2"], None).is_met(0, Some("loa2"), i64::MAX));
    }

    #[test]
    fn a_challenge_says_what_is_demanded() {
        for (demanded, says) in [
            (
                demanded(&["a", "b"], Some(300)),
                "acr_values=\"a b\", max_age=\"300\"",
            ),
            (demanded(&["a"], None), "acr_values=\"a\""),
            (demanded(&[], Some(0)), "max_age=\"0\""),
        ] {
            assert_eq!(demanded.to_string(), says);
        }
    }
}
