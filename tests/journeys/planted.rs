//! CF-12: nothing secret comes out. Markers are planted in everything that a caller, a bank, a file
//! or the environment hands in; then all that the program writes is searched for them, in every
//! spelling: its log, its output, the audit log, the store, the metrics, the reports about a file.

use std::path::Path;

use kit::{Client, FORM, Folder, Method, Partner, Script, ScriptedBank, Version};

use crate::extra;
use crate::process::{Program, Written, finish, mortise};

/// Secrets by where they were planted.
#[derive(Default)]
struct Planted(Vec<(String, String)>);

impl Planted {
    /// Makes a marker and remembers it.
    fn plant(&mut self, place: &str) -> String {
        let marker = format!("planted-{}-7Qx9Zk", place.replace(' ', "-"));
        self.known(place, &marker);
        marker
    }

    /// Remembers what is secret already.
    fn known(&mut self, place: &str, secret: &str) {
        assert!(
            secret.len() >= 16,
            "{place}: too short to be found by its text"
        );
        self.0.push((place.to_owned(), secret.to_owned()));
    }

    /// Each line of a private key's file.
    fn key(&mut self, path: &Path) {
        let text = std::fs::read_to_string(path).expect("a key");
        let name = path.file_name().expect("a name").to_string_lossy();
        let secret = |line: &&str| line.len() > 24 && !line.starts_with('-');
        for line in text.lines().filter(secret) {
            self.known(&format!("key {name}"), line);
        }
    }

    /// Panics where one of them stands in what was written.
    fn are_not_in(&self, written: &str, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let lower = text.to_lowercase();
        for (place, secret) in &self.0 {
            for spelling in spellings(secret) {
                assert!(!text.contains(&spelling), "{place} stands in {written}");
            }
            let hex = crypto::hex(secret.as_bytes());
            assert!(
                !lower.contains(&hex),
                "{place} stands in {written}, in hexadecimal"
            );
        }
    }
}

/// A text as it stands, escaped, and in both alphabets of base64 at each place in a group.
fn spellings(secret: &str) -> Vec<String> {
    let mut all = vec![
        secret.to_owned(),
        serde_json::to_string(secret)
            .expect("JSON")
            .trim_matches('"')
            .to_owned(),
    ];
    for shift in 0..3 {
        let shifted = [&b"..."[..shift], secret.as_bytes()].concat();
        let url = crypto::base64url(&shifted);
        // The first and the last group share bits with what stands beside.
        let inner = url.get(4..url.len().saturating_sub(4)).unwrap_or_default();
        all.push(inner.to_owned());
        all.push(inner.replace('-', "+").replace('_', "/"));
    }
    all
}

#[test]
fn the_search_finds_every_spelling() {
    let mut planted = Planted::default();
    let marker = planted.plant("some place");
    for written in [
        marker.clone(),
        crypto::hex(marker.as_bytes()).to_uppercase(),
        crypto::base64url(format!("x{marker}y").as_bytes()),
        crypto::base64url(format!("xy{marker}").as_bytes()),
    ] {
        let found = std::panic::catch_unwind(|| planted.are_not_in("a test", written.as_bytes()));
        assert!(found.is_err(), "{written}");
    }
    planted.are_not_in("a test", b"planted elsewhere");
}

/// The files of a folder that the program writes to, with what is in them.
fn written_files(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    fn walk(dir: &Path, found: &mut Vec<(String, Vec<u8>)>) {
        for entry in std::fs::read_dir(dir).expect("a folder").flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(&path, found);
            } else if let Ok(mut bytes) = std::fs::read(&path) {
                let end = bytes
                    .iter()
                    .rposition(|byte| *byte != 0)
                    .map_or(0, |at| at + 1);
                bytes.truncate(end);
                found.push((path.display().to_string(), bytes));
            }
        }
    }
    let mut found = Vec::new();
    walk(&folder.dir().join("audit"), &mut found);
    for entry in std::fs::read_dir(folder.dir()).expect("a folder").flatten() {
        if entry.file_name().to_string_lossy().contains("sqlite") {
            let bytes = std::fs::read(entry.path()).expect("a readable file");
            found.push((entry.path().display().to_string(), bytes));
        }
    }
    found
}

