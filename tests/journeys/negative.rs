//! What no client should ask, asked by `oauth4webapi` and `jose` of a house and of `oidc-provider`,
//! an authorization server that we did not write: the cases of `conformance/clients/negative`, with
//! each difference and its reason.

use std::path::{Path, PathBuf};
use std::process::Command;

use crypto::{Algorithm, Jwks};
use kit::{HouseBuilder, Partner, TestHouse, key_file_of};
use serde_json::{Value, json};

use crate::clients::{CALLBACK, clients};
use crate::process::Program;

/// Where the key of RSA stands that the first client has beside its own.
const RSA_KEY: &str = "partners/rsa.key";

/// What must be ok, line by line: every case that a client can bring about.
const LINES: &[&str] = &[
    "OA-01 a request that was not pushed",
    "OA-03 pushed by PUT",
    "OA-04 request_uri beside it",
    "OA-06 a reference that was used",
    "OA-07 a reference that was looked at before",
    "OA-09 another client's reference",
    "OA-10 a reference to be fetched",
    "OA-12 plain",
    "OA-12 no method",
    "OA-13 no verifier",
    "OA-16 42 characters",
    "OA-16 129 characters",
    "OA-18 code id_token",
    "OA-18 token",
    "OA-19 password",
    "OA-21 the redirect_uri and /../x",
    "OA-21 the redirect_uri and ?x=1",
    "OA-21 the redirect_uri and #f",
    "OA-21 the redirect_uri and /",
    "OA-21 the redirect_uri and %2e",
    "OA-21 the redirect_uri and .evil.example",
    "OA-22 redirect_uri by http",
    "OA-30 a code again",
    "OA-33 another client's code",
    "OA-34 another redirect_uri",
    "OA-36 another's client_id",
    "OA-37 no assertion",
    "OA-39 nbf 62 s ahead",
    "OA-40 nbf 8 s ahead",
    "OA-42 for another server",
    "OA-43 for the token URL",
    "OA-43 for an array of the issuer",
    "OA-43/par for the URL that requests are pushed to",
    "OA-45/key by PS256 with a key of RSA",
    "OA-45 by RS256 with the same key",
    "OA-45 by none",
    "OA-45 by HS256 with the public key as PEM",
    "OA-45 by HS256 with the public key as DER",
    "OA-45 by HS256 with the public key as JWK",
    "OA-45 by ES256K",
    "OA-46 a proof as an assertion",
    "OA-46 a request object as an assertion",
    "OA-48 jku",
    "OA-48 x5u",
    "OA-48 x5c",
    "OA-48 jwk, which made it",
    "OA-49 an unknown crit",
    "OA-49 b64",
    "OA-51 a signature of zeros",
    "OA-51 a signature in DER",
    "OA-55 a request object by none",
    "OA-57 a request object by another's key",
    "OA-57/key a request object by PS256 with a key of RSA",
    "OA-57 a request object by RS256 with the same key",
    "OA-57 a request object by HS256 with the public key",
    "OA-58 a request object without exp",
    "OA-58 a request object without nbf",
    "OA-60 a request object for another server",
    "OA-61 a request object that has expired",
    "OA-63 scope twice",
    "OA-63/others state twice",
    "OA-64 state of 1500 characters",
    "OA-64/nonce nonce of 384 characters",
    "OA-66 a scope that nobody knows",
    "OA-66/refresh more scope by refreshing",
    "OA-67/dpop no proof",
    "OA-69 a code that is bound to another key",
    "OA-70 a proof that is no JWT",
    "OA-70 a proof of another typ",
    "OA-70 a proof by none",
    "OA-70 a proof by HS256 with its key as PEM",
    "OA-70 a proof by HS256 with its key as DER",
    "OA-70 a proof by HS256 with its key as JWK",
    "OA-70 a proof by RS256",
    "OA-72 a proof for GET",
    "OA-72 a proof for another URL",
    "OA-73 htu with a query",
    "OA-75 a proof 10 s old",
    "OA-76 a proof a second time",
    "OA-78 with a proof for another token",
    "OA-78 with a proof by another key",
    "OA-79 as Bearer",
    "OA-79 as Bearer with its proof",
    "OA-79 without a proof",
    "OA-84/genuine as it was given",
    "OA-84 by none",
    "OA-84 by HS256 with the issuer's key",
    "OA-84 by a key that it brings",
    "OA-85 once it was revoked",
    "OA-87 another client's token, revoked",
    "OA-88 another client's refresh token",
];

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
        response_modes: [query, jwt]
"
        )
    };
    let more = format!(
        "    clients:\n{}{}      swiftride-app:\n",
        client("swiftride-negative", "negative"),
        client("swiftride-stranger", "cartwheel"),
    );
    let builder = HouseBuilder::new();
    let own = std::fs::read(builder.dir().join("partners/swiftride.jwks.json")).expect("keys");
    let mut keys = Jwks::parse(&own).expect("keys").keys().to_vec();
    keys.push(key_file_of(Algorithm::Ps256, &builder, RSA_KEY).verification_key());
    let house = builder
        .write(
            "partners/negative.jwks.json",
            &Jwks::from_keys(keys).to_json().to_string(),
        )
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
    let rsa = std::fs::read(house.dir().join(RSA_KEY)).expect("a key");
    let rsa = crypto::SigningKey::from_pem(None, &rsa).expect("a key that signs");
    let mut negative = client("swiftride-negative", "swiftride-app");
    negative["rsa_key"] = json!(RSA_KEY);
    negative["rsa_kid"] = json!(rsa.kid());
    json!({
        "issuer": house.issuer_url(),
        "ca": house.prepared().server_authority,
        "scope": "branches",
        "redirect_uri": CALLBACK,
        "user": "li-lei",
        "password": kit::PASSWORD,
        "clients": {
            "negative": negative,
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
    // Each says what was answered, and why another server answers otherwise.
    let cases = lines.lines().map(|line| line.split_once(": "));
    let cases = cases.map(|line| line.expect("an answer").0.trim_start_matches("ok "));
    assert_eq!(cases.collect::<Vec<_>>(), LINES);
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
