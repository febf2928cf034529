use std::collections::HashSet;

use http::Method;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use model::ProofProblem;

use super::*;

/// Lists every variant of an enum, with a value of each: one that is not in the list does not
/// compile.
macro_rules! every {
    ($name:ident -> $kind:ty { $($pattern:pat => $value:expr,)+ }) => {
        fn $name() -> Vec<$kind> {
            let all = vec![$($value),+];
            for one in &all {
                match one {
                    $($pattern => {})+
                }
            }
            all
        }
    };
}

every!(refusals -> Refusal {
    Refusal::MalformedRequest { .. } => Refusal::MalformedRequest { what: "The line is odd." },
    Refusal::MalformedCredentials { .. } => Refusal::MalformedCredentials { what: "Two tokens." },
    Refusal::UnknownRoute => Refusal::UnknownRoute,
    Refusal::MethodNotAllowed { .. } => Refusal::MethodNotAllowed {
        allow: vec![Method::GET, Method::POST],
    },
    Refusal::TooManyRequests { .. } => Refusal::TooManyRequests { retry_after: 3 },
    Refusal::NoCertificate => Refusal::NoCertificate,
    Refusal::CertificateRefused(_) => Refusal::CertificateRefused(CertificateProblem::Revoked),
    Refusal::NoToken => Refusal::NoToken,
    Refusal::BadToken(_) => Refusal::BadToken(TokenProblem::Signature),
    Refusal::WrongBinding => Refusal::WrongBinding,
    Refusal::Proof(ProofProblem::Missing) => Refusal::Proof(ProofProblem::Missing),
    Refusal::Proof(ProofProblem::Replayed) => Refusal::Proof(ProofProblem::Replayed),
    Refusal::Proof(ProofProblem::NonceNeeded) => Refusal::Proof(ProofProblem::NonceNeeded),
    Refusal::Proof(_) => Refusal::Proof(ProofProblem::Signature),
    Refusal::PartnerSuspended => Refusal::PartnerSuspended,
    Refusal::RateLimited { .. } => Refusal::RateLimited { retry_after: 7 },
    Refusal::TooManyConcurrent { .. } => Refusal::TooManyConcurrent { limit: 20 },
    Refusal::NoAgreement => Refusal::NoAgreement,
    Refusal::InsufficientScope { .. } => Refusal::InsufficientScope { scope: "rates".to_owned() },
    Refusal::InsufficientDetails { .. } => Refusal::InsufficientDetails { detail: "payment".to_owned() },
    Refusal::DetailsTooLong { .. } => Refusal::DetailsTooLong { limit: 9_000 },
    Refusal::InsufficientLogIn { .. } => Refusal::InsufficientLogIn {
        demanded: model::DemandedLogIn {
            acr_values: vec!["loa2".to_owned()],
            max_age_s: Some(60),
        },
    },
    Refusal::NoConsent => Refusal::NoConsent,
    Refusal::ConsentExpired => Refusal::ConsentExpired,
    Refusal::ConsentWithdrawn => Refusal::ConsentWithdrawn,
    Refusal::NotCovered => Refusal::NotCovered,
    Refusal::TooOften { .. } => Refusal::TooOften { retry_after: 5 },
    Refusal::ConsentUnavailable => Refusal::ConsentUnavailable,
    Refusal::BankRefused { .. } => Refusal::BankRefused { status: 404 },
    Refusal::RequestInvalid { .. } => Refusal::RequestInvalid {
        pointer: "/scope".to_owned(),
        what: "A scope is missing.",
    },
    Refusal::UnknownConsent => Refusal::UnknownConsent,
    Refusal::TooManyUndecided { .. } => Refusal::TooManyUndecided { limit: 10_000 },
    Refusal::BodyTooLarge { .. } => Refusal::BodyTooLarge { limit: 1_000 },
    Refusal::BodyTooSlow => Refusal::BodyTooSlow,
    Refusal::UpstreamUnavailable => Refusal::UpstreamUnavailable,
    Refusal::UpstreamTimeout => Refusal::UpstreamTimeout,
    Refusal::UpstreamInvalid => Refusal::UpstreamInvalid,
    Refusal::AuditUnavailable => Refusal::AuditUnavailable,
    Refusal::NotAsDescribed { .. } => Refusal::NotAsDescribed { errors: vec![misfit("/query/day")] },
    Refusal::StepFailed { .. } => failed_step(model::StepFault::Unavailable),
});

