//! Refusals as RFC 9457 problem documents: the one mapping. Exhaustive on purpose: a new refusal
//! does not compile until it is given a status, words and a remedy.

mod challenge;
mod consent;
mod explained;
mod proof;
mod remedy;

use http::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Serialize;

use model::{Breach, CertificateProblem, Refusal, RequestId, Response, StepFault, TokenProblem};

use crate::json::typed;
use challenge::challenges;

pub use challenge::Challenged;
pub use explained::Explained;
use remedy::remedy;

/// The body of a problem (RFC 9457 §3.1), with our extension members.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// The stable code.
    code: &'a str,
    /// What the gateway expected.
    expected: String,
    /// How to mend it.
    remedy: &'a str,
    /// The request id: give it to the bank's desk to have the refusal explained.
    explain: String,
    /// What of the request is not as described (RFC 9457 §3).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Misfit<'a>>,
    /// The read of a composed operation that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<&'a str>,
}

/// One thing of a request, and where it stands.
#[derive(Serialize)]
struct Misfit<'a> {
    pointer: &'a str,
    detail: &'a str,
}

/// The status of a refusal (DESIGN: the main road's table).
pub fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::MalformedRequest { .. }
        | Refusal::MalformedCredentials { .. }
        | Refusal::RequestInvalid { .. }
        | Refusal::NotAsDescribed { .. } => StatusCode::BAD_REQUEST,
        Refusal::UnknownRoute | Refusal::UnknownConsent => StatusCode::NOT_FOUND,
        Refusal::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Refusal::TooManyRequests { .. }
        | Refusal::RateLimited { .. }
        | Refusal::TooOften { .. }
        | Refusal::TooManyUndecided { .. }
        | Refusal::TooManyConcurrent { .. } => StatusCode::TOO_MANY_REQUESTS,
        Refusal::NoCertificate
        | Refusal::CertificateRefused(_)
        | Refusal::NoToken
        | Refusal::BadToken(_)
        | Refusal::WrongBinding
        | Refusal::InsufficientLogIn { .. }
        | Refusal::Proof(_) => StatusCode::UNAUTHORIZED,
        Refusal::PartnerSuspended
        | Refusal::NoAgreement
        | Refusal::InsufficientScope { .. }
        | Refusal::InsufficientDetails { .. }
        | Refusal::DetailsTooLong { .. }
        | Refusal::NoConsent
        | Refusal::ConsentExpired
        | Refusal::ConsentWithdrawn
        | Refusal::NotCovered => StatusCode::FORBIDDEN,
        Refusal::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::BodyTooSlow => StatusCode::REQUEST_TIMEOUT,
        Refusal::UpstreamUnavailable | Refusal::ConsentUnavailable | Refusal::AuditUnavailable => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::BankRefused { status } => consent::status_of_bank(*status),
        Refusal::UpstreamTimeout => StatusCode::GATEWAY_TIMEOUT,
        Refusal::UpstreamInvalid => StatusCode::BAD_GATEWAY,
        Refusal::StepFailed { fault, .. } => status(&fault.alone()),
    }
}

/// A refusal as the partner sees it: `application/problem+json` with code, what was expected, the
/// remedy and the request id; `WWW-Authenticate` as RFC 6750 §3, `Allow`, `Retry-After` where due.
pub fn problem(refusal: &Refusal, request: RequestId) -> Response {
    challenged(refusal, request, &Challenged::default())
}

/// The same, where it is known what was called, and how: the challenge says so.
pub fn challenged(refusal: &Refusal, request: RequestId, asked: &Challenged<'_>) -> Response {
    let mut response = answer(&document(refusal, request));
    let headers = response.headers_mut();
    for challenge in challenges(refusal, asked) {
        // What cannot stand in a header is left out.
        if let Ok(challenge) = HeaderValue::try_from(challenge) {
            headers.append(WWW_AUTHENTICATE, challenge);
        }
    }
    match refusal {
        Refusal::MethodNotAllowed { allow } => {
            let list = allow
                .iter()
                .map(http::Method::as_str)
                .collect::<Vec<_>>()
                .join(", ");
            if let Ok(value) = HeaderValue::from_str(&list) {
                headers.insert(ALLOW, value);
            }
        }
        Refusal::TooManyRequests { retry_after }
        | Refusal::RateLimited { retry_after }
        | Refusal::TooOften { retry_after } => {
            headers.insert(RETRY_AFTER, HeaderValue::from(*retry_after));
        }
        Refusal::TooManyUndecided { .. } => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
        }
        Refusal::TooManyConcurrent { .. }
        | Refusal::UpstreamUnavailable
        | Refusal::StepFailed {
            fault: StepFault::Unavailable,
            ..
        }
        | Refusal::ConsentUnavailable
        | Refusal::AuditUnavailable => {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        _ => {}
    }
    response
}

