//! Banks that fail, seen from the partner's side, from the bank's, and in the evidence.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kit::{
    Answer, Client, EchoBank, HouseBuilder, Method, Script, ScriptedBank, TestHouse, Version,
};
use model::MovedClock;
use serde_json::Value;

use crate::extra;
use crate::process::eventually;

const OPEN: &str = "/extra/open";

async fn house(bank: SocketAddr) -> TestHouse {
    extra::add(HouseBuilder::new(), "extra", bank).start().await
}

async fn connect(house: &TestHouse, version: Version) -> Client {
    let client = house.dial(None, version).connect(house.api()).await;
    client.expect("a connection")
}

/// The record of an answer.
async fn record(house: &TestHouse, answer: &Answer) -> Value {
    let request = answer.request_id();
    let is_it = |record: &Value| record["type"] == "api.access" && record["req"] == *request;
    eventually("a record", || house.records().into_iter().find(is_it)).await
}

/// Calls a bank that plays this: GET, and POST with an effect, over both versions. Each is this
/// refusal; the record says this word; nothing of the bank's address is told; and the bank saw so
/// many calls of each.
async fn told(script: &str, status: u16, code: &str, trouble: &str, calls: [usize; 2]) {
    for version in Version::BOTH {
        for (method, calls) in [Method::GET, Method::POST].into_iter().zip(calls) {
            let bank = ScriptedBank::start(Script::Answer(script.into())).await;
            let house = house(bank.address).await;
            let mut client = connect(&house, version).await;
            let answer = client.call(method.clone(), OPEN, &[], "").await;
            let answer = answer.expect("an answer");
            answer.refused(status, code);
            assert_eq!(bank.calls(), calls, "{version:?} {method} {script}");
            let text = format!("{:?} {:?}", answer.headers, answer.body);
            for part in ["127.0.0.1", &bank.address.port().to_string(), trouble] {
                assert!(!text.contains(part), "{part}: {text}");
            }
            let record = record(&house, &answer).await;
            assert_eq!(record["trouble"], trouble, "{record:#}");
            assert_eq!(record["outcome"]["code"], code, "{record:#}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_answer_is_tried_again_only_without_effect() {
    let (status, code) = (502, "upstream_invalid");
    told("", status, code, "reset", [2, 1]).await;
    told("HTTP/1.1 200 OK\r\nx-half: ", status, code, "reset", [2, 1]).await;
}

#[tokio::test]
async fn an_answer_that_two_readers_could_read_differently_is_refused() {
    let many = "x-again: 1\r\n".repeat(10_000);
    let long = "y".repeat(1 << 20);
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nwell",
        "HTTP/1.1 200 OK\r\nContent-Length: +4\r\n\r\nwell",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        &format!("HTTP/1.1 200 OK\r\n{many}\r\n"),
        &format!("HTTP/1.1 200 OK\r\nx: {long}\r\n\r\n"),
        "SSH-2.0-OpenSSH_9.2\r\n",
    ] {
        told(head, 502, "upstream_invalid", "garbage", [1, 1]).await;
    }
}

#[tokio::test]
async fn a_thousand_informational_answers_are_passed_over_with_all_they_say() {
    let hints = "HTTP/1.1 103 Early Hints\r\nset-cookie: a=b\r\n\r\n".repeat(1_000);
    let script = hints + "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nwell";
    let bank = ScriptedBank::start(Script::Answer(script.into())).await;
    let house = house(bank.address).await;
    for version in Version::BOTH {
        let answer = connect(&house, version).await.get(OPEN, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"well"[..])
        );
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn what_a_bank_runs_on_is_not_told() {
    let script = "HTTP/1.1 500 Oh\r\nserver: Kestrel\r\nx-powered-by: ASP.NET\r\nset-cookie: a=b\r\n\
                  via: 1.1 10.0.0.7\r\nx-aspnet-version: 4\r\nx-kept: 1\r\ncontent-length: 0\r\n\r\n";
    let bank = ScriptedBank::start(Script::Answer(script.into())).await;
    let house = house(bank.address).await;
    for version in Version::BOTH {
        let answer = connect(&house, version).await.get(OPEN, &[]).await;
        assert_eq!(answer.status.as_u16(), 500, "the bank's own answer");
        assert_eq!(answer.header("x-kept"), "1");
        for name in [
            "server",
            "x-powered-by",
            "set-cookie",
            "via",
            "x-aspnet-version",
        ] {
            assert_eq!(answer.header(name), "", "{name}");
        }
    }
}

#[tokio::test]
async fn an_endpoint_that_fails_is_passed_over_and_comes_back() {
    let well = EchoBank::plain().await;
    let ill = b"HTTP/1.1 503 Emptied\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let ill = ScriptedBank::start(Script::Answer(ill.to_vec())).await;
    let both = format!("{}\", \"{}", ill.address, well.address);
    let clock = Arc::new(MovedClock::stopped());
    let builder = HouseBuilder::with_clock(Arc::clone(&clock))
        .with_echo(&well)
        .edit(&well.address.to_string(), &both);
    let house = builder.start().await;
    let mut client = connect(&house, Version::Http2).await;
    let mut failed = async |calls| {
        let mut failed = 0;
        for _ in 0..calls {
            let answer = client.get("/echo/v1/open", &[]).await;
            failed += usize::from(answer.status != 200);
        }
        failed
    };
    assert_eq!((failed(60).await, ill.calls()), (5, 5));
    assert_eq!((failed(20).await, ill.calls()), (0, 5));
    clock.advance(Duration::from_secs(1));
    assert_eq!(
        (failed(40).await, ill.calls()),
        (1, 6),
        "one call finds out"
    );
    assert_eq!(well.calls(), 60 + 20 + 40 - 6);
}
