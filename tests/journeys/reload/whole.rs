//! A bad file changes nothing (promise P7), whatever is bad about it.

use kit::{HouseBuilder, Partner, TestHouse, Version};

const BRANCHES: &str = "/branches/v1/branches";

/// A bad change of a file, and words of what is told of it.
struct Bad {
    file: &'static str,
    old: &'static str,
    new: &'static str,
    says: &'static [&'static str],
}

const BAD: &[Bad] = &[
    Bad {
        file: "gateway.yaml",
        old: "listeners:",
        new: "listners:",
        says: &["listners", "did you mean"],
    },
    Bad {
        file: "gateway.yaml",
        old: "burst: 10 requests",
        new: "burst: 10",
        says: &["burst", "-->"],
    },
    Bad {
        file: "gateway.yaml",
        old: "products: [branches, catalogue]",
        new: "products: [branches, catalog]",
        says: &["catalog"],
    },
    Bad {
        file: "gateway.yaml",
        old: "file:trust/partners-ca.pem",
        new: "file:trust/nowhere.pem",
        says: &["nowhere.pem", "there is no such file"],
    },
    Bad {
        file: "gateway.yaml",
        old: "banks:",
        new: "banks: [",
        says: &["error"],
    },
    Bad {
        file: "trust/partners.crl",
        old: "-----BEGIN",
        new: "-----BEGUN",
        says: &["partners.crl"],
    },
    Bad {
        file: "tls/gateway.key",
        old: "-----BEGIN",
        new: "-----BEGUN",
        says: &["gateway.key"],
    },
    Bad {
        file: "apis/branches.yaml",
        old: "x-mortise-class: partner",
        new: "x-mortise-class: patner",
        says: &["branches.yaml", "x-mortise-class"],
    },
    Bad {
        file: "partners/swiftride.jwks.json",
        old: "\"keys\"",
        new: "\"kees\"",
        says: &["swiftride.jwks.json"],
    },
    Bad {
        file: "gateway.yaml",
        old: "path: mortise.sqlite",
        new: "path: other.sqlite",
        says: &[
            "`store.path` cannot change while the gateway runs",
            "restart",
        ],
    },
    Bad {
        file: "gateway.yaml",
        old: "dir: audit,",
        new: "dir: log,",
        says: &[
            "`audit.dir` cannot change while the gateway runs",
            "restart",
        ],
    },
];

async fn serves(house: &TestHouse, partner: &Partner, token: &str) {
    for version in Version::BOTH {
        let dial = partner.dial(house, version);
        let mut client = dial.connect(house.api()).await.expect("a connection");
        client.get(BRANCHES, &[("authorization", token)]).await.ok();
    }
}

#[tokio::test]
async fn each_kind_of_bad_file_is_told_and_recorded_and_what_was_in_force_serves_on() {
    let house = HouseBuilder::new()
        .edit(
            "rate: 5/s, burst: 10 requests",
            "rate: 5000/s, burst: 10 requests",
        )
        .start()
        .await;
    let partner = Partner::of(&house, "swiftride-app");
    let token = partner.bearer(&house, "branches").await;
    for bad in BAD {
        let good = kit::text(&house.dir().join(bad.file));
        house.edit(bad.file, bad.old, bad.new);
        let told = house.refuses_to_reload().await;
        for words in bad.says {
            assert!(told.contains(words), "{words}: {told}");
        }
        assert_eq!(house.running.snapshot(), 1);
        serves(&house, &partner, &token).await;
        house.write(bad.file, &good);
    }
    let kept = house.records();
    let rejected: Vec<_> = kept
        .iter()
        .filter(|record| record["type"] == "config.reject")
        .collect();
    assert_eq!(rejected.len(), BAD.len());
    for record in rejected {
        assert_eq!(record["cfg"], 1, "{record}");
        assert_eq!(
            record["digest"].as_str().map(str::len),
            Some(64),
            "{record}"
        );
        assert!(record["count"].as_u64() > Some(0), "{record}");
        assert!(record["rule"].as_str().is_some_and(|rule| !rule.is_empty()));
    }
    assert_eq!(house.reload().await, 2, "all is well again");
    serves(&house, &partner, &token).await;
}

#[tokio::test]
async fn the_record_of_a_call_names_the_snapshot_that_it_lived_under() {
    let house = HouseBuilder::new().start().await;
    let dial = house.dial(None, Version::Http2);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    for _ in 0..3 {
        client.get("/fx/v1/rates", &[]).await.ok();
        house.reload().await;
    }
    let audit = house.prepared().audit.clone();
    let _folder = house.stop().await;
    let kept = kit::records(&audit);
    let of = |kind: &str| -> Vec<u64> {
        let of_kind = kept.iter().filter(|record| record["type"] == kind);
        of_kind
            .filter_map(|record| record["cfg"].as_u64())
            .collect()
    };
    assert_eq!(of("api.access"), [1, 2, 3]);
    assert_eq!(of("config.apply"), [1, 2, 3, 4]);
}

