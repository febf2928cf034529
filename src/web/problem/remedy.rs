//! How to mend what was refused, in words.

use model::Refusal;

use super::{consent, proof};

pub(super) fn remedy(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::MalformedRequest { .. }
        | Refusal::MalformedCredentials { .. }
        | Refusal::RequestInvalid { .. } => "Mend the request as the detail says.",
        Refusal::NotAsDescribed { .. } => "Mend the request as `errors` says.",
        Refusal::UnknownRoute => "Compare host, base path and spelling with the API's description.",
        Refusal::MethodNotAllowed { .. } => "Use a method that the Allow header lists.",
        Refusal::TooManyRequests { .. } => {
            "Wait as Retry-After says; reuse tokens and connections."
        }
        Refusal::NoCertificate => {
            "Configure your certificate and key in the client and connect again."
        }
        Refusal::CertificateRefused(_) => {
            "Check issuer, validity, key usage and revocation of the certificate; renew it where \
             it was issued."
        }
        Refusal::NoToken => {
            "Get a token from the bank's token endpoint with your client certificate or DPoP key."
        }
        Refusal::BadToken(_) => "Get a new token and send it unchanged.",
        Refusal::WrongBinding => "Call with that one, or get a token with this one.",
        Refusal::Proof(problem) => proof::remedy(*problem),
        Refusal::PartnerSuspended => "Ask the gateway's operator.",
        Refusal::RateLimited { .. } => {
            "Wait as Retry-After says; the RateLimit headers show what is left."
        }
        Refusal::TooManyConcurrent { .. } => "Wait for an answer to end before the next request.",
        Refusal::NoAgreement => "Ask the bank to add the product to your agreement.",
        Refusal::InsufficientScope { .. } => "Ask for a token with that scope.",
        Refusal::InsufficientDetails { .. } => "Ask for a token with such authorization details.",
        Refusal::DetailsTooLong { .. } => "Ask for a token with fewer authorization details.",
        Refusal::InsufficientLogIn { .. } => {
            "Send the customer to the authorization endpoint again, with the acr_values and \
             max_age of the challenge."
        }
        Refusal::NoConsent
        | Refusal::ConsentExpired
        | Refusal::ConsentWithdrawn
        | Refusal::NotCovered
        | Refusal::TooOften { .. }
        | Refusal::UnknownConsent
        | Refusal::TooManyUndecided { .. }
        | Refusal::BankRefused { .. } => consent::remedy(refusal),
        Refusal::BodyTooLarge { .. } => "Send less, or split the request.",
        Refusal::BodyTooSlow => "Send the request again on a new connection.",
        Refusal::UpstreamUnavailable | Refusal::ConsentUnavailable | Refusal::AuditUnavailable => {
            "Repeat after Retry-After."
        }
        Refusal::UpstreamTimeout => {
            "Repeat a read after a while; the outcome of a change is not known."
        }
        Refusal::StepFailed { fault, .. } => remedy(&fault.alone()),
        Refusal::UpstreamInvalid => {
            "Repeat a read after a while; if it stays, give the bank the explain id."
        }
    }
}
