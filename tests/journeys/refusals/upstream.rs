//! Banks that are not there, say nothing, or say what is not HTTP.

use std::net::SocketAddr;

use kit::{EchoBank, HouseBuilder, Partner, Script, ScriptedBank, TestHouse, Version};

use super::{OPEN, connect, stranger};

/// A house whose echo product stands behind this address, with a deadline of 200 ms.
async fn behind(address: SocketAddr) -> TestHouse {
    let echo = EchoBank::plain().await;
    HouseBuilder::new()
        .with_echo(&echo)
        .edit(&echo.address.to_string(), &address.to_string())
        .edit(
            "upstream: echo, listeners: [api], deadline: 30s",
            "upstream: echo, listeners: [api], deadline: 200ms",
        )
        .start()
        .await
}

/// Calls both classes in both versions; each answer is this refusal, and the other bank's service
/// goes on.
async fn refuses(house: &TestHouse, status: u16, code: &str, says: &str, retry_after: &str) {
    let partner = Partner::of(house, "swiftride-app");
    let token = partner.bearer(house, "echo").await;
    for version in Version::BOTH {
        let mut client = stranger(house, version).await;
        let answer = client.get("/echo/v1/open", &[]).await;
        answer.refused_saying(status, code, says);
        assert_eq!(answer.header("retry-after"), retry_after);
        let mut client = connect(&partner, house, version).await;
        let answer = client
            .get("/echo/v1/guarded", &[("authorization", &token)])
            .await;
        answer.refused_saying(status, code, says);
        client.get(OPEN, &[]).await.ok();
    }
}

#[tokio::test]
async fn a_bank_that_cannot_be_reached_is_unavailable() {
    // Bound and not listened on: nobody else takes the port meanwhile.
    let deaf = tokio::net::TcpSocket::new_v4().expect("a socket");
    deaf.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = deaf.local_addr().expect("an address");
    let house = behind(address).await;
    refuses(
        &house,
        503,
        "upstream_unavailable",
        "cannot be reached",
        "1",
    )
    .await;
}

#[tokio::test]
async fn a_bank_that_says_nothing_is_given_up_at_the_deadline() {
    let bank = ScriptedBank::start(Script::Silence).await;
    let house = behind(bank.address).await;
    refuses(
        &house,
        504,
        "upstream_timeout",
        "did not answer in time",
        "",
    )
    .await;
    assert_eq!(bank.calls(), 4, "each call was made once");
}

#[tokio::test]
async fn a_bank_whose_answer_is_not_http_is_invalid() {
    for bytes in [
        &b"SSH-2.0-OpenSSH_9.2\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        b"",
    ] {
        let bank = ScriptedBank::start(Script::Answer(bytes.to_vec())).await;
        let house = behind(bank.address).await;
        refuses(&house, 502, "upstream_invalid", "no valid answer", "").await;
    }
}
