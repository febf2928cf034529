//! What a request asks of the customer's log-in, and wants to be told of it (OIDC Core §3.1.2.1,
//! §5.5), as it was checked when it was pushed.

use serde::{Deserialize, Serialize};

/// What is asked, as the store keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Authentication {
    /// What stands in the ID token as it was sent.
    pub(crate) nonce: Option<String>,
    pub(crate) prompt: Prompt,
    /// How old a log-in may be, in seconds.
    pub(crate) max_age: Option<u64>,
    /// What the customer may be called at the log-in.
    pub(crate) login_hint: Option<String>,
    /// Of each of these lists one must be the customer's `sub`.
    pub(crate) subjects: Vec<Vec<String>>,
    /// Of each of these lists one must be the log-in's `acr`.
    pub(crate) essential_acr: Vec<Vec<String>>,
    /// The log-in's `acr` had better be one of these: whoever is logged in otherwise is asked once
    /// more, and then any will do (RFC 9470 §4; OIDC Core §3.1.2.1).
    pub(crate) wished_acr: Vec<String>,
    /// What the ID token is to say.
    pub(crate) id_token: Wanted,
    /// What the userinfo endpoint is to say.
    pub(crate) userinfo: Wanted,
}

/// Whether the customer is asked to log in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Prompt {
    /// Whoever is not logged in.
    #[default]
    AsNeeded,
    /// Nobody: nothing is shown, the app is told.
    Never,
    /// Everybody, logged in or not.
    Again,
}

/// Claims that are given only to whoever asks for them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wanted {
    pub(crate) auth_time: bool,
    pub(crate) acr: bool,
    /// The id of the consent, under the name that OBIE gives it (Read/Write API v4, security
    /// profile): an app that asked for a consent first holds it against the one it named.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) openbanking_intent_id: bool,
}

impl Authentication {
    /// The log-ins that would do, those first that must, as another server is asked for one of them
    /// (OIDC Core §3.1.2.1, `acr_values`); empty where any does.
    pub(crate) fn acr_values(&self) -> String {
        let mut values: Vec<&str> = self
            .essential_acr
            .iter()
            .flatten()
            .chain(&self.wished_acr)
            .map(String::as_str)
            .collect();
        values.dedup();
        values.join(" ")
    }
}
