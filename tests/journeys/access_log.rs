//! The access log: one line for each answer, with who called what and how it ended, and the same
//! lines for people.

use std::collections::BTreeMap;

use kit::{Answer, FORM, Folder, Method, Partner, Version};
use serde_json::{Value, json};

use crate::process::{Program, mortise};

/// What differs from run to run.
const MEASURED: &[&str] = &[
    "ts",
    "request.id",
    "interaction.id",
    "duration_ms",
    "end_ms",
];

/// The lines of a log by the request's id; panics when a request has two. The sandbox's own notes,
/// which come before its log, are none.
fn lines(log: &str) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for line in log.lines().skip_while(|line| line.starts_with("note: ")) {
        let line: Value = serde_json::from_str(line).expect("one JSON object a line");
        if line["target"] != "access" {
            continue;
        }
        let id = line["request.id"].as_str().expect("an id").to_owned();
        let before = found.insert(id, line);
        assert!(before.is_none(), "two lines of one request: {before:?}");
    }
    found
}

/// A line without what was measured, which must be there and make sense.
fn stated(line: &Value) -> Value {
    let mut line = line.clone();
    let fields = line.as_object_mut().expect("an object");
    let number = |name: &str| fields.get(name).map(|value| value.as_f64().expect(name));
    let (head, end) = (number("duration_ms"), number("end_ms"));
    assert!(head > Some(0.0) && head <= end, "{fields:?}");
    let upstream = number("upstream_ms");
    assert!(upstream <= head, "{fields:?}");
    for name in MEASURED {
        assert!(fields.remove(*name).is_some(), "{name}: {fields:?}");
    }
    if fields.remove("upstream_ms").is_some() {
        fields.insert("upstream".to_owned(), json!("was asked"));
    }
    line
}

fn expected(more: Value) -> Value {
    let mut line = json!({
        "level": "info", "target": "access", "message": "answered", "listener.id": "api",
        "peer.network": "127.0.0.0/24", "tls.version": "1.3", "http.version": "1.1",
        "http.method": "GET", "bytes_in": 0, "ended": "clean",
    });
    let fields = line.as_object_mut().expect("an object");
    let Value::Object(more) = more else {
        panic!("no object")
    };
    fields.extend(more);
    line
}

#[tokio::test(flavor = "multi_thread")]
async fn each_answer_has_one_line_that_says_who_called_what_and_how_it_ended() {
    let folder = Folder::new();
    let mut sandbox = Program::sandbox(&folder).await;
    let partner = Partner::in_folder(&folder, "swiftride-app");
    let token = partner.bearer_in(&folder, "branches").await;
    let bearer = [("authorization", token.as_str())];
    let mut told: Vec<(Answer, Value)> = Vec::new();
    let own = json!({
        "bank.id": "harbour", "product.id": "branches", "operation.id": "listBranches",
        "partner.id": "swiftride",
    });
    let of = |more: Value| {
        let mut fields = own.clone();
        let known = fields.as_object_mut().expect("an object");
        known.extend(more.as_object().expect("an object").clone());
        fields
    };
    for version in Version::BOTH {
        let dial = folder.dial(Some(&partner.identity), version);
        let mut client = dial.connect(folder.api()).await.expect("a connection");
        let number = if version == Version::Http2 {
            "2"
        } else {
            "1.1"
        };
        let path = "/branches/v1/branches?limit=1";
        let allowed = client.get(path, &bearer).await;
        let fields = of(json!({
            "client.id": "swiftride-app", "http.status": 200, "bytes_out": allowed.body.len(),
            "http.version": number, "upstream": "was asked",
        }));
        told.push((allowed, expected(fields)));
        let refused = client.get(path, &[]).await;
        let fields = of(json!({
            "http.status": 401, "code": "no_token", "bytes_out": refused.body.len(),
            "http.version": number,
        }));
        told.push((refused, expected(fields)));
        let nowhere = client.get("/nowhere?secret=1", &[]).await;
        let fields = json!({
            "http.status": 404, "code": "unknown_route", "bytes_out": nowhere.body.len(),
            "http.version": number,
        });
        told.push((nowhere, expected(fields)));
        let method = Method::from_bytes(b"PROPFIND").expect("a method");
        let other = client.call(method, path, &bearer, String::new()).await;
        let other = other.expect("an answer");
        let fields = json!({
            "http.method": "other", "http.status": 405, "code": "method_not_allowed",
            "bytes_out": other.body.len(), "http.version": number,
        });
        told.push((other, expected(fields)));
        let form = "grant_type=password";
        let token = client
            .call(Method::POST, "/token", &[FORM], form.to_owned())
            .await;
        let token = token.expect("an answer");
        let fields = json!({
            "bank.id": "harbour", "http.method": "POST", "http.status": token.status.as_u16(),
            "code": token.json()["error"], "bytes_in": form.len(),
            "bytes_out": token.body.len(), "http.version": number,
        });
        told.push((token, expected(fields)));
    }
    sandbox.terminate();
    assert_eq!(sandbox.ended().await, Some(0), "{}", sandbox.err());
    let lines = lines(&sandbox.err());
    for (answer, expected) in told {
        let line = lines.get(&answer.request_id()).expect("a line");
        assert_eq!(stated(line), expected, "{line:#}");
        assert_eq!(
            line["interaction.id"],
            answer.header("x-fapi-interaction-id")
        );
    }
    // One more line: that of the token that was given out.
    let of_token = |line: &&Value| line["http.method"] == "POST" && line["http.status"] == 200;
    let issued: Vec<&Value> = lines.values().filter(of_token).collect();
    assert_eq!((issued.len(), lines.len()), (1, 11));
    assert_eq!(issued[0]["client.id"], "swiftride-app", "{issued:?}");
    assert!(issued[0]["bytes_in"].as_u64() > Some(100), "{issued:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_get_the_same_lines_without_braces_and_without_colours_in_a_pipe() {
    let folder = Folder::new();
    let mut command = mortise();
    command
        .args(["sandbox", "--log-format", "pretty", "--dir"])
        .arg(folder.dir());
    let mut sandbox = Program::start(&mut command);
    sandbox.until_open().await;
    let dial = folder.dial(None, Version::Http2);
    let mut client = dial.connect(folder.api()).await.expect("a connection");
    let answer = client.get("/fx/v1/rates?base=CNY&quote=EUR", &[]).await;
    answer.ok();
    drop(client);
    sandbox.terminate();
    assert_eq!(sandbox.ended().await, Some(0), "{}", sandbox.err());
    let err = sandbox.err();
    assert!(!err.contains('{') && !err.contains('\x1b'), "{err}");
    let id = format!(" request.id={} ", answer.request_id());
    let line = err.lines().find(|line| line.contains(&id));
    let line = line.expect("a line of the request");
    let (time, rest) = line.split_once(' ').expect("a time");
    let _: jiff::Timestamp = time.parse().expect("a time");
    assert!(rest.starts_with(" INFO answered   "), "{line}");
    assert!(line.contains(" http.status=200 "), "{line}");
    assert!(line.contains(" product.id=fx "), "{line}");
}