fn misfit(pointer: &str) -> model::Misfit {
    model::Misfit {
        pointer: pointer.to_owned(),
        what: "must be a day".to_owned(),
    }
}

fn failed_step(fault: model::StepFault) -> Refusal {
    Refusal::StepFailed {
        step: "score".to_owned(),
        fault,
    }
}

/// Those that say in another way what another refusal says.
fn is_another_way(refusal: &Refusal) -> bool {
    let ways = [
        Refusal::NotAsDescribed { errors: Vec::new() },
        failed_step(model::StepFault::Invalid),
    ];
    let mut ways = ways.iter().map(std::mem::discriminant);
    ways.any(|way| way == std::mem::discriminant(refusal))
}

every!(certificate_problems -> CertificateProblem {
    CertificateProblem::UnknownIssuer => CertificateProblem::UnknownIssuer,
    CertificateProblem::OutsideValidity => CertificateProblem::OutsideValidity,
    CertificateProblem::NotForClients => CertificateProblem::NotForClients,
    CertificateProblem::Revoked => CertificateProblem::Revoked,
    CertificateProblem::RevocationUnknown => CertificateProblem::RevocationUnknown,
    CertificateProblem::NoPartner => CertificateProblem::NoPartner,
    CertificateProblem::SeveralPartners => CertificateProblem::SeveralPartners,
    CertificateProblem::NotAnOperator => CertificateProblem::NotAnOperator,
    CertificateProblem::Malformed => CertificateProblem::Malformed,
    CertificateProblem::ChainTooLong => CertificateProblem::ChainTooLong,
});

every!(token_problems -> TokenProblem {
    TokenProblem::NotAnAccessToken => TokenProblem::NotAnAccessToken,
    TokenProblem::Algorithm => TokenProblem::Algorithm,
    TokenProblem::Signature => TokenProblem::Signature,
    TokenProblem::Issuer => TokenProblem::Issuer,
    TokenProblem::Audience => TokenProblem::Audience,
    TokenProblem::OutsideValidity => TokenProblem::OutsideValidity,
    TokenProblem::Revoked => TokenProblem::Revoked,
    TokenProblem::Unbound => TokenProblem::Unbound,
    TokenProblem::Client => TokenProblem::Client,
});

every!(proof_problems -> ProofProblem {
    ProofProblem::Missing => ProofProblem::Missing,
    ProofProblem::Several => ProofProblem::Several,
    ProofProblem::Malformed => ProofProblem::Malformed,
    ProofProblem::Typ => ProofProblem::Typ,
    ProofProblem::Algorithm => ProofProblem::Algorithm,
    ProofProblem::Key => ProofProblem::Key,
    ProofProblem::Signature => ProofProblem::Signature,
    ProofProblem::Claims => ProofProblem::Claims,
    ProofProblem::Method => ProofProblem::Method,
    ProofProblem::Url => ProofProblem::Url,
    ProofProblem::AccessToken => ProofProblem::AccessToken,
    ProofProblem::Time => ProofProblem::Time,
    ProofProblem::Replayed => ProofProblem::Replayed,
    ProofProblem::NonceNeeded => ProofProblem::NonceNeeded,
    ProofProblem::NonceBad => ProofProblem::NonceBad,
});

fn id() -> RequestId {
    RequestId::parse("01890a5d-ac96-774b-bcce-b302099a8057").expect("a UUID")
}

