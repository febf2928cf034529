//! Whole files: what loads, what it means, and every kind of mistake as it is printed.

use std::collections::BTreeSet;
use std::time::Duration;

use edge::ClientCertificates;
use identity::Certificates;
use proptest::prelude::*;

use crate::fixture::{APIS, FX, Fixture, MINIMAL, now, sandbox};
use crate::house::{
    BankPlan, IssuerEndpoint, ListenerPlan, Mode, OurTokensPlan, Service, TokensPlan,
};
use crate::load;

mod consent;
mod deletion;
mod golden;
mod grants;
mod include;
mod links;
mod pages;
mod schema;
mod table;

fn ours(bank: &BankPlan) -> &OurTokensPlan {
    match &bank.issuer.tokens {
        TokensPlan::Ours(ours) => ours,
        TokensPlan::Elsewhere(_) => panic!("the bank {} issues its tokens itself", bank.id),
    }
}

#[test]
fn a_file_becomes_settings_of_every_room() {
    let fixture = Fixture::new();
    let house = fixture.load(MINIMAL).expect("the minimum loads");
    let api = &house.listeners[0];
    assert_eq!(api.address, "127.0.0.1:8443".parse().expect("an address"));
    assert_eq!(api.origin().as_deref(), Some("https://api.harbour.example"));
    assert_eq!(api.serves, BTreeSet::from([Service::Api, Service::Token]));
    let tls = api.edge.tls.as_ref().expect("TLS");
    assert_eq!(tls.client_certificates, ClientCertificates::Optional);

    let bank = &house.banks[0];
    let issuer = &bank.issuer;
    assert_eq!(issuer.url, "https://auth.harbour.example");
    assert_eq!(
        ours(&house.banks[0]).token_endpoint,
        "https://auth.harbour.example/token"
    );
    assert_eq!(
        ours(&house.banks[0]).jwks_uri,
        "https://auth.harbour.example/jwks"
    );
    assert_eq!(
        ours(&house.banks[0]).mtls_base.as_deref(),
        Some("https://api.harbour.example")
    );
    assert_eq!(ours(&house.banks[0]).authorization, None);
    assert_eq!(issuer.audience, ["https://api.harbour.example"]);
    let endpoints: Vec<_> = issuer
        .endpoints
        .iter()
        .map(|e| (e.listener.as_str(), e.path.as_str(), e.endpoint))
        .collect();
    let metadata = "/.well-known/oauth-authorization-server";
    assert_eq!(
        endpoints,
        [
            ("issuer", metadata, IssuerEndpoint::Metadata),
            ("issuer", "/jwks", IssuerEndpoint::Jwks),
            ("issuer", "/jwks/upstream", IssuerEndpoint::UpstreamJwks),
            ("issuer", "/token", IssuerEndpoint::Token),
            ("issuer", "/introspect", IssuerEndpoint::Introspect),
            ("issuer", "/revoke", IssuerEndpoint::Revoke),
            ("api", "/token", IssuerEndpoint::Token),
            ("api", "/introspect", IssuerEndpoint::Introspect),
            ("api", "/revoke", IssuerEndpoint::Revoke),
        ]
    );
    let client = issuer.clients.values().next().expect("a client");
    let [agreement] = &*client.agreements else {
        panic!("one agreement");
    };
    assert_eq!(agreement.scopes.to_string(), "rates");
    let resources: Vec<_> = agreement.resources.iter().collect();
    assert_eq!(resources, ["https://api.harbour.example"]);
    assert!(client.redirect_uris.is_empty());
    assert_eq!(bank.products[0].description.base_path, "/fx");

    let agreement = &house.agreements[0];
    assert_eq!(agreement.from.to_string(), "2026-01-01T00:00:00Z");
    assert_eq!(agreement.until.to_string(), "2028-01-01T00:00:00Z");
    assert_eq!(house.store, fixture.path("data/mortise.sqlite"));
    assert_eq!(house.audit.dir, fixture.path("data/audit"));
    let partner = &house.partners[0].partner;
    assert_eq!(partner.name.zh_cn.as_deref(), Some("迅行出行"));
    let verdict = Certificates::new(1).verdict(&bank.trust, &fixture.shown("good"), now());
    assert_eq!(verdict.expect("a good chain").partner.id, partner.id);
}

