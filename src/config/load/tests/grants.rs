//! What a configuration says of customers' grants.

use std::time::Duration;

use super::ours;
use crate::explain;
use crate::fixture::{EXAMPLE, Fixture, MINIMAL, now};
use crate::house::{AuthorizationPlan, IssuerEndpoint, LogInPlan, Mode};

/// The shortest configuration in which customers grant, with this beside `log_in`.
const LIFETIME: &str = "      grant_lifetime: 90d\n";

fn with_log_in(beside: &str) -> String {
    let issuer = "      access_token_lifetime: 300s\n";
    let with = format!(
        "{issuer}      log_in: {{ upstream: ledger, path: /customers/v1/log-in }}\n{beside}"
    );
    MINIMAL
        .replace(issuer, &with)
        .replace("[discovery, token]", "[discovery, token, authorize]")
}

#[test]
fn with_a_log_in_the_pages_are_at_the_issuers_listener_and_the_rest_also_beside_tokens() {
    let text = with_log_in(LIFETIME).replace(
        "url: https://auth.harbour.example\n      a",
        "url: https://auth.harbour.example/harbour\n      a",
    );
    let house = Fixture::new().load(text).map_err(|m| m.to_string());
    let house = house.expect("it loads");
    let endpoints = house.banks[0].issuer.endpoints.iter();
    let endpoints: Vec<_> = endpoints
        .map(|e| (e.listener.as_str(), e.path.as_str(), e.endpoint))
        .collect();
    let metadata = "/.well-known/oauth-authorization-server/harbour";
    assert_eq!(
        endpoints,
        [
            ("issuer", metadata, IssuerEndpoint::Metadata),
            ("issuer", "/harbour/jwks", IssuerEndpoint::Jwks),
            (
                "issuer",
                "/harbour/jwks/upstream",
                IssuerEndpoint::UpstreamJwks
            ),
            ("issuer", "/harbour/token", IssuerEndpoint::Token),
            ("issuer", "/harbour/introspect", IssuerEndpoint::Introspect),
            ("issuer", "/harbour/revoke", IssuerEndpoint::Revoke),
            ("issuer", "/harbour/par", IssuerEndpoint::Par),
            ("issuer", "/harbour/userinfo", IssuerEndpoint::Userinfo),
            ("api", "/harbour/token", IssuerEndpoint::Token),
            ("api", "/harbour/introspect", IssuerEndpoint::Introspect),
            ("api", "/harbour/revoke", IssuerEndpoint::Revoke),
            ("api", "/harbour/par", IssuerEndpoint::Par),
            ("api", "/harbour/userinfo", IssuerEndpoint::Userinfo),
            (
                "issuer",
                "/harbour/.well-known/openid-configuration",
                IssuerEndpoint::OpenIdMetadata
            ),
            ("issuer", "/harbour/authorize", IssuerEndpoint::Authorize),
            ("issuer", "/harbour/approve", IssuerEndpoint::Approve),
            ("issuer", "/harbour/done", IssuerEndpoint::Done),
            (
                "issuer",
                "/harbour/permissions",
                IssuerEndpoint::Permissions
            ),
            ("issuer", "/harbour/log-in", IssuerEndpoint::LogIn),
        ]
    );
}

#[test]
fn with_a_provider_customers_come_back_from_it_and_no_page_of_ours_asks_for_a_password() {
    let house = Fixture::new().load(EXAMPLE).map_err(|m| m.to_string());
    let house = house.expect("the example loads");
    let lantern = house
        .banks
        .iter()
        .find(|bank| bank.id.as_str() == "lantern");
    let lantern = lantern.expect("a bank with a provider");
    let endpoints = lantern.issuer.endpoints.iter();
    let pages: Vec<_> = endpoints
        .filter(|place| place.path.contains("log"))
        .map(|place| (place.path.as_str(), place.endpoint))
        .collect();
    assert_eq!(pages, [("/lantern/logged-in", IssuerEndpoint::LoggedIn)]);
    let Some(AuthorizationPlan {
        log_in: LogInPlan::Provider(plan),
        ..
    }) = &ours(lantern).authorization
    else {
        panic!("no provider");
    };
    assert_eq!(plan.issuer, "https://login.lantern.example");
    assert_eq!(plan.client_id.as_str(), "mortise");
    assert_eq!(plan.shown.as_str(), "preferred_username");
    assert_eq!(plan.key.algorithm().as_str(), "ES256");
}

