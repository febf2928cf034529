//! The keys that sign tokens: their whole life under a moved clock, and `mortise keys`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kit::{Folder, HouseBuilder, Partner, TestHouse, Version, records};
use model::MovedClock;
use serde_json::Value;

use crate::process::{Finished, Program, finish, mortise};

mod algorithms;
mod distrust;

const BRANCHES: &str = "/branches/v1/branches?city=shanghai";
const LIFETIME: &str = "access_token_lifetime: 300s";

/// The `kid`s that the issuer publishes, in order.
async fn published(house: &TestHouse) -> Vec<String> {
    kids(&key_set(house, "/jwks").await)
}

/// A key set that the issuer publishes.
async fn key_set(house: &TestHouse, target: &str) -> Vec<Value> {
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    let keys = client.get(target, &[]).await.ok();
    keys["keys"].as_array().expect("keys").clone()
}

fn kids(keys: &[Value]) -> Vec<String> {
    let kid = |key: &Value| key["kid"].as_str().expect("a kid").to_owned();
    keys.iter().map(kid).collect()
}

/// The `kid` and the `alg` of a token.
fn made_by(bearer: &str) -> (String, String) {
    let header = bearer.trim_start_matches("Bearer ").split('.').next();
    let header = crypto::from_base64url(header.expect("a header")).expect("base64url");
    let header: Value = serde_json::from_slice(&header).expect("JSON");
    let text = |name: &str| header[name].as_str().expect("a text").to_owned();
    (text("kid"), text("alg"))
}

async fn is_let_in(house: &TestHouse, partner: &Partner, bearer: &str) -> bool {
    let dial = house.dial(Some(&partner.identity), Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let headers = [("authorization", bearer)];
    let answer = client.get(BRANCHES, &headers).await;
    if answer.status == 200 {
        return true;
    }
    answer.refused(401, "bad_token");
    false
}

/// CF-13: what the old key has signed verifies for the overlap.
#[tokio::test]
async fn another_algorithm_comes_in_with_overlap_and_a_restart_in_the_middle_changes_nothing() {
    let clock = Arc::new(MovedClock::stopped());
    let house = HouseBuilder::with_clock(Arc::clone(&clock)).restartable();
    let house = house
        .edit(LIFETIME, &LIFETIME.replace("300s", "15min"))
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let first = partner.bearer(&house, "branches").await;
    let (old, algorithm) = made_by(&first);
    assert_eq!(algorithm, "PS256");
    assert_eq!(published(&house).await, [old.as_str()]);

    // Published before it signs.
    house.edit(
        "gateway.yaml",
        "access_token_lifetime: 15min",
        "access_token_lifetime: 15min\n      algorithm: ES256",
    );
    house.reload().await;
    let both = published(&house).await;
    assert_eq!(both.len(), 2);
    assert_eq!(both[0], old);
    assert!(is_let_in(&house, &partner, &first).await);
    let step = |seconds| clock.advance(Duration::from_secs(seconds));
    step(119);
    let last_of_old = partner.bearer(&house, "branches").await;
    assert_eq!(made_by(&last_of_old).0, old);

    // From then on it signs, and the tokens before go on.
    step(1);
    let of_new = partner.bearer(&house, "branches").await;
    assert_eq!(made_by(&of_new), (both[1].clone(), "ES256".to_owned()));
    assert!(is_let_in(&house, &partner, &last_of_old).await);
    let house = house.rebuild().await.start().await;
    assert_eq!(published(&house).await, both);
    for bearer in [&last_of_old, &of_new] {
        assert!(is_let_in(&house, &partner, bearer).await);
    }

    // Each token is good to its own end and no longer; then the key is gone.
    step(15 * 60 - 2);
    assert!(is_let_in(&house, &partner, &last_of_old).await);
    let later = partner.bearer(&house, "branches").await;
    step(20);
    assert!(!is_let_in(&house, &partner, &last_of_old).await);
    assert_eq!(published(&house).await, both[1..]);
    assert!(is_let_in(&house, &partner, &later).await);
}

/// `mortise keys` for the program of a folder.
fn keys(folder: &Folder, arguments: &[&str]) -> Finished {
    keys_of(&folder.config(), arguments)
}

fn keys_of(config: &Path, arguments: &[&str]) -> Finished {
    let mut command = mortise();
    command.arg("keys").args(arguments).arg("--config");
    finish(command.arg(config))
}

fn ring(finished: &Finished) -> Vec<(String, String)> {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let json: Value = serde_json::from_str(&finished.out).expect("JSON");
    assert_eq!(json["bank"], "harbour");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let keys = json["keys"].as_array().expect("keys").iter();
    keys.map(|key| (text(&key["kid"]), text(&key["life"])))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_rotated_in_the_running_gateway_and_without_one() {
    let folder = Folder::new().with_production_certificates();
    let mut program = Program::start(mortise().args(["serve", "--config"]).arg(folder.config()));
    program
        .until("open listeners", |written| {
            written.err.matches("\"listening\"").count() == 2
        })
        .await;
    let began = ring(&keys(&folder, &["list", "--json"]));
    let [(old, life)] = began.as_slice() else {
        panic!("{began:?}")
    };
    assert_eq!(life, "signs");

    let rotated = ring(&keys(&folder, &["rotate", "--json"]));
    let lives: Vec<_> = rotated.iter().map(|(_, life)| life.as_str()).collect();
    assert_eq!(lives, ["signs", "starts"]);
    let dial = folder.dial(None, Version::Http1);
    let mut client = dial.connect(folder.issuer()).await.expect("a connection");
    let published = client.get("/jwks", &[]).await.ok();
    assert_eq!(
        published["keys"].as_array().map(Vec::len),
        Some(2),
        "at once"
    );

    let again = keys(&folder, &["rotate"]);
    assert_eq!((again.code, again.out.as_str()), (Some(1), ""), "{again:?}");
    assert!(again.err.contains("signs from"), "{again:?}");
    let signs = keys(&folder, &["retire", old]);
    assert_eq!(signs.code, Some(1), "{signs:?}");
    assert!(
        signs.err.contains("help: let another sign first"),
        "{signs:?}"
    );
    let nobody = keys(&folder, &["list", "--bank", "habour"]);
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(nobody.err.contains("there are harbour"), "{nobody:?}");
    assert_eq!(program.stop().await, Some(0));

    // Without a gateway the same ring is there, and may be changed.
    assert_eq!(ring(&keys(&folder, &["list", "--json"])), rotated);
    let made = ring(&keys(&folder, &["make", "--json"]));
    assert_eq!(made.len(), 3);
    assert_eq!(made[2].1, "waits");
    let retired = ring(&keys(&folder, &["retire", &made[2].0, "--json"]));
    assert_eq!(retired, rotated);
    let told = records(&folder.prepared().audit);
    let told = told.iter().filter(|record| record["type"] == "key.rotate");
    let told: Vec<_> = told
        .map(|record| (record["action"].clone(), record["log"].clone()))
        .collect();
    let expected = [
        "begin", "begin", "begin", "make", "rotate", "publish", "make", "retire",
    ];
    assert_eq!(
        told,
        expected.map(|one| (one.into(), "bank/harbour".into()))
    );
}
