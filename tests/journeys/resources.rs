//! Protected resource metadata (RFC 9728): what a caller learns of a product before it has a token.

use kit::{Answer, Client, HouseBuilder, Method, Partner, TestHouse, Version};
use serde_json::{Value, json};

const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

async fn stranger(house: &TestHouse, version: Version) -> Client {
    let dial = house.dial(None, version);
    dial.connect(house.api()).await.expect("a connection")
}

async fn asked(client: &mut Client, method: Method, path: &str) -> Answer {
    let target = format!("{WELL_KNOWN}{path}");
    client
        .call(method, &target, &[], "")
        .await
        .expect("an answer")
}

/// The document of a product of the sandbox's.
fn document(house: &TestHouse, base_path: &str, name: &str, scopes: &[&str]) -> Value {
    let mut document = json!({
        "resource": format!("{}{base_path}", house.api_url()),
        "authorization_servers": [house.issuer_url()],
        "scopes_supported": scopes,
        "bearer_methods_supported": ["header"],
        "tls_client_certificate_bound_access_tokens": true,
        "dpop_signing_alg_values_supported": ["PS256", "ES256", "EdDSA"],
        "resource_name": name,
    });
    if scopes.is_empty() {
        let members = document.as_object_mut().expect("members");
        members.remove("scopes_supported");
    }
    document
}

#[tokio::test]
async fn pr_01_every_product_says_where_its_tokens_come_from_and_how_they_are_shown() {
    let house = TestHouse::start().await;
    for version in Version::BOTH {
        let mut client = stranger(&house, version).await;
        for (base_path, name, scopes) in [
            ("/branches/v1", "Branches and ATMs", &["branches"][..]),
            ("/catalogue/v1", "Product catalogue", &["catalogue"]),
            ("/fx/v1", "Exchange rates", &[]),
        ] {
            let answer = asked(&mut client, Method::GET, base_path).await;
            assert_eq!(answer.ok(), document(&house, base_path, name, scopes));
            assert_eq!(answer.header("content-type"), "application/json");
            assert_eq!(answer.header("cache-control"), "public, max-age=60");
            answer.has_ids();
            let head = asked(&mut client, Method::HEAD, base_path).await;
            let length = answer.body.len().to_string();
            assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
            assert_eq!(head.header("content-length"), length);
        }
    }
    assert_eq!(house.bank.calls(), 0);
}

#[tokio::test]
async fn pr_01_metadata_are_read_and_nothing_else() {
    let house = TestHouse::start().await;
    let mut client = stranger(&house, Version::Http2).await;
    let posted = asked(&mut client, Method::POST, "/branches/v1").await;
    posted.refused(405, "method_not_allowed");
    assert_eq!(posted.header("allow"), "GET, HEAD");
    for nowhere in [
        "",
        "/",
        "/branches",
        "/branches/v1/branches",
        "/branches/v1/",
    ] {
        let answer = asked(&mut client, Method::GET, nowhere).await;
        answer.refused(404, "unknown_route");
    }
    let mut foreign = stranger(&house, Version::Http2)
        .await
        .naming("elsewhere.invalid");
    let answer = asked(&mut foreign, Method::GET, "/branches/v1").await;
    answer.refused(404, "unknown_route");
    let dial = house.dial(None, Version::Http2);
    let mut issuer = dial.connect(house.issuer()).await.expect("a connection");
    let answer = asked(&mut issuer, Method::GET, "/branches/v1").await;
    answer.refused(404, "unknown_route");
}

/// The URL that a challenge gives.
fn url_in(challenge: &str) -> &str {
    let url = challenge.split("resource_metadata=\"").nth(1);
    let url = url.and_then(|rest| rest.split('"').next());
    url.unwrap_or_else(|| panic!("no URL: {challenge}"))
}

#[tokio::test]
async fn pr_02_pr_03_a_401_leads_to_the_metadata_whose_resource_it_was() {
    let house = TestHouse::start().await;
    let partner = Partner::of(&house, "swiftride-app");
    for version in Version::BOTH {
        let mut bare = stranger(&house, version).await;
        let dial = partner.dial(&house, version);
        let mut known = dial.connect(house.api()).await.expect("a connection");
        for base_path in ["/branches/v1", "/catalogue/v1"] {
            let operation = match base_path {
                "/branches/v1" => "/branches/v1/branches",
                _ => "/catalogue/v1/products",
            };
            for (is_known, authorization) in [
                (false, "Bearer a.b.c"),
                (false, "DPoP a.b.c"),
                (true, "Basic a"),
                (true, "Bearer a.b.c"),
            ] {
                let client = if is_known { &mut known } else { &mut bare };
                let headers = [("authorization", authorization)];
                let refused = client.get(operation, &headers).await;
                assert_eq!(refused.status, 401, "{authorization}");
                for challenge in refused.headers.get_all("www-authenticate") {
                    let url = url_in(challenge.to_str().expect("text"));
                    let target = url.strip_prefix(&house.api_url()).expect("a URL of ours");
                    let metadata = client.get(target, &[]).await.ok();
                    let resource = metadata["resource"].as_str().expect("a resource");
                    assert_eq!(resource, format!("{}{base_path}", house.api_url()));
                    // RFC 9728 §3: the well-known part stands between host and path.
                    assert_eq!(target, format!("{WELL_KNOWN}{base_path}"));
                }
            }
        }
        let nowhere = known.get("/nowhere", &[]).await;
        nowhere.refused(404, "unknown_route");
    }
}

#[tokio::test]
async fn of_products_that_share_a_base_path_there_is_one_document() {
    let house = HouseBuilder::new()
        .edit_file("apis/catalogue.yaml", "/catalogue/v1", "/branches/v1")
        .start()
        .await;
    let mut client = stranger(&house, Version::Http1).await;
    let answer = asked(&mut client, Method::GET, "/branches/v1").await;
    let metadata = answer.ok();
    assert_eq!(
        metadata["scopes_supported"],
        json!(["branches", "catalogue"])
    );
    let answer = asked(&mut client, Method::GET, "/catalogue/v1").await;
    answer.refused(404, "unknown_route");
}

#[tokio::test]
async fn a_reload_changes_the_metadata() {
    let house = TestHouse::start().await;
    let mut client = stranger(&house, Version::Http2).await;
    let before = asked(&mut client, Method::GET, "/fx/v1").await.ok();
    assert_eq!(before["resource_name"], "Exchange rates");
    house.edit("apis/fx.yaml", "title: Exchange rates", "title: Rates");
    house.reload().await;
    let after = asked(&mut client, Method::GET, "/fx/v1").await.ok();
    assert_eq!(after["resource_name"], "Rates");
}
