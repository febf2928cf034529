//! Keys and certificates side by side: what a token is bound to when both are shown, and an issuer
//! that nobody shows a certificate.

use kit::{ProofKey, Version};
use serde_json::json;

use super::{
    App, BRANCHES, BY_CERTIFICATE, BY_KEY, Form, Keyed, builder, cnf, house, is_bad_proof,
    is_oauth_error, started, to_key,
};

#[tokio::test]
async fn a_certificate_beside_a_proof_binds_nothing_and_must_be_the_partners() {
    let house = house().await;
    let mut app = Keyed::shown(&house).await;
    let tokens = app.post("/token", Form::own()).await.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    assert_eq!(cnf(&tokens["access_token"]), to_key(&app.key));
    app.call(&tokens["access_token"], &app.key).await.ok();
    // With another partner's certificate it is not this client.
    app.app.client = App::of(&house, "cartwheel-app").await.client;
    let answer = app.post("/token", Form::own()).await;
    is_oauth_error(&answer, 401, "invalid_client", "the same partner");
}

#[tokio::test]
async fn dp_11_introspection_says_the_type_and_the_key_too() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let tokens = app.post("/token", Form::own()).await.ok();
    let token = tokens["access_token"].as_str().expect("text");
    // Who asks about a token proves no key: it is the token's that is told.
    app.key = ProofKey::es256();
    let form = Form(vec![("token", token.to_owned())]);
    let told = app.post_with("/introspect", form, &[]).await.ok();
    assert_eq!(told["active"], true);
    assert_eq!(told["token_type"], "DPoP");
    assert_eq!(told["cnf"], cnf(&tokens["access_token"]));
    assert_ne!(told["cnf"], to_key(&app.key));
}

#[tokio::test]
async fn a_client_of_certificates_that_proves_a_key_gets_a_token_that_wants_both() {
    let house = started(builder().edit(BY_KEY, BY_CERTIFICATE)).await;
    let mut app = Keyed::shown(&house).await;
    let answer = app.post("/token", Form::own()).await;
    let tokens = answer.ok();
    assert_eq!(tokens["token_type"], "DPoP");
    let thumbprint = app.app.partner.identity.thumbprint();
    let both = json!({ "x5t#S256": thumbprint, "jkt": app.key.thumbprint() });
    assert_eq!(cnf(&tokens["access_token"]), both);
    let record = house.recorded(&answer.request_id()).await;
    assert_eq!(record["auth"]["jkt"], app.key.thumbprint());
    assert_eq!(record["auth"]["x5t"], thumbprint);
    // The key without the certificate, and the certificate without the key.
    let token = &tokens["access_token"];
    app.call(token, &app.key)
        .await
        .refused(401, "wrong_binding");
    let bearer = format!("Bearer {}", token.as_str().expect("text"));
    let dial = app.app.partner.dial(&house, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let answer = client.get(BRANCHES, &[("authorization", &bearer)]).await;
    answer.refused(401, "no_proof");
    let token = token.as_str().expect("text");
    let proof = app.key.proof(&house.proof_claims("GET", BRANCHES, token));
    let authorization = format!("DPoP {token}");
    let headers = [("authorization", authorization.as_str()), ("dpop", &proof)];
    client.get(BRANCHES, &headers).await.ok();
    // No proof is passed over, and a key is no certificate.
    let answer = app.ask(&["x"]).await;
    is_bad_proof(&answer, "not a compact JWS");
    let mut bare = Keyed::bare(&house).await;
    let answer = bare.post("/token", Form::own()).await;
    is_oauth_error(
        &answer,
        400,
        "invalid_request",
        "bound to a client certificate",
    );
}

#[tokio::test]
async fn an_issuer_whose_clients_all_have_keys_needs_no_listener_for_certificates() {
    let cartwheel = "cartwheel-app: { auth: private_key_jwt, bound_by:";
    let house = started(
        builder()
            .edit(&format!("{cartwheel} mtls,"), &format!("{cartwheel} dpop,"))
            .edit("serves: [api, token]", "serves: [api]"),
    )
    .await;
    let mut app = Keyed::bare(&house).await;
    let place = "/.well-known/oauth-authorization-server";
    let metadata = app.app.client.get(place, &[]).await.ok();
    let algorithms = json!(["PS256", "ES256", "EdDSA"]);
    assert_eq!(metadata["dpop_signing_alg_values_supported"], algorithms);
    let bound = "tls_client_certificate_bound_access_tokens";
    assert_eq!(metadata[bound], false);
    assert_eq!(metadata.get("mtls_endpoint_aliases"), None);
    let methods = json!(["private_key_jwt"]);
    assert_eq!(metadata["token_endpoint_auth_methods_supported"], methods);
    let tokens = app.post("/token", Form::own()).await.ok();
    app.call(&tokens["access_token"], &app.key).await.ok();
    let other = app.call(&tokens["access_token"], &ProofKey::es256()).await;
    other.refused(401, "wrong_binding");
}

#[tokio::test]
async fn dp_16_the_metadata_say_how_proofs_are_signed() {
    let house = house().await;
    let mut app = Keyed::bare(&house).await;
    let place = "/.well-known/oauth-authorization-server";
    let metadata = app.app.client.get(place, &[]).await.ok();
    let algorithms = json!(["PS256", "ES256", "EdDSA"]);
    assert_eq!(metadata["dpop_signing_alg_values_supported"], algorithms);
    let bound = "tls_client_certificate_bound_access_tokens";
    assert_eq!(metadata[bound], true);
}
