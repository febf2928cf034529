//! What operators read, and that nobody else does: CF-16 for the one service that operators have.

use std::net::SocketAddr;
use std::time::Duration;

use kit::{
    Answer, Dial, Exposition, HouseBuilder, Identity, Method, Operators, Partner, TestHouse,
    Version, issue, other_authority, partner_leaf,
};

async fn house() -> (TestHouse, Operators) {
    let (builder, operators) = HouseBuilder::new().with_operators();
    (builder.start().await, operators)
}

fn door(house: &TestHouse) -> SocketAddr {
    house
        .running
        .address("operators")
        .expect("an open listener")
}

/// Asks for the metrics on a connection of its own.
async fn ask(house: &TestHouse, identity: &Identity, path: &str) -> Answer {
    let dial = house.dial(Some(identity), Version::Http1);
    let mut client = dial.connect(door(house)).await.expect("a connection");
    client.get(path, &[]).await
}

async fn scrape(house: &TestHouse, operators: &Operators) -> Exposition {
    let answer = ask(house, &operators.identity, "/metrics").await;
    assert_eq!(answer.status, 200);
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(answer.header("content-type"), kind);
    Exposition::read(std::str::from_utf8(&answer.body).expect("UTF-8"))
}

/// Stops a house; what was recorded of requests to the door, by status and code.
async fn recorded(house: TestHouse) -> Vec<(u64, String)> {
    let folder = house.stop().await;
    let records = kit::records(&folder.path().join("audit"));
    let at_door = records.iter().filter(|record| {
        record["type"] == "api.access" && record["log"] == "house" && record["object"].is_null()
    });
    let told = |record: &serde_json::Value| {
        let outcome = &record["outcome"];
        let code = outcome["code"].as_str().unwrap_or("");
        (outcome["status"].as_u64().unwrap_or(0), code.to_owned())
    };
    at_door.map(told).collect()
}

#[tokio::test]
async fn an_operator_reads_the_metrics_and_leaves_a_record() {
    let (house, operators) = house().await;
    let scraped = scrape(&house, &operators).await;
    assert_eq!(scraped.count("mortise_config_snapshot", &[]), 1);
    assert_eq!(scraped.count("mortise_config_last_load_ok", &[]), 1);
    assert!(scraped.value("process_resident_memory_bytes", &[]) > 1e6);
    let started = scraped.value("process_start_time_seconds", &[]);
    assert!(
        (house.now().as_second() as f64 - started).abs() < 600.0,
        "{started}"
    );
    let folder = house.stop().await;
    let records = kit::records(&folder.path().join("audit"));
    let read = records.iter().find(|record| record["type"] == "api.access");
    let read = read.expect("a record of the read");
    assert_eq!(read["log"], "house");
    assert_eq!(read["outcome"]["decision"], "allowed");
    assert_eq!(read["auth"]["x5t"], operators.identity.thumbprint());
}

#[tokio::test]
async fn cf_16_no_partner_and_no_stranger_reads_what_operators_read() {
    let (house, operators) = house().await;
    let now = house.now();
    let day = Duration::from_hours(24);
    let stranger = other_authority("Strangers", now);
    let leaf = partner_leaf(None, now, day);
    let partner = Partner::of(&house, "swiftride-app").identity;
    // A partner's organization under the operators' own authority is a partner all the same.
    let organization = Some(kit::SWIFTRIDE);
    let disguised = issue(&operators.authority, &partner_leaf(organization, now, day));
    for identity in [
        partner,
        Identity::issued(&issue(&stranger, &leaf)),
        Identity::issued(&disguised),
    ] {
        for path in ["/metrics", "/"] {
            let answer = ask(&house, &identity, path).await;
            answer.refused_saying(401, "certificate_refused", "not an operator's");
        }
    }
    // Without a certificate the handshake fails; in TLS 1.3 a client learns so when it reads.
    for dial in [
        house.dial(None, Version::Http1),
        house.dial12(None, Version::Http1),
    ] {
        assert!(!is_answered(&dial, door(&house)).await);
    }
    let told = recorded(house).await;
    assert_eq!(told.len(), 6, "{told:?}");
    assert!(
        told.iter()
            .all(|(status, code)| (*status, code.as_str()) == (401, "certificate_refused"))
    );
}

async fn is_answered(dial: &Dial, address: SocketAddr) -> bool {
    let Ok(mut client) = dial.connect(address).await else {
        return false;
    };
    client.call(Method::GET, "/metrics", &[], "").await.is_ok()
}

#[tokio::test]
async fn the_operators_listener_serves_the_metrics_alone_and_no_other_serves_them() {
    let (house, operators) = house().await;
    for path in ["/", "/metrics/", "/fx/v1/rates", "/token", "/livez"] {
        let answer = ask(&house, &operators.identity, path).await;
        answer.refused(404, "unknown_route");
    }
    let dial = house.dial(Some(&operators.identity), Version::Http2);
    let mut client = dial.connect(door(&house)).await.expect("a connection");
    let posted = client.call(Method::POST, "/metrics", &[], "x").await;
    posted
        .expect("an answer")
        .refused(405, "method_not_allowed");
    let mut client = dial.connect(house.api()).await.expect("a connection");
    client
        .get("/metrics", &[])
        .await
        .refused(404, "unknown_route");
    house.stop().await;
}
