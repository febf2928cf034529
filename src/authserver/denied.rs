//! Why a request to an OAuth endpoint was not granted: facts. How each is told stands once, in
//! `oauth_error.rs`.

use http::HeaderValue;

use crypto::{SignFailed, TimeProblem};
use model::ports::StoreUnavailable;
use model::{CertificateProblem, ProofProblem};
use web::FormProblem;

use crate::request::details::DetailsProblem;

/// One variant for each thing that the client would do differently.
#[derive(Debug)]
pub(crate) enum Denied {
    /// Another method than POST.
    Method,
    /// The body is no form, or too long.
    Form(FormProblem),
    /// A known parameter stands more than once.
    Repeated { name: String },
    /// A required parameter is missing.
    Missing { parameter: &'static str },
    /// More than one way of authenticating.
    SeveralMethods,
    /// No assertion, or another method; `scheme` is that of an `Authorization` header.
    NoAssertion { scheme: Option<&'static str> },
    /// Another `client_assertion_type`.
    AssertionType,
    /// The assertion breaks a rule that says nothing about which clients exist.
    Assertion(AssertionProblem),
    /// Unknown client, or no key of its made this assertion: told as one.
    Credentials,
    /// Unknown client, or not one that proves itself by this certificate: told as one.
    OtherCertificate,
    /// The parameter `client_id` names another client than the assertion.
    OtherClientId,
    /// The assertion was used before.
    Replayed,
    /// The client's partner is suspended.
    PartnerSuspended,
    /// A service of the bank's own, where clients alone have something to ask.
    ResourceServer,
    /// No certificate to bind the token to.
    NoCertificate,
    /// The certificate is not good at this bank.
    Certificate(CertificateProblem),
    /// The certificate names another partner than the client's.
    OthersCertificate,
    /// The DPoP proof is missing or not good; with the nonce that mends it, where one does.
    Proof {
        problem: ProofProblem,
        nonce: Option<HeaderValue>,
    },
    /// A grant type that is not offered.
    GrantType,
    /// The client has no scope that this grant could give.
    NoGrant,
    /// The parameter `scope` cannot be read.
    ScopeMalformed,
    /// `openid`: there is no user in this grant (TK-07).
    ScopeOpenId,
    /// More than the client may have.
    ScopeTooWide,
    /// A token of this would be longer than the road reads.
    TokenTooLong,
    /// A resource that the client's tokens are not for, or its grant is not (RFC 8707 §2).
    Target,
    /// An authorization request breaks a rule.
    Request(RequestProblem),
    /// A request object breaks a rule (RFC 9101 §7).
    Object(ObjectProblem),
    /// Authorization details that are not to be had (RA-01, RA-04).
    Details {
        /// The rule that is broken.
        problem: DetailsProblem,
        /// `authorization_details`, one of them, or what is inside it.
        place: String,
    },
    /// A code or a refresh token is not good.
    Grant(GrantProblem),
    /// A token of another client is to be revoked (RV-01).
    OthersToken,
    /// The store did not answer.
    Store(StoreUnavailable),
    /// Evidence cannot be kept.
    Audit,
    /// The endpoint's deadline passed before it was decided.
    TooSlow,
    /// The token could not be signed.
    Signing(SignFailed),
}

/// What is wrong with a client assertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AssertionProblem {
    /// Not a compact JWS within its size, or with critical extensions.
    Malformed,
    /// Of another type (PK-06).
    Typ,
    /// An algorithm that no client may use (C-01).
    Algorithm,
    /// `sub` is no client_id.
    Subject,
    /// `iss` differs from `sub` (PK-02).
    Issuer,
    /// `aud` is not our issuer as a string (PK-03).
    Audience,
    /// Its times (L-01, L-02).
    Times(TimeProblem),
    /// It would live too long (L-04).
    LivesTooLong,
    /// `jti` is missing, no string, or too long (PK-04, L-04).
    Jti,
}

/// What is wrong with an authorization request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RequestProblem {
    /// `request_uri` at the endpoint that gives them out (PA-04).
    UriGiven,
    /// No request object where the profile demands one (JA-01).
    NoObject,
    /// `dpop_jkt` is no thumbprint (DP-12).
    DpopKey,
    /// `dpop_jkt` is another key's than that of the proof beside it (DP-12).
    OtherDpopKey,
    /// Another `response_type` than `code` (AZ-01).
    ResponseType,
    /// A `response_mode` that is not offered.
    ResponseMode,
    /// A redirect URI that is not registered for the client (PA-10).
    RedirectUri,
    /// A `state` that is too long, or has characters that no URL brings back (L-09).
    State,
    /// A `code_challenge` that is no SHA-256 (PC-01).
    Challenge,
    /// Another `code_challenge_method` than `S256`, or none (PC-01).
    ChallengeMethod,
    /// A `nonce` that is too long (L-10).
    Nonce,
    /// A `prompt` that is not known, or `none` with others (OC-03).
    Prompt,
    /// A `max_age` that is no number.
    MaxAge,
    /// `claims` that is no JSON of its form, or too long (OC-02).
    Claims,
    /// An `id_token_hint` that is no ID token of ours for this client (OC-03).
    Hint,
    /// `registration`, which is not taken here (OC-06).
    Registration,
    /// It is longer than what is kept of a request.
    TooLong,
    /// The client has too many pushed requests that nobody opened.
    TooMany,
}

/// What is wrong with a request object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectProblem {
    /// Not a compact JWS within its size, with critical extensions, or a parameter is `null`.
    Malformed,
    /// Of another type (JA-04).
    Typ,
    /// An algorithm that the client has no key of (C-01, C-02).
    Algorithm,
    /// No key of the client made it (JA-02).
    Signature,
    /// `iss` is not the client (JA-03).
    Issuer,
    /// `client_id` is not the client (JA-03).
    ClientId,
    /// `aud` does not hold our issuer (JA-03).
    Audience,
    /// `sub` is the client, as in an assertion (JA-07).
    Subject,
    /// Its times (L-01, L-02).
    Times(TimeProblem),
    /// There is no `nbf` (JA-03).
    NbfMissing,
    /// It lives too long, or began too long ago (L-03).
    LivesTooLong,
    /// It holds `request` or `request_uri` (PA-04).
    Nested,
    /// `jti` is no text, or too long.
    Jti,
    /// It was used before (JA-09).
    Replayed,
}

/// What is wrong with a code or a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GrantProblem {
    /// An unknown, used, expired or other client's code (TK-03).
    Code,
    /// Another redirect URI than the authorization request's (TK-04).
    OtherRedirectUri,
    /// No `code_verifier`, or a wrong one (PC-02).
    Verifier,
    /// No proof of the key that the code is bound to (DP-12).
    OtherKey,
    /// An unknown, revoked, expired or other client's refresh token (TK-08).
    RefreshToken,
    /// Nothing that the customer granted is open to the client now.
    NothingLeft,
}

impl Denied {
    /// A proof that no nonce mends.
    pub(crate) fn proof(problem: ProofProblem) -> Self {
        let nonce = None;
        Self::Proof { problem, nonce }
    }

    /// Whether we failed, not the client.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Store(_) | Self::Audit | Self::TooSlow | Self::Signing(_)
        )
    }
}
