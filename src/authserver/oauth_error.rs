//! What is told: the one mapping to OAuth errors (RFC 6749 §5.2). The matches are exhaustive, so
//! that a new reason does not compile until it has a status, a code and words.

mod details;

use http::header::{ALLOW, CACHE_CONTROL, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use crypto::TimeProblem;
use model::{CertificateProblem, ProofProblem, Refusal, Response};
use web::FormProblem;

use crate::denied::{AssertionProblem, Denied, GrantProblem, ObjectProblem, RequestProblem};

/// After how many seconds a client may try again when we failed.
const RETRY_AFTER_S: &str = "1";

/// How much of a client's own text we repeat.
const ECHO_CHARS_MAX: usize = 64;

const DPOP_NONCE: HeaderName = HeaderName::from_static("dpop-nonce");

/// An OAuth error, decided.
pub(crate) struct OauthError {
    /// The status.
    pub(crate) status: StatusCode,
    /// The code of RFC 6749 §5.2.
    pub(crate) code: &'static str,
    /// What was expected, in words.
    pub(crate) description: String,
    /// A header that belongs to it.
    header: Option<(HeaderName, HeaderValue)>,
}

#[derive(Serialize)]
struct Document<'a> {
    error: &'a str,
    error_description: &'a str,
}

impl OauthError {
    /// The error for a reason. 401 stands for `invalid_client` alone (CA-05).
    pub(crate) fn of(denied: &Denied) -> Self {
        let (status, code) = code(denied);
        Self {
            status,
            code,
            description: printable(&description(denied)),
            header: header(denied),
        }
    }

    /// The error as the client sees it: JSON, not to be stored (TK-01).
    pub(crate) fn into_response(self) -> Response {
        let document = Document {
            error: self.code,
            error_description: &self.description,
        };
        let mut response = web::json(self.status, &document);
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
        if let Some((name, value)) = self.header {
            headers.insert(name, value);
        }
        response
    }
}

/// A suspended partner is `unauthorized_client`, not `invalid_client`: its client did prove who it
/// is, and 401 would send it looking for other keys. A certificate that is bad or another
/// partner's is `invalid_client` (MT-03); none at all is a request that lacks something (MT-05).
fn code(denied: &Denied) -> (StatusCode, &'static str) {
    match denied {
        Denied::Method => (StatusCode::METHOD_NOT_ALLOWED, "invalid_request"),
        Denied::Form(FormProblem::TooLarge { .. }) => {
            (StatusCode::PAYLOAD_TOO_LARGE, "invalid_request")
        }
        Denied::Form(
            FormProblem::MediaType
            | FormProblem::TooMany
            | FormProblem::NotUtf8
            | FormProblem::BrokenOff,
        )
        | Denied::Repeated { .. }
        | Denied::Missing { .. }
        | Denied::SeveralMethods
        | Denied::OthersToken
        | Denied::NoCertificate => (StatusCode::BAD_REQUEST, "invalid_request"),
        Denied::Request(problem) => code_of_request(*problem),
        // RFC 9449 §5, §8 (DP-08, DP-09).
        Denied::Proof { problem, .. } if problem.wants_nonce() => {
            (StatusCode::BAD_REQUEST, "use_dpop_nonce")
        }
        Denied::Proof { .. } => (StatusCode::BAD_REQUEST, "invalid_dpop_proof"),
        Denied::Object(_) => (StatusCode::BAD_REQUEST, "invalid_request_object"),
        Denied::Details { .. } => (StatusCode::BAD_REQUEST, "invalid_authorization_details"),
        Denied::Grant(_) => (StatusCode::BAD_REQUEST, "invalid_grant"),
        Denied::NoAssertion { .. }
        | Denied::AssertionType
        | Denied::Assertion(_)
        | Denied::Credentials
        | Denied::OtherCertificate
        | Denied::OtherClientId
        | Denied::Replayed
        | Denied::Certificate(_)
        | Denied::OthersCertificate => (StatusCode::UNAUTHORIZED, "invalid_client"),
        Denied::PartnerSuspended | Denied::NoGrant | Denied::ResourceServer => {
            (StatusCode::BAD_REQUEST, "unauthorized_client")
        }
        Denied::GrantType => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
        Denied::ScopeMalformed
        | Denied::ScopeOpenId
        | Denied::ScopeTooWide
        | Denied::TokenTooLong => (StatusCode::BAD_REQUEST, "invalid_scope"),
        Denied::Target => (StatusCode::BAD_REQUEST, "invalid_target"),
        Denied::Store(_) | Denied::Audit | Denied::TooSlow => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        Denied::Signing(_) => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    }
}