#[test]
fn an_issuer_with_a_path_has_its_metadata_between_host_and_path() {
    let fixture = Fixture::new();
    let text = MINIMAL.replace(
        "    issuer:\n      url: https://auth.harbour.example",
        "    issuer:\n      url: https://auth.harbour.example/harbour",
    );
    let house = fixture.load(text).expect("it loads");
    let issuer = &house.banks[0].issuer;
    let paths: Vec<_> = issuer.endpoints.iter().map(|e| e.path.as_str()).collect();
    let metadata = "/.well-known/oauth-authorization-server/harbour";
    assert_eq!(
        paths,
        [
            metadata,
            "/harbour/jwks",
            "/harbour/jwks/upstream",
            "/harbour/token",
            "/harbour/introspect",
            "/harbour/revoke",
            "/harbour/token",
            "/harbour/introspect",
            "/harbour/revoke"
        ]
    );
    assert_eq!(
        ours(&house.banks[0]).mtls_base.as_deref(),
        Some("https://api.harbour.example/harbour")
    );
}

#[test]
fn one_listener_may_serve_all_and_then_needs_no_alias() {
    let fixture = Fixture::new();
    let (before, after) = MINIMAL
        .split_once("  issuer:\n    address")
        .expect("a listener");
    let (_, after) = after.split_once("tls:\n").expect("tls");
    let text = format!("{before}tls:\n{after}")
        .replace("serves: [api, token]", "serves: [api, token, discovery]")
        .replace("https://auth.", "https://api.")
        .replace(", auth.harbour.example", "");
    let house = fixture
        .load(text)
        .map_err(|m| m.to_string())
        .expect("it loads");
    assert_eq!(ours(&house.banks[0]).mtls_base, None);
    assert_eq!(house.banks[0].issuer.endpoints.len(), 6);
}

#[test]
fn a_listener_has_a_certificate_of_each_kind_of_key_and_an_exact_name_before_a_pattern() {
    let fixture = Fixture::new();
    let with = |entries: &str| {
        let text = MINIMAL.replace("plans:\n", &format!("{entries}plans:\n"));
        let house = fixture.load(text).map_err(|m| m.to_string());
        house.map(|house| {
            let tls = |listener: &ListenerPlan| {
                listener
                    .edge
                    .tls
                    .as_ref()
                    .map(|tls| (tls.name.clone().unwrap_or_default(), tls.identities.len()))
            };
            house.listeners.iter().filter_map(tls).collect::<Vec<_>>()
        })
    };
    let rsa = "  - names: [api.harbour.example]\n    certificate: file:tls/gateway-rsa.pem\n    \
               key: file:tls/gateway-rsa.key\n";
    let (api, auth) = (
        "api.harbour.example".to_owned(),
        "auth.harbour.example".to_owned(),
    );
    assert_eq!(with(rsa), Ok(vec![(api, 2), (auth, 1)]));
    let pattern = rsa.replace("[api.harbour.example]", "[\"*.harbour.example\"]");
    let refused = with(&pattern).expect_err("the certificate is not for it");
    assert!(refused.contains("is not for the name"), "{refused}");
}

#[test]
fn what_a_client_may_ask_for_has_the_days_of_its_agreement_whatever_day_it_is() {
    let fixture = Fixture::new();
    let house = fixture
        .load(MINIMAL.replace("2027-12-31", "2026-11-21"))
        .expect("it loads, though it has ended");
    let issuer = &house.banks[0].issuer;
    let client = issuer.clients.values().next().expect("a client");
    let days = |agreement: &authserver::Agreement| {
        let scopes = agreement.scopes.to_string();
        format!("{scopes} {} {}", agreement.from, agreement.until)
    };
    let agreements: Vec<_> = client.agreements.iter().map(days).collect();
    assert_eq!(
        agreements,
        ["rates 2026-01-01T00:00:00Z 2026-11-22T00:00:00Z"]
    );
}

#[test]
fn the_sandboxs_configuration_loads() {
    let fixture = Fixture::of_sandbox();
    let house = fixture
        .load_as(sandbox(), Mode::Sandbox)
        .map_err(|mistakes| mistakes.to_string());
    let house = house.expect("it loads");
    assert_eq!(house.banks[0].products.len(), 6);
    assert_eq!(house.agreements.len(), 2);
}

#[test]
fn the_key_encryption_key_may_come_from_the_environment() {
    let fixture = Fixture::new();
    let text = MINIMAL.replace("kek: file:keys/kek", "kek: env:MORTISE_KEK");
    assert!(fixture.load(text).is_ok());
}

#[test]
fn certificates_of_the_sandbox_are_good_for_the_sandbox_alone() {
    let fixture = Fixture::new();
    let (before, rest) = MINIMAL
        .split_once("authorities: [file:trust/partners-ca.pem]")
        .expect("the authorities");
    let (_, after) = rest.split_once("    upstreams:").expect("the upstreams");
    let text = format!(
        "{before}authorities: [file:trust/sandbox-ca.pem]\n      revocation: none\n    upstreams:{after}"
    );
    let served = fixture
        .load_as(&text, Mode::Serve)
        .expect_err("serve refuses it");
    assert!(
        served.to_string().contains("a certificate of the sandbox"),
        "{served}"
    );
    fixture
        .load_as(&text, Mode::Sandbox)
        .expect("the sandbox takes it");
}

