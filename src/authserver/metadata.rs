//! Authorization server metadata (RFC 8414): what is active for this issuer and nothing else
//! (MD-05).

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use crypto::Algorithm;
use model::{Fault, Scope, ScopeSet};

use crate::IssuerSettings;
use crate::step::openid::OPENID;

/// The members (RFC 8414 §2, RFC 8705 §3.3 and §5, RFC 9449 §5.1). Members of endpoints that do
/// not exist are absent; `response_types_supported` is required, and empty where there is no
/// authorization endpoint.
#[derive(Serialize)]
struct Document<'a> {
    issuer: &'a str,
    token_endpoint: &'a str,
    jwks_uri: &'a str,
    introspection_endpoint: String,
    introspection_endpoint_auth_methods_supported: &'a [&'a str],
    revocation_endpoint: String,
    revocation_endpoint_auth_methods_supported: &'a [&'a str],
    #[serde(skip_serializing_if = "Option::is_none")]
    introspection_signing_alg_values_supported: Option<[&'a str; 1]>,
    #[serde(flatten)]
    authorization: Option<Authorization<'a>>,
    scopes_supported: Vec<&'a str>,
    response_types_supported: &'a [&'a str],
    grant_types_supported: &'a [&'a str],
    token_endpoint_auth_methods_supported: &'a [&'a str],
    token_endpoint_auth_signing_alg_values_supported: Vec<&'a str>,
    tls_client_certificate_bound_access_tokens: bool,
    dpop_signing_alg_values_supported: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mtls_endpoint_aliases: Option<Aliases>,
}

/// How clients prove themselves, at every endpoint of theirs (CA-02).
const METHODS: [&str; 3] = [
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

/// Without certificates there is one way.
fn methods(settings: &IssuerSettings) -> &'static [&'static str] {
    if settings.takes_certificates {
        &METHODS
    } else {
        &["private_key_jwt"]
    }
}

/// What only an issuer has that asks customers (RFC 9126 §5, RFC 9207 §3, RFC 7636,
/// RFC 9101 §10.5, JARM §3).
#[derive(Serialize)]
struct Authorization<'a> {
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    require_pushed_authorization_requests: bool,
    response_modes_supported: Vec<&'static str>,
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    require_signed_request_object: bool,
    request_parameter_supported: bool,
    request_object_signing_alg_values_supported: Vec<&'static str>,
    authorization_signing_alg_values_supported: Vec<&'static str>,
    request_uri_parameter_supported: bool,
    ui_locales_supported: [&'static str; 2],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    authorization_details_types_supported: Vec<String>,
    #[serde(flatten)]
    openid: OpenId<'a>,
}

/// What OpenID Connect asks beside (OIDC Discovery §3; MD-04). Which strengths there are, the bank
/// says.
#[derive(Serialize)]
struct OpenId<'a> {
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: Vec<&'static str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    acr_values_supported: &'a [String],
    claims_supported: [&'static str; 10],
    claims_parameter_supported: bool,
    prompt_values_supported: [&'static str; 4],
    userinfo_endpoint: String,
    userinfo_signing_alg_values_supported: Vec<&'static str>,
}

impl<'a> OpenId<'a> {
    fn of(settings: &'a IssuerSettings, acr_values: &'a [String], signs: &[Algorithm]) -> Self {
        let signs = names_of(signs);
        Self {
            userinfo_endpoint: format!("{}/userinfo", settings.issuer),
            userinfo_signing_alg_values_supported: signs.clone(),
            subject_types_supported: ["pairwise"],
            id_token_signing_alg_values_supported: signs,
            acr_values_supported: acr_values,
            claims_supported: [
                "iss",
                "sub",
                "aud",
                "exp",
                "iat",
                "nonce",
                "auth_time",
                "acr",
                "at_hash",
                "openbanking_intent_id",
            ],
            claims_parameter_supported: true,
            prompt_values_supported: ["none", "login", "consent", "select_account"],
        }
    }
}

impl<'a> Authorization<'a> {
    fn of(settings: &'a IssuerSettings, signs: &[Algorithm]) -> Option<Self> {
        let asking = settings.authorization.as_ref()?;
        let profile = settings.profile;
        let modes: Vec<_> = profile
            .response_modes
            .iter()
            .map(|one| one.names())
            .collect();
        let mut types: Vec<_> = settings.details.keys().map(ToString::to_string).collect();
        types.sort();
        Some(Self {
            authorization_endpoint: format!("{}/authorize", settings.issuer),
            pushed_authorization_request_endpoint: format!("{}/par", settings.issuer),
            require_pushed_authorization_requests: true,
            response_modes_supported: modes.concat(),
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            require_signed_request_object: profile.require_signed_request_object,
            request_parameter_supported: true,
            request_object_signing_alg_values_supported: names_of(profile.algorithms),
            authorization_signing_alg_values_supported: names_of(signs),
            request_uri_parameter_supported: false,
            ui_locales_supported: ["zh-CN", "en"],
            authorization_details_types_supported: types,
            openid: OpenId::of(settings, &asking.acr_values, signs),
        })
    }
}

/// Algorithms as metadata write them.
fn names_of(algorithms: &[Algorithm]) -> Vec<&'static str> {
    algorithms.iter().map(|one| one.as_str()).collect()
}