fn code_of_request(problem: RequestProblem) -> (StatusCode, &'static str) {
    match problem {
        RequestProblem::UriGiven
        | RequestProblem::NoObject
        | RequestProblem::DpopKey
        | RequestProblem::OtherDpopKey
        | RequestProblem::ResponseMode
        | RequestProblem::RedirectUri
        | RequestProblem::State
        | RequestProblem::Challenge
        | RequestProblem::ChallengeMethod
        | RequestProblem::Nonce
        | RequestProblem::Prompt
        | RequestProblem::MaxAge
        | RequestProblem::Claims
        | RequestProblem::Hint
        | RequestProblem::TooLong => (StatusCode::BAD_REQUEST, "invalid_request"),
        RequestProblem::Registration => (StatusCode::BAD_REQUEST, "registration_not_supported"),
        RequestProblem::ResponseType => (StatusCode::BAD_REQUEST, "unsupported_response_type"),
        RequestProblem::TooMany => (StatusCode::TOO_MANY_REQUESTS, "temporarily_unavailable"),
    }
}

fn header(denied: &Denied) -> Option<(HeaderName, HeaderValue)> {
    match denied {
        Denied::Method => Some((ALLOW, HeaderValue::from_static("POST"))),
        // RFC 6749 §5.2: an answer in the scheme that the client used.
        Denied::NoAssertion {
            scheme: Some(scheme),
        } => Some((WWW_AUTHENTICATE, HeaderValue::from_static(scheme))),
        Denied::Proof {
            nonce: Some(nonce), ..
        } => Some((DPOP_NONCE, nonce.clone())),
        Denied::Store(_)
        | Denied::Audit
        | Denied::TooSlow
        | Denied::Request(RequestProblem::TooMany)
        | Denied::Signing(_) => Some((RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S))),
        Denied::NoAssertion { scheme: None }
        | Denied::Form(_)
        | Denied::Repeated { .. }
        | Denied::Missing { .. }
        | Denied::SeveralMethods
        | Denied::AssertionType
        | Denied::Assertion(_)
        | Denied::Credentials
        | Denied::OtherCertificate
        | Denied::OtherClientId
        | Denied::Replayed
        | Denied::PartnerSuspended
        | Denied::ResourceServer
        | Denied::NoCertificate
        | Denied::Certificate(_)
        | Denied::OthersCertificate
        | Denied::Proof { nonce: None, .. }
        | Denied::GrantType
        | Denied::NoGrant
        | Denied::ScopeMalformed
        | Denied::ScopeOpenId
        | Denied::ScopeTooWide
        | Denied::TokenTooLong
        | Denied::Target
        | Denied::Request(_)
        | Denied::Object(_)
        | Denied::Details { .. }
        | Denied::Grant(_)
        | Denied::OthersToken => None,
    }
}

const NO_CERTIFICATE: &str = "Tokens are bound to a client certificate: show one, at the \
    token_endpoint of mtls_endpoint_aliases.";
const OTHER_CERTIFICATE: &str = "No registered client of this client_id proves itself by this \
    certificate: check client_id, the registered method, and that the certificate is good at this \
    bank and bears the registered name or key.";

