//! `mortise keys distrust`: a key that somebody else may hold is worth nothing from then on.

use super::*;

/// What was distrusted, and what signs instead.
fn told(finished: &Finished) -> Value {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let json: Value = serde_json::from_str(&finished.out).expect("JSON");
    json["distrusted"].clone()
}

/// The rings as `keys list` shows them: of tokens, then of assertions.
fn both_rings(config: &Path) -> [Vec<(String, String)>; 2] {
    let listed = keys_of(config, &["list", "--json"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let json: Value = serde_json::from_str(&listed.out).expect("JSON");
    ["keys", "assertion_keys"].map(|ring| {
        let keys = json[ring].as_array().expect("keys").iter();
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        keys.map(|key| (text(&key["kid"]), text(&key["life"])))
            .collect()
    })
}

fn lives(ring: &[(String, String)]) -> Vec<&str> {
    ring.iter().map(|(_, life)| life.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_distrusted_keys_tokens_are_refused_at_once_whatever_the_file_says_and_after_a_restart() {
    let house = HouseBuilder::new().restartable().start().await;
    let config = house.prepared().config.clone();
    let partner = Partner::of(&house, "swiftride-app");
    let stolen = partner.bearer(&house, "branches").await;
    let (old, _) = made_by(&stolen);
    let dial = house.dial(Some(&partner.identity), Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let headers = [("authorization", stolen.as_str())];
    // Judged once, then remembered.
    for _ in 0..2 {
        assert_eq!(client.get(BRANCHES, &headers).await.status, 200);
    }

    // Nobody has to mend a file before a key can be distrusted.
    house.edit("gateway.yaml", LIFETIME, "access_token_lifetime: 99h");
    let done = keys_of(&config, &["distrust", &old]);
    assert_eq!(done.code, Some(0), "{done:?}");
    client
        .get(BRANCHES, &headers)
        .await
        .refused(401, "bad_token");
    let now_published = published(&house).await;
    let [new] = now_published.as_slice() else {
        panic!("{now_published:?}")
    };
    assert_ne!(*new, old);
    let says = [
        format!("{old} is distrusted: what it signed is refused"),
        format!("{new} was made and signs instead"),
        format!("  {old}  PS256  distrusted since "),
        format!("  {new}  PS256  signs"),
    ];
    for line in says {
        assert!(done.out.contains(&line), "{line}: {}", done.out);
    }
    let fresh = partner.bearer(&house, "branches").await;
    assert_eq!(made_by(&fresh).0, *new);
    assert!(is_let_in(&house, &partner, &fresh).await);
    house.edit("gateway.yaml", "access_token_lifetime: 99h", LIFETIME);
    house.reload().await;
    assert!(!is_let_in(&house, &partner, &stolen).await);

    // Nor does a restart bring it back, nor any other command.
    let house = house.rebuild().await.start().await;
    for command in [&["make"][..], &["rotate"], &["distrust", &old]] {
        let done = keys_of(&config, command);
        assert_eq!(done.code, Some(0), "{done:?}");
        assert!(!is_let_in(&house, &partner, &stolen).await, "{command:?}");
        assert!(!published(&house).await.contains(&old), "{command:?}");
    }
    assert!(is_let_in(&house, &partner, &fresh).await);
    let retired = keys_of(&config, &["retire", &old]);
    assert_eq!(retired.code, Some(1), "{retired:?}");
    assert!(retired.err.contains("is distrusted since"), "{retired:?}");
    let [tokens, _] = both_rings(&config);
    assert_eq!(lives(&tokens), ["distrusted", "signs", "starts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_of_assertions_is_distrusted_likewise_and_the_bank_knows_the_new_one() {
    let house = HouseBuilder::new().start().await;
    let config = house.prepared().config.clone();
    let partner = Partner::of(&house, "swiftride-app");
    let bearer = partner.bearer(&house, "branches").await;
    assert!(is_let_in(&house, &partner, &bearer).await);
    let before = kids(&key_set(&house, "/jwks/upstream").await);
    let [old] = before.as_slice() else {
        panic!("{before:?}")
    };
    let told = told(&keys_of(&config, &["distrust", old, "--json"]));
    assert_eq!(
        (&told["use"], &told["kid"]),
        (&"assertions".into(), &old.as_str().into())
    );
    let after = kids(&key_set(&house, "/jwks/upstream").await);
    assert_eq!(after, [told["instead"].as_str().expect("a kid")]);
    // Tokens are not concerned, and the bank is told by the new key who calls.
    assert!(is_let_in(&house, &partner, &bearer).await);
    let [tokens, assertions] = both_rings(&config);
    assert_eq!(lives(&tokens), ["signs"]);
    assert_eq!(lives(&assertions), ["distrusted", "signs"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_gateway_a_key_is_distrusted_in_the_store_and_each_step_is_recorded() {
    let folder = Folder::new().with_production_certificates();
    let began = ring(&keys(&folder, &["list", "--json"]));
    // A ring is begun by the gateway that serves it.
    assert_eq!(began, []);
    let mut program = Program::start(mortise().args(["serve", "--config"]).arg(folder.config()));
    program
        .until("open listeners", |written| {
            written.err.matches("\"listening\"").count() == 2
        })
        .await;
    assert_eq!(program.stop().await, Some(0));
    let began = ring(&keys(&folder, &["list", "--json"]));
    let [(old, _)] = began.as_slice() else {
        panic!("{began:?}")
    };

    let nobody = keys(&folder, &["distrust", "-F-nobody"]);
    assert_eq!(
        (nobody.code, nobody.out.as_str()),
        (Some(1), ""),
        "{nobody:?}"
    );
    assert_eq!(
        nobody.err,
        "error: the ring has no key `-F-nobody`\nhelp: `mortise keys list` shows the ring\n"
    );
    let made = ring(&keys(&folder, &["make", "--json"]));
    let waits = &made[1].0;
    let told_of = |kid: &str| told(&keys(&folder, &["distrust", kid, "--json"]));
    assert_eq!(told_of(waits)["instead"], Value::Null);
    let instead = told_of(old)["instead"].clone();
    let left = ring(&keys(&folder, &["list", "--json"]));
    assert_eq!(lives(&left), ["distrusted", "distrusted", "signs"]);
    assert_eq!(instead, left[2].0.as_str());
    // The last one too, and again: it stays as it is.
    assert_eq!(told_of(old)["instead"], Value::Null);
    assert_ne!(told_of(&left[2].0)["instead"], Value::Null);

    let records = records(&folder.prepared().audit);
    let recorded = records
        .iter()
        .filter(|record| record["type"] == "key.rotate");
    let actions: Vec<_> = recorded
        .filter(|record| record["use"] == "tokens")
        .map(|record| record["action"].as_str().expect("a word"))
        .collect();
    let expected = [
        "begin", "make", "distrust", "distrust", "begin", "distrust", "begin",
    ];
    assert_eq!(actions, expected);
}
