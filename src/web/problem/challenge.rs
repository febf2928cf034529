//! What `WWW-Authenticate` says of a refusal (RFC 9110 §11.6.1).

use model::{ProofProblem, Refusal};

/// The algorithms of DPoP proofs, as a challenge lists them (RFC 9449 §7.1; DP-09).
const DPOP_ALGS: &str = "PS256 ES256 EdDSA";

/// What a challenge says besides why: where the caller was refused, and what it had used.
#[derive(Debug, Clone, Copy, Default)]
pub struct Challenged<'a> {
    /// Whether the caller used the scheme DPoP (RFC 9449 §7.1).
    pub by_dpop: bool,
    /// The URL of the metadata of what it called (RFC 9728 §5.1).
    pub resource_metadata: Option<&'a str>,
}

/// RFC 6750 §3, RFC 9449 §7.1: both schemes and no error code when nothing was sent that could be
/// judged; otherwise why, in the scheme that was used or is to be used. None but for a 401, for
/// credentials that are malformed, and for want of a scope.
pub(super) fn challenges(refusal: &Refusal, asked: &Challenged<'_>) -> Vec<String> {
    let used = if asked.by_dpop { "DPoP" } else { "Bearer" };
    let url = asked.resource_metadata;
    match refusal {
        Refusal::NoCertificate | Refusal::CertificateRefused(_) | Refusal::NoToken => {
            ["Bearer", "DPoP"]
                .map(|scheme| challenge(scheme, "", url))
                .to_vec()
        }
        Refusal::BadToken(_) | Refusal::WrongBinding => {
            vec![challenge(used, "error=\"invalid_token\"", url)]
        }
        Refusal::Proof(problem) => {
            let error = match problem {
                // A token that is bound to a key was sent as one that is not.
                ProofProblem::Missing if !asked.by_dpop => "error=\"invalid_token\"",
                problem if problem.wants_nonce() => "error=\"use_dpop_nonce\"",
                _ => "error=\"invalid_dpop_proof\"",
            };
            vec![challenge("DPoP", error, url)]
        }
        Refusal::MalformedCredentials { .. } => {
            vec![challenge(used, "error=\"invalid_request\"", url)]
        }
        Refusal::InsufficientLogIn { demanded } => {
            let error = format!("error=\"insufficient_user_authentication\", {demanded}");
            vec![challenge(used, &error, url)]
        }
        Refusal::InsufficientScope { scope } => {
            let error = format!("error=\"insufficient_scope\", scope=\"{scope}\"");
            vec![challenge(used, &error, None)]
        }
        Refusal::InsufficientDetails { .. } => {
            vec![challenge(used, "error=\"insufficient_scope\"", None)]
        }
        _ => Vec::new(),
    }
}

fn challenge(scheme: &str, error: &str, resource_metadata: Option<&str>) -> String {
    let mut said = Vec::with_capacity(3);
    if !error.is_empty() {
        said.push(error.to_owned());
    }
    if scheme == "DPoP" {
        said.push(format!("algs=\"{DPOP_ALGS}\""));
    }
    if let Some(url) = resource_metadata {
        said.push(format!("resource_metadata=\"{url}\""));
    }
    format!("{scheme} {}", said.join(", "))
        .trim_end()
        .to_owned()
}