fn description(denied: &Denied) -> String {
    let text = match denied {
        Denied::Method => "This endpoint takes POST only.",
        Denied::Form(problem) => return sentence(problem),
        Denied::Repeated { name } => return repeated(name),
        Denied::Missing { parameter } => {
            return format!("The parameter {parameter} is required.");
        }
        Denied::SeveralMethods => {
            "Use the one way to authenticate that the client is registered with, without an \
             Authorization header and without client_secret."
        }
        Denied::NoAssertion { .. } => {
            "This server authenticates clients by private_key_jwt: send client_assertion and \
             client_assertion_type; or by a client certificate: show it, and send client_id."
        }
        Denied::AssertionType => {
            "client_assertion_type must be urn:ietf:params:oauth:client-assertion-type:jwt-bearer."
        }
        Denied::Assertion(problem) => assertion(*problem),
        Denied::Credentials => {
            "No registered client has a key that made this assertion: check sub, the kid and alg \
             of the header, and the registered keys."
        }
        Denied::OtherCertificate => OTHER_CERTIFICATE,
        Denied::OtherClientId => "client_id and the assertion's sub must name the same client.",
        Denied::Replayed => "The assertion's jti was used before: make a new one per request.",
        Denied::PartnerSuspended => "The partner of this client is suspended.",
        Denied::ResourceServer => {
            "A resource server asks about tokens at the introspection_endpoint, and nothing else."
        }
        Denied::NoCertificate => NO_CERTIFICATE,
        Denied::Certificate(problem) => certificate(*problem),
        Denied::OthersCertificate => {
            "The client certificate and the client must belong to the same partner."
        }
        Denied::Proof { problem, .. } => proof(*problem),
        Denied::GrantType => "grant_type must be one of grant_types_supported.",
        Denied::NoGrant => "This grant is not open to this client.",
        Denied::ScopeMalformed => {
            "scope must be a list of at most 64 scopes with single spaces between them."
        }
        Denied::ScopeOpenId => "openid is no scope of client_credentials: there is no user.",
        Denied::ScopeTooWide => "scope holds what is not open to this client.",
        Denied::TokenTooLong => {
            "A token holds scope and authorization_details of 16384 bytes together, and has 24576 \
             itself at most: ask for less at once."
        }
        Denied::Target => {
            "resource must be what an agreement of the client reaches and that the grant is for."
        }
        Denied::Request(problem) => request(*problem),
        Denied::Object(problem) => object(*problem),
        Denied::Details { problem, place } => return details::description(*problem, place),
        Denied::Grant(problem) => grant(*problem),
        Denied::OthersToken => "The token was not issued to this client.",
        Denied::Store(_) | Denied::Audit => {
            "The server cannot keep its records right now. Try again soon, with a new assertion."
        }
        Denied::TooSlow => {
            "The request was not decided in time. Try again soon, with a new assertion."
        }
        Denied::Signing(_) => "Something broke inside the server.",
    };
    text.to_owned()
}

fn repeated(name: &str) -> String {
    let name: String = name.chars().take(ECHO_CHARS_MAX).collect();
    format!("The parameter {name} must not stand more than once.")
}

fn assertion(problem: AssertionProblem) -> &'static str {
    match problem {
        AssertionProblem::Malformed => {
            "client_assertion must be a JWS in compact form of at most 8192 bytes, without crit \
             and without keys in its header."
        }
        AssertionProblem::Typ => {
            "typ of the assertion must be absent, JWT or client-authentication+jwt."
        }
        AssertionProblem::Algorithm => "alg of the assertion must be PS256, ES256 or EdDSA.",
        AssertionProblem::Subject => "sub of the assertion must be the client_id.",
        AssertionProblem::Issuer => "iss and sub of the assertion must both be the client_id.",
        AssertionProblem::Audience => {
            "aud of the assertion must be the issuer of this server, as one string."
        }
        AssertionProblem::Times(TimeProblem::Malformed) => {
            "exp, nbf and iat of the assertion must be numbers."
        }
        AssertionProblem::Times(TimeProblem::ExpMissing) => "exp of the assertion is required.",
        AssertionProblem::Times(TimeProblem::Expired) => "exp of the assertion has passed.",
        AssertionProblem::Times(TimeProblem::NotYet) => "nbf of the assertion is in the future.",
        AssertionProblem::Times(TimeProblem::IssuedInFuture) => {
            "iat of the assertion is in the future."
        }
        AssertionProblem::LivesTooLong => "exp of the assertion must be at most 300 seconds ahead.",
        AssertionProblem::Jti => "jti of the assertion must be a string of 1 to 128 characters.",
    }
}

