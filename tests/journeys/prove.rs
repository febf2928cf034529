//! `mortise prove` tells what the house does: for every operation and attack the live answer, over
//! real sockets and real TLS, is the one that was proved, and "in" is what the bank saw.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kit::{
    ATTACKS, Attackers, HouseBuilder, Method, Mounted, Partner, SWIFTRIDE, TestHouse, Version,
    certificates_of,
};
use model::MovedClock;
use serde_json::{Value, json};

use crate::process::{Finished, finish, mortise};

fn prove(config: &Path, arguments: &[&str]) -> Finished {
    let mut command = mortise();
    command
        .arg("prove")
        .arg("--config")
        .arg(config)
        .arg("--sandbox");
    finish(command.args(arguments))
}

fn proved(config: &Path) -> (Option<i32>, Value) {
    let done = prove(config, &["--json"]);
    let report = serde_json::from_str(&done.out).unwrap_or_else(|e| panic!("{e}: {done:?}"));
    (done.code, report)
}

/// A house whose clock moves only when told to and whose partner Cartwheel is suspended, with
/// everybody that attacks it.
async fn besieged(edit: impl FnOnce(HouseBuilder) -> HouseBuilder) -> (TestHouse, Attackers) {
    let builder = HouseBuilder::with_clock(Arc::new(MovedClock::stopped()));
    let (good, foreign, (revoked, serial), expired) =
        certificates_of(&builder.partner_authority(), SWIFTRIDE, builder.now());
    let cartwheel = "privacy@cartwheel.example\n    standing: ";
    let builder = builder.revoking(&[&serial]).edit(
        &format!("{cartwheel}active"),
        &format!("{cartwheel}suspended"),
    );
    let house = edit(builder).start().await;
    let cartwheel = Partner::of(&house, "cartwheel-app");
    let attackers = Attackers {
        good,
        foreign,
        revoked,
        revoked_serial: serial,
        expired,
        suspended: cartwheel.identity,
        client: "swiftride-app".to_owned(),
        suspended_client: "cartwheel-app".to_owned(),
        issuer_key: house.issuer_key().await,
        issuer: house.issuer_url(),
        audience: house.api_url(),
    };
    (house, attackers)
}

/// The house's answer to the last of so many calls on one connection, or to the first that does
/// not get in, in the proof's words.
async fn answer(
    house: &TestHouse,
    operation: &Value,
    how: &Mounted<'_>,
    version: Version,
    calls: u64,
) -> Value {
    let method = operation["method"].as_str().expect("a method");
    let method = Method::from_bytes(method.as_bytes()).expect("a method");
    let path = operation["path"].as_str().expect("a path");
    let path = path.replace("{id}", "1").replace("{pair}", "EURUSD");
    let headers = how.bearer.as_deref().map(|value| ("authorization", value));
    let before = house.bank.calls();
    let Ok(mut client) = house.dial(how.identity, version).connect(house.api()).await else {
        assert_eq!(house.bank.calls(), before, "{method} {path}");
        return json!({ "in": false, "connection": false });
    };
    if let Some(host) = how.host {
        client = client.naming(host);
    }
    for call in 0..calls {
        let called = client.call(method.clone(), &path, headers.as_slice(), "");
        let Ok(answer) = called.await else {
            assert_eq!(house.bank.calls(), before + call, "{method} {path}");
            return json!({ "in": false, "connection": false });
        };
        if house.bank.calls() == before + call {
            let (status, code) = (answer.status.as_u16(), answer.code());
            answer.refused(status, &code);
            return json!({ "in": false, "status": status, "code": code });
        }
    }
    json!({ "in": true })
}

