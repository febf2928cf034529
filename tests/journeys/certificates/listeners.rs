//! Certificates none, optional, required: as each listener says.

use std::net::SocketAddr;

use kit::{Dial, HouseBuilder, Partner, TestHouse, Version};

use super::BRANCHES;

const FX: &str = "/fx/v1/rates/EUR-CNY";

/// A house with two more listeners: `strict` wants a certificate, `bare` takes none.
async fn house() -> TestHouse {
    HouseBuilder::new()
        .edit(
            "listeners:\n",
            "listeners:\n  strict:\n    address: \"127.0.0.1:0\"\n    url: https://localhost:1\n    \
             serves: [api]\n    client_certificates: required\n    limits: standard\n  bare:\n    \
             address: \"127.0.0.1:0\"\n    url: https://localhost:2\n    serves: [api]\n    \
             client_certificates: none\n    limits: standard\n",
        )
        .edit("listeners: [api]", "listeners: [api, strict]")
        .edit(
            "file:apis/fx.yaml, upstream: core, listeners: [api, strict]",
            "file:apis/fx.yaml, upstream: core, listeners: [api, strict, bare]",
        )
        .start()
        .await
}

fn address(house: &TestHouse, listener: &str) -> SocketAddr {
    house.running.address(listener).expect("an open listener")
}

/// Whether anything is answered on a new connection.
async fn is_served(dial: &Dial, address: SocketAddr, authority: &str) -> bool {
    let Ok(client) = dial.connect(address).await else {
        return false;
    };
    // In TLS 1.3 a client learns of its refusal only when it reads.
    let mut client = client.naming(authority);
    client
        .call(kit::Method::GET, FX, &[], "")
        .await
        .is_ok_and(|answer| answer.status == 200)
}

#[tokio::test]
async fn a_listener_that_wants_a_certificate_serves_nobody_without_one() {
    let house = house().await;
    let partner = Partner::of(&house, "swiftride-app");
    let strict = address(&house, "strict");
    for version in Version::BOTH {
        for bare in [house.dial(None, version), house.dial12(None, version)] {
            assert!(
                !is_served(&bare, strict, "localhost:1").await,
                "{version:?}"
            );
            assert!(
                is_served(
                    &bare,
                    house.api(),
                    &format!("localhost:{}", house.api().port())
                )
                .await
            );
        }
        let identity = Some(&partner.identity);
        for shown in [
            house.dial(identity, version),
            house.dial12(identity, version),
        ] {
            assert!(
                is_served(&shown, strict, "localhost:1").await,
                "{version:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_session_begun_without_a_certificate_cannot_be_resumed_where_one_is_wanted() {
    let house = house().await;
    let dial = house.dial(None, Version::Http1);
    assert!(is_served(&dial, address(&house, "bare"), "localhost:2").await);
    assert!(is_served(&dial, address(&house, "bare"), "localhost:2").await);
    assert!(!is_served(&dial, address(&house, "strict"), "localhost:1").await);
}

#[tokio::test]
async fn one_token_serves_at_each_listener_of_its_product_and_nowhere_else() {
    let house = house().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let headers = [("authorization", token.as_str())];
    let dial = partner.dial(&house, Version::Http2);
    let api = dial.connect(house.api()).await.expect("a connection");
    let strict = dial
        .connect(address(&house, "strict"))
        .await
        .expect("a connection");
    for mut client in [api, strict.naming("localhost:1")] {
        client.get(BRANCHES, &headers).await.ok();
    }
    let bare = dial
        .connect(address(&house, "bare"))
        .await
        .expect("a connection");
    let mut bare = bare.naming("localhost:2");
    bare.get(FX, &[]).await.ok();
    bare.get(BRANCHES, &headers)
        .await
        .refused(404, "unknown_route");
}

#[tokio::test]
async fn a_listener_that_wants_none_takes_no_notice_of_one() {
    let house = house().await;
    let partner = Partner::of(&house, "swiftride-app");
    let dial = partner.dial(&house, Version::Http1);
    assert!(is_served(&dial, address(&house, "bare"), "localhost:2").await);
    assert!(
        !is_served(&dial, house.issuer(), "localhost:2").await,
        "no product is there"
    );
}
