//! Listeners come, go and change while the house runs.

use std::os::unix::fs::PermissionsExt as _;

use kit::{HouseBuilder, Reserved, TestHouse, Version};

use crate::process::eventually;

const RATES: &str = "/fx/v1/rates";

/// The lines of the issuer's listener, as one more listener's at another place.
fn another(house: &TestHouse, place: &Reserved) -> String {
    let text = kit::text(&house.dir().join("gateway.yaml"));
    let from = text.find("\n  api:\n").expect("a listener") + 1;
    let to = from + text[from..].find("\n  issuer:\n").expect("another") + 1;
    let ours = &text[from..to];
    let (api, port) = (house.api(), place.address.port());
    ours.replace("  api:\n", "  second:\n")
        .replace(&api.to_string(), &place.address.to_string())
        .replace(&format!(":{}", api.port()), &format!(":{port}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_listener_is_open_once_it_is_in_force_and_a_removed_one_finishes() {
    let house = HouseBuilder::new().start().await;
    let place = Reserved::port();
    let without = kit::text(&house.dir().join("gateway.yaml"));
    let lines = another(&house, &place);
    house.edit(
        "gateway.yaml",
        "\n  issuer:\n",
        &format!("\n{lines}  issuer:\n"),
    );
    house.edit(
        "gateway.yaml",
        "listeners: [api]",
        "listeners: [api, second]",
    );
    house.reload().await;
    for version in Version::BOTH {
        let dial = house.dial(None, version);
        let mut client = dial.connect(place.address).await.expect("a connection");
        client.get(RATES, &[]).await.ok();
        let mut first = dial.connect(house.api()).await.expect("a connection");
        first.get(RATES, &[]).await.ok();
    }
    let dial = house.dial(None, Version::Http2);
    let mut open = dial.connect(place.address).await.expect("a connection");
    let mut kept = dial.connect(house.api()).await.expect("a connection");
    open.get(RATES, &[]).await.ok();
    kept.get(RATES, &[]).await.ok();
    house.write("gateway.yaml", &without);
    house.reload().await;
    // Told to finish (GOAWAY): it takes no more, and nobody listens there.
    let ended = async {
        while open.call(kit::Method::GET, RATES, &[], "").await.is_ok() {}
        while dial.connect(place.address).await.is_ok() {}
    };
    tokio::time::timeout(crate::process::PATIENCE, ended)
        .await
        .expect("a listener that is closed");
    kept.get(RATES, &[]).await.ok();
}

#[tokio::test]
async fn a_listener_whose_address_is_taken_changes_nothing() {
    let house = HouseBuilder::new().start().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = taken.local_addr().expect("an address");
    let api = house.api().to_string();
    house.edit(
        "gateway.yaml",
        &format!("address: \"{api}\""),
        &format!("address: \"{at}\""),
    );
    let told = house.refuses_to_reload().await;
    assert!(told.contains(&format!("`api` cannot have {at}")), "{told}");
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    client.get(RATES, &[]).await.ok();
}

/// CF-13: a listener's key and certificate are read again from their files, and connections that
/// were made with the old ones go on.
#[tokio::test]
async fn new_handshakes_show_the_new_certificate_and_open_connections_go_on() {
    let builder = HouseBuilder::new();
    let now = builder.now();
    let house = builder.start().await;
    let dial = house.dial(None, Version::Http2);
    let mut open = dial.connect(house.api()).await.expect("a connection");
    open.get(RATES, &[]).await.ok();
    let authority = kit::other_authority("Servers, next", now);
    let leaf = kit::Leaf {
        common_name: "localhost".to_owned(),
        organization: None,
        organization_id: None,
        names: vec!["localhost".to_owned()],
        purposes: vec![kit::Purpose::Server],
        validity: kit::Validity::days(now, 30),
        marker: kit::Marker::Sandbox,
    };
    let issued = kit::issue(&authority, &leaf);
    // One of the two alone is a mistake, and changes nothing.
    house.write("tls/gateway.pem", &issued.chain);
    let told = house.refuses_to_reload().await;
    assert!(
        told.contains("the key does not belong to the certificate"),
        "{told}"
    );
    house.write("tls/gateway.key", &issued.key);
    house.reload().await;
    open.get(RATES, &[]).await.ok();
    let old = house.dial(None, Version::Http1);
    assert!(
        old.connect(house.api()).await.is_err(),
        "the old certificate is shown"
    );
    let next = kit::Dial::new(authority.certificate().as_bytes(), None, Version::Http1);
    let mut client = next.connect(house.api()).await.expect("a connection");
    client.get(RATES, &[]).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_begins_to_demand_certificates_resumes_no_session_without_one() {
    let house = HouseBuilder::new().start().await;
    let dial = house.dial(None, Version::Http1);
    let mut open = dial.connect(house.api()).await.expect("a connection");
    open.get(RATES, &[]).await.ok();
    let again = dial.connect(house.api()).await.expect("a connection");
    assert!(again.is_resumed());
    house.edit(
        "gateway.yaml",
        "client_certificates: optional",
        "client_certificates: required",
    );
    house.reload().await;
    let asks = async || {
        let mut client = dial.connect(house.api()).await?;
        let answer = client.call(kit::Method::GET, RATES, &[], "").await;
        answer.map_err(std::io::Error::other)
    };
    assert!(
        asks().await.is_err(),
        "a session of the time before was resumed"
    );
    let partner = kit::Partner::of(&house, "swiftride-app");
    let with = partner.dial(&house, Version::Http1);
    let mut client = with.connect(house.api()).await.expect("a connection");
    client.get(RATES, &[]).await.ok();
    // What was let in without one is told to finish.
    let left = || (house.running.load().connections <= 1).then_some(());
    eventually("the end of the connections before", left).await;
}

#[tokio::test]
async fn the_control_socket_is_its_owners_alone_and_goes_with_the_house() {
    let house = HouseBuilder::new().start().await;
    house.reload().await;
    let folder = house.dir().to_owned();
    let socket = std::fs::metadata(folder.join("control.sock")).expect("a socket");
    assert_eq!(socket.permissions().mode() & 0o777, 0o600);
    let _kept = house.stop().await;
    assert!(
        !folder.join("control.sock").exists(),
        "the door is gone with the house"
    );
}
