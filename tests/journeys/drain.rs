//! SIGTERM: what is open is finished, nothing new is taken, the log is closed in order.

use std::io::ErrorKind;
use std::path::Path;

use kit::{Client, Dial, Folder, Method, Partner, Script, ScriptedBank, Version, records, whole};

use crate::extra;
use crate::process::{PATIENCE, Program, assert_clean};

const OPEN: &str = "/extra/open";
const OWN: &str = "/extra/own";

fn stops_last(audit: &Path) {
    assert_clean(audit);
    let last = records(audit).pop().expect("a record");
    assert_eq!(last["type"], "audit.stop", "{last:#}");
}

/// Connects until nobody listens there any more.
async fn until_refused(dial: &Dial, folder: &Folder) {
    let refused = async {
        loop {
            match dial.connect(folder.api()).await {
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
                // Accepted just before the end: the next one is not.
                _ => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("a listener that is closed");
}

/// Sends requests on a connection until it takes no more.
async fn until_sent_away(client: &mut Client) {
    let sent_away = async {
        while client
            .call(Method::GET, "/fx/v1/rates", &[], "")
            .await
            .is_ok()
        {}
    };
    tokio::time::timeout(PATIENCE, sent_away)
        .await
        .expect("a connection that takes no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn open_answers_are_finished_whole_and_nothing_new_is_taken() {
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let bank = ScriptedBank::start(Script::Pause(first, b"56789".to_vec())).await;
    let folder = extra::add_to(Folder::new(), "extra", bank.address);
    let mut sandbox = Program::sandbox(&folder).await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let token = partner.bearer_in(&folder, "extra").await;
    let mut open = Vec::new();
    for version in Version::BOTH {
        for target in [OPEN, OWN] {
            let dial = folder.dial(Some(&partner.identity), version);
            let mut client = dial.connect(folder.api()).await.expect("a connection");
            let headers = [("authorization", token.as_str())];
            let answer = client.send(Method::GET, target, &headers, whole("")).await;
            open.push((client, answer.expect("a head")));
        }
    }
    sandbox.terminate();
    sandbox
        .until("a drain", |written| written.err.contains("\"draining\""))
        .await;
    let dial = folder.dial(None, Version::Http1);
    until_refused(&dial, &folder).await;
    let (client, _) = open.last_mut().expect("a connection of HTTP/2");
    // Its open answer ends whole, below: what tells it to ask no more is GOAWAY (RFC 9113 §6.8).
    until_sent_away(client).await;

    bank.release();
    let mut ids = Vec::new();
    for (client, answer) in open {
        let answer = kit::read(answer).await.expect("a whole answer");
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"0123456789"[..])
        );
        ids.push(answer.request_id());
        drop(client);
    }
    assert_eq!(sandbox.ended().await, Some(0), "{}", sandbox.err());
    let audit = &folder.prepared().audit;
    stops_last(audit);
    let kept = records(audit);
    for id in ids {
        let mut ends = kept
            .iter()
            .filter(|r| r["req"] == *id && r["type"] == "api.end");
        assert_eq!(ends.next().expect("an end")["ended"], "clean");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_end_within_the_time_is_cut_and_recorded() {
    let bank = ScriptedBank::start(Script::Silence).await;
    let folder =
        extra::add_to(Folder::new(), "extra", bank.address).edit("store: {", "drain: 1s\nstore: {");
    let mut sandbox = Program::sandbox(&folder).await;
    let dial = folder.dial(None, Version::Http1);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let asked = client.call(Method::GET, OPEN, &[], "");
    let (answer, code) = tokio::join!(asked, async {
        crate::process::eventually("a call", || (bank.calls() == 1).then_some(())).await;
        sandbox.terminate();
        sandbox.ended().await
    });
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(code, Some(0), "{}", sandbox.err());
    assert!(
        sandbox.err().contains("connections were cut"),
        "{}",
        sandbox.err()
    );
    let audit = &folder.prepared().audit;
    stops_last(audit);
    let kept = records(audit);
    let call = kept
        .iter()
        .find(|record| record["object"]["op"] == "readOpen");
    assert_eq!(call.expect("a record")["outcome"]["decision"], "aborted");
}

/// CF-09: of 100 slow requests none is lost when the program is told to end.
#[tokio::test(flavor = "multi_thread")]
async fn of_100_slow_requests_all_are_finished_when_the_program_is_told_to_end() {
    let first = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n01234".to_vec();
    let bank = ScriptedBank::start(Script::Pause(first, b"56789".to_vec())).await;
    let folder = extra::add_to(Folder::new(), "extra", bank.address);
    let mut sandbox = Program::sandbox(&folder).await;
    let mut open = Vec::new();
    for number in 0..100 {
        let version = Version::BOTH[number % 2];
        let dial = folder.dial(None, version);
        let mut client = dial.connect(folder.api()).await.expect("a connection");
        let answer = client
            .send(Method::GET, "/extra/open", &[], whole(""))
            .await;
        open.push((version, client, answer.expect("a head")));
    }
    sandbox.terminate();
    sandbox
        .until("a drain", |written| written.err.contains("\"draining\""))
        .await;
    bank.release();
    for (version, mut client, answer) in open {
        let answer = kit::read(answer).await.expect("a whole answer");
        assert_eq!(
            (answer.status.as_u16(), &answer.body[..]),
            (200, &b"0123456789"[..])
        );
        // h1 is closed, h2 was told GOAWAY: neither takes another request.
        let more = client.call(Method::GET, "/extra/open", &[], "").await;
        assert!(more.is_err(), "{version:?}: {more:?}");
    }
    assert_eq!(sandbox.ended().await, Some(0), "{}", sandbox.err());
    stops_last(&folder.prepared().audit);
}
