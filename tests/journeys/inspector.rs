//! The request inspector, beside a gateway that runs: a call that was refused is found by the id of
//! its problem document, with the stage that refused it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use kit::{Client, Dial, FORM, Identity, Method, Version};
use model::{Clock as _, SystemClock};

use crate::process::{Program, mortise};

/// A sandbox with its start page.
struct Sandbox {
    program: Program,
    ready: serde_json::Value,
    _folder: tempfile::TempDir,
}

impl Sandbox {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("ready.json");
        let mut command = mortise();
        command.args(["sandbox", "--ephemeral", "--ready-file"]);
        let mut program = Program::start(command.arg(&path));
        program.until_open().await;
        let ready = std::fs::read(&path).expect("a ready file");
        Self {
            program,
            ready: serde_json::from_slice(&ready).expect("JSON"),
            _folder: folder,
        }
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().expect("a text")
    }

    /// A connection to the APIs, with SwiftRide's certificate or without one.
    async fn connect(&self, with_certificate: bool) -> Client {
        let read = |path: &str| std::fs::read(path).expect("a readable file");
        let mut partners = self.ready["partners"].as_array().expect("partners").iter();
        let partner = partners.find(|one| one["partner"] == "swiftride");
        let partner = partner.expect("SwiftRide");
        let file = |name: &str| Path::new(partner[name].as_str().expect("a path"));
        let identity = Identity::from_files(file("certificate"), file("key"));
        let shown = with_certificate.then_some(&identity);
        let dial = Dial::new(&read(self.text("authority")), shown, Version::Http1);
        let (_, port) = self.text("api").rsplit_once(':').expect("a port");
        let address = ([127, 0, 0, 1], port.parse().expect("a number")).into();
        dial.connect(address).await.expect("a connection")
    }

    /// A page of the start page's server: its status and its text.
    fn page(&self, target: &str) -> (u16, String) {
        let host = self.text("start").trim_start_matches("http://");
        let mut socket = TcpStream::connect(host).expect("the start page");
        let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        socket.write_all(head.as_bytes()).expect("sent");
        let mut answer = String::new();
        socket.read_to_string(&mut answer).expect("an answer");
        let status = answer.split(' ').nth(1).expect("a status");
        (status.parse().expect("a number"), answer)
    }

    /// A call as the inspector tells programs of it, and within what time.
    fn inspected(&self, request: &str) -> (serde_json::Value, Duration) {
        let clock = SystemClock::new();
        let begun = clock.monotonic();
        let (status, answer) = self.page(&format!("/calls/{request}?format=json"));
        let took = clock.monotonic().saturating_sub(begun);
        assert_eq!(status, 200, "{answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        (serde_json::from_str(body).expect("JSON"), took)
    }

    async fn stop(self) {
        assert_eq!(self.program.stop().await, Some(0));
    }
}

/// The stages by their verdict.
fn stages<'a>(call: &'a serde_json::Value, verdict: &str) -> Vec<&'a str> {
    let stages = call["stages"].as_array().expect("stages").iter();
    let found = stages.filter(|stage| stage["verdict"] == verdict);
    found
        .map(|stage| stage["stage"].as_str().expect("a name"))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_call_is_found_by_its_problems_id_within_a_second() {
    let sandbox = Sandbox::open().await;
    let mut client = sandbox.connect(true).await;
    let refused = client.get("/branches/v1/branches", &[]).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code()),
        (401, "no_token".to_owned())
    );
    let id = refused.json()["explain"]
        .as_str()
        .expect("an id")
        .to_owned();
    assert_eq!(id, refused.request_id());
    let (call, took) = sandbox.inspected(&id);
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(call["request"], id.as_str());
    assert_eq!(call["interaction"], refused.header("x-fapi-interaction-id"));
    assert_eq!(
        (&call["status"], &call["code"]),
        (&401.into(), &"no_token".into())
    );
    assert_eq!(call["path"], "/branches/v1/branches");
    assert_eq!(call["partner"], "swiftride");
    assert_eq!(call["problem"]["remedy"], refused.json()["remedy"]);
    assert_eq!(stages(&call, "stopped"), ["identify"]);
    assert_eq!(stages(&call, "passed"), ["route", "gate", "outcome"]);
    let unmet = ["limit", "authorize", "evidence", "forward"];
    assert_eq!(stages(&call, "not_reached"), unmet);
    for lang in ["en", "zh-CN"] {
        let (status, html) = sandbox.page(&format!("/calls/{id}?lang={lang}"));
        assert_eq!(status, 200);
        assert_eq!(html.matches("<li class=\"red\">").count(), 1, "{html}");
        assert!(html.contains(&id) && html.contains("no_token"), "{html}");
    }
    let (_, list) = sandbox.page("/calls?lang=en&stage=identify&partner=swiftride&status=4xx");
    assert!(list.contains(&id), "{list}");
    let (_, list) = sandbox.page("/calls?lang=en&status=2xx");
    assert!(!list.contains(&id), "{list}");
    let (_, start) = sandbox.page("/?lang=en");
    assert!(start.contains(&id), "{start}");
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_told_wherever_they_end_and_without_their_words() {
    let sandbox = Sandbox::open().await;
    let mut client = sandbox.connect(false).await;
    let good = client.get("/fx/v1/rates?base=CNY&quote=EUR", &[]).await;
    assert_eq!(good.status, 200);
    let (call, _) = sandbox.inspected(&good.request_id());
    let way = ["route", "gate", "evidence", "forward", "outcome"];
    assert_eq!(stages(&call, "passed"), way);
    assert!(
        call["upstream_us"].as_u64().is_some_and(|took| took > 0),
        "{call}"
    );

    let planted = "planted-7Qx9Zk-marker";
    let (token, agent) = (format!("Bearer {planted}"), format!("agent-{planted}"));
    let headers = [
        ("authorization", token.as_str()),
        ("user-agent", agent.as_str()),
    ];
    let mut ids = Vec::new();
    for (target, status, stopped) in [
        (format!("/nowhere/{planted}?q={planted}"), 404, "route"),
        (format!("/fx/v1/rates/{planted}"), 0, ""),
        (
            format!("/branches/v1/branches?q={planted}"),
            401,
            "identify",
        ),
        (format!("/fx/v1//rates?q={planted}"), 400, "route"),
    ] {
        let answer = client.get(&target, &headers).await;
        let (call, _) = sandbox.inspected(&answer.request_id());
        if status > 0 {
            assert_eq!(answer.status.as_u16(), status, "{target}");
            assert_eq!(stages(&call, "stopped"), [stopped], "{call}");
        }
        ids.push(answer.request_id());
    }
    let form = format!("grant_type=client_credentials&client_assertion={planted}&x={planted}");
    let denied = client.call(Method::POST, "/token", &[FORM], form).await;
    let denied = denied.expect("an answer");
    assert!(denied.status.is_client_error(), "{denied:?}");
    let (call, _) = sandbox.inspected(&denied.request_id());
    assert_eq!(call["path"], "oauth.token");
    assert_eq!(call["code"], denied.code().as_str());
    assert_eq!(stages(&call, "stopped"), ["client"]);
    assert_eq!(stages(&call, "not_reached"), ["answer"]);
    ids.push(denied.request_id());

    let pages = ids.iter().map(|id| format!("/calls/{id}"));
    let lists = ["/", "/calls", "/calls?format=json"].map(str::to_owned);
    for target in pages.chain(lists) {
        let (status, page) = sandbox.page(&target);
        assert_eq!(status, 200, "{target}");
        assert!(!page.contains("7Qx9Zk"), "{target}: {page}");
    }
    sandbox.stop().await;
}
