//! How an answer ended is recorded: read to its end, cut by the bank, left by the client; and a
//! client that leaves before its answer has begun.

use kit::{Client, HouseBuilder, Method, Partner, Script, ScriptedBank, TestHouse, Version, whole};
use serde_json::Value;

use crate::extra;
use crate::process::eventually;

const OPEN: &str = "/extra/open";
const OWN: &str = "/extra/own";

/// A house whose product `extra` is answered by this script.
async fn house(script: Script) -> (TestHouse, ScriptedBank) {
    let bank = ScriptedBank::start(script).await;
    let house = extra::add(HouseBuilder::new(), "extra", bank.address)
        .start()
        .await;
    (house, bank)
}

/// A connection of SwiftRide's, and its token.
async fn connect(house: &TestHouse, version: Version) -> (Client, String) {
    let partner = Partner::of(house, "swiftride-app");
    let token = partner.bearer(house, "extra").await;
    let client = partner.dial(house, version).connect(house.api()).await;
    (client.expect("a connection"), token)
}

/// The first record that is of this type and this operation.
async fn soon(house: &TestHouse, kind: &str, of: impl Fn(&Value) -> bool) -> Value {
    let is_it = |record: &Value| record["type"] == kind && of(record);
    eventually(kind, || house.records().into_iter().find(is_it)).await
}

/// A head that promises 100 bytes, and ten of them.
fn begun() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789".to_vec()
}

#[tokio::test]
async fn an_answer_that_the_bank_breaks_off_is_recorded_as_cut() {
    let (house, _bank) = house(Script::Answer(begun())).await;
    for version in Version::BOTH {
        for target in [OPEN, OWN] {
            let (mut client, token) = connect(&house, version).await;
            let headers = [("authorization", token.as_str())];
            let answer = client.send(Method::GET, target, &headers, whole("")).await;
            let answer = answer.expect("a head");
            assert_eq!(answer.status(), 200);
            let request = answer.headers()["x-request-id"]
                .to_str()
                .expect("an id")
                .to_owned();
            assert!(kit::read(answer).await.is_err(), "a cut answer looks whole");
            let end = soon(&house, "api.end", |record| record["req"] == *request).await;
            assert_eq!(
                (&end["ended"], &end["trouble"], &end["bytes"]["out"]),
                (&"cut".into(), &"truncated".into(), &10.into())
            );
        }
    }
}

#[tokio::test]
async fn an_answer_that_the_client_leaves_is_recorded_as_aborted() {
    let (house, _bank) = house(Script::Pause(begun(), Vec::new())).await;
    for version in Version::BOTH {
        for target in [OPEN, OWN] {
            let (mut client, token) = connect(&house, version).await;
            let headers = [("authorization", token.as_str())];
            let answer = client.send(Method::GET, target, &headers, whole("")).await;
            let answer = answer.expect("a head");
            let request = answer.headers()["x-request-id"]
                .to_str()
                .expect("an id")
                .to_owned();
            drop((answer, client));
            let end = soon(&house, "api.end", |record| record["req"] == *request).await;
            assert_eq!(end["ended"], "aborted", "{version:?} {target} {end:#}");
            assert!(
                end["bytes"]["out"].as_u64().expect("a number") <= 10,
                "{end:#}"
            );
        }
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_before_the_head_leaves_the_record_aborted() {
    for version in Version::BOTH {
        for (target, operation) in [(OPEN, "readOpen"), (OWN, "readOwn")] {
            let (house, bank) = house(Script::Silence).await;
            let (mut client, token) = connect(&house, version).await;
            let headers = [("authorization", token.as_str())];
            tokio::select! {
                answer = client.send(Method::GET, target, &headers, whole("")) => {
                    panic!("a silent bank was answered for: {answer:?}")
                }
                () = eventually("a call", || (bank.calls() == 1).then_some(())) => {}
            }
            drop(client);
            let record = soon(&house, "api.access", |record| {
                record["object"]["op"] == operation
            })
            .await;
            assert_eq!(
                record["outcome"]["decision"], "aborted",
                "{version:?} {record:#}"
            );
            assert_eq!(record["log"], "bank/harbour");
            if target == OWN {
                assert_eq!(record["partner"]["id"], "swiftride", "{record:#}");
            }
            assert!(
                !house
                    .records()
                    .iter()
                    .any(|other| { other["req"] == record["req"] && other["type"] == "api.end" })
            );
            drop(house.stop().await);
        }
    }
}
