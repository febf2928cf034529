//! The health service: alive and ready, from the first moment to the last, for anyone, and nothing
//! beside it.

use std::net::SocketAddr;

use kit::{HouseBuilder, Method, Partner, Script, ScriptedBank, TestHouse, Version, probe, whole};

use crate::extra;
use crate::process::PATIENCE;

async fn house() -> TestHouse {
    HouseBuilder::new().with_operators().0.start().await
}

fn probes(house: &TestHouse) -> SocketAddr {
    house.running.address("probes").expect("an open listener")
}

#[tokio::test]
async fn a_house_that_serves_is_alive_and_ready_and_says_so_without_tls() {
    let house = house().await;
    let recorded = house.records().len();
    for path in ["/livez", "/readyz"] {
        let answer = probe(probes(&house), "GET", path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        let expected = serde_json::json!({ "status": "ok", "reasons": [] });
        assert_eq!(answer.body, expected, "{path}");
        assert!(
            answer.head.contains("cache-control: no-store"),
            "{answer:?}"
        );
        let head = probe(probes(&house), "HEAD", path)
            .await
            .expect("an answer");
        assert_eq!(head.status, 200, "{path}");
        assert!(head.body.is_null(), "{head:?}");
    }
    assert_eq!(house.records().len(), recorded, "probes leave no record");
    house.stop().await;
}

#[tokio::test]
async fn the_health_listener_serves_nothing_else() {
    let house = house().await;
    for path in [
        "/",
        "/metrics",
        "/fx/v1/rates",
        "/token",
        "/livez/",
        "/readyz/x",
    ] {
        let answer = probe(probes(&house), "GET", path).await.expect("an answer");
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.body["code"], "unknown_route", "{path}");
    }
    let answer = probe(probes(&house), "POST", "/livez")
        .await
        .expect("an answer");
    assert_eq!(answer.status, 405);
    assert!(answer.head.contains("allow: GET, HEAD"), "{answer:?}");
    let mut client = house.dial(None, Version::Http1).connect(house.api()).await;
    let client = client.as_mut().expect("a connection");
    client
        .get("/livez", &[])
        .await
        .refused(404, "unknown_route");
    house.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_house_that_drains_is_alive_and_not_ready_to_its_end() {
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let bank = ScriptedBank::start(Script::Pause(first, b"56789".to_vec())).await;
    let (builder, _) = extra::add(HouseBuilder::new(), "extra", bank.address).with_operators();
    let house = builder.start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "extra").await;
    let mut client = partner
        .dial(&house, Version::Http1)
        .connect(house.api())
        .await;
    let client = client.as_mut().expect("a connection");
    let headers = [("authorization", token.as_str())];
    let open = client
        .send(Method::GET, "/extra/own", &headers, whole(""))
        .await;
    let open = open.expect("a head");
    let at = probes(&house);
    let stopping = tokio::task::JoinSet::from_iter([async move { drop(house.stop().await) }]);
    let not_ready = async {
        loop {
            let ready = probe(at, "GET", "/readyz").await.expect("an answer");
            if ready.status == 503 {
                return ready;
            }
            tokio::task::yield_now().await;
        }
    };
    let ready = tokio::time::timeout(PATIENCE, not_ready).await;
    let expected = serde_json::json!({ "status": "not_ready", "reasons": ["draining"] });
    assert_eq!(ready.expect("a drain").body, expected);
    let live = probe(at, "GET", "/livez").await.expect("an answer");
    assert_eq!(live.status, 200);
    bank.release();
    assert_eq!(
        kit::read(open).await.expect("a whole answer").body,
        "0123456789"
    );
    stopping.join_all().await;
    assert!(
        probe(at, "GET", "/livez").await.is_err(),
        "the house has ended"
    );
}