#[test]
fn a_grant_lives_as_long_as_the_file_says() {
    let fixture = Fixture::new();
    for (beside, days) in [
        ("      grant_lifetime: 90d\n", 90),
        ("      grant_lifetime: 7d\n", 7),
        ("      grant_lifetime: 366d\n", 366),
    ] {
        let house = fixture.load(with_log_in(beside)).expect("it loads");
        let bank = &house.banks[0];
        let upstream = bank.upstreams[0].id.clone();
        let plan = AuthorizationPlan {
            log_in: LogInPlan::Service {
                upstream,
                path: "/customers/v1/log-in".to_owned(),
            },
            acr_values: Vec::new(),
            grant_lifetime: Duration::from_hours(24 * days),
        };
        assert_eq!(ours(bank).authorization, Some(plan), "{beside}");
    }
}

#[test]
fn the_strengths_of_log_ins_are_those_that_are_written() {
    let fixture = Fixture::new();
    for (written, strengths) in [
        ("", &[][..]),
        (", acr_values: [urn:a, b, urn:a]", &["urn:a", "b"]),
    ] {
        let path = "/customers/v1/log-in";
        let text = with_log_in(LIFETIME).replace(path, &format!("{path}{written}"));
        let house = fixture.load(text).expect("it loads");
        let asking = ours(&house.banks[0]).authorization.as_ref();
        assert_eq!(asking.expect("a log-in").acr_values, strengths);
    }
}

#[test]
fn a_path_is_taken_to_the_byte_within_its_limit() {
    let fixture = Fixture::new();
    let load = |path: &str| {
        let house = fixture.load(with_log_in(LIFETIME).replace("/customers/v1/log-in", path));
        let house = house.ok()?;
        let plan = ours(&house.banks[0]).authorization.clone()?;
        match plan.log_in {
            LogInPlan::Service { path, .. } => Some(path),
            LogInPlan::Provider(_) => None,
        }
    };
    let long = format!("/{}", "a".repeat(255));
    for path in ["/", "/log-in/", "/a%20b/c;d=e:f@g", &long] {
        assert_eq!(load(path).as_deref(), Some(path));
    }
    let longer = format!("{long}a");
    for path in [
        "//",
        "/a//b",
        "/./a",
        "/a/..",
        "/%2e%2e/a",
        "/a#b",
        "/é",
        "/a|b",
        "/a<b",
        "/\"",
        &longer,
    ] {
        assert_eq!(load(path), None, "{path}");
    }
}

#[test]
fn a_client_has_its_redirect_uris_and_its_partners_names_and_contact() {
    let house = Fixture::new().load(EXAMPLE).expect("the example loads");
    for bank in &house.banks {
        let client = bank
            .issuer
            .clients
            .iter()
            .find(|(id, _)| id.as_str() == "swiftride-app");
        let (_, client) = client.expect("a client of both banks");
        let uri = "https://app.swiftride.example/callback";
        assert_eq!(client.redirect_uris, [uri]);
        assert_eq!(client.app.zh_cn.as_deref(), Some("迅行出行"));
        assert_eq!(client.contact, "privacy@swiftride.example");
    }
}

