//! What is kept as evidence of a customer's decision.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{By, Edge};

/// What was kept when a consent took an edge. Its number is its place among those of its consent,
/// which the store gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// The edge.
    pub edge: Edge,
    /// When.
    pub at: Timestamp,
    /// Who took it.
    pub by: By,
    /// SHA-256 of the texts that were in force: the consent catalogue and the pages' templates.
    pub text_version: [u8; 32],
    /// A [`Shown`], sealed by the key-encryption key; at most 256 KiB.
    pub sealed: Vec<u8>,
}

/// What a customer was shown, and what they answered: the plain part of an [`Evidence`]. It names
/// people and accounts, so it is kept sealed, and written nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shown {
    /// The page, byte for byte as it was sent.
    pub page: String,
    /// Its language (BCP 47).
    pub language: String,
    /// What the customer's form said, in its order.
    pub choices: Vec<(String, String)>,
    /// The second factor, where one was asked for.
    pub factor: Option<FactorResult>,
    /// What the partner sent.
    pub request: SignedRequest,
}

/// The partner's authorization request, as it came.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum SignedRequest {
    /// A signed request object, compact (RFC 9101).
    Jar(String),
    /// The form that was pushed (RFC 9126 §2.1).
    Form(String),
}

/// What became of a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactorResult {
    /// How it was asked for, as the bank names it.
    pub method: String,
    /// When it was good.
    pub at: Timestamp,
    /// SHA-256 of the values that it was bound to.
    pub over: [u8; 32],
    /// The bank's reference of it.
    pub reference: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(request: SignedRequest) -> Shown {
        Shown {
            page: "<!doctype html>\u{0}\u{2028}界".to_owned(),
            language: "zh-CN".to_owned(),
            choices: vec![
                ("account".to_owned(), "1".to_owned()),
                ("account".to_owned(), "2".to_owned()),
            ],
            factor: Some(FactorResult {
                method: "one-time code".to_owned(),
                at: Timestamp::new(1_800_000_000, 123_456_789).expect("in range"),
                over: [9; 32],
                reference: "r-1".to_owned(),
            }),
            request,
        }
    }

    #[test]
    fn what_was_shown_reads_back_as_it_was_written() {
        for request in [
            SignedRequest::Jar("e30.e30.c2ln".to_owned()),
            SignedRequest::Form("scope=a+b&x=%20".to_owned()),
        ] {
            let full = shown(request);
            let bare = Shown {
                choices: Vec::new(),
                factor: None,
                ..full.clone()
            };
            for one in [full, bare] {
                let text = serde_json::to_string(&one).expect("writes");
                let read: Shown = serde_json::from_str(&text).expect("reads");
                assert!(read == one, "{text}");
            }
        }
    }

    #[test]
    fn what_is_not_known_is_not_read() {
        let text = serde_json::to_string(&shown(SignedRequest::Jar(String::new())));
        let text = text.expect("writes");
        for (whole, broken) in [
            ("{", "{\"more\":1,"),
            ("\"page\"", "\"leaf\""),
            ("\"jar\"", "\"tin\""),
            ("\"method\"", "\"more\":1,\"method\""),
        ] {
            assert!(text.contains(whole), "{whole}");
            let broken = text.replacen(whole, broken, 1);
            assert!(serde_json::from_str::<Shown>(&broken).is_err(), "{broken}");
        }
    }
}