#[test]
fn the_digest_changes_with_every_file_that_is_read() {
    let fixture = Fixture::new();
    let digest = |text: &str| fixture.load(text).expect("it loads").digest;
    let first = digest(MINIMAL);
    assert_eq!(first.len(), 64);
    assert_eq!(first, digest(MINIMAL));
    assert_ne!(first, digest(&MINIMAL.replace("50/s", "51/s")));
    fixture.write("apis/fx.yaml", FX.replace("title: FX", "title: Rates"));
    assert_ne!(first, digest(MINIMAL));
}

#[test]
fn a_mistake_is_data() {
    let fixture = Fixture::new();
    let mistakes = fixture
        .load(MINIMAL.replace("rate: 50/s", "rat: 50/s"))
        .expect_err("unknown");
    let mut data = serde_json::to_value(mistakes.iter().collect::<Vec<_>>()).expect("JSON");
    for mistake in data.as_array_mut().expect("a list") {
        mistake["file"] = "gateway.yaml".into();
    }
    assert_eq!(
        data,
        serde_json::json!([
            { "file": "gateway.yaml", "line": 21, "column": 5, "end": { "line": 21, "column": 8 },
              "code": "unknown_key", "what": "a plan has no key `rat`",
              "help": "did you mean `rate`?" },
        ])
    );
}

#[test]
fn a_class_that_is_not_built_is_the_one_mistake_of_its_operation() {
    // The answers of these APIs lie among the components and bear no marks of clusters.
    for (file, other) in APIS {
        let classes = ["class: customer", "class: partner", "class: open"];
        let counted = classes.map(|class| (class, other.matches(class).count()));
        let (built, count) = counted
            .into_iter()
            .find(|(_, count)| *count > 0)
            .expect("a class");
        let fixture = Fixture::of_sandbox();
        fixture.write(file, other.replace(built, "class: payment"));
        let refused = fixture.load_as(sandbox(), Mode::Sandbox);
        let mistakes = refused.expect_err("the class is not built");
        assert_eq!(mistakes.count(), count, "{mistakes}");
        let what = "the class `payment` is not available in this version";
        assert!(mistakes.iter().all(|m| m.what == what), "{mistakes}");
    }
}

#[test]
fn a_class_that_is_not_built_is_refused_behind_a_reference_and_beside_other_mistakes() {
    let item = "  /rates:\n    get:\n      operationId: listRates\n      x-mortise-class: open\n      \
                x-mortise-effect: none\n      responses: { '200': { description: Rates } }\n";
    assert!(FX.contains(item));
    let moved = format!(
        "{}components:\n  pathItems:\n{}",
        FX.replace(
            item,
            "  /rates: { $ref: '#/components/pathItems/~1rates' }\n"
        ),
        item.replace("\n  ", "\n    ")
            .replace("  /rates", "    /rates")
            .trim_end()
    );
    let fixture = Fixture::new();
    fixture.write("apis/fx.yaml", &moved);
    fixture
        .load(MINIMAL)
        .map_err(|m| m.to_string())
        .expect("it loads");
    fixture.write(
        "apis/fx.yaml",
        moved.replace("class: open", "class: payment"),
    );
    let told = fixture.printed(MINIMAL);
    assert!(told.contains("class `payment` is not available"), "{told}");
    assert!(told.ends_with("\n1 mistake\n"), "{told}");
    let unused = moved
        .replace("class: open", "class: payment")
        .replace("  /rates: { $ref: '#/components/pathItems/~1rates' }\n", "");
    fixture.write("apis/fx.yaml", unused);
    assert!(fixture.load(MINIMAL).is_ok(), "no path leads to it");

    let two = FX
        .replace("class: open", "class: payment")
        .replace("      x-mortise-scope: rates\n", "");
    fixture.write("apis/fx.yaml", two);
    let told = fixture.printed(MINIMAL);
    assert!(told.contains("class `payment` is not available"), "{told}");
    assert!(told.contains("no `x-mortise-scope`"), "{told}");
    assert!(told.ends_with("\n2 mistakes\n"), "{told}");
}

