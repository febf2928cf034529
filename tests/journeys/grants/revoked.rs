//! Revocation: on the next request of the road, and after a restart.

mod agreements;

use kit::{Browser, HouseBuilder, TestHouse};

use super::{App, Form};
use crate::tokens::is_oauth_error;

fn token(text: &serde_json::Value) -> Form {
    Form(vec![("token", text.as_str().expect("text").to_owned())])
}

#[tokio::test]
async fn oa_85_an_access_token_that_is_revoked_is_refused_at_once_and_alone() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    app.call(&tokens["access_token"]).await.ok();
    let revoked = app.post("/revoke", token(&tokens["access_token"])).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (200, 0));
    let refused = app.call(&tokens["access_token"]).await;
    refused.refused_saying(401, "bad_token", "revoked");
    let refresh = tokens["refresh_token"].as_str().expect("text");
    let fresh = app.post("/token", Form::refresh(refresh)).await.ok();
    app.call(&fresh["access_token"]).await.ok();
    // A client's own token too.
    let own = app.partner.bearer(&house, "branches").await;
    let own = serde_json::json!(own.trim_start_matches("Bearer "));
    app.post("/revoke", token(&own)).await;
    app.call(&own)
        .await
        .refused_saying(401, "bad_token", "revoked");
}

#[tokio::test]
async fn rv_01_where_no_customer_logs_in_a_client_gives_up_its_own_token_all_the_same() {
    let house = HouseBuilder::new()
        .edit(&format!("{}{}", kit::LOG_IN, kit::GRANT_LIFETIME), "")
        .edit("[discovery, token, authorize]", "[discovery, token]")
        .start()
        .await;
    let mut app = App::of(&house, "swiftride-app").await;
    let place = "/.well-known/oauth-authorization-server";
    let metadata = Browser::new(&house).get(place).await.ok();
    let announced = format!("{}/revoke", house.issuer_url());
    assert_eq!(metadata["revocation_endpoint"], announced);
    assert_eq!(metadata.get("authorization_endpoint"), None);
    let own = app.partner.bearer(&house, "branches").await;
    let own = serde_json::json!(own.trim_start_matches("Bearer "));
    app.call(&own).await.ok();
    let revoked = app.post("/revoke", token(&own)).await;
    assert_eq!((revoked.status.as_u16(), revoked.body.len()), (200, 0));
    app.call(&own)
        .await
        .refused_saying(401, "bad_token", "revoked");
    let refused = app.post("/par", Form::request()).await;
    refused.refused(404, "unknown_route");
}

/// Each wrong is wrong alone too, so that what is told of two says which was asked first.
#[tokio::test]
async fn at_02_times_are_asked_before_revocation_that_before_binding_and_scope_last() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let mut thief = App::of(&house, "cartwheel-app").await;
    let form = Form::request().with("scope", Some("catalogue"));
    let mut allowed = app.allowed(form, "li-lei").await;
    let code = allowed.remove("code").expect("a code");
    let narrow = app.post("/token", Form::code(&code)).await.ok()["access_token"].clone();
    app.call(&narrow).await.refused(403, "insufficient_scope");
    thief.call(&narrow).await.refused(401, "wrong_binding");

    app.post("/revoke", token(&narrow)).await;
    let refused = thief.call(&narrow).await;
    refused.refused_saying(401, "bad_token", "revoked");
    house
        .clock
        .advance(std::time::Duration::from_secs(301 + 10));
    let refused = app.call(&narrow).await;
    refused.refused_saying(401, "bad_token", "expired");
}

#[tokio::test]
async fn rv_02_a_refresh_token_takes_its_access_tokens_along() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let refresh = tokens["refresh_token"].clone();
    let form = Form::refresh(refresh.as_str().expect("text"));
    let second = app.post("/token", form.clone()).await.ok();
    assert_eq!(app.post("/revoke", token(&refresh)).await.status, 200);
    for tokens in [&tokens, &second] {
        let refused = app.call(&tokens["access_token"]).await;
        refused.refused_saying(401, "bad_token", "revoked");
    }
    let refused = app.post("/token", form).await;
    is_oauth_error(&refused, 400, "invalid_grant", "revoked");
    // RV-01: what is revoked, unknown or nothing of ours is as good as revoked.
    for text in [
        refresh,
        serde_json::json!("unknown"),
        serde_json::json!("a.b.c"),
    ] {
        assert_eq!(
            app.post("/revoke", token(&text)).await.status,
            200,
            "{text}"
        );
    }
    let none = app.post("/revoke", Form(Vec::new())).await;
    is_oauth_error(&none, 400, "invalid_request", "token is required");
}

#[tokio::test]
async fn oa_87_a_token_of_another_client_is_not_revoked() {
    let house = TestHouse::start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    let tokens = app.tokens("li-lei").await;
    let mut other = App::of(&house, "cartwheel-app").await;
    for name in ["access_token", "refresh_token"] {
        let refused = other.post("/revoke", token(&tokens[name])).await;
        is_oauth_error(
            &refused,
            400,
            "invalid_request",
            "not issued to this client",
        );
    }
    app.call(&tokens["access_token"]).await.ok();
}

#[tokio::test]
async fn what_was_granted_and_what_was_revoked_outlive_a_restart() {
    let house = HouseBuilder::new().restartable().start().await;
    let (kept, gone) = {
        let mut app = App::of(&house, "swiftride-app").await;
        let (kept, gone) = (app.tokens("li-lei").await, app.tokens("li-lei").await);
        app.post("/revoke", token(&gone["refresh_token"])).await;
        (kept, gone)
    };
    let house = house.rebuild().await.start().await;
    let mut app = App::of(&house, "swiftride-app").await;
    app.call(&kept["access_token"]).await.ok();
    let refused = app.call(&gone["access_token"]).await;
    refused.refused_saying(401, "bad_token", "revoked");
    let refresh = kept["refresh_token"].as_str().expect("text");
    let again = app.post("/token", Form::refresh(refresh)).await.ok();
    app.call(&again["access_token"]).await.ok();
}
