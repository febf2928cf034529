//! `config/openid-suite.yaml`: the sandbox as the OpenID Foundation's conformance suite meets it.
//! openid-client gets in with nothing but what the suite is told.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::clients::clients;
use crate::process::{Program, finish, mortise};

const ISSUERS: [&str; 2] = ["security", "message-signing"];
const WAYS: [&str; 4] = ["jwt-mtls", "jwt-dpop", "tls-mtls", "tls-dpop"];

fn script(name: &str) -> PathBuf {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/suite");
    suite.join(name)
}

/// A sandbox of that file, open, and what it wrote when it was ready.
async fn sandbox(folder: &Path) -> (Program, PathBuf) {
    let ready = folder.join("ready.json");
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/openid-suite.yaml");
    let mut command = mortise();
    command
        .args(["sandbox", "--ephemeral", "--config"])
        .arg(file);
    let mut sandbox = Program::start(command.arg("--ready-file").arg(&ready));
    sandbox
        .until("an open sandbox", |written| written.out.contains("files"))
        .await;
    (sandbox, ready)
}

#[tokio::test]
async fn each_of_the_suites_eight_clients_gets_in_at_both_issuers() {
    clients();
    let folder = tempfile::tempdir().expect("a folder");
    let (sandbox, ready) = sandbox(folder.path()).await;
    for issuer in ISSUERS {
        assert!(
            sandbox.out().contains(&format!("/{issuer}\n")),
            "{}",
            sandbox.out()
        );
    }
    let mut driver = Program::start(Command::new("node").arg(script("try.mjs")).arg(&ready));
    let code = driver.ended().await;
    let lines = format!("{}{}", driver.out(), driver.err());
    let expected: Vec<_> = ISSUERS
        .iter()
        .flat_map(|issuer| WAYS.map(|way| (issuer, way)))
        .flat_map(|(issuer, way)| {
            ["one", "two"].map(|place| format!("{issuer}: suite-{place}-{way}"))
        })
        .flat_map(|client| ["simple", "rar"].map(|request| format!("ok {client}, {request}")))
        .collect();
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected);
    assert_eq!(code, Some(0));
    assert_eq!(sandbox.stop().await, Some(0));
}

#[tokio::test]
async fn the_suite_is_told_where_the_sandbox_is_and_both_clients_keys() {
    let folder = tempfile::tempdir().expect("a folder");
    let (sandbox, ready) = sandbox(folder.path()).await;
    let of = |arguments: &[&str]| {
        let mut command = Command::new("node");
        finish(
            command
                .arg(script("configuration.mjs"))
                .arg(&ready)
                .args(arguments),
        )
    };
    let told = of(&["security", "tls_client_auth", "dpop"]);
    assert_eq!(told.code, Some(0), "{}", told.err);
    let told: Value = serde_json::from_str(&told.out).expect("JSON");
    assert_eq!(told["client"]["client_id"], "suite-one-tls-dpop");
    assert_eq!(told["client2"]["client_id"], "suite-two-tls-dpop");
    for client in ["client", "client2"] {
        assert!(told[client]["jwks"]["keys"][0]["d"].is_string(), "{client}");
    }
    let detail = &told["resource"]["richAuthorizationRequest"][0];
    assert_eq!(detail["type"], "branch_visit");
    walks(
        &told["browser"],
        0,
        &["username", "password", "login", "allow", "error"],
    );
    let module = |name: &str| {
        let name = format!("fapi2-security-profile-final-{name}");
        &told["override"][name]["browser"]
    };
    let refuses = module("user-rejects-authentication");
    walks(refuses, 0, &["username", "password", "login", "refuse"]);
    let again = module("par-attempt-reuse-request_uri");
    walks(again, 0, &["username", "password", "login", "allow"]);
    walks(again, 1, &["error"]);
    assert_eq!(again[0]["match-limit"], 1, "{again}");
    for ends_in_error in [
        "par-attempt-to-use-expired-request_uri",
        "par-attempt-to-use-request_uri-for-different-client",
        "ensure-unsigned-authorization-request-without-using-par-fails",
    ] {
        walks(module(ends_in_error), 0, &["error"]);
        let [command] = &commands(module(ends_in_error), 0)[..] else {
            panic!("one command: {ends_in_error}");
        };
        assert_eq!(command[5], "update-image-placeholder", "{ends_in_error}");
    }
    let wrong = of(&["security", "client_secret", "dpop"]);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong.err.contains("no method client_secret"),
        "{}",
        wrong.err
    );
    assert_eq!(sandbox.stop().await, Some(0));
}

/// What the suite's browser does at its visit of this number.
fn commands(browser: &Value, visit: usize) -> Vec<Value> {
    let tasks = browser[visit]["tasks"].as_array().expect("tasks");
    let commands = |task: &Value| task["commands"].as_array().cloned();
    tasks.iter().filter_map(commands).flatten().collect()
}

/// Asserts that it uses these elements of our pages, in this order, and no other.
#[track_caller]
fn walks(browser: &Value, visit: usize, ids: &[&str]) {
    let commands = commands(browser, visit);
    let of_ours = commands
        .iter()
        .filter(|command| command[1] == "id" && command[2] != "submission_complete");
    let of_ours: Vec<_> = of_ours.map(|command| command[2].clone()).collect();
    assert_eq!(of_ours, ids, "{browser}");
}

#[test]
fn a_file_that_is_not_there_is_no_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = mortise();
    command.args(["sandbox", "--ephemeral", "--config"]);
    let said = finish(command.arg(folder.path().join("nowhere.yaml")));
    assert_ne!(said.code, Some(0));
    assert!(said.err.contains("nowhere.yaml"), "{}", said.err);
}