/// Makes every attack on every operation, on open ones first (a chain that is known as a suspended
/// partner's is turned away there too), and compares each answer with the proof.
async fn agrees(house: &TestHouse, attackers: &Attackers) -> (Option<i32>, Value) {
    let (code, report) = proved(&house.prepared().config);
    let operations = report["operations"].as_array().expect("operations");
    let mut operations: Vec<&Value> = operations.iter().collect();
    operations.sort_by_key(|operation| operation["class"] != "open");
    let mut compared = 0;
    for operation in &operations {
        let mut scope = operation["guards"].as_array().expect("guards").iter();
        let scope = scope.find_map(|guard| guard["scope"].as_str());
        for version in Version::BOTH {
            for attack in ["honest"].into_iter().chain(ATTACKS) {
                // What earlier calls drew is there again.
                house.clock.advance(Duration::from_secs(5));
                let expected = match attack {
                    "honest" => &operation["honest"],
                    attack => &operation["attacks"][attack],
                };
                let how = attackers.mount(attack, scope.unwrap_or(""), house.now());
                let calls = if attack == "over_limit" { 1000 } else { 1 };
                let live = answer(house, operation, &how, version, calls).await;
                assert_eq!(
                    live, *expected,
                    "{attack} at {} {} over {version:?}",
                    operation["method"], operation["path"]
                );
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 2 * operations.len() * (1 + ATTACKS.len()));
    assert!(operations.len() >= 6, "{report}");
    (code, report)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_answers_every_attack_as_it_is_proved() {
    let (house, attackers) = besieged(|builder| builder).await;
    let (code, report) = agrees(&house, &attackers).await;
    assert_eq!(code, Some(0), "{report}");
    assert_eq!(
        report["count"],
        json!({ "operations": 6, "guarded": 4, "open": 2, "unguarded": 0, "shut": 0 })
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_in_is_attacked_where_one_is_demanded_and_nowhere_else() {
    let mark = |demanded: &str| format!("x-mortise-authentication: {demanded}\n");
    let demanded = mark("{ acr_values: [urn:harbour:password], max_age: 5min }");
    let (house, attackers) =
        besieged(|builder| builder.edit_file("apis/branches.yaml", &mark("none"), &demanded)).await;
    let (code, report) = proved(&house.prepared().config);
    assert_eq!(code, Some(0), "{report}");
    let partner = Partner::of(&house, "swiftride-app");
    let now = house.now().as_second();
    let mut compared = 0;
    for operation in report["operations"].as_array().expect("operations") {
        for (attack, acr, auth_time, refused) in [
            ("honest", "urn:harbour:password", now - 300, None),
            ("stale_log_in", "urn:harbour:password", now - 301, Some(401)),
            ("weak_log_in", "urn:harbour:none", now, Some(401)),
        ] {
            if operation["product"] != "branches" {
                assert_eq!(operation["attacks"].get(attack), None, "{operation}");
                continue;
            }
            let proved = match attack {
                "honest" => &operation["honest"],
                attack => &operation["attacks"][attack],
            };
            assert_eq!(proved["status"].as_u64(), refused, "{attack}: {operation}");
            let mut claims = house.claims(&partner, "branches");
            claims["sub"] = json!("a customer");
            claims["acr"] = json!(acr);
            claims["auth_time"] = json!(auth_time);
            let token = attackers.issuer_key.sign("at+jwt", &claims);
            let how = Mounted {
                identity: Some(&partner.identity),
                bearer: Some(format!("Bearer {}", token.expect("a token"))),
                host: None,
            };
            let live = answer(&house, operation, &how, Version::Http2, 1).await;
            assert_eq!(live, *proved, "{attack}");
            compared += 1;
        }
    }
    assert_eq!(compared, 2 * 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_listener_that_demands_a_certificate_answers_nobody_without() {
    let (house, attackers) = besieged(|builder| {
        builder.edit(
            "client_certificates: optional",
            "client_certificates: required",
        )
    })
    .await;
    let (code, report) = agrees(&house, &attackers).await;
    assert_eq!(code, Some(0), "{report}");
    let open = &report["operations"][4];
    assert_eq!(
        (&open["class"], &open["attacks"]["no_certificate"]),
        (&json!("open"), &json!({ "in": false, "connection": false }))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn revoked_certificates_that_are_let_in_by_the_file_are_called_unguarded() {
    let lists = "      revocation:\n        crl: [file:trust/partners.crl]\n        \
                 refuse_when_older_than: 720h  # 30 days\n";
    let (house, attackers) =
        besieged(|builder| builder.edit(lists, "      revocation: none\n")).await;
    let (code, report) = agrees(&house, &attackers).await;
    assert_eq!(code, Some(1), "{report}");
    assert_eq!(report["count"]["unguarded"], 4, "{report}");
    for operation in report["operations"].as_array().expect("operations") {
        let unguarded = match operation["class"].as_str() {
            Some("open") => json!([]),
            _ => json!(["revoked_certificate"]),
        };
        assert_eq!(operation["unguarded"], unguarded, "{operation}");
    }
    let table = prove(&house.prepared().config, &[]);
    let line = "unguarded: GET /branches/v1/branches of harbour/branches lets in: \
                revoked_certificate";
    assert!(table.out.contains(line), "{}", table.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_may_call_is_called_shut() {
    let (house, attackers) = besieged(|builder| {
        builder
            .edit("products: [branches, catalogue]", "products: [branches]")
            .edit(
                "{ partner: cartwheel, bank: harbour, products: [catalogue]",
                "{ partner: cartwheel, bank: harbour, products: [branches]",
            )
    })
    .await;
    let (code, report) = agrees(&house, &attackers).await;
    assert_eq!((code, &report["count"]["shut"]), (Some(0), &json!(2)));
    let catalogue = &report["operations"][2];
    assert_eq!(
        (&catalogue["product"], &catalogue["honest"]["code"]),
        (&json!("catalogue"), &json!("no_agreement"))
    );
}

#[test]
fn the_proof_is_told_in_the_order_of_the_road_and_leaves_no_trace() {
    let folder = kit::Folder::new();
    let done = prove(&folder.config(), &[]);
    assert_eq!(done.code, Some(0), "{done:?}");
    let product = done.out.split("\n\n").next().expect("a product");
    let mut rest = product;
    for told in [
        "harbour / branches  class partner, listener api, to core",
        "GET    /branches/v1/branches ",
        "GET    /branches/v1/branches/{id} ",
        "host          localhost:",
        "address       200/s from one address, 400 at once",
        "certificate   of CN=Mortise sandbox partners; revocation lists believed until 20",
        "token         of https://localhost:",
        "limit         swiftride by trial: 5/s, 10 at once, 8 open",
        "agreement     swiftride from 20",
        "scope         branches",
        "evidence      durable before the answer's head",
        "honest, by swiftride  in",
        "no certificate        401 no_certificate",
    ] {
        let at = rest.find(told);
        let at = at.unwrap_or_else(|| panic!("lacks, or not here: {told}\n{product}"));
        rest = &rest[at..];
    }
    assert!(!done.out.contains('\u{1b}'), "colours in a pipe");
    assert!(
        done.out
            .ends_with("6 operations: 4 guarded, 2 open, 0 unguarded\n"),
        "{}",
        done.out
    );
    assert!(!folder.prepared().audit.exists() && !folder.dir().join("mortise.sqlite").exists());
}

#[test]
fn of_a_bad_file_nothing_is_proved() {
    let folder = kit::Folder::new().edit("standing: active", "standing: activ");
    let done = prove(&folder.config(), &["--json"]);
    assert_eq!(done.code, Some(1), "{done:?}");
    let report: Value = serde_json::from_str(&done.out).expect("JSON");
    assert_eq!(report["count"], 2, "{report}");
    let wrong = finish(mortise().args(["prove", "--confg", "x"]));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