async fn read(response: Response) -> (http::response::Parts, Value) {
    let (head, body) = response.into_parts();
    let bytes = body.collect().await.expect("whole").to_bytes();
    assert_eq!(
        head.headers[CONTENT_LENGTH],
        bytes.len().to_string().as_str()
    );
    (head, serde_json::from_slice(&bytes).expect("JSON"))
}

/// Holds for every problem, whatever its cause.
fn is_full_document(head: &http::response::Parts, body: &Value) {
    let code = body["code"].as_str().expect("a code");
    assert!(
        code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'),
        "{code}"
    );
    assert_eq!(
        head.headers[CONTENT_TYPE], "application/problem+json",
        "{code}"
    );
    assert_eq!(head.headers[CACHE_CONTROL], "no-store", "{code}");
    assert_eq!(body["status"], head.status.as_u16(), "{code}");
    assert_eq!(body["type"], format!("urn:mortise:problem:{code}"));
    assert_eq!(body["explain"], id().to_string(), "{code}");
    let title = body["title"].as_str().expect("a title");
    assert!(
        !title.is_empty() && !title.ends_with('.'),
        "{code}: {title}"
    );
    for member in ["detail", "expected", "remedy"] {
        let sentence = body[member].as_str().expect(member);
        assert!(
            sentence.starts_with(char::is_uppercase) && sentence.ends_with('.'),
            "{code}: {member}: {sentence}"
        );
    }
    let is_more = |name: &&String| !matches!(name.as_str(), "errors" | "step");
    let members = body.as_object().expect("an object").keys();
    assert_eq!(members.filter(is_more).count(), 8, "{code}");
}

#[tokio::test]
async fn every_refusal_gives_a_full_document() {
    let mut types = HashSet::new();
    let mut titles = HashSet::new();
    for refusal in refusals() {
        let (head, body) = read(problem(&refusal, id())).await;
        is_full_document(&head, &body);
        assert_eq!(body["code"], refusal.code().as_str());
        assert_eq!(head.status, status(&refusal));
        assert_eq!(body["detail"], detail(&refusal));
        let is_new = !is_another_way(&refusal);
        assert_eq!(
            types.insert(body["type"].to_string()),
            is_new,
            "{refusal:?}"
        );
        assert_eq!(
            titles.insert(body["title"].to_string()),
            is_new,
            "{refusal:?}"
        );
    }
}

#[test]
fn codes_and_statuses_are_stable() {
    let table: Vec<(&str, u16)> = refusals()
        .iter()
        .map(|refusal| (refusal.code().as_str(), status(refusal).as_u16()))
        .collect();
    assert_eq!(
        table,
        [
            ("malformed_request", 400),
            ("malformed_credentials", 400),
            ("unknown_route", 404),
            ("method_not_allowed", 405),
            ("too_many_requests", 429),
            ("no_certificate", 401),
            ("certificate_refused", 401),
            ("no_token", 401),
            ("bad_token", 401),
            ("wrong_binding", 401),
            ("no_proof", 401),
            ("proof_replayed", 401),
            ("use_dpop_nonce", 401),
            ("bad_proof", 401),
            ("partner_suspended", 403),
            ("rate_limited", 429),
            ("too_many_concurrent", 429),
            ("no_agreement", 403),
            ("insufficient_scope", 403),
            ("insufficient_details", 403),
            ("details_too_long", 403),
            ("insufficient_user_authentication", 401),
            ("no_consent", 403),
            ("consent_expired", 403),
            ("consent_withdrawn", 403),
            ("not_covered", 403),
            ("consent_frequency", 429),
            ("consent_unavailable", 503),
            ("bank_refused", 404),
            ("request_invalid", 400),
            ("unknown_consent", 404),
            ("too_many_undecided", 429),
            ("body_too_large", 413),
            ("body_too_slow", 408),
            ("upstream_unavailable", 503),
            ("upstream_timeout", 504),
            ("upstream_invalid", 502),
            ("audit_unavailable", 503),
            ("request_invalid", 400),
            ("upstream_unavailable", 503),
        ]
    );
}