/// Asks for a token with what nobody may know, and is refused.
async fn ask_token(
    client: &mut Client,
    partner: &Partner,
    version: Version,
    planted: &mut Planted,
) {
    let assertion = partner.assertion("https://elsewhere.example", &model::SystemClock::new());
    planted.known(
        "assertion",
        assertion.rsplit('.').next().expect("a signature"),
    );
    let secret = planted.plant(&format!("client secret {version:?}"));
    let form = format!(
        "{}&client_secret={secret}",
        kit::token_form("branches", &assertion)
    );
    let refused = client.call(Method::POST, "/token", &[FORM], form).await;
    assert!(refused.expect("an answer").status.is_client_error());
}

/// Plants all that a partner and its bank can say, in requests that succeed, are refused and fail.
async fn call(folder: &Folder, planted: &mut Planted) {
    let partner = Partner::in_folder(folder, "swiftride-app");
    let token = partner.bearer_in(folder, "branches catalogue extra").await;
    let signature = token.rsplit('.').next().expect("a signature");
    planted.known("access token", signature);
    planted.known(
        "access token's claims",
        token.split('.').nth(1).expect("claims"),
    );
    let forged = format!("Bearer {}", planted.plant("forged token"));
    let (proof, cookie) = (planted.plant("DPoP proof"), planted.plant("cookie"));
    let basic = format!("Basic {}", planted.plant("basic password"));
    let (agent, own) = (
        planted.plant("user agent"),
        planted.plant("header of its own"),
    );
    let said = [
        ("dpop", proof.as_str()),
        ("cookie", cookie.as_str()),
        ("user-agent", agent.as_str()),
        ("x-customer", own.as_str()),
    ];
    let (in_query, in_path) = (planted.plant("query"), planted.plant("path id"));
    let body = planted.plant("request body");
    for version in Version::BOTH {
        let dial = folder.dial(Some(&partner.identity), version);
        let mut client = dial.connect(folder.api()).await.expect("a connection");
        let calls = [
            (
                Method::GET,
                "/fx/v1/rates?base=CNY&quote=EUR".to_owned(),
                None,
                200,
            ),
            (Method::GET, format!("/fx/v1/rates/{in_path}"), None, 0),
            (
                Method::GET,
                format!("/nowhere/{in_path}?q={in_query}"),
                None,
                404,
            ),
            (
                Method::GET,
                "/branches/v1/branches?limit=1".to_owned(),
                Some(&token),
                200,
            ),
            (
                Method::GET,
                format!("/branches/v1/branches?q={in_query}"),
                Some(&forged),
                401,
            ),
            (
                Method::GET,
                format!("/branches/v1/branches?q={in_query}"),
                Some(&basic),
                401,
            ),
            (
                Method::GET,
                format!("/branches/v1/a//b?access_token={in_query}"),
                None,
                400,
            ),
            (
                Method::GET,
                format!("/extra/own?q={in_query}"),
                Some(&token),
                502,
            ),
            (Method::POST, "/extra/open".to_owned(), None, 502),
        ];
        for (method, target, token, status) in calls {
            let mut headers = said.to_vec();
            headers.extend(token.map(|token| ("authorization", token.as_str())));
            let sent = if method == Method::POST {
                body.clone()
            } else {
                String::new()
            };
            let answer = client.call(method, &target, &headers, sent).await;
            let answer = answer.expect("an answer");
            assert!(
                status == 0 || answer.status == status,
                "{target}: {}",
                answer.status
            );
        }
        ask_token(&mut client, &partner, version, planted).await;
    }
}

