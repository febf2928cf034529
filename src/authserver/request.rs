//! An authorization request that was checked when it was pushed, as the store keeps it: read back,
//! it is believed, but for what a reload may have changed since.

pub(crate) mod authentication;
pub(crate) mod details;
pub(crate) mod pushed;

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use model::SignedRequest;
use model::ports::StoreUnavailable;

use self::authentication::{Authentication, Wanted};
use self::details::Details;
use crate::ResponseMode;

/// A checked authorization request (RFC 6749 §4.1.1, RFC 9126).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuthorizationRequest {
    pub(crate) redirect_uri: String,
    /// How the answer travels.
    #[serde(default)]
    pub(crate) response_mode: ResponseMode,
    pub(crate) state: Option<String>,
    /// Space-delimited (RFC 6749 §3.3); empty only where there are details.
    pub(crate) scope: String,
    /// What is asked for in detail (RFC 9396).
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub(crate) authorization_details: Details,
    /// What the tokens are to be for, where it is said (RFC 8707).
    pub(crate) resource: Option<String>,
    /// SHA-256 of the PKCE verifier, base64url.
    pub(crate) challenge: String,
    /// The thumbprint of the DPoP key that the code will be bound to, base64url (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
    /// The languages that the app asks for (OIDC Core §3.1.2.1).
    pub(crate) ui_locales: Option<String>,
    /// What is asked of the log-in.
    #[serde(default)]
    pub(crate) authentication: Authentication,
    /// The request as it came, where customers consent: evidence of what the app asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed: Option<SignedRequest>,
}

/// What a code is bound to (AZ-09), beside its client and its grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CodeBound {
    pub(crate) redirect_uri: String,
    pub(crate) challenge: String,
    /// The thumbprint of the DPoP key that must be proved with it, base64url (RFC 9449 §10).
    pub(crate) dpop_jkt: Option<String>,
    /// What the ID token repeats (OIDC Core §3.1.3.7).
    pub(crate) nonce: Option<String>,
}

/// What a customer allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Granted {
    /// Space-delimited; empty only where there are details.
    pub(crate) scope: String,
    /// What was granted in detail.
    #[serde(default, skip_serializing_if = "Details::is_empty")]
    pub(crate) authorization_details: Details,
    /// What the tokens are for; `None` for the bank's products.
    pub(crate) resource: Option<String>,
    /// When the customer logged in, in Unix seconds.
    pub(crate) auth_time: i64,
    /// How strongly.
    pub(crate) acr: Option<String>,
    /// Which of these the ID token says.
    #[serde(default)]
    pub(crate) id_token: Wanted,
    /// Which of these the userinfo endpoint says.
    #[serde(default)]
    pub(crate) userinfo: Wanted,
}

/// Bytes for the store.
pub(crate) fn to_store(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

/// What the store kept. What cannot be read is a store that does not answer.
pub(crate) fn from_store<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StoreUnavailable> {
    serde_json::from_slice(bytes).map_err(|cause| StoreUnavailable {
        doing: "reading back a grant",
        source: Some(Box::new(cause)),
    })
}

/// What a value in a query may not hold as it is: all but the characters of a query that mean
/// nothing there (RFC 3986 §3.4).
const IN_QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'*')
    .remove(b'(')
    .remove(b')')
    .remove(b',')
    .remove(b';')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

/// A value in a query.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    utf8_percent_encode(text, IN_QUERY).into()
}
