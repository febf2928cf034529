//! Security profiles as data: what an issuer demands of an authorization request, what it offers,
//! how long what it gives out is good. Code asks the profile for the one thing it needs to know,
//! never which profile it is, so that two issuers of one process may have different ones.
//!
//! Signed requests and signed responses are taken under each profile. The FAPI 2.0 Security Profile
//! demands neither and forbids neither (§5.3), and whoever signs where it need not only gives and
//! gets more proof; what Message Signing adds for requests is that none comes without (§5.3.1), and
//! that introspection is answered with a signature where one is asked for (§5.5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crypto::Algorithm;

/// How an authorization response travels (OAuth 2.0 Multiple Response Types §2.1, JARM §2.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// Its parameters stand in the query of the redirect URI.
    #[default]
    Query,
    /// One parameter of that query, `response`, is a JWT that holds them.
    Jwt,
}

impl ResponseMode {
    /// Each of them.
    pub const ALL: [Self; 2] = [Self::Query, Self::Jwt];

    /// The mode of this name: a code comes in the query, whether signed or not (JARM §2.3).
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let is_named = |mode: &Self| mode.names().contains(&name);
        Self::ALL.into_iter().find(is_named)
    }

    /// What it is called in requests and metadata; the last is that of settings.
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::Query => &["query"],
            Self::Jwt => &["query.jwt", "jwt"],
        }
    }
}

/// What holds for all clients of an issuer.
#[derive(Debug, PartialEq, Eq)]
pub struct Profile {
    /// As it is written in settings.
    pub name: &'static str,
    /// Whether an authorization request must be a signed object (FAPI 2.0 Message Signing §5.3.1;
    /// JA-01).
    pub require_signed_request_object: bool,
    /// How responses may be asked for; a request that asks for none is answered by `query`.
    pub response_modes: &'static [ResponseMode],
    /// Whether introspection answers with a JWT whoever asks for one (FAPI 2.0 Message Signing
    /// §5.5, RFC 9701).
    pub signs_introspection: bool,
    /// How long a code is good: at most 60 s (FAPI 2.0 §5.3.2.1; L-06).
    pub code_lifetime: Duration,
    /// How long a pushed request waits to be opened: under 600 s (FAPI 2.0 §5.3.2.2; L-07).
    pub request_uri_lifetime: Duration,
    /// How long a signed response is good: 10 s to 10 min (JARM §2.1; L-14).
    pub response_lifetime: Duration,
    /// With what clients may sign (FAPI 2.0 §5.4.1; C-01).
    pub algorithms: &'static [Algorithm],
}

/// The FAPI 2.0 Security Profile.
pub static FAPI2: Profile = Profile {
    name: "fapi2",
    require_signed_request_object: false,
    response_modes: &ResponseMode::ALL,
    signs_introspection: false,
    code_lifetime: Duration::from_mins(1),
    request_uri_lifetime: Duration::from_secs(90),
    response_lifetime: Duration::from_mins(2),
    algorithms: &[Algorithm::Ps256, Algorithm::Es256, Algorithm::EdDsa],
};

/// The same with FAPI 2.0 Message Signing.
pub static FAPI2_MESSAGE_SIGNING: Profile = Profile {
    name: "fapi2_message_signing",
    require_signed_request_object: true,
    signs_introspection: true,
    ..FAPI2
};

impl Profile {
    /// Each of them.
    pub const ALL: [&'static Self; 2] = [&FAPI2, &FAPI2_MESSAGE_SIGNING];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lifetime_of_every_profile_is_within_its_rule() {
        for profile in Profile::ALL {
            let seconds = |lifetime: Duration| lifetime.as_secs();
            assert!(seconds(profile.code_lifetime) <= 60, "L-06");
            assert!(
                (5..600).contains(&seconds(profile.request_uri_lifetime)),
                "L-07"
            );
            assert!(
                (10..=600).contains(&seconds(profile.response_lifetime)),
                "L-14"
            );
        }
    }
}
