//! What no client should ask, asked by `oauth4webapi` and `jose` of a house and of `oidc-provider`,
//! an authorization server that we did not write: the cases of `conformance/clients/negative`, with
//! each difference and its reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use kit::{HouseBuilder, Partner, TestHouse};
use serde_json::{Value, json};

use crate::clients::{CALLBACK, clients};
use crate::process::Program;

/// A house with two clients whose tokens are bound to keys, each with a signing key of its own, and
/// the driver's file of it.
async fn house() -> (TestHouse, PathBuf) {
    let client = |id: &str, keys: &str| {
        format!(
            "      {id}:
        auth: private_key_jwt
        bound_by: dpop
        jwks: file:partners/{keys}.jwks.json
        redirect_uris: [{CALLBACK}]
"
        )
    };
    let more = format!(
        "    clients:\n{}{}      swiftride-app:\n",
        client("swiftride-negative", "swiftride"),
        client("swiftride-stranger", "cartwheel"),
    );
    let house = HouseBuilder::new()
        .edit("    clients:\n      swiftride-app:\n", &more)
        .start()
        .await;
    let file = house.dir().join("house.json");
    std::fs::write(&file, written(&house).to_string()).expect("a writable file");
    (house, file)
}

/// The driver's file, as `conformance/clients/negative.mjs` says.
fn written(house: &TestHouse) -> Value {
    let client = |id: &str, owner: &str| {
        json!({
            "client_id": id,
            "signing_key": house.files(owner).signing_key,
            "kid": Partner::of(house, owner).signing_key.kid(),
        })
    };
    json!({
        "issuer": house.issuer_url(),
        "ca": house.prepared().server_authority,
        "scope": "branches",
        "redirect_uri": CALLBACK,
        "user": "li-lei",
        "password": kit::PASSWORD,
        "clients": {
            "negative": client("swiftride-negative", "swiftride-app"),
            "stranger": client("swiftride-stranger", "cartwheel-app"),
        },
    })
}

/// Runs the driver; its exit code, and its lines: on the other stream `oidc-provider` tells of the
/// versions that it likes.
async fn run(file: &Path) -> (Option<i32>, String) {
    let driver = clients().join("negative.mjs");
    let mut driver = Program::start(Command::new("node").arg(driver).arg(file));
    let code = driver.ended().await;
    (code, driver.out())
}

#[tokio::test]
async fn what_no_client_should_ask_is_answered_as_written_and_differences_have_their_reasons() {
    let (_house, file) = house().await;
    let (code, lines) = run(&file).await;
    let wrong: Vec<_> = lines
        .lines()
        .filter(|line| !line.starts_with("ok "))
        .collect();
    assert_eq!(wrong, Vec::<&str>::new(), "{lines}");
    assert_eq!(code, Some(0));
    // Every case that a client can bring about has its line.
    for case in [
        "OA-03", "OA-30", "OA-45", "OA-57", "OA-69", "OA-76", "OA-88",
    ] {
        assert!(lines.contains(&format!("ok {case} ")), "{case}: {lines}");
    }
}

#[tokio::test]
async fn a_case_that_is_answered_otherwise_than_written_fails_by_its_name() {
    let (house, file) = house().await;
    let mut other = written(&house);
    // A client that proves nothing is refused for that, whatever else is wrong.
    other["clients"]["negative"]["client_id"] = json!("swiftride-nobody");
    std::fs::write(&file, other.to_string()).expect("a writable file");
    let (code, lines) = run(&file).await;
    assert_eq!(code, Some(1), "{lines}");
    let failed = "FAILED OA-12 plain: 401 invalid_client; oidc-provider: 400 invalid_request";
    assert!(lines.contains(failed), "{lines}");
    let (code, lines) = run(&house.dir().join("nowhere.json")).await;
    assert_eq!(code, Some(2), "{lines}");
}
