//! Other origins: no page of another site is told anything by a browser on its behalf (T-04).

use std::collections::BTreeSet;

use kit::{FORM, HouseBuilder, Method, TestHouse, Version};

use crate::grants::{endpoints, with_provider};

/// What there is of the issuer, by its name in the source, and of the road, with a method it takes.
const PLACES: [(&str, &str, &str); 21] = [
    ("Metadata", "GET", "/.well-known/oauth-authorization-server"),
    ("OpenIdMetadata", "GET", "/.well-known/openid-configuration"),
    ("Jwks", "GET", "/jwks"),
    ("UpstreamJwks", "GET", "/jwks/upstream"),
    ("Token", "POST", "/token"),
    ("Par", "POST", "/par"),
    ("Revoke", "POST", "/revoke"),
    ("Userinfo", "GET", "/userinfo"),
    ("Userinfo", "POST", "/userinfo"),
    ("Introspect", "POST", "/introspect"),
    ("Authorize", "GET", "/authorize"),
    ("Authorize", "POST", "/authorize"),
    ("LogIn", "POST", "/log-in"),
    ("LoggedIn", "GET", "/logged-in"),
    ("Approve", "POST", "/approve"),
    ("Done", "GET", "/done"),
    ("Permissions", "GET", "/permissions"),
    ("Permissions", "POST", "/permissions/log-in"),
    (ROAD, "GET", "/.well-known/oauth-protected-resource/fx/v1"),
    (ROAD, "GET", "/fx/v1/rates"),
    (ROAD, "GET", "/branches/v1/branches"),
];

const ROAD: &str = "the road";

#[tokio::test]
async fn no_endpoint_answers_another_origin_nor_its_preflight() {
    let house = TestHouse::start().await;
    // Where customers come back to, of a bank whose own provider they log in at.
    let (other, _provider) = with_provider().await;
    // Where they look at what they gave.
    let consenting = HouseBuilder::consenting().start().await;
    let mut known = BTreeSet::new();
    for (house, listener) in [
        (&house, house.issuer()),
        (&house, house.api()),
        (&other, other.issuer()),
        (&consenting, consenting.issuer()),
    ] {
        for (name, method, target) in PLACES {
            let dial = house.dial(None, Version::Http2);
            let mut client = dial.connect(listener).await.expect("a connection");
            let origin = ("origin", "https://elsewhere.example");
            let asked = [
                origin,
                ("access-control-request-method", method),
                ("access-control-request-headers", "authorization, dpop"),
            ];
            let preflight = client.call(Method::OPTIONS, target, &asked, "").await;
            let preflight = preflight.expect("an answer");
            assert!(!preflight.status.is_success(), "{target}: {preflight:?}");
            let verb = Method::from_bytes(method.as_bytes()).expect("a method");
            let asked = client.call(verb, target, &[origin, FORM], "").await;
            let asked = asked.expect("an answer");
            if ![404, 405].contains(&asked.status.as_u16()) {
                known.insert((name, method, target));
            }
            for answer in [preflight, asked] {
                let mut names = answer.headers.keys();
                let says = names.any(|name| name.as_str().starts_with("access-control-"));
                assert!(!says, "{target}: {answer:?}");
            }
        }
    }
    assert_eq!(known, BTreeSet::from(PLACES), "each is somewhere");
    let mut named: BTreeSet<_> = PLACES.map(|(name, ..)| name.to_owned()).into();
    named.remove(ROAD);
    assert_eq!(named, endpoints(), "and no endpoint is forgotten");
}