#[test]
fn several_redirect_uris_are_kept_in_their_order_at_an_issuer_without_pages_too() {
    let keys = "        jwks: file:partners/swiftride.jwks.json\n";
    let with = format!(
        "{keys}        response_modes: [query]\n        \
         redirect_uris: [\"http://[::1]:8000/cb\", https://app.example/b?x=1]\n"
    );
    let house = Fixture::new().load(MINIMAL.replace(keys, &with));
    let house = house.map_err(|m| m.to_string()).expect("it loads");
    let mut clients = house.banks[0].issuer.clients.values();
    let client = clients.next().expect("a client");
    let uris = ["http://[::1]:8000/cb", "https://app.example/b?x=1"];
    assert_eq!(client.redirect_uris, uris);
}

#[test]
fn a_client_asks_for_responses_in_the_modes_that_are_written() {
    use authserver::ResponseMode::{Jwt, Query};
    let fixture = Fixture::new();
    let keys = "        jwks: file:partners/swiftride.jwks.json\n";
    let asks = "        redirect_uris: [https://app.example/]\n        response_modes: ";
    for (written, modes) in [
        (String::new(), &[][..]),
        (format!("{asks}[query]\n"), &[Query]),
        (format!("{asks}[jwt]\n"), &[Jwt]),
        (format!("{asks}[jwt, query, jwt]\n"), &[Jwt, Query]),
    ] {
        let house = fixture.load(MINIMAL.replace(keys, &format!("{keys}{written}")));
        let house = house.map_err(|m| m.to_string()).expect("it loads");
        let mut clients = house.banks[0].issuer.clients.values();
        assert_eq!(clients.next().expect("a client").response_modes, modes);
    }
}

#[test]
fn a_client_that_its_certificate_proves_may_sign_requests_with_keys() {
    let proves = "auth: tls_client_auth\n        certificate: { san_dns: api.swiftride.example }";
    let text = MINIMAL.replace("auth: private_key_jwt", proves);
    let house = Fixture::new().load(text).map_err(|m| m.to_string());
    let house = house.expect("it loads");
    let mut clients = house.banks[0].issuer.clients.values();
    let client = clients.next().expect("a client");
    assert_eq!(client.jwks.keys().len(), 1);
}

#[test]
fn the_profile_of_an_issuer_is_the_written_one() {
    let fixture = Fixture::new();
    let of = |text: String| ours(&fixture.load(text).expect("it loads").banks[0]).profile;
    for profile in authserver::Profile::ALL {
        let written = format!("profile: {}\n", profile.name);
        for text in [MINIMAL, &with_log_in(LIFETIME)] {
            assert_eq!(of(text.replace("profile: fapi2\n", &written)), profile);
        }
    }
}

#[test]
fn what_holds_of_grants_when_nothing_is_written_is_told() {
    let fixture = Fixture::new();
    let told = |text: &str| -> Vec<_> {
        fixture.write("gateway.yaml", text);
        let path = fixture.path("gateway.yaml");
        let (_, told) = explain(&path, Mode::Serve, &|_| None, now()).expect("it loads");
        told.into_iter()
            .map(|one| (one.key, one.value.or(one.then)))
            .filter(|(key, _)| {
                let words = ["log_in", "grant_lifetime", "redirect_uris"];
                words.iter().any(|word| key.ends_with(word))
            })
            .collect()
    };
    let issuer = "banks.harbour.issuer";
    let uris = "partners.swiftride.clients.swiftride-app.redirect_uris";
    let uris = (
        uris.to_owned(),
        Some("it cannot ask for a customer's grant"),
    );
    let lifetime = (
        format!("{issuer}.grant_lifetime"),
        Some("customers cannot grant; with `log_in` it must be written"),
    );
    let log_in = (
        format!("{issuer}.log_in"),
        Some("no authorization endpoint: customers cannot grant, clients act for themselves alone"),
    );
    assert_eq!(told(MINIMAL), [log_in, lifetime, uris.clone()]);
    assert_eq!(told(&with_log_in(LIFETIME)), [uris]);
}
