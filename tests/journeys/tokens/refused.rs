//! What the token endpoint refuses for its form, its client or its grant; and what it says then.

use kit::{Answer, Client, FORM, HouseBuilder, Method, Partner, TestHouse, Version, token_form};

use super::is_oauth_error;

const BASIC: (&str, &str) = ("authorization", "Basic c3dpZnRyaWRlOnNlY3JldA==");

/// A house, a partner, and a connection of the partner's.
async fn open() -> (TestHouse, Partner, Client) {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let dial = partner.dial(&house, Version::Http2);
    let client = dial.connect(house.api()).await.expect("a connection");
    (house, partner, client)
}

/// A good form, with an assertion of its own.
fn form(house: &TestHouse, partner: &Partner) -> String {
    let assertion = partner.assertion(&house.issuer_url(), house.clock.as_ref());
    token_form("branches", &assertion)
}

async fn post(client: &mut Client, headers: &[(&str, &str)], form: String) -> Answer {
    let answer = client.call(Method::POST, "/token", headers, form).await;
    answer.expect("an answer")
}

#[tokio::test]
async fn a_request_that_is_no_form_of_this_endpoint_is_invalid() {
    let (house, partner, mut client) = open().await;
    let good = || form(&house, &partner);
    let get = client.get("/token", &[]).await;
    is_oauth_error(&get, 405, "invalid_request", "POST only");
    assert_eq!(get.header("allow"), "POST");
    let json = ("content-type", "application/json");
    let answer = post(&mut client, &[json], good()).await;
    is_oauth_error(&answer, 400, "invalid_request", "Content-Type");
    let answer = post(&mut client, &[FORM], format!("{}&scope=catalogue", good())).await;
    is_oauth_error(&answer, 400, "invalid_request", "scope must not stand more");
    let long = format!("{}&more={}", good(), "x".repeat(64 * 1024));
    let answer = post(&mut client, &[FORM], long).await;
    is_oauth_error(&answer, 413, "invalid_request", "65536");
    let without = good().replace("grant_type=client_credentials&", "");
    let answer = post(&mut client, &[FORM], without).await;
    is_oauth_error(&answer, 400, "invalid_request", "grant_type is required");
    let answer = post(&mut client, &[FORM, BASIC], good()).await;
    is_oauth_error(&answer, 400, "invalid_request", "one way to authenticate");
    assert_eq!(post(&mut client, &[FORM], good()).await.status, 200);
}

#[tokio::test]
async fn a_client_that_proves_no_key_is_refused_in_the_scheme_that_it_used() {
    let (house, partner, mut client) = open().await;
    let bare = "grant_type=client_credentials&scope=branches";
    for (headers, challenge) in [(&[FORM][..], ""), (&[FORM, BASIC][..], "Basic realm")] {
        let answer = post(&mut client, headers, bare.to_owned()).await;
        is_oauth_error(&answer, 401, "invalid_client", "private_key_jwt");
        let told = answer.header("www-authenticate");
        assert!(
            told.starts_with(challenge) && told.is_empty() == challenge.is_empty(),
            "{told}"
        );
    }
    let other = form(&house, &partner).replace("jwt-bearer", "saml2-bearer");
    let answer = post(&mut client, &[FORM], other).await;
    is_oauth_error(&answer, 401, "invalid_client", "client_assertion_type must");
    let named = format!("{}&client_id=cartwheel-app", form(&house, &partner));
    let answer = post(&mut client, &[FORM], named).await;
    is_oauth_error(&answer, 401, "invalid_client", "must name the same client");
}

#[tokio::test]
async fn a_proof_that_is_none_is_told() {
    let (house, partner, mut client) = open().await;
    let proof = ("dpop", "a.b.c");
    let answer = post(&mut client, &[FORM, proof], form(&house, &partner)).await;
    is_oauth_error(&answer, 400, "invalid_dpop_proof", "");
}

#[tokio::test]
async fn a_grant_that_is_not_offered_is_unsupported() {
    let (house, partner, mut client) = open().await;
    for grant in ["implicit", "password", "urn:openid:params:grant-type:ciba"] {
        let other = form(&house, &partner).replace("client_credentials", grant);
        let answer = post(&mut client, &[FORM], other).await;
        is_oauth_error(
            &answer,
            400,
            "unsupported_grant_type",
            "must be one of grant_types_supported",
        );
    }
}

#[tokio::test]
async fn a_scope_that_cannot_be_given_is_invalid() {
    let (house, partner, mut client) = open().await;
    for (scope, says) in [
        ("openid", "no scope of client_credentials"),
        ("branches%22", "list of at most 64 scopes"),
        ("payments", "not open to this client"),
    ] {
        let other = form(&house, &partner).replace("scope=branches", &format!("scope={scope}"));
        let answer = post(&mut client, &[FORM], other).await;
        is_oauth_error(&answer, 400, "invalid_scope", says);
    }
}

#[tokio::test]
async fn a_client_without_any_scope_is_unauthorized() {
    let house = HouseBuilder::new()
        .edit("products: [catalogue]", "products: [fx]")
        .start()
        .await;
    let partner = Partner::of(&house, "cartwheel-app");
    let answer = partner.ask_token(&house, "catalogue").await;
    is_oauth_error(
        &answer,
        400,
        "unauthorized_client",
        "not open to this client",
    );
}