fn request(problem: RequestProblem) -> &'static str {
    match problem {
        RequestProblem::UriGiven => "request_uri is given out here, not taken.",
        RequestProblem::NoObject => {
            "Requests are signed here: push a request object, in the parameter request."
        }
        RequestProblem::DpopKey => {
            "dpop_jkt must be the SHA-256 thumbprint of a key in base64url: 43 characters."
        }
        RequestProblem::OtherDpopKey => {
            "dpop_jkt must be the thumbprint of the key that made the DPoP proof beside it."
        }
        RequestProblem::ResponseType => "response_type must be code.",
        RequestProblem::ResponseMode => {
            "response_mode must be query, as it is when absent, or jwt, and open to this client."
        }
        RequestProblem::RedirectUri => {
            "redirect_uri must be one that is registered for this client, to the letter."
        }
        RequestProblem::State => {
            "state must be at most 2048 visible ASCII characters and spaces, and 5000 bytes with \
             redirect_uri once it is escaped."
        }
        RequestProblem::Challenge => {
            "code_challenge must be the SHA-256 of the code_verifier in base64url: 43 characters."
        }
        RequestProblem::ChallengeMethod => "code_challenge_method must be S256.",
        RequestProblem::Nonce => "nonce must be at most 512 characters.",
        RequestProblem::Prompt => {
            "prompt must be none alone, or any of login, consent and select_account."
        }
        RequestProblem::MaxAge => "max_age must be a number of seconds.",
        RequestProblem::Claims => {
            "claims must be a JSON object of at most 8192 bytes whose members id_token and              userinfo name claims, each with null or an object of essential, value and values."
        }
        RequestProblem::Hint => {
            "id_token_hint must be an ID token that this issuer gave this client."
        }
        RequestProblem::Registration => "Clients are registered by the bank, not by a request.",
        RequestProblem::TooLong => "The request is too long to be kept: 61440 bytes at most.",
        RequestProblem::TooMany => {
            "This client has too many pushed requests that nobody has opened. Try again later."
        }
    }
}

fn object(problem: ObjectProblem) -> &'static str {
    match problem {
        ObjectProblem::Malformed => {
            "request must be a JWS in compact form of at most 32768 bytes, without crit and without \
             keys in its header, and no parameter in it null."
        }
        ObjectProblem::Typ => {
            "typ of the request object must be absent, oauth-authz-req+jwt or JWT."
        }
        ObjectProblem::Algorithm => {
            "alg of the request object must be PS256, ES256 or EdDSA, and that of a registered key \
             of this client."
        }
        ObjectProblem::Signature => {
            "No registered key of this client made the request object: check kid and the keys."
        }
        ObjectProblem::Issuer => "iss of the request object must be the client_id.",
        ObjectProblem::ClientId => "client_id in the request object must be that of the client.",
        ObjectProblem::Audience => {
            "aud of the request object must be the issuer of this server, alone or in a list."
        }
        ObjectProblem::Subject => {
            "sub of the request object must not be the client: that is for assertions."
        }
        ObjectProblem::Times(TimeProblem::Malformed) => {
            "exp, nbf and iat of the request object must be numbers."
        }
        ObjectProblem::Times(TimeProblem::ExpMissing) => "exp of the request object is required.",
        ObjectProblem::Times(TimeProblem::Expired) => "exp of the request object has passed.",
        ObjectProblem::Times(TimeProblem::NotYet) => "nbf of the request object is in the future.",
        ObjectProblem::Times(TimeProblem::IssuedInFuture) => {
            "iat of the request object is in the future."
        }
        ObjectProblem::NbfMissing => "nbf of the request object is required.",
        ObjectProblem::LivesTooLong => {
            "nbf of the request object must be at most 3600 seconds ago, and exp at most 3600 \
             seconds after it."
        }
        ObjectProblem::Nested => "A request object holds neither request nor request_uri.",
        ObjectProblem::Jti => "jti of the request object must be 1 to 128 characters.",
        ObjectProblem::Replayed => {
            "The request object's jti was used before: make a new one per request."
        }
    }
}