#[derive(Serialize)]
struct Aliases {
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pushed_authorization_request_endpoint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    userinfo_endpoint: Option<String>,
}

/// The document's bytes; `signs` are the algorithms that tokens are signed with, now or soon. The
/// scopes are those of agreements that have not ended by now (MD-05).
pub(crate) fn document(
    settings: &IssuerSettings,
    signs: &[Algorithm],
    now: Timestamp,
) -> Result<Bytes, Fault> {
    let asks_customers = settings.authorization.is_some();
    let openid = asks_customers.then(|| Scope::parse(OPENID));
    let openid = openid
        .transpose()
        .map_err(|cause| Fault::caused("naming a scope", cause))?;
    let scopes: ScopeSet = settings
        .clients
        .values()
        .flat_map(|client| client.agreements.iter())
        .filter(|agreement| now < agreement.until)
        .flat_map(|agreement| agreement.scopes.iter().cloned())
        .chain(openid)
        .collect();
    let document = Document {
        issuer: &settings.issuer,
        token_endpoint: &settings.token_endpoint,
        jwks_uri: &settings.jwks_uri,
        introspection_endpoint: format!("{}/introspect", settings.issuer),
        introspection_endpoint_auth_methods_supported: methods(settings),
        revocation_endpoint: format!("{}/revoke", settings.issuer),
        revocation_endpoint_auth_methods_supported: methods(settings),
        introspection_signing_alg_values_supported: settings
            .profile
            .signs_introspection
            .then(|| [settings.algorithm.as_str()]),
        scopes_supported: scopes.iter().map(Scope::as_str).collect(),
        response_types_supported: if asks_customers { &["code"] } else { &[] },
        grant_types_supported: if asks_customers {
            &["client_credentials", "authorization_code", "refresh_token"]
        } else {
            &["client_credentials"]
        },
        authorization: Authorization::of(settings, signs),
        token_endpoint_auth_methods_supported: methods(settings),
        token_endpoint_auth_signing_alg_values_supported: names_of(settings.profile.algorithms),
        tls_client_certificate_bound_access_tokens: settings.takes_certificates,
        dpop_signing_alg_values_supported: names_of(settings.profile.algorithms),
        mtls_endpoint_aliases: settings.mtls_base.as_deref().map(|base| Aliases {
            token_endpoint: format!("{base}/token"),
            introspection_endpoint: format!("{base}/introspect"),
            revocation_endpoint: format!("{base}/revoke"),
            pushed_authorization_request_endpoint: asks_customers.then(|| format!("{base}/par")),
            userinfo_endpoint: asks_customers.then(|| format!("{base}/userinfo")),
        }),
    };
    serde_json::to_vec(&document)
        .map(Bytes::from)
        .map_err(|cause| Fault::caused("writing the metadata document", cause))
}

/// The path under which an issuer's metadata stands: the well-known part is put *before* the
/// issuer's own path (RFC 8414 §3.1; MD-01).
pub fn well_known_path(issuer: &str) -> String {
    let after_scheme = issuer.split_once("://").map_or(issuer, |(_, rest)| rest);
    let path = after_scheme
        .find('/')
        .and_then(|slash| after_scheme.get(slash..))
        .unwrap_or("");
    format!(
        "/.well-known/oauth-authorization-server{}",
        path.trim_end_matches('/')
    )
}

/// The path under which the same stands for OpenID Connect: the well-known part is put *behind* the
/// issuer's own path (OIDC Discovery §4; MD-01).
pub fn openid_path(issuer: &str) -> String {
    let (_, path) = crate::issuer::split(issuer);
    format!("{path}/.well-known/openid-configuration")
}

/// Whether a text may be an issuer identifier (RFC 8414 §2; MD-02).
pub(crate) fn is_identifier(text: &str) -> bool {
    let fits = |rest: &str| {
        !rest.is_empty()
            && !rest.starts_with('/')
            && rest.bytes().all(|b| b.is_ascii_graphic())
            && !rest.contains(['?', '#'])
    };
    text.strip_prefix("https://").is_some_and(fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md_01_the_well_known_part_stands_before_the_issuers_path() {
        let base = "/.well-known/oauth-authorization-server";
        assert_eq!(well_known_path("https://auth.example"), base);
        assert_eq!(well_known_path("https://auth.example/"), base);
        assert_eq!(
            well_known_path("https://auth.example:8443/banks/harbour"),
            format!("{base}/banks/harbour")
        );
    }

    #[test]
    fn md_01_for_openid_it_stands_behind() {
        let well_known = "/.well-known/openid-configuration";
        assert_eq!(openid_path("https://auth.example"), well_known);
        assert_eq!(openid_path("https://auth.example/"), well_known);
        assert_eq!(
            openid_path("https://auth.example:8443/banks/harbour"),
            format!("/banks/harbour{well_known}")
        );
    }

    #[test]
    fn md_02_an_issuer_is_an_https_url_without_query_and_fragment() {
        assert!(is_identifier("https://auth.example/harbour"));
        for bad in [
            "http://auth.example",
            "https://",
            "https:///harbour",
            "https://auth.example?a",
            "https://auth.example#a",
            "https://auth example",
            "auth.example",
        ] {
            assert!(!is_identifier(bad), "{bad}");
        }
    }
}
