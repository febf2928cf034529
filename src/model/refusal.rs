//! The closed list of what a partner may be told. How each looks on the wire is said in `web`.

use http::Method;

use crate::DemandedLogIn;

/// The stable code of a refusal: `snake_case`, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Code(&'static str);

impl Code {
    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

/// What is wrong with a client certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateProblem {
    /// It does not chain to an authority of this bank.
    UnknownIssuer,
    /// Not yet, or no longer, valid.
    OutsideValidity,
    /// It lacks the extended key usage clientAuth.
    NotForClients,
    /// Revoked by its authority.
    Revoked,
    /// Nobody can say whether it is revoked: the revocation list is missing or too old.
    RevocationUnknown,
    /// No partner is known by what it bears under this authority.
    NoPartner,
    /// Several partners are known by what it bears.
    SeveralPartners,
    /// It is a partner's or a stranger's, where only operators may enter.
    NotAnOperator,
    /// It cannot be read.
    Malformed,
    /// More certificates, or longer ones, were shown with it than are looked at.
    ChainTooLong,
}

/// What is wrong with an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenProblem {
    /// Not a JWT of the type `at+jwt` (RFC 9068 §2.1).
    NotAnAccessToken,
    /// Signed with another algorithm than the issuer's key.
    Algorithm,
    /// No key of the issuer made this signature.
    Signature,
    /// Of another issuer than this bank's.
    Issuer,
    /// For another audience.
    Audience,
    /// Expired, or not yet valid.
    OutsideValidity,
    /// It, or the grant that it was issued under, was revoked (RFC 7009).
    Revoked,
    /// Not bound to a certificate or key, or in words that cannot be read.
    Unbound,
    /// Its client is unknown here, or is not the partner's who shows it.
    Client,
}

/// What is wrong with a DPoP proof (RFC 9449 §4.3, §8, §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProofProblem {
    /// None was sent, and one is needed.
    Missing,
    /// More than one was sent.
    Several,
    /// Not a compact JWS within its size, or with header members that are not accepted.
    Malformed,
    /// Its `typ` is not `dpop+jwt`.
    Typ,
    /// Its `alg` is not allowed, or not that of its key.
    Algorithm,
    /// Its `jwk` is missing, private, or no usable public key.
    Key,
    /// Its key did not make its signature.
    Signature,
    /// `jti`, `htm`, `htu` or `iat` is missing or malformed.
    Claims,
    /// Made for another method.
    Method,
    /// Made for another URL.
    Url,
    /// Made for another access token, or for none.
    AccessToken,
    /// Made too long ago, or in the future.
    Time,
    /// It was used before.
    Replayed,
    /// It has no nonce of ours, and needs one.
    NonceNeeded,
    /// Its nonce is not ours, or no longer good.
    NonceBad,
}

impl ProofProblem {
    /// Whether a fresh nonce mends it.
    pub fn wants_nonce(self) -> bool {
        matches!(self, Self::NonceNeeded | Self::NonceBad)
    }
}

/// How a read of a composed operation failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepFault {
    /// The bank's service cannot be reached.
    Unavailable,
    /// It did not answer in time.
    TimedOut,
    /// It gave no valid answer.
    Invalid,
}

impl StepFault {
    /// What would be told of the service if it had been called by itself.
    pub fn alone(self) -> Refusal {
        match self {
            Self::Unavailable => Refusal::UpstreamUnavailable,
            Self::TimedOut => Refusal::UpstreamTimeout,
            Self::Invalid => Refusal::UpstreamInvalid,
        }
    }
}

/// Something of a request that is not as its operation's description says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// Where: a JSON Pointer (RFC 6901) that begins with `/path`, `/query`, `/header` or `/body`.
    pub pointer: String,
    /// What is wrong, in words that follow the place; nothing of the value.
    pub what: String,
}