fn grant(problem: GrantProblem) -> &'static str {
    match problem {
        GrantProblem::Code => {
            "The code is unknown, used, expired, or was not issued to this client: codes are good \
             once, for 60 seconds."
        }
        GrantProblem::OtherRedirectUri => "redirect_uri must be that of the authorization request.",
        GrantProblem::Verifier => {
            "code_verifier must be the 43 to 128 characters that the code_challenge was made of."
        }
        GrantProblem::OtherKey => {
            "The code is bound to a DPoP key: send a proof that this key made."
        }
        GrantProblem::RefreshToken => {
            "The refresh token is unknown, revoked, expired, or was not issued to this client."
        }
        GrantProblem::NothingLeft => {
            "Nothing of what the customer granted is open to this client now: its agreements with \
             the bank have ended, or changed."
        }
    }
}

fn proof(problem: ProofProblem) -> &'static str {
    match problem {
        ProofProblem::Missing => {
            "The tokens of this client are bound to a DPoP key: send a proof in a DPoP header."
        }
        other => web::detail(&Refusal::Proof(other)),
    }
}

fn certificate(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::UnknownIssuer => {
            "The client certificate was not issued by an authority of this bank."
        }
        CertificateProblem::OutsideValidity => {
            "The client certificate is not valid yet, or no longer."
        }
        CertificateProblem::NotForClients => {
            "The client certificate lacks the extended key usage clientAuth."
        }
        CertificateProblem::Revoked => "The client certificate is revoked.",
        CertificateProblem::RevocationUnknown => {
            "The server cannot tell whether the client certificate is revoked."
        }
        CertificateProblem::NoPartner => {
            "No partner of this bank is known by the organizationIdentifier, the subject or a \
             subjectAltName of the client certificate."
        }
        CertificateProblem::SeveralPartners => {
            "The client certificate bears names of several partners; it must name one."
        }
        CertificateProblem::NotAnOperator => "The client certificate is not an operator's.",
        CertificateProblem::Malformed => "The client certificate cannot be read.",
        CertificateProblem::ChainTooLong => "The client certificate's chain is too long.",
    }
}

fn sentence(words: &impl ToString) -> String {
    let words = words.to_string();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

/// Only %x20-21 / %x23-5B / %x5D-7E may stand in a description (RFC 6749 §5.2; TK-01).
fn printable(text: &str) -> String {
    let allowed = |c: char| matches!(c, ' '..='!' | '#'..='[' | ']'..='~');
    text.chars()
        .map(|c| if allowed(c) { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tk_01_a_description_holds_no_character_that_oauth_forbids() {
        let error = OauthError::of(&Denied::Repeated {
            name: format!("a\"\\\r\nü{}", "x".repeat(200)),
        });
        assert_eq!(
            error.description,
            format!(
                "The parameter a?????{} must not stand more than once.",
                "x".repeat(58)
            )
        );
    }

    #[test]
    fn words_of_other_rooms_become_sentences() {
        let error = OauthError::of(&Denied::Form(FormProblem::MediaType));
        assert_eq!(
            error.description,
            "The Content-Type must be application/x-www-form-urlencoded."
        );
    }
}
