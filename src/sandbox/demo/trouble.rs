//! What may go otherwise between a demo app and its bank.

use model::ports::FetchFailed;
use serde_json::Value;

/// The longest code of the bank's that is shown, in characters.
const CODE_CHARS_MAX: usize = 64;

/// Why the bank did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Trouble {
    /// No answer came, or none in time.
    #[error("the bank did not answer")]
    NoAnswer,
    /// An answer that is not what the standards say.
    #[error("the bank's answer cannot be read")]
    Unreadable,
    /// An error of OAuth (RFC 6749 §4.1.2.1, §5.2), by its code.
    #[error("the bank's issuer says {0}")]
    Error(String),
    /// A refusal of an API (RFC 9457), by its code.
    #[error("the bank's API says {0}")]
    Refused(String),
    /// Somebody comes back who was not sent, or was sent too long ago: `state` is another.
    #[error("the way back is not one that was asked for")]
    NotOurs,
    /// Who sends the customer back is not the bank that was asked (RFC 9207 §2.4).
    #[error("another issuer than the bank's sends the customer back")]
    OtherIssuer,
}

/// Refusals and errors that say that the customer's permission is no more.
const ENDED: [&str; 5] = [
    "consent_withdrawn",
    "consent_expired",
    "no_consent",
    "bad_token",
    "invalid_grant",
];

impl Trouble {
    /// The error of an answer from the token endpoint and its kin.
    pub(super) fn of_issuer(body: &[u8]) -> Self {
        code(body, "error").map_or(Self::Unreadable, Self::Error)
    }

    /// The refusal of an API: a problem document's own member `code`.
    pub(super) fn of_api(body: &[u8]) -> Self {
        code(body, "code").map_or(Self::Unreadable, Self::Refused)
    }

    /// The error that a customer was sent back with.
    pub(super) fn sent_back(error: &str) -> Self {
        readable(error).map_or(Self::Unreadable, Self::Error)
    }

    /// Its code: the bank's where there is one.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::NoAnswer => "no_answer",
            Self::Unreadable => "unreadable",
            Self::Error(code) | Self::Refused(code) => code,
            Self::NotOurs => "other_state",
            Self::OtherIssuer => "other_issuer",
        }
    }

    /// Whether the tokens at hand are good for nothing any more.
    pub(super) fn ends_the_permission(&self) -> bool {
        matches!(self, Self::Error(code) | Self::Refused(code) if ENDED.contains(&code.as_str()))
    }
}

impl From<FetchFailed> for Trouble {
    fn from(failed: FetchFailed) -> Self {
        match failed {
            FetchFailed::TooLong { .. } => Self::Unreadable,
            FetchFailed::NotListed { .. } | FetchFailed::TimedOut | FetchFailed::Broken { .. } => {
                Self::NoAnswer
            }
        }
    }
}

fn code(body: &[u8], member: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    readable(body.get(member)?.as_str()?)
}

/// A code as the standards write them: letters, digits, `_`, `-` and `.`.
fn readable(code: &str) -> Option<String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_code = (1..=CODE_CHARS_MAX).contains(&code.len()) && code.chars().all(fits);
    is_code.then(|| code.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_shown_and_nothing_else_of_an_answer() {
        let refused = Trouble::of_api(br#"{"code":"consent_withdrawn","detail":"x"}"#);
        assert_eq!(refused.code(), "consent_withdrawn");
        assert!(refused.ends_the_permission());
        let error = Trouble::of_issuer(br#"{"error":"invalid_scope"}"#);
        assert_eq!(error, Trouble::Error("invalid_scope".to_owned()));
        assert!(!error.ends_the_permission());
        for odd in [
            &b"<p>"[..],
            b"{}",
            br#"{"code":1,"error":[]}"#,
            br#"{"code":"<b>","error":"a b"}"#,
            br#"{"code":"","error":""}"#,
        ] {
            assert_eq!(Trouble::of_api(odd), Trouble::Unreadable);
            assert_eq!(Trouble::of_issuer(odd), Trouble::Unreadable);
        }
        assert_eq!(Trouble::sent_back(&"a".repeat(65)), Trouble::Unreadable);
    }
}
