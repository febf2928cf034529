//! Why a request to an OAuth endpoint was not granted: facts. How each is told stands once, in
//! `oauth_error.rs`.

use crypto::{SignFailed, TimeProblem};
use model::CertificateProblem;
use model::ports::StoreUnavailable;
use web::FormProblem;

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
    /// No certificate to bind the token to.
    NoCertificate,
    /// The certificate is not good at this bank.
    Certificate(CertificateProblem),
    /// The certificate names another partner than the client's.
    OthersCertificate,
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

impl Denied {
    /// Whether we failed, not the client.
    pub(crate) fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Store(_) | Self::Audit | Self::TooSlow | Self::Signing(_)
        )
    }
}