/// What the program says of a file with a secret where none may stand, and of a good one.
fn reports(folder: Folder, planted: &mut Planted, kek: &str) -> Folder {
    let inline = planted.plant("inline KEK");
    let good = std::fs::read_to_string(folder.config()).expect("a readable file");
    let folder = folder.edit("kek: env:PLANTED_KEK", &format!("kek: {inline}"));
    for arguments in [
        &["check"][..],
        &["check", "--json"],
        &["prove"],
        &["reload", "--config"],
    ] {
        let mut command = mortise();
        command.env("PLANTED_KEK", kek);
        if arguments[0] == "check" {
            command
                .args(arguments)
                .arg(folder.config())
                .arg("--sandbox");
        } else {
            command.args(arguments).arg(folder.config());
        }
        let printed = finish(&mut command);
        assert_ne!(printed.code, Some(0), "{arguments:?}: {printed:?}");
        planted.are_not_in(&format!("{arguments:?}"), printed.out.as_bytes());
        planted.are_not_in(&format!("{arguments:?}"), printed.err.as_bytes());
    }
    let folder = folder.write("gateway.yaml", &good);
    for arguments in [
        &["check", "--explain", "--sandbox"][..],
        &["prove", "--sandbox"],
    ] {
        let mut command = mortise();
        let printed = finish(
            command
                .env("PLANTED_KEK", kek)
                .args(arguments)
                .arg(folder.config()),
        );
        planted.are_not_in(&format!("{arguments:?}"), printed.out.as_bytes());
        planted.are_not_in(&format!("{arguments:?}"), printed.err.as_bytes());
    }
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn cf_12_nothing_planted_comes_out_anywhere() {
    let mut planted = Planted::default();
    let (in_answer, in_cookie) = (planted.plant("bank answer"), planted.plant("bank cookie"));
    let garbage = format!(
        "HTTP/1.1 200 OK\r\nset-cookie: {in_cookie}\r\ntransfer-encoding: chunked\r\n\
         content-length: 5\r\n\r\n{in_answer}"
    );
    let bank = ScriptedBank::start(Script::Answer(garbage.into_bytes())).await;
    let folder = extra::add_to(Folder::new(), "extra", bank.address);
    let (folder, operators) = folder.with_operators();
    let kek = std::fs::read_to_string(folder.dir().join("keys/kek")).expect("a key");
    planted.known("KEK", kek.trim());
    planted.key(&folder.dir().join("tls/gateway.key"));
    planted.key(&folder.dir().join("tls/gateway-client.key"));
    planted.key(&folder.files("swiftride-app").key.clone());
    planted.key(&folder.files("swiftride-app").signing_key.clone());
    // The key that seals comes by the environment.
    let folder = folder.edit("kek: file:keys/kek", "kek: env:PLANTED_KEK");
    let mut sandbox = Program::start(
        mortise()
            .env("PLANTED_KEK", kek.trim())
            .args(["sandbox", "--dir"])
            .arg(folder.dir()),
    );
    sandbox.until_open().await;
    call(&folder, &mut planted).await;
    // Lines are written together: the last may come after the commands.
    let is_told = |line: &str| line.contains("\"listening\"") && line.contains("\"operators\"");
    let of_operators = |written: &Written| written.err.lines().any(is_told);
    sandbox.until("the operators' listener", of_operators).await;
    let metrics = operators.scrape_text(&folder, &sandbox.err()).await;
    assert!(metrics.contains("mortise_requests_total{"), "{metrics}");
    planted.are_not_in("the metrics", metrics.as_bytes());

    let folder = reports(folder, &mut planted, kek.trim());
    sandbox.terminate();
    assert_eq!(sandbox.ended().await, Some(0), "{}", sandbox.err());
    let err = sandbox.err();
    assert!(
        err.contains("\"target\":\"access\""),
        "the access log is there: {err}"
    );
    planted.are_not_in("standard error", err.as_bytes());
    planted.are_not_in("standard output", sandbox.out().as_bytes());
    let files = written_files(&folder);
    assert!(
        files.len() >= 3,
        "the log and the store were found: {}",
        files.len()
    );
    for (name, bytes) in files {
        planted.are_not_in(&name, &bytes);
    }
}
