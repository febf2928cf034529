//! A token that has been made and not yet told to anybody (RFC 6749 §5.1; TK-01, TK-06).

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderValue, StatusCode};
use serde::Serialize;

use model::ports::Receipt;
use model::{Response, SealedDetails};

use crate::request::details::Details;
use crate::token::access::AccessToken;

/// A token on its way to evidence.
pub(crate) struct Issued {
    pub(crate) token: AccessToken,
    /// The scheme that it is sent in: `Bearer` or `DPoP`.
    pub(crate) token_type: &'static str,
    pub(crate) scope: String,
    pub(crate) details: Details,
    /// The same, as records tell of it.
    pub(crate) sealed: Option<SealedDetails>,
    /// SHA-256 of the id of the customer's grant, where there is one.
    pub(crate) grant: Option<[u8; 32]>,
    /// Never logged.
    pub(crate) refresh_token: Option<String>,
    /// Never logged.
    pub(crate) id_token: Option<String>,
}

#[derive(Serialize)]
struct Document<'a> {
    access_token: &'a str,
    token_type: &'a str,
    expires_in: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    scope: &'a str,
    #[serde(skip_serializing_if = "Details::is_empty")]
    authorization_details: &'a Details,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<&'a str>,
}

impl Issued {
    /// The answer. The receipt is the only way to it: no token without evidence (P4).
    pub(crate) fn into_response(self, _evidence: Receipt) -> Response {
        let document = Document {
            access_token: &self.token.text,
            token_type: self.token_type,
            expires_in: self.token.expires_in,
            scope: &self.scope,
            authorization_details: &self.details,
            refresh_token: self.refresh_token.as_deref(),
            id_token: self.id_token.as_deref(),
        };
        let mut response = web::json(StatusCode::OK, &document);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        response
    }
}