#[tokio::test]
async fn a_read_that_failed_is_named_with_what_is_told_of_its_service() {
    use model::StepFault;
    for (fault, code, status) in [
        (StepFault::Unavailable, "upstream_unavailable", 503),
        (StepFault::TimedOut, "upstream_timeout", 504),
        (StepFault::Invalid, "upstream_invalid", 502),
    ] {
        let (head, body) = read(problem(&failed_step(fault), id())).await;
        is_full_document(&head, &body);
        assert_eq!(
            (body["code"].as_str(), &body["step"]),
            (Some(code), &json!("score"))
        );
        assert_eq!(head.status, status);
        assert_eq!(head.headers.contains_key("retry-after"), status == 503);
    }
}

#[tokio::test]
async fn what_is_not_as_described_is_told_place_by_place() {
    let errors = vec![misfit("/query/day"), misfit("/body/from")];
    let (head, body) = read(problem(&Refusal::NotAsDescribed { errors }, id())).await;
    is_full_document(&head, &body);
    let expected = json!([
        { "pointer": "/query/day", "detail": "must be a day" },
        { "pointer": "/body/from", "detail": "must be a day" },
    ]);
    assert_eq!(body["errors"], expected);
}

#[tokio::test]
async fn a_check_that_does_not_hold_is_a_problem_of_its_name() {
    let status = http::StatusCode::UNPROCESSABLE_ENTITY;
    let (head, body) = read(block_problem(status, "no_offer", id())).await;
    assert_eq!((head.status, &body["code"]), (status, &json!("no_offer")));
    assert_eq!(body["type"], "urn:mortise:block:no_offer");
    assert_eq!(body["title"], "no offer");
    assert_eq!(body["explain"], id().to_string());
}

#[test]
fn what_a_bank_refuses_has_its_status_where_that_is_about_the_request() {
    for (theirs, ours) in [
        (400, 400),
        (404, 404),
        (409, 409),
        (422, 422),
        (304, 502),
        (401, 502),
        (403, 502),
        (429, 502),
        (500, 502),
        (503, 502),
    ] {
        let refusal = Refusal::BankRefused { status: theirs };
        assert_eq!(status(&refusal).as_u16(), ours, "{theirs}");
    }
}

#[tokio::test]
async fn whoever_is_to_wait_for_tomorrow_is_told_how_long() {
    let (_, body) = read(problem(&Refusal::TooOften { retry_after: 5 }, id())).await;
    assert_eq!(body["expected"], "The next request in 5 s.");
}

#[tokio::test]
async fn each_problem_of_a_certificate_a_token_and_a_proof_says_something_else() {
    let certificates = certificate_problems()
        .into_iter()
        .map(Refusal::CertificateRefused);
    let tokens = token_problems().into_iter().map(Refusal::BadToken);
    let proofs = proof_problems().into_iter().map(Refusal::Proof);
    let mut details = HashSet::new();
    for refusal in certificates.chain(tokens).chain(proofs) {
        let (head, body) = read(problem(&refusal, id())).await;
        is_full_document(&head, &body);
        assert!(details.insert(body["detail"].to_string()), "{refusal:?}");
    }
    assert_eq!(details.len(), 18 + 16);
}

#[tokio::test]
async fn a_problem_looks_like_this() {
    let (head, body) = read(problem(&Refusal::RateLimited { retry_after: 7 }, id())).await;
    let mut headers: Vec<(&str, &str)> = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
        .filter(|(name, _)| *name != "content-length")
        .collect();
    headers.sort_unstable();
    assert_eq!(head.status, 429);
    assert_eq!(
        headers,
        [
            ("cache-control", "no-store"),
            ("content-type", "application/problem+json"),
            ("retry-after", "7"),
        ]
    );
    assert_eq!(
        body,
        json!({
            "type": "urn:mortise:problem:rate_limited",
            "title": "Rate limited",
            "status": 429,
            "detail": "The rate of the agreement's plan is used up.",
            "code": "rate_limited",
            "expected": "The next request in 7 s.",
            "remedy": "Wait as Retry-After says; the RateLimit headers show what is left.",
            "explain": "01890a5d-ac96-774b-bcce-b302099a8057",
        })
    );
}