/// A breach of HTTP as the partner sees it: `malformed_request` with the breach's own status. Who
/// sent several tokens is challenged (RFC 6750 §3.1).
pub fn breach(breach: Breach, request: RequestId, sent: &HeaderMap) -> Response {
    let refusal = Refusal::MalformedRequest { what: breach.what };
    let mut letters = breach.what.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    let sentence: String = first.into_iter().chain(letters).chain(['.']).collect();
    let document = document(&refusal, request);
    let mut response = answer(&Document {
        status: breach.status.as_u16(),
        detail: &sentence,
        ..document
    });
    if sent.get_all(AUTHORIZATION).iter().nth(1).is_some() {
        let challenge = HeaderValue::from_static("Bearer error=\"invalid_request\"");
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A fault as the partner sees it: nothing of the cause, only the request id.
pub fn internal_problem(request: RequestId) -> Response {
    let words = Explained::fault();
    answer(&Document {
        r#type: "urn:mortise:problem:internal".to_owned(),
        title: words.title,
        status: StatusCode::INTERNAL_SERVER_ERROR.as_u16(),
        detail: words.detail,
        code: "internal",
        expected: words.expected,
        remedy: words.remedy,
        explain: request.to_string(),
        errors: Vec::new(),
        step: None,
    })
}

/// A problem of a composed operation: a check of this name did not hold. What the name means is
/// said by the product's description.
pub fn block_problem(status: StatusCode, name: &str, request: RequestId) -> Response {
    answer(&Document {
        r#type: format!("urn:mortise:block:{name}"),
        title: &name.replace('_', " "),
        status: status.as_u16(),
        detail: "A condition of this product does not hold.",
        code: name,
        expected: "What the product's description says of this code.".to_owned(),
        remedy: "Do as the product's description says of this code.",
        explain: request.to_string(),
        errors: Vec::new(),
        step: None,
    })
}

fn document(refusal: &Refusal, request: RequestId) -> Document<'_> {
    let (code, words) = (refusal.code().as_str(), Explained::of(refusal));
    Document {
        r#type: format!("urn:mortise:problem:{code}"),
        title: words.title,
        status: status(refusal).as_u16(),
        detail: words.detail,
        code,
        expected: words.expected,
        remedy: words.remedy,
        explain: request.to_string(),
        errors: match refusal {
            Refusal::NotAsDescribed { errors } => errors.iter().map(misfit).collect(),
            _ => Vec::new(),
        },
        step: match refusal {
            Refusal::StepFailed { step, .. } => Some(step),
            _ => None,
        },
    }
}

fn misfit(misfit: &model::Misfit) -> Misfit<'_> {
    Misfit {
        pointer: &misfit.pointer,
        detail: &misfit.what,
    }
}

fn answer(body: &Document<'_>) -> Response {
    let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = HeaderValue::from_static("application/problem+json");
    let mut response = typed(status, kind, body);
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn title(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::MalformedRequest { .. } => "Malformed request",
        Refusal::MalformedCredentials { .. } => "Malformed credentials",
        Refusal::UnknownRoute => "Unknown route",
        Refusal::MethodNotAllowed { .. } => "Method not allowed",
        Refusal::TooManyRequests { .. } => "Too many requests",
        Refusal::NoCertificate => "No client certificate",
        Refusal::CertificateRefused(_) => "Certificate refused",
        Refusal::NoToken => "No access token",
        Refusal::BadToken(_) => "Bad access token",
        Refusal::WrongBinding => "Wrong binding",
        Refusal::Proof(problem) => proof::title(*problem),
        Refusal::PartnerSuspended => "Partner suspended",
        Refusal::RateLimited { .. } => "Rate limited",
        Refusal::TooManyConcurrent { .. } => "Too many concurrent requests",
        Refusal::NoAgreement => "No agreement",
        Refusal::InsufficientScope { .. } => "Insufficient scope",
        Refusal::InsufficientLogIn { .. } => "Insufficient user authentication",
        Refusal::InsufficientDetails { .. } => "Insufficient authorization details",
        Refusal::DetailsTooLong { .. } => "Authorization details too long",
        Refusal::NoConsent => "No consent",
        Refusal::ConsentExpired => "Consent expired",
        Refusal::ConsentWithdrawn => "Consent withdrawn",
        Refusal::NotCovered => "Not covered by the consent",
        Refusal::TooOften { .. } => "Asked too often without the customer",
        Refusal::ConsentUnavailable => "Consent cannot be looked up",
        Refusal::BankRefused { .. } => "The bank's service refused",
        Refusal::RequestInvalid { .. } | Refusal::NotAsDescribed { .. } => {
            "Request not as described"
        }
        Refusal::UnknownConsent => "Unknown consent",
        Refusal::TooManyUndecided { .. } => "Too many undecided consents",
        Refusal::BodyTooLarge { .. } => "Body too large",
        Refusal::BodyTooSlow => "Body too slow",
        Refusal::UpstreamUnavailable => "Bank service unavailable",
        Refusal::UpstreamTimeout => "Bank service too slow",
        Refusal::UpstreamInvalid => "Bank service answered wrongly",
        Refusal::StepFailed { fault, .. } => title(&fault.alone()),
        Refusal::AuditUnavailable => "Evidence cannot be kept",
    }
}

