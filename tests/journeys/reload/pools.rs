//! Connections to a bank outlive the snapshot that made them, as long as the file says the same of
//! the bank; what it no longer names ends after its last answer.

use kit::{EchoBank, HouseBuilder, Method, Partner, Version, whole};

use crate::process::eventually;

#[tokio::test(flavor = "multi_thread")]
async fn an_unchanged_upstream_keeps_its_connections_and_a_changed_one_is_drained() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let headers = [("authorization", token.as_str())];
    let dial = partner.dial(&house, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    client.get("/echo/v1/guarded", &headers).await.ok();
    assert_eq!(bank.connections(), 1);
    for _ in 0..3 {
        house.reload().await;
        client.get("/echo/v1/guarded", &headers).await.ok();
    }
    assert_eq!(bank.connections(), 1, "a pool was thrown away");

    let held = "/echo/v1/guarded?held";
    let open = client.send(Method::GET, held, &headers, whole("")).await;
    let bank_at = format!("endpoints: [\"{}\"]", bank.address);
    let moved = bank_at.replace("127.0.0.1", "localhost");
    house.edit("gateway.yaml", &bank_at, &moved);
    house.reload().await;
    client.get("/echo/v1/guarded", &headers).await.ok();
    assert_eq!(bank.connections(), 2, "a pool of other settings was used");
    // The answer under way is finished, then its connection goes.
    bank.release(1);
    let answer = kit::read(open.expect("a head")).await;
    assert_eq!(answer.expect("a whole answer").status, 200);
    eventually("one connection", || {
        (bank.connections_open() == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_product_that_was_taken_out_is_unknown_to_the_next_request_and_a_new_one_known() {
    let bank = EchoBank::plain().await;
    let house = HouseBuilder::new().with_echo(&bank).start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "echo").await;
    let headers = [("authorization", token.as_str())];
    let dial = partner.dial(&house, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let with = kit::text(&house.dir().join("gateway.yaml"));
    let product = with.lines().find(|line| line.contains("apis/echo.yaml"));
    let product = product.expect("the product").to_owned();
    house.edit("gateway.yaml", &format!("{product}\n"), "");
    house.edit("gateway.yaml", "catalogue, echo]", "catalogue]");
    house.reload().await;
    client
        .get("/echo/v1/guarded", &headers)
        .await
        .refused(404, "unknown_route");
    house.write("gateway.yaml", &with);
    house.reload().await;
    client.get("/echo/v1/guarded", &headers).await.ok();
}