#[test]
fn a_file_that_cannot_be_read_is_told_without_a_line_and_with_what_to_do() {
    let fixture = Fixture::new();
    fixture.write("gateway.yaml", MINIMAL);
    let shown = |name: &str| {
        let read = load(&fixture.path(name), Mode::Serve, &|_| None, now());
        let mistakes = read.expect_err("it cannot be read");
        assert!(mistakes.is_unreadable(), "{name}");
        let folder = fixture.path("");
        let folder = folder.display().to_string();
        let folder = folder.trim_end_matches('/');
        mistakes
            .to_string()
            .replace(&format!("{folder}/"), "")
            .replace(folder, "FOLDER")
    };
    assert_eq!(
        shown("nope.yaml"),
        "\
error: cannot read `nope.yaml`: there is no such file
--> nope.yaml
 = help: name the configuration, a YAML file such as `gateway.yaml`

1 mistake
"
    );
    assert!(shown("gatway.yaml").contains("= help: did you mean `gateway.yaml`?"));
    assert_eq!(
        shown("tls"),
        "\
error: cannot read `tls`: it is not a file but a folder
--> tls
 = help: name the configuration, a YAML file such as `gateway.yaml`

1 mistake
"
    );
    assert!(shown("").contains("= help: did you mean `gateway.yaml`?"));
    assert!(shown("gateway.yaml/x").contains("= help: see that the path"));
}

#[test]
fn a_file_that_was_read_and_is_none_is_a_mistake_in_it() {
    let fixture = Fixture::new();
    let long = fixture
        .load("#".repeat((1 << 20) + 1))
        .expect_err("too long");
    assert!(
        long.to_string().contains("it is longer than 1048576 bytes"),
        "{long}"
    );
    let latin = fixture
        .load(b"edition: 2026-11\nplans: {caf\xe9: 1}\n")
        .expect_err("Latin-1");
    assert!(latin.to_string().contains(":2:12\n"), "{latin}");
    let empty = fixture.load("").expect_err("empty");
    assert!(!empty.to_string().contains("1 |"), "{empty}");
    let missing = fixture
        .load(MINIMAL.replace("file:keys/kek", "file:keys/kekk"))
        .expect_err("a key that is not there");
    for mistakes in [long, latin, empty, missing] {
        assert!(!mistakes.is_unreadable(), "{mistakes}");
    }
}

#[test]
fn a_file_full_of_mistakes_is_read_to_its_end() {
    let fixture = Fixture::new();
    let keys: Vec<String> = (0..100_000).map(|n| format!("k{n}: 1")).collect();
    let text = format!("{{{}}}", keys.join(","));
    let mistakes = fixture.load(text).expect_err("all unknown");
    assert!(mistakes.count() > 100_000);
    assert_eq!(mistakes.iter().count(), 200);
    let printed = mistakes.render(false, 100);
    assert!(
        printed.contains("mistakes, the first 200 shown"),
        "{}",
        printed.len()
    );
}

#[test]
fn a_bank_knows_the_partners_that_have_an_agreement_with_it() {
    let fixture = Fixture::new();
    let stranger = "  cartwheel:
    name: { legal: Cartwheel }
    privacy_contact: https://cartwheel.example/privacy
    standing: active
    certificate: { organization_id: PSDCN-SWIFTRIDE-001 }
    clients:
      cartwheel-app:
        { auth: private_key_jwt, bound_by: mtls, jwks: file:partners/cartwheel.jwks.json }
agreements:";
    let house = fixture
        .load(MINIMAL.replace("agreements:", stranger))
        .expect("it loads");
    assert_eq!(house.partners.len(), 2);
    assert_eq!(house.banks[0].issuer.clients.len(), 1);
    // The stranger has the other's identity, which no bank that knew both would take.
    let trust = &house.banks[0].trust;
    let verdict = Certificates::new(1).verdict(trust, &fixture.shown("good"), now());
    assert_eq!(
        verdict.expect("a good chain").partner.id.as_str(),
        "swiftride"
    );
    assert_eq!(house.drain, Duration::from_secs(30));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let fixture = Fixture::new();
        if let Err(mistakes) = fixture.load(&bytes) {
            prop_assert!(!mistakes.render(true, 80).is_empty());
        }
        fixture.write("apis/fx.yaml", &bytes);
        fixture.write("partners/swiftride.jwks.json", &bytes);
        fixture.write("trust/partners.crl", &bytes);
        fixture.write("tls/gateway.pem", &bytes);
        prop_assert!(fixture.load(MINIMAL).is_err());
    }

    #[test]
    fn no_change_of_a_few_bytes_panics(
        changes in prop::collection::vec((0..MINIMAL.len(), any::<u8>()), 1..4),
        cut in 0..MINIMAL.len(),
    ) {
        let fixture = Fixture::new();
        let mut bytes = MINIMAL.as_bytes().to_vec();
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        if let Err(mistakes) = fixture.load(&bytes) {
            prop_assert!(mistakes.count() > 0);
            prop_assert!(!mistakes.render(false, 40).is_empty());
        }
        let _ = fixture.load(&MINIMAL.as_bytes()[..cut]);
    }
}