/// What the refusal rests on, in words: the problem's detail and the record's rule.
pub fn detail(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::MalformedRequest { what }
        | Refusal::MalformedCredentials { what }
        | Refusal::RequestInvalid { what, .. } => what,
        Refusal::UnknownRoute => "No operation is served at this host and path.",
        Refusal::MethodNotAllowed { .. } => "This path has operations, but none with this method.",
        Refusal::TooManyRequests { .. } => {
            "This address sends more requests than the gateway takes from one address."
        }
        Refusal::NoCertificate => "The connection was made without a client certificate.",
        Refusal::CertificateRefused(problem) => certificate_detail(*problem),
        Refusal::NoToken => "The request has no Authorization header with a Bearer or DPoP token.",
        Refusal::BadToken(problem) => token_detail(*problem),
        Refusal::WrongBinding => {
            "The token is bound to another certificate or key than what was shown."
        }
        Refusal::Proof(problem) => proof::detail(*problem),
        Refusal::PartnerSuspended => "The gateway's operator has suspended this partner.",
        Refusal::RateLimited { .. } => "The rate of the agreement's plan is used up.",
        Refusal::TooManyConcurrent { .. } => "As many requests are open as the agreement allows.",
        Refusal::NoAgreement => {
            "No agreement in force between you and this bank holds this product."
        }
        Refusal::InsufficientScope { .. } => {
            "The token does not carry the scope of this operation."
        }
        Refusal::InsufficientDetails { .. } => {
            "The token carries no authorization details of the type of this operation."
        }
        Refusal::DetailsTooLong { .. } => {
            "The token grants more, in its scopes and in authorization details of this \
             operation's type, than the bank's service can be told with one request."
        }
        Refusal::InsufficientLogIn { .. } => {
            "The token is of no customer's log-in that is as strong and as recent as this \
             operation demands."
        }
        Refusal::NoConsent
        | Refusal::ConsentExpired
        | Refusal::ConsentWithdrawn
        | Refusal::NotCovered
        | Refusal::TooOften { .. }
        | Refusal::ConsentUnavailable
        | Refusal::UnknownConsent
        | Refusal::TooManyUndecided { .. }
        | Refusal::BankRefused { .. } => consent::detail(refusal),
        Refusal::BodyTooLarge { .. } => "The request's body is longer than this gateway takes.",
        Refusal::BodyTooSlow => "The request's body stopped arriving.",
        Refusal::UpstreamUnavailable => {
            "The bank's service cannot be reached now; the request was not sent."
        }
        Refusal::UpstreamTimeout => "The bank's service did not answer in time.",
        Refusal::UpstreamInvalid => "The bank's service gave no valid answer.",
        Refusal::StepFailed { fault, .. } => detail(&fault.alone()),
        Refusal::NotAsDescribed { .. } => "The request is not as the API's description says.",
        Refusal::AuditUnavailable => {
            "The gateway cannot record this request now, so it does not answer it."
        }
    }
}