/// What a partner is told. One variant for each thing that the partner would do differently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The request breaks a rule of HTTP or of this gateway; says which.
    MalformedRequest {
        /// What is wrong, and what would be right.
        what: &'static str,
    },
    /// What the request is to be known by breaks a rule of its standard (RFC 6750 §3.1); says
    /// which.
    MalformedCredentials {
        /// What is wrong, and what would be right.
        what: &'static str,
    },
    /// No operation at this host and path.
    UnknownRoute,
    /// The path has operations, but not with this method.
    MethodNotAllowed {
        /// The methods it has.
        allow: Vec<Method>,
    },
    /// Too many requests from one address.
    TooManyRequests {
        /// Seconds until the next may pass.
        retry_after: u64,
    },
    /// No certificate was shown, and one is needed.
    NoCertificate,
    /// The certificate is not good here.
    CertificateRefused(CertificateProblem),
    /// No access token was sent.
    NoToken,
    /// The access token is not good here.
    BadToken(TokenProblem),
    /// The token is bound to another certificate or key.
    WrongBinding,
    /// The DPoP proof is missing, or not good here.
    Proof(ProofProblem),
    /// The partner is suspended.
    PartnerSuspended,
    /// The agreement's rate is used up.
    RateLimited {
        /// Seconds until the next may pass.
        retry_after: u64,
    },
    /// The agreement's concurrent requests are used up.
    TooManyConcurrent {
        /// How many may be open.
        limit: u32,
    },
    /// No agreement of the partner holds this product now.
    NoAgreement,
    /// The token lacks the operation's scope.
    InsufficientScope {
        /// The scope that is needed.
        scope: String,
    },
    /// The customer's log-in is too weak or too long ago for the operation, or there was none
    /// (RFC 9470 §3).
    InsufficientLogIn {
        /// What is demanded.
        demanded: DemandedLogIn,
    },
    /// The token carries no authorization details of the operation's type (RFC 9396).
    InsufficientDetails {
        /// The type that is needed.
        detail: String,
    },
    /// What the token grants is longer than the bank's service can be told.
    DetailsTooLong {
        /// The most bytes that it is told in.
        limit: usize,
    },
    /// The token stands for no customer's consent.
    NoConsent,
    /// The customer's consent has come to its end, or waits for them to log in once more.
    ConsentExpired,
    /// The customer has withdrawn the consent, or another one took its place.
    ConsentWithdrawn,
    /// The consent does not cover what was asked for. Nothing more is told: whether there is such
    /// a thing is nobody's to know.
    NotCovered,
    /// As often as the consent allows today was asked for data while the customer was away.
    TooOften {
        /// Seconds until the next day.
        retry_after: u64,
    },
    /// Nobody can say now what the customer consents to.
    ConsentUnavailable,
    /// The bank's service refused; its own words are not passed on.
    BankRefused {
        /// The status that it answered with.
        status: u16,
    },
    /// The body is not what the operation's description says; where in it, and by which rule.
    RequestInvalid {
        /// A JSON Pointer (RFC 6901) into the body; the empty text is all of it.
        pointer: String,
        /// The rule that is broken.
        what: &'static str,
    },
    /// The request is not what the operation's description says.
    NotAsDescribed {
        /// Where, and how; at least one.
        errors: Vec<Misfit>,
    },
    /// No consent of the client's has this id. Nothing more is told: whether another client's has
    /// is nobody's to know.
    UnknownConsent,
    /// As many of the client's consents wait for their customers' decision as may.
    TooManyUndecided {
        /// How many may.
        limit: u32,
    },
    /// The body is longer than allowed.
    BodyTooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The body came too slowly.
    BodyTooSlow,
    /// The bank's service cannot be reached.
    UpstreamUnavailable,
    /// The bank's service did not answer in time.
    UpstreamTimeout,
    /// The bank's service answered what is not HTTP, or broke its answer off.
    UpstreamInvalid,
    /// A bank's service that a composed operation reads failed it.
    StepFailed {
        /// The read, by the block's name of it.
        step: String,
        /// How.
        fault: StepFault,
    },
    /// Evidence cannot be kept, so nothing is answered.
    AuditUnavailable,
}

impl Refusal {
    /// Its stable code.
    pub fn code(&self) -> Code {
        Code(match self {
            Self::MalformedRequest { .. } => "malformed_request",
            Self::MalformedCredentials { .. } => "malformed_credentials",
            Self::UnknownRoute => "unknown_route",
            Self::MethodNotAllowed { .. } => "method_not_allowed",
            Self::TooManyRequests { .. } => "too_many_requests",
            Self::NoCertificate => "no_certificate",
            Self::CertificateRefused(_) => "certificate_refused",
            Self::NoToken => "no_token",
            Self::BadToken(_) => "bad_token",
            Self::WrongBinding => "wrong_binding",
            Self::Proof(problem) => problem.code(),
            Self::PartnerSuspended => "partner_suspended",
            Self::RateLimited { .. } => "rate_limited",
            Self::TooManyConcurrent { .. } => "too_many_concurrent",
            Self::NoAgreement => "no_agreement",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::InsufficientLogIn { .. } => "insufficient_user_authentication",
            Self::InsufficientDetails { .. } => "insufficient_details",
            Self::DetailsTooLong { .. } => "details_too_long",
            Self::NoConsent => "no_consent",
            Self::ConsentExpired => "consent_expired",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::NotCovered => "not_covered",
            Self::TooOften { .. } => "consent_frequency",
            Self::ConsentUnavailable => "consent_unavailable",
            Self::BankRefused { .. } => "bank_refused",
            Self::RequestInvalid { .. } | Self::NotAsDescribed { .. } => "request_invalid",
            Self::UnknownConsent => "unknown_consent",
            Self::TooManyUndecided { .. } => "too_many_undecided",
            Self::BodyTooLarge { .. } => "body_too_large",
            Self::BodyTooSlow => "body_too_slow",
            Self::UpstreamUnavailable => "upstream_unavailable",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamInvalid => "upstream_invalid",
            Self::StepFailed { fault, .. } => return fault.alone().code(),
            Self::AuditUnavailable => "audit_unavailable",
        })
    }
}

impl ProofProblem {
    fn code(self) -> &'static str {
        match self {
            Self::Missing => "no_proof",
            Self::Replayed => "proof_replayed",
            Self::NonceNeeded | Self::NonceBad => "use_dpop_nonce",
            Self::Several
            | Self::Malformed
            | Self::Typ
            | Self::Algorithm
            | Self::Key
            | Self::Signature
            | Self::Claims
            | Self::Method
            | Self::Url
            | Self::AccessToken
            | Self::Time => "bad_proof",
        }
    }
}