#[tokio::test]
async fn what_a_refusal_knows_stands_in_what_was_expected() {
    for (refusal, expected) in [
        (
            Refusal::MethodNotAllowed {
                allow: vec![Method::GET, Method::DELETE],
            },
            "One of: GET, DELETE.",
        ),
        (
            Refusal::TooManyRequests { retry_after: 3 },
            "The next request in 3 s.",
        ),
        (
            Refusal::TooManyConcurrent { limit: 20 },
            "At most 20 at once.",
        ),
        (
            Refusal::InsufficientScope {
                scope: "rates".to_owned(),
            },
            "The scope rates.",
        ),
        (
            Refusal::InsufficientDetails {
                detail: "payment".to_owned(),
            },
            "Authorization details of type payment.",
        ),
        (
            Refusal::DetailsTooLong { limit: 9_000 },
            "A token whose grant is told in at most 9000 bytes.",
        ),
        (
            Refusal::RequestInvalid {
                pointer: "/scope".to_owned(),
                what: "A scope is missing.",
            },
            "At /scope what the API's description defines.",
        ),
        (
            Refusal::RequestInvalid {
                pointer: String::new(),
                what: "No JSON.",
            },
            "A body as the API's description defines it.",
        ),
        (
            Refusal::TooManyUndecided { limit: 10_000 },
            "At most 10000 at once.",
        ),
        (
            Refusal::BodyTooLarge { limit: 1_000 },
            "At most 1000 bytes.",
        ),
    ] {
        let (_, body) = read(problem(&refusal, id())).await;
        assert_eq!(body["expected"], expected);
    }
}

/// The value of a header that may be there once.
fn only(response: &Response, name: http::HeaderName) -> Option<String> {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next()?.to_str().expect("text").to_owned();
    assert!(values.next().is_none());
    Some(value)
}

/// The challenges of a refusal, in their order.
fn challenges_of(refusal: &Refusal, asked: &Challenged<'_>) -> Vec<String> {
    let response = challenged(refusal, id(), asked);
    let values = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let values: Vec<String> = values
        .map(|value| value.to_str().expect("text").to_owned())
        .collect();
    // RFC 9110 §15.5.2: 401 always has a challenge.
    assert!(response.status() != 401 || !values.is_empty());
    values
}

#[test]
fn challenges_follow_rfc_6750() {
    let dpop = |error: &str| format!("DPoP error=\"{error}\", algs=\"PS256 ES256 EdDSA\"");
    let both = ["Bearer", "DPoP algs=\"PS256 ES256 EdDSA\""];
    for refusal in refusals() {
        for by_dpop in [false, true] {
            let used = |rest: &str| {
                if by_dpop {
                    dpop(rest)
                } else {
                    format!("Bearer error=\"{rest}\"")
                }
            };
            let expected = match refusal.code().as_str() {
                // RFC 6750 §3.1: no error code when the request has no credentials.
                "no_certificate" | "certificate_refused" | "no_token" => {
                    both.map(str::to_owned).to_vec()
                }
                "bad_token" | "wrong_binding" => vec![used("invalid_token")],
                "no_proof" if by_dpop => vec![dpop("invalid_dpop_proof")],
                "no_proof" => vec![dpop("invalid_token")],
                "proof_replayed" | "bad_proof" => vec![dpop("invalid_dpop_proof")],
                "use_dpop_nonce" => vec![dpop("use_dpop_nonce")],
                "insufficient_scope" => vec![used("insufficient_scope\", scope=\"rates")],
                // No code is registered for details (RFC 9396): of those there are this is it.
                "insufficient_details" => vec![used("insufficient_scope")],
                // RFC 9470 §3.
                "insufficient_user_authentication" => vec![used(
                    "insufficient_user_authentication\", acr_values=\"loa2\", max_age=\"60",
                )],
                "malformed_credentials" => vec![used("invalid_request")],
                _ => Vec::new(),
            };
            let asked = Challenged {
                by_dpop,
                resource_metadata: None,
            };
            assert_eq!(challenges_of(&refusal, &asked), expected, "{refusal:?}");
        }
    }
    for problem in proof_problems() {
        let told = challenges_of(&Refusal::Proof(problem), &Challenged::default());
        assert_eq!(told.len(), 1, "{problem:?}");
        assert_eq!(told[0].contains("use_dpop_nonce"), problem.wants_nonce());
    }
}