#[tokio::test]
async fn of_reloads_asked_for_at_once_each_gets_an_answer_and_numbers_grow() {
    let house = HouseBuilder::new().start().await;
    let ask = || house.running.reload();
    let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
    let number = |outcome: &Result<kit::Applied, kit::NotApplied>| {
        let applied = outcome.as_ref().expect("in force");
        applied.snapshot
    };
    let mut numbers = [a, b, c, d].map(|outcome| number(&outcome));
    numbers.sort_unstable();
    assert_eq!(numbers[3], house.running.snapshot());
    assert!(numbers[0] >= 2, "{numbers:?}");
    assert_eq!(house.reload().await, house.running.snapshot());
}

#[tokio::test]
async fn a_key_that_opens_none_of_the_issuers_keys_is_refused_and_tokens_are_issued_on() {
    let house = HouseBuilder::new().start().await;
    let partner = Partner::of(&house, "swiftride-app");
    let kek = kit::text(&house.dir().join("keys/kek"));
    house.write("keys/kek", &crypto::base64url(&[7; 32]));
    let told = house.refuses_to_reload().await;
    assert!(told.contains("unsealing"), "{told}");
    let token = partner.bearer(&house, "branches").await;
    serves(&house, &partner, &token).await;
    house.write("keys/kek", &kek);
    assert_eq!(house.reload().await, 2);
}

/// The kids and algorithms that the issuer publishes.
async fn published(house: &TestHouse) -> Vec<(String, String)> {
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.issuer()).await.expect("a connection");
    let document = client.get("/jwks", &[]).await.ok();
    let keys = document["keys"].as_array().expect("keys").iter();
    let text = |key: &serde_json::Value, name: &str| key[name].as_str().expect("text").to_owned();
    keys.map(|key| (text(key, "kid"), text(key, "alg")))
        .collect()
}

#[tokio::test]
async fn a_file_that_is_good_and_cannot_be_put_in_force_leaves_no_key_and_no_fresh_gate() {
    let gate = "rate: 200/s, burst: 400 requests";
    let narrow = "rate: 1/s, burst: 4 requests";
    let house = HouseBuilder::with_clock(std::sync::Arc::new(model::MovedClock::stopped()))
        .edit(gate, narrow)
        .start()
        .await;
    let dial = house.dial(None, Version::Http1);
    let mut client = dial.connect(house.api()).await.expect("a connection");
    let before = published(&house).await;
    for _ in 0..3 {
        client.get("/fx/v1/rates", &[]).await.ok();
    }
    let of_keys = |house: &TestHouse| {
        let records = house.records();
        let of_keys = records.iter().filter(|one| one["type"] == "key.rotate");
        of_keys.cloned().collect::<Vec<_>>()
    };
    let told_of_keys = of_keys(&house);
    assert_eq!(
        told_of_keys.len(),
        3,
        "the first of tokens, of assertions, of subjects"
    );

    // Another algorithm, another gate, and a listener at an address that somebody has.
    let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = holder.local_addr().expect("an address").to_string();
    let good = kit::text(&house.dir().join("gateway.yaml"));
    let life = "access_token_lifetime: 300s";
    house.edit(
        "gateway.yaml",
        life,
        &format!("{life}\n      algorithm: ES256"),
    );
    house.edit("gateway.yaml", narrow, "rate: 1/s, burst: 9 requests");
    let listener = format!(
        "listeners:\n  probes: {{ address: \"{taken}\", serves: [health], limits: standard }}"
    );
    house.edit("gateway.yaml", "listeners:", &listener);
    for _ in 0..2 {
        let told = house.refuses_to_reload().await;
        assert!(told.contains(&taken), "{told}");
    }
    drop(holder);
    assert_eq!(of_keys(&house), told_of_keys);
    house.write("gateway.yaml", &good);
    house.reload().await;
    client
        .get("/fx/v1/rates", &[])
        .await
        .refused(429, "too_many_requests");
    house.clock.advance(std::time::Duration::from_mins(1));
    assert_eq!(published(&house).await, before);
}

#[tokio::test]
async fn a_listener_does_not_move_between_one_address_and_all_and_is_told_which_has_its_port() {
    let house = HouseBuilder::new().start().await;
    let dial = house.dial(None, Version::Http1);
    dial.connect(house.api()).await.expect("a connection");
    let one = format!("127.0.0.1:{}", house.api().port());
    let all = format!("0.0.0.0:{}", house.api().port());
    house.edit(
        "gateway.yaml",
        &format!("address: \"{one}\""),
        &format!("address: \"{all}\""),
    );
    let told = house.refuses_to_reload().await;
    let holder = format!("the listener `api` has this port at {one}");
    assert!(told.contains(&holder), "{told}");
}