fn expected(refusal: &Refusal) -> String {
    let text = match refusal {
        Refusal::MalformedCredentials { .. } => {
            "One access token, in one Authorization header (RFC 6750 §2.1)."
        }
        Refusal::MalformedRequest { .. } => {
            "A request as RFC 9110 and the API's description define it."
        }
        Refusal::UnknownRoute => "A host and path from the API's description.",
        Refusal::MethodNotAllowed { allow } => return format!("One of: {}.", list(allow)),
        Refusal::TooManyRequests { retry_after }
        | Refusal::RateLimited { retry_after }
        | Refusal::TooOften { retry_after } => {
            return format!("The next request in {retry_after} s.");
        }
        Refusal::NoCertificate => "A TLS client certificate on the connection (mutual TLS).",
        Refusal::CertificateRefused(CertificateProblem::NotAnOperator) => {
            "A certificate from an authority of this listener's operators."
        }
        Refusal::CertificateRefused(_) => {
            "A valid client certificate from an authority that this bank trusts."
        }
        Refusal::NoToken => {
            "Authorization: Bearer <access token>, or DPoP <access token> with a proof."
        }
        Refusal::BadToken(_) => {
            "A current access token of this bank's issuer, for this API, bound to your certificate \
             or key."
        }
        Refusal::WrongBinding => {
            "The certificate (RFC 8705) or key (RFC 9449) that the token was issued for."
        }
        Refusal::Proof(problem) => proof::expected(*problem),
        Refusal::PartnerSuspended => "An active partner.",
        Refusal::TooManyConcurrent { limit } | Refusal::TooManyUndecided { limit } => {
            return format!("At most {limit} at once.");
        }
        Refusal::RequestInvalid { pointer, .. } => return described(pointer),
        Refusal::NotAsDescribed { .. } => return described("each place that `errors` names"),
        Refusal::NoAgreement => "An agreement that names the product, today.",
        Refusal::InsufficientScope { scope } => return format!("The scope {scope}."),
        Refusal::InsufficientDetails { detail } => {
            return format!("Authorization details of type {detail}.");
        }
        Refusal::DetailsTooLong { limit } => {
            return format!("A token whose grant is told in at most {limit} bytes.");
        }
        Refusal::InsufficientLogIn { demanded } => {
            return format!("A token of a log-in with {demanded}.");
        }
        Refusal::NoConsent
        | Refusal::ConsentExpired
        | Refusal::ConsentWithdrawn
        | Refusal::NotCovered
        | Refusal::UnknownConsent
        | Refusal::BankRefused { .. } => consent::expected(refusal),
        Refusal::BodyTooLarge { limit } => return format!("At most {limit} bytes."),
        Refusal::BodyTooSlow => "A body that keeps coming.",
        Refusal::UpstreamUnavailable
        | Refusal::UpstreamTimeout
        | Refusal::UpstreamInvalid
        | Refusal::StepFailed { .. }
        | Refusal::ConsentUnavailable
        | Refusal::AuditUnavailable => "Nothing else from you.",
    };
    text.to_owned()
}

/// What is expected of a part of the request; the empty text is all of its body.
fn described(place: &str) -> String {
    if place.is_empty() {
        "A body as the API's description defines it.".to_owned()
    } else {
        format!("At {place} what the API's description defines.")
    }
}

fn list(methods: &[http::Method]) -> String {
    methods
        .iter()
        .map(http::Method::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

fn certificate_detail(problem: CertificateProblem) -> &'static str {
    match problem {
        CertificateProblem::UnknownIssuer => {
            "The certificate does not chain to an authority of this bank."
        }
        CertificateProblem::OutsideValidity => {
            "The certificate, or one in its chain, is expired or not yet valid."
        }
        CertificateProblem::NotForClients => {
            "The certificate lacks the extended key usage clientAuth."
        }
        CertificateProblem::Revoked => "The certificate is revoked.",
        CertificateProblem::RevocationUnknown => {
            "The gateway has no current revocation list for this certificate."
        }
        CertificateProblem::NoPartner => {
            "No partner of this bank is known by the certificate's organizationIdentifier, subject \
             or a subjectAltName."
        }
        CertificateProblem::SeveralPartners => {
            "The certificate bears names of several partners of this bank; it must name one."
        }
        CertificateProblem::NotAnOperator => {
            "The certificate is not an operator's: this listener is for operators alone."
        }
        CertificateProblem::Malformed => "The certificate cannot be read.",
        CertificateProblem::ChainTooLong => {
            "The chain is longer than a certificate and four authorities of 16 KiB together."
        }
    }
}

fn token_detail(problem: TokenProblem) -> &'static str {
    match problem {
        TokenProblem::NotAnAccessToken => "The token is not a JWT access token (typ at+jwt).",
        TokenProblem::Algorithm => "The token is signed with an algorithm that is not accepted.",
        TokenProblem::Signature => "No key of the issuer made the token's signature.",
        TokenProblem::Issuer => "The token comes from another issuer.",
        TokenProblem::Audience => "The token is for another audience.",
        TokenProblem::OutsideValidity => "The token is expired or not yet valid.",
        TokenProblem::Revoked => "The token was revoked, or the customer's grant of it.",
        TokenProblem::Unbound => "The token is not bound to a certificate or key.",
        TokenProblem::Client => "The token's client is not one of the partner that shows it.",
    }
}

#[cfg(test)]
mod tests;
