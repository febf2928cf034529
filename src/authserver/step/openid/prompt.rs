//! Whether the customer is to log in, and how lately (OIDC Core §3.1.2.1; OC-03).

use crate::denied::{Denied, RequestProblem};
use crate::request::authentication::Prompt;

/// The values of `prompt`. What the customer is asked for is always asked for, so that `consent`
/// changes nothing; an account is selected by logging in as its owner.
pub(super) fn read(prompt: Option<&str>) -> Result<Prompt, Denied> {
    let Some(prompt) = prompt else {
        return Ok(Prompt::AsNeeded);
    };
    let mut read = Prompt::AsNeeded;
    let mut count = 0_usize;
    for value in prompt.split(' ').filter(|value| !value.is_empty()) {
        count += 1;
        match value {
            "none" => read = Prompt::Never,
            "login" | "select_account" if read != Prompt::Never => read = Prompt::Again,
            "login" | "select_account" | "consent" => {}
            _ => return Err(Denied::Request(RequestProblem::Prompt)),
        }
    }
    // `none` stands alone.
    if read == Prompt::Never && count > 1 {
        return Err(Denied::Request(RequestProblem::Prompt));
    }
    Ok(read)
}

/// How old a log-in may be, in whole seconds.
pub(super) fn max_age(max_age: Option<&str>) -> Result<Option<u64>, Denied> {
    let Some(text) = max_age else {
        return Ok(None);
    };
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = text.parse().ok().filter(|_| is_number);
    let seconds = seconds.ok_or(Denied::Request(RequestProblem::MaxAge))?;
    Ok(Some(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oc_03_none_stands_alone_and_other_words_are_not_known() {
        for (text, expected) in [
            ("none", Some(Prompt::Never)),
            ("login", Some(Prompt::Again)),
            ("select_account", Some(Prompt::Again)),
            ("consent", Some(Prompt::AsNeeded)),
            ("consent login", Some(Prompt::Again)),
            (" ", Some(Prompt::AsNeeded)),
            ("none login", None),
            ("login none", None),
            ("consent none", None),
            ("none none", None),
            ("create", None),
            ("Login", None),
        ] {
            assert_eq!(read(Some(text)).ok(), expected, "{text:?}");
        }
        assert_eq!(read(None).ok(), Some(Prompt::AsNeeded));
    }

    #[test]
    fn max_age_is_a_number_of_seconds_and_nothing_else() {
        assert_eq!(max_age(None).ok(), Some(None));
        for (text, seconds) in [("0", 0), ("300", 300), ("18446744073709551615", u64::MAX)] {
            assert_eq!(max_age(Some(text)).ok(), Some(Some(seconds)), "{text}");
        }
        for bad in ["-1", "+1", "1.5", "a", "18446744073709551616", "1 "] {
            assert!(max_age(Some(bad)).is_err(), "{bad}");
        }
    }
}
