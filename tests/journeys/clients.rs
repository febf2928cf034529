//! Clients that we did not write: `openid-client`, a certified relying party of FAPI 2.0, through
//! every combination of `conformance/clients/combinations.mjs`: from metadata to revocation.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kit::{HouseBuilder, Partner, TestHouse, issue, partner_leaf, self_signed};
use serde_json::{Value, json};

use crate::process::Program;

pub(crate) const CALLBACK: &str = "https://app.swiftride.example/callback";
const HOUR: Duration = Duration::from_hours(1);
const NAME: &str = "batch.swiftride.example";

/// The columns of the table.
const METHODS: [&str; 3] = [
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];
const BINDINGS: [&str; 2] = ["mtls", "dpop"];
const REQUESTS: [&str; 4] = ["plain", "jar", "jarm", "jar+jarm"];
const ASKED: [&str; 4] = ["scope", "openid", "details", "both"];

/// How many combinations one method has, one thing that is asked for, and all.
const OF_METHOD: u64 = (BINDINGS.len() * REQUESTS.len() * ASKED.len()) as u64;
const OF_ASKED: u64 = (METHODS.len() * BINDINGS.len() * REQUESTS.len()) as u64;
const COMBINATIONS: u64 = METHODS.len() as u64 * OF_METHOD;

/// How many wrong passwords one name takes at once.
const WRONG_MAX: u64 = 10;

/// What must be ok, line by line.
fn expected() -> Vec<String> {
    let mut lines = vec!["ok protected resource metadata".to_owned()];
    for method in METHODS {
        for binding in BINDINGS {
            for request in REQUESTS {
                lines.extend(
                    ASKED.map(|asked| format!("ok {method}, {binding}, {request}, {asked}")),
                );
            }
        }
    }
    lines
}

/// Where the driver stands, installed.
pub(crate) fn clients() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/clients");
    assert!(
        folder.join("node_modules/openid-client").is_dir(),
        "{} lacks its packages: tests/run installs them",
        folder.display()
    );
    folder
}

/// The marks of an operation, up to the type of details that it demands.
const READ_BRANCH: &str = "summary: One branch or ATM
      x-mortise-class: partner
      x-mortise-effect: none
      x-mortise-scope: branches
      x-mortise-authorization-details: ";

/// A house where a partner has a client of each method and binding, and the driver's file of it.
async fn house() -> (TestHouse, PathBuf) {
    let builder = HouseBuilder::new();
    let mut leaf = partner_leaf(Some(kit::SWIFTRIDE), builder.now(), HOUR);
    leaf.names = vec![NAME.to_owned()];
    let named = issue(&builder.partner_authority(), &leaf);
    let own = self_signed("swiftride", builder.now(), HOUR);
    let client = |id: &str, bound_by: &str, proves: &str| {
        format!(
            "      {id}: {{ {proves}, bound_by: {bound_by}, redirect_uris: [{CALLBACK}], \
             response_modes: [query, jwt] }}\n"
        )
    };
    let keys = "auth: private_key_jwt, jwks: file:partners/swiftride.jwks.json";
    let named_by = format!(
        "auth: tls_client_auth, certificate: {{ san_dns: {NAME} }}, jwks: \
         file:partners/swiftride.jwks.json"
    );
    let owned = "auth: self_signed_tls_client_auth, jwks: file:partners/own.jwks.json";
    let more = [
        "    clients:\n".to_owned(),
        client("swiftride-key", "dpop", keys),
        client("swiftride-named", "mtls", &named_by),
        client("swiftride-named-key", "dpop", &named_by),
        client("swiftride-own", "mtls", owned),
        client("swiftride-own-key", "dpop", owned),
        "      swiftride-app:\n".to_owned(),
    ]
    .concat();
    // One address knocks some thousand times within seconds.
    let house = builder
        .edit("rate: 200/s, burst: 400", "rate: 2000/s, burst: 20000")
        .edit("    clients:\n      swiftride-app:\n", &more)
        // They all are one partner.
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 500/s, burst: 1000 requests",
        )
        .edit(
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s }",
            "apis/branches.yaml, upstream: core, listeners: [api], deadline: 30s,
        authorization_details: { branch_visit: { schema: file:visit.json,
          title: { zh-CN: 预约到访, en: A visit } } } }",
        )
        .write(
            "visit.json",
            r#"{ "properties": { "branch": { "type": "string" } } }"#,
        )
        .edit_file(
            "apis/branches.yaml",
            &format!("{READ_BRANCH}none"),
            &format!("{READ_BRANCH}branch_visit"),
        )
        .write("partners/named.pem", &named.chain)
        .write("partners/named.key", &named.key)
        .write("partners/own.pem", &own.certificate)
        .write("partners/own.key", &own.key)
        .write("partners/own.jwks.json", &own.jwks)
        .start()
        .await;
    let file = house.dir().join("house.json");
    std::fs::write(&file, written(&house).to_string()).expect("a writable file");
    (house, file)
}

