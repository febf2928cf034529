//! What an issuer that asks customers announces: every member, and no other.

use kit::{Browser, TestHouse};
use serde_json::json;

#[tokio::test]
async fn md_03_an_issuer_that_asks_customers_announces_all_that_is_there() {
    let house = TestHouse::start().await;
    let (issuer, api) = (house.issuer_url(), house.api_url());
    let methods = [
        "private_key_jwt",
        "tls_client_auth",
        "self_signed_tls_client_auth",
    ];
    let place = "/.well-known/oauth-authorization-server";
    let answer = Browser::new(&house).get(place).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(
        answer.json(),
        json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "pushed_authorization_request_endpoint": format!("{issuer}/par"),
            "revocation_endpoint": format!("{issuer}/revoke"),
            "introspection_endpoint": format!("{issuer}/introspect"),
            "introspection_endpoint_auth_methods_supported": methods,
            "jwks_uri": format!("{issuer}/jwks"),
            "mtls_endpoint_aliases": {
                "token_endpoint": format!("{api}/token"),
                "pushed_authorization_request_endpoint": format!("{api}/par"),
                "revocation_endpoint": format!("{api}/revoke"),
                "introspection_endpoint": format!("{api}/introspect"),
                "userinfo_endpoint": format!("{api}/userinfo"),
            },
            "scopes_supported": ["branches", "catalogue", "openid"],
            "grant_types_supported": [
                "client_credentials", "authorization_code", "refresh_token",
            ],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query", "query.jwt", "jwt"],
            "authorization_response_iss_parameter_supported": true,
            "authorization_signing_alg_values_supported": ["PS256"],
            "code_challenge_methods_supported": ["S256"],
            "require_pushed_authorization_requests": true,
            "require_signed_request_object": false,
            "request_parameter_supported": true,
            "request_uri_parameter_supported": false,
            "request_object_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
            "token_endpoint_auth_methods_supported": methods,
            "token_endpoint_auth_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
            "revocation_endpoint_auth_methods_supported": methods,
            "dpop_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
            "tls_client_certificate_bound_access_tokens": true,
            "ui_locales_supported": ["zh-CN", "en"],
            "userinfo_endpoint": format!("{issuer}/userinfo"),
            "userinfo_signing_alg_values_supported": ["PS256"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["PS256"],
            "claims_supported": [
                "iss", "sub", "aud", "exp", "iat", "nonce", "auth_time", "acr", "at_hash",
                "openbanking_intent_id",
            ],
            "acr_values_supported": ["urn:harbour:password"],
            "claims_parameter_supported": true,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
        })
    );
}