#[test]
fn a_401_says_where_the_metadata_of_the_resource_are() {
    let url = "https://api.bank.example/.well-known/oauth-protected-resource/accounts";
    let asked = Challenged {
        by_dpop: false,
        resource_metadata: Some(url),
    };
    let place = format!("resource_metadata=\"{url}\"");
    assert_eq!(
        challenges_of(&Refusal::NoToken, &asked),
        [
            format!("Bearer {place}"),
            format!("DPoP algs=\"PS256 ES256 EdDSA\", {place}")
        ]
    );
    assert_eq!(
        challenges_of(&Refusal::WrongBinding, &asked),
        [format!("Bearer error=\"invalid_token\", {place}")]
    );
    for refusal in refusals() {
        let told = challenges_of(&refusal, &asked);
        let says = status(&refusal) == StatusCode::UNAUTHORIZED
            || matches!(refusal, Refusal::MalformedCredentials { .. });
        assert!(
            told.iter().all(|told| told.contains(&place) == says),
            "{told:?}"
        );
    }
}

#[test]
fn a_scope_that_cannot_stand_in_a_header_leaves_the_challenge_out() {
    let scope = "rates\r\nset-cookie: a=b".to_owned();
    let response = problem(&Refusal::InsufficientScope { scope }, id());
    assert_eq!(response.status(), 403);
    assert_eq!(only(&response, WWW_AUTHENTICATE), None);
}

#[test]
fn allow_and_retry_after_stand_where_they_are_due() {
    for refusal in refusals() {
        let response = problem(&refusal, id());
        let code = refusal.code();
        let allow = (code.as_str() == "method_not_allowed").then_some("GET, POST");
        assert_eq!(only(&response, ALLOW).as_deref(), allow, "{refusal:?}");
        let retry_after = match code.as_str() {
            "too_many_requests" => Some("3"),
            "rate_limited" => Some("7"),
            "consent_frequency" => Some("5"),
            "too_many_undecided" => Some("60"),
            "too_many_concurrent"
            | "upstream_unavailable"
            | "consent_unavailable"
            | "audit_unavailable" => Some("1"),
            _ => None,
        };
        assert_eq!(
            only(&response, RETRY_AFTER).as_deref(),
            retry_after,
            "{refusal:?}"
        );
    }
}

#[test]
fn a_path_without_any_method_still_has_an_allow_header() {
    let response = problem(&Refusal::MethodNotAllowed { allow: Vec::new() }, id());
    assert_eq!(only(&response, ALLOW).as_deref(), Some(""));
}

#[tokio::test]
async fn a_breach_of_http_has_its_own_status_and_is_a_sentence() {
    let response = breach(
        Breach {
            status: StatusCode::URI_TOO_LONG,
            what: "the target must have at most 8192 bytes",
        },
        id(),
        &http::HeaderMap::new(),
    );
    let (head, body) = read(response).await;
    assert!(head.headers.get(WWW_AUTHENTICATE).is_none());
    is_full_document(&head, &body);
    assert_eq!(head.status, 414);
    assert_eq!(body["code"], "malformed_request");
    assert_eq!(body["detail"], "The target must have at most 8192 bytes.");
}

#[tokio::test]
async fn a_fault_says_nothing_of_its_cause() {
    let (head, body) = read(internal_problem(id())).await;
    is_full_document(&head, &body);
    assert_eq!(head.status, 500);
    assert_eq!(body["code"], "internal");
    assert!(head.headers.get(WWW_AUTHENTICATE).is_none());
}