/// The driver's file, as `conformance/clients/run.mjs` says.
fn written(house: &TestHouse) -> Value {
    let files = house.files("swiftride-app");
    let signing_key = Partner::of(house, "swiftride-app").signing_key;
    let own = std::fs::read(house.dir().join("partners/own.key")).expect("a key");
    let own = crypto::SigningKey::from_pem(None, &own).expect("a key that signs");
    let product = format!("{}/branches/v1", house.api_url());
    let shown = |client_id: &str, name: &str, signing_key: Value, kid: &str| {
        json!({
            "client_id": client_id,
            "certificate": format!("partners/{name}.pem"),
            "key": format!("partners/{name}.key"),
            "signing_key": signing_key,
            "kid": kid,
        })
    };
    let named = |client_id| {
        let key = json!(files.signing_key);
        shown(client_id, "named", key, signing_key.kid())
    };
    let own = |client_id| shown(client_id, "own", json!("partners/own.key"), own.kid());
    json!({
        "issuer": house.issuer_url(),
        "ca": house.prepared().server_authority,
        "resource": format!("{product}/branches"),
        "product": product,
        "detailed": format!("{product}/branches/branch-shanghai-03"),
        "details": [{ "type": "branch_visit", "branch": "7" }],
        "scope": "branches",
        "alg": "PS256",
        "redirect_uri": CALLBACK,
        "user": "li-lei",
        "password": kit::PASSWORD,
        "clients": {
            "private_key_jwt, mtls": {
                "client_id": "swiftride-app",
                "certificate": files.certificate,
                "key": files.key,
                "signing_key": files.signing_key,
                "kid": signing_key.kid(),
            },
            "private_key_jwt, dpop": {
                "client_id": "swiftride-key",
                "signing_key": files.signing_key,
                "kid": signing_key.kid(),
            },
            "tls_client_auth, mtls": named("swiftride-named"),
            "tls_client_auth, dpop": named("swiftride-named-key"),
            "self_signed_tls_client_auth, mtls": own("swiftride-own"),
            "self_signed_tls_client_auth, dpop": own("swiftride-own-key"),
        },
    })
}

/// How long the driver may take: each combination is two log-ins and more.
const EVERY_COMBINATION: Duration = Duration::from_mins(5);

/// Runs the driver; its exit code and its lines.
async fn run(file: &Path) -> (Option<i32>, String) {
    let mut driver = Program::start(
        Command::new("node")
            .arg(clients().join("run.mjs"))
            .arg(file),
    );
    let code = driver.ended_within(EVERY_COMBINATION).await;
    (code, format!("{}{}", driver.out(), driver.err()))
}

#[tokio::test]
async fn a_client_that_we_did_not_write_gets_in_stays_in_and_leaves_in_every_combination() {
    let (house, file) = house().await;
    let (code, lines) = run(&file).await;
    assert_eq!(lines.lines().collect::<Vec<_>>(), expected());
    assert_eq!(code, Some(0));
    // Two log-ins of each combination reached the bank, and two calls of those with a scope; what
    // was refused did not.
    assert_eq!(house.bank.calls(), 4 * COMBINATIONS - 2 * OF_ASKED);
}

#[tokio::test]
async fn the_driver_says_what_failed_and_at_which_step() {
    let (house, file) = house().await;
    let mut other = written(&house);
    let (app, cartwheel) = (house.files("swiftride-app"), house.files("cartwheel-app"));
    let clients = &mut other["clients"];
    for binding in ["mtls", "dpop"] {
        clients[format!("private_key_jwt, {binding}")]["signing_key"] =
            json!(cartwheel.signing_key);
        let by_name = &mut clients[format!("tls_client_auth, {binding}")];
        by_name["certificate"] = json!(app.certificate);
        by_name["key"] = json!(app.key);
    }
    other["password"] = json!("guess");
    std::fs::write(&file, other.to_string()).expect("a writable file");
    let (code, lines) = run(&file).await;
    assert_eq!(code, Some(1), "{lines}");
    let failed: Vec<&str> = lines.lines().skip(1).collect();
    let no_client = ("at the pushed request: ", " · 401 · invalid_client · ");
    let no_customer = ("at the pages: ", "the log-in is refused: 403");
    let with_no_client = std::iter::repeat_n(no_client, 2 * OF_METHOD as usize);
    // All log in by one name: once so many passwords were wrong, none is asked for any more.
    let locked = ("at the pages: ", "429 access_denied");
    let reasons = with_no_client.chain(std::iter::repeat_n(no_customer, WRONG_MAX as usize));
    let reasons = reasons.chain(std::iter::repeat(locked));
    for (line, (step, reason)) in failed.iter().zip(reasons) {
        assert!(line.starts_with("FAILED "), "{lines}");
        assert!(line.contains(step) && line.contains(reason), "{lines}");
    }
    assert_eq!(failed.len() as u64, COMBINATIONS, "{lines}");
    assert_eq!(house.bank.calls(), WRONG_MAX, "wrong passwords");
    let (code, lines) = run(&house.dir().join("nowhere.json")).await;
    assert_eq!(code, Some(2), "{lines}");
}
