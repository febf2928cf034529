//! What operators read, and that nobody else does: CF-16 for the one service that operators have.

use std::net::SocketAddr;
use std::time::Duration;

use kit::{
    Answer, Dial, HouseBuilder, Identity, Method, Operators, Partner, TestHouse, Version,
    intermediate, issue, other_authority, partner_leaf, revocation_list,
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
    let scraped = operators.scrape(&house).await;
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

#[tokio::test]
async fn whom_an_authority_of_partners_vouches_for_is_no_operator_listed_or_not() {
    let (builder, operators) = HouseBuilder::new().with_operators();
    let now = builder.now();
    let day = Duration::from_hours(24);
    let root = &operators.authority;
    let near = intermediate(root, "Near", now, 2 * day);
    let far = intermediate(&near, "Partners' far CA", now, 2 * day);
    let partners = builder.partner_authority().certificate().to_owned();
    let house = builder
        .edit(
            "revocation: { crl: [file:trust/operators.crl], refuse_when_older_than: 744h }",
            "revocation: none",
        )
        .edit(
            "crl: [file:trust/partners.crl]",
            "crl: [file:trust/partners.crl, file:trust/more.crl]",
        )
        .write(
            "trust/partners-ca.pem",
            &format!("{partners}{}", far.certificate()),
        )
        .write("trust/more.crl", &revocation_list(&far, &[], now))
        .start()
        .await;
    let leaf = partner_leaf(Some("PSDCN-REMOVED-009"), now, day);
    let entering = async |authority| {
        let identity = Identity::issued(&issue(authority, &leaf));
        ask(&house, &identity, "/metrics").await
    };
    assert_eq!(entering(&near).await.status, 200);
    let answer = entering(&far).await;
    answer.refused_saying(401, "certificate_refused", "not an operator's");

    // Right under the operators' own the configuration itself tells.
    let both = format!("{partners}{}", near.certificate());
    house.write("trust/partners-ca.pem", &both);
    house.write("trust/more.crl", &revocation_list(&near, &[], house.now()));
    let told = house.refuses_to_reload().await;
    assert!(told.contains("stands above one that issues"), "{told}");
    house.stop().await;
}

#[tokio::test]
async fn an_operators_certificate_can_be_revoked() {
    let (house, operators) = house().await;
    assert_eq!(
        ask(&house, &operators.identity, "/metrics").await.status,
        200
    );
    let revoked = [operators.serial.as_slice()];
    let list = revocation_list(&operators.authority, &revoked, house.now());
    house.write("trust/operators.crl", &list);
    house.reload().await;
    let answer = ask(&house, &operators.identity, "/metrics").await;
    answer.refused_saying(401, "certificate_refused", "is revoked");
    house.stop().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_counted_under_closed_labels() {
    let (house, operators) = house().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    let dial = partner.dial(&house, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let bearer = [("authorization", token.as_str())];
    for _ in 0..3 {
        client
            .get("/branches/v1/branches?limit=1", &bearer)
            .await
            .ok();
    }
    let target = "/catalogue/v1/products?limit=1";
    client
        .get(target, &bearer)
        .await
        .refused(403, "insufficient_scope");
    client.get(target, &[]).await.refused(401, "no_token");
    client
        .get("/nowhere", &[])
        .await
        .refused(404, "unknown_route");
    partner.ask_token(&house, "nonsense").await;
    let scraped = operators.scrape(&house).await;
    let branches = [
        ("listener", "api"),
        ("bank", "harbour"),
        ("product", "branches"),
    ];
    let allowed = [&branches[..], &[("outcome", "allowed"), ("status", "2xx")]].concat();
    assert_eq!(scraped.count("mortise_requests_total", &allowed), 3);
    let operation = [("product", "branches"), ("operation", "listBranches")];
    let took = scraped.count("mortise_request_duration_seconds_count", &operation);
    assert_eq!(took, 3);
    for (code, product) in [
        ("insufficient_scope", "catalogue"),
        ("no_token", "catalogue"),
    ] {
        let labels = [("product", product), ("code", code)];
        assert_eq!(
            scraped.count("mortise_refusals_total", &labels),
            1,
            "{code}"
        );
    }
    let nowhere = [("bank", ""), ("product", ""), ("code", "unknown_route")];
    assert_eq!(scraped.count("mortise_refusals_total", &nowhere), 1);
    let own = [("bank", "harbour"), ("partner", "swiftride")];
    for (outcome, count) in [("allowed", 3), ("refused", 2)] {
        let labels = [&own[..], &[("outcome", outcome)]].concat();
        assert_eq!(
            scraped.count("mortise_partner_requests_total", &labels),
            count
        );
    }
    let core = [("bank", "harbour"), ("upstream", "core")];
    let answered = [&core[..], &[("outcome", "answered")]].concat();
    assert_eq!(
        scraped.count("mortise_upstream_requests_total", &answered),
        3
    );
    assert_eq!(
        scraped.count("mortise_upstream_duration_seconds_count", &core),
        3
    );
    assert_eq!(scraped.count("mortise_upstream_waiting", &core), 0);
    assert_eq!(scraped.count("mortise_upstream_waits_total", &core), 0);
    assert_eq!(scraped.count("mortise_upstream_places_used", &core), 0);
    assert!(scraped.count("mortise_upstream_connections_open", &core) >= 1);
    for (standing, is_so) in [("in_play", 1), ("resting", 0), ("on_trial", 0)] {
        let stands = [&core[..], &[("standing", standing)]].concat();
        let found = scraped.count("mortise_upstream_endpoint_standing", &stands);
        assert_eq!(found, is_so, "{standing}");
    }
    let issued = [("bank", "harbour"), ("outcome", "allowed"), ("code", "")];
    assert_eq!(scraped.count("mortise_token_requests_total", &issued), 1);
    let refused = [("outcome", "refused"), ("code", "invalid_scope")];
    assert_eq!(scraped.count("mortise_token_requests_total", &refused), 1);
    for (outcome, count) in [("judged", 1), ("remembered", 3)] {
        let found = scraped.count("mortise_token_checks_total", &[("outcome", outcome)]);
        assert_eq!(found, count, "{outcome}");
    }
    let api = [("listener", "api")];
    assert!(scraped.count("mortise_connections_open", &api) >= 1);
    assert!(scraped.count("mortise_received_bytes_total", &api) > 100);
    assert!(scraped.count("mortise_sent_bytes_total", &api) > 1_000);
    let full = [("listener", "operators"), ("outcome", "full")];
    assert_eq!(scraped.count("mortise_handshakes_total", &full), 1);
    assert!(scraped.count("mortise_audit_group_records_count", &[]) >= 1);
    assert_eq!(scraped.count("mortise_audit_poisoned", &[]), 0);
    for family in scraped.0.values() {
        for sample in &family.samples {
            for (label, value) in &sample.labels {
                let is_word = |c: char| c.is_ascii_alphanumeric() || ".:_-+ ".contains(c);
                assert!(value.chars().all(is_word), "{label}={value}");
            }
        }
    }
    house.stop().await;
}
